package main

import (
	"context"
	"crypto/rand"
	"strings"

	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
)

// tryRound makes sure that somebody who tries the product on a clone can answer the questions: one round in consensus mode,
// whose link is drawn anew at each start because only its hash is kept.
func (p *program) tryRound(ctx context.Context, db *store.DB, settings config.Config, team string, services []string) (string, error) {
	rounds, err := db.Rounds(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range rounds {
		if r.State == assessments.Open {
			return p.answerLink(ctx, db, r.ID)
		}
	}
	if len(rounds) > 0 {
		return "", nil // answered and closed
	}
	draft, err := assessments.NewRound(settings.Questions, assessments.Plan{
		ID: "try_" + strings.ToLower(rand.Text()[:8]), Team: team, Services: services, Consensus: true,
	})
	if err != nil {
		return "", err
	}
	opened, err := draft.Open(p.now())
	if err != nil {
		return "", err
	}
	if err := db.SaveRound(ctx, opened, ""); err != nil {
		return "", err
	}
	return p.answerLink(ctx, db, opened.ID)
}

func (p *program) answerLink(ctx context.Context, db *store.DB, round string) (string, error) {
	token, err := assessments.NewToken(rand.Reader)
	if err != nil {
		return "", err
	}
	return "/assess/" + token, db.AddTokens(ctx, round, []string{assessments.HashToken(token)})
}
