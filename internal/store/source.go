package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// Source is where the reading of one source stands.
type Source struct {
	Name   string
	Cursor string
	// Watermark: everything before it has arrived. Heartbeat: when something was last heard of the source, be it that it answered (AnsweredAt)
	// or that its host delivered something (DeliveredAt). Zero when not known.
	Watermark   time.Time
	Heartbeat   time.Time
	AnsweredAt  time.Time
	DeliveredAt time.Time
	// Error is the trouble it is in, empty when it is in none, with the time it was met.
	Error   string
	ErrorAt time.Time
	// SetAside counts its records that could not be turned into an event.
	SetAside int

	Run      Run
	Progress Reached
	Budget   Budget
	// Failures counts the runs in a row that ended with an error.
	Failures int
	// NextAt is when a server reads the source next; it has passed while the source is being read, and is zero where no server did.
	NextAt time.Time
	Wait   Wait
	// Refused counts the deliveries that nothing showed to come from its host, RefusedAt is when the last of them came.
	Refused   int
	RefusedAt time.Time
}

// SetAside is a record that could not be turned into an event.
type SetAside struct {
	Record string // as the host names it
	Reason string
}

// Cursor returns the saved cursor of a source, "" when there is none.
func (db *DB) Cursor(ctx context.Context, source string) (string, error) {
	var row sourceRow
	err := db.read.WithContext(ctx).Take(&row, "name = ?", source).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", nil
	}
	return row.Cursor, err
}

// ApplyPage saves events, set-aside records and the move of the source's cursor in one transaction. It returns ErrMoved, and
// saves nothing, when the cursor no longer stands at from.
func (db *DB) ApplyPage(ctx context.Context, source, from, to string, events []metrics.Event, setAside []SetAside) error {
	if err := db.bulkhead.enter(ctx); err != nil {
		return err
	}
	defer db.bulkhead.leave()
	rows, err := db.eventRows(events)
	if err != nil {
		return err
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		if err := db.moveCursor(tx, source, from, to); err != nil {
			return err
		}
		if _, err := db.append(tx, rows); err != nil {
			return err
		}
		if err := forgetMended(tx, source, rows); err != nil {
			return err
		}
		return db.saveSetAside(tx, source, setAside)
	})
	if err != nil {
		return fmt.Errorf("saving a page of %s: %w", source, err)
	}
	return nil
}

// moveCursor compares and sets. Of two that start from the same place the second finds it moved.
func (db *DB) moveCursor(tx *gorm.DB, source, from, to string) error {
	if err := introduce(tx, source); err != nil {
		return err
	}
	now := toMilli(db.clock())
	changes := map[string]any{"cursor": to, "heartbeat": now, "error": "", "error_at": toMilli(time.Time{})}
	if from == "" {
		changes["full_at"] = now
	}
	done := tx.Model(&sourceRow{}).Where("name = ? AND cursor = ?", source, from).Updates(changes)
	if done.Error == nil && done.RowsAffected == 0 {
		return ErrMoved
	}
	return done.Error
}

// Restart forgets how far a source was read: the next reading begins at its start. What is stored stays, and events that come again
// change nothing.
func (db *DB) Restart(ctx context.Context, source string) error {
	err := db.write.WithContext(ctx).Model(&sourceRow{}).Where("name = ?", source).
		Updates(map[string]any{"cursor": "", "run_started_at": toMilli(time.Time{}), "failures": 0}).Error
	return noted(source, err)
}

// introduce makes a source known.
func introduce(tx *gorm.DB, source string) error {
	never := toMilli(time.Time{})
	return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&sourceRow{
		Name: source, Watermark: never, Heartbeat: never, ErrorAt: never,
		RunStartedAt: never, RunFinishedAt: never, BudgetResetAt: never, NextAt: never, WaitUntil: never, FullAt: never, DeliveredAt: never,
	}).Error
}

func (db *DB) saveSetAside(tx *gorm.DB, source string, records []SetAside) error {
	for _, r := range records {
		row := setAsideRow{Source: source, Record: r.Record, Reason: r.Reason, At: toMilli(db.clock())}
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// mendedAtOnce bounds the names of one statement.
const mendedAtOnce = 300

// forgetMended forgets that records were set aside which are read well now, as far as an event tells its record's name: a kind and an id,
// and often the repository. What is named otherwise is forgotten when the source has been read from its start.
func forgetMended(tx *gorm.DB, source string, events []eventRow) error {
	var aside []string
	if len(events) > 0 {
		if err := tx.Model(&setAsideRow{}).Where("source = ?", source).Limit(1).Pluck("record", &aside).Error; err != nil {
			return err
		}
	}
	if len(aside) == 0 {
		return nil
	}
	var names []string
	for _, e := range events {
		name := strings.ReplaceAll(e.Type, "_", " ") + " " + e.ID
		names = append(names, name)
		if repository := cmp.Or(e.Repository, e.BuiltFrom); repository != "" {
			names = append(names, name+" of "+repository)
		}
	}
	for some := range slices.Chunk(names, mendedAtOnce) {
		if err := tx.Delete(&setAsideRow{}, "source = ? AND record IN ?", source, some).Error; err != nil {
			return err
		}
	}
	return nil
}

// forgetOld forgets, at the end of a reading from the start, the records set aside before it: it has set aside anew what is amiss still.
func forgetOld(tx *gorm.DB, source string) error {
	err := tx.Exec("DELETE FROM set_aside WHERE source = ? AND at < (SELECT full_at FROM sources WHERE name = ?)", source, source).Error
	if err != nil {
		return err
	}
	return tx.Model(&sourceRow{}).Where("name = ?", source).Update("full_at", toMilli(time.Time{})).Error
}

// Beat records that a source was read to its end, and up to when its records have arrived. A watermark never moves back.
func (db *DB) Beat(ctx context.Context, source string, watermark time.Time) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		if err := introduce(tx, source); err != nil {
			return err
		}
		if err := forgetOld(tx, source); err != nil {
			return err
		}
		at := toMilli(watermark)
		return tx.Model(&sourceRow{}).Where("name = ?", source).Updates(map[string]any{
			"heartbeat": toMilli(db.clock()), "error": "", "error_at": toMilli(time.Time{}),
			"watermark": gorm.Expr("CASE WHEN watermark < ? THEN ? ELSE watermark END", at, at),
		}).Error
	})
}

// Trouble records what keeps a source from being read; the next page or beat ends it.
func (db *DB) Trouble(ctx context.Context, source, sentence string) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		if err := introduce(tx, source); err != nil {
			return err
		}
		return tx.Model(&sourceRow{}).Where("name = ?", source).
			Updates(map[string]any{"error": sentence, "error_at": toMilli(db.clock())}).Error
	})
}

// Sources lists every source that was ever read, by name.
func (db *DB) Sources(ctx context.Context) ([]Source, error) {
	var list []Source
	err := db.look(ctx, func(tx *gorm.DB) error {
		var rows []sourceRow
		var aside []struct {
			Source  string
			Records int
		}
		counted := tx.Model(&setAsideRow{}).Select("source, count(*) AS records").Group("source")
		if err := errors.Join(tx.Order("name").Find(&rows).Error, counted.Scan(&aside).Error); err != nil {
			return err
		}
		records := map[string]int{}
		for _, a := range aside {
			records[a.Source] = a.Records
		}
		for _, r := range rows {
			list = append(list, r.source(records[r.Name]))
		}
		return addPushed(tx, list)
	})
	if err != nil {
		return nil, fmt.Errorf("listing sources: %w", err)
	}
	return list, nil
}

func (r sourceRow) source(setAside int) Source {
	return Source{
		Name: r.Name, Cursor: r.Cursor, Watermark: fromMilli(r.Watermark), Heartbeat: fromMilli(max(r.Heartbeat, r.DeliveredAt)),
		AnsweredAt: fromMilli(r.Heartbeat), DeliveredAt: fromMilli(r.DeliveredAt),
		Error: r.Error, ErrorAt: fromMilli(r.ErrorAt), SetAside: setAside,
		Run:      Run{StartedAt: fromMilli(r.RunStartedAt), FinishedAt: fromMilli(r.RunFinishedAt), Pages: r.Pages, Events: r.Events},
		Progress: Reached{Doing: r.Doing, Done: r.Done, Total: r.Total, Part: r.Part, Parts: r.Parts},
		Budget:   Budget{Left: r.BudgetLeft, Limit: r.BudgetLimit, ResetAt: fromMilli(r.BudgetResetAt)},
		Failures: r.Failures, NextAt: fromMilli(r.NextAt),
		Wait: Wait{Until: fromMilli(r.WaitUntil), Reason: r.WaitReason},
	}
}

// addPushed adds to sources what is known of the deliveries to them.
func addPushed(tx *gorm.DB, list []Source) error {
	var aside []struct {
		Source  string
		Records int
	}
	var refused []refusalRow
	unread := tx.Model(&deliveryRow{}).Select("source, sum(set_aside) AS records").Where("outcome = ?", string(DeliverySetAside)).Group("source")
	if err := errors.Join(unread.Scan(&aside).Error, tx.Find(&refused).Error); err != nil {
		return err
	}
	for i := range list {
		for _, a := range aside {
			if a.Source == list[i].Name {
				list[i].SetAside += a.Records
			}
		}
		for _, r := range refused {
			if r.Source == list[i].Name {
				list[i].Refused, list[i].RefusedAt = int(r.Refused), fromMilli(r.RefusedAt)
			}
		}
	}
	return nil
}

// SetAsides lists the records of a source that could not be turned into an event, by name: those of its pages, and those of deliveries
// that cannot be read yet.
func (db *DB) SetAsides(ctx context.Context, source string) ([]SetAside, error) {
	var list []SetAside
	err := db.look(ctx, func(tx *gorm.DB) error {
		var rows []setAsideRow
		var pushed []deliveryRow
		unread := tx.Select("delivery, problem").Where("source = ? AND outcome = ?", source, string(DeliverySetAside))
		if err := errors.Join(tx.Find(&rows, "source = ?", source).Error, unread.Order("seq").Find(&pushed).Error); err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, SetAside{Record: r.Record, Reason: r.Reason})
		}
		for _, r := range pushed {
			problems, err := r.problems()
			if err != nil {
				return err
			}
			list = append(list, problems...)
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b SetAside) int { return strings.Compare(a.Record, b.Record) })
	return list, err
}

// FirstSetAsides are the records of a source that were set aside, each with its reason, by name: as many as are asked for of those of its
// pages and of the oldest deliveries.
func (db *DB) FirstSetAsides(ctx context.Context, source string, limit int) ([][2]string, error) {
	var list [][2]string
	err := db.look(ctx, func(tx *gorm.DB) error {
		var rows []setAsideRow
		var pushed []deliveryRow
		unread := tx.Select("delivery, problem").Where("source = ? AND outcome = 'set aside'", source).Order("seq").Limit(limit)
		if err := errors.Join(tx.Order("record").Limit(limit).Find(&rows, "source = ?", source).Error, unread.Find(&pushed).Error); err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, [2]string{r.Record, r.Reason})
		}
		for i := 0; i < len(pushed) && len(list) < 2*limit; i++ {
			problems, err := pushed[i].problems()
			if err != nil {
				return err
			}
			for _, p := range problems {
				list = append(list, [2]string{p.Record, p.Reason})
			}
		}
		return nil
	})
	slices.SortStableFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list[:min(len(list), limit)], err
}
