package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/organisation"
	"shiphabit/internal/store"
)

// scrapeAgain is more than the time for which what was read of the database is told without reading it anew.
const scrapeAgain = 6 * time.Second

// scrapesUntilKnown bounds how often is asked, scrapePause apart, until everything is told: ten minutes and more.
const (
	scrapesUntilKnown = 12_000
	scrapePause       = 50 * time.Millisecond
)

// benchScrape says how long the figures for a scrape take to be read, all of them at first and later what may have changed, and how long a
// scrape itself takes: a year before the end of what is recorded, until which every service deploys.
func (p *program) benchScrape(ctx context.Context, db *store.DB, settings config.Config, times int) error {
	at := organisation.Standard().End.AddDate(-1, 0, 0)
	began := p.now()
	var later atomic.Int64 // how far the clock was put forward, which the server reads beside
	clock := func() time.Time { return at.Add(p.now().Sub(began) + time.Duration(later.Load())) }
	server, err := p.server(db, settings, &origin{clock: clock}, nil)
	if err != nil {
		return err
	}
	asked, end := p.asked(ctx, server)
	defer end()
	ask := func() (time.Duration, string) {
		took, answer := asked("/metrics")
		return took, answer.Body.String()
	}
	read := func() (time.Duration, error) {
		for range scrapesUntilKnown {
			_, text := ask()
			if took := readTook.FindStringSubmatch(text); took != nil && allJudged.MatchString(text) {
				seconds, err := strconv.ParseFloat(took[1], 64)
				return time.Duration(seconds * float64(time.Second)), err
			}
			later.Add(int64(scrapeAgain))
			if err := sleep(ctx, scrapePause); err != nil {
				return 0, err
			}
		}
		return 0, fmt.Errorf("after %d scrapes /metrics does not tell of every service yet: ask about a smaller organisation, or on a faster machine", scrapesUntilKnown)
	}
	if _, err := read(); err != nil {
		return err
	}
	p.say("Everything a scrape tells was known after %s.", p.now().Sub(began).Round(time.Millisecond))
	later.Add(int64(scrapeAgain))
	again, err := read()
	if err != nil {
		return err
	}
	var took []time.Duration
	var text string
	for range times {
		var d time.Duration
		d, text = ask()
		took = append(took, d)
	}
	slices.Sort(took)
	return writeTable(p.out, [][]string{{"SCRAPE", "MEDIAN", "LONGEST", "SENT", "READ AGAIN IN", "SERIES"},
		{"/metrics", milli(took[len(took)/2]), milli(took[len(took)-1]), fmt.Sprintf("%d kB", len(text)/1000), milli(again), strconv.Itoa(len(seriesLine.FindAllString(text, -1)))}})
}

var (
	readTook   = regexp.MustCompile(`(?m)^shiphabit_exposition_read_duration_seconds (\S+)$`)
	allJudged  = regexp.MustCompile(`(?m)^shiphabit_gate_services_unjudged 0$`)
	seriesLine = regexp.MustCompile(`(?m)^[a-z]`)
)
