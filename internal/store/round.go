package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"shiphabit/assessments"
)

// states of a round in the order it passes through them.
var states = []assessments.RoundState{assessments.Draft, assessments.Open, assessments.Closed, assessments.Published}

// SaveRound stores a round or the next state of one. A round only moves forward; what was pinned at opening stays as it was,
// and the numbers of respondents and reminders are counted here, whatever the argument says. Closing deletes every link that could still be
// used, in the same transaction. The audit log says by whom a round came into its state, unless by is empty: what the program makes for a look
// around is nobody's deed.
func (db *DB) SaveRound(ctx context.Context, r assessments.Round, by string) error {
	row, err := roundRowOf(r)
	if err != nil {
		return err
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		old, err := db.lockRound(tx, r.ID)
		if errors.Is(err, ErrNotFound) {
			return errors.Join(tx.Create(&row).Error, db.noteRound(tx, r, by, reached[r.State]))
		}
		if err != nil {
			return err
		}
		if err := follows(old, r); err != nil {
			return err
		}
		err = tx.Model(&roundRow{}).Where("id = ?", r.ID).
			Updates(map[string]any{"team": row.Team, "state": row.State, "capacity": row.Capacity, "document": row.Document}).Error
		if err == nil && (r.State == assessments.Closed || r.State == assessments.Published) {
			err = tx.Delete(&invitationRow{}, "round = ? AND uses < capacity", r.ID).Error
		}
		if err == nil && r.State != old.State {
			err = db.noteRound(tx, r, by, reached[r.State])
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("saving round %s: %w", r.ID, err)
	}
	return nil
}

// reached words in the audit log that a round came into a state.
var reached = map[assessments.RoundState]string{
	assessments.Draft: "round drafted", assessments.Open: "round opened", assessments.Closed: "round closed", assessments.Published: "round published",
}

// noteRound says in the audit log what was done with a round. Who answered is in no deed.
func (db *DB) noteRound(tx *gorm.DB, r assessments.Round, by, deed string) error {
	if by == "" {
		return nil
	}
	return db.note(tx, Entry{Actor: by, Action: deed, Subject: r.ID, Details: "team " + r.Team})
}

// follows refuses a step back and a change of what is pinned.
func follows(old, r assessments.Round) error {
	from, to := slices.Index(states, old.State), slices.Index(states, r.State)
	if to < from || from < 0 {
		return fmt.Errorf("it is %s and cannot become %s again: %w", old.State, r.State, assessments.ErrState)
	}
	if old.State == assessments.Draft {
		return nil
	}
	before, err := pinned(old)
	if err != nil {
		return err
	}
	after, err := pinned(r)
	if err == nil && before != after {
		err = fmt.Errorf("it was opened with other questions, members, size or window, and those stay: %w", assessments.ErrState)
	}
	return err
}

// pinned is everything that opening fixes.
func pinned(r assessments.Round) (string, error) {
	r.State, r.ClosedAt, r.PublishedAt, r.Respondents, r.Reminders = "", time.Time{}, time.Time{}, 0, 0
	text, err := json.Marshal(r)
	return string(text), err
}

func roundRowOf(r assessments.Round) (roundRow, error) {
	if r.ID == "" || !slices.Contains(states, r.State) {
		return roundRow{}, fmt.Errorf("round %q in state %q: %w", r.ID, r.State, assessments.ErrInvalid)
	}
	capacity := r.Capacity()
	r.Respondents, r.Reminders = 0, 0
	document, err := json.Marshal(r)
	return roundRow{ID: r.ID, Team: r.Team, State: string(r.State), Capacity: capacity, Document: string(document)}, err
}

func (r roundRow) round() (assessments.Round, error) {
	var round assessments.Round
	if err := json.Unmarshal([]byte(r.Document), &round); err != nil {
		return round, fmt.Errorf("stored round %s: %w", r.ID, err)
	}
	round.Respondents, round.Reminders = r.Respondents, r.Reminders
	return round, nil
}

// lockRound reads a round that nobody else may change until the transaction ends.
func (db *DB) lockRound(tx *gorm.DB, id string) (assessments.Round, error) {
	var rows []roundRow
	if err := tx.Raw("SELECT * FROM rounds WHERE id = ?"+db.dialect.lock, id).Scan(&rows).Error; err != nil {
		return assessments.Round{}, err
	}
	if len(rows) == 0 {
		return assessments.Round{}, fmt.Errorf("round %q: %w", id, ErrNotFound)
	}
	return rows[0].round()
}

// Round returns a round.
func (db *DB) Round(ctx context.Context, id string) (assessments.Round, error) {
	var row roundRow
	err := db.read.WithContext(ctx).Take(&row, "id = ?", id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return assessments.Round{}, fmt.Errorf("round %q: %w", id, err)
	}
	return row.round()
}

// Rounds lists every round by id.
func (db *DB) Rounds(ctx context.Context) ([]assessments.Round, error) {
	var rows []roundRow
	if err := db.read.WithContext(ctx).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing rounds: %w", err)
	}
	list := make([]assessments.Round, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.round(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Counts returns how many chose each option. Before the round is closed nobody may see them.
func (db *DB) Counts(ctx context.Context, round string) (assessments.Counts, error) {
	counts := assessments.Counts{}
	err := db.lookAtClosed(ctx, round, func(tx *gorm.DB) error {
		var rows []countRow
		err := tx.Find(&rows, "round = ? AND n > 0", round).Error
		for _, row := range rows {
			if counts[row.Question] == nil {
				counts[row.Question] = map[string]int{}
			}
			counts[row.Question][row.Option] = row.N
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counts of round %s: %w", round, err)
	}
	return counts, nil
}

// lookAtClosed reads answers of a round, which are not for anybody while it is open.
func (db *DB) lookAtClosed(ctx context.Context, round string, do func(tx *gorm.DB) error) error {
	return db.look(ctx, func(tx *gorm.DB) error {
		var state string
		done := tx.Model(&roundRow{}).Where("id = ?", round).Pluck("state", &state)
		switch {
		case done.Error != nil:
			return done.Error
		case state == "":
			return ErrNotFound
		case state != string(assessments.Closed) && state != string(assessments.Published):
			return fmt.Errorf("it is %s, and only participation is shown before closing: %w", state, assessments.ErrState)
		}
		return do(tx)
	})
}
