package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"gorm.io/gorm"
)

// Entry is a line of the audit log: who did what to what. The log is added to and never changed; the database refuses it.
type Entry struct {
	At      time.Time // set by the store
	Actor   string
	Action  string
	Subject string
	Details string
}

// Audit adds an entry.
func (db *DB) Audit(ctx context.Context, e Entry) error {
	if err := db.change(ctx, func(tx *gorm.DB) error { return db.note(tx, e) }); err != nil {
		return fmt.Errorf("adding to the audit log: %w", err)
	}
	return nil
}

// note adds an entry within the transaction of the deed it tells of.
func (db *DB) note(tx *gorm.DB, e Entry) error {
	row := auditRow{At: toMilli(db.clock()), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Details: e.Details}
	return tx.Omit("Seq").Create(&row).Error
}

// AuditLog lists entries, newest first. A page begins after cursor; next is the cursor of the following page, "" at the end.
func (db *DB) AuditLog(ctx context.Context, cursor string, limit int) (list []Entry, next string, err error) {
	before, err := beforeCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	var rows []auditRow
	if err := db.read.WithContext(ctx).Where("seq < ?", before).Order("seq DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("reading the audit log: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	for _, r := range rows {
		list = append(list, Entry{At: fromMilli(r.At), Actor: r.Actor, Action: r.Action, Subject: r.Subject, Details: r.Details})
	}
	return list, next, nil
}

// beforeCursor reads the cursor of a list that runs from new to old: the sequence number of the last row shown.
func beforeCursor(cursor string) (int64, error) {
	if cursor == "" {
		return math.MaxInt64, nil
	}
	before, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cursor %q is not one of this list; take it from the page before: %w", cursor, ErrNotFound)
	}
	return before, nil
}
