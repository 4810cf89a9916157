package reports

import (
	"bytes"
	"strings"
	"testing"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// digest is that of a stage, with something unfinished of each kind.
func (s stage) digest(team string) Digest {
	b := s.basis(s.facts)
	b.Period.Than = "the four weeks before"
	in := Digest{Basis: b, Team: team, Week: b.Card, Rows: s.documentRows(), Rounds: []assessments.Round{round()}, Base: "https://shiphabit.example.org"}
	for i := range in.Rows {
		in.Rows[i].Gate.Decision = gate.Decision{Verdict: gate.Block, Summary: "Stopped: too many failed."}
		in.Rows[i].Card.Recovery.Censored = 2
	}
	return in
}

func TestADigestTellsWhatIsUnfinishedWithOneLinkEach(t *testing.T) {
	t.Parallel()
	st := stages(t)["one"]
	d := WeeklyDigest(st.digest("shop"))
	var out bytes.Buffer
	if err := d.PlainText(&out); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"storefront: 2 failed deployments have not recovered.", "https://shiphabit.example.org/services/storefront\n", "the gate would not let a promotion pass",
		"https://shiphabit.example.org/services/storefront/gate\n", "A source cannot be read", "https://shiphabit.example.org/doctor\n", "1 open round of the five questions: 0 of 1 answer in so far.",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("the digest lacks %q:\n%s", words, out.String())
		}
	}
	for _, i := range append(d.Sections[0].Items, d.Sections[1].Items...) {
		if !strings.HasPrefix(i.Href, "https://shiphabit.example.org/") {
			t.Errorf("%q leads to %q", i.Text, i.Href)
		}
	}
}

func TestALeadershipDigestNamesNoServiceAndNoTeam(t *testing.T) {
	t.Parallel()
	in := stages(t)["plenty"].digest("")
	in.Diagnosis, in.Place = doctor.Diagnosis{}, "Acme"
	said := asMarkdown(t, WeeklyDigest(in))
	for _, row := range in.Rows {
		if strings.Contains(said, row.Service.Name) || strings.Contains(said, "team-") {
			t.Errorf("it names %s:\n%s", row.Service.Name, said)
		}
	}
	if !strings.Contains(said, "7 services have a failed deployment") {
		t.Errorf("it does not count what is open:\n%s", said)
	}
}

func TestADigestSaysThatNothingChangedUnlessAChangeIsClaimed(t *testing.T) {
	t.Parallel()
	in := stages(t)["one"].digest("shop")
	for i := range in.Moves {
		in.Moves[i].Direction = ""
	}
	if said := asMarkdown(t, WeeklyDigest(in)); !strings.Contains(said, "Nothing changed beyond noise") {
		t.Errorf("it says\n%s", said)
	}
	in.Moves[0].Direction, in.Moves[0].Before, in.Moves[0].After = "up", new(10.0), new(20.0)
	if said := asMarkdown(t, WeeklyDigest(in)); !strings.Contains(said, "Deployments in a typical week rose from 10 a week to 20 a week") || strings.Contains(said, "Nothing changed") {
		t.Errorf("it says\n%s", said)
	}
}

func TestABadgeOfAnIndexSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	for want, i := range map[string]metrics.Index{
		"habit, 83 of 100": {Value: new(83), Band: "habit", N: 30}, "too few deployments": {N: 3}, "no data": {}, "not comparable": {NotComparable: "app store", Value: new(9), N: 9},
	} {
		if got := IndexBadge(i); got.Value != want || got.Known != (want == "habit, 83 of 100") {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}

func FuzzABadgeIsAPicture(f *testing.F) {
	f.Add("lead time", "1.2 d")
	f.Add(harm, "\x00\uffff\ufffe"+strings.Repeat("w", 200))
	f.Fuzz(func(t *testing.T, label, value string) {
		wellFormed(t, Badge{Label: label, Value: value, Known: true}.SVG())
	})
}
