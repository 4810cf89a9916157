package store

import (
	"context"
	"crypto/rand"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// secretRow is a random key that belongs to the database.
type secretRow struct {
	Purpose string `gorm:"primaryKey"`
	Secret  string
}

// secret returns the database's key for a purpose, drawn when first asked for. Of two processes that draw at the same time
// the first one's key stands for both.
func (db *DB) secret(ctx context.Context, purpose string) ([]byte, error) {
	row := secretRow{Purpose: purpose, Secret: rand.Text()}
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return err
		}
		return tx.Take(&row, "purpose = ?", purpose).Error
	})
	if err != nil {
		return nil, fmt.Errorf("the key for %s: %w", purpose, err)
	}
	return []byte(row.Secret), nil
}
