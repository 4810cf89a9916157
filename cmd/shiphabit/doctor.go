package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// What the table lists of each kind of finding, JSON lists, and --all lists.
const (
	findingsShown  = 3
	findingsInJSON = 20
	allFindings    = 100_000
)

// doctorFlags are the flags of 'doctor'.
type doctorFlags struct {
	server           serverFlags
	database         databaseFlags
	service, source  string
	from, setAside   string
	format           string
	all              bool
	limit            int
	askServer, local bool
}

func (p *program) doctorCommand() *cobra.Command {
	var f doctorFlags
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing where a figure is empty, and the step that supplies it",
		Long: `Tells the state of each source (never read, reading, waiting, in trouble, fine), and per service and figure what is missing and the
step that supplies it, the worst first. It looks at what is stored and asks no host.

It opens the database, or asks a server with --server (or SHIPHABIT_URL, unless --db or --config is given).

Exit codes: 0 when nothing is in trouble (gaps and notes may be told), 7 when something is, such as a source that cannot be read or a
service none of whose environments is known to be production; 2, 5 and 6 as everywhere (wrong words, no server, not allowed).`,
		Example: `  shiphabit doctor --config shiphabit.yaml
  shiphabit doctor --server https://shiphabit.example.org --service payments-api
  shiphabit doctor --set-aside gitlab
  shiphabit doctor --format json | jq '.groups[] | select(.severity == "trouble")'`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return p.doctor(command.Context(), f) },
	}
	f.server.add(command)
	f.database.add(command)
	command.Flags().StringVar(&f.service, "service", "", "only what concerns this service")
	command.Flags().StringVar(&f.source, "source", "", "only what concerns this source")
	command.Flags().StringVar(&f.from, "from", "", "start of the window, which ends now: 2026-03-01 or a time (default the day 90 days ago)")
	command.Flags().StringVar(&f.setAside, "set-aside", "", "list the records of this source that could not be read, each with the reason")
	command.Flags().BoolVar(&f.all, "all", false, "list every finding, not only the first of each kind")
	addFormat(command, &f.format, formatTable, formatJSON)
	return command
}

func (p *program) doctor(ctx context.Context, f doctorFlags) error {
	f.local = f.database.db != "" || f.database.config != ""
	if f.askServer = f.server.server != "" || !f.local && p.env("SHIPHABIT_URL") != ""; f.askServer && f.local {
		return usage("--server asks a server and --db or --config opens a database: give one of them")
	}
	f.limit = findingsShown
	if f.format == formatJSON {
		f.limit = findingsInJSON
	}
	if f.all {
		f.limit = allFindings
	}
	if f.setAside != "" {
		return p.listSetAside(ctx, f)
	}
	report, err := p.diagnosis(ctx, f)
	if err != nil {
		return err
	}
	if f.format == formatJSON {
		err = writeJSON(p.out, report)
	} else {
		err = p.printReport(report)
	}
	if err == nil && report.Worst == doctor.Trouble {
		return exitError{code: exitTrouble}
	}
	return err
}

// diagnosis asks the server, or looks into the database itself.
func (p *program) diagnosis(ctx context.Context, f doctorFlags) (doctor.Report, error) {
	if !f.askServer {
		return p.diagnoseDatabase(ctx, f)
	}
	ask, err := p.client(f.server, time.Minute)
	if err != nil {
		return doctor.Report{}, err
	}
	query := url.Values{"limit": {strconv.Itoa(f.limit)}}
	for name, value := range map[string]string{"service": f.service, "source": f.source, "from": f.from} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var report doctor.Report
	err = ask.call(ctx, "GET", "/api/v1/doctor?"+query.Encode(), nil, nil, &report)
	return report, err
}

func (p *program) diagnoseDatabase(ctx context.Context, f doctorFlags) (doctor.Report, error) {
	settings, err := p.configuration(f.database.config)
	if err != nil {
		return doctor.Report{}, err
	}
	window, err := metrics.ParseWindow(f.from, "", p.now(), settings.Zone())
	if err != nil {
		return doctor.Report{}, usage("--%w", err)
	}
	db, err := p.openExisting(ctx, f.database)
	if err != nil {
		return doctor.Report{}, err
	}
	records, err := db.Records(ctx, f.service)
	roles, unread := rolesGone(ctx, db, settings, p.now())
	if err = errors.Join(err, unread, db.Close()); err != nil {
		return doctor.Report{}, noSuch(err, "--service "+strconv.Quote(f.service)+" is no service known; 'shiphabit doctor' lists what is there")
	}
	declared := declaredSources(settings)
	q := doctor.Question{Now: p.now(), Window: window, Recognises: settings.Rules().Recognises, Declared: declared, Configured: configured(settings),
		Roles: roles, Service: f.service, Source: f.source}
	d := doctor.Diagnose(records, q)
	if f.source != "" && len(d.Sources) == 0 {
		return doctor.Report{}, usage("--source %q is no source known; 'shiphabit doctor' lists those there are", f.source)
	}
	return d.Report(q, f.limit), nil
}

// noSuch says in the caller's words that something is not there.
func noSuch(err error, says string) error {
	for sentinel, kind := range storeKinds() {
		if kind == api.NotFound && errors.Is(err, sentinel) {
			return usage("%s", says)
		}
	}
	return err
}

// configured tells that there is a configuration which says something, be it nothing of sources. Without one it is not known who reads.
func configured(settings config.Config) bool { return settings.String() != config.Default().String() }

// declaredSources are the sources of the configuration.
func declaredSources(settings config.Config) []doctor.Declared {
	var declared []doctor.Declared
	for _, s := range settings.Sources {
		declared = append(declared, doctor.Declared{Name: s.Name, Type: s.Type, Pushed: pushedOnly(s)})
	}
	return declared
}

// listSetAside prints the records of a source that could not be read.
func (p *program) listSetAside(ctx context.Context, f doctorFlags) error {
	list, err := p.setAside(ctx, f)
	if err != nil {
		return err
	}
	if f.format == formatJSON {
		return writeJSON(p.out, struct {
			Version  int            `json:"version"`
			Source   string         `json:"source"`
			SetAside []api.SetAside `json:"set_aside"`
		}{1, f.setAside, list})
	}
	if len(list) == 0 {
		p.say("No record of %s is set aside.", printable(f.setAside))
		return nil
	}
	rows := [][]string{{"RECORD", "REASON"}}
	for _, one := range list {
		rows = append(rows, []string{one.Record, one.Reason})
	}
	return writeTable(p.out, rows)
}

func (p *program) setAside(ctx context.Context, f doctorFlags) ([]api.SetAside, error) {
	list := []api.SetAside{}
	if f.askServer {
		ask, err := p.client(f.server, time.Minute)
		if err != nil {
			return nil, err
		}
		answer := struct {
			SetAside *[]api.SetAside `json:"set_aside"`
		}{&list}
		err = ask.call(ctx, "GET", "/api/v1/sources/"+url.PathEscape(f.setAside)+"/set-aside", nil, nil, &answer)
		return list, err
	}
	db, err := p.openExisting(ctx, f.database)
	if err != nil {
		return nil, err
	}
	stored, err := db.SetAsides(ctx, f.setAside)
	for _, one := range stored {
		list = append(list, api.SetAside(one))
	}
	return list, errors.Join(err, db.Close())
}

// printReport prints sources, then findings by kind.
func (p *program) printReport(r doctor.Report) error {
	if err := p.printSources(r); err != nil {
		return err
	}
	counts := map[doctor.Severity]int{}
	for _, g := range r.Groups {
		counts[g.Severity] += g.N
		p.printGroup(g)
	}
	if len(r.Groups) == 0 {
		fmt.Fprintln(p.out, "Nothing is missing.")
		return nil
	}
	fmt.Fprintf(p.out, "%d in trouble, %s, %s; %s, window from %s to %s\n", counts[doctor.Trouble], counted(counts[doctor.Gap], "gap"), counted(counts[doctor.Note], "note"),
		servicesOf(r.Services), r.Window.From.Format(time.DateOnly), r.Window.To.Format(time.DateOnly))
	return nil
}

func servicesOf(n int) string {
	if n == 1 {
		return "1 service"
	}
	return strconv.Itoa(n) + " services"
}

func (p *program) printSources(r doctor.Report) error {
	if len(r.Sources) == 0 {
		return nil
	}
	rows := [][]string{{"SOURCE", "TYPE", "STATE", "COMPLETE UP TO", "LAST HEARD", "CALLS LEFT", "EVENTS", "SET ASIDE"}}
	for _, s := range r.Sources {
		calls := "-"
		if s.Limit > 0 {
			calls = fmt.Sprintf("%d of %d", s.Left, s.Limit)
		}
		rows = append(rows, []string{
			s.Name, dash(s.Type), string(s.State), when(s.Watermark), when(s.LastHeard()), calls, strconv.Itoa(s.Events()), strconv.Itoa(s.SetAside),
		})
	}
	err := writeTable(p.out, rows)
	fmt.Fprintln(p.out)
	return err
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func when(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04Z")
}

var severityWords = map[doctor.Severity]string{doctor.Trouble: "■ TROUBLE", doctor.Gap: "▲ gap", doctor.Note: "○ note"}

func (p *program) printGroup(g doctor.Group) {
	fmt.Fprintf(p.out, "%s  %s", severityWords[g.Severity], g.Title)
	if g.N > 1 {
		fmt.Fprintf(p.out, " (%d)", g.N)
	}
	if len(g.Figures) > 0 && len(g.Figures) < len(metrics.AllFigures()) {
		fmt.Fprintf(p.out, " · %s", strings.Join(g.Figures, ", "))
	}
	fmt.Fprintln(p.out)
	for _, f := range g.Findings {
		place := ""
		if name := f.Source; name != "" {
			place = printable(name) + ": "
		}
		fmt.Fprintf(p.out, "   %s%s\n", place, printable(f.What))
		if f.Evidence != "" {
			fmt.Fprintf(p.out, "     seen: %s\n", printable(f.Evidence))
		}
		if f.Remedy != "" {
			fmt.Fprintf(p.out, "     do:   %s\n", printable(f.Remedy))
		}
		for line := range strings.Lines(f.Example) {
			fmt.Fprintf(p.out, "           %s\n", printable(strings.TrimRight(line, "\n")))
		}
	}
	if more := g.N - len(g.Findings); more > 0 {
		fmt.Fprintf(p.out, "   and %d more; --all lists them\n", more)
	}
	fmt.Fprintln(p.out)
}
