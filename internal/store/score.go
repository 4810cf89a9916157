package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics/gate"
)

// scoreRow is what the scoreboard needs of one decision.
type scoreRow struct {
	At       int64  `gorm:"primaryKey;autoIncrement:false"`
	Decision string `gorm:"primaryKey"`
	Body     string
}

func (scoreRow) TableName() string { return "gate_scores" }

func scoreRowOf(l gate.Logged) (scoreRow, error) {
	body, err := json.Marshal(l.Scored())
	return scoreRow{At: toMilli(l.At), Decision: l.ID, Body: string(body)}, err
}

// scoreBatch is how many decisions of before are scored in one transaction.
const scoreBatch = 200

// Scores lists what the scoreboard needs of the decisions of a window (half-open), oldest first.
func (db *DB) Scores(ctx context.Context, from, to time.Time) ([]gate.Scored, error) {
	if err := db.scoreOlder(ctx); err != nil {
		return nil, err
	}
	rows, err := db.read.WithContext(ctx).Model(&scoreRow{}).Select("decision", "body").
		Where("at >= ? AND at < ?", ceilMilli(from), ceilMilli(to)).Order("at, decision").Rows()
	if err != nil {
		return nil, fmt.Errorf("reading scores: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var list []gate.Scored
	var id, body []byte
	for rows.Next() {
		var s gate.Scored
		if err := rows.Scan(&id, &body); err != nil {
			return nil, fmt.Errorf("reading scores: %w", err)
		}
		if json.Unmarshal(body, &s) != nil { // the decision says it as well
			if s, err = db.scoredAnew(ctx, string(id)); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// scoredAnew is the score of a stored decision, of one that is damaged by what remains of it.
func (db *DB) scoredAnew(ctx context.Context, id string) (gate.Scored, error) {
	l, err := db.Decision(ctx, id)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return gate.Scored{}, err
	}
	return l.Scored(), nil
}

// scoreOlder scores the decisions that were logged before there were scores. Once it has found none it does not look again.
func (db *DB) scoreOlder(ctx context.Context) error {
	if db.scored.Load() {
		return nil
	}
	for {
		var ids []string
		err := db.read.WithContext(ctx).Raw(`SELECT d.id FROM decisions d LEFT JOIN gate_scores s ON s.at = d.at AND s.decision = d.id
			WHERE s.decision IS NULL ORDER BY d.seq LIMIT ?`, scoreBatch).Scan(&ids).Error
		if err != nil {
			return fmt.Errorf("looking for decisions without a score: %w", err)
		}
		if len(ids) == 0 {
			db.scored.Store(true)
			return nil
		}
		if err := db.scoreAll(ctx, ids); err != nil {
			return err
		}
	}
}

func (db *DB) scoreAll(ctx context.Context, ids []string) error {
	rows := make([]scoreRow, len(ids))
	for i, id := range ids {
		l, err := db.Decision(ctx, id)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if rows[i], err = scoreRowOf(l); err != nil {
			return fmt.Errorf("score of decision %s: %w", id, err)
		}
	}
	return db.change(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	})
}
