package store

import (
	"context"
	"errors"
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
	// LeavesAlone opens it for what needs no facts, and leaves declarations and facts as they are, whatever is named.
	LeavesAlone
)

// ConfiguredError says that the database is kept under a configuration, and that none was named.
type ConfiguredError struct {
	Name string // of the configuration, empty where a program kept it that did not note the name
	Zone string // whose days its figures count
}

func (e *ConfiguredError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("the database is kept under a configuration whose name it does not know yet (days of %s), and none is named", e.Zone)
	}
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

// keptUnder is the configuration under which the database is kept, nil where nobody noted one: a new database, or one that a program wrote
// which did not. It is asked before the schema is brought up to date, and so reads no column without looking for it.
func (db *DB) keptUnder(ctx context.Context) (*configuredRow, error) {
	if there, err := db.hasColumns(ctx, "configured", "id", "name", "zone"); !there || err != nil {
		return nil, err
	}
	var rows []configuredRow
	if err := db.write.WithContext(ctx).Limit(1).Find(&rows, "id = ?", theOnlyRow).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// signsOfOne looks for a configuration in a database that notes none, nil where it shows no sign of one: services that somebody declared, or
// days of another zone than that of the defaults.
func (db *DB) signsOfOne(ctx context.Context) (*configuredRow, error) {
	zone, declared := time.UTC.String(), false
	on := db.write.WithContext(ctx)
	if there, err := db.hasColumns(ctx, "tally_sets", "id", "zone"); err != nil {
		return nil, err
	} else if there {
		var zones []string
		if err := on.Raw("SELECT zone FROM tally_sets ORDER BY id DESC LIMIT 1").Scan(&zones).Error; err != nil {
			return nil, err
		}
		zone = append(zones, zone)[0]
	}
	if there, err := db.hasColumns(ctx, "services", "declared"); err != nil {
		return nil, err
	} else if there {
		if err := on.Raw("SELECT EXISTS (SELECT 1 FROM services WHERE declared)").Scan(&declared).Error; err != nil {
			return nil, err
		}
	}
	if !declared && zone == time.UTC.String() {
		return nil, nil
	}
	return &configuredRow{Zone: zone}, nil
}

func (db *DB) hasColumns(ctx context.Context, table string, names ...string) (bool, error) {
	have, err := db.columns(ctx, table)
	return err == nil && len(without(names, have)) == 0, err
}

// admit tells whether the database is kept under our configuration from now on. It is an error where it must not be opened at all.
func (db *DB) admit(ctx context.Context, o Options) (keeps bool, err error) {
	switch {
	case o.Unnamed == LeavesAlone:
		return false, nil
	case o.Configuration != "" || o.Unnamed == TakesOver:
		return true, nil
	}
	row, err := db.keptUnder(ctx)
	if err == nil && row == nil {
		if row, err = db.signsOfOne(ctx); err == nil && row != nil {
			return false, &ConfiguredError{Zone: row.Zone}
		}
	}
	switch {
	case err != nil:
		return false, fmt.Errorf("reading under which configuration the database is kept: %w", err)
	case row == nil || row.Name == "":
		return true, nil
	}
	return false, &ConfiguredError{row.Name, row.Zone}
}

// Refused is the ConfiguredError with which Open would refuse a database that is there where no configuration is named, nil where it would not.
// Nothing in the database changes.
func Refused(ctx context.Context, dsn string) error {
	at, err := parseDSN(dsn)
	if err != nil {
		return err
	}
	db := &DB{at: at}
	if err := db.connect(ctx); err != nil {
		return err
	}
	_, err = db.admit(ctx, Options{Unnamed: IsRefused})
	return errors.Join(err, db.Close())
}

// keepUnder notes the configuration under which the database is kept from now on.
func keepUnder(tx *gorm.DB, name string, zone *time.Location) error {
	row := configuredRow{ID: theOnlyRow, Name: name, Zone: zone.String()}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}
