package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// KeepFacts derives the facts of events that it does not store, and stores the facts and their tallies as Refresh would. It is for
// measuring what questions cost at sizes whose events nobody wants to keep: a service whose events come later loses such facts.
// Services that are there already stay as they are.
func (db *DB) KeepFacts(ctx context.Context, events []metrics.Event) error {
	found := map[string]outcome{}
	for _, part := range metrics.Split(events, db.rules) {
		if part.Service.Name != "" {
			facts := metrics.Derive(part.Service, part.Events, db.rules)
			found[part.Service.Name] = outcome{touched: 1, present: true, service: part.Service, facts: facts}
		}
	}
	if err := db.change(ctx, func(tx *gorm.DB) error { return knowServices(tx, slices.Sorted(maps.Keys(found))) }); err != nil {
		return fmt.Errorf("storing %d services: %w", len(found), err)
	}
	if err := db.saveOutcomes(ctx, found); err != nil {
		return fmt.Errorf("storing the facts of %d services: %w", len(found), err)
	}
	return nil
}

// knowServices makes services known that are not yet, as touched once and never derived.
func knowServices(tx *gorm.DB, names []string) error {
	for part := range slices.Chunk(names, namesPerStatement) {
		rows := make([]serviceRow, len(part))
		for i, name := range part {
			rows[i] = serviceRow{Name: name, Touched: 1, Derived: never}
		}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error; err != nil {
			return err
		}
	}
	return nil
}
