package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

// Observations lists the latest decisions about a service, newest first, each with how its criteria came out and the policy it was made by. One
// whose policy is not at hand, or is none that this version understands, shows nothing and is left out, and so is one that is damaged.
func (db *DB) Observations(ctx context.Context, service string, limit int) ([]gate.Observation, error) {
	var rows []decisionRow
	if err := latestAbout(db.read.WithContext(ctx), service, limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("reading the decisions about %s: %w", service, err)
	}
	policies, err := db.policiesOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	list := make([]gate.Observation, 0, len(rows))
	for _, row := range rows {
		policy := policies[row.Policy]
		if policy == nil {
			continue
		}
		l, err := row.whole()
		if err != nil {
			db.damaged(ctx, damagedRow{row, err})
			continue
		}
		list = append(list, l.Observation(policy))
	}
	return list, nil
}

// latestAbout reads in the order of the index by service and time: in any other one, every decision about the service would be read to sort them.
func latestAbout(tx *gorm.DB, service string, limit int) *gorm.DB {
	return tx.Where("service = ?", service).Order("at DESC, seq DESC").Limit(limit)
}

// policiesOf are the policies of decisions by their documents, each read once.
func (db *DB) policiesOf(ctx context.Context, rows []decisionRow) (map[string]*gate.Policy, error) {
	policies := map[string]*gate.Policy{}
	for _, row := range rows {
		if _, read := policies[row.Policy]; read {
			continue
		}
		var kept documentRow
		if err := db.read.WithContext(ctx).Take(&kept, "digest = ?", row.Policy).Error; err != nil {
			return nil, fmt.Errorf("policy %s of decision %s: %w", row.Policy, row.ID, err)
		}
		policies[row.Policy] = nil
		if p, err := gate.ParsePolicy(kept.Body); err == nil {
			policies[row.Policy] = &p
		}
	}
	return policies, nil
}
