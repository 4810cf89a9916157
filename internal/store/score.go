package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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

const (
	// scoreTogether is how many scores wait for each other, and scoreAfter for how long, at most.
	scoreTogether = 64
	scoreAfter    = time.Second
	// scoresAtOnce is how many are written in one transaction where more have come than could be written; scoresWaiting bounds them.
	scoresAtOnce  = 1_000
	scoresWaiting = 10_000
	// scoreBatch is how many are made anew from the log in one transaction.
	scoreBatch = 200
	// scoreAgain is how many places of the log are looked at again for decisions without a score on PostgreSQL: servers that share a database
	// may write in another order than they took places.
	scoreAgain = 5_000
)

// scores are those of decisions that are logged, on their way into the database: written many at a time, and not with the decision, whose
// caller would wait for them. What is lost of them is made anew from the log when somebody asks.
type scores struct {
	mu      sync.Mutex
	waiting []scoreRow
	enough  chan struct{}      // tells the goroutine that writes them that there are enough for a transaction
	stop    context.CancelFunc // of that goroutine, nil when there is none
	writes  sync.WaitGroup
	// upTo is the place in the log up to which no decision is without its score.
	upTo atomic.Int64
}

// score has the scores of decisions that were logged written before long.
func (db *DB) score(all []*logging) {
	s := &db.scores
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range all {
		if !one.taken && len(s.waiting) < scoresWaiting {
			s.waiting = append(s.waiting, one.score)
		}
	}
	if s.stop == nil && len(s.waiting) > 0 {
		ctx, stop := context.WithCancel(context.Background())
		enough := make(chan struct{}, 1)
		s.stop, s.enough = stop, enough
		s.writes.Go(func() { db.writeScores(ctx, enough) })
	}
	if len(s.waiting) >= scoreTogether {
		select {
		case s.enough <- struct{}{}:
		default: // it has been told
		}
	}
}

// writeScores writes what waits, each time that it is enough or has waited long enough, until nothing does.
func (db *DB) writeScores(ctx context.Context, enough <-chan struct{}) {
	for {
		timer := time.NewTimer(scoreAfter)
		select {
		case <-enough:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		rows := db.scores.next()
		if len(rows) == 0 {
			return
		}
		if err := db.addScores(ctx, rows); err != nil && ctx.Err() == nil {
			db.log.DebugContext(ctx, "scores of decisions could not be written; they are made anew from the log", slog.Any("error", err))
		}
	}
}

// next takes out what is written in one transaction; without any the goroutine that asks has ended.
func (s *scores) next() []scoreRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), scoresAtOnce)
	rows := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	if n == 0 {
		s.stop()
		s.stop, s.waiting = nil, nil
	}
	return rows
}

// end has nothing more written, and waits until that has ended.
func (s *scores) end() {
	s.mu.Lock()
	if s.waiting = nil; s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.writes.Wait()
}

// Scores lists what the scoreboard needs of the decisions of a window (half-open), oldest first.
func (db *DB) Scores(ctx context.Context, from, to time.Time) ([]gate.Scored, error) {
	if err := db.scoreOlder(ctx); err != nil && !errors.Is(err, ErrOutage) { // what cannot be written now is of the last second
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

// scoreOlder scores the decisions that are without: those of before there were scores, and those whose scores are still on their way, or
// were lost on it. What it has found complete it does not look through again.
func (db *DB) scoreOlder(ctx context.Context) error {
	var last int64
	if err := db.read.WithContext(ctx).Raw("SELECT coalesce(max(seq), 0) FROM decisions").Scan(&last).Error; err != nil {
		return fmt.Errorf("looking for decisions without a score: %w", err)
	}
	for after := min(db.scores.upTo.Load(), last); ; {
		var without []decisionRow
		err := db.read.WithContext(ctx).Raw(`SELECT d.seq, d.id FROM decisions d LEFT JOIN gate_scores s ON s.at = d.at AND s.decision = d.id
			WHERE d.seq > ? AND d.seq <= ? AND s.decision IS NULL ORDER BY d.seq LIMIT ?`, after, last, scoreBatch).Scan(&without).Error
		if err != nil {
			return fmt.Errorf("looking for decisions without a score: %w", err)
		}
		if len(without) == 0 {
			break
		}
		if err := db.scoreAll(ctx, without); err != nil {
			return err
		}
		after = without[len(without)-1].Seq
	}
	if db.dialect.lock != "" {
		last = max(0, last-scoreAgain)
	}
	db.scores.upTo.Store(last)
	return nil
}

func (db *DB) scoreAll(ctx context.Context, decisions []decisionRow) error {
	rows := make([]scoreRow, len(decisions))
	for i, d := range decisions {
		l, err := db.Decision(ctx, d.ID)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if rows[i], err = scoreRowOf(l); err != nil {
			return fmt.Errorf("score of decision %s: %w", d.ID, err)
		}
	}
	return db.addScores(ctx, rows)
}

// addScores writes those that are not written yet.
func (db *DB) addScores(ctx context.Context, rows []scoreRow) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&rows).Error
	})
}
