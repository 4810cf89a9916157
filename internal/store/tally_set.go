package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
)

// servicesWorthWaitingFor is how many services a question about the organisation waits for to be derived under new rules. When
// there are more it is answered from the last complete tallies, which are of the old rules, until the new ones are complete.
const servicesWorthWaitingFor = 200

// readableSet is the set of tallies to read for some services, or for all: ours, brought up to date first, or while a large
// rebuild goes on the one before.
func (db *DB) readableSet(ctx context.Context, services []string) (id int64, old bool, err error) {
	if len(services) > 0 {
		err = db.freshen(ctx, services)
		return db.tallies.id.Load(), false, err
	}
	if id, err = db.setBefore(ctx); err != nil || id != 0 {
		return id, true, err
	}
	err = db.Refresh(ctx)
	return db.tallies.id.Load(), false, err
}

// freshen derives those of the services whose facts are out of date.
func (db *DB) freshen(ctx context.Context, services []string) error {
	var stale []string
	for part := range slices.Chunk(services, namesPerStatement) {
		var some []string
		err := db.read.WithContext(ctx).Raw(`SELECT name FROM services WHERE name IN ? AND (touched <> derived OR rules <> ?) ORDER BY name`,
			part, db.print).Scan(&some).Error
		if err != nil {
			return fmt.Errorf("looking for services to derive: %w", err)
		}
		stale = append(stale, some...)
	}
	for _, name := range stale {
		if _, err := db.facts(ctx, name, part{}); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// setBefore is the last complete set under other rules, when there is one that answers the same questions and ours is far from
// complete; else 0.
func (db *DB) setBefore(ctx context.Context) (int64, error) {
	if db.tallies.complete.Load() {
		return 0, nil
	}
	var before []tallySetRow
	err := db.read.WithContext(ctx).Order("id DESC").Limit(1).
		Find(&before, "complete AND zone = ? AND definition = ? AND id <> ? AND NOT EXISTS (SELECT 1 FROM tally_sets o WHERE o.id = ? AND o.complete)",
			db.tallies.zone.String(), db.tallies.definition.Name, db.tallies.id.Load(), db.tallies.id.Load()).Error
	if err != nil || len(before) == 0 {
		return 0, err
	}
	done, total, err := db.derived(ctx)
	if err != nil || total-done <= servicesWorthWaitingFor {
		return 0, err
	}
	return before[0].ID, nil
}

// Rebuild counts the services and those of them whose facts are derived under our rules. Before tells that answers about the
// organisation still come from the tallies of the rules before.
func (db *DB) Rebuild(ctx context.Context) (done, total int, before bool, err error) {
	if db.tallies.complete.Load() {
		return 0, 0, false, nil
	}
	set, err := db.setBefore(ctx)
	if err != nil || set == 0 {
		return 0, 0, false, err
	}
	done, total, err = db.derived(ctx)
	return done, total, true, err
}

func (db *DB) derived(ctx context.Context) (done, total int, err error) {
	var r struct{ Done, Total int }
	err = db.read.WithContext(ctx).Raw("SELECT count(*) AS total, coalesce(sum(CASE WHEN rules = ? THEN 1 ELSE 0 END), 0) AS done FROM services", db.print).Scan(&r).Error
	if err != nil {
		err = fmt.Errorf("counting services: %w", err)
	}
	return r.Done, r.Total, err
}

// completeSet says, when every service is derived, that our tallies can be read, and forgets those made under other rules.
func (db *DB) completeSet(ctx context.Context) error {
	if db.tallies.complete.Load() {
		return nil
	}
	if err := db.write.WithContext(ctx).Exec("UPDATE tally_sets SET complete = ? WHERE id = ? AND NOT complete", true, db.tallies.id.Load()).Error; err != nil {
		return err
	}
	db.tallies.complete.Store(true)
	var others []tallySetRow
	if err := db.read.WithContext(ctx).Find(&others, "id < ?", db.tallies.id.Load()).Error; err != nil {
		return err
	}
	for _, other := range others {
		err := db.change(ctx, func(tx *gorm.DB) error { // from here on a program of those rules begins anew
			if err := tx.Delete(&tallySetRow{}, "id = ?", other.ID).Error; err != nil {
				return err
			}
			return disown(tx, other.Print)
		})
		if err != nil {
			return fmt.Errorf("forgetting old tallies: %w", err)
		}
	}
	return db.deleteForgotten(ctx)
}

// scopesPerDelete are forgotten in one transaction: few enough not to keep a writer waiting, many enough for few commits.
const scopesPerDelete = 32

// deleteForgotten deletes the rows of sets that are no more.
func (db *DB) deleteForgotten(ctx context.Context) error {
	for last := int64(-1); ; {
		var next []int64
		err := db.read.WithContext(ctx).Raw("SELECT set_id FROM tallies WHERE set_id > ? ORDER BY set_id LIMIT 1", last).Scan(&next).Error
		if err != nil || len(next) == 0 {
			return err
		}
		last = next[0]
		var known int64
		if err := db.read.WithContext(ctx).Model(&tallySetRow{}).Where("id = ?", last).Count(&known).Error; err != nil {
			return err
		}
		if known == 0 {
			if err := db.deleteRows(ctx, last); err != nil {
				return fmt.Errorf("deleting old tallies: %w", err)
			}
		}
	}
}

// deleteRows deletes those of a set, some services at a time.
func (db *DB) deleteRows(ctx context.Context, id int64) error {
	var scopes []int64
	if err := db.read.WithContext(ctx).Raw("SELECT 0 UNION ALL SELECT id FROM tally_scopes").Scan(&scopes).Error; err != nil {
		return err
	}
	for part := range slices.Chunk(scopes, scopesPerDelete) {
		if err := db.write.WithContext(ctx).Delete(&tallyRow{}, "set_id = ? AND scope IN ?", id, part).Error; err != nil {
			return err
		}
	}
	for _, table := range []any{&dirtyDayRow{}, &observedRow{}, &outageRow{}} {
		if err := db.write.WithContext(ctx).Delete(table, "set_id = ?", id).Error; err != nil {
			return err
		}
	}
	return nil
}
