package reports

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// longID is as long as those that pipelines and gates give.
const longID = "gate/gd_01M2FT0S50R57C22KM9BDMQ0SJ"

func someRecords(t *testing.T) Records {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 9, 14, 11, 21, 44, 0, time.UTC)
	return RecordsAmong(ClockOf(berlin), metrics.Facts{Service: "refunds",
		Rollouts:  []metrics.Rollout{{ID: longID, Ref: "main", Revision: "6515b3e0604cd69d8c946ef4522875107b441264", FinishedAt: at}},
		Incidents: []metrics.IncidentLink{{ID: "pager/7", Incident: metrics.Incident{Title: "refunds: slow answers", StartedAt: at.Add(time.Minute)}, Rollout: longID}},
		LeftOut:   []metrics.LeftOut{{Record: "forge/deployment/refunds-9", Reason: "cancelled"}},
	})
}

func TestASentenceNamesRecordsAsPeopleReadThemAndLinksThem(t *testing.T) {
	t.Parallel()
	n := someRecords(t)
	got := n.Sentence("authored 2026-08-31T05:41:54Z, attributed to "+longID+" (stated); incident (pager/7, stated); forge/gone (7)", "refunds", time.Time{})
	want := "authored 2026-08-31 07:41, attributed to 6515b3e060, 2026-09-14 13:21 (stated); incident (refunds: slow answers, 2026-09-14 13:22, stated); forge/gone (7)"
	if got.Text != want {
		t.Errorf("it reads\n%s, not\n%s", got.Text, want)
	}
	whole, links := "", []string{}
	for _, part := range got.Parts {
		whole += part.Text
		if part.Href != "" {
			links = append(links, part.Href)
		}
	}
	if whole != got.Text || strings.Join(links, " ") != RecordPath("refunds", longID)+" "+RecordPath("refunds", "pager/7") {
		t.Errorf("its parts are %q and lead to %v", whole, links)
	}
	if there := n.Sentence("in production with "+longID, "refunds", n.known[longID].at()); there.Text != "in production with 6515b3e060" {
		t.Errorf("in the row of its own time it reads %s", there.Text)
	}
	if other := n.Full(longID, "ledger"); other.Text != "refunds 6515b3e060, 2026-09-14 13:21" {
		t.Errorf("beside another service it is %s", other.Text)
	}
}

func TestASentenceSaysSpansAsThePagesDo(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"inferred: the last live rollout, finished 1h0m0s before it":  "inferred: the last live rollout, finished 1 h before it",
		"inferred: the last live rollout, finished 1m42.5s before it": "inferred: the last live rollout, finished 1.7 min before it",
		"0 of 3m were so": "0 of 3m were so", // no span that a program wrote
	} {
		if got := someRecords(t).Sentence(sentence, "refunds", time.Time{}).Text; got != want {
			t.Errorf("it reads %q, not %q", got, want)
		}
	}
}

func TestTablesOfRecordsShowNoLongIDAndThePageOfTheRecordShowsItInFull(t *testing.T) {
	t.Parallel()
	n := someRecords(t)
	e := metrics.Explanation{Figure: metrics.FigureRestore, Rows: []metrics.Row{{Service: "refunds", Record: "pager/7", Why: "attributed to " + longID + " (stated)"}, {Service: "refunds", Record: longID}},
		LeftOut: []metrics.LeftOut{{Record: "forge/deployment/refunds-9"}, {Record: longID}, {Record: "6515b3e0604cd69d8c946ef4522875107b441264"}}}
	p := ExplainPage(Frame{Clock: n.clock}, e, Asked{Records: n}, nil)
	var records []string
	for _, row := range append(p.Counted.Rows, p.LeftOut.Rows...) {
		records = append(records, row[1].Text+" "+row[1].Href)
		for _, cell := range row {
			if strings.Contains(cell.Text, longID) {
				t.Errorf("a cell says %s", cell.Text)
			}
		}
	}
	want := "refunds: slow answers " + RecordPath("refunds", "pager/7") + "\n6515b3e060 " + RecordPath("refunds", longID) +
		"\nforge/refunds-9 " + RecordPath("refunds", "forge/refunds-9") + "\n6515b3e060 " + RecordPath("refunds", longID) + "\n6515b3e060 "
	if got := strings.Join(records, "\n"); got != want {
		t.Errorf("records are\n%s, not\n%s", got, want)
	}
	r, found := RecordOf(Frame{Clock: n.clock}, *factsOf(n), "pager/7", now)
	if to := r.To(longID); !found || to.Text != "6515b3e060, 2026-09-14 13:21" || to.Href != RecordPath("refunds", longID) {
		t.Errorf("the page of the incident says %+v", to)
	}
	var page strings.Builder
	deployment, _ := RecordOf(Frame{Clock: n.clock}, *factsOf(n), longID, now)
	if err := site(t).Render(&page, deployment); err != nil || !strings.Contains(page.String(), longID+"</code>") {
		t.Errorf("the page of the deployment does not say its id: %v", err)
	}
}

// factsOf are the facts that records were made of.
func factsOf(n Records) *metrics.Facts {
	return &metrics.Facts{Service: "refunds", Rollouts: []metrics.Rollout{*n.known[longID].rollout}, Incidents: []metrics.IncidentLink{*n.known["pager/7"].incident}}
}

func TestDoctorsTallyHasPlurals(t *testing.T) {
	t.Parallel()
	var d Doctor
	d.Diagnosis.Findings = []doctor.Finding{{Severity: doctor.Note}}
	said := ""
	for _, one := range d.Tally() {
		said += Count(one.N) + " " + one.Mark.Word + "; "
	}
	if said != "0 "+severityOf(doctor.Trouble).Word+"; 0 gaps; 1 note; " {
		t.Errorf("it reads %s", said)
	}
}
