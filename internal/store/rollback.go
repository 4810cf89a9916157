package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics/gate"
)

// Rollback is a deployment whose watch ended in failed, and what its service's hook was told of it.
type Rollback struct {
	gate.RollbackNote

	Service string
	// ID is the same whenever and by whomever the hook is told of this deployment.
	ID string
	// Body is what is sent, the same bytes at every try; empty where nothing is.
	Body string
	// NextAt is when it may be tried, and UntilAt when that ends.
	NextAt, UntilAt time.Time
}

type rollbackRow struct {
	Service    string `gorm:"primaryKey"`
	Deployment string `gorm:"primaryKey"`
	ID         string
	State      string
	Says       string
	Body       string
	Tries      int
	FoundAt    int64
	NextAt     int64
	UntilAt    int64
}

func (rollbackRow) TableName() string { return "rollbacks" }

type rollbackHookRow struct {
	Service string `gorm:"primaryKey"`
	Target  string
	Since   int64
}

func (rollbackHookRow) TableName() string { return "rollback_hooks" }

// SeeRollbackHooks takes down which services have a hook, each with a word for where it leads, and tells since when that is so. A hook that
// leads elsewhere is a new one; one that is gone is forgotten, and what it was to be told is told nobody.
func (db *DB) SeeRollbackHooks(ctx context.Context, targets map[string]string) (map[string]time.Time, error) {
	since := map[string]time.Time{}
	err := db.change(ctx, func(tx *gorm.DB) error {
		var rows []rollbackHookRow
		if err := tx.Find(&rows).Error; err != nil {
			return err
		}
		known := map[string]rollbackHookRow{}
		for _, r := range rows {
			known[r.Service] = r
			if targets[r.Service] != "" {
				continue
			}
			if err := forgetHook(tx, r.Service); err != nil {
				return err
			}
		}
		for service, target := range targets {
			r := known[service]
			if r.Target != target {
				r = rollbackHookRow{Service: service, Target: target, Since: toMilli(db.clock())}
				if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r).Error; err != nil {
					return err
				}
			}
			since[service] = fromMilli(r.Since)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("taking down which services have a rollback hook: %w", err)
	}
	return since, nil
}

func forgetHook(tx *gorm.DB, service string) error {
	ended := map[string]any{"state": string(gate.RollbackGaveUp), "says": "the hook is no longer configured"}
	if err := tx.Model(&rollbackRow{}).Where("service = ? AND state = 'waiting'", service).Updates(ended).Error; err != nil {
		return err
	}
	return tx.Delete(&rollbackHookRow{}, "service = ?", service).Error
}

// AddRollback keeps what was found; fresh is false where it was found before, by whichever server.
func (db *DB) AddRollback(ctx context.Context, r Rollback) (fresh bool, err error) {
	row := rollbackRow{
		Service: r.Service, Deployment: r.Deployment, ID: r.ID, State: string(r.State), Says: plain(r.Says, longestText), Body: r.Body,
		FoundAt: toMilli(r.FoundAt), NextAt: toMilli(r.NextAt), UntilAt: toMilli(r.UntilAt),
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		fresh = made.RowsAffected == 1
		return made.Error
	})
	if err != nil {
		return false, fmt.Errorf("keeping that %s of %s is to be rolled back: %w", r.Deployment, r.Service, err)
	}
	return fresh, nil
}

// DueRollbacks are those that may be tried now, the longest due first.
func (db *DB) DueRollbacks(ctx context.Context, limit int) ([]Rollback, error) {
	var rows []rollbackRow
	err := db.read.WithContext(ctx).Where("state = 'waiting' AND next_at <= ?", toMilli(db.clock())).Order("next_at, service, deployment").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing the rollbacks to ask for: %w", err)
	}
	return rollbacksOf(rows), nil
}

// RollbackNotes are the newest of a service.
func (db *DB) RollbackNotes(ctx context.Context, service string, limit int) ([]gate.RollbackNote, error) {
	var rows []rollbackRow
	err := db.read.WithContext(ctx).Order("found_at DESC, deployment").Limit(limit).Find(&rows, "service = ?", service).Error
	if err != nil {
		return nil, fmt.Errorf("listing what the rollback hook of %s was told: %w", service, err)
	}
	notes := make([]gate.RollbackNote, len(rows))
	for i, r := range rows {
		notes[i] = r.note()
	}
	return notes, nil
}

// RollbackOf is what became of one deployment, nil where no hook was there or nothing was to be told.
func (db *DB) RollbackOf(ctx context.Context, service, deployment string) (*gate.RollbackNote, error) {
	var rows []rollbackRow
	if err := db.read.WithContext(ctx).Limit(1).Find(&rows, "service = ? AND deployment = ?", service, deployment).Error; err != nil {
		return nil, fmt.Errorf("looking for the rollback of %s of %s: %w", deployment, service, err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // nothing is the usual answer, and no fault
	}
	note := rows[0].note()
	return &note, nil
}

// rollbackTold is how long a diagnosis tells of a hook that did not take what it was told.
const rollbackTold = 7 * 24 * time.Hour

// failedRollbacks are the services whose hook was told of a failed watch last, since an instant, and did not take it.
func failedRollbacks(tx *gorm.DB, since time.Time) (map[string]gate.RollbackNote, error) {
	var rows []rollbackRow
	err := tx.Where("found_at >= ? AND state IN ?", ceilMilli(since), []gate.RollbackState{gate.RollbackAnswered, gate.RollbackRefused, gate.RollbackGaveUp}).
		Order("found_at, deployment").Find(&rows).Error
	last := map[string]gate.RollbackNote{}
	for _, r := range rows {
		last[r.Service] = r.note()
	}
	maps.DeleteFunc(last, func(_ string, n gate.RollbackNote) bool { return n.State == gate.RollbackAnswered })
	return last, err
}

// ClaimRollback counts a try and takes it on until a time, when somebody else may try; false when another process was faster.
func (db *DB) ClaimRollback(ctx context.Context, r Rollback, until time.Time) (mine bool, err error) {
	err = db.change(ctx, func(tx *gorm.DB) error {
		done := r.row(tx).Where("state = 'waiting' AND tries = ? AND next_at = ?", r.Tries, toMilli(r.NextAt)).
			Updates(map[string]any{"tries": r.Tries + 1, "next_at": toMilli(until)})
		mine = done.RowsAffected == 1
		return done.Error
	})
	if err != nil {
		return false, r.fault("taking on", err)
	}
	return mine, nil
}

// SaveRollback keeps what became of the try that r counts. ErrMoved when it took so long that another one has begun.
func (db *DB) SaveRollback(ctx context.Context, r Rollback) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		done := r.row(tx).Where("state = 'waiting' AND tries = ?", r.Tries).
			Updates(map[string]any{"state": string(r.State), "says": plain(r.Says, longestText), "next_at": toMilli(r.NextAt)})
		if done.Error == nil && done.RowsAffected == 0 {
			return ErrMoved
		}
		return done.Error
	})
	if err != nil {
		return r.fault("keeping what became of", err)
	}
	return nil
}

// ForgetRollbacks forgets what was found before an instant.
func (db *DB) ForgetRollbacks(ctx context.Context, before time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error { return tx.Delete(&rollbackRow{}, "found_at < ?", ceilMilli(before)).Error })
	if err != nil {
		return fmt.Errorf("forgetting rollbacks that were asked for: %w", err)
	}
	return nil
}

func (r Rollback) row(tx *gorm.DB) *gorm.DB {
	return tx.Model(&rollbackRow{}).Where("service = ? AND deployment = ?", r.Service, r.Deployment)
}

func (r Rollback) fault(doing string, err error) error {
	return fmt.Errorf("%s the rollback of %s of %s: %w", doing, r.Deployment, r.Service, err)
}

func (r rollbackRow) note() gate.RollbackNote {
	return gate.RollbackNote{Deployment: r.Deployment, State: gate.RollbackState(r.State), Says: r.Says, Tries: r.Tries, FoundAt: fromMilli(r.FoundAt)}
}

func rollbacksOf(rows []rollbackRow) []Rollback {
	list := make([]Rollback, len(rows))
	for i, r := range rows {
		list[i] = Rollback{RollbackNote: r.note(), Service: r.Service, ID: r.ID, Body: r.Body, NextAt: fromMilli(r.NextAt), UntilAt: fromMilli(r.UntilAt)}
	}
	return list
}
