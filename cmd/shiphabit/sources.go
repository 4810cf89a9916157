package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"

	"shiphabit/collector"
	"shiphabit/collector/file"
	"shiphabit/collector/git"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// sourceKind is what can be done with a kind of source: reading it, reading it with a look at what is stored, and taking what its host
// pushes. Each may be nil.
type sourceKind struct {
	open func(*program, context.Context, config.Source) (collector.Source, []metrics.Service, error)
	over func(*program, config.Source, *store.DB) (collector.Source, error)
	hook func(config.Source) collector.Hook
}

// sourceKinds are all kinds by their name in the configuration, each in a file of its own: source_gitlab.go.
func sourceKinds() map[string]sourceKind {
	return map[string]sourceKind{
		"file":         {open: (*program).openFile},
		"git":          {open: (*program).openGit},
		"github":       {open: (*program).openGitHub, hook: hookOfGitHub},
		"gitlab":       {open: (*program).openGitlab, hook: gitlabHook},
		"gitea":        {open: (*program).openGitea, hook: giteaHook},
		"jenkins":      {open: (*program).openJenkins},
		"argocd":       {open: (*program).openArgoCD},
		"pagerduty":    {open: (*program).openPagerDuty, hook: hookOfPagerDuty},
		"jira":         {open: (*program).openJira, hook: hookOfJira},
		"alertmanager": {open: (*program).openAlertmanager, hook: hookOfAlertmanager},
		"prometheus":   {over: (*program).overPrometheus},
		"webhook":      {hook: hookWebhook},
		"cdevents":     {hook: hookCDEvents},
		"pelorus":      {hook: hookPelorus},
	}
}

// pushedOnly tells that a source is never read: all it brings is pushed by its host.
func pushedOnly(s config.Source) bool {
	kind := sourceKinds()[s.Type]
	return kind.open == nil && kind.over == nil || s.Type == "alertmanager" && s.Text("url") == ""
}

// readSources are the names of the sources that are read, so that it is known how far each has come.
func readSources(settings config.Config) []string {
	var names []string
	for _, s := range settings.Sources {
		if !pushedOnly(s) {
			names = append(names, s.Name)
		}
	}
	return names
}

// source makes one source, and the services it brings; nil for one that is pushed and never read.
func (p *program) source(ctx context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	kind, known := sourceKinds()[s.Type]
	if !known {
		return nil, nil, fmt.Errorf("type %q is known to the configuration and to nobody else", s.Type)
	}
	if kind.open == nil {
		return nil, nil, nil
	}
	return kind.open(p, ctx, s)
}

// sourcesOver makes the sources that look at what is stored, once the database is open. Like the others they stand in the list even
// where they cannot be made.
func (p *program) sourcesOver(db *store.DB, declared []config.Source) []collector.Source {
	var sources []collector.Source
	for _, s := range declared {
		over := sourceKinds()[s.Type].over
		if over == nil {
			continue
		}
		source, err := over(p, s, db)
		if err != nil {
			source = brokenSource{s.Name, err}
		}
		sources = append(sources, source)
	}
	return sources
}

// host is how the host of a source is reached by its settings. standard is its address where there is only one, "" where it must be
// given; access says what its token needs.
func (p *program) host(s config.Source, standard, access string, headers map[string]string) collector.Host {
	return collector.Host{
		Name: s.Name, URL: cmp.Or(s.Text("url"), standard), Headers: headers, Access: access,
		Roots: s.Text("ca_file"), Proxy: s.Text("proxy"), Timeout: s.Span("timeout"), Clock: p.now,
	}
}

func (p *program) openFile(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	source, err := file.New(file.Options{Path: s.Text("path"), Source: s.Name})
	return source, nil, err
}

func (p *program) openGit(ctx context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	folder, err := p.dataFolder()
	if err != nil {
		return nil, nil, err
	}
	key, err := keyFile(filepath.Join(folder, "author.key"))
	if err != nil {
		return nil, nil, err
	}
	options := git.Options{
		Name: s.Name, Path: s.Text("path"), Tags: s.Text("tags"), Branch: s.Text("branch"), Services: s.Pairs("services"),
		Bots: s.Settings["bots"], AuthorKey: key, Clock: p.now,
	}
	if url := s.Text("url"); url != "" {
		options.Path = filepath.Join(folder, "clones", fmt.Sprintf("%x", sha256.Sum256([]byte(s.Name+" "+url)))[:24])
		options.Remote = git.Remote{
			URL: url, User: s.Text("user"), Token: s.Secrets["token"].Reveal(), Roots: s.Text("ca_file"), Proxy: s.Text("proxy"),
		}
	}
	source, err := git.New(options)
	if err != nil {
		return nil, nil, err
	}
	if err := source.Prepare(ctx); err != nil {
		return nil, nil, err
	}
	return source, source.Services(), nil
}
