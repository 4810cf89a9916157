package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// JobToken is a job token that was used, and the run that it is bound to.
type JobToken struct {
	Issuer, ID, Project, Run string
	Attempt                  int
	ExpiresAt                time.Time
}

type jobTokenRow struct {
	Issuer    string `gorm:"primaryKey"`
	ID        string `gorm:"primaryKey"`
	Project   string
	Run       string
	Attempt   int
	ExpiresAt int64
}

type reportTokenRow struct {
	Hash      string `gorm:"primaryKey"`
	Decision  string
	ExpiresAt int64
}

func (jobTokenRow) TableName() string    { return "job_tokens" }
func (reportTokenRow) TableName() string { return "report_tokens" }

// BindJobToken binds a token to a run at its first use, and returns what it is bound to: of two runs that use one token the first
// has it. What has expired is forgotten.
func (db *DB) BindJobToken(ctx context.Context, t JobToken) (JobToken, error) {
	row := jobTokenRow{t.Issuer, t.ID, t.Project, t.Run, t.Attempt, toMilli(t.ExpiresAt)}
	var kept []jobTokenRow
	find := func(tx *gorm.DB) error { return tx.Limit(1).Find(&kept, "issuer = ? AND id = ?", t.Issuer, t.ID).Error }
	err := find(db.read.WithContext(ctx))
	if err == nil && len(kept) == 0 {
		err = db.change(ctx, func(tx *gorm.DB) error {
			if err := tx.Delete(&jobTokenRow{}, "expires_at < ?", toMilli(db.clock())).Error; err != nil {
				return err
			}
			if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
				return err
			}
			return find(tx)
		})
	}
	if err != nil || len(kept) == 0 {
		return JobToken{}, fmt.Errorf("binding a job token of %s: %w", t.Issuer, err)
	}
	return JobToken{kept[0].Issuer, kept[0].ID, kept[0].Project, kept[0].Run, kept[0].Attempt, fromMilli(kept[0].ExpiresAt)}, nil
}

// AddReportToken keeps the hash of a token that lets its bearer report on one decision. What has expired is forgotten.
func (db *DB) AddReportToken(ctx context.Context, hash, decision string, until time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Delete(&reportTokenRow{}, "expires_at < ?", toMilli(db.clock())).Error; err != nil {
			return err
		}
		return tx.Create(&reportTokenRow{hash, decision, toMilli(until)}).Error
	})
	if err != nil {
		return fmt.Errorf("keeping the report token of %s: %w", decision, err)
	}
	return nil
}

// ReportToken returns the decision that a token in force may be used for. ErrNotFound when there is none.
func (db *DB) ReportToken(ctx context.Context, hash string) (decision string, err error) {
	var rows []reportTokenRow
	if err := db.read.WithContext(ctx).Limit(1).Find(&rows, "hash = ? AND expires_at > ?", hash, toMilli(db.clock())).Error; err != nil {
		return "", fmt.Errorf("looking up a report token: %w", err)
	}
	if len(rows) == 0 {
		return "", fmt.Errorf("report token: %w", ErrNotFound)
	}
	return rows[0].Decision, nil
}
