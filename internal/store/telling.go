package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Telling is one notice of the gate to a team on one channel.
type Telling struct {
	Notice   string // names what happened
	Audience string // a team
	Channel  string // "mail", or the name of a webhook; no address
	BegunAt  time.Time
	SentAt   time.Time // zero while it is not known to have arrived
	// AgainAt is when it may be tried again after a try that certainly brought nothing; zero in every other case.
	AgainAt time.Time
	Tries   int
}

type tellingRow struct {
	Notice   string `gorm:"primaryKey"`
	Audience string `gorm:"primaryKey"`
	Channel  string `gorm:"primaryKey"`
	Begun    int64
	Sent     int64
	Again    int64
	Tries    int
}

func (tellingRow) TableName() string { return "tellings" }

// Tellings are those of a notice to an audience.
func (db *DB) Tellings(ctx context.Context, notice, audience string) ([]Telling, error) {
	var rows []tellingRow
	if err := db.read.WithContext(ctx).Order("channel").Find(&rows, "notice = ? AND audience = ?", notice, audience).Error; err != nil {
		return nil, fmt.Errorf("who was told of %s: %w", notice, err)
	}
	var list []Telling
	for _, r := range rows {
		t := Telling{Notice: r.Notice, Audience: r.Audience, Channel: r.Channel, BegunAt: fromMilli(r.Begun), Tries: r.Tries}
		if r.Sent != 0 {
			t.SentAt = fromMilli(r.Sent)
		}
		if r.Again != 0 {
			t.AgainAt = fromMilli(r.Again)
		}
		list = append(list, t)
	}
	return list, nil
}

// BeginTelling lets one of all who ask try, the first time or once more after the tries that were read: the others get ErrMoved.
func (db *DB) BeginTelling(ctx context.Context, t Telling) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		begun := toMilli(db.clock())
		var made *gorm.DB
		if t.Tries == 0 {
			row := tellingRow{Notice: t.Notice, Audience: t.Audience, Channel: t.Channel, Begun: begun, Tries: 1}
			made = tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		} else {
			made = t.row(tx).Where("tries = ? AND again <> 0", t.Tries).Updates(map[string]any{"begun": begun, "again": 0, "tries": t.Tries + 1})
		}
		if made.Error == nil && made.RowsAffected == 0 {
			return ErrMoved
		}
		return made.Error
	})
	return t.fault("beginning to tell", err)
}

// EndTelling notes that a notice arrived.
func (db *DB) EndTelling(ctx context.Context, t Telling) error {
	err := db.change(ctx, func(tx *gorm.DB) error { return t.row(tx).Update("sent", toMilli(db.clock())).Error })
	return t.fault("noting that somebody was told", err)
}

// PutOffTelling notes that a try certainly brought nothing, and when the next may be.
func (db *DB) PutOffTelling(ctx context.Context, t Telling, until time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error { return t.row(tx).Update("again", toMilli(until)).Error })
	return t.fault("putting off to tell", err)
}

// ForgetTellings forgets what was begun before an instant.
func (db *DB) ForgetTellings(ctx context.Context, before time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error { return tx.Delete(&tellingRow{}, "begun < ?", ceilMilli(before)).Error })
	if err != nil {
		return fmt.Errorf("forgetting what teams were told: %w", err)
	}
	return nil
}

func (t Telling) row(tx *gorm.DB) *gorm.DB {
	return tx.Model(&tellingRow{}).Where("notice = ? AND audience = ? AND channel = ?", t.Notice, t.Audience, t.Channel)
}

func (t Telling) fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s of %s on %s: %w", doing, t.Notice, t.Channel, err)
}
