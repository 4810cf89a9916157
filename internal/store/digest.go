package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Mailing is one weekly digest on one channel.
type Mailing struct {
	Week     string // its first day, "2026-03-02"
	Audience string // a team; empty for leadership
	Channel  string // "mail", or the name of a webhook; no address
	BegunAt  time.Time
	SentAt   time.Time // zero while it is not known to have arrived
}

type digestRow struct {
	Week     string `gorm:"primaryKey"`
	Audience string `gorm:"primaryKey"`
	Channel  string `gorm:"primaryKey"`
	Begun    int64
	Sent     int64
}

func (digestRow) TableName() string { return "digests" }

// Mailings are those of an audience's digest of a week.
func (db *DB) Mailings(ctx context.Context, week, audience string) ([]Mailing, error) {
	var rows []digestRow
	if err := db.read.WithContext(ctx).Order("channel").Find(&rows, "week = ? AND audience = ?", week, audience).Error; err != nil {
		return nil, fmt.Errorf("what went out of the digest of %s: %w", week, err)
	}
	var list []Mailing
	for _, r := range rows {
		m := Mailing{Week: r.Week, Audience: r.Audience, Channel: r.Channel, BegunAt: fromMilli(r.Begun)}
		if r.Sent != 0 {
			m.SentAt = fromMilli(r.Sent)
		}
		list = append(list, m)
	}
	return list, nil
}

// BeginMailing lets one of all who ask send: the others get ErrMoved.
func (db *DB) BeginMailing(ctx context.Context, m Mailing) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		row := digestRow{Week: m.Week, Audience: m.Audience, Channel: m.Channel, Begun: toMilli(db.clock())}
		made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if made.Error == nil && made.RowsAffected == 0 {
			return ErrMoved
		}
		return made.Error
	})
	return m.fault("beginning", err)
}

// EndMailing notes that a digest arrived.
func (db *DB) EndMailing(ctx context.Context, m Mailing) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		return m.row(tx).Update("sent", toMilli(db.clock())).Error
	})
	return m.fault("noting", err)
}

// TakeBackMailing forgets a sending: certainly nobody got it, or somebody wants it once more.
func (db *DB) TakeBackMailing(ctx context.Context, m Mailing) error {
	err := db.change(ctx, func(tx *gorm.DB) error { return m.row(tx).Delete(&digestRow{}).Error })
	return m.fault("taking back", err)
}

func (m Mailing) row(tx *gorm.DB) *gorm.DB {
	return tx.Model(&digestRow{}).Where("week = ? AND audience = ? AND channel = ?", m.Week, m.Audience, m.Channel)
}

func (m Mailing) fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the digest of %s on %s: %w", doing, m.Week, m.Channel, err)
}
