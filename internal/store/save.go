package store

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// saveOutcomes replaces the stored facts of services in one transaction, in the order of their names so that two processes
// lock rows in the same order.
func (db *DB) saveOutcomes(ctx context.Context, found map[string]outcome) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		for _, name := range slices.Sorted(maps.Keys(found)) {
			if err := db.saveOutcome(tx, name, found[name]); err != nil {
				return err
			}
		}
		return nil
	})
}

// saveOutcome stores one derivation unless another process has stored this or a later one meanwhile.
func (db *DB) saveOutcome(tx *gorm.DB, name string, o outcome) error {
	var row serviceRow
	if err := tx.Raw("SELECT * FROM services WHERE name = ?"+db.dialect.lock, name).Scan(&row).Error; err != nil {
		return err
	}
	if row.Derived >= o.touched && row.Rules == db.print {
		return nil
	}
	if err := saveRollouts(tx, name, o.facts.Rollouts); err != nil {
		return err
	}
	if err := db.saveTallies(tx, name, o.facts); err != nil {
		return err
	}
	header, err := factsRowOf(o.facts)
	if err != nil {
		return err
	}
	header.Service = name
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&header).Error; err != nil {
		return err
	}
	document, err := json.Marshal(o.service)
	if err != nil {
		return err
	}
	return tx.Model(&serviceRow{}).Where("name = ?", name).Updates(map[string]any{
		"derived": o.touched, "rules": db.print, "present": o.present, "document": string(document),
	}).Error
}

// rowsPerBatch of gorm: 100 was faster than 500.
const rowsPerBatch = 100

// rolloutKey is the identity of a stored rollout within its service.
type rolloutKey struct {
	finishedAt int64
	id         string
}

// saveRollouts writes what differs from the stored rows: mostly a new deployment changes one or two of thousands.
func saveRollouts(tx *gorm.DB, service string, rollouts []metrics.Rollout) error {
	var old []rolloutRow
	if err := tx.Select("finished_at", "id", "digest").Find(&old, "service = ?", service).Error; err != nil {
		return err
	}
	gone := make(map[rolloutKey][]byte, len(old))
	for _, r := range old {
		gone[rolloutKey{r.FinishedAt, r.ID}] = r.Digest
	}
	var changed []rolloutRow
	for _, r := range rollouts {
		row, err := rolloutRowOf(service, r)
		if err != nil {
			return err
		}
		key := rolloutKey{row.FinishedAt, row.ID}
		if digest, stored := gone[key]; !stored || !bytes.Equal(digest, row.Digest) {
			changed = append(changed, row)
		}
		delete(gone, key)
	}
	for key := range gone {
		err := tx.Delete(&rolloutRow{}, "service = ? AND finished_at = ? AND id = ?", service, key.finishedAt, key.id).Error
		if err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(changed, rowsPerBatch).Error
}
