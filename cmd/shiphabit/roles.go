package main

import (
	"context"
	"log/slog"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics/doctor"
)

// rolesGone are the roles that name tokens which nobody can use at that time.
func rolesGone(ctx context.Context, db *store.DB, settings config.Config, now time.Time) ([]doctor.Role, error) {
	held := settings.HeldRoles(policiesOf(settings)...)
	if len(held) == 0 {
		return nil, nil
	}
	tokens, err := db.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	why := map[string]string{} // a name may be that of an older token too: one in force decides
	for _, t := range tokens {
		reason := ""
		switch {
		case !t.RevokedAt.IsZero():
			reason = "revoked"
		case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
			reason = "expired"
		}
		if earlier, known := why[t.Name]; !known || earlier != "" {
			why[t.Name] = reason
		}
	}
	var gone []doctor.Role
	for _, role := range held {
		r := doctor.Role{Name: role.Name, Team: role.Team, Lost: role.Needed}
		for _, token := range role.Tokens {
			if reason := goneWhy(why, token); reason != "" {
				r.Gone = append(r.Gone, token+" ("+reason+")")
			}
		}
		for _, token := range role.Holders {
			r.Lost = r.Lost && goneWhy(why, token) != ""
		}
		if len(r.Gone) > 0 {
			gone = append(gone, r)
		}
	}
	return gone, nil
}

// goneWhy is why a token cannot be used, empty for one in force.
func goneWhy(why map[string]string, token string) string {
	if reason, known := why[token]; known {
		return reason
	}
	return "does not exist"
}

// warnOfRoles says which roles name tokens that nobody can use.
func (p *program) warnOfRoles(ctx context.Context, t *term) {
	gone, err := rolesGone(ctx, t.db, t.settings, p.now())
	if err != nil {
		p.logger().WarnContext(ctx, "whether the tokens that roles name are in force is not known", slog.Any("error", err))
		return
	}
	for _, role := range gone {
		attributes := []any{slog.String("role", role.Name), slog.String("team", role.Team), slog.Any("tokens", role.Gone), slog.String("remedy", role.Remedy())}
		if role.Lost {
			p.logger().WarnContext(ctx, "nobody can override by a role: none of its tokens can be used", attributes...)
			continue
		}
		p.logger().WarnContext(ctx, "a role names tokens that nobody can use", attributes...)
	}
}
