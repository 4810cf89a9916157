package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// selectRecent keeps SQLite, by its cross join, to the order in which the rollouts of each service are found by their time.
const selectRecent = `SELECT r.service, r.body, '' FROM services s CROSS JOIN rollouts r
	WHERE r.service = s.name AND r.finished_at >= ? AND (s.present OR s.declared) ORDER BY r.service, r.finished_at, r.id`

// RolloutsSince returns the rollouts of every service that finished at or after a time, without their changes, by service and finish.
// What events have changed is derived first.
func (db *DB) RolloutsSince(ctx context.Context, since time.Time) ([]metrics.Rollout, error) {
	if err := db.Refresh(ctx); err != nil {
		return nil, err
	}
	all := []metrics.Rollout{}
	err := db.look(ctx, func(tx *gorm.DB) error {
		rows, err := tx.Raw(selectRecent, ceilMilli(since)).Rows()
		if err != nil {
			return err
		}
		return decodeRollouts(rows, func(_ string, run []metrics.Rollout) { all = append(all, run...) })
	})
	if err != nil {
		return nil, fmt.Errorf("reading the rollouts since %s: %w", since.UTC().Format(time.RFC3339), err)
	}
	return all, nil
}
