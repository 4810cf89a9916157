package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/store"
	"shiphabit/metrics/gate"
)

// gateReplay is one run of 'gate replay'.
type gateReplay struct {
	*program
	server   serverFlags
	database databaseFlags
	all      bool
	service  string
	format   string
	shownAt  time.Time
}

func (p *program) gateReplayCommand() *cobra.Command {
	r := gateReplay{program: p}
	command := &cobra.Command{
		Use:   "replay DECISION | --all",
		Short: "Decide logged decisions again from their stored policy and input, and compare the bytes",
		Example: `  shiphabit gate replay gd_01J9Z3
  shiphabit gate replay --all --db /var/lib/shiphabit/shiphabit.db`,
		Long: `Fetches a decision with the policy and the input it was made from, decides again in this program, and compares: all but id,
token, engine and the mark of an unlogged decision must be the same bytes. With --all it does so with every decision of a server, or
of a database (--db), newest first, and lists those that differ: before a new version decides, this shows what it would decide
otherwise. Where the server wants a token it takes one of the scope read.

Exit code 0: all the same; 1: some differ, are damaged, or cannot be read by this version.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if r.all == (len(args) == 1) {
				return usage("name one decision, or say --all")
			}
			decisions, done, err := r.open(command.Context())
			if err != nil {
				return err
			}
			if r.all {
				return errors.Join(r.replayAll(command.Context(), decisions), done())
			}
			return errors.Join(r.replayOne(command.Context(), decisions, args[0]), done())
		},
	}
	r.server.add(command)
	r.database.add(command)
	f := command.Flags()
	f.Lookup("db").Usage = "replay what this database holds, and ask no server"
	f.BoolVar(&r.all, "all", false, "every decision")
	f.StringVar(&r.service, "service", "", "with --all, only those about this service")
	addFormat(command, &r.format, formatText, formatJSON)
	return command
}

// decisionReader reads the log of decisions, of a server or a database.
type decisionReader interface {
	Decision(ctx context.Context, id string) (gate.Logged, error)
	Decisions(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error)
}

var _ decisionReader = (*store.DB)(nil)

// open chooses where decisions are read.
func (r *gateReplay) open(ctx context.Context) (decisions decisionReader, done func() error, err error) {
	if r.database.db != "" {
		db, err := r.openAsItIs(ctx, r.database)
		if err != nil {
			return nil, nil, err
		}
		return db, db.Close, nil
	}
	ask, err := r.client(r.server, 30*time.Second)
	return serverLog{ask}, func() error { return nil }, err
}

// serverLog is the log of decisions of a server.
type serverLog struct{ client }

func (l serverLog) Decision(ctx context.Context, id string) (logged gate.Logged, err error) {
	err = l.call(ctx, "GET", "/api/v1/gate/decisions/"+url.PathEscape(id), nil, nil, &logged)
	return logged, err
}

func (l serverLog) Decisions(ctx context.Context, service, cursor string, limit int) ([]gate.Logged, string, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}, "cursor": {cursor}, "service": {service}}
	var page struct {
		Decisions []gate.Logged `json:"decisions"`
		Next      string        `json:"next"`
	}
	err := l.call(ctx, "GET", "/api/v1/gate/decisions?"+query.Encode(), nil, nil, &page)
	return page.Decisions, page.Next, err
}

var errDiffers = exitError{exitBug, errors.New("the replay differs from the log")}

func (r *gateReplay) replayOne(ctx context.Context, decisions decisionReader, id string) error {
	logged, err := decisions.Decision(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return usage("there is no decision %s", id)
	}
	if errors.Is(err, store.ErrDamaged) {
		return exitError{exitBug, fmt.Errorf("%s cannot be decided again: %w", id, damage(err))}
	}
	if err != nil {
		return err
	}
	again, same, err := gate.Replay(logged)
	if err != nil {
		return fmt.Errorf("replaying %s: %w", id, err)
	}
	if r.format == formatJSON {
		found := replayed{Version: 1, Engines: map[string]int{}, Different: []replayedOtherwise{}}
		if found.add(logged); len(found.Different) > 0 {
			return errors.Join(writeJSON(r.out, found), errDiffers)
		}
		return writeJSON(r.out, found)
	}
	if same {
		fmt.Fprintf(r.out, "same: %s is %s again, to the byte\n", id, again.Verdict)
		return nil
	}
	then, _ := json.MarshalIndent(logged.Decision, "", "  ")
	now, _ := json.MarshalIndent(again, "", "  ")
	fmt.Fprintf(r.out, "different: %s\nthen: %s\nnow:  %s\n", id, then, now)
	return errDiffers
}

// damage is what is damaged, without the server that says so: it answers, and well.
func damage(err error) error {
	var there damagedThere
	if errors.As(err, &there) {
		return there.error
	}
	return err
}

// replayed is the outcome of a replay of many: stable, version 1.
type replayed struct {
	Version   int                 `json:"version"`
	Decisions int                 `json:"decisions"`
	Same      int                 `json:"same"`
	Engines   map[string]int      `json:"engines"` // decisions by the program that made them
	Different []replayedOtherwise `json:"different"`
}

// replayedOtherwise is one decision that comes out differently.
type replayedOtherwise struct {
	Decision    string      `json:"decision"`
	Service     string      `json:"service"`
	Environment string      `json:"environment"`
	At          time.Time   `json:"at"`
	Engine      string      `json:"engine"`
	Then        gate.Result `json:"then"`
	Now         gate.Result `json:"now,omitempty"`
	// What differs: criteria, or parts of the decision.
	What []string `json:"what"`
	// Fault says why it could not be decided again.
	Fault string `json:"fault,omitempty"`
}

func (r *gateReplay) replayAll(ctx context.Context, decisions decisionReader) error {
	found := replayed{Version: 1, Engines: map[string]int{}, Different: []replayedOtherwise{}}
	for cursor, more := "", true; more; more = cursor != "" {
		page, next, err := decisions.Decisions(ctx, r.service, cursor, 200)
		if err != nil {
			return err
		}
		for _, listed := range page {
			if listed.Damaged == "" {
				if listed, err = whole(ctx, decisions, listed); err != nil {
					return fmt.Errorf("reading decision %s: %w", listed.ID, err)
				}
			}
			found.add(listed)
			r.tellReplayed(found)
		}
		cursor = next
	}
	if found.Decisions == 0 && r.service != "" {
		r.say("No decision about %s is logged; 'shiphabit gate log' lists those there are.", r.service)
	}
	if err := r.tell(found); err != nil {
		return err
	}
	if len(found.Different) > 0 {
		return exitError{exitBug, fmt.Errorf("%d of %d decisions come out differently", len(found.Different), found.Decisions)}
	}
	return nil
}

// unknownEngine stands for the program that made a decision of which that is lost.
const unknownEngine = "an unknown engine"

// whole is a listed decision with its documents; of one whose documents are damaged it is what remains, since all others can be replayed.
func whole(ctx context.Context, decisions decisionReader, listed gate.Logged) (gate.Logged, error) {
	logged, err := decisions.Decision(ctx, listed.ID)
	if err == nil {
		return logged, nil
	}
	if errors.Is(err, store.ErrDamaged) {
		listed.Damaged = err.Error()
		return listed, nil
	}
	return listed, err
}

// add replays one decision.
func (f *replayed) add(l gate.Logged) {
	f.Decisions++
	f.Engines[cmp.Or(l.Engine, unknownEngine)]++
	if l.Damaged != "" {
		f.Different = append(f.Different, replayedOtherwise{
			Decision: l.ID, Service: l.Request.Service, Environment: l.Request.Environment, At: l.At, Engine: cmp.Or(l.Engine, unknownEngine), Then: l.Verdict,
			What: []string{}, Fault: l.Damaged,
		})
		return
	}
	again, same, err := gate.Replay(l)
	if same && err == nil {
		f.Same++
		return
	}
	other := replayedOtherwise{
		Decision: l.ID, Service: l.Request.Service, Environment: l.Request.Environment, At: l.At, Engine: l.Engine, Then: l.Verdict, What: []string{},
	}
	if err != nil {
		other.Fault = err.Error()
	} else {
		other.Now, other.What = again.Verdict, gate.WhatDiffers(l.Decision, again)
	}
	f.Different = append(f.Different, other)
}

func (r *gateReplay) tell(found replayed) error {
	if r.format == formatJSON {
		return writeJSON(r.out, found)
	}
	for _, d := range found.Different {
		says := fmt.Sprintf("%s then, %s now; different: %s", d.Then, d.Now, strings.Join(d.What, ", "))
		if d.Fault != "" {
			says = "cannot be decided again: " + d.Fault
		}
		fmt.Fprintf(r.out, "%s  %s → %s, %s, by %s: %s\n", d.Decision, printable(d.Service), printable(d.Environment),
			d.At.Format(time.RFC3339), printable(d.Engine), printable(says))
	}
	fmt.Fprintf(r.out, "%d of %d decisions come out the same, to the byte, in %s\n", found.Same, found.Decisions, engine())
	for _, name := range slices.Sorted(maps.Keys(found.Engines)) {
		fmt.Fprintf(r.out, "  %d made by %s\n", found.Engines[name], printable(name))
	}
	return nil
}

// tellReplayed draws on the terminal how far it has come.
func (r *gateReplay) tellReplayed(found replayed) {
	if r.quiet || !r.terminal || r.now().Sub(r.shownAt) < time.Second/5 {
		return
	}
	r.shownAt = r.now()
	fmt.Fprintf(r.err, "\r%d decisions replayed, %d different ", found.Decisions, len(found.Different))
}
