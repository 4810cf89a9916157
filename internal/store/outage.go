package store

import (
	"cmp"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// outagesOf are the rows of a service's outages in the order in which they are read.
func (db *DB) outagesOf(f metrics.Facts) []outageRow {
	var rows []outageRow
	for kind, number := range kindNumbers {
		for i, o := range f.Outages(kind) {
			rows = append(rows, outageRow{SetID: db.tallies.id, Kind: number, StartedAt: toMilli(o.From), EndedAt: toMilli(o.To), Number: i})
		}
	}
	slices.SortFunc(rows, compareOutages)
	return rows
}

// saveOutages replaces what is stored of a service's outages where it differs.
func (db *DB) saveOutages(tx *gorm.DB, scope int64, t serviceTallies) error {
	since, rows := t.since, slices.Clone(t.outages)
	since.Scope = scope
	for i := range rows {
		rows[i].Scope = scope
	}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&since).Error; err != nil {
		return err
	}
	var old []outageRow
	if err := tx.Order("kind, started_at, number").Find(&old, "set_id = ? AND scope = ?", db.tallies.id, scope).Error; err != nil {
		return err
	}
	if slices.Equal(rows, old) {
		return nil
	}
	if err := tx.Delete(&outageRow{}, "set_id = ? AND scope = ?", db.tallies.id, scope).Error; err != nil || len(rows) == 0 {
		return err
	}
	return tx.CreateInBatches(rows, namesPerStatement).Error
}

func compareOutages(a, b outageRow) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Number, b.Number))
}

// observe tells every window how long each service was observed in it, and its outages.
func (r *tallyReader) observe(tx *gorm.DB, set int64) error {
	if len(r.parts) == 0 {
		return nil
	}
	since := tx.Where("set_id = ?", set)
	outages := tx.Where("set_id = ? AND kind = ?", set, kindNumbers[r.parts[0].Query().Kind])
	if len(r.services) > 0 {
		of := tx.Model(&tallyScopeRow{}).Select("id").Where("service IN ?", r.services)
		since, outages = since.Where("scope IN (?)", of), outages.Where("scope IN (?)", of)
	}
	var observed []observedRow
	if err := since.Find(&observed).Error; err != nil {
		return err
	}
	var rows []outageRow
	if err := outages.Order("scope, started_at, number").Find(&rows).Error; err != nil {
		return err
	}
	byScope := map[int64][]metrics.Outage{}
	for _, row := range rows {
		o := metrics.Outage{From: fromMilli(row.StartedAt), To: fromMilli(row.EndedAt)}
		byScope[row.Scope] = append(byScope[row.Scope], o)
	}
	for _, row := range observed {
		for _, part := range r.parts {
			part.Observe(metrics.Observed{Since: fromMilli(row.Since), FirstIncident: fromMilli(row.FirstIncident)}, byScope[row.Scope])
		}
	}
	return nil
}
