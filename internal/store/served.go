package store

import (
	"slices"
	"strings"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// servedRow says that a source has told of a service.
type servedRow struct {
	Service string `gorm:"primaryKey"`
	Source  string `gorm:"primaryKey"`
}

func (servedRow) TableName() string { return "served" }

// servedBy are the sources of a service's events.
func servedBy(service string, events []metrics.Event) []servedRow {
	var rows []servedRow
	last := ""
	for i := range events {
		if source := events[i].Source; source != last {
			rows, last = append(rows, servedRow{service, source}), source
		}
	}
	slices.SortFunc(rows, func(a, b servedRow) int { return strings.Compare(a.Source, b.Source) })
	return slices.Compact(rows)
}

// saveServed replaces the sources of a service.
func saveServed(tx *gorm.DB, service string, rows []servedRow) error {
	err := tx.Exec("DELETE FROM served WHERE service = ?", service).Error
	if err == nil && len(rows) > 0 {
		err = tx.CreateInBatches(rows, 100).Error
	}
	return err
}
