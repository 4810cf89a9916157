package doctor_test

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func asked(declared ...doctor.Declared) doctor.Question {
	return doctor.Question{Now: noon, Window: metrics.Window{From: noon.AddDate(0, 0, -90), To: noon}, Recognises: metrics.DefaultRules().Recognises,
		Declared: declared, Configured: true}
}

// read is a source that was read until then.
func read(name string, at time.Time) doctor.Source {
	return doctor.Source{Name: name, Read: true, Heartbeat: at, Watermark: at, StartedAt: at.Add(-time.Minute), FinishedAt: at, NextAt: at.Add(5 * time.Minute),
		Brought: []doctor.Brought{{Type: "deployment", Events: 9}}}
}

func finding(d doctor.Diagnosis, code string) doctor.Finding {
	for _, f := range d.Findings {
		if f.Code == code {
			return f
		}
	}
	return doctor.Finding{}
}

func TestPollingHidesNoRefusedDeliveryAndDeliveriesHideNoStuckPoll(t *testing.T) {
	t.Parallel()
	refused := read("gh", noon.Add(-time.Minute))
	refused.Refused, refused.RefusedAt, refused.DeliveredAt = 5000, noon.Add(-2*time.Minute), noon.Add(-time.Hour)
	gh := doctor.Declared{Name: "gh", Type: "github"}
	if d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{refused}}, asked(gh)); finding(d, "deliveries-refused").Severity != doctor.Trouble {
		t.Errorf("deliveries are refused, and there is only %+v", d.Findings)
	}
	refused.DeliveredAt = noon
	if d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{refused}}, asked(gh)); finding(d, "deliveries-refused").Code != "" {
		t.Error("one has been accepted since")
	}
	stuck := read("gh", noon.Add(-5*time.Hour))
	stuck.FinishedAt, stuck.DeliveredAt = time.Time{}, noon
	if d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{stuck}}, asked(gh)); d.Sources[0].State != doctor.Silent {
		t.Errorf("it is being read for five hours without an answer: %+v", d.Sources[0])
	}
}

func TestASourceThatIsNoLongerDeclaredIsNoTrouble(t *testing.T) {
	t.Parallel()
	old := read("old", noon.AddDate(0, -1, 0))
	old.Error = "read old: the token has expired; make a new one"
	d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{old}}, asked())
	if d.Sources[0].State != doctor.NotRead || finding(d, "source-undeclared").Severity != doctor.Note || finding(d, "source-silent").Code+finding(d, "source-trouble").Code != "" {
		t.Errorf("%+v", d)
	}
}

func TestNothingIsSaidOfServicesWhoseFactsAreStillToBeMade(t *testing.T) {
	t.Parallel()
	services := []doctor.Service{{Service: metrics.Service{Name: "shop", Repositories: []string{"acme/shop"}}, Deriving: true}}
	r := doctor.Records{Deriving: 1, Services: services, Sources: []doctor.Source{read("new", noon)}}
	for _, service := range []string{"", "shop"} {
		q := asked(doctor.Declared{Name: "new", Type: "git"})
		q.Service = service
		if d := doctor.Diagnose(r, q); len(d.Findings) != 1 || d.Findings[0].Code != "deriving" {
			t.Errorf("service %q: %+v", service, d.Findings)
		}
	}
}

func TestASentenceBeginsWithAWholeLetter(t *testing.T) {
	t.Parallel()
	s := read("gl", noon)
	s.Error = "read gl: überall/shop: it is not there; check its name"
	if d := doctor.Diagnose(doctor.Records{Sources: []doctor.Source{s}}, asked(doctor.Declared{Name: "gl", Type: "gitlab"})); d.Sources[0].Says != "Überall/shop: it is not there." {
		t.Errorf("%q", d.Sources[0].Says)
	}
}

func TestASourceOfNoRepositoryIsNoExample(t *testing.T) {
	t.Parallel()
	known := doctor.Evidence{
		Environments: []doctor.Environment{{Name: "production", Kind: metrics.Production, Rollouts: 9}},
		Latest:       map[string][]time.Time{metrics.FigureFrequency: {noon.Add(-time.Hour)}},
		Recent:       doctor.Recent{Rollouts: 9, Baselines: map[string]int{metrics.BaselineNoCommits: 9}, Repositories: map[string]int{"": 9}},
	}
	d := doctor.Diagnose(doctor.Records{Services: []doctor.Service{{Service: metrics.Service{Name: "shop"}, Known: known}}}, asked())
	if f := finding(d, "no-commits"); f.What == "" || f.Example != "" {
		t.Errorf("%+v", f)
	}
}

func TestWhatWasDeliveredIsReadAgainFromWhatIsKept(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		aside, pushed int
		host, replay  bool
	}{"all were read": {3, 0, true, false}, "all were delivered": {3, 3, false, true}, "some of each": {3, 1, true, true}} {
		s := read("ci", noon)
		s.SetAside, s.PushedAside = c.aside, c.pushed
		remedy := finding(doctor.Diagnose(doctor.Records{Sources: []doctor.Source{s}}, asked(doctor.Declared{Name: "ci", Type: "gitlab"})), "source-set-aside").Remedy
		if strings.Contains(remedy, "at the host") != c.host || strings.Contains(remedy, "hooks replay --source ci") != c.replay {
			t.Errorf("%s: %s", sentence, remedy)
		}
	}
}
