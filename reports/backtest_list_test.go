package reports

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

// answeredBacktest has so many blocks and holds, one a day, each third block the first of its row.
func answeredBacktest(blocks, holds int) Backtest {
	b := Backtest{Frame: Frame{Path: "/gate/backtest"}, Days: 365, Service: "pay"}
	b.Result.Blocked.Promotions, b.Result.Held.Promotions = blocks, holds
	for i := range blocks + holds {
		v := gate.BacktestVerdict{Service: "pay", Rollout: fmt.Sprintf("ci/%d", i), At: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC), Verdict: gate.Block, Outcome: gate.Good, FirstBlock: i%3 == 0}
		if i >= blocks {
			v.Verdict, v.FirstBlock, v.Outcome = gate.Hold, false, gate.Failed
		}
		b.Result.Verdicts = append(b.Result.Verdicts, v)
		b.Trials = append(b.Trials, gate.Trial{ID: v.Rollout, Version: fmt.Sprintf("1.%d", i)})
	}
	return b
}

func TestABacktestListsItsStopsAScreenAtATime(t *testing.T) {
	t.Parallel()
	b := answeredBacktest(45, 3)
	for page, want := range map[int]struct {
		n     int
		first string
	}{0: {20, "1.44"}, 1: {20, "1.44"}, 2: {20, "1.24"}, 3: {5, "1.4"}, 4: {20, "1.44"}, -1: {20, "1.44"}} {
		b.Page = page
		if rows := b.Listed(); len(rows) != want.n || rows[0].Version != want.first || rows[0].Verdict != gate.Block {
			t.Errorf("page %d: %d rows from %s", page, len(rows), rows[0].Version)
		}
	}
	b.Page = 2
	var led []string
	for _, s := range b.Pager().Steps {
		led = append(led, s.Word+" "+s.Href)
	}
	want := []string{"Previous /gate/backtest?answer=block&days=365&service=pay#stops", "Page 2 of 3 ", "Next /gate/backtest?answer=block&days=365&page=3&service=pay#stops"}
	if !slices.Equal(led, want) {
		t.Errorf("%q, want %q", led, want)
	}
	b.Answer, b.Page = gate.Hold, 1
	if rows := b.Listed(); len(rows) != 3 || rows[0].Place != "" || rows[0].Fate.Word != "failed later" || b.Pager().Steps != nil {
		t.Errorf("what was told to wait: %+v", rows)
	}
}

func TestOfARowOfStopsOnlyTheFirstIsNotModelled(t *testing.T) {
	t.Parallel()
	var places []string
	for _, row := range answeredBacktest(4, 0).Listed() {
		places = append(places, row.Place)
	}
	if got := strings.Join(places, ", "); got != "first of its row, modelled, modelled, first of its row" {
		t.Error(got)
	}
}

func TestABacktestOffersTheListsThatHoldSomething(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		blocks, holds int
		answer        gate.Result
		want          string
	}{
		{2, 3, "", "Stopped 2 chosen, Told to wait 3"}, {2, 3, gate.Hold, "Stopped 2, Told to wait 3 chosen"},
		{0, 3, "", "Told to wait 3 chosen"}, {2, 0, "", "Stopped 2 chosen"}, {0, 0, "", ""},
	} {
		b := answeredBacktest(c.blocks, c.holds)
		b.Answer = c.answer
		var words []string
		for _, choice := range b.Choices() {
			word := fmt.Sprint(choice.Word, " ", choice.N)
			if choice.Chosen {
				word += " chosen"
			}
			words = append(words, word)
		}
		if got := strings.Join(words, ", "); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
