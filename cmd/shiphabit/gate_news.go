package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	// newsFor is how long something is news, and a channel that fails is tried again: what became known before is history, such as after an
	// import or after a server had stopped for long.
	newsFor = 24 * time.Hour
	// watchReach is how long ago a deployment can have gone out whose watch is news, at most.
	watchReach = 7 * 24 * time.Hour
	// newsPage is how many headlines are read at once, walkPage how many decisions of one service where mostly the first few tell enough.
	newsPage, walkPage = 500, 20
	// readAgain is how many places in the log are looked at again: servers that share a database may write in another order than they took places.
	readAgain = 5_000
)

// newsStore is where the news of the gate are found.
type newsStore interface {
	StoredServices(ctx context.Context) ([]metrics.Service, error)
	Derivations(ctx context.Context) (map[string]int64, error)
	FactsFor(ctx context.Context, service string, window metrics.Window) (metrics.Facts, error)
	// Headlines are those of the decisions after a place in the log, PlaceBefore the place before the first one since an instant.
	Headlines(ctx context.Context, after int64, limit int) ([]store.Headline, error)
	PlaceBefore(ctx context.Context, since time.Time) (seq int64, err error)
	DecisionsNamed(ctx context.Context, ids []string) ([]gate.Logged, error)
	DecisionsDemoted(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error)
	// CursorAfter leads to the page of a list that begins with what comes after a decision.
	CursorAfter(ctx context.Context, id string) (cursor string, err error)
	Decision(ctx context.Context, id string) (gate.Logged, error)
	Fixes(ctx context.Context, service string, since time.Time) ([]gate.Logged, error)
	Promotions(ctx context.Context, service string, since time.Time) ([]gate.Promotion, error)
}

// teamNews is something that a team is to be told.
type teamNews struct {
	gate.News
	team string
}

// lookout finds what teams are to be told in what is stored, without a part in any decision. It keeps what it has looked at.
type lookout struct {
	store   newsStore
	reached func(team string) bool
	upTo    int64                // the last place in the log that was looked at
	begun   bool                 // it is known where to begin
	again   map[int64]bool       // the last places that were looked at
	last    map[string]lastAsked // by service and environment
	found   map[string]time.Time // news by their key and team
	left    []gate.Logged        // seen, and not looked into yet
	derived map[string]int64     // services by how often they were derived
	teams   map[string]string    // of services whose team is reached
}

func newLookout(db newsStore, reached func(team string) bool) *lookout {
	return &lookout{store: db, reached: reached, again: map[int64]bool{}, last: map[string]lastAsked{}, found: map[string]time.Time{}, derived: map[string]int64{}}
}

// look finds what it has not found before. What cannot be read now is read the next time.
func (o *lookout) look(ctx context.Context, now time.Time) ([]teamNews, error) {
	services, err := o.store.StoredServices(ctx)
	if err != nil {
		return nil, err
	}
	o.teams = map[string]string{}
	for _, s := range services {
		if o.reached(s.Team) {
			o.teams[s.Name] = s.Team
		}
	}
	since := now.Add(-newsFor)
	maps.DeleteFunc(o.found, func(_ string, at time.Time) bool { return at.Before(since) })
	maps.DeleteFunc(o.last, func(_ string, l lastAsked) bool { return l.at.Before(since) })
	watches, watchErr := o.watches(ctx, since, now)
	decisions, err := o.decisions(ctx, since)
	return o.fresh(append(watches, decisions...)), errors.Join(watchErr, err)
}

// fresh leaves out what was found before.
func (o *lookout) fresh(all []teamNews) []teamNews {
	return slices.DeleteFunc(all, func(n teamNews) bool {
		key := n.team + "\n" + n.Key
		_, known := o.found[key]
		o.found[key] = n.At
		return known
	})
}

// watches finds watches that ended in failed, of services whose facts are others than at the last look.
func (o *lookout) watches(ctx context.Context, since, now time.Time) (all []teamNews, err error) {
	derived, err := o.store.Derivations(ctx)
	if err != nil {
		return nil, err
	}
	window := metrics.Window{From: now.Add(-watchReach), To: now.Add(time.Hour)}
	for service, team := range o.teams {
		if kept, looked := o.derived[service]; looked && kept == derived[service] {
			continue
		}
		f, fault := o.store.FactsFor(ctx, service, window)
		if fault != nil && !errors.Is(fault, store.ErrNotFound) {
			err = errors.Join(err, fault)
			continue
		}
		failed, fault := o.failed(ctx, f, since)
		if fault != nil {
			err = errors.Join(err, fault)
			continue
		}
		o.derived[service] = derived[service]
		for _, n := range failed {
			all = append(all, teamNews{n, team})
		}
	}
	return all, err
}

// failed are the watches of one service that failed, with the decisions that let them through. These are read only where there is one.
func (o *lookout) failed(ctx context.Context, f metrics.Facts, since time.Time) ([]gate.News, error) {
	if failed := gate.FailedWatches(f, nil, since); len(failed) == 0 {
		return nil, nil
	}
	promotions, err := o.store.Promotions(ctx, f.Service, since.Add(-watchReach))
	return gate.FailedWatches(f, promotions, since), err
}

// decisions looks into those that were logged since the last look, page by page. One that was made without the database is logged later than it
// was made.
func (o *lookout) decisions(ctx context.Context, since time.Time) (all []teamNews, err error) {
	left := slices.DeleteFunc(o.left, func(l gate.Logged) bool { return l.At.Before(since) }) // history, even if it could never be read
	o.left = nil
	if all, err = o.intoAll(ctx, left, since); !o.begun {
		seq, fault := o.store.PlaceBefore(ctx, since)
		if fault != nil {
			return all, errors.Join(err, fault)
		}
		o.upTo, o.begun = seq, true
	}
	for after, more := max(0, o.upTo-readAgain), true; more; {
		page, fault := o.store.Headlines(ctx, after, newsPage)
		if fault != nil {
			return all, errors.Join(err, fault)
		}
		if more = len(page) == newsPage; len(page) > 0 {
			after = page[len(page)-1].Seq
		}
		news, fault := o.page(ctx, page, since)
		all, err = append(all, news...), errors.Join(err, fault)
		if fault != nil && !o.again[after] {
			return all, err // the page is read again
		}
	}
	maps.DeleteFunc(o.again, func(seq int64, _ bool) bool { return seq <= o.upTo-readAgain })
	return all, err
}

// page looks into those of a page that are new and can be news: all of them are taken in, or none when they cannot be read.
func (o *lookout) page(ctx context.Context, page []store.Headline, since time.Time) ([]teamNews, error) {
	page = slices.DeleteFunc(page, func(h store.Headline) bool { return o.again[h.Seq] })
	var ids []string
	within := map[string]lastAsked{} // noted for good once the texts are read
	for _, h := range page {
		before, known := within[placeOf(h)]
		if !known {
			before, known = o.last[placeOf(h)]
		}
		within[placeOf(h)] = lastAsked{at: h.At, demoted: h.Demoted}
		if _, reached := o.teams[h.Service]; reached && !h.At.Before(since) && (mayBeNews(h) || known && h.At.Before(before.at) && len(h.Demoted) > 0 || before.lost(h)) {
			ids = append(ids, h.ID)
		}
	}
	texts := map[string]gate.Logged{}
	if len(ids) > 0 {
		list, err := o.store.DecisionsNamed(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, l := range list {
			texts[l.ID] = l
		}
	}
	var wanted []gate.Logged
	for _, h := range page {
		l, read := texts[h.ID]
		if wants := o.follow(h, l); read && wants {
			wanted = append(wanted, l)
		}
		o.again[h.Seq], o.upTo = true, max(o.upTo, h.Seq)
	}
	return o.intoAll(ctx, wanted, since)
}

// mayBeNews leaves out what can be none by itself, without looking at its text.
func mayBeNews(h store.Headline) bool {
	return h.Verdict == gate.Block || h.Kind == gate.KindFix || h.Kind == ""
}

// lastAsked is what the latest decision about a service in an environment was.
type lastAsked struct {
	at      time.Time
	stops   bool // it stops the service, in a spell that goes on
	demoted []string
}

// lost tells whether a criterion has broken its promise since.
func (l lastAsked) lost(h store.Headline) bool {
	return slices.ContainsFunc(h.Demoted, func(c string) bool { return !slices.Contains(l.demoted, c) })
}

func placeOf(h store.Headline) string { return h.Service + "\x00" + strings.ToLower(h.Environment) }

// follow notes a decision, and tells whether it can be news after the one before it: neither a stop in a spell that goes on is, nor a criterion
// that had broken its promise then, too. After one that was made later, as another server's may be, it always can.
func (o *lookout) follow(h store.Headline, l gate.Logged) bool {
	before, known := o.last[placeOf(h)]
	if known && h.At.Before(before.at) {
		return true
	}
	now := lastAsked{at: h.At, stops: l.Follows(h.Environment) == gate.GoesOn, demoted: h.Demoted}
	o.last[placeOf(h)] = now
	goesOn := known && before.stops && now.stops
	return l.DeclaredFix() || l.StopsService() && !goesOn || before.lost(h)
}

// intoAll looks into decisions, and keeps those for the next time that cannot be looked into now.
func (o *lookout) intoAll(ctx context.Context, list []gate.Logged, since time.Time) (all []teamNews, err error) {
	for _, l := range list {
		found, fault := o.into(ctx, l)
		if fault != nil {
			o.left = append(o.left, l)
			err = errors.Join(err, fmt.Errorf("looking into decision %s: %w", l.ID, fault))
			continue
		}
		for _, n := range found {
			if n.At.After(since) {
				all = append(all, teamNews{n, o.teams[n.Service]})
			}
		}
	}
	return all, err
}

// into finds what a decision tells its service's team.
func (o *lookout) into(ctx context.Context, l gate.Logged) (all []gate.News, err error) {
	if _, reached := o.teams[l.Request.Service]; !reached {
		return nil, nil
	}
	for _, find := range []func(context.Context, gate.Logged) ([]gate.News, error){o.stop, o.secondFix, o.dropped} {
		found, fault := find(ctx, l)
		all, err = append(all, found...), errors.Join(err, fault)
	}
	return all, err
}

// stop finds the beginning of a spell: a stop, before which something was let through last.
func (o *lookout) stop(ctx context.Context, l gate.Logged) ([]gate.News, error) {
	if !l.StopsService() {
		return nil, nil
	}
	follows, after := gate.Neither, ""
	err := o.before(ctx, l, func(earlier gate.Logged) bool {
		if follows = earlier.Follows(l.Request.Environment); follows != gate.Neither {
			after = earlier.ID
		}
		return after != ""
	})
	if err != nil || follows == gate.GoesOn {
		return nil, err
	}
	return []gate.News{l.Stopped(after)}, nil
}

// secondFix finds whether a fix is the second one of its problem. Only then is more read.
func (o *lookout) secondFix(ctx context.Context, l gate.Logged) ([]gate.News, error) {
	if !l.DeclaredFix() {
		return nil, nil
	}
	listed, err := o.store.Fixes(ctx, l.Request.Service, l.FixesSince())
	if err != nil {
		return nil, err
	}
	fixes := gate.DistinctFixes(listed)
	if len(fixes) < 2 {
		return nil, nil
	}
	for i, fix := range fixes {
		if fixes[i], err = o.store.Decision(ctx, fix.ID); err != nil {
			return nil, err
		}
	}
	if l, err = o.store.Decision(ctx, l.ID); err != nil {
		return nil, err
	}
	if n, second := gate.SecondFix(l.Repairs(), fixes); second {
		return []gate.News{n}, nil
	}
	return nil, nil
}

// dropped finds criteria that only warn since this decision, because they broke their promise.
func (o *lookout) dropped(ctx context.Context, l gate.Logged) (all []gate.News, err error) {
	if len(l.Snapshot.Demoted) == 0 {
		return nil, nil
	}
	had, asked := map[string]bool{}, false
	err = o.before(ctx, l, func(earlier gate.Logged) bool {
		if asked = strings.EqualFold(earlier.Request.Environment, l.Request.Environment) && earlier.Damaged == ""; asked {
			for _, d := range earlier.Snapshot.Demoted {
				had[d.Criterion] = true
			}
		}
		return asked
	})
	if err != nil || !asked { // who asks for the first time has lost nothing
		return nil, err
	}
	whole, err := o.store.Decision(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	for _, d := range whole.Dropped() {
		if !had[d.Criterion] {
			all = append(all, whole.OnlyWarns(d))
		}
	}
	return all, nil
}

// before goes through the decisions about the same service that were made before one, newest first, until enough is seen. It begins at that
// one: after a restart a day of decisions is looked into, and each would otherwise read all that came after it.
func (o *lookout) before(ctx context.Context, l gate.Logged, enough func(gate.Logged) bool) error {
	cursor, err := o.store.CursorAfter(ctx, l.ID)
	for limit := 1; err == nil && cursor != ""; limit = walkPage { // mostly the one right before it tells enough
		var page []gate.Logged
		if page, cursor, err = o.store.DecisionsDemoted(ctx, l.Request.Service, cursor, limit); slices.ContainsFunc(page, enough) {
			return nil
		}
	}
	return err
}
