package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
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

// neededQuery asks of one source how far it has come, and whether it has told of a service, and of any.
const neededQuery = `SELECT CAST(? AS TEXT) AS name, COALESCE((SELECT watermark FROM sources WHERE name = ?), ?) AS watermark,
	CASE WHEN EXISTS (SELECT 1 FROM served WHERE service = ? AND source = ?) THEN 1 ELSE 0 END AS here,
	CASE WHEN EXISTS (SELECT 1 FROM served WHERE source = ?) THEN 1 ELSE 0 END AS anywhere`

// needed are the sources without which nothing can be told of a service, with how far each has come: those that are read, as the
// configuration has it, and have told of the service, or of no service yet, so that it may be any. One of which nothing has arrived yet has
// no watermark. What is only pushed, imported, or not declared any more is not waited for: nobody knows what it has not sent.
func (db *DB) needed(tx *gorm.DB, service string) ([]gate.Watermark, error) {
	all := []gate.Watermark{}
	if len(db.sources) == 0 {
		return all, nil
	}
	var questions []string
	var about []any
	for _, name := range db.sources {
		questions = append(questions, neededQuery)
		about = append(about, name, name, toMilli(time.Time{}), service, name, name)
	}
	var rows []struct {
		Name           string
		Watermark      int64
		Here, Anywhere int
	}
	if err := tx.Raw(strings.Join(questions, " UNION ALL "), about...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("reading how far the sources have come: %w", err)
	}
	for _, r := range rows {
		if r.Here == 1 || r.Anywhere == 0 {
			all = append(all, gate.Watermark{Name: r.Name, Watermark: fromMilli(r.Watermark)})
		}
	}
	slices.SortFunc(all, func(a, b gate.Watermark) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
