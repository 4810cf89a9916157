package main

import (
	"cmp"
	"context"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/notify"
)

// digestFlags are the flags of 'digest'.
type digestFlags struct {
	server     serverFlags
	database   databaseFlags
	team       string
	leadership bool
	link       string
	file       string
	format     string
	send       bool
}

func (p *program) digestCommand() *cobra.Command {
	var f digestFlags
	command := &cobra.Command{
		Use:   "digest",
		Short: "Write the weekly digest: what changed beyond noise, what is unfinished",
		Long: `Writes what changed over the last four weeks beyond noise, against the four before, and what is unfinished: failed deployments that
have not recovered, services that the gate would stop, sources in trouble, rounds that take answers. One link each.

It writes a file or standard output, or with --send sends it over the channels of the team that the configuration names; a scheduler of yours
runs it every week. It opens the database, or asks a server with --server (or SHIPHABIT_URL, unless --db or --config is given).`,
		Example: `  shiphabit digest --team payments --link https://shiphabit.example.org | mail -s "Weekly digest" payments@example.org
  shiphabit digest --team payments --config shiphabit.yaml --send
  shiphabit digest --leadership -o digest.html`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return p.digest(command.Context(), f) },
	}
	f.server.add(command)
	f.database.add(command)
	flags := command.Flags()
	flags.StringVar(&f.team, "team", "", "the team whose digest it is")
	flags.BoolVar(&f.leadership, "leadership", false, "the organisation's digest, which names no service and no team")
	flags.StringVar(&f.link, "link", "", "the address of the server for people, before the paths of links (default --server, else http://127.0.0.1:8080)")
	flags.StringVarP(&f.file, "output", "o", "-", "write this file, .md, .txt, .html or .json; - is standard output")
	flags.BoolVar(&f.send, "send", false, "send it over the team's channels instead of writing it")
	addFormat(command, &f.format, "txt", "md", "html", formatJSON)
	return command
}

func (p *program) digest(ctx context.Context, f digestFlags) error {
	if (f.team != "") == f.leadership {
		return usage("say whose digest it is: --team NAME or --leadership")
	}
	if f.file != "-" {
		f.format = strings.TrimPrefix(filepath.Ext(f.file), ".")
	}
	if known := []string{"txt", "md", "html", "json"}; !slices.Contains(known, f.format) {
		return usage("-o %s: the name of a digest ends in .%s", f.file, strings.Join(known, ", ."))
	}
	if f.send {
		return p.sendDigest(ctx, f)
	}
	link := strings.TrimRight(cmp.Or(f.link, p.setting(f.server.server, "SHIPHABIT_URL", "http://127.0.0.1:8080")), "/")
	remote, err := p.asksServer(f.server, f.database)
	if err != nil {
		return err
	}
	var file []byte
	if remote {
		file, err = p.digestFromServer(ctx, f, link)
	} else {
		err = p.withServer(ctx, f.database, func(server *api.Server) error {
			file, err = server.Digest(ctx, f.team, link, f.format)
			return err
		})
	}
	if err != nil {
		return err
	}
	return p.write(f.file, file)
}

func (p *program) digestFromServer(ctx context.Context, f digestFlags, link string) ([]byte, error) {
	ask, err := p.client(f.server, time.Minute)
	if err != nil {
		return nil, err
	}
	path := "/api/v1/digests/leadership"
	if f.team != "" {
		path = "/api/v1/digests/teams/" + url.PathEscape(f.team)
	}
	var file []byte
	err = ask.call(ctx, "GET", path+"?"+url.Values{"format": {f.format}, "base": {link}}.Encode(), nil, nil, &file)
	return file, err
}

// sendDigest sends a team's digest over its channels, as text, and to mail as HTML too.
func (p *program) sendDigest(ctx context.Context, f digestFlags) error {
	settings, err := p.configuration(f.database.config)
	if err != nil {
		return err
	}
	channels, err := notifierOf(settings)
	if err != nil {
		return usage("%w", err)
	}
	if len(channels.teams[f.team]) == 0 {
		return usage("--send needs --config with channels of the team (teams[].notify), and --team: there are none for %q", f.team)
	}
	link := strings.TrimRight(cmp.Or(f.link, settings.Notify.PublicURL, "http://127.0.0.1:8080"), "/")
	m := notify.Message{Subject: "Weekly digest of " + printable(f.team)}
	err = p.withServer(ctx, f.database, func(server *api.Server) error {
		text, err := server.Digest(ctx, f.team, link, "txt")
		if err != nil {
			return err
		}
		page, err := server.Digest(ctx, f.team, link, "html")
		m.Text, m.HTML = string(text), string(page)
		return err
	})
	if err != nil {
		return err
	}
	done := notify.All(ctx, channels.teams[f.team], m)
	for _, name := range done.Names {
		p.say("Sent to %s.", name)
	}
	return done.Err
}
