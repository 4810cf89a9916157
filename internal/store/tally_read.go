package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
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
	r := &tallyReader{db: db, services: services, pieces: map[string][]piece{}}
	for _, w := range windows {
		of := q
		of.Window = w
		r.parts = append(r.parts, metrics.NewGatherer(of))
	}
	set, err := db.readableSet(ctx, services)
	if err == nil {
		err = db.look(ctx, func(tx *gorm.DB) error { return errors.Join(r.read(tx, set), r.observe(tx, set)) })
	}
	if err == nil {
		err = r.tallyPieces(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("reading tallies: %w", err)
	}
	out := make([]metrics.Tally, len(windows))
	for i, g := range r.parts {
		out[i] = g.Sum()
	}
	return out, nil
}

// answers reports whether the stored tallies are those that the query asks for.
func (s *tallySet) answers(q metrics.Query) bool {
	return q.Zone.String() == s.zone.String() && q.Filter.Empty() && reflect.DeepEqual(q.Definition, s.definition)
}

func (db *DB) talliesOfFacts(ctx context.Context, services []string, q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error) {
	facts, err := db.factsOfAll(ctx, services)
	if err != nil {
		return nil, err
	}
	return metrics.TalliesOfAll(facts, q, windows), nil
}

func (db *DB) factsOfAll(ctx context.Context, services []string) ([]metrics.Facts, error) {
	if len(services) == 0 {
		return db.AllFacts(ctx)
	}
	all := make([]metrics.Facts, len(services))
	for i, name := range services {
		var err error
		if all[i], err = db.Facts(ctx, name); err != nil {
			return nil, err
		}
	}
	return all, nil
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
		err := r.readRows(tx, set, s.ID, func(row tallyRow) { r.fromFacts(s.Service, row) })
		if err != nil {
			return err
		}
	}
	return nil
}

// readOrganisation reads the sums; a day that they do not answer is read service by service.
func (r *tallyReader) readOrganisation(tx *gorm.DB, set int64) error {
	var open []tallyRow
	if err := r.readRows(tx, set, everyService, func(row tallyRow) { open = append(open, row) }); err != nil {
		return err
	}
	names, err := scopeNames(tx, len(open))
	for _, sum := range open {
		if err != nil {
			return err
		}
		err = r.db.eachTally(tx.Raw(`SELECT t.scope, t.kind, t.day, t.known_by, t.body FROM tally_scopes s
			JOIN tallies t ON t.set_id = ? AND t.scope = s.id AND t.kind = ? AND t.day = ?`, set, sum.Kind, sum.Day), func(row tallyRow) error {
			return r.take(row, func(row tallyRow) { r.fromFacts(names[row.Scope], row) })
		})
	}
	return err
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

// readRows reads the rows of one scope on all days that the windows touch.
func (r *tallyReader) readRows(tx *gorm.DB, set, scope int64, cut func(tallyRow)) error {
	q := r.parts[0].Query()
	first, last := r.day(q.Window), r.lastDay(r.parts[len(r.parts)-1].Query())
	for _, kind := range []int{kindNumbers[""], kindNumbers[q.Kind]} {
		err := r.db.eachTally(tx.Raw(`SELECT scope, kind, day, known_by, body FROM tallies
			WHERE set_id = ? AND scope = ? AND kind = ? AND day BETWEEN ? AND ? ORDER BY day`, set, scope, kind, first, last),
			func(row tallyRow) error { return r.take(row, cut) })
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
			facts, err := r.db.factsToTally(ctx, service, p.window, kind)
			if err != nil {
				return err
			}
			q.Window = p.window
			r.parts[p.into].Tally(metrics.PartTally(facts, q, kind))
		}
	}
	return nil
}
