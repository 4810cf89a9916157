package assessments

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 7, 6, 12, 0, 0, 0, time.UTC)

func mustRound(t *testing.T, p Plan) Round {
	t.Helper()
	if p.ID == "" {
		p.ID = "r1"
	}
	if p.Team == "" {
		p.Team = "payments"
	}
	r, err := NewRound(five(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// held is a round with these answers of levels, closed a day after it opened.
func held(t *testing.T, p Plan, answers ...Answers) (Round, Counts) {
	t.Helper()
	r, err := mustRound(t, p).Open(noon)
	if err != nil {
		t.Fatal(err)
	}
	counts := Counts{}
	for _, a := range answers {
		if r, counts, err = r.Submit(counts, a); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = r.Close(noon.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	return r, counts
}

func TestARoundOnlyMovesForward(t *testing.T) {
	t.Parallel()
	draft := mustRound(t, Plan{Size: 6, Services: []string{"b", "a", "b"}})
	open, err := draft.Open(noon)
	if err != nil || draft.State != Draft || open.State != Open {
		t.Fatalf("opening: %v; the draft is %s", err, draft.State)
	}
	if got := strings.Join(open.Services, " "); got != "a b" {
		t.Errorf("membership %q", got)
	}
	if !open.Window.To.Equal(noon) || open.Window.Days() != 7*EvidenceWeeks {
		t.Errorf("window %v", open.Window)
	}
	closed, err := open.Close(noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	published, err := closed.Publish(noon.Add(2 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, step := range map[string]func() error{
		"closing a draft":             func() error { _, err := draft.Close(noon); return err },
		"publishing an open round":    func() error { _, err := open.Publish(noon); return err },
		"opening a closed one":        func() error { _, err := closed.Open(noon); return err },
		"closing twice":               func() error { _, err := closed.Close(noon); return err },
		"publishing twice":            func() error { _, err := published.Publish(noon); return err },
		"answering before opening":    func() error { _, _, err := draft.Submit(nil, levelsOf(1, 1, 1, 1, 1)); return err },
		"answering after closing":     func() error { _, _, err := closed.Submit(nil, levelsOf(1, 1, 1, 1, 1)); return err },
		"reopening what is published": func() error { _, err := published.Open(noon); return err },
	} {
		if err := step(); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "r1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, step := range map[string]func() error{
		"closing before the opening":    func() error { _, err := open.Close(noon.Add(-time.Second)); return err },
		"publishing before the closing": func() error { _, err := closed.Publish(noon); return err },
	} {
		if err := step(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMayHoldARound(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		plan Plan
		says string // part of the refusal; "" when it may
	}{
		"six answer for themselves":            {Plan{Size: 6}, ""},
		"five answer for themselves":           {Plan{Size: 5}, ""},
		"four agree on one answer":             {Plan{Size: 4, Consensus: true}, ""},
		"four do not answer each":              {Plan{Size: 4}, "use consensus mode"},
		"nine below a floor of ten do not":     {Plan{Size: 9, Floor: 10}, "use consensus mode"},
		"two see evidence only":                {Plan{Size: 2, Consensus: true}, "see its evidence instead"},
		"one alone sees evidence only":         {Plan{Size: 1}, "see its evidence instead"},
		"a trial states no size":               {Plan{Consensus: true}, ""},
		"a survey states its size":             {Plan{}, "say how many people it has"},
		"a floor of four":                      {Plan{Size: 6, Floor: 4}, "outside 5 to 10"},
		"a floor of eleven":                    {Plan{Size: 20, Floor: 11}, "outside 5 to 10"},
		"a large team may agree on one answer": {Plan{Size: 12, Consensus: true}, ""},
		"a team cannot have fewer than nobody": {Plan{Size: -1, Consensus: true}, "say how many people it has"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want.plan.ID, want.plan.Team = "r1", "payments"
			_, err := NewRound(five(), want.plan)
			if want.says == "" && err != nil || want.says != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := NewRound(Set{}, Plan{ID: "r", Team: "t", Size: 6}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a round without questions: %v", err)
	}
}

func TestARoundTakesNoMoreAnswersThanTheTeamHasPeople(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		plan     Plan
		capacity int
	}{
		"a team link of five":   {Plan{Size: 5, OpenLink: true}, 5},
		"a consensus is one":    {Plan{Size: 4, Consensus: true}, 1},
		"a trial of no size":    {Plan{Consensus: true}, 1},
		"personal links of six": {Plan{Size: 6}, 6},
	} {
		r, err := mustRound(t, of.plan).Open(noon)
		if err != nil {
			t.Fatal(err)
		}
		counts := Counts{}
		for range of.capacity {
			if r, counts, err = r.Submit(counts, levelsOf(1, 2, 3, 4, 5)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		again, unchanged, err := r.Submit(counts, levelsOf(1, 2, 3, 4, 5))
		if !errors.Is(err, ErrFull) || again.Respondents != of.capacity || unchanged["q1"]["l1"] != of.capacity {
			t.Errorf("%s: %v, %d respondents", name, err, again.Respondents)
		}
	}
	r, _ := mustRound(t, Plan{Size: 6}).Open(noon)
	if after, _, err := r.Submit(Counts{}, Answers{"q1": "l1"}); !errors.Is(err, ErrInvalid) || after.Respondents != 0 {
		t.Errorf("an incomplete submission counts: %v, %d", err, after.Respondents)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	a, err := NewToken(strings.NewReader(strings.Repeat("\xff", tokenBytes)))
	if err != nil || a != strings.Repeat("_", 32) {
		t.Errorf("got %q, %v", a, err)
	}
	if got := HashToken(a); got != HashToken(a) || len(got) != 64 || strings.Contains(got, a) || got == HashToken(a+"x") {
		t.Errorf("hash %q", got)
	}
	if _, err := NewToken(bytes.NewReader([]byte{1})); err == nil {
		t.Error("a token of too little randomness was made")
	}
}
