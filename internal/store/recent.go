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

// selectDeployed is cut to that order for the same reason.
const selectDeployed = `SELECT r.service, r.finished_at FROM services s CROSS JOIN rollouts r
	WHERE r.service = s.name AND r.finished_at >= ? AND r.finished_at < ? AND r.environment_kind = ? AND r.kind <> ? AND (s.present OR s.declared)
	ORDER BY r.service, r.finished_at, r.id`

// Deployed returns when each service's rollouts to production finished in a window, in order, but for redeploys of the live
// revision. What events have changed is derived first.
func (db *DB) Deployed(ctx context.Context, w metrics.Window) (map[string][]time.Time, error) {
	if err := db.Refresh(ctx); err != nil {
		return nil, err
	}
	var rows []struct {
		Service    string
		FinishedAt int64
	}
	err := db.look(ctx, func(tx *gorm.DB) error {
		return tx.Raw(selectDeployed, ceilMilli(w.From), ceilMilli(w.To), metrics.Production, metrics.Redeploy).Scan(&rows).Error
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was deployed from %s to %s: %w", w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339), err)
	}
	deployed := map[string][]time.Time{}
	for _, r := range rows {
		deployed[r.Service] = append(deployed[r.Service], fromMilli(r.FinishedAt))
	}
	return deployed, nil
}

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
