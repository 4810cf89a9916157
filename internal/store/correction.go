package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// Record finds the record that a name means: "source/type/id", with the repository before the id for commits and pull requests.
// ErrNotFound when no source told of it.
func (db *DB) Record(ctx context.Context, name string) (metrics.Key, error) {
	var found []metrics.Key
	for _, k := range readings(name) {
		told, err := isTold(db.read.WithContext(ctx), k)
		if err != nil {
			return metrics.Key{}, fmt.Errorf("looking for record %s: %w", name, err)
		}
		if told {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return metrics.Key{}, fmt.Errorf("record %q: %w; it is named as source/type/id", name, ErrNotFound)
	case 1:
		return found[0], nil
	}
	return metrics.Key{}, duplicate("record %q may be of source %q or of source %q", name, found[0].Source, found[1].Source)
}

func isTold(tx *gorm.DB, k metrics.Key) (bool, error) {
	var n int64
	err := tx.Raw(`SELECT count(*) FROM (SELECT 1 FROM events
		WHERE repository = ? AND type = ? AND id = ? AND source = ? AND correction = 0 LIMIT 1) AS told`,
		k.Repository, string(k.Type), k.ID, k.Source).Scan(&n).Error
	return n > 0, err
}

// Correct stores what a person states about a record, as metrics.NewCorrection checked it, and marks the services that it concerns,
// before and after, as out of date. It returns the correction's number. ErrNotFound when no source told of the record.
func (db *DB) Correct(ctx context.Context, c metrics.Correction, by string) (int64, error) {
	c.At, c.By = db.now(), by
	hidden, err := db.hidden(c)
	if err != nil {
		return 0, err
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		if err := db.takeTurn(tx); err != nil {
			return err
		}
		if told, err := isTold(tx, c.Record); err != nil || !told {
			return cmp.Or(err, ErrNotFound)
		}
		row := correctionRowOf(hidden)
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		c.ID, hidden.ID = row.ID, row.ID
		if err := db.apply(tx, hidden); err != nil {
			return err
		}
		return db.note(tx, Entry{Actor: by, Action: "record corrected", Subject: c.Record.String(), Details: detailsOf(hidden)})
	})
	if err != nil {
		return 0, fmt.Errorf("correcting record %s: %w", c.Record, err)
	}
	return c.ID, nil
}

// hidden is the correction with pseudonyms in place of names, which is all that is kept of them, in the audit log, too.
func (db *DB) hidden(c metrics.Correction) (metrics.Correction, error) {
	e, _ := c.Event()
	if err := storable(e); err != nil {
		return c, err
	}
	e, err := metrics.HidePeople(e, db.people, db.rules.Bots)
	if err != nil {
		return c, fmt.Errorf("correction of %s: %w", c.Record, err)
	}
	if len(c.Fields) > 0 {
		c.Fields = e.Payload
	}
	return c, nil
}

// detailsOf says for the audit log what a correction states.
func detailsOf(c metrics.Correction) string {
	words := []string{fmt.Sprintf("correction %d", c.ID)}
	if c.Exclude {
		words = append(words, "left out of all figures")
	}
	if c.Unlinked {
		words = append(words, "no deployment caused it")
	}
	if len(c.Fields) > 0 {
		words = append(words, string(c.Fields))
	}
	return strings.Join(words, ", ") + ": " + c.Reason
}

// apply puts a correction among the revisions of its record and touches what it concerns.
func (db *DB) apply(tx *gorm.DB, c metrics.Correction) error {
	row, err := correctionEventRow(c)
	if err != nil {
		return err
	}
	last, err := lastSeq(tx)
	if err != nil {
		return err
	}
	err = tx.Exec("INSERT INTO events ("+columnsOfEvents+", correction) VALUES (?"+strings.Repeat(", ?", eventColumns)+")",
		append(row.values(), c.ID)...).Error
	if err != nil {
		return err
	}
	return touch(tx, []eventRow{row}, last)
}

func correctionEventRow(c metrics.Correction) (eventRow, error) {
	e, _ := c.Event()
	s, err := scopeOf(e)
	if err != nil {
		return eventRow{}, err
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "correction %d", c.ID))
	return eventRow{
		Source: e.Source, Type: string(e.Type), Repository: e.Repository, ID: e.ID, Digest: digest[:digestSize],
		UpdatedAt: toMilli(e.UpdatedAt), Payload: pack(e.Payload), RecordedAt: toMilli(e.RecordedAt), Live: true,
		Service: s.service, BuiltFrom: s.builtFrom, Reference: s.reference,
	}, nil
}

// Withdraw ends a correction: facts are from then on as if it had never been. It stays in the list and in the audit log.
// ErrNotFound when there is none of that number in force.
func (db *DB) Withdraw(ctx context.Context, id int64, by, reason string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := db.takeTurn(tx); err != nil {
			return err
		}
		done := tx.Model(&correctionRow{}).Where("id = ? AND withdrawn_at = ?", id, toMilli(metrics.Correction{}.WithdrawnAt)).
			Updates(map[string]any{"withdrawn_at": toMilli(db.clock()), "withdrawn_by": by})
		if done.Error != nil || done.RowsAffected == 0 {
			return cmp.Or(done.Error, ErrNotFound)
		}
		var row correctionRow
		if err := tx.Take(&row, "id = ?", id).Error; err != nil {
			return err
		}
		if err := db.unapply(tx, row.correction()); err != nil {
			return err
		}
		return db.note(tx, Entry{Actor: by, Action: "correction withdrawn", Subject: row.correction().Record.String(),
			Details: fmt.Sprintf("correction %d: %s", id, reason)})
	})
	if err != nil {
		return fmt.Errorf("withdrawing correction %d: %w", id, err)
	}
	return nil
}

// unapply touches what the correction concerned and takes it from among the revisions of its record.
func (db *DB) unapply(tx *gorm.DB, c metrics.Correction) error {
	row, err := correctionEventRow(c)
	if err != nil {
		return err
	}
	var seq int64
	if err := tx.Raw("SELECT seq FROM events WHERE correction = ?", c.ID).Scan(&seq).Error; err != nil {
		return err
	}
	if err := touchBetween(tx, []eventRow{row}, seq-1, seq); err != nil {
		return err
	}
	return tx.Exec("DELETE FROM events WHERE correction = ?", c.ID).Error
}

// Corrections lists corrections, withdrawn ones too, newest first: those of one record, those of the records that belong to one
// service, or all when both are empty.
func (db *DB) Corrections(ctx context.Context, service, record string) ([]metrics.Correction, error) {
	var list []metrics.Correction
	err := db.look(ctx, func(tx *gorm.DB) error {
		var rows []correctionRow
		if err := tx.Order("id DESC").Find(&rows).Error; err != nil {
			return err
		}
		wanted, err := db.recordsOf(tx, service, len(rows))
		if err != nil {
			return err
		}
		for _, row := range rows {
			c := row.correction()
			if (service == "" || wanted[c.Record]) && (record == "" || c.Record.String() == record) {
				list = append(list, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing corrections: %w", err)
	}
	return list, nil
}

// recordsOf are the records that belong to a service, read only where there is something to look for.
func (db *DB) recordsOf(tx *gorm.DB, service string, corrections int) (map[metrics.Key]bool, error) {
	if service == "" || corrections == 0 {
		return nil, nil
	}
	events, err := eventsOf(tx, []string{service}, 0)
	if err != nil {
		return nil, err
	}
	records := map[metrics.Key]bool{}
	for _, part := range metrics.Split(events, db.rules) {
		if part.Service.Name == service {
			for _, e := range part.Events {
				records[e.Key] = true
			}
		}
	}
	return records, nil
}

// fillCorrections completes the events that are corrections by what their rows say.
func fillCorrections(tx *gorm.DB, events []metrics.Event) error {
	var ids []int64
	for i := range events {
		if c := events[i].Correction; c != nil {
			ids = append(ids, c.ID)
		}
	}
	known := map[int64]metrics.Correction{}
	for part := range slices.Chunk(ids, namesPerStatement) {
		var rows []correctionRow
		if err := tx.Find(&rows, "id IN ?", part).Error; err != nil {
			return err
		}
		for _, row := range rows {
			known[row.ID] = row.correction()
		}
	}
	for i := range events {
		if c := events[i].Correction; c != nil {
			*c = known[c.ID]
		}
	}
	return nil
}

func correctionRowOf(c metrics.Correction) correctionRow {
	return correctionRow{
		Source: c.Record.Source, Type: string(c.Record.Type), Repository: c.Record.Repository, Record: c.Record.ID,
		Fields: string(c.Fields), Exclude: c.Exclude, Unlinked: c.Unlinked, Reason: c.Reason, At: toMilli(c.At), WithdrawnAt: toMilli(c.WithdrawnAt),
		MadeBy: c.By, WithdrawnBy: c.WithdrawnBy,
	}
}

func (r correctionRow) correction() metrics.Correction {
	c := metrics.Correction{
		ID: r.ID, Record: metrics.Key{Source: r.Source, Type: metrics.EventType(r.Type), Repository: r.Repository, ID: r.Record},
		Exclude: r.Exclude, Unlinked: r.Unlinked, Reason: r.Reason, At: fromMilli(r.At), WithdrawnAt: fromMilli(r.WithdrawnAt),
		By: r.MadeBy, WithdrawnBy: r.WithdrawnBy,
	}
	if r.Fields != "" {
		c.Fields = json.RawMessage(r.Fields)
	}
	return c
}

// FactsWith are the facts of a service as they would be with further corrections. Nothing is stored.
func (db *DB) FactsWith(ctx context.Context, service string, more []metrics.Correction) (metrics.Facts, error) {
	var events []metrics.Event
	err := db.look(ctx, func(tx *gorm.DB) (err error) {
		events, err = eventsOf(tx, []string{service}, 0)
		return err
	})
	if err != nil {
		return metrics.Facts{}, fmt.Errorf("reading the events of service %q: %w", service, err)
	}
	for i, c := range more {
		c.ID, c.At = math.MaxInt64-int64(len(more)-i), db.now() // goes before every correction there is
		if e, holds := c.Event(); holds {
			events = append(events, e)
		}
	}
	for _, part := range metrics.Split(events, db.rules) {
		if part.Service.Name == service {
			return metrics.Derive(part.Service, part.Events, db.rules), nil
		}
	}
	return metrics.Facts{Service: service}, nil
}
