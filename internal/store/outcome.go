package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/assessments"
)

type replyRow struct {
	Round    string `gorm:"primaryKey"`
	Question string `gorm:"primaryKey"`
	Tag      string
	Note     string
	At       int64
}

type actionRow struct {
	Round   string `gorm:"primaryKey"`
	Text    string
	Owner   string
	DueOn   string
	Outcome string
	At      int64
}

func (replyRow) TableName() string  { return "replies" }
func (actionRow) TableName() string { return "actions" }

// SaveReply stores what a team says to a question of a closed round, in place of what it said before; an empty tag takes it away.
func (db *DB) SaveReply(ctx context.Context, round string, r assessments.Reply, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		if _, err := db.inState(tx, round, assessments.Closed); err != nil {
			return err
		}
		done := "reply withdrawn"
		if r.Tag == "" {
			if err := tx.Delete(&replyRow{}, "round = ? AND question = ?", round, r.Question).Error; err != nil {
				return err
			}
		} else {
			done = "reply: " + string(r.Tag) + ": " + r.Note
			row := replyRow{Round: round, Question: r.Question, Tag: string(r.Tag), Note: r.Note, At: toMilli(db.clock())}
			if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
				return err
			}
		}
		return db.note(tx, Entry{Actor: by, Action: "result replied to", Subject: round + "/" + r.Question, Details: done})
	})
	if err != nil {
		return fmt.Errorf("replying to round %s: %w", round, err)
	}
	return nil
}

// inState locks a round and refuses it in any other state.
func (db *DB) inState(tx *gorm.DB, id string, state assessments.RoundState) (assessments.Round, error) {
	r, err := db.lockRound(tx, id)
	if err == nil && r.State != state {
		err = assessments.OnlyWhile(state, r.State)
	}
	return r, err
}

// Replies are what the team said to the questions of a round, by question.
func (db *DB) Replies(ctx context.Context, round string) ([]assessments.Reply, error) {
	var rows []replyRow
	if err := db.read.WithContext(ctx).Order("question").Find(&rows, "round = ?", round).Error; err != nil {
		return nil, fmt.Errorf("replies to round %s: %w", round, err)
	}
	var list []assessments.Reply
	for _, row := range rows {
		list = append(list, assessments.Reply{Question: row.Question, Tag: assessments.Tag(row.Tag), Note: row.Note, At: fromMilli(row.At)})
	}
	return list, nil
}

// SaveAction stores what a team decided after a round, in place of what it decided before.
func (db *DB) SaveAction(ctx context.Context, round string, a assessments.Action, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		if _, err := db.inState(tx, round, assessments.Closed); err != nil {
			return err
		}
		row := actionRow{Round: round, Text: a.Text, Owner: a.Owner, DueOn: a.DueOn, Outcome: string(a.Outcome), At: toMilli(db.clock())}
		if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error; err != nil {
			return err
		}
		return db.note(tx, Entry{Actor: by, Action: "action decided", Subject: round, Details: a.Text + " (" + a.Owner + ", by " + a.DueOn + ")"})
	})
	if err != nil {
		return fmt.Errorf("saving the action of round %s: %w", round, err)
	}
	return nil
}

// DecideAction says what became of a round's action; the round may be closed or published by then.
func (db *DB) DecideAction(ctx context.Context, round string, o assessments.Outcome, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		changed := tx.Model(&actionRow{}).Where("round = ?", round).Update("outcome", string(o))
		if changed.Error != nil {
			return changed.Error
		}
		if changed.RowsAffected == 0 {
			return ErrNotFound
		}
		return db.note(tx, Entry{Actor: by, Action: "action looked back at", Subject: round, Details: string(o)})
	})
	if err != nil {
		return fmt.Errorf("the action of round %s: %w", round, err)
	}
	return nil
}

// Action is what a team decided after a round; found is false when nothing.
func (db *DB) Action(ctx context.Context, round string) (a assessments.Action, found bool, err error) {
	var row actionRow
	err = db.read.WithContext(ctx).Take(&row, "round = ?", round).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("the action of round %s: %w", round, err)
	}
	return row.action(), true, nil
}

// Actions are what was decided after some rounds, by round; a round without one is not in it.
func (db *DB) Actions(ctx context.Context, rounds ...string) (map[string]assessments.Action, error) {
	var rows []actionRow
	if err := db.read.WithContext(ctx).Find(&rows, "round IN ?", rounds).Error; err != nil {
		return nil, fmt.Errorf("the actions of %d rounds: %w", len(rounds), err)
	}
	all := make(map[string]assessments.Action, len(rows))
	for _, row := range rows {
		all[row.Round] = row.action()
	}
	return all, nil
}

func (row actionRow) action() assessments.Action {
	return assessments.Action{Text: row.Text, Owner: row.Owner, DueOn: row.DueOn, Outcome: assessments.Outcome(row.Outcome), At: fromMilli(row.At)}
}

// CountReminder counts one more reminder of an open round of which seen were counted before. ErrMoved when somebody else was
// faster, ErrState when the round is not open or has had as many as may be.
func (db *DB) CountReminder(ctx context.Context, round string, seen int, by string) error {
	if seen >= assessments.MaxReminders {
		return fmt.Errorf("people were reminded of round %s %d times, and more would be pressure: %w", round, seen, assessments.ErrState)
	}
	return db.moveReminders(ctx, round, seen, seen+1, by)
}

// UncountReminder takes back the last of so many, because nobody got it.
func (db *DB) UncountReminder(ctx context.Context, round string, counted int, by string) error {
	return db.moveReminders(ctx, round, counted, counted-1, by)
}

func (db *DB) moveReminders(ctx context.Context, round string, from, to int, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		reminded, err := db.inState(tx, round, assessments.Open)
		if err != nil {
			return err
		}
		moved := tx.Model(&roundRow{}).Where("id = ? AND reminders = ?", round, from).Update("reminders", to)
		if moved.Error == nil && moved.RowsAffected == 0 {
			return ErrMoved
		}
		if moved.Error != nil {
			return moved.Error
		}
		deed := "round reminded of"
		if to < from {
			deed = "round not reminded of: nobody was reached"
		}
		return db.noteRound(tx, reminded, by, deed)
	})
	if err != nil {
		return fmt.Errorf("counting a reminder of round %s: %w", round, err)
	}
	return nil
}

// DiscardRound deletes a draft: nobody was asked yet.
func (db *DB) DiscardRound(ctx context.Context, id, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		draft, err := db.inState(tx, id, assessments.Draft)
		if err != nil {
			return err
		}
		return errors.Join(tx.Delete(&invitationRow{}, "round = ?", id).Error, tx.Delete(&roundRow{}, "id = ?", id).Error,
			db.noteRound(tx, draft, by, "round discarded"))
	})
	if err != nil {
		return fmt.Errorf("discarding round %s: %w", id, err)
	}
	return nil
}
