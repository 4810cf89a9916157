package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type rollupRow struct {
	Quarter string `gorm:"primaryKey"`
	ToldAt  int64
	Body    string
}

func (rollupRow) TableName() string { return "rollups" }

// Rollup is what was told of a quarter, as it was kept.
func (db *DB) Rollup(ctx context.Context, quarter string) (body []byte, found bool, err error) {
	var rows []rollupRow
	if err := db.read.WithContext(ctx).Limit(1).Find(&rows, "quarter = ?", quarter).Error; err != nil {
		return nil, false, fmt.Errorf("the roll-up of %s: %w", quarter, err)
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	return []byte(rows[0].Body), true, nil
}

// KeepRollup keeps what is told of a quarter, and returns what stands: that of whoever was first.
func (db *DB) KeepRollup(ctx context.Context, quarter string, body []byte) ([]byte, error) {
	var stands rollupRow
	err := db.change(ctx, func(tx *gorm.DB) error {
		row := rollupRow{Quarter: quarter, ToldAt: toMilli(db.clock()), Body: string(body)}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		return tx.First(&stands, "quarter = ?", quarter).Error
	})
	if err != nil {
		return nil, fmt.Errorf("keeping the roll-up of %s: %w", quarter, err)
	}
	return []byte(stands.Body), nil
}
