package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
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
	var granted, teams []string
	var expires time.Duration
	command := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token; it is shown once and kept only as a hash",
		Long: "Makes a token with the given scopes: " + strings.Join(scopes, ", ") + ". The token is printed once, on standard output.\n\n" +
			"Where tokens are required, what a team said in its rounds is shown to tokens bound to the team by --team, and to others when the team\n" +
			"has published it. With the scope assess a bound token replies, decides on the action and publishes for its teams, and runs rounds of no\n" +
			"others; an unbound one runs rounds of all and sees how many have answered.",
		Example: `  shiphabit token create deploy-pipeline --scope gate --expires 2160h
  export SHIPHABIT_TOKEN=$(shiphabit token create importer --scope ingest -q)
  shiphabit token create payments-team --team payments --scope read,assess`,
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
			if slices.ContainsFunc(teams, func(team string) bool { return strings.TrimSpace(team) == "" }) {
				return usage("--team is empty: name the team that the token acts for, or leave it out")
			}
			if expires < 0 {
				return usage("--expires %s lies in the past", expires)
			}
			settings, err := p.configuration(database.config)
			if err != nil {
				return err
			}
			db, err := p.openUnder(command.Context(), database, settings, store.LeavesAlone)
			if err != nil {
				return err
			}
			defer func() { _ = db.Close() }()
			secret := "shp_" + rand.Text()
			token := store.Token{ID: strings.ToLower(rand.Text()[:10]), Name: args[0], Scopes: granted, Teams: slices.Compact(slices.Sorted(slices.Values(teams)))}
			if expires > 0 {
				token.ExpiresAt = p.now().Add(expires)
			}
			if err := db.CreateToken(command.Context(), token, api.HashToken(secret), "command line"); err != nil {
				return err
			}
			p.say("Token %s (id %s) may: %s%s. It is shown this once:", token.Name, token.ID, strings.Join(granted, ", "), forTeams(token.Teams))
			if _, err := fmt.Fprintln(p.out, secret); err != nil {
				return err
			}
			p.warnOfUnknownTeams(command.Context(), db, settings, token.Teams)
			return nil
		},
	}
	database.add(command)
	command.Flags().StringSliceVar(&granted, "scope", nil, "what the token may do; repeat for several")
	command.Flags().StringArrayVar(&teams, "team", nil, "a team that the token acts for; repeat for several")
	command.Flags().DurationVar(&expires, "expires", 90*24*time.Hour, "how long it is valid; 0 for ever")
	return command
}

// forTeams says for which teams a token acts, nothing where it is bound to none.
func forTeams(teams []string) string {
	if len(teams) == 0 {
		return ""
	}
	return "; it acts for team " + printable(strings.Join(teams, ", "))
}

// warnOfUnknownTeams warns of teams that nothing is known of. That is no error: a team may be declared later, and the token is made by now. A
// warning is heard with --quiet too: the secret alone would look as if all were well.
func (p *program) warnOfUnknownTeams(ctx context.Context, db *store.DB, settings config.Config, teams []string) {
	if len(teams) == 0 {
		return
	}
	known, err := teamsKnown(ctx, db, settings)
	if err != nil {
		fmt.Fprintf(p.err, "Warning: whether such a team is known could not be read: %s.\n", printable(err.Error()))
		return
	}
	for _, team := range teams {
		if !slices.Contains(known, team) {
			fmt.Fprintf(p.err, "Warning: nothing is known of a team %q yet, and names must be the same to the letter; teams known: %s.\n", team,
				cmp.Or(printable(strings.Join(known, ", ")), "none"))
		}
	}
}

// teamsKnown are the teams that are declared or own a service, by name. That a team was asked once counts where the configuration names no
// teams: else a slip would be known from then on.
func teamsKnown(ctx context.Context, db *store.DB, settings config.Config) ([]string, error) {
	var known []string
	for _, one := range settings.Teams {
		known = append(known, one.Name)
	}
	for _, one := range settings.Services {
		known = append(known, one.Team)
	}
	services, err := db.StoredServices(ctx)
	if err != nil {
		return nil, err
	}
	declared := strings.Join(known, "") != ""
	for _, one := range services {
		known = append(known, one.Team)
	}
	if !declared {
		rounds, err := db.Rounds(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range rounds {
			known = append(known, one.Team)
		}
	}
	slices.Sort(known)
	return slices.DeleteFunc(slices.Compact(known), func(team string) bool { return team == "" }), nil
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
			rows := [][]string{{"ID", "NAME", "SCOPES", "TEAMS", "CREATED", "EXPIRES", "LAST USED", "STATE"}}
			for _, t := range tokens {
				rows = append(rows, []string{t.ID, t.Name, strings.Join(t.Scopes, ","), cmp.Or(printable(strings.Join(t.Teams, ", ")), "-"), day(t.CreatedAt), day(t.ExpiresAt), day(t.LastUsedAt), p.tokenState(t)})
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
