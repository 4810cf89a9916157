package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// reportRow is how a promotion went.
type reportRow struct {
	Decision string `gorm:"primaryKey"`
	Outcome  string
	At       int64
	Caller   string
}

func (reportRow) TableName() string { return "gate_reports" }

// Report keeps the outcome of what a decision let through, and the deployment that it is, in one transaction. The same outcome again
// changes nothing; another one is ErrDuplicate.
func (db *DB) Report(ctx context.Context, decision, outcome, caller string, deployment []metrics.Event) error {
	rows, err := db.eventRows(deployment)
	if err != nil {
		return err
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Create(&reportRow{Decision: decision, Outcome: outcome, At: toMilli(db.clock()), Caller: caller}).Error; err != nil {
			return err
		}
		if len(rows) == 0 { // nothing went out: whoever is on hold for it need not wait any longer
			return touchServiceOf(tx, decision)
		}
		_, err := db.append(tx, rows)
		return err
	})
	if !errors.Is(err, gorm.ErrDuplicatedKey) {
		return err
	}
	var kept reportRow
	if err := db.read.WithContext(ctx).Take(&kept, "decision = ?", decision).Error; err != nil {
		return fmt.Errorf("report of %s: %w", decision, err)
	}
	if kept.Outcome != outcome {
		return duplicate("decision %s was reported as %s before, and a report is final", decision, kept.Outcome)
	}
	return nil
}

// Promotions lists what decisions let through for a service at or after since, oldest first, each with whether it was reported.
func (db *DB) Promotions(ctx context.Context, service string, since time.Time) ([]gate.Promotion, error) {
	var rows []struct {
		Row      decisionRow `gorm:"embedded"`
		Reported bool
	}
	err := db.read.WithContext(ctx).Raw(`SELECT d.*, r.decision IS NOT NULL AS reported FROM decisions d
		LEFT JOIN gate_reports r ON r.decision = d.id
		WHERE d.service = ? AND d.at >= ? AND d.verdict IN ('allow', 'warn') ORDER BY d.at, d.seq`, service, ceilMilli(since)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing promotions of %s: %w", service, err)
	}
	var list []gate.Promotion
	for _, row := range rows {
		p, err := passedOfRow(row.Row)
		if err != nil {
			db.damaged(ctx, damagedRow{row.Row, err})
		}
		if p.isPromoted {
			p.promotion.Reported = row.Reported
			list = append(list, p.promotion)
		}
	}
	return list, nil
}
