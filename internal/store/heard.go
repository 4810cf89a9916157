package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// heardOf is what tells whether something new is known of the service w.service since it was asked before: how often its events were
// touched, how far its sources have come and those that may be any service's, what was done about it in the gate's log (overrides), and
// what its signals showed. Each only grows or is replaced, so the same text means that nothing has arrived.
const heardOf = `coalesce((SELECT CAST(s.touched AS text) FROM services s WHERE s.name = w.service), '')
	|| '/' || coalesce((SELECT CAST(sum(f.watermark) AS text) FROM sources f WHERE EXISTS (SELECT 1 FROM served t WHERE t.service = w.service AND t.source = f.name)
		OR NOT EXISTS (SELECT 1 FROM served t WHERE t.source = f.name)), '')
	|| '/' || coalesce((SELECT CAST(max(g.seq) AS text) FROM gate_log g WHERE g.service = w.service), '')
	|| '/' || coalesce((SELECT s.monitored FROM services s WHERE s.name = w.service), '')`

const heardWaiting = "SELECT * FROM gate_waiting w WHERE state = 'waiting' AND verdict = 'hold' AND wake_at <= ? AND heard <> " + heardOf +
	" ORDER BY wake_at, protector, id LIMIT ?"

// Heard is a text that becomes another when something new is known of a service that its gate may go by.
func (db *DB) Heard(ctx context.Context, service string) (heard string, err error) {
	err = db.read.WithContext(ctx).Raw("SELECT "+heardOf+" FROM (SELECT CAST(? AS text) AS service) w", service).Scan(&heard).Error
	if err != nil {
		return "", fmt.Errorf("looking for news of %s: %w", service, err)
	}
	return heard, nil
}

// HeardWaiting lists the deployments on hold about whose service something new is known since they were looked at last, and that may be
// woken; who may be woken longest first.
func (db *DB) HeardWaiting(ctx context.Context, limit int) ([]Waiting, error) {
	var rows []waitingRow
	err := db.read.WithContext(ctx).Raw(heardWaiting, toMilli(db.clock()), limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing the deployments on hold that there is news for: %w", err)
	}
	return waitingOf(rows), nil
}

// touchServiceOf says that something changed for the service of a decision that no event tells of.
func touchServiceOf(tx *gorm.DB, decision string) error {
	return tx.Exec("UPDATE services SET touched = touched + 1 WHERE name = (SELECT service FROM decisions WHERE id = ?)", decision).Error
}
