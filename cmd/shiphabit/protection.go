package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/identity"
	"shiphabit/internal/protection"
)

// protected makes the hosts that ask the gate, by their names.
func (p *program) protected(settings config.Config) (map[string]api.Protector, map[string]api.CanaryHook, error) {
	protectors, canaries := map[string]api.Protector{}, map[string]api.CanaryHook{}
	for _, one := range settings.Protection {
		if one.Kind == "flagger" {
			canaries[one.Name] = canaryHook{protection.NewFlagger(protection.FlaggerOptions{Name: one.Name, Secrets: hookSecrets(one), Services: p.mappings(one)})}
			continue
		}
		host, err := p.protector(one)
		if err != nil {
			return nil, nil, exitError{exitUsage, fmt.Errorf("protection %s: %w", one.Name, err)}
		}
		protectors[one.Name] = host
	}
	return protectors, canaries, nil
}

func (p *program) protector(one config.Protection) (api.Protector, error) {
	host := collector.Host{Name: one.Name, URL: one.URL, Roots: one.CAFile, Proxy: one.Proxy, Timeout: protectorTimeout, Clock: p.now}
	if one.Kind == "gitlab" {
		host.URL = cmp.Or(host.URL, protection.StandardGitLab)
		host.Headers = map[string]string{"PRIVATE-TOKEN": one.Token.Reveal()}
		host.Access = "the scope api, of somebody with the role Developer or above"
		check, err := protection.NewGitLab(protection.GitLabOptions{Name: one.Name, Host: host, Secrets: hookSecrets(one), Services: p.mappings(one)})
		return protector{check, protection.GitHubPatience, 0}, err
	}
	key, err := os.ReadFile(one.PrivateKeyFile)
	if err != nil {
		return nil, fmt.Errorf("private_key_file: %w", err)
	}
	app, err := identity.NewAssertion(one.AppID, key)
	if err != nil {
		return nil, fmt.Errorf("private_key_file %s: %w", one.PrivateKeyFile, err)
	}
	host.URL = cmp.Or(host.URL, protection.StandardGitHub)
	host.Access = "the app's permission Deployments: read and write"
	rule, err := protection.NewGitHub(protection.GitHubOptions{
		Name: one.Name, Host: host, App: app, Secrets: hookSecrets(one), Services: p.mappings(one), Clock: p.now,
	})
	return protector{rule, protection.GitHubPatience, protection.GitHubReports}, err
}

// protectorTimeout is how long one call to a host may take: an answer takes two at most.
const protectorTimeout = 15 * time.Second

func hookSecrets(one config.Protection) []string {
	secrets := []string{one.WebhookSecret.Reveal()}
	if old := one.PreviousSecret.Reveal(); old != "" {
		secrets = append(secrets, old)
	}
	return secrets
}

func (p *program) mappings(one config.Protection) []protection.Mapping {
	all := make([]protection.Mapping, len(one.Services))
	for i, m := range one.Services {
		all[i] = protection.Mapping(m)
	}
	return all
}

// hostOfTickets is a host of internal/protection that is told the answer later.
type hostOfTickets interface {
	Authentic(header http.Header, body []byte) bool
	Read(header http.Header, body []byte) (protection.Ticket, string, error)
	Ask(body string) (protection.Question, error)
	Answer(ctx context.Context, body string, a protection.Answer) error
}

// protector is such a host as the server sees it.
type protector struct {
	hostOfTickets
	patience time.Duration
	reports  int
}

func (p protector) Patience() time.Duration { return p.patience }

func (p protector) Reports() int { return p.reports }

func (p protector) Read(header http.Header, body []byte) (api.Ticket, string, error) {
	t, ignored, err := p.hostOfTickets.Read(header, body)
	return api.Ticket(t), ignored, err
}

func (p protector) Ask(body string) (api.Question, error) {
	q, err := p.hostOfTickets.Ask(body)
	return api.Question(q), err
}

// Answer tells the host; what it refuses for good is told apart from what passes, or what people have to change.
func (p protector) Answer(ctx context.Context, body string, a api.HostAnswer) error {
	err := p.hostOfTickets.Answer(ctx, body, protection.Answer(a))
	var why *collector.Error
	if !errors.As(err, &why) {
		return err
	}
	return &api.HostTrouble{Final: why.Trouble == collector.Unreadable, RetryAt: why.RetryAt, Err: err}
}

// canaryHook is Flagger as the server sees it.
type canaryHook struct{ *protection.Flagger }

func (c canaryHook) Read(body []byte) (api.Canary, error) {
	read, err := c.Flagger.Read(body)
	return api.Canary(read), err
}
