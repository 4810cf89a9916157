package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// logs writes decisions about shop into the log, a second apart: "#" the gate stops it, "." it goes on, "f" a freeze holds it, "p" it is a probe.
func (s *tellingStage) logs(to tellingServer, kinds string) {
	s.Helper()
	for _, kind := range kinds {
		l := gate.Logged{
			Decision: gate.Decision{ID: fmt.Sprintf("gd_%d", s.dial.now().Unix()), Verdict: gate.Block, Kind: gate.KindNormal, Summary: "Stopped."},
			Request:  gate.Request{Service: "shop", Environment: "production"}, At: s.dial.now(), PolicyDoc: []byte(`{}`),
		}
		switch kind {
		case '#':
			l.Reasons = []gate.Reason{{Criterion: "failure-meter", Mode: gate.Enforce, Result: gate.Fail}}
		case 'f':
			l.Reasons = []gate.Reason{{Criterion: "freeze", Mode: gate.Enforce, Result: gate.Fail}}
		case 'p':
			l.Verdict, l.Probe = gate.Warn, true
		default:
			l.Verdict = gate.Allow
		}
		if err := to.db.LogDecision(s.Context(), l); err != nil {
			s.Fatal(err)
		}
		s.dial.turn(time.Second)
	}
}

// found are the decisions that the news of a look are about.
func found(t *testing.T, o *lookout, now time.Time) []string {
	t.Helper()
	news, err := o.look(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, n := range news {
		ids = append(ids, n.Decision)
	}
	slices.Sort(ids)
	return ids
}

func TestSpellsBeginAfterSomethingWentThrough(t *testing.T) {
	t.Parallel()
	for kinds, want := range map[string][]int{
		"#":       {0},
		"##":      {0},
		".##":     {1},
		"#p#":     {0},
		"#.#":     {0, 2},
		"ff#":     {2},
		"#f.f#":   {0, 4},
		"..f..p.": {},
		// More than one page of decisions, of all and of the service.
		"." + strings.Repeat("#", 45) + "." + strings.Repeat("f", 45) + "#" + strings.Repeat(".", newsPage): {1, 92},
	} {
		s := newTellingStage(t, "https://chat.example.org")
		server := s.server()
		s.logs(server, kinds)
		ids := []string{}
		for _, at := range want {
			ids = append(ids, fmt.Sprintf("gd_%d", toldAt.Unix()+int64(at)))
		}
		if got := found(t, server.look, s.dial.now()); !slices.Equal(got, ids) {
			t.Errorf("%s: told of %v, want %v", kinds, got, ids)
		}
		if got := found(t, server.look, s.dial.now()); len(got) != 0 {
			t.Errorf("%s: told again of %v", kinds, got)
		}
	}
}

// TestWhatIsLoggedLateIsFound is about decisions that a server made without its database.
func TestWhatIsLoggedLateIsFound(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	server := s.server()
	s.dial.turn(time.Hour)
	s.logs(server, "...")
	found(t, server.look, s.dial.now())
	s.dial.turn(-30 * time.Minute)
	s.logs(server, "#")
	s.dial.turn(time.Hour)
	if got := found(t, server.look, s.dial.now()); len(got) != 1 {
		t.Errorf("told of %v", got)
	}
}

// counting counts the pages of one service's decisions that are read.
type counting struct {
	newsStore

	pages int
}

func (c *counting) DecisionsDemoted(ctx context.Context, service, cursor string, limit int) ([]gate.Logged, string, error) {
	if service != "" {
		c.pages++
	}
	return c.newsStore.DecisionsDemoted(ctx, service, cursor, limit)
}

func TestADayOfStopsIsLookedIntoWithoutReadingItAgainForEach(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	server := s.server()
	stops := 6 * walkPage
	s.logs(server, "."+strings.Repeat("#", stops))
	counted := &counting{newsStore: server.db}
	look := newLookout(counted, func(team string) bool { return team == "pay" })
	if got := found(t, look, s.dial.now()); len(got) != 1 {
		t.Errorf("told of %v", got)
	}
	if counted.pages != 1 {
		t.Errorf("%d pages of the service were read for the first of %d stops, each other of which has one right before it", counted.pages, stops)
	}
}

// faltering is a store of which one read fails.
type faltering struct {
	newsStore

	at    int // which one, from 1 on
	calls int
}

var errFaltering = errors.New("the disk is full")

func (a *faltering) fails() error {
	if a.calls++; a.calls == a.at {
		return errFaltering
	}
	return nil
}

func (a *faltering) StoredServices(ctx context.Context) ([]metrics.Service, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.newsStore.StoredServices(ctx)
}

func (a *faltering) Derivations(ctx context.Context) (map[string]int64, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.newsStore.Derivations(ctx)
}

func (a *faltering) FactsFor(ctx context.Context, service string, window metrics.Window) (metrics.Facts, error) {
	if err := a.fails(); err != nil {
		return metrics.Facts{}, err
	}
	return a.newsStore.FactsFor(ctx, service, window)
}

func (a *faltering) PlaceBefore(ctx context.Context, since time.Time) (int64, error) {
	if err := a.fails(); err != nil {
		return 0, err
	}
	return a.newsStore.PlaceBefore(ctx, since)
}

func (a *faltering) Headlines(ctx context.Context, after int64, limit int) ([]store.Headline, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.newsStore.Headlines(ctx, after, limit)
}

func (a *faltering) DecisionsNamed(ctx context.Context, ids []string) ([]gate.Logged, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.newsStore.DecisionsNamed(ctx, ids)
}

func (a *faltering) DecisionsDemoted(ctx context.Context, service, cursor string, limit int) ([]gate.Logged, string, error) {
	if err := a.fails(); err != nil {
		return nil, "", err
	}
	return a.newsStore.DecisionsDemoted(ctx, service, cursor, limit)
}

func (a *faltering) CursorAfter(ctx context.Context, id string) (string, error) {
	if err := a.fails(); err != nil {
		return "", err
	}
	return a.newsStore.CursorAfter(ctx, id)
}

func (a *faltering) Decision(ctx context.Context, id string) (gate.Logged, error) {
	if err := a.fails(); err != nil {
		return gate.Logged{}, err
	}
	return a.newsStore.Decision(ctx, id)
}

func (a *faltering) Fixes(ctx context.Context, service string, since time.Time) ([]gate.Logged, error) {
	if err := a.fails(); err != nil {
		return nil, err
	}
	return a.newsStore.Fixes(ctx, service, since)
}

func TestWhatCannotBeReadNowIsFoundTheNextTime(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	s.everything()
	server := s.server()
	want := []string{
		"shop: a second fix of import/shop-27", "shop: the gate stops changes to production", "shop: the watch of 1.9 in production ended in failed",
		"web: failure-meter broke its promise and only warns now", "web: the watch of 1.9 in production ended in failed",
	}
	at, err := 0, errFaltering
	for err != nil {
		at++
		look, all := newLookout(&faltering{newsStore: server.db, at: at}, func(team string) bool { return team == "pay" }), []string{}
		var first, second []teamNews
		first, err = look.look(t.Context(), s.dial.now())
		if err != nil && !errors.Is(err, errFaltering) {
			t.Fatal(err)
		}
		second, again := look.look(t.Context(), s.dial.now())
		for _, n := range append(first, second...) {
			all = append(all, n.Subject)
		}
		if slices.Sort(all); !slices.Equal(all, want) || err != nil && again != nil {
			t.Errorf("after read %d failed %q was found, want %q; then %v", at, all, want, again)
		}
	}
	if at < 15 {
		t.Errorf("only %d reads failed", at-1)
	}
}

// unreadable has decisions listed that can never be read.
type unreadable struct{ newsStore }

func (unreadable) CursorAfter(context.Context, string) (string, error) { return "", errFaltering }

func TestADecisionThatCanNeverBeReadIsGivenUpWhenItIsHistory(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	s.everything()
	look := newLookout(unreadable{s.server().db}, func(team string) bool { return team == "pay" })
	if _, err := look.look(t.Context(), s.dial.now()); !errors.Is(err, errFaltering) || len(look.left) == 0 {
		t.Fatalf("%d decisions are left: %v", len(look.left), err)
	}
	if _, err := look.look(t.Context(), s.dial.now().Add(newsFor+time.Hour)); err != nil || len(look.left) != 0 {
		t.Errorf("a day later %d decisions are left: %v", len(look.left), err)
	}
}

func TestAnotherRecordOfAServiceTellsNothingAgain(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	s.unhealthy("web", "seen")
	look := s.server().look
	if news, err := look.look(t.Context(), s.dial.now()); err != nil || len(news) != 1 {
		t.Fatalf("%+v, %v", news, err)
	}
	s.dial.turn(time.Minute)
	s.unhealthy("web", "later")
	news, err := look.look(t.Context(), s.dial.now())
	if err != nil || len(news) != 1 || news[0].Key != "watch import/web-later" {
		t.Errorf("%+v, %v", news, err)
	}
}

func TestACriterionIsDroppedForThoseWhomItCouldStopBefore(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		broken [][]gate.Demotion
		want   []string
	}{
		"before and after":                     {[][]gate.Demotion{nil, brokenPromise(), brokenPromise()}, []string{"gd_web_1"}},
		"who asks for the first time":          {[][]gate.Demotion{brokenPromise(), brokenPromise()}, []string{}},
		"the promise was kept for some time":   {[][]gate.Demotion{brokenPromise(), nil, brokenPromise()}, []string{"gd_web_2"}},
		"another criterion had broken its own": {[][]gate.Demotion{{{Criterion: "restored-in-time", Years: gate.Fraction{Num: 2, Den: 1}, Promised: gate.Fraction{Num: 2, Den: 1}}}, brokenPromise()}, []string{"gd_web_1"}},
	} {
		s := newTellingStage(t, "https://chat.example.org")
		s.judged("web", c.broken...)
		if got := found(t, s.server().look, s.dial.now()); !slices.Equal(got, c.want) {
			t.Errorf("%s: told of %v, want %v", sentence, got, c.want)
		}
	}
}

func TestADamagedDecisionIsSaidOnceAndTheNewsOfOthersGoOn(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	server := s.server()
	s.logs(server, "..")
	lost := fmt.Sprintf("gd_%d", toldAt.Unix()+1)
	spoil(t, s.path, lost)
	s.logs(server, "#")
	for i, want := range []int{1, 0, 0} {
		if got := found(t, server.look, s.dial.now()); len(got) != want {
			t.Errorf("look %d: told of %v", i, got)
		}
	}
	s.logs(server, ".#")
	if got := found(t, server.look, s.dial.now()); len(got) != 1 {
		t.Errorf("later on: told of %v", got)
	}
	said := s.log.String()
	if strings.Count(said, "level=ERROR") != 1 || !strings.Contains(said, "decision="+lost) || !strings.Contains(said, "restore the database") {
		t.Errorf("the log says: %s", said)
	}
}

// TestACriterionIsNotToldOfAsDroppedBecauseTheDecisionBeforeIsDamaged: what that one knew to be broken is lost.
func TestACriterionIsNotToldOfAsDroppedBecauseTheDecisionBeforeIsDamaged(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	s.judged("web", brokenPromise(), brokenPromise(), brokenPromise())
	spoil(t, s.path, "gd_web_1")
	if got := found(t, s.server().look, s.dial.now()); len(got) != 0 {
		t.Errorf("told of %v", got)
	}
}

// TestALookReadsNoMoreTextsThanCanBeNews: of a day in which everything goes through, or is under a criterion that broke its promise long ago, none.
func TestALookReadsNoMoreTextsThanCanBeNews(t *testing.T) {
	t.Parallel()
	s := newTellingStage(t, "https://chat.example.org")
	server := s.server()
	s.logs(server, strings.Repeat(".", 2*newsPage)+"#.")
	counted := &named{newsStore: server.db, ids: map[string]int{}}
	look := newLookout(counted, func(team string) bool { return team == "pay" })
	if got := found(t, look, s.dial.now()); len(got) != 1 || len(counted.ids) != 1 {
		t.Errorf("told of %v after reading %d texts", got, len(counted.ids))
	}
	s.logs(server, "..#")
	if got := found(t, look, s.dial.now()); len(got) != 1 || len(counted.ids) != 2 {
		t.Errorf("then told of %v after reading %d texts", got, len(counted.ids))
	}
	if most := slices.Max(slices.Collect(maps.Values(counted.ids))); most != 1 {
		t.Errorf("a text was read %d times", most)
	}
}

// named counts how often the texts of decisions are read.
type named struct {
	newsStore

	ids map[string]int
}

func (n *named) DecisionsNamed(ctx context.Context, ids []string) ([]gate.Logged, error) {
	for _, id := range ids {
		n.ids[id]++
	}
	return n.newsStore.DecisionsNamed(ctx, ids)
}
