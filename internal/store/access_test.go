package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestATokenIsInForceUntilItEndsOrIsRevoked(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		ci := Token{ID: "t1", Name: "ci", Scopes: []string{"ingest", "gate"}, Teams: []string{"pay, \"and\" ship", "web"}, ExpiresAt: noon.Add(24 * time.Hour)}
		admin := Token{ID: "t2", Name: "admin", Scopes: []string{"admin"}}
		if err := errors.Join(db.CreateToken(ctx, ci, "h1", "Kim"), db.CreateToken(ctx, admin, "h2", "Kim")); err != nil {
			t.Fatal(err)
		}
		if err := db.CreateToken(ctx, ci, "h1", "Kim"); !errors.Is(err, ErrDuplicate) {
			t.Errorf("the same token again: %v", err)
		}
		now = noon.Add(90 * time.Second)
		got, err := db.TokenByHash(ctx, "h1")
		ci.CreatedAt, ci.LastUsedAt = noon, noon.Add(time.Minute)
		if diff := cmp.Diff(ci, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		admin.CreatedAt = noon
		all, err := db.Tokens(ctx)
		if diff := cmp.Diff([]Token{admin, ci}, all); err != nil || diff != "" {
			t.Error(err, diff)
		}
		now = noon.Add(24 * time.Hour)
		if _, err := db.TokenByHash(ctx, "h1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a token at its end: %v", err)
		}
		if _, err := db.TokenByHash(ctx, "h2"); err != nil {
			t.Errorf("a token without end: %v", err)
		}
		if err := db.RevokeToken(ctx, "t2", "Lee"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.TokenByHash(ctx, "h2"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a revoked token: %v", err)
		}
		if err := db.RevokeToken(ctx, "t2", "Lee"); !errors.Is(err, ErrNotFound) {
			t.Errorf("revoking it again: %v", err)
		}
		if _, err := db.TokenByHash(ctx, "none"); !errors.Is(err, ErrNotFound) {
			t.Errorf("no token: %v", err)
		}
	})
}

func TestTheAuditLogIsAddedToAndNeverChanged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		err := errors.Join(
			db.Audit(ctx, Entry{Actor: "Kim", Action: "override", Subject: "decision 1", Details: "accepted risk"}),
			db.CreateToken(ctx, Token{ID: "t1", Name: "ci", Scopes: []string{"read"}}, "h1", "Lee"),
			db.RevokeToken(ctx, "t1", "Kim"))
		if err != nil {
			t.Fatal(err)
		}
		want := []Entry{
			{noon, "Kim", "token revoked", "token t1", ""},
			{noon, "Lee", "token created", "token t1", "ci: read"},
			{noon, "Kim", "override", "decision 1", "accepted risk"},
		}
		first, next, err := db.AuditLog(ctx, "", 2)
		if err != nil {
			t.Fatal(err)
		}
		rest, end, err := db.AuditLog(ctx, next, 2)
		if diff := cmp.Diff(want, append(first, rest...)); err != nil || end != "" || diff != "" {
			t.Error(err, end, diff)
		}
		for _, tamper := range []string{"UPDATE audit SET actor = 'x'", "DELETE FROM audit"} {
			if err := db.write.Exec(tamper).Error; err == nil {
				t.Errorf("the database let %q happen", tamper)
			}
		}
	})
}

func TestRevokedTokensAreListedFromAnInstantOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for _, id := range []string{"kept", "ended"} {
			if err := db.CreateToken(t.Context(), Token{ID: id, Name: id, Scopes: []string{"gate"}}, "hash-"+id, "Kim"); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.RevokeToken(t.Context(), "ended", "Kim"); err != nil {
			t.Fatal(err)
		}
		ended := db.clock()
		if list, err := db.RevokedTokens(t.Context(), ended.Add(-time.Hour)); err != nil || len(list) != 1 || list[0] != "hash-ended" {
			t.Errorf("%v, %v", list, err)
		}
		if list, err := db.RevokedTokens(t.Context(), ended.Add(time.Hour)); err != nil || len(list) != 0 {
			t.Errorf("of an hour later: %v, %v", list, err)
		}
	})
}

func TestTwoTokensInForceDoNotBearOneName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		must(t, db.CreateToken(t.Context(), Token{ID: "a", Name: "ada"}, "h1", "test"))
		if err := db.CreateToken(t.Context(), Token{ID: "b", Name: "ada"}, "h2", "test"); !errors.Is(err, ErrDuplicate) {
			t.Errorf("a second one: %v", err)
		}
		must(t, db.RevokeToken(t.Context(), "a", "test"))
		must(t, db.CreateToken(t.Context(), Token{ID: "c", Name: "ada", ExpiresAt: noon.Add(-time.Hour)}, "h3", "test"))
		must(t, db.CreateToken(t.Context(), Token{ID: "d", Name: "ada"}, "h4", "test"))
	})
}
