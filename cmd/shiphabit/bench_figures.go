package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

func (p *program) benchFiguresCommand() *cobra.Command {
	var database databaseFlags
	var size sizeFlags
	var times int
	command := &cobra.Command{
		Use:   "figures",
		Short: "Ask questions of a loaded organisation, and say how long the answers took",
		Long: `Asks for all figures with their intervals, over and over, of a database that bench load or bench facts filled, and prints the
median and the longest time of each question; each is asked once before, unmeasured. Beside that it says how long the program
took to open the database and give its first answer, and how much memory it took at most. Give the flags of the size that were
given when the database was filled.`,
		Example: "  shiphabit bench figures --db bench.db --deployments 100000 --services 500",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			made, err := size.organisation()
			if err != nil {
				return err
			}
			if times < 1 {
				return usage("--times is %d: give a number above 0", times)
			}
			began := p.now()
			db, err := p.openExisting(command.Context(), database)
			if err != nil {
				return err
			}
			b := benchFigures{program: p, db: db, times: times}
			return errors.Join(b.run(command.Context(), began, questionsOf(made)), db.Close())
		},
	}
	database.add(command)
	size.add(command)
	command.Flags().IntVar(&times, "times", 20, "how often each question is asked")
	return command
}

// benchQuestion is a question about some services, or about all of them.
type benchQuestion struct {
	name     string
	services []string
	query    metrics.Query
	byDay    bool
	compared bool // with the window before
	seldom   bool // not one of the questions that pages ask
}

// questionsOf ask about the days before the last year, in which every service still deploys, as seen at the end of the last.
func questionsOf(made *organisation.Organisation) []benchQuestion {
	now := organisation.Standard().End
	end := now.AddDate(-1, 0, 0)
	last := func(days int) metrics.Query {
		return metrics.Query{Window: metrics.Window{From: end.AddDate(0, 0, -days), To: end}, AsOf: now}
	}
	cut := last(30)
	cut.Window = metrics.Window{From: cut.Window.From.Add(9 * time.Hour), To: cut.Window.To.Add(-7 * time.Hour)}
	past := last(365)
	past.AsOf = end.AddDate(0, 0, -100).Add(10 * time.Hour)
	all := func(name string, q metrics.Query) benchQuestion { return benchQuestion{name: name, query: q} }
	year := all("organisation, 1 year, day by day", last(365))
	year.byDay = true
	compared := all("organisation, 1 year and what moved", last(365))
	compared.compared, compared.seldom = true, true
	five := last(0)
	five.Window = metrics.Window{From: now.AddDate(-5, 0, 0), To: now}
	team, busiest, usual := namesOf(made)
	return []benchQuestion{
		all("organisation, 30 days", last(30)),
		all("organisation, 1 year", last(365)),
		year,
		{name: "team of 8, 1 year", services: team, query: last(365)},
		{name: "usual service, 90 days", services: usual, query: last(90)},
		{name: "usual service, 1 year", services: usual, query: last(365)},
		{name: "busiest service, 90 days", services: busiest, query: last(90)},
		{name: "busiest service, 1 year", services: busiest, query: last(365)},
		compared,
		{name: "organisation, 5 years", query: five, seldom: true},
		{name: "usual service, 30 days, days cut", services: usual, query: cut},
		{name: "usual service, 1 year, as of a past moment", services: usual, query: past},
		all("organisation, 30 days, days cut", cut),
		all("organisation, 1 year, as of a past moment", past),
	}
}

// namesOf are the first team, the service with the most deployments and the one in the middle.
func namesOf(made *organisation.Organisation) (team, busiest, usual []string) {
	services := made.Services()
	order := make([]int, len(services))
	for i, s := range services {
		order[i] = i
		if s.Team == services[0].Team {
			team = append(team, s.Name)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return made.Attempts(b) - made.Attempts(a) })
	return team, []string{services[order[0]].Name}, []string{services[order[len(order)/2]].Name}
}

// benchFigures asks.
type benchFigures struct {
	*program
	db    *store.DB
	times int
}

func (b benchFigures) run(ctx context.Context, began time.Time, questions []benchQuestion) error {
	if err := b.ask(ctx, questions[0]); err != nil {
		return err
	}
	b.say("Open and the first answer: %s.", b.now().Sub(began).Round(time.Millisecond))
	rows := [][]string{{"QUESTION", "MEDIAN", "LONGEST"}}
	for i, q := range questions {
		if q.seldom && !questions[i-1].seldom {
			b.sayMemory("the first questions, which are asked most")
		}
		took, err := b.askOften(ctx, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		rows = append(rows, []string{q.name, milli(took[len(took)/2]), milli(took[len(took)-1])})
	}
	b.sayMemory("all questions")
	return writeTable(b.out, rows)
}

// milli writes a time in milliseconds.
func milli(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

// longQuestion is how long an answer may take that is asked for as often as others.
const longQuestion = 2 * time.Second

// askOften gives the times that a question took, sorted; one that takes long is asked once more only.
func (b benchFigures) askOften(ctx context.Context, q benchQuestion) ([]time.Duration, error) {
	took := make([]time.Duration, 0, b.times)
	times := b.times
	for i := 0; i <= times; i++ {
		began := b.now()
		if err := b.ask(ctx, q); err != nil {
			return nil, err
		}
		each := b.now().Sub(began)
		if i > 0 {
			took = append(took, each)
		} else if each > longQuestion {
			times = 1
		}
	}
	slices.Sort(took)
	return took, nil
}

// ask answers a question from the database to the figures.
func (b benchFigures) ask(ctx context.Context, q benchQuestion) error {
	query := q.query.Completed()
	if q.byDay {
		buckets, err := metrics.Buckets(query.Window, query.AsOf, query.Zone, "day", query.Definition.WeekStart)
		if err != nil {
			return err
		}
		tallies, err := b.db.Tallies(ctx, q.services, query, metrics.WindowsOf(buckets))
		if err == nil {
			metrics.Points(buckets, tallies, query)
		}
		return err
	}
	tally, err := b.db.Tally(ctx, q.services, query)
	if err != nil {
		return err
	}
	metrics.Measure(tally, query)
	if q.compared {
		earlier := query.Earlier()
		before, err := b.db.Tally(ctx, q.services, earlier)
		if err != nil {
			return err
		}
		metrics.Compare(before, earlier, tally, query)
	}
	return nil
}

// sayMemory says what the process took until now; the most at once is known only where the system tells.
func (b benchFigures) sayMemory(after string) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	most := "not told by this system"
	status, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(status) {
		if kept, found := strings.CutPrefix(string(line), "VmHWM:"); found {
			most = strings.TrimSpace(kept)
		}
	}
	b.say("Memory for %s: %d MB taken by Go, most resident at once: %s.", after, m.Sys>>20, most)
}
