package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Token is an API token as it is kept: only its hash is known.
type Token struct {
	Name      string
	Scopes    []Scope
	Teams     []string  // those for which its bearer acts
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time
}

// tokenStore finds tokens by their hash. It returns ok = false for one it does not know.
type tokenStore interface {
	TokenByHash(ctx context.Context, hash string) (token Token, ok bool, err error)
	// RevokedTokens lists the hashes of tokens that were revoked at or after an instant.
	RevokedTokens(ctx context.Context, since time.Time) ([]string, error)
}

// HashToken is how a token is kept: tokens are random, so a plain digest is as good as a slow one.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// tokenCaller begins the name of a caller who is known by an API token.
const tokenCaller = "token:"

// local is whoever sends no token where none is asked for.
const local = "local"

// anyone is the caller without a token. Where none are required that is the person at this machine, who acts for every team.
func (s *Server) anyone() caller { return caller{Name: local, everyTeam: !s.o.RequireTokens} }

// authenticate finds out who asks and whether they may. A token that is sent must be valid, even where none is needed: a
// pipeline whose token has expired should hear of it. The decision is the one that the address names, "" when it names none.
func (s *Server) authenticate(r *http.Request, at route, decision string) (caller, error) {
	scope := at.scope
	if scope == Public || scope == Signed || scope == Page && openToAll(r.URL.Path) {
		return s.anyone(), nil
	}
	secret, sent := secretOf(r)
	if !sent {
		if s.o.RequireTokens {
			return caller{}, fail(Unauthorized, "send an API token as 'Authorization: Bearer …', in a browser as the password; 'shiphabit token create' makes one")
		}
		return s.anyone(), nil
	}
	if s.o.Jobs != nil && isJobToken(secret) {
		return s.authenticateJob(r, secret, at)
	}
	if isReportToken(secret) {
		return s.authenticateReport(r.Context(), secret, at, decision)
	}
	token, ok, err := s.token(r.Context(), HashToken(secret))
	if err != nil {
		return caller{}, err
	}
	if !ok || !token.RevokedAt.IsZero() {
		return caller{}, fail(Unauthorized, "the token is not known or was revoked; 'shiphabit token create' makes a new one")
	}
	if !token.ExpiresAt.IsZero() && !s.o.Clock().Before(token.ExpiresAt) {
		return caller{}, fail(Unauthorized, "the token expired at "+token.ExpiresAt.UTC().Format(time.RFC3339)+"; 'shiphabit token create' makes a new one")
	}
	if scope == Page {
		scope = cmp.Or(at.needs, Read)
	}
	who := caller{Name: tokenCaller + token.Name, Scopes: token.Scopes, Teams: token.Teams, everyTeam: !s.o.RequireTokens}
	if !slices.Contains(who.Scopes, scope) && !slices.Contains(who.Scopes, Admin) {
		return caller{}, fail(Forbidden, "the token "+token.Name+" lacks the scope "+string(scope))
	}
	return who, nil
}

// token looks a token up. While the database does not answer, one counts that was valid within the last hour, unless it was seen to be
// revoked since: see ForgetRevoked.
func (s *Server) token(ctx context.Context, hash string) (token Token, ok bool, err error) {
	now := s.o.Clock()
	err = s.within(ctx, func(ctx context.Context) (err error) {
		token, ok, err = s.o.Store.TokenByHash(ctx, hash)
		return err
	})
	if err == nil {
		s.standby.keepToken(hash, token, ok, now)
		return token, ok, nil
	}
	if kept, found := s.standby.token(hash, now); found && errors.Is(err, errLost) {
		return kept, true, nil
	}
	return token, ok, err
}

// revokedReach is how far back revoked tokens are looked for: well beyond the time for which one is remembered, since they are dated by the
// clock of whoever revoked them.
const revokedReach = tokenLife + 24*time.Hour

// ForgetRevoked asks which tokens were revoked, so that none of them counts while the database does not answer, though nobody has used it
// here since. Run does so every other second; what is revoked in the last moment before, or where this server cannot see it, counts on.
func (s *Server) ForgetRevoked(ctx context.Context) {
	var hashes []string
	err := s.within(ctx, func(ctx context.Context) (err error) {
		hashes, err = s.o.Store.RevokedTokens(ctx, s.o.Clock().Add(-revokedReach))
		return err
	})
	switch {
	case err == nil:
		s.standby.revoke(hashes)
	case !errors.Is(err, errLost) && ctx.Err() == nil:
		s.o.Logger.ErrorContext(ctx, "looking for tokens that were revoked", slog.Any("error", err))
	}
}

// secretOf is the token that a program sends as a bearer token, or a browser as the password of its prompt.
func secretOf(r *http.Request) (string, bool) {
	if _, password, basic := r.BasicAuth(); basic {
		return password, true
	}
	kind, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(kind, "bearer")
}

// openToAll are the pages that ask nobody for a token: an answer link is a secret of its own, and files of the program hold
// no record.
func openToAll(path string) bool {
	return strings.HasPrefix(path, "/assess/") || strings.HasPrefix(path, "/assets/")
}
