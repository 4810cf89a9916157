package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// Tally is the tally of some services, or of all of them when none are named, in the query's window as known at its AsOf. It is
// exact: of stored days it merges the rows, and what the window or AsOf cuts it tallies from the facts.
func (db *DB) Tally(ctx context.Context, services []string, q metrics.Query) (metrics.Tally, error) {
	all, err := db.Tallies(ctx, services, q, []metrics.Window{q.Window})
	if err != nil {
		return metrics.Tally{}, err
	}
	return all[0], nil
}

// Tallies are the tallies of windows that follow one another without overlapping, each as Tally makes it.
func (db *DB) Tallies(ctx context.Context, services []string, q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error) {
	if q = q.Completed(); !db.tallies.answers(q) {
		return db.talliesOfFacts(ctx, services, q, windows)
	}
	for range tallyTries - 1 {
		out, settled, err := db.tryTallies(ctx, services, q, windows)
		if err != nil || settled {
			return out, err
		}
	}
	out, _, err := db.tryTallies(ctx, services, q, windows)
	return out, err
}

// tallyTries is how often an answer is made at most, when services are derived between the reading of rows and that of facts.
const tallyTries = 4

// tryTallies makes the tallies, and tells whether rows and facts were of one state of the database.
func (db *DB) tryTallies(ctx context.Context, services []string, q metrics.Query, windows []metrics.Window) (out []metrics.Tally, settled bool, err error) {
	r := &tallyReader{db: db, services: services, pieces: map[string][]piece{}}
	for _, w := range windows {
		of := q
		of.Window = w
		r.parts = append(r.parts, metrics.NewGatherer(of))
	}
	if r.set, r.old, err = db.readableSet(ctx, services); err != nil {
		return nil, false, fmt.Errorf("reading tallies: %w", err)
	}
	var before, after int64
	err = db.look(ctx, func(tx *gorm.DB) error {
		err := errors.Join(r.read(tx, r.set), r.observe(tx, r.set))
		if err == nil && len(r.pieces) > 0 {
			before, err = derivations(tx)
		}
		return err
	})
	if err == nil && len(r.pieces) > 0 {
		if err = r.tallyPieces(ctx); err == nil {
			after, err = derivations(db.read.WithContext(ctx))
		}
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading tallies: %w", err)
	}
	out = make([]metrics.Tally, len(windows))
	for i, g := range r.parts {
		out[i] = g.Sum()
	}
	return out, r.old || before == after, nil
}

// derivations is a number that grows with every derivation that was stored.
func derivations(tx *gorm.DB) (int64, error) {
	var n int64
	err := tx.Raw("SELECT coalesce(sum(derived), 0) FROM services").Scan(&n).Error
	return n, err
}

// answers reports whether the stored tallies are those that the query asks for.
func (s *tallySet) answers(q metrics.Query) bool {
	return q.Zone.String() == s.zone.String() && q.Filter.Empty() && q.Definition == s.definition
}

// talliesOfFacts counts the facts, those of one service at a time unless the definition looks across them.
func (db *DB) talliesOfFacts(ctx context.Context, services []string, q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error) {
	if len(services) == 0 {
		list, err := db.Services(ctx)
		if err != nil {
			return nil, err
		}
		for _, service := range list {
			services = append(services, service.Name)
		}
	}
	if q.Definition.AcrossServices() {
		facts := make([]metrics.Facts, len(services))
		for i, name := range services {
			var err error
			if facts[i], err = db.Facts(ctx, name); err != nil {
				return nil, err
			}
		}
		return metrics.TalliesOfAll(facts, q, windows), nil
	}
	sums := make([]*metrics.Gatherer, len(windows))
	for i := range sums {
		sums[i] = metrics.NewGatherer(q)
	}
	for _, name := range services {
		facts, err := db.Facts(ctx, name)
		if err != nil {
			return nil, err
		}
		for i, t := range metrics.TalliesOfAll([]metrics.Facts{facts}, q, windows) {
			sums[i].Tally(t)
		}
	}
	out := make([]metrics.Tally, len(windows))
	for i, sum := range sums {
		out[i] = sum.Sum()
	}
	return out, nil
}

// piece is a part of a window that no row answers, of the kind given by its number.
type piece struct {
	window metrics.Window
	kind   int
	into   int // the window that it belongs to
}

// tallyReader gathers the rows of some windows.
type tallyReader struct {
	db       *DB
	services []string
	parts    []*metrics.Gatherer // one for each window
	scopes   []tallyScopeRow     // of the services
	pieces   map[string][]piece  // service → what is to be tallied from its facts
	set      int64
	old      bool // the set is of other rules than ours
}

// read gathers the rows of every scope.
func (r *tallyReader) read(tx *gorm.DB, set int64) error {
	if len(r.parts) == 0 {
		return nil
	}
	if len(r.services) == 0 {
		return r.readOrganisation(tx, set)
	}
	for part := range slices.Chunk(r.services, namesPerStatement) {
		var found []tallyScopeRow
		if err := tx.Find(&found, "service IN ?", part).Error; err != nil {
			return err
		}
		r.scopes = append(r.scopes, found...)
	}
	for _, s := range r.scopes {
		err := r.readRows(tx, set, s.ID, func(row tallyRow) { r.fromFacts(s.Service, row) }, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// readOrganisation reads the sums. A day that they do not answer, or that is not added up yet, is read service by service.
func (r *tallyReader) readOrganisation(tx *gorm.DB, set int64) error {
	open, err := r.dirty(tx, set)
	if err != nil {
		return err
	}
	err = r.readRows(tx, set, everyService, func(row tallyRow) { open[kindDay{row.Kind, row.Day}] = true }, open)
	if err != nil {
		return err
	}
	names, err := scopeNames(tx, len(open))
	for _, on := range slices.SortedFunc(maps.Keys(open), compareKindDays) {
		if err != nil {
			return err
		}
		err = r.db.eachTally(tx.Raw(`SELECT t.scope, t.kind, t.day, t.known_by, t.body FROM tally_scopes s
			JOIN tallies t ON t.set_id = ? AND t.scope = s.id AND t.kind = ? AND t.day = ?`, set, on.kind, on.day), func(row tallyRow) error {
			return r.take(row, func(row tallyRow) { r.fromFacts(names[row.Scope], row) })
		})
	}
	return err
}

// dirty are the days whose sums are not those of the services' rows.
func (r *tallyReader) dirty(tx *gorm.DB, set int64) (map[kindDay]bool, error) {
	q := r.parts[0].Query()
	first, last := r.day(q.Window), r.lastDay(r.parts[len(r.parts)-1].Query())
	var rows []dirtyDayRow
	err := tx.Find(&rows, "set_id = ? AND kind IN ? AND day BETWEEN ? AND ?", set, []int{kindNumbers[""], kindNumbers[q.Kind]}, first, last).Error
	days := map[kindDay]bool{}
	for _, row := range rows {
		days[kindDay{row.Kind, row.Day}] = true
	}
	return days, err
}

// scopeNames are the services by their numbers, if there is something to be named.
func scopeNames(tx *gorm.DB, wanted int) (map[int64]string, error) {
	if wanted == 0 {
		return nil, nil
	}
	var scopes []tallyScopeRow
	err := tx.Find(&scopes).Error
	names := make(map[int64]string, len(scopes))
	for _, s := range scopes {
		names[s.ID] = s.Service
	}
	return names, err
}

// readRows reads the rows of one scope on all days that the windows touch, but for some.
func (r *tallyReader) readRows(tx *gorm.DB, set, scope int64, cut func(tallyRow), but map[kindDay]bool) error {
	q := r.parts[0].Query()
	first, last := r.day(q.Window), r.lastDay(r.parts[len(r.parts)-1].Query())
	for _, kind := range []int{kindNumbers[""], kindNumbers[q.Kind]} {
		err := r.db.eachTally(tx.Raw(`SELECT scope, kind, day, known_by, body FROM tallies
			WHERE set_id = ? AND scope = ? AND kind = ? AND day BETWEEN ? AND ? ORDER BY day`, set, scope, kind, first, last),
			func(row tallyRow) error {
				if but[kindDay{row.Kind, row.Day}] {
					return nil
				}
				return r.take(row, cut)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *tallyReader) day(w metrics.Window) int { return metrics.DayNumber(w.From, r.db.tallies.zone) }

// lastDay is the last day of which a query's window holds a part and of which something may be known.
func (r *tallyReader) lastDay(q metrics.Query) int {
	end := q.Window.To.Add(-1)
	if q.AsOf.Before(end) {
		end = q.AsOf
	}
	return metrics.DayNumber(end, r.db.tallies.zone)
}

// take gathers a row into the window that holds its whole day, or hands it to cut if one or several hold parts of it. A day
// that a window's end cuts counts as whole when all of it was over before.
func (r *tallyReader) take(row tallyRow, cut func(tallyRow)) error {
	day := metrics.DayWindow(row.Day, r.db.tallies.zone)
	at := r.windowAt(day)
	if at == len(r.parts) {
		return nil
	}
	q := r.parts[at].Query()
	known := fromMilli(row.KnownBy)
	whole := !q.Window.From.After(day.From) && (!q.Window.To.Before(day.To) || known.Before(q.Window.To))
	if whole && !known.After(q.AsOf) {
		return r.parts[at].Coded(row.Day, row.Body)
	}
	cut(row)
	return nil
}

// windowAt is the first window that ends after the day has begun.
func (r *tallyReader) windowAt(day metrics.Window) int {
	at, _ := slices.BinarySearchFunc(r.parts, day.From, func(g *metrics.Gatherer, from time.Time) int {
		if g.Query().Window.To.After(from) {
			return 1
		}
		return -1
	})
	return at
}

// fromFacts notes that the parts of a day which the windows hold are to be tallied from the facts of a service.
func (r *tallyReader) fromFacts(service string, row tallyRow) {
	day := metrics.DayWindow(row.Day, r.db.tallies.zone)
	for at := r.windowAt(day); at < len(r.parts); at++ {
		w := r.parts[at].Query().Window
		if !w.From.Before(day.To) {
			return
		}
		if w.From.Before(day.From) {
			w.From = day.From
		}
		if w.To.After(day.To) {
			w.To = day.To
		}
		r.pieces[service] = append(r.pieces[service], piece{window: w, kind: row.Kind, into: at})
	}
}

// tallyPieces adds what no row answered.
func (r *tallyReader) tallyPieces(ctx context.Context) error {
	for service, pieces := range r.pieces {
		for _, p := range pieces {
			q := r.parts[p.into].Query()
			kind := q.Kind
			if p.kind == kindNumbers[""] {
				kind = ""
			}
			facts, err := r.db.factsToTally(ctx, service, tallied{p.window, kind, r.old})
			if err != nil && (!errors.Is(err, ErrNotFound) || len(r.services) > 0) {
				return err // else the service went away after its rows were read
			}
			q.Window = p.window
			r.parts[p.into].Tally(metrics.PartTally(facts, q, kind))
		}
	}
	return nil
}
