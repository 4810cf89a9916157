package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/assessments"
)

// ErrUsed says that the link has been used as often as it may be.
var ErrUsed = errors.New("this link has been used")

// Comment is a remark given with a submission.
type Comment = assessments.Comment

// AddTokens stores the hashes of answer links for a round: personal links count once, the link of an open-link round as often
// as the round takes answers.
func (db *DB) AddTokens(ctx context.Context, round string, hashes []string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		r, err := db.lockRound(tx, round)
		if err != nil {
			return err
		}
		if r.State != assessments.Draft && r.State != assessments.Open {
			return fmt.Errorf("it is %s: %w", r.State, assessments.ErrState)
		}
		uses := 1
		if r.OpenLink {
			uses = r.Capacity()
		}
		rows := make([]invitationRow, len(hashes))
		for i, hash := range hashes {
			rows[i] = invitationRow{Hash: hash, Round: round, Capacity: uses}
		}
		if len(rows) == 0 {
			return nil
		}
		return tx.CreateInBatches(rows, namesPerStatement).Error
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		err = ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("adding links to round %s: %w", round, err)
	}
	return nil
}

// RoundByToken returns the round that an answer link belongs to; with ErrUsed when the link cannot be used again.
func (db *DB) RoundByToken(ctx context.Context, tokenHash string) (assessments.Round, error) {
	invitation, err := findInvitation(db.read.WithContext(ctx), tokenHash)
	if err != nil {
		return assessments.Round{}, err
	}
	r, err := db.Round(ctx, invitation.Round)
	if err == nil && invitation.Uses >= invitation.Capacity {
		err = ErrUsed
	}
	return r, err
}

func findInvitation(tx *gorm.DB, hash string) (invitationRow, error) {
	var row invitationRow
	err := tx.Take(&row, "hash = ?", hash).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = fmt.Errorf("answer link: %w", ErrNotFound)
	}
	return row, err
}

// Submit adds one submission to the counts of the round that the link belongs to and uses up the link, in one transaction
// that leaves no row about who answered what. A submission is final.
func (db *DB) Submit(ctx context.Context, tokenHash string, answers assessments.Answers, comments ...Comment) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		invitation, err := findInvitation(tx, tokenHash)
		if err != nil {
			return err
		}
		r, err := db.lockRound(tx, invitation.Round)
		if err != nil {
			return err
		}
		if invitation, err = findInvitation(tx, tokenHash); err != nil { // as it is under the round's lock
			return err
		}
		if invitation.Uses >= invitation.Capacity {
			return ErrUsed
		}
		if _, _, err := r.Submit(nil, answers); err != nil {
			return err
		}
		if err := tx.Model(&roundRow{}).Where("id = ?", r.ID).Update("respondents", gorm.Expr("respondents + 1")).Error; err != nil {
			return err
		}
		return errors.Join(useLink(tx, invitation), countAnswers(tx, r, answers), saveComments(tx, r.ID, comments))
	})
	if err != nil {
		return fmt.Errorf("submitting answers: %w", err)
	}
	return nil
}

// Each submission writes every row of its round anew: links, counts and comments. PostgreSQL keeps with each row which transaction
// wrote it last; rows that a submission alone had touched would say which answers, link and comment belong together.

func useLink(tx *gorm.DB, used invitationRow) error {
	return tx.Exec("UPDATE invitations SET uses = uses + CASE WHEN hash = ? THEN 1 ELSE 0 END WHERE round = ?", used.Hash, used.Round).Error
}

func countAnswers(tx *gorm.DB, r assessments.Round, answers assessments.Answers) error {
	var rows []countRow
	for _, q := range r.Set.Questions {
		for _, o := range q.Options {
			row := countRow{Round: r.ID, Question: q.ID, Option: o.ID}
			if answers[q.ID] == o.ID {
				row.N = 1
			}
			rows = append(rows, row)
		}
	}
	more := clause.OnConflict{
		Columns:   []clause.Column{{Name: "round"}, {Name: "question"}, {Name: "option"}},
		DoUpdates: clause.Assignments(map[string]any{"n": gorm.Expr("answer_counts.n + excluded.n")}),
	}
	return tx.Clauses(more).Create(&rows).Error
}

// saveComments puts the comments of a round in the order of their keys, the new ones among them.
func saveComments(tx *gorm.DB, round string, comments []Comment) error {
	var rows []commentRow
	if err := tx.Find(&rows, "round = ?", round).Error; err != nil {
		return err
	}
	for _, c := range comments {
		rows = append(rows, commentRow{Key: rand.Text(), Round: round, Text: c.Text, SignedBy: c.SignedBy})
	}
	if len(rows) == 0 {
		return nil
	}
	slices.SortFunc(rows, func(a, b commentRow) int { return cmp.Compare(a.Key, b.Key) })
	if err := tx.Delete(&commentRow{}, "round = ?", round).Error; err != nil {
		return err
	}
	return tx.CreateInBatches(rows, namesPerStatement).Error
}

// Comments lists a closed round's comments in the order of their random keys.
func (db *DB) Comments(ctx context.Context, round string) ([]Comment, error) {
	var list []Comment
	err := db.lookAtClosed(ctx, round, func(tx *gorm.DB) error {
		var rows []commentRow
		err := tx.Order("key").Find(&rows, "round = ?", round).Error
		for _, row := range rows {
			list = append(list, Comment{Text: row.Text, SignedBy: row.SignedBy})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("comments of round %s: %w", round, err)
	}
	return list, nil
}
