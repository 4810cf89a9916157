package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// daysPerSum bounds how many days of the organisation one transaction adds up: few enough not to keep a writer waiting.
const daysPerSum = 8

// addUp makes the organisation's rows of all days that are marked.
func (db *DB) addUp(ctx context.Context) error {
	for {
		var marked []dirtyDayRow
		err := db.read.WithContext(ctx).Order("kind, day").Limit(512).Find(&marked, "set_id = ?", db.tallies.id.Load()).Error
		if err != nil {
			return fmt.Errorf("looking for days to add up: %w", err)
		}
		if len(marked) == 0 {
			return nil
		}
		var done bool
		if len(marked) > daysPerSum {
			done, err = db.addUpMany(ctx, marked)
		}
		if err == nil && !done {
			err = db.addUpFew(ctx, marked)
		}
		if err != nil {
			return fmt.Errorf("adding up days of the organisation: %w", err)
		}
	}
}

// groups cuts marked days into runs of one kind that span at most so many days.
func groups(marked []dirtyDayRow, span int) [][]dirtyDayRow {
	var out [][]dirtyDayRow
	for len(marked) > 0 {
		n := 1
		for n < len(marked) && marked[n].Kind == marked[0].Kind && marked[n].Day < marked[0].Day+span {
			n++
		}
		out = append(out, marked[:n])
		marked = marked[n:]
	}
	return out
}

func (db *DB) addUpFew(ctx context.Context, marked []dirtyDayRow) error {
	for _, group := range groups(marked, daysPerSum) {
		if err := db.addUpDays(ctx, group[0].Kind, group[0].Day, group[len(group)-1].Day); err != nil {
			return err
		}
	}
	return nil
}

// daysPerManySum is how many days are added up from one reading of the services' rows while no writer waits: the more, the fewer
// pages of the database are read over and over.
const daysPerManySum = 64

// addUpMany adds up days without keeping a writer waiting, on all processors. It tells whether any was done: days of which somebody has
// saved rows meanwhile keep their marks.
func (db *DB) addUpMany(ctx context.Context, marked []dirtyDayRow) (bool, error) {
	waiting := make(chan []dirtyDayRow, len(marked))
	for _, group := range groups(marked, daysPerManySum) {
		waiting <- group
	}
	close(waiting)
	var workers sync.WaitGroup
	var done atomic.Bool
	faults := make([]error, runtime.GOMAXPROCS(0))
	for w := range faults {
		workers.Go(func() {
			for group := range waiting {
				var some bool
				if some, faults[w] = db.addUpUnlessMarked(ctx, group); faults[w] != nil {
					return
				}
				if some {
					done.Store(true)
				}
			}
		})
	}
	workers.Wait()
	return done.Load(), errors.Join(faults...)
}

// addUpUnlessMarked reads marks and rows of one state of the database, and stores the sums of days whose mark is still the same.
func (db *DB) addUpUnlessMarked(ctx context.Context, group []dirtyDayRow) (done bool, err error) {
	kind, from, to := group[0].Kind, group[0].Day, group[len(group)-1].Day
	var seen []dirtyDayRow
	byDay := map[int]tallyRow{}
	err = db.look(ctx, func(tx *gorm.DB) error {
		if err := tx.Order("day").Find(&seen, "set_id = ? AND kind = ? AND day BETWEEN ? AND ?", db.tallies.id.Load(), kind, from, to).Error; err != nil || len(seen) == 0 {
			return err
		}
		days := make([]int, len(seen))
		for i, row := range seen {
			days[i] = row.Day
		}
		sums, err := db.sums(tx, kind, days)
		for _, row := range sums {
			byDay[row.Day] = row
		}
		return err
	})
	if err != nil {
		return false, err
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		var days []int
		var rows []tallyRow
		for _, mark := range seen {
			taken := tx.Delete(&dirtyDayRow{}, "set_id = ? AND kind = ? AND day = ? AND marks = ?", db.tallies.id.Load(), kind, mark.Day, mark.Marks)
			if taken.Error != nil {
				return taken.Error
			}
			if taken.RowsAffected == 0 {
				continue
			}
			days = append(days, mark.Day)
			if row, any := byDay[mark.Day]; any {
				rows = append(rows, row)
			}
		}
		done = len(days) > 0
		return db.replaceSums(tx, kind, days, rows)
	})
	return done, err
}

// replaceSums replaces the organisation's rows of some days.
func (db *DB) replaceSums(tx *gorm.DB, kind int, days []int, sums []tallyRow) error {
	if len(days) == 0 {
		return nil
	}
	if err := tx.Delete(&tallyRow{}, "set_id = ? AND scope = ? AND kind = ? AND day IN ?", db.tallies.id.Load(), everyService, kind, days).Error; err != nil {
		return err
	}
	return db.putTallies(tx, sums)
}

// addUpDays takes the marks away first: a service that is saved meanwhile waits with its own marks, or has set them and is seen.
func (db *DB) addUpDays(ctx context.Context, kind, from, to int) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		var days []int
		err := tx.Raw("DELETE FROM dirty_days WHERE set_id = ? AND kind = ? AND day BETWEEN ? AND ? RETURNING day", db.tallies.id.Load(), kind, from, to).Scan(&days).Error
		if err != nil || len(days) == 0 {
			return err
		}
		sums, err := db.sums(tx, kind, days)
		if err != nil {
			return err
		}
		return db.replaceSums(tx, kind, days, sums)
	})
}

// sums adds up the services' rows of some days.
func (db *DB) sums(tx *gorm.DB, kind int, days []int) ([]tallyRow, error) {
	byDay := map[int]*metrics.Gatherer{}
	knownBy := map[int]int64{}
	for _, d := range days {
		byDay[d] = nil
	}
	err := db.eachTally(tx.Raw(`SELECT t.scope, t.kind, t.day, t.known_by, t.body FROM tally_scopes s
		JOIN tallies t ON t.set_id = ? AND t.scope = s.id AND t.kind = ? AND t.day BETWEEN ? AND ?`,
		db.tallies.id.Load(), kind, slices.Min(days), slices.Max(days)), func(r tallyRow) error {
		sum, wanted := byDay[r.Day]
		if !wanted {
			return nil
		}
		if sum == nil {
			sum = metrics.NewDayGatherer()
			byDay[r.Day] = sum
			knownBy[r.Day] = r.KnownBy
		}
		knownBy[r.Day] = max(knownBy[r.Day], r.KnownBy)
		return sum.Coded(r.Day, r.Body)
	})
	var rows []tallyRow
	for day, sum := range byDay {
		if sum != nil {
			t := sum.Sum()
			rows = append(rows, tallyRow{SetID: db.tallies.id.Load(), Scope: everyService, Kind: kind, Day: day, KnownBy: knownBy[day], Body: t.AppendCoded(nil)})
		}
	}
	slices.SortFunc(rows, func(a, b tallyRow) int { return a.Day - b.Day })
	return rows, err
}
