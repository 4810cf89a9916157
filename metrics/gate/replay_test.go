package gate

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"shiphabit/metrics"
)

// keep logs a decision the way a store does: through JSON and back.
func keep(t *testing.T, p Policy, s Snapshot, r Request) Logged {
	t.Helper()
	d := Decide(p, s, r)
	d.ID, d.Engine = "gd_1", "shiphabit/test"
	text, err := json.Marshal(Logged{Decision: d, Request: r, Snapshot: s, PolicyDoc: p.Canonical(), Caller: "ci", At: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	var l Logged
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEveryDecisionReplaysToTheSameBytes(t *testing.T) {
	t.Parallel()
	random := source(1)
	verdicts := map[Result]int{}
	zone := time.FixedZone("elsewhere", 5*3600+1800)
	for range 600 {
		f, p, now := anyFacts(random), anyPolicy(random), day(random.IntN(200)).Add(time.Duration(random.Int64N(1e15)))
		r := anyRequest(random, f)
		s := take(f, standard(), r, p, now.In(zone), anySources(random, now), nil)
		l := keep(t, p, s, r)
		again, same, err := Replay(l)
		if err != nil || !same {
			t.Fatalf("replay differs (%v):\n%+v\n%+v", err, l.Decision, again)
		}
		verdicts[again.Verdict]++
	}
	for _, v := range []Result{Allow, Warn, Hold, Block} {
		if verdicts[v] < 10 {
			t.Errorf("only %d of 600 came out as %s; the test shows little", verdicts[v], v)
		}
	}
}

func TestAReplayFindsWhatWasChangedInTheLog(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	s := take(record("......xx.xx."), standard(), ask(), p, day(11).Add(time.Hour), nil, nil)
	for name, change := range map[string]func(*Logged){
		"the verdict":  func(l *Logged) { l.Verdict = Allow },
		"the summary":  func(l *Logged) { l.Summary += " " },
		"the meter":    func(l *Logged) { l.Snapshot.Meter.Value-- },
		"the request":  func(l *Logged) { l.Request.Commit = "other" },
		"a reason":     func(l *Logged) { l.Reasons[0].Observed["meter"]++ },
		"the evidence": func(l *Logged) { l.Snapshot.Recent = l.Snapshot.Recent[1:] },
		"the policy": func(l *Logged) {
			other := p
			other.WatchSeconds++
			l.PolicyDoc = other.Canonical()
		},
	} {
		l := keep(t, p, s, ask())
		change(&l)
		if _, same, err := Replay(l); same || err != nil {
			t.Errorf("%s was changed: same %t, %v", name, same, err)
		}
	}
	l := keep(t, p, s, ask())
	l.PolicyDoc = []byte(`{"name":"gone"`)
	if _, same, err := Replay(l); same || err == nil {
		t.Error("a broken policy document replays")
	}
	l = keep(t, p, s, ask())
	l.ID, l.Engine = "gd_2", "shiphabit/other"
	if _, same, err := Replay(l); !same || err != nil {
		t.Errorf("id and engine are no part of a replay: same %t, %v", same, err)
	}
}

func TestTheSameFactsInAnotherZoneAreTheSameInput(t *testing.T) {
	t.Parallel()
	f, p := record("..x."), PolicyFor(metrics.Standard)
	now := day(4)
	here := Decide(p, take(f, standard(), ask(), p, now, nil, nil), ask())
	there := Decide(p, take(f, standard(), ask(), p, now.In(time.FixedZone("", 7200)), nil, nil), ask())
	if here.Input.Digest != there.Input.Digest {
		t.Errorf("%s and %s", here.Input.Digest, there.Input.Digest)
	}
}

func FuzzDecideNeverPanicsAndAlwaysReplays(f *testing.F) {
	for _, r := range []Request{ask(), fixRequest(), rollbackRequest()} {
		text, _ := json.Marshal(r)
		f.Add(text)
	}
	p := PolicyFor(metrics.Critical)
	facts := withIncident(record("......xx.xx.x"), 1, day(12))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r Request
		if json.Unmarshal(text, &r) != nil {
			t.Skip()
		}
		s := take(facts, standard(), r, p, day(13), nil, nil)
		l := keep(t, p, s, r)
		if _, same, err := Replay(l); !same || err != nil {
			t.Errorf("same %t, %v", same, err)
		}
	})
}

// The decisions were made by the version before policies had bounds on what pays back and on how long late records hold.
func TestDecisionsOfAnEarlierVersionReplayToTheSameBytes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/decisions_before.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []Logged
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 12 {
		t.Fatalf("%d decisions, %v", len(all), err)
	}
	for i, l := range all {
		d, same, err := Replay(l)
		if err != nil || !same {
			t.Errorf("decision %d, %s: %v, differs in %v", i, l.ID, err, WhatDiffers(l.Decision, d))
		}
	}
}
