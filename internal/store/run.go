package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Run is one reading of a source from its first page to its last, the one under way or the last one. A run that is cut on the
// way, or whose process was killed, goes on as the same run.
type Run struct {
	// FinishedAt is zero while it is under way.
	StartedAt, FinishedAt time.Time
	Pages, Events         int
}

// Reached is how far a run has come.
type Reached struct {
	// Doing says what is being read; Done of Total records are, Total is 0 when unknown.
	Doing       string
	Done, Total int
	// Part of Parts lists are read; Parts is 0 where there is one.
	Part, Parts int
}

// Budget is what a host lets us ask still: Left of Limit calls until ResetAt. Limit is 0 when the host has said nothing.
type Budget struct {
	Left, Limit int
	ResetAt     time.Time
}

// Wait is a pause before a source is asked again, with its reason.
type Wait struct {
	Until  time.Time
	Reason string
}

// Step is what has come to a run since the step before.
type Step struct {
	Pages, Events int
	Progress      Reached
	Budget        Budget
}

// Begun is what is known of a run when it begins or goes on.
type Begun struct {
	StartedAt time.Time
	// Failures counts the runs before it in a row that ended with an error.
	Failures int
	// Wait is the pause that is not over yet, zero when there is none.
	Wait Wait
}

// BeginRun notes that a source is being read: a new run, or the one that was cut.
func (db *DB) BeginRun(ctx context.Context, source string) (Begun, error) {
	var b Begun
	err := db.change(ctx, func(tx *gorm.DB) error {
		var row sourceRow
		if err := introduce(tx, source); err != nil {
			return err
		}
		if err := tx.Take(&row, "name = ?", source).Error; err != nil {
			return err
		}
		before := row.source(0)
		b = Begun{StartedAt: before.Run.StartedAt, Failures: before.Failures}
		if before.Wait.Until.After(db.now()) {
			b.Wait = before.Wait
		}
		if !before.Run.StartedAt.IsZero() && before.Run.FinishedAt.IsZero() {
			return nil
		}
		b.StartedAt = db.now()
		return tx.Model(&sourceRow{}).Where("name = ?", source).Updates(map[string]any{
			"run_started_at": toMilli(b.StartedAt), "run_finished_at": toMilli(time.Time{}),
			"pages": 0, "events": 0, "doing": "", "done": 0, "total": 0, "part": 0, "parts": 0,
		}).Error
	})
	return b, noted(source, err)
}

// NoteStep adds a step to the run.
func (db *DB) NoteStep(ctx context.Context, source string, s Step) error {
	return db.noteRun(ctx, source, map[string]any{
		"pages": gorm.Expr("pages + ?", s.Pages), "events": gorm.Expr("events + ?", s.Events),
		"doing": s.Progress.Doing, "done": s.Progress.Done, "total": s.Progress.Total, "part": s.Progress.Part, "parts": s.Progress.Parts,
		"budget_left": s.Budget.Left, "budget_limit": s.Budget.Limit, "budget_reset_at": toMilli(s.Budget.ResetAt),
		"wait_until": toMilli(time.Time{}), "wait_reason": "",
	})
}

// NoteWait notes what the run waits for; the next step ends it.
func (db *DB) NoteWait(ctx context.Context, source string, w Wait) error {
	return db.noteRun(ctx, source, map[string]any{"wait_until": toMilli(w.Until), "wait_reason": w.Reason})
}

// CutRun notes that the run rests and goes on at that time; why is empty where others merely have their turn.
func (db *DB) CutRun(ctx context.Context, source string, nextAt time.Time, why string) error {
	changes := map[string]any{"next_at": toMilli(nextAt), "wait_until": toMilli(time.Time{}), "wait_reason": why}
	if why != "" {
		changes["wait_until"] = toMilli(nextAt)
	}
	return db.noteRun(ctx, source, changes)
}

// EndRun notes the end of the run and when the next is due; zero where nobody plans one. A run that failed counts among those that
// failed in a row.
func (db *DB) EndRun(ctx context.Context, source string, nextAt time.Time, failed error) error {
	changes := map[string]any{
		"run_finished_at": toMilli(db.clock()), "next_at": toMilli(nextAt), "failures": 0,
		"wait_until": toMilli(time.Time{}), "wait_reason": "",
	}
	if nextAt.IsZero() {
		delete(changes, "next_at")
	}
	if failed != nil {
		changes["failures"] = gorm.Expr("failures + 1")
	}
	return db.noteRun(ctx, source, changes)
}

func (db *DB) noteRun(ctx context.Context, source string, changes map[string]any) error {
	return noted(source, db.write.WithContext(ctx).Model(&sourceRow{}).Where("name = ?", source).Updates(changes).Error)
}

func noted(source string, err error) error {
	if err != nil {
		return fmt.Errorf("noting how the reading of %s goes: %w", source, err)
	}
	return nil
}
