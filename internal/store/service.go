package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// declare takes over the services that the rules declare, and forgets the declaration of those they no longer do.
func (db *DB) declare(ctx context.Context) error {
	var services []serviceRow
	var links []linkRow
	for _, s := range db.rules.Services {
		services = append(services, serviceRow{Name: s.Name, Declared: true, Derived: never})
		for _, repository := range s.Repositories {
			links = append(links, linkRow{Repository: repository, Service: s.Name, Declared: true})
		}
	}
	slices.SortFunc(services, func(a, b serviceRow) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(links, compareLinks)
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := keepUnder(tx, db.configuration, db.tallies.zone); err != nil {
			return err
		}
		var old []linkRow
		if err := tx.Find(&old, "declared").Error; err != nil {
			return err
		}
		services := slices.CompactFunc(services, func(a, b serviceRow) bool { return a.Name == b.Name })
		if err := redeclare(tx, &serviceRow{}, services, "name"); err != nil {
			return err
		}
		links := slices.Compact(links)
		if err := redeclare(tx, &linkRow{}, links, "repository", "service"); err != nil {
			return err
		}
		return release(tx, slices.DeleteFunc(old, func(l linkRow) bool { return slices.Contains(links, l) }))
	})
	if err != nil {
		return fmt.Errorf("storing the declared services: %w", err)
	}
	return nil
}

// redeclare marks exactly the given rows of a table as declared.
func redeclare[Row any](tx *gorm.DB, table *Row, rows []Row, key ...string) error {
	if err := tx.Model(table).Where("declared").Update("declared", false).Error; err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	declared := clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"declared": true})}
	for _, name := range key {
		declared.Columns = append(declared.Columns, clause.Column{Name: name})
	}
	return tx.Clauses(declared).CreateInBatches(rows, namesPerStatement).Error
}

// release lets a repository that is no longer declared for a service be one itself.
func release(tx *gorm.DB, links []linkRow) error {
	var names []string
	for _, l := range links {
		names = append(names, l.Repository)
	}
	names = unique(names)
	for _, name := range names {
		own := linkRow{Repository: name, Service: name}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&own).Error; err != nil {
			return err
		}
	}
	return touchServices(tx, names)
}

func compareLinks(a, b linkRow) int {
	return cmp.Or(strings.Compare(a.Repository, b.Repository), strings.Compare(a.Service, b.Service))
}

func (db *DB) declares(name string) bool {
	return slices.ContainsFunc(db.rules.Services, func(s metrics.Service) bool { return s.Name == name })
}

// declared is the declaration of a service, or what is assumed of one that has none.
func (db *DB) declared(name string) metrics.Service {
	for _, s := range db.rules.Services {
		if s.Name == name {
			return s
		}
	}
	return metrics.Service{Name: name, Tier: metrics.Standard}
}

// Services lists the services that are declared or have events of their own, by name.
func (db *DB) Services(ctx context.Context) ([]metrics.Service, error) {
	if _, _, rebuilding, err := db.Rebuild(ctx); err != nil {
		return nil, err
	} else if !rebuilding { // else the list is as it was: nobody waits for all services to be derived to learn their names
		if err := db.Refresh(ctx); err != nil {
			return nil, err
		}
	}
	return db.StoredServices(ctx)
}

// StoredServices is Services as they were derived last: it derives nothing, and so needs no rules.
func (db *DB) StoredServices(ctx context.Context) ([]metrics.Service, error) {
	var rows []serviceRow
	err := db.read.WithContext(ctx).Order("name").Find(&rows, "present OR declared").Error
	if err != nil {
		return nil, fmt.Errorf("listing services: %w", err)
	}
	list := make([]metrics.Service, len(rows))
	for i, row := range rows {
		if list[i], err = db.service(row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Service describes one service. ErrNotFound when nothing declares it and no event belongs to it.
func (db *DB) Service(ctx context.Context, name string) (metrics.Service, error) {
	if _, err := db.facts(ctx, name, part{}); err != nil {
		return metrics.Service{}, err
	}
	var row serviceRow
	if err := db.read.WithContext(ctx).Take(&row, "name = ?", name).Error; err != nil {
		return metrics.Service{}, fmt.Errorf("reading service %s: %w", name, err)
	}
	return db.service(row)
}

func (db *DB) service(row serviceRow) (metrics.Service, error) {
	if row.Document == "" {
		return db.declared(row.Name), nil
	}
	var s metrics.Service
	if err := json.Unmarshal([]byte(row.Document), &s); err != nil {
		return s, fmt.Errorf("stored service %s: %w", row.Name, err)
	}
	return s, nil
}
