package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Token describes an access token of the API. The token itself is nowhere stored, only its hash.
type Token struct {
	ID     string
	Name   string
	Scopes []string // read, ingest, gate, override, assess, admin
	Teams  []string // those for which it acts; none for most
	// Times are zero when they do not apply: a token without end, never used, not revoked.
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt time.Time // to the minute
	RevokedAt  time.Time
}

// usedPrecision keeps a busy token from writing to the database with each request.
const usedPrecision = time.Minute

// CreateToken stores a token under the hash of its secret and notes in the audit log who made it.
func (db *DB) CreateToken(ctx context.Context, t Token, hash, by string) error {
	now, never := db.now(), toMilli(time.Time{})
	teams, err := json.Marshal(append([]string{}, t.Teams...)) // none is [], not null
	if err != nil {
		return fmt.Errorf("creating token %s: %w", t.Name, err)
	}
	details := t.Name + ": " + strings.Join(t.Scopes, " ")
	if len(t.Teams) > 0 {
		details += "; for team " + strings.Join(t.Teams, ", ")
	}
	row := tokenRow{
		ID: t.ID, Name: t.Name, Hash: hash, Scopes: strings.Join(t.Scopes, " "), Teams: string(teams), CreatedAt: toMilli(now),
		ExpiresAt: toMilli(t.ExpiresAt), LastUsedAt: never, RevokedAt: never,
	}
	err = db.change(ctx, func(tx *gorm.DB) error {
		var live int64
		err := tx.Model(&tokenRow{}).Where("name = ? AND revoked_at = ? AND (expires_at = ? OR expires_at > ?)", t.Name, never, never, toMilli(now)).Count(&live).Error
		if err == nil && live > 0 {
			err = duplicate("a token of that name is in force, and names tell callers apart; revoke it, or take another name")
		}
		if err != nil {
			return err
		}
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return db.note(tx, Entry{Actor: by, Action: "token created", Subject: "token " + t.ID, Details: details})
	})
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		err = ErrDuplicate
	}
	if err != nil {
		return fmt.Errorf("creating token %s: %w", t.Name, err)
	}
	return nil
}

// useWait is how long the use of a token waits for others that write.
const useWait = 400 * time.Millisecond

// TokenByHash returns the token in force whose secret has this hash, and notes that it was used. ErrNotFound when there is
// none, or it is revoked or past its end.
func (db *DB) TokenByHash(ctx context.Context, hash string) (Token, error) {
	var rows []tokenRow
	if err := db.read.WithContext(ctx).Limit(1).Find(&rows, "hash = ?", hash).Error; err != nil {
		return Token{}, fmt.Errorf("looking up a token: %w", err)
	}
	if len(rows) == 0 {
		return Token{}, fmt.Errorf("token: %w", ErrNotFound)
	}
	t, err := rows[0].token()
	if err != nil {
		return Token{}, err
	}
	now := db.now()
	switch {
	case !t.RevokedAt.IsZero():
		return Token{}, fmt.Errorf("token %s is revoked: %w", t.Name, ErrNotFound)
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return Token{}, fmt.Errorf("token %s ended at %s: %w", t.Name, t.ExpiresAt.Format(time.RFC3339), ErrNotFound)
	}
	used := now.Truncate(usedPrecision)
	if t.LastUsedAt.Before(used) {
		err := db.noteUse(ctx, t.ID, used)
		if err != nil && !errors.Is(err, ErrOutage) && !errors.Is(err, context.DeadlineExceeded) {
			return Token{}, fmt.Errorf("noting the use of token %s: %w", t.Name, err)
		}
		t.LastUsedAt = used
	}
	return t, nil
}

// noteUse notes when a token was used, as soon as that can be had: nobody is refused because the database cannot be written to.
func (db *DB) noteUse(ctx context.Context, id string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, useWait)
	defer cancel()
	return db.change(ctx, func(tx *gorm.DB) error {
		return tx.Model(&tokenRow{}).Where("id = ?", id).Update("last_used_at", toMilli(at)).Error
	})
}

func (r tokenRow) token() (Token, error) {
	t := Token{
		ID: r.ID, Name: r.Name, Scopes: strings.Fields(r.Scopes), CreatedAt: fromMilli(r.CreatedAt),
		ExpiresAt: fromMilli(r.ExpiresAt), LastUsedAt: fromMilli(r.LastUsedAt), RevokedAt: fromMilli(r.RevokedAt),
	}
	if err := json.Unmarshal([]byte(r.Teams), &t.Teams); err != nil {
		return t, fmt.Errorf("the teams of token %s: %w", r.Name, err)
	}
	if len(t.Teams) == 0 {
		t.Teams = nil
	}
	return t, nil
}

// Tokens lists all tokens, revoked and ended ones too, by name.
func (db *DB) Tokens(ctx context.Context) ([]Token, error) {
	var rows []tokenRow
	if err := db.read.WithContext(ctx).Order("name, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	list := make([]Token, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.token(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// RevokedTokens lists the hashes of tokens that were revoked at or after since.
func (db *DB) RevokedTokens(ctx context.Context, since time.Time) ([]string, error) {
	var hashes []string
	err := db.read.WithContext(ctx).Model(&tokenRow{}).Where("revoked_at <> ? AND revoked_at >= ?", toMilli(time.Time{}), ceilMilli(since)).Pluck("hash", &hashes).Error
	if err != nil {
		return nil, fmt.Errorf("listing revoked tokens: %w", err)
	}
	return hashes, nil
}

// RevokeToken ends a token and notes in the audit log who did. ErrNotFound when there is none in force.
func (db *DB) RevokeToken(ctx context.Context, id, by string) error {
	err := db.change(ctx, func(tx *gorm.DB) error {
		done := tx.Model(&tokenRow{}).Where("id = ? AND revoked_at = ?", id, toMilli(time.Time{})).
			Update("revoked_at", toMilli(db.clock()))
		if done.Error != nil {
			return done.Error
		}
		if done.RowsAffected == 0 {
			return ErrNotFound
		}
		return db.note(tx, Entry{Actor: by, Action: "token revoked", Subject: "token " + id})
	})
	if err != nil {
		return fmt.Errorf("revoking token %s: %w", id, err)
	}
	return nil
}
