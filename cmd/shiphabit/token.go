package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/store"
)

// scopes are what a token may be allowed to do.
var scopes = []string{"read", "ingest", "gate", "override", "assess", "admin"}

func (p *program) tokenCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "token",
		Short:   "Make, list and revoke API tokens",
		Example: "  shiphabit token create deploy-pipeline --scope gate --expires 2160h",
	}
	command.AddCommand(p.tokenCreateCommand(), p.tokenListCommand(), p.tokenRevokeCommand())
	return command
}

func (p *program) tokenCreateCommand() *cobra.Command {
	var database databaseFlags
	var granted []string
	var expires time.Duration
	command := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token; it is shown once and kept only as a hash",
		Long:  "Makes a token with the given scopes: " + strings.Join(scopes, ", ") + ". The token is printed once, on standard output.",
		Example: `  shiphabit token create deploy-pipeline --scope gate --expires 2160h
  export SHIPHABIT_TOKEN=$(shiphabit token create importer --scope ingest -q)`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if len(granted) == 0 {
				return usage("--scope is missing: name what the token may do, one or more of %s", strings.Join(scopes, ", "))
			}
			for _, scope := range granted {
				if !slices.Contains(scopes, scope) {
					return usage("--scope %q is none of %s", scope, strings.Join(scopes, ", "))
				}
			}
			if expires < 0 {
				return usage("--expires %s lies in the past", expires)
			}
			db, err := p.openTokens(command.Context(), database)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			secret := "shp_" + rand.Text()
			token := store.Token{ID: strings.ToLower(rand.Text()[:10]), Name: args[0], Scopes: granted}
			if expires > 0 {
				token.ExpiresAt = p.now().Add(expires)
			}
			if err := db.CreateToken(command.Context(), token, api.HashToken(secret), "command line"); err != nil {
				return err
			}
			p.say("Token %s (id %s) may: %s. It is shown this once:", token.Name, token.ID, strings.Join(granted, ", "))
			fmt.Fprintln(p.out, secret)
			return nil
		},
	}
	database.add(command)
	command.Flags().StringSliceVar(&granted, "scope", nil, "what the token may do; repeat for several")
	command.Flags().DurationVar(&expires, "expires", 90*24*time.Hour, "how long it is valid; 0 for ever")
	return command
}

func (p *program) tokenListCommand() *cobra.Command {
	var database databaseFlags
	command := &cobra.Command{
		Use:     "list",
		Short:   "List the tokens, without their secrets",
		Example: "  shiphabit token list",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openTokens, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			tokens, err := db.Tokens(ctx)
			if err != nil {
				return err
			}
			if len(tokens) == 0 {
				p.say("No tokens yet: 'shiphabit token create NAME --scope gate' makes one.")
				return nil
			}
			rows := [][]string{{"ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "STATE"}}
			for _, t := range tokens {
				rows = append(rows, []string{t.ID, t.Name, strings.Join(t.Scopes, ","), day(t.CreatedAt), day(t.ExpiresAt), day(t.LastUsedAt), p.tokenState(t)})
			}
			return writeTable(p.out, rows)
		}),
	}
	database.add(command)
	return command
}

func (p *program) tokenState(t store.Token) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked"
	case !t.ExpiresAt.IsZero() && !p.now().Before(t.ExpiresAt):
		return "expired"
	default:
		return "valid"
	}
}

// day is the date of an instant, or a dash for none.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

func (p *program) tokenRevokeCommand() *cobra.Command {
	var database databaseFlags
	command := &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a token at once",
		Example: "  shiphabit token revoke k3xq7b2mfa",
		Args:    cobra.ExactArgs(1),
		RunE: onDatabase(p.openTokens, &database, func(ctx context.Context, db *store.DB, args []string) error {
			if err := db.RevokeToken(ctx, args[0], "command line"); err != nil {
				return usage("%w; 'shiphabit token list' shows the ids", err)
			}
			p.say("Token %s is revoked.", args[0])
			return nil
		}),
	}
	database.add(command)
	return command
}

// openTokens opens the database, a new one too, for its tokens alone: what it has declared and derived stays.
func (p *program) openTokens(ctx context.Context, f databaseFlags) (*store.DB, error) {
	settings, err := p.configuration(f.config)
	if err != nil {
		return nil, err
	}
	return p.openUnder(ctx, f, settings, store.LeavesAlone)
}
