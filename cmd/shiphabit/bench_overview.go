package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
)

func (p *program) benchOverviewCommand() *cobra.Command {
	var database databaseFlags
	var times int
	var profile string
	command := &cobra.Command{
		Use:   "overview",
		Short: "Ask for the pages of a loaded organisation, and say how long the server took and what they weigh",
		Long: `Makes the pages that name the whole organisation, over and over, of a database that bench load or bench facts filled, at the end of what
is recorded in it. Each page is made until every service is judged, then so many times; printed are the median and the longest time of the
server, and the weight of the page as it is sent, without the chart library, which is sent once. Then /metrics is scraped, a year before the end,
when every service deploys: once while everything is read, and as often when it is known.`,
		Example: "  shiphabit bench overview --db bench.db",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if times < 1 {
				return usage("--times is %d: give a number above 0", times)
			}
			db, err := p.openExisting(command.Context(), database)
			if err != nil {
				return err
			}
			settings, err := p.configuration(database.config)
			if err != nil {
				return errors.Join(err, db.Close())
			}
			err = p.benchOverview(command.Context(), db, times, profile)
			if err == nil {
				err = p.benchScrape(command.Context(), db, settings, times)
			}
			return errors.Join(err, db.Close())
		},
	}
	database.add(command)
	command.Flags().IntVar(&times, "times", 20, "how often each page is asked for")
	command.Flags().StringVar(&profile, "profile", "", "where to write a processor profile")
	return command
}

// asked is a server that judges in the background until it is ended: it is asked for a page, and tells what that took.
func (p *program) asked(ctx context.Context, server *api.Server) (ask func(path string) (time.Duration, *httptest.ResponseRecorder), end func()) {
	judging, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { server.RunJudging(judging) })
	ask = func(path string) (time.Duration, *httptest.ResponseRecorder) {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil)
		answer := httptest.NewRecorder()
		began := p.now()
		server.ServeHTTP(answer, request)
		return p.now().Sub(began), answer
	}
	return ask, func() { stop(); beside.Wait() }
}

// benchOverview looks from the end of what is recorded: also at 90 days and a year before the last one, until which every service deploys.
func (p *program) benchOverview(ctx context.Context, db *store.DB, times int, profile string) error {
	now := organisation.Standard().End
	settings, err := config.Parse("bench", nil, config.Options{})
	if err != nil {
		return err
	}
	server, err := p.server(db, settings, &origin{clock: func() time.Time { return now }}, nil)
	if err != nil {
		return err
	}
	ask, end := p.asked(ctx, server)
	defer end()
	began := p.now()
	for waiting := true; waiting; {
		waiting = server.Judging()
		_, _ = ask("/services")
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		waiting = waiting || server.Judging()
	}
	p.say("Every service was judged after %s.", p.now().Sub(began).Round(time.Millisecond))
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	rows := [][]string{{"PAGE", "MEDIAN", "LONGEST", "SENT"}}
	to := now.AddDate(-1, 0, 0)
	busy := func(days int) string {
		return "/?from=" + to.AddDate(0, 0, -days).Format(time.DateOnly) + "&to=" + to.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	for _, path := range []string{"/", busy(90), busy(365), "/services", "/services?find=11"} {
		var took []time.Duration
		var answer *httptest.ResponseRecorder
		for range times {
			var d time.Duration
			if d, answer = ask(path); answer.Code != http.StatusOK {
				return fmt.Errorf("%s answers with %d: %s", path, answer.Code, answer.Body)
			}
			took = append(took, d)
		}
		slices.Sort(took)
		rows = append(rows, []string{path, milli(took[len(took)/2]), milli(took[len(took)-1]), fmt.Sprintf("%d kB", answer.Body.Len()/1000)})
	}
	return writeTable(p.out, rows)
}
