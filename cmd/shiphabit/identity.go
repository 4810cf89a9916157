package main

import (
	"context"
	"errors"
	"fmt"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/identity"
)

// jobVerifier makes the verifier of job tokens; nil where no issuer is listed.
func (p *program) jobVerifier(listed []config.Issuer) (*identity.Verifier, error) {
	if len(listed) == 0 {
		return nil, nil
	}
	issuers := make([]identity.Issuer, len(listed))
	for i, one := range listed {
		client, err := identity.NewClient(one.CAFile)
		if err != nil {
			return nil, exitError{exitUsage, fmt.Errorf("identity %s: %w", one.Name, err)}
		}
		issuers[i] = identity.Issuer{
			Name: one.Name, URL: one.URL, Audience: one.Audience, Kind: identity.Kind(one.Kind), Client: client,
			Claims: identity.Claims{
				Project: one.Claims["project"], Owner: one.Claims["owner"], Environment: one.Claims["environment"],
				Commit: one.Claims["commit"], Run: one.Claims["run"], Attempt: one.Claims["attempt"],
			},
		}
		for _, m := range one.Services {
			issuers[i].Services = append(issuers[i].Services, identity.Service{Project: m.Project, Owner: m.Owner, Name: m.Service, Environments: m.Environments})
		}
	}
	return identity.New(issuers, p.now)
}

// jobTokens is the verifier as the server sees it.
type jobTokens struct{ *identity.Verifier }

func (j jobTokens) Verify(ctx context.Context, token string) (api.Job, error) {
	found, err := j.Verifier.Verify(ctx, token)
	var refused *identity.Refusal
	if errors.As(err, &refused) {
		return api.Job{}, jobRefusal(refused)
	}
	if err != nil {
		return api.Job{}, err
	}
	job := api.Job{
		Issuer: found.Issuer, Provider: string(found.Kind), Project: found.Project, Environment: found.Environment,
		Strict: found.Kind != identity.Generic, Commit: found.Commit, Run: found.Run, Attempt: found.Attempt,
		Foreign: found.Foreign, TokenID: found.TokenID, ExpiresAt: found.ExpiresAt,
	}
	if found.Kind == identity.Generic {
		job.Provider = found.Issuer
	}
	for _, s := range found.Services {
		job.Services = append(job.Services, api.JobService{Name: s.Name, Environments: s.Environments})
	}
	return job, nil
}

// jobRefusal gives a refusal its kind: an issuer that is down is no fault of the caller's, and a genuine token is not asked for again.
func jobRefusal(r *identity.Refusal) *api.JobRefusal {
	kind := api.Unauthorized
	switch {
	case r.Reason == identity.IssuerDown:
		kind = api.Unavailable
	case r.Genuine:
		kind = api.Forbidden
	}
	return &api.JobRefusal{Kind: kind, Reason: string(r.Reason), Says: r.Says, Issuer: r.Issuer, Cause: r.Cause}
}
