package store

import (
	"context"
	"errors"
	"fmt"
)

// servicesWorthWaitingFor is how many services a question about the organisation waits for to be derived under new rules. When
// there are more it is answered from the last complete tallies, which are of the old rules, until the new ones are complete.
const servicesWorthWaitingFor = 200

// readableSet is the set of tallies to read for some services, or for all: ours, brought up to date first, or while a large
// rebuild goes on the one before.
func (db *DB) readableSet(ctx context.Context, services []string) (int64, error) {
	if len(services) > 0 {
		return db.tallies.id, db.freshen(ctx, services)
	}
	before, err := db.setBefore(ctx)
	if err != nil || before != 0 {
		return before, err
	}
	return db.tallies.id, db.Refresh(ctx)
}

// freshen derives those of the services whose facts are out of date.
func (db *DB) freshen(ctx context.Context, services []string) error {
	var stale []string
	err := db.read.WithContext(ctx).Raw(`SELECT name FROM services WHERE name IN ? AND (touched <> derived OR rules <> ?) ORDER BY name`,
		services, db.print).Scan(&stale).Error
	if err != nil {
		return fmt.Errorf("looking for services to derive: %w", err)
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
			db.tallies.zone.String(), db.tallies.definition.Name, db.tallies.id, db.tallies.id).Error
	if err != nil || len(before) == 0 {
		return 0, err
	}
	done, err := db.Rebuild(ctx)
	if err != nil || done.Total-done.Done <= servicesWorthWaitingFor {
		return 0, err
	}
	return before[0].ID, nil
}

// Rebuilt says how far the facts of all services are derived under the rules in force.
type Rebuilt struct{ Done, Total int }

// Rebuild reports how far a change of rules has got.
func (db *DB) Rebuild(ctx context.Context) (Rebuilt, error) {
	var r Rebuilt
	err := db.read.WithContext(ctx).Raw("SELECT count(*) AS total, coalesce(sum(CASE WHEN rules = ? THEN 1 ELSE 0 END), 0) AS done FROM services", db.print).Scan(&r).Error
	if err != nil {
		return r, fmt.Errorf("counting services: %w", err)
	}
	return r, nil
}

// completeSet says, when every service is derived, that our tallies can be read, and forgets those made under other rules.
func (db *DB) completeSet(ctx context.Context) error {
	if db.tallies.complete.Load() {
		return nil
	}
	if err := db.write.WithContext(ctx).Exec("UPDATE tally_sets SET complete = ? WHERE id = ? AND NOT complete", true, db.tallies.id).Error; err != nil {
		return err
	}
	db.tallies.complete.Store(true)
	var others []int64
	if err := db.read.WithContext(ctx).Model(&tallySetRow{}).Where("id < ?", db.tallies.id).Pluck("id", &others).Error; err != nil {
		return err
	}
	for _, id := range others {
		if err := db.forgetSet(ctx, id); err != nil {
			return fmt.Errorf("forgetting old tallies: %w", err)
		}
	}
	return nil
}

// forgetSet deletes a set service by service, so that no writer waits for long.
func (db *DB) forgetSet(ctx context.Context, id int64) error {
	var scopes []int64
	if err := db.read.WithContext(ctx).Raw("SELECT 0 UNION ALL SELECT id FROM tally_scopes").Scan(&scopes).Error; err != nil {
		return err
	}
	for _, scope := range scopes {
		if err := db.write.WithContext(ctx).Delete(&tallyRow{}, "set_id = ? AND scope = ?", id, scope).Error; err != nil {
			return err
		}
	}
	for _, table := range []any{&dirtyDayRow{}, &observedRow{}, &outageRow{}} {
		if err := db.write.WithContext(ctx).Delete(table, "set_id = ?", id).Error; err != nil {
			return err
		}
	}
	return db.write.WithContext(ctx).Delete(&tallySetRow{}, "id = ?", id).Error
}
