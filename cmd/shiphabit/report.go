package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/paper"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// reportFlags are the flags of 'report'.
type reportFlags struct {
	server   serverFlags
	database databaseFlags
	audience string
	service  string
	team     string
	period   string
	asOf     string
	edition  string
	paper    string
	files    []string
	format   string
}

func (p *program) reportCommand() *cobra.Command {
	var f reportFlags
	command := &cobra.Command{
		Use:   "report",
		Short: "Write a report as HTML, PDF, Markdown, JSON or CSV",
		Long: `Writes a report on the organisation (--audience leadership), on one team (--team) or on one service (--service) for a quarter, a month
or some days. The end of each file's name says its format, and all formats have the same numbers. HTML is one file that needs no other and
prints on A4 and Letter; PDF is made from it by the Chromium of this machine.

It opens the database, or asks a server with --server (or SHIPHABIT_URL, unless --db or --config is given).

Exit codes: 0 when every file is written, 2 for wrong words and where PDF is asked for and there is no Chromium, 5 when no server answers,
6 when it is not allowed.`,
		Example: `  shiphabit report --audience leadership --period 2026-Q3 -o q3.html -o q3.pdf
  shiphabit report --team payments --period 2026-07 -o payments.md
  shiphabit report --service payments-api --format json -o - | jq '.summary[]'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return p.report(command.Context(), f) },
	}
	f.server.add(command)
	f.database.add(command)
	flags := command.Flags()
	flags.Var(formatFlag{&f.audience, api.Audiences()}, "audience", "whom the report is for (default that of --team or --service, else leadership)")
	flags.StringVar(&f.team, "team", "", "the team that the report is about")
	flags.StringVar(&f.service, "service", "", "the service that the report is about")
	flags.StringVar(&f.period, "period", "", "2026-Q3, 2026-07, or two days like 2026-07-01/2026-07-15 (default the last complete quarter with a deployment)")
	flags.StringVar(&f.asOf, "as-of", "", "what was known when (default now)")
	flags.StringVar(&f.edition, "edition", "", "the edition that names the levels (default the newest)")
	flags.StringVar(&f.paper, "paper", "a4", "the size of PDF pages: a4 or letter")
	flags.StringArrayVarP(&f.files, "output", "o", nil, "write this file, .html, .pdf, .md, .json or .csv; several times for several; - is standard output")
	flags.StringVar(&f.format, "format", "", "the format of -o - : html, pdf, md, json or csv (default md)")
	return command
}

// output is one file to write.
type output struct{ name, format string }

func (p *program) report(ctx context.Context, f reportFlags) error {
	ask, err := f.ask()
	if err != nil {
		return err
	}
	outputs, err := f.outputs()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(outputs, func(o output) bool { return o.format == "pdf" }) {
		if _, err := paper.Browser(); err != nil { // before anything is asked
			return usage("%w", err)
		}
	}
	formats := make([]string, len(outputs))
	for i, o := range outputs {
		if formats[i] = o.format; o.format == "pdf" {
			formats[i] = "html"
		}
	}
	files, err := p.reportFiles(ctx, f, ask, formats)
	if err != nil {
		return err
	}
	for i, o := range outputs {
		if o.format == "pdf" {
			if files[i], err = paper.Print(ctx, files[i]); err != nil {
				return err
			}
		}
		if err := p.write(o.name, files[i]); err != nil {
			return err
		}
	}
	return nil
}

// ask reads which report is wanted.
func (f reportFlags) ask() (api.Ask, error) {
	a := api.Ask{Audience: f.audience, Name: cmp.Or(f.team, f.service), Period: f.period, Edition: f.edition, Paper: f.paper}
	named := map[string]string{"team": f.team, "service": f.service}
	switch {
	case f.team != "" && f.service != "":
		return a, usage("--team and --service name two reports: give one of them")
	case a.Audience == "" && f.team != "":
		a.Audience = "team"
	case a.Audience == "" && f.service != "":
		a.Audience = "service"
	case a.Audience == "":
		a.Audience = "leadership"
	}
	if a.Audience != "leadership" && named[a.Audience] == "" {
		return a, usage("--audience %s needs --%[1]s NAME", a.Audience)
	}
	if a.Name != named[a.Audience] {
		return a, usage("--audience %s has no --team or --service of another kind", a.Audience)
	}
	return a, nil
}

// outputs tells the format of each file by its name.
func (f reportFlags) outputs() ([]output, error) {
	known := append(api.Formats(), "pdf")
	if len(f.files) == 0 {
		f.files = []string{"-"}
	}
	var all []output
	for _, name := range f.files {
		format := strings.TrimPrefix(filepath.Ext(name), ".")
		if name == "-" {
			format = cmp.Or(f.format, "md")
		}
		if !slices.Contains(known, format) {
			return nil, usage("-o %s: the name of a report ends in .%s", name, strings.Join(known, ", ."))
		}
		all = append(all, output{name, format})
	}
	return all, nil
}

// reportFiles asks the server, or makes the report from the database.
func (p *program) reportFiles(ctx context.Context, f reportFlags, a api.Ask, formats []string) ([][]byte, error) {
	remote, err := p.asksServer(f.server, f.database)
	if err != nil {
		return nil, err
	}
	if remote {
		return p.reportFromServer(ctx, f, a, formats)
	}
	settings, err := p.configuration(f.database.config)
	if err != nil {
		return nil, err
	}
	if f.asOf != "" {
		asked, err := metrics.ParseWindow("0001-01-01", f.asOf, p.now(), settings.Zone())
		if err != nil {
			return nil, usage("--as-of: %w", err)
		}
		a.AsOf = asked.To
	}
	var files [][]byte
	err = p.withServer(ctx, f.database, func(server *api.Server) error {
		files, err = server.Report(ctx, a, formats...)
		return err
	})
	return files, err
}

// withServer does something with a server over the database that nobody can reach.
func (p *program) withServer(ctx context.Context, f databaseFlags, do func(*api.Server) error) error {
	return p.withStore(ctx, f, func(_ *store.DB, server *api.Server) error { return do(server) })
}

// withStore is withServer for what has to be noted too.
func (p *program) withStore(ctx context.Context, f databaseFlags, do func(*store.DB, *api.Server) error) error {
	settings, err := p.configuration(f.config)
	if err != nil {
		return err
	}
	db, err := p.openDerived(ctx, f)
	if err != nil {
		return err
	}
	from, err := generatedIn(ctx, db)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	server, err := p.server(db, settings, from, nil)
	if err == nil {
		err = do(db, server)
	}
	var told *api.Error
	if errors.As(err, &told) && told.Kind != api.Internal {
		err = usage("%w", err)
	}
	return errors.Join(err, db.Close())
}

// asksServer tells whether a command that can do both asks a server.
func (p *program) asksServer(s serverFlags, d databaseFlags) (bool, error) {
	local := d.db != "" || d.config != ""
	if s.server != "" && local {
		return false, usage("--server asks a server and --db or --config opens a database: give one of them")
	}
	return s.server != "" || !local && p.env("SHIPHABIT_URL") != "", nil
}

func (p *program) reportFromServer(ctx context.Context, f reportFlags, a api.Ask, formats []string) ([][]byte, error) {
	ask, err := p.client(f.server, 2*time.Minute)
	if err != nil {
		return nil, err
	}
	path := "/api/v1/reports/leadership"
	if a.Name != "" {
		path = "/api/v1/reports/" + a.Audience + "s/" + url.PathEscape(a.Name)
	}
	files := make([][]byte, len(formats))
	for i, format := range formats {
		q := url.Values{"format": {format}, "paper": {a.Paper}}
		for name, value := range map[string]string{"period": a.Period, "as_of": f.asOf, "edition": a.Edition} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if err := ask.call(ctx, "GET", path+"?"+q.Encode(), nil, nil, &files[i]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// write puts a file beside its place and moves it there, so that a half one never looks like a whole one.
func (p *program) write(name string, data []byte) error {
	if name == "-" {
		_, err := p.out.Write(data)
		return err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a device, such as /dev/null, keeps being one
		return os.WriteFile(name, data, 0o600)
	}
	half := name + ".part"
	if err := os.WriteFile(half, data, 0o644); err != nil { //nolint:gosec // a report is there to be read
		var where *fs.PathError
		if errors.As(err, &where) {
			return usage("%s cannot be written: %w", name, where.Err)
		}
		return err
	}
	if err := os.Rename(half, name); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	p.say("Wrote %s.", name)
	return nil
}
