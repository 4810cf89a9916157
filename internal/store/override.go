package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

type overrideRow struct {
	ID          string `gorm:"primaryKey"`
	Service     string
	Environment string
	ExpiresAt   int64
	Second      string
	Used        int
	RevokedAt   int64
	Body        string
}

func (overrideRow) TableName() string { return "gate_overrides" }

type gateLogRow struct {
	Seq     int64 `gorm:"primaryKey;autoIncrement:false"`
	Service string
	Body    string
}

func (gateLogRow) TableName() string { return "gate_log" }

// AddOverride keeps an override that was asked for. ErrDuplicate when with others of the same scope it would let through more than most.
func (db *DB) AddOverride(ctx context.Context, o gate.Override, most int) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return db.change(ctx, func(tx *gorm.DB) error {
		if err := db.gateTurn(tx); err != nil {
			return err
		}
		others, err := overridesOf(tx, o.Service)
		if err != nil {
			return err
		}
		if taken := o.Taken(others); taken+o.Uses > most {
			return duplicate("overrides of the same scope already stand for %d of the %d promotions that the policy allows at a time; withdraw one, or wait until it has expired", taken, most)
		}
		row := overrideRow{ID: o.ID, Service: o.Service, Environment: o.Environment, ExpiresAt: toMilli(o.ExpiresAt), Second: o.Second, RevokedAt: toMilli(time.Time{}), Body: string(body)}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return db.logGate(tx, gate.LogEntry{Kind: gate.LogAsked, Subject: o.ID, Service: o.Service, Actor: o.By, Details: string(body)})
	})
}

// AgreeOverride notes one more person, and in which of the policy's roles. ErrDuplicate when that one has agreed, or as many have as it needs.
func (db *DB) AgreeOverride(ctx context.Context, id, by string, roles []string) (gate.Override, error) {
	told := gate.LogEntry{Kind: gate.LogAgreed, Actor: by}
	if len(roles) > 0 {
		told.Details = "as " + strings.Join(roles, ", ")
	}
	return db.changeOverride(ctx, id, told, func(row *overrideRow) error {
		o, err := row.override()
		if err != nil {
			return err
		}
		if agreed := o.Agreed(); len(agreed) >= o.Persons || slices.Contains(agreed, by) {
			return duplicate("override %s was agreed to by this person before, or by as many as it needs", id)
		}
		if row.Second == "" {
			row.Second = by
		} else {
			o.Others = append(o.Others, by)
		}
		o.NoteRoles(by, roles)
		body, err := json.Marshal(o)
		row.Body = string(body)
		return err
	})
}

// WithdrawOverride ends an override; once more changes nothing.
func (db *DB) WithdrawOverride(ctx context.Context, id, by string) (gate.Override, error) {
	return db.changeOverride(ctx, id, gate.LogEntry{Kind: gate.LogWithdrawn, Actor: by}, func(row *overrideRow) error {
		if fromMilli(row.RevokedAt).IsZero() {
			row.RevokedAt = toMilli(db.clock())
		}
		return nil
	})
}

func (db *DB) changeOverride(ctx context.Context, id string, told gate.LogEntry, change func(*overrideRow) error) (gate.Override, error) {
	var row overrideRow
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := db.gateTurn(tx); err != nil {
			return err
		}
		if err := tx.Take(&row, "id = ?", id).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return fmt.Errorf("override %s: %w", id, ErrNotFound)
		} else if err != nil {
			return err
		}
		if err := change(&row); err != nil {
			return err
		}
		told.Subject, told.Service = id, row.Service
		return errors.Join(tx.Save(&row).Error, db.logGate(tx, told))
	})
	if err != nil {
		return gate.Override{}, err
	}
	return row.override()
}

// useOverride counts one use within the transaction that logs the decision. ErrMoved when somebody was faster and it is used up.
func (db *DB) useOverride(tx *gorm.DB, l gate.Logged) error {
	if l.Override == "" || l.Snapshot.Override == nil {
		return nil
	}
	if err := db.gateTurn(tx); err != nil {
		return err
	}
	done := tx.Model(&overrideRow{}).Where("id = ? AND used = ? AND revoked_at = ?", l.Override, l.Snapshot.Override.Used, toMilli(time.Time{})).Update("used", gorm.Expr("used + 1"))
	if done.Error != nil {
		return done.Error
	}
	if done.RowsAffected == 0 {
		return fmt.Errorf("override %s was used by another promotion: %w", l.Override, ErrMoved)
	}
	return db.logGate(tx, gate.LogEntry{Kind: gate.LogUsed, Subject: l.Override, Service: l.Request.Service, Actor: l.Caller, Details: "decision " + l.ID})
}

// Overrides lists the overrides of a service, newest expiry first; all of them for "".
func (db *DB) Overrides(ctx context.Context, service string) ([]gate.Override, error) {
	return overridesOf(db.read.WithContext(ctx), service)
}

func overridesOf(tx *gorm.DB, service string) ([]gate.Override, error) {
	query := tx.Order("expires_at DESC, id")
	if service != "" {
		query = query.Where("service = ?", service)
	}
	var rows []overrideRow
	if err := query.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing overrides: %w", err)
	}
	list := make([]gate.Override, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.override(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (r overrideRow) override() (gate.Override, error) {
	var o gate.Override
	if err := json.Unmarshal([]byte(r.Body), &o); err != nil {
		return o, fmt.Errorf("stored override %s: %w", r.ID, err)
	}
	o.Second, o.Used, o.RevokedAt = r.Second, r.Used, fromMilli(r.RevokedAt)
	return o, nil
}

// NoteGate adds a line to the gate's log: of an override that was refused, or did nothing.
func (db *DB) NoteGate(ctx context.Context, e gate.LogEntry) error {
	return db.change(ctx, func(tx *gorm.DB) error { return db.logGate(tx, e) })
}

// gateTurn waits until nobody else adds to the gate's log, so that each line follows the last one.
func (db *DB) gateTurn(tx *gorm.DB) error {
	if db.dialect.lock == "" {
		return nil
	}
	return tx.Exec("SELECT name FROM turns WHERE name = 'gate' FOR UPDATE").Error
}

func (db *DB) logGate(tx *gorm.DB, e gate.LogEntry) error {
	if err := db.gateTurn(tx); err != nil {
		return err
	}
	var rows []gateLogRow
	if err := tx.Order("seq DESC").Limit(1).Find(&rows).Error; err != nil {
		return err
	}
	e.Seq, e.At = 1, db.clock()
	if len(rows) > 0 {
		var last gate.LogEntry
		if err := json.Unmarshal([]byte(rows[0].Body), &last); err != nil {
			return fmt.Errorf("the last line of the gate log: %w", err)
		}
		e.Seq, e.Previous = rows[0].Seq+1, last.Hash
	}
	sealed, err := e.Seal()
	if err != nil {
		return err
	}
	body, err := json.Marshal(sealed)
	if err != nil {
		return err
	}
	return tx.Create(&gateLogRow{Seq: sealed.Seq, Service: sealed.Service, Body: string(body)}).Error
}

// GateLog lists lines after a number, in their order. One that is not, byte for byte, what was written is given as it should be numbered
// and nothing else, so that a check of the hashes finds it.
func (db *DB) GateLog(ctx context.Context, after int64, limit int) ([]gate.LogEntry, error) {
	var rows []gateLogRow
	if err := db.read.WithContext(ctx).Where("seq > ?", after).Order("seq").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("reading the gate log: %w", err)
	}
	list := make([]gate.LogEntry, len(rows))
	for i, row := range rows {
		if e, sound := row.entry(); sound {
			list[i] = e
		} else {
			list[i] = gate.LogEntry{Seq: row.Seq}
		}
	}
	return list, nil
}

// entry reads a line; it is sound when writing it again gives the same row. Reading alone overlooks keys in other letters and keys that
// mean nothing.
func (r gateLogRow) entry() (e gate.LogEntry, sound bool) {
	if json.Unmarshal([]byte(r.Body), &e) != nil {
		return e, false
	}
	body, err := json.Marshal(e)
	return e, err == nil && string(body) == r.Body && e.Seq == r.Seq && e.Service == r.Service
}
