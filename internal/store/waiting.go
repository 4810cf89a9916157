package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Waiting is a deployment at a host that waits for the gate's word, with what was said to it so far.
type Waiting struct {
	// Protector is the name of the entry that its host asks by, ID the host's own word for the deployment.
	Protector, ID string
	// Body is what it takes to answer, in the protector's own form.
	Body  string
	State WaitingState
	// Decision and Verdict are the last ones.
	Decision, Verdict string
	// Said is the last text that the host was given, Reports how many times it was given one without a decision.
	Said    string
	Reports int
	// Attempts counts the failed ones in a row, Problem is the last of them in words.
	Attempts                     int
	Problem                      string
	CreatedAt, NextAt, ExpiresAt time.Time
	// Service is what it is about, Heard what was known of it before the last look; from WakeAt on news of it may lead to another look
	// before NextAt.
	Service, Heard string
	WakeAt         time.Time
}

// WaitingState is what became of a deployment that waits.
type WaitingState string

// The states of a deployment that waits.
const (
	StillWaiting WaitingState = "waiting"
	Answered     WaitingState = "answered"
	Expired      WaitingState = "expired" // the host waits no longer
	Unanswerable WaitingState = "refused" // the host takes no answer any more
)

type waitingRow struct {
	Protector string `gorm:"primaryKey"`
	ID        string `gorm:"primaryKey"`
	Body      string
	State     string
	Decision  string
	Verdict   string
	Said      string
	Reports   int
	Attempts  int
	Problem   string
	CreatedAt int64 `gorm:"autoCreateTime:false"`
	NextAt    int64
	ExpiresAt int64
	Service   string
	Heard     string
	WakeAt    int64
}

func (waitingRow) TableName() string { return "gate_waiting" }

// AddWaiting keeps a deployment that waits, due at once. One that is known already is due again, for as long as a new one, whatever became of it, with the same
// decision under the same key; fresh tells that it is new.
func (db *DB) AddWaiting(ctx context.Context, w Waiting) (fresh bool, err error) {
	row := waitingRow{
		Protector: w.Protector, ID: w.ID, Body: w.Body, State: string(StillWaiting), CreatedAt: toMilli(db.clock()),
		NextAt: toMilli(db.clock()), ExpiresAt: toMilli(w.ExpiresAt),
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if fresh = done.RowsAffected == 1; fresh || done.Error != nil {
			return done.Error
		}
		return tx.Model(&waitingRow{}).Where("protector = ? AND id = ?", w.Protector, w.ID).
			Updates(map[string]any{
				"state": string(StillWaiting), "next_at": row.NextAt,
				"expires_at": gorm.Expr("CASE WHEN expires_at < ? THEN ? ELSE expires_at END", row.ExpiresAt, row.ExpiresAt),
			}).Error
	})
	if err != nil {
		return false, fmt.Errorf("keeping the deployment %s of %s that waits: %w", w.ID, w.Protector, err)
	}
	return fresh, nil
}

// DueWaiting lists what is to be looked at now, the longest due first.
func (db *DB) DueWaiting(ctx context.Context, limit int) ([]Waiting, error) {
	var rows []waitingRow
	err := db.read.WithContext(ctx).Where("state = 'waiting' AND next_at <= ?", toMilli(db.clock())).Order("next_at, protector, id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing the deployments that wait: %w", err)
	}
	return waitingOf(rows), nil
}

// Waiting lists the deployments of the last days, the newest first.
func (db *DB) Waiting(ctx context.Context, limit int) ([]Waiting, error) {
	var rows []waitingRow
	if err := db.read.WithContext(ctx).Order("created_at DESC, protector, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing the deployments that wait: %w", err)
	}
	return waitingOf(rows), nil
}

// ClaimWaiting takes a deployment on until a time; false when somebody else was faster. The claim is given back by SaveWaiting. Whoever looked
// at it meanwhile has moved one of its times: next_at where it was due, wake_at where it was woken and is due when it was before.
func (db *DB) ClaimWaiting(ctx context.Context, w Waiting, until time.Time) (mine bool, err error) {
	err = db.change(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&waitingRow{}).Where("protector = ? AND id = ? AND state = 'waiting' AND next_at = ? AND wake_at = ?", w.Protector, w.ID, toMilli(w.NextAt), toMilli(w.WakeAt)).
			Updates(map[string]any{"next_at": toMilli(until), "wake_at": toMilli(until)})
		mine = done.RowsAffected == 1
		return done.Error
	})
	if err != nil {
		return false, fmt.Errorf("taking on the deployment %s of %s: %w", w.ID, w.Protector, err)
	}
	return mine, nil
}

// SaveWaiting keeps what became of a deployment that was claimed until then. ErrMoved when the claim was over and somebody else has it.
func (db *DB) SaveWaiting(ctx context.Context, w Waiting, claimed time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&waitingRow{}).Where("protector = ? AND id = ? AND next_at = ?", w.Protector, w.ID, toMilli(claimed)).Updates(map[string]any{
			"state": string(w.State), "decision": w.Decision, "verdict": w.Verdict, "said": w.Said, "reports": w.Reports,
			"attempts": w.Attempts, "problem": plain(w.Problem, longestText), "next_at": toMilli(w.NextAt),
			"service": w.Service, "heard": w.Heard, "wake_at": toMilli(w.WakeAt),
		})
		if done.Error == nil && done.RowsAffected == 0 {
			return ErrMoved
		}
		return done.Error
	})
	if err != nil {
		return fmt.Errorf("keeping what became of the deployment %s of %s: %w", w.ID, w.Protector, err)
	}
	return nil
}

// WakeWaiting has looked at again what another configuration may judge in another way: on hold it is as if there were news of its service,
// and where nothing could be asked it is due. Neither is looked at sooner than news would have it, and a claim stays one: it is until the
// same time for both.
func (db *DB) WakeWaiting(ctx context.Context) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		woken := tx.Model(&waitingRow{}).Where("state = 'waiting' AND verdict = 'hold'").Update("heard", "")
		if woken.Error != nil {
			return woken.Error
		}
		return tx.Model(&waitingRow{}).Where("state = 'waiting' AND verdict = '' AND next_at > wake_at").Update("next_at", gorm.Expr("wake_at")).Error
	})
	if err != nil {
		return fmt.Errorf("waking the deployments on hold: %w", err)
	}
	return nil
}

// ForgetWaiting forgets deployments that are older and wait no longer.
func (db *DB) ForgetWaiting(ctx context.Context, before time.Time) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		return tx.Delete(&waitingRow{}, "created_at < ? AND state <> 'waiting'", toMilli(before)).Error
	})
	if err != nil {
		return fmt.Errorf("forgetting deployments that waited: %w", err)
	}
	return nil
}

func waitingOf(rows []waitingRow) []Waiting {
	list := make([]Waiting, len(rows))
	for i, r := range rows {
		list[i] = Waiting{
			Protector: r.Protector, ID: r.ID, Body: r.Body, State: WaitingState(r.State), Decision: r.Decision, Verdict: r.Verdict,
			Said: r.Said, Reports: r.Reports, Attempts: r.Attempts, Problem: r.Problem,
			CreatedAt: fromMilli(r.CreatedAt), NextAt: fromMilli(r.NextAt), ExpiresAt: fromMilli(r.ExpiresAt),
			Service: r.Service, Heard: r.Heard, WakeAt: fromMilli(r.WakeAt),
		}
	}
	return list
}
