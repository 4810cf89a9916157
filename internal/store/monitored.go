package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Place is an environment that a service went to.
type Place struct {
	Service, Environment string
	Kind                 metrics.EnvironmentKind
}

// Places lists the environments that services went to, by service and name.
func (db *DB) Places(ctx context.Context) ([]Place, error) {
	var rows []environmentRow
	if err := db.read.WithContext(ctx).Order("service, name").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing environments: %w", err)
	}
	places := make([]Place, len(rows))
	for i, row := range rows {
		places[i] = Place{row.Service, row.Name, metrics.EnvironmentKind(row.Kind)}
	}
	return places, nil
}

// SaveMonitored keeps what a source of signals showed of services, by their names, in place of what that source showed of the same
// environments before. Of services that nobody knows nothing is kept.
func (db *DB) SaveMonitored(ctx context.Context, seen map[string][]gate.Monitored) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			if err := db.saveMonitored(tx, name, seen[name]); err != nil {
				return fmt.Errorf("keeping the signals of %s: %w", name, err)
			}
		}
		return nil
	})
}

func (db *DB) saveMonitored(tx *gorm.DB, service string, seen []gate.Monitored) error {
	var rows []serviceRow
	if err := tx.Raw("SELECT * FROM services WHERE name = ?"+db.dialect.lock, service).Scan(&rows).Error; err != nil || len(rows) == 0 {
		return err
	}
	kept, err := monitoredOf(rows[0])
	if err != nil {
		return err
	}
	for _, one := range seen {
		kept = slices.DeleteFunc(kept, func(m gate.Monitored) bool { return m.Source == one.Source && m.Environment == one.Environment })
	}
	body, err := json.Marshal(append(kept, seen...))
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE services SET monitored = ? WHERE name = ?", string(body), service).Error
}

// monitoredOf is what is kept of a service's signals.
func monitoredOf(row serviceRow) (kept []gate.Monitored, err error) {
	if row.Monitored == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(row.Monitored), &kept); err != nil {
		return nil, fmt.Errorf("stored signals of %s: %w", row.Name, err)
	}
	return kept, nil
}
