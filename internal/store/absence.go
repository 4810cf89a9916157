package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics/gate"
)

// beatRow is when any server was there first and last.
type beatRow struct {
	ID              int64 `gorm:"primaryKey;autoIncrement:false"`
	FirstAt, SeenAt int64
}

func (beatRow) TableName() string { return "gate_beats" }

// gapRow is a time without a beat.
type gapRow struct {
	StartedAt int64 `gorm:"primaryKey;autoIncrement:false"`
	EndedAt   int64
	OfStore   bool // a server ran, and could not reach the database
}

func (gapRow) TableName() string { return "gate_gaps" }

// unaskedRow is a promotion that a client decided about by itself.
type unaskedRow struct {
	ID     string `gorm:"primaryKey"`
	At     int64
	Caller string
	Body   string
}

func (unaskedRow) TableName() string { return "gate_unasked" }

// oneBeat is the id of the one row of beats.
const oneBeat = 1

// Present notes that a server is there, and the time before in which none was. Lost says that this one was there meanwhile and could not reach
// the database. Of several servers that beat at a time one writes.
func (db *DB) Present(ctx context.Context, at time.Time, lost bool) error {
	now := toMilli(at)
	var last beatRow
	err := db.read.WithContext(ctx).Take(&last, "id = ?", oneBeat).Error
	if err == nil && now-last.SeenAt < gate.BeatEvery.Milliseconds()/2 {
		return nil // another server has just done so, or has a clock that is ahead
	}
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("reading when a server was there last: %w", err)
	}
	return db.change(ctx, func(tx *gorm.DB) error {
		if err != nil {
			return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&beatRow{ID: oneBeat, FirstAt: now, SeenAt: now}).Error
		}
		done := tx.Model(&beatRow{}).Where("id = ? AND seen_at = ?", oneBeat, last.SeenAt).Update("seen_at", now)
		if done.Error != nil || done.RowsAffected == 0 || now-last.SeenAt <= gate.BeatGap.Milliseconds() {
			return done.Error
		}
		return tx.Create(&gapRow{StartedAt: last.SeenAt, EndedAt: now, OfStore: lost}).Error
	})
}

// Gaps lists the times without a server that reach into a window, oldest first, and since when they are noted: the zero time before the
// first beat.
func (db *DB) Gaps(ctx context.Context, from, to time.Time) (since time.Time, gaps []gate.Gap, err error) {
	var beat []beatRow
	var rows []gapRow
	err = errors.Join(
		db.read.WithContext(ctx).Limit(1).Find(&beat, "id = ?", oneBeat).Error,
		db.read.WithContext(ctx).Order("started_at").Find(&rows, "ended_at > ? AND started_at < ?", toMilli(from), ceilMilli(to)).Error)
	if err != nil {
		return since, nil, fmt.Errorf("listing the times without a server: %w", err)
	}
	for _, row := range rows {
		gaps = append(gaps, gate.Gap{From: fromMilli(row.StartedAt), To: fromMilli(row.EndedAt), Database: row.OfStore})
	}
	if len(beat) > 0 {
		since = fromMilli(beat[0].FirstAt)
	}
	return since, gaps, nil
}

// AddUnasked keeps what a client decided by itself. The same id again changes nothing.
func (db *DB) AddUnasked(ctx context.Context, u gate.Unasked, caller string) error {
	body, err := json.Marshal(u)
	if err != nil {
		return err
	}
	row := unaskedRow{ID: u.ID, At: toMilli(u.At), Caller: caller, Body: string(body)}
	return db.change(ctx, func(tx *gorm.DB) error { return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error })
}

// Unasked lists what clients decided by themselves in a window (half-open), oldest first.
func (db *DB) Unasked(ctx context.Context, from, to time.Time) ([]gate.Unasked, error) {
	var rows []unaskedRow
	err := db.read.WithContext(ctx).Order("at, id").Find(&rows, "at >= ? AND at < ?", ceilMilli(from), ceilMilli(to)).Error
	if err != nil {
		return nil, fmt.Errorf("listing what clients decided by themselves: %w", err)
	}
	list := make([]gate.Unasked, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &list[i]); err != nil {
			return nil, fmt.Errorf("stored decision of a client: %w", err)
		}
	}
	return list, nil
}
