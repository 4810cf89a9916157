package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/demo"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// demonstration is one run of the command.
type demonstration struct {
	*program
	listen string
	seed   uint64
	db     string
	write  string
}

func (p *program) demoCommand() *cobra.Command {
	d := demonstration{program: p}
	command := &cobra.Command{
		Use:   "demo",
		Short: "Serve the whole product on a generated organisation",
		Long: `Makes up an organisation and serves pages, API and gate on it: six teams, forty services and two years of deployments that end
today, with stories in them. A team goes from weekly trains to every day; the failures of a service rise in March until the gate
stops it; one team says more than its records show, one less, one is split. The gate's decisions are its own: it is asked, at the
times of the story, as a pipeline asks it.

Every page says that the data are generated. They are in a database of their own that is removed at the end, unless --db names one.`,
		Example: `  shiphabit demo
  shiphabit demo --seed 7 --db demo.db
  shiphabit demo --write demo && shiphabit import demo/events.jsonl --config demo/shiphabit.yaml --db other.db`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return d.run(command.Context(), command.Flags().Changed("seed"))
		},
	}
	f := command.Flags()
	f.StringVar(&d.listen, "listen", "", "address to listen on (default "+defaultListen+", or a free port when that one is taken)")
	f.Uint64Var(&d.seed, "seed", 1, "another seed makes another organisation with the same stories")
	f.StringVar(&d.db, "db", "", "keep the organisation in this database, and serve it as it is the next time: a file, or postgres://…")
	f.StringVar(&d.write, "write", "", "write the events and the configuration into this folder and end, instead of serving")
	return command
}

func (d *demonstration) run(ctx context.Context, seeded bool) error {
	if d.db == "" {
		folder, err := os.MkdirTemp("", "shiphabit-demo-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(folder) }()
		d.db = filepath.Join(folder, "demo.db")
	}
	made, err := d.kept(ctx, seeded)
	if err != nil {
		return err
	}
	if made == nil {
		if made, err = d.build(ctx); err != nil {
			return err
		}
	}
	settings, err := demoSettings(made)
	if err != nil {
		return err
	}
	db, err := d.openStore(ctx, d.db, settings, store.Options{Rules: settings.Rules()})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if d.write != "" {
		return d.writeTo(ctx, db, made)
	}
	return d.serve(ctx, db, settings, made)
}

// demoConfiguration names the configuration of the demonstration, which is no file until 'demo --write' writes it.
const demoConfiguration = "the demonstration's configuration"

// demoSettings are those of the organisation's own configuration file.
func demoSettings(made *demo.Organisation) (config.Config, error) {
	return config.Parse(demoConfiguration, []byte(made.Configuration()), config.Options{})
}

// kept is the organisation that the database holds, nil when there is none yet. A database that holds anything else is not touched.
func (d *demonstration) kept(ctx context.Context, seeded bool) (*demo.Organisation, error) {
	if path := strings.TrimPrefix(d.db, "sqlite:"); !strings.Contains(d.db, "://") {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
	}
	db, err := d.openKept(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	mark, sources, err := markIn(ctx, db)
	switch {
	case err != nil:
		return nil, err
	case mark != "":
		return d.fromMark(mark, seeded)
	case sources > 0:
		return nil, d.otherRecords()
	}
	held, err := db.Holds(ctx)
	if err == nil && held {
		err = d.otherRecords()
	}
	return nil, err
}

// openKept opens a database that is there before it is known what it holds, and leaves it as it is.
func (d *demonstration) openKept(ctx context.Context) (*store.DB, error) {
	settings := config.Default()
	return d.openStore(ctx, d.db, settings, store.Options{Rules: settings.Rules(), Unnamed: store.LeavesAlone})
}

func (d *demonstration) otherRecords() error {
	return usage("%s holds other records, or a demonstration that was not finished: name a database that does not exist yet, or delete this one", d.db)
}

// markOf is kept in the database once the organisation is in it as a whole.
func markOf(made *demo.Organisation) string {
	return fmt.Sprintf("seed %d until %s", made.Seed, made.End.Format(time.DateOnly))
}

// markIn is the mark that a database holds, "" for none, and how many sources it knows.
func markIn(ctx context.Context, db *store.DB) (mark string, sources int, err error) {
	all, err := db.Sources(ctx)
	for _, source := range all {
		if source.Name == demo.Forge && source.Cursor != "" {
			mark = source.Cursor
		}
	}
	return mark, len(all), err
}

// readMark tells of which organisation a mark is.
func readMark(mark string) (seed uint64, end time.Time, err error) {
	words := strings.Fields(mark)
	if len(words) != 4 {
		return 0, end, fmt.Errorf("%q marks no demonstration", mark)
	}
	seed, err = strconv.ParseUint(words[1], 10, 64)
	if err == nil {
		end, err = time.Parse(time.DateOnly, words[3])
	}
	return seed, end, err
}

func (d *demonstration) fromMark(mark string, seeded bool) (*demo.Organisation, error) {
	seed, end, err := readMark(mark)
	if err != nil {
		return nil, usage("%s holds a demonstration of another version; delete it", d.db)
	}
	if seeded && seed != d.seed {
		return nil, usage("%s holds the organisation of seed %d, not of %d: leave --seed out, or name another database", d.db, seed, d.seed)
	}
	return demo.Generate(seed, end), nil
}

// generatedIn is the origin of what a database of the demonstration holds, nil for any other: whatever is made of it says that it is generated.
func generatedIn(ctx context.Context, db *store.DB) (*origin, error) {
	mark, _, err := markIn(ctx, db)
	if err != nil || mark == "" {
		return nil, err
	}
	seed, end, err := readMark(mark)
	if err != nil { // of another version
		return nil, nil //nolint:nilerr // its records stand for themselves
	}
	return demoOrigin(demo.Generate(seed, end), nil), nil
}

// writeTo writes what 'import' and 'serve' read.
func (d *demonstration) writeTo(ctx context.Context, db *store.DB, made *demo.Organisation) error {
	if err := os.MkdirAll(d.write, 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.write, "shiphabit.yaml"), []byte(made.Configuration()), 0o600); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(d.write, "events.jsonl"))
	if err != nil {
		return err
	}
	err = db.Export(ctx, func(e metrics.Event) error { return metrics.EncodeLine(file, e) })
	if err = errors.Join(err, file.Close()); err == nil {
		d.say("%s. %s has events.jsonl and shiphabit.yaml.", made.Says(), d.write)
	}
	return err
}

// generatedHeader marks every answer, those for programs among them.
const generatedHeader = "Generated-Data"

// serve serves until told to stop, as 'serve' does.
func (d *demonstration) serve(ctx context.Context, db *store.DB, settings config.Config, made *demo.Organisation) error {
	link, err := d.openForm(ctx, db, settings, made)
	if err != nil {
		return err
	}
	server, err := d.server(db, settings, demoOrigin(made, nil), nil)
	if err != nil {
		return err
	}
	listener, err := d.program.listen(ctx, d.listen, false)
	if err != nil && d.listen == "" {
		listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "%s. No team, service or person in it exists.\nOpen http://%s — Ctrl-C ends it.\n", made.Says(), listener.Addr())
	fmt.Fprintf(d.out, "Answer the five questions for the team platform: http://%s%s\n", listener.Addr(), link)
	ctx, end := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer end()
	beside.Go(func() { d.beatLoop(ctx, db) })
	beside.Go(func() { d.deriveLoop(ctx, db) })
	beside.Go(func() { d.checkpointLoop(ctx, db) })
	beside.Go(func() { _ = server.Run(ctx) }) // it ends with the context and in no other way
	return d.serveUntilDone(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(generatedHeader, made.Says())
		server.ServeHTTP(w, r)
	}))
}

// demoOrigin tells the pages what they show; the clock is that of a story, nil for the real one.
func demoOrigin(made *demo.Organisation, clock func() time.Time) *origin {
	return &origin{
		reading: api.Reading{
			Place:  "demonstration organisation",
			Says:   made.Says() + ", " + strconv.Itoa(len(made.Teams)) + " teams, until " + made.End.Format("2 Jan 2006") + ".",
			Doubts: []string{"None of it is a record of anybody: teams, services, deployments, incidents and answers are made up. What is computed from them is computed as always."},
		},
		mark:  made.Says(),
		clock: clock,
	}
}

// beatEvery is how often the sources are said to be up to date: nothing ever comes from them.
const beatEvery = time.Minute

func (d *demonstration) beatLoop(ctx context.Context, db *store.DB) {
	for {
		if err := beat(ctx, db, d.now()); err != nil && ctx.Err() == nil {
			d.logger().Error("noting that the sources are up to date", "error", err)
		}
		if sleep(ctx, beatEvery) != nil {
			return
		}
	}
}

// beat says that everything up to then has arrived.
func beat(ctx context.Context, db *store.DB, at time.Time) error {
	for _, source := range []string{demo.Forge, demo.Pager, demo.Signals} {
		if err := db.Beat(ctx, source, at); err != nil {
			return err
		}
	}
	return nil
}

// openForm makes sure that the questions can be answered: a round of the small team, whose link is drawn anew at each start.
func (d *demonstration) openForm(ctx context.Context, db *store.DB, settings config.Config, made *demo.Organisation) (string, error) {
	rounds, err := db.Rounds(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range rounds {
		if r.State == assessments.Open {
			return d.answerLink(ctx, db, r.ID)
		}
	}
	small := made.Teams[len(made.Teams)-1]
	draft, err := assessments.NewRound(settings.Questions, assessments.Plan{
		ID: "demo-" + small.Name + "-" + strconv.Itoa(len(rounds)), Team: small.Name, Services: small.ServiceNames(), Size: small.Size, Consensus: true,
	})
	if err != nil {
		return "", err
	}
	opened, err := draft.Open(d.now())
	if err != nil {
		return "", err
	}
	if err := db.SaveRound(ctx, opened, ""); err != nil {
		return "", err
	}
	return d.answerLink(ctx, db, opened.ID)
}
