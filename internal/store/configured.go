package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Unnamed says what becomes of a database that is kept under a named configuration when it is opened without one: under the defaults its
// services would not be declared, and all facts be derived again to other ones.
type Unnamed int

// The ways.
const (
	// TakesOver keeps it under the defaults from now on.
	TakesOver Unnamed = iota
	// IsRefused opens nothing and changes nothing: ConfiguredError.
	IsRefused
	// LeavesAlone opens it for what needs no facts, and leaves declarations and facts as they are.
	LeavesAlone
)

// ConfiguredError says that the database is kept under a configuration, and that none was named.
type ConfiguredError struct {
	Name string // of the configuration
	Zone string // whose days its figures count
}

func (e *ConfiguredError) Error() string {
	return fmt.Sprintf("the database is kept under %s (days of %s), and no configuration is named", e.Name, e.Zone)
}

// configuredRow is the only one of its table.
type configuredRow struct {
	ID   int64 `gorm:"primaryKey"`
	Name string
	Zone string
}

func (configuredRow) TableName() string { return "configured" }

const theOnlyRow = 1

// keptUnder is the configuration under which the database is kept, the zero row where none was ever named.
func (db *DB) keptUnder(ctx context.Context) (configuredRow, error) {
	var rows []configuredRow
	if err := db.write.WithContext(ctx).Limit(1).Find(&rows, "id = ?", theOnlyRow).Error; err != nil || len(rows) == 0 {
		return configuredRow{}, err
	}
	return rows[0], nil
}

// admit tells whether the database is kept under our configuration from now on. It is an error where it must not be opened at all.
func (db *DB) admit(ctx context.Context, o Options) (keeps bool, err error) {
	row, err := db.keptUnder(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("reading under which configuration the database is kept: %w", err)
	case o.Configuration != "" || row.Name == "" || o.Unnamed == TakesOver:
		return true, nil
	case o.Unnamed == LeavesAlone:
		return false, nil
	}
	return false, &ConfiguredError{row.Name, row.Zone}
}

// keepUnder notes the configuration under which the database is kept from now on.
func keepUnder(tx *gorm.DB, name string, zone *time.Location) error {
	row := configuredRow{ID: theOnlyRow, Name: name, Zone: zone.String()}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}
