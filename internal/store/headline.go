package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"shiphabit/metrics/gate"
)

// Headline is what shows whether a logged decision can be news, without its text: a busy gate makes a hundred thousand a day, and few are.
type Headline struct {
	Seq         int64 // its place in the log
	ID          string
	Service     string
	Environment string
	At          time.Time
	Verdict     gate.Result
	// Kind is as what it was judged; "" of one that was logged before that was noted.
	Kind string
	// Demoted are the criteria that had broken their promise.
	Demoted []string
}

// Headlines lists those of decisions with higher places in the log than after, in their order. Who reads on from the last one may miss a
// decision that was being written by another server meanwhile: some places before it are to be read again.
func (db *DB) Headlines(ctx context.Context, after int64, limit int) ([]Headline, error) {
	var rows []struct {
		Row      decisionRow `gorm:"embedded"`
		Score    string
		Unscored bool
	}
	err := db.read.WithContext(ctx).Raw(`SELECT d.seq, d.id, d.service, d.environment, d.at, d.verdict, d.kind,
			CASE WHEN s.body LIKE '%"demoted":[%' THEN s.body ELSE '' END AS score, s.decision IS NULL AS unscored
		FROM decisions d LEFT JOIN gate_scores s ON s.at = d.at AND s.decision = d.id WHERE d.seq > ? ORDER BY d.seq LIMIT ?`, after, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("reading on in the log of decisions: %w", err)
	}
	list := make([]Headline, len(rows))
	for i, row := range rows {
		r := row.Row
		list[i] = Headline{Seq: r.Seq, ID: r.ID, Service: r.Service, Environment: r.Environment, At: fromMilli(r.At), Verdict: gate.Result(r.Verdict)}
		if r.Kind != nil {
			list[i].Kind = *r.Kind
		}
		if row.Score == "" && !row.Unscored {
			continue
		}
		var s gate.Scored
		if err := json.Unmarshal([]byte(row.Score), &s); err != nil {
			if s, err = db.scoredAnew(ctx, r.ID); err != nil {
				return nil, err
			}
		}
		list[i].Demoted = s.Demoted
	}
	return list, nil
}

// PlaceBefore is the place in the log before the first decision that was made at or after an instant, of the last one where none was.
func (db *DB) PlaceBefore(ctx context.Context, since time.Time) (seq int64, err error) {
	if err := db.scoreOlder(ctx); err != nil {
		return 0, err
	}
	err = db.read.WithContext(ctx).Raw(`SELECT coalesce((SELECT min(+n) - 1 FROM (SELECT (SELECT d.seq FROM decisions d WHERE d.id = s.decision) AS n FROM gate_scores s WHERE s.at >= ?) placed),
		(SELECT max(seq) FROM decisions), 0)`, ceilMilli(since)).Scan(&seq).Error
	if err != nil {
		return 0, fmt.Errorf("looking for the first decision since %s: %w", since.Format(time.RFC3339), err)
	}
	return seq, nil
}

// DecisionsNamed are decisions by their ids as DecisionsDemoted lists them, in the order of the log.
func (db *DB) DecisionsNamed(ctx context.Context, ids []string) ([]gate.Logged, error) {
	var rows []decisionRow
	if err := db.read.WithContext(ctx).Where("id IN ?", ids).Order("seq").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("reading decisions: %w", err)
	}
	return db.withDemoted(ctx, rows), nil
}
