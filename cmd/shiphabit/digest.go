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
	dryRun     bool
	again      bool
}

func (p *program) digestCommand() *cobra.Command {
	var f digestFlags
	command := &cobra.Command{
		Use:   "digest",
		Short: "Write the weekly digest: what changed beyond noise, what is unfinished",
		Long: `Writes what changed over the last four weeks beyond noise, against the four before, and what is unfinished: failed deployments that
have not recovered, services that the gate would stop, sources in trouble, rounds that take answers. One link each.

It writes a file or standard output, or with --send sends it over the channels that the configuration names for the team or for leadership. A
scheduler of yours runs that every week, or 'serve' does it by itself (notify.digests in the configuration). Either way each channel gets it once a
week: what was sent is noted in the database, and a channel that fails is tried again by the next run. With --dry-run nothing is sent: it
tells where it would go and writes the text.
It opens the database, or asks a server with --server (or SHIPHABIT_URL, unless --db or --config is given).`,
		Example: `  shiphabit digest --team payments --link https://shiphabit.example.org | mail -s "Weekly digest" payments@example.org
  shiphabit digest --team payments --config shiphabit.yaml --send
  shiphabit digest --leadership --config shiphabit.yaml --send --dry-run
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
	flags.BoolVar(&f.send, "send", false, "send it over the channels of the team or of leadership instead of writing it, once a week")
	flags.BoolVar(&f.dryRun, "dry-run", false, "with --send: tell where it would go, write the text, and send nothing")
	flags.BoolVar(&f.again, "again", false, "with --send: send it once more though it went out this week")
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
	if f.dryRun || f.again {
		return usage("--dry-run and --again go with --send; without it the digest is written and nothing is sent")
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
