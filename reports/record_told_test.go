package reports

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestASentenceOfTheGateStaysAsItIsAndSaysBesideAnIDWhatItNames(t *testing.T) {
	t.Parallel()
	n := someRecords(t)
	deployed, paged := RecordPath("refunds", longID), RecordPath("refunds", "pager/7")
	when, later := `<time datetime="2026-09-14T11:21:44Z">14 Sep 2026 13:21</time>`, `<time datetime="2026-09-14T11:22:44Z">14 Sep 2026 13:22</time>`
	id := string(breakable(longID))
	for sentence, want := range map[string]string{
		"It repairs " + longID + ", open since 2026-09-14 11:22 UTC.": "It repairs <a href=\"" + deployed + "\">" + id + "</a> (6515b3e060, " + when + "), open since " + strings.ReplaceAll(later, ":44Z", ":00Z") + ".",
		longID + " (6515b3e0604c: run failed) failed.":                "<a href=\"" + deployed + "\">" + id + "</a> (6515b3e0604c: run failed) failed.",
		"pager/7 resolved, or a fix (--fixes pager/7)":                "<a href=\"" + paged + "\">pager/7</a> (refunds: slow answers, " + later + ") resolved, or a fix (--fixes <a href=\"" + paged + "\">pager/7</a>)",
		"Decision gd_01M2FT0S50R57C22KM9BDMQ0SJ, and gd_… of none":    "Decision <a href=\"/gate/decisions/gd_01M2FT0S50R57C22KM9BDMQ0SJ\">" + string(breakable("gd_01M2FT0S50R57C22KM9BDMQ0SJ")) + "</a>, and gd_… of none",
		"A title <b>pager/8</b> & more":                               "A title &lt;b&gt;pager/8&lt;/b&gt; &amp; more",
		"":                                                            "",
	} {
		if got := string(n.Told(sentence, "refunds")); got != want {
			t.Errorf("%q reads\n%s, not\n%s", sentence, got, want)
		}
	}
	if got := string(n.Told("see "+longID, "ledger")); !strings.Contains(got, "(refunds 6515b3e060, ") {
		t.Errorf("beside another service it reads %s", got)
	}
}

func TestEvidenceIsNamedByVersionOrCommitAndTime(t *testing.T) {
	t.Parallel()
	n := someRecords(t)
	flight := &gate.Flight{Promotion: gate.Promotion{Decision: "gd_1", Version: "2.1", At: time.Date(2026, 9, 14, 11, 0, 0, 0, time.UTC)}}
	for id, want := range map[string]Cell{
		longID:     {Text: "6515b3e060, 2026-09-14 13:21", Href: RecordPath("refunds", longID)},
		"pager/7":  {Text: "refunds: slow answers, 2026-09-14 13:22", Href: RecordPath("refunds", "pager/7")},
		"gd_1":     {Text: "2.1, let through 2026-09-14 13:00", Href: "/gate/decisions/gd_1"},
		"gd_2":     {Text: "gd_2", Href: "/gate/decisions/gd_2"},
		"gone/8 x": {Text: "gone/8 x", Href: RecordPath("refunds", "gone/8 x")},
	} {
		if got := n.evidence(id, "refunds", flight); got.Text != want.Text || got.Href != want.Href {
			t.Errorf("%s is %+v", id, got)
		}
	}
}

func TestWhatARollbackHookWasToldHasAShapeAWordAndAReason(t *testing.T) {
	t.Parallel()
	states := map[gate.RollbackState]string{
		gate.RollbackAnswered: "good", gate.RollbackWaiting: "care", gate.RollbackRefused: "stop", gate.RollbackGaveUp: "stop",
		gate.RollbackOvertaken: "none", gate.RollbackNotAsked: "none",
	}
	for state, class := range states {
		word := string(state)
		if state == gate.RollbackAnswered {
			word = "took it"
		}
		note := gate.RollbackNote{Deployment: longID, State: state, Says: "it answered 503", Tries: 2}
		v := rollbackViews([]gate.RollbackNote{note}, someRecords(t), "refunds")[0]
		if v.Class != class || v.Word != word || v.Says != "it answered 503" || v.Record.Text != "6515b3e060, 2026-09-14 13:21" {
			t.Errorf("%s: %+v", state, v)
		}
		if words := note.Words(); !strings.HasPrefix(words, "its rollback hook ") || !strings.HasSuffix(words, "it answered 503") {
			t.Errorf("%s: %s", state, words)
		}
	}
}
