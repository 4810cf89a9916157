package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// FirstDay is the beginning of the first day of which anything in production is known of the services named, or of all where none is, in the
// organisation's time zone; zero when there is nothing.
func (db *DB) FirstDay(ctx context.Context, services ...string) (time.Time, error) {
	set, _, err := db.readableSet(ctx, services)
	if err != nil {
		return time.Time{}, fmt.Errorf("looking for the first day: %w", err)
	}
	var first *int
	err = db.look(ctx, func(tx *gorm.DB) error {
		kind := kindNumbers[metrics.Production]
		if len(services) > 0 {
			first, err = firstDayOf(tx, set, services)
			return err
		}
		return tx.Raw(`SELECT min(day) FROM (SELECT min(day) AS day FROM tallies WHERE set_id = ? AND scope = ? AND kind = ?
			UNION ALL SELECT min(day) FROM dirty_days WHERE set_id = ? AND kind = ?) AS days`, set, everyService, kind, set, kind).Scan(&first).Error
	})
	if err != nil || first == nil {
		return time.Time{}, err
	}
	return metrics.DayWindow(*first, db.tallies.zone).From, nil
}

// firstDayOf is the number of the first day of which anything in production is known of some services, nil when there is nothing.
func firstDayOf(tx *gorm.DB, set int64, services []string) (first *int, err error) {
	for part := range slices.Chunk(services, namesPerStatement) {
		var day *int
		err := tx.Raw(`SELECT min(day) FROM tallies WHERE set_id = ? AND kind = ? AND scope IN (SELECT id FROM tally_scopes WHERE service IN ?)`,
			set, kindNumbers[metrics.Production], part).Scan(&day).Error
		if err != nil {
			return nil, err
		}
		if first == nil || day != nil && *day < *first {
			first = day
		}
	}
	return first, nil
}

// Derivations tells of each service, by name, how often its facts were derived: a number that is another one whenever they may be others.
func (db *DB) Derivations(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Name    string
		Derived int64
	}
	err := db.read.WithContext(ctx).Model(&serviceRow{}).Select("name, derived").Find(&rows, "present OR declared").Error
	if err != nil {
		return nil, fmt.Errorf("reading how often services were derived: %w", err)
	}
	derived := make(map[string]int64, len(rows))
	for _, row := range rows {
		derived[row.Name] = row.Derived
	}
	return derived, nil
}
