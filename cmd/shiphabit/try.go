package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/collector/git"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/reports"
)

// try is one run of the command.
type try struct {
	*program
	path     string
	listen   string
	tags     string
	branch   string
	services []string
	fresh    bool
	once     bool
}

func (p *program) tryCommand() *cobra.Command {
	t := try{program: p}
	command := &cobra.Command{
		Use:   "try [PATH]",
		Short: "Read a local Git clone and serve the whole product on it",
		Long: `Reads a local Git clone, bare or not, and serves pages, API and gate on what it finds. The clone is only read;
what is found is kept in a cache of its own, so that a second run reads only what is new.

Deployments are taken from release tags (v1.2.3, release-1.2, api/v2.0.0 …), pre-releases among them count as staging.
Where there are no such tags, every merge to the default branch is taken for a deployment. The first lines say which it was.`,
		Example: `  shiphabit try
  shiphabit try ~/src/prometheus
  shiphabit try . --tags 'release-*' --service api=services/api --service web=services/web`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			t.path = "."
			if len(args) == 1 {
				t.path = args[0]
			}
			return t.run(command.Context())
		},
	}
	f := command.Flags()
	f.StringVar(&t.listen, "listen", "", "address to listen on (default "+defaultListen+", or a free port when that one is taken)")
	f.StringVar(&t.tags, "tags", "", "which tags are releases: a glob like 'release-*', or a regular expression between slashes (default: names with a version)")
	f.StringVar(&t.branch, "branch", "", "the branch the team delivers from (default: what the clone says)")
	f.StringArrayVar(&t.services, "service", nil, "a service of a monorepo and its folder, NAME=PATH; repeat for several")
	f.BoolVar(&t.fresh, "fresh", false, "discard what was read before and read everything again")
	f.BoolVar(&t.once, "once", false, "print the figures and end instead of serving")
	return command
}

// run reads and serves. A cache that no longer fits the clone (its first tag has come, say) is discarded and read anew.
func (t *try) run(ctx context.Context) error {
	err := t.runOnce(ctx)
	if collector.TroubleOf(err) == collector.Outdated && !t.fresh {
		t.say("What was read before no longer fits the clone; reading it again from the start.")
		t.fresh = true
		err = t.runOnce(ctx)
	}
	return err
}

func (t *try) runOnce(ctx context.Context) error {
	services, err := servicePaths(t.services)
	if err != nil {
		return err
	}
	cache, err := t.openCache(services)
	if err != nil {
		return err
	}
	source, err := git.New(git.Options{
		Path: t.path, Tags: t.tags, Branch: t.branch, Services: services, AuthorKey: cache.key, Clock: t.now,
	})
	if err != nil {
		return exitError{exitUsage, err}
	}
	defer func() { _ = source.Close() }()
	if err := source.Prepare(ctx); err != nil {
		return exitError{exitUsage, err}
	}
	settings := config.Default()
	rules := settings.Rules()
	rules.Services = source.Services()
	rules.SkipUnchanged = len(rules.Services) > 0 // a plain tag releases every service, touched or not
	db, err := store.Open(ctx, "sqlite:"+cache.database, store.Options{Rules: rules, Logger: t.logger(), Clock: t.now})
	if err != nil {
		return fmt.Errorf("%w; --fresh discards the cache and starts over", err)
	}
	defer func() { _ = db.Close() }()
	if err := t.read(ctx, source, db); err != nil {
		return err
	}
	if err := t.report(ctx, db, settings, source.Summary()); err != nil || t.once {
		return err
	}
	return t.serve(ctx, db, settings, source.Summary())
}

// servicePaths reads NAME=PATH pairs.
func servicePaths(pairs []string) (map[string]string, error) {
	services := map[string]string{}
	for _, pair := range pairs {
		name, path, found := strings.Cut(pair, "=")
		if !found || name == "" || path == "" {
			return nil, usage("--service %q is not of the form NAME=PATH, like api=services/api", pair)
		}
		if _, twice := services[name]; twice {
			return nil, usage("--service names %q twice; a service has one folder here", name)
		}
		services[name] = path
	}
	return services, nil
}

// tryCache is where what was read of one clone under one set of options is kept.
type tryCache struct {
	database string
	key      []byte // tells authors apart without naming them; random, and the cache's own
}

func (t *try) openCache(services map[string]string) (tryCache, error) {
	path, err := filepath.Abs(t.path)
	if err != nil {
		return tryCache{}, err
	}
	folder, err := t.cacheFolder("try")
	if err != nil {
		return tryCache{}, fmt.Errorf("making the cache: %w; set XDG_CACHE_HOME to a folder that can be written", err)
	}
	parts := []string{path, t.tags, t.branch}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		parts = append(parts, name, services[name])
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	base := filepath.Join(folder, hex.EncodeToString(sum[:12]))
	cache := tryCache{database: base + ".db"}
	if t.fresh {
		for _, end := range []string{".db", ".db-wal", ".db-shm"} {
			if err := os.Remove(base + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return tryCache{}, fmt.Errorf("discarding the cache: %w", err)
			}
		}
	}
	cache.key, err = keyFile(base + ".key")
	return cache, err
}

// keyFile reads the key in a file, making one at the first time.
func keyFile(name string) ([]byte, error) {
	key, err := os.ReadFile(name)
	if err == nil && len(key) >= 16 {
		return key, nil
	}
	key = []byte(rand.Text())
	return key, os.WriteFile(name, key, 0o600)
}

// read brings the cache up to date with the clone, showing progress on a terminal.
func (t *try) read(ctx context.Context, source *git.Source, db *store.DB) error {
	started := t.now()
	progress := func(page collector.Page) {
		if t.terminal && !t.quiet && page.Doing != "" {
			fmt.Fprintf(t.err, "\r\x1b[K%s: %s", page.Doing, doneOf(page))
		}
	}
	err := collector.NewEngine().Run(ctx, source, pageStore{DB: db}, progress)
	if t.terminal && !t.quiet {
		fmt.Fprint(t.err, "\r\x1b[K")
	}
	if err != nil {
		return exitError{exitUsage, err}
	}
	if err := db.Beat(ctx, source.Name(), t.now()); err != nil {
		return err
	}
	summary := source.Summary()
	t.say("%s (%s)", printable(summary.String()), t.now().Sub(started).Round(10*time.Millisecond))
	for _, doubt := range doubtsOf(summary) {
		t.say("Note: %s", printable(doubt))
	}
	aside, err := db.SetAsides(ctx, source.Name())
	if err == nil && len(aside) > 0 {
		t.say("Not counted: %d tags or records; the page /sources lists them with the reasons", len(aside))
	}
	return err
}

func doneOf(page collector.Page) string {
	if page.Total > 0 {
		return fmt.Sprintf("%d of %d", page.Done, page.Total)
	}
	return fmt.Sprint(page.Done)
}

// report prints the figures of the last year, or of the last year in which anything was released.
func (t *try) report(ctx context.Context, db *store.DB, settings config.Config, summary git.Summary) error {
	facts, err := db.AllFacts(ctx)
	if err != nil {
		return err
	}
	now := t.now()
	window := metrics.Window{From: now.AddDate(-1, 0, 0), To: now}
	if last := lastRollout(facts, now); !last.IsZero() && last.Before(window.From) {
		window = metrics.Window{From: last.AddDate(-1, 0, 0), To: last.Add(time.Second)}
		t.say("Nothing was released in the last year; the figures are of the year up to the last release, %s.", last.Format(time.DateOnly))
	}
	if first := firstRollout(facts); first.After(window.From.AddDate(0, 1, 0)) {
		t.say("The first release known is of %s; the year's figures, and the index, take the time before for quiet.", first.Format(time.DateOnly))
	}
	query := metrics.Query{Slice: summary.Repository, Window: window, AsOf: now, Zone: settings.Zone(), Definition: metrics.DORA()}
	fmt.Fprintln(t.out)
	if err := writeCard(t.out, metrics.MeasureAll(facts, query), "dora-2024"); err != nil {
		return err
	}
	fmt.Fprintln(t.out)
	return t.reportIndex(facts, settings)
}

// firstRollout is the finish of the first production rollout, zero when there is none.
func firstRollout(facts []metrics.Facts) time.Time {
	var first time.Time
	for _, f := range facts {
		for _, r := range f.Rollouts {
			if r.EnvironmentKind == metrics.Production && (first.IsZero() || r.FinishedAt.Before(first)) {
				first = r.FinishedAt
			}
		}
	}
	return first
}

// lastRollout is the finish of the last production rollout before now, zero when there is none.
func lastRollout(facts []metrics.Facts, now time.Time) time.Time {
	var last time.Time
	for _, f := range facts {
		for _, r := range f.Rollouts {
			if r.EnvironmentKind == metrics.Production && r.FinishedAt.After(last) && r.FinishedAt.Before(now) {
				last = r.FinishedAt
			}
		}
	}
	return last
}

// maxIndexes is how many services are printed; the pages have them all.
const maxIndexes = 10

func (t *try) reportIndex(facts []metrics.Facts, settings config.Config) error {
	rows := [][]string{}
	for _, f := range facts {
		if f.Service == "" {
			continue
		}
		if len(rows) == maxIndexes {
			rows = append(rows, []string{"…", "the pages show the others"})
			break
		}
		index := metrics.HabitIndex(f, t.now(), settings.Calendar(f.Service, ""))
		rows = append(rows, []string{"event or habit, " + f.Service, indexText(index)})
	}
	return writeTable(t.out, rows)
}

func indexText(index metrics.Index) string {
	switch {
	case index.NotComparable != "":
		return reports.BandWord(index) + ": it follows " + printable(index.NotComparable)
	case index.State == metrics.NoData:
		return "nothing was deployed in the last 12 weeks"
	case index.Value != nil:
		return fmt.Sprintf("%d of 100: %s (last 12 weeks, n = %d)", *index.Value, reports.BandWord(index), index.N)
	default:
		return fmt.Sprintf("between %d and %d of 100: %s (last 12 weeks, n = %d: too few for one number)", index.Low, index.High, reports.BandWord(index), index.N)
	}
}

// doubtsOf says what a clone alone cannot show.
func doubtsOf(summary git.Summary) []string {
	taken := map[git.Mode]string{
		git.Tags:    "A release tag is taken for a deployment to production at the time of the tag.",
		git.Merges:  "A merge is taken for a deployment to production at the time of the merge.",
		git.Commits: "A commit is taken for a deployment to production at the time of the commit, so that its lead time is nothing by construction: lead time and its level say nothing here.",
	}
	return append(slices.Clone(summary.Warnings), taken[summary.Mode],
		"There is no source of incidents: the only failures known are those that Git shows, which are reverts, hotfixes and rollbacks.")
}

// serve serves the pages until told to stop. When nobody chose an address and the usual one is taken, any other will do.
func (t *try) serve(ctx context.Context, db *store.DB, settings config.Config, summary git.Summary) error {
	link, err := t.tryRound(ctx, db, settings, summary.Repository, summary.Services)
	if err != nil {
		return err
	}
	handler, err := t.server(db, settings, &origin{reading: api.Reading{Place: summary.Repository, Says: summary.String(), Doubts: doubtsOf(summary)}, assessPath: link}, nil)
	if err != nil {
		return err
	}
	listener, err := t.program.listen(ctx, t.listen, false)
	if err != nil && t.listen == "" {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "\nOpen http://%s — Ctrl-C ends it.\n", listener.Addr())
	ctx, end := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()
	beside.Go(func() { handler.RunJudging(ctx) })
	return t.serveUntilDone(ctx, listener, handler)
}
