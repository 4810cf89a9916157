package store

import (
	"gorm.io/gorm"

	"shiphabit/metrics"
)

// servedRow says that a source has told of a service.
type servedRow struct {
	Service string `gorm:"primaryKey"`
	Source  string `gorm:"primaryKey"`
}

func (servedRow) TableName() string { return "served" }

// servedBy are the sources of a service's records.
func servedBy(part metrics.ServiceEvents) []servedRow {
	var rows []servedRow
	for _, source := range part.Sources() {
		rows = append(rows, servedRow{part.Service.Name, source})
	}
	return rows
}

// saveServed replaces the sources of a service.
func saveServed(tx *gorm.DB, service string, rows []servedRow) error {
	err := tx.Exec("DELETE FROM served WHERE service = ?", service).Error
	if err == nil && len(rows) > 0 {
		err = tx.CreateInBatches(rows, 100).Error
	}
	return err
}
