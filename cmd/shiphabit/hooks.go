package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
)

// hookFlags say which deliveries are meant.
type hookFlags struct{ source, id string }

func (f *hookFlags) add(command *cobra.Command) {
	command.Flags().StringVar(&f.source, "source", "", "only deliveries to this source")
	command.Flags().StringVar(&f.id, "id", "", "only the delivery with this id")
}

func (p *program) hooksCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "hooks",
		Short:   "Webhook deliveries that could not be read whole: list them, and read them again",
		Long:    "A delivery with records that could not be read is kept for 30 days with its body (docs/operations.md, Webhooks). All deliveries are listed by GET /api/v1/sources/{source}/deliveries.",
		Example: "  shiphabit hooks list\n  shiphabit hooks replay --source shop",
	}
	command.AddCommand(p.hooksListCommand(), p.hooksReplayCommand())
	return command
}

func (p *program) hooksListCommand() *cobra.Command {
	var database databaseFlags
	var which hookFlags
	var format string
	command := &cobra.Command{
		Use:     "list",
		Short:   "List the deliveries that could not be read whole, each with the reason",
		Example: "  shiphabit hooks list --source shop",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openAsItIs, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			unread, err := db.Unread(ctx, which.source, which.id)
			if err != nil {
				return err
			}
			if format == formatJSON {
				return writeJSON(p.out, unreadJSON(unread))
			}
			if len(unread) == 0 {
				p.say("Every delivery of the last 30 days could be read.")
				return nil
			}
			rows := [][]string{{"SOURCE", "DELIVERY", "RECEIVED", "KIND", "SET ASIDE", "KEPT", "FIRST REASON"}}
			for _, d := range unread {
				kept := "no"
				if d.Kept {
					kept = "yes"
				}
				rows = append(rows, []string{d.Source, d.ID, d.At.Format(time.RFC3339), d.Kind, strconv.Itoa(d.SetAsideCount), kept, firstReason(d)})
			}
			return writeTable(p.out, rows)
		}),
	}
	database.add(command)
	which.add(command)
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

func firstReason(d store.Received) string {
	if len(d.SetAside) == 0 {
		return ""
	}
	return d.SetAside[0].Record + ": " + d.SetAside[0].Reason
}

// unreadDelivery is a delivery in the stable form of --format json.
type unreadDelivery struct {
	Source        string         `json:"source"`
	ID            string         `json:"id"`
	Kind          string         `json:"kind"`
	ReceivedAt    time.Time      `json:"received_at"`
	Events        int            `json:"events"`
	SetAsideCount int            `json:"set_aside_count"`
	SetAside      []api.SetAside `json:"set_aside"`
	Kept          bool           `json:"kept"`
}

func unreadJSON(unread []store.Received) []unreadDelivery {
	list := make([]unreadDelivery, len(unread))
	for i, d := range unread {
		list[i] = unreadDelivery{Source: d.Source, ID: d.ID, Kind: d.Kind, ReceivedAt: d.At, Events: d.Events, SetAsideCount: d.SetAsideCount, Kept: d.Kept}
		for _, record := range d.SetAside {
			list[i].SetAside = append(list[i].SetAside, api.SetAside(record))
		}
	}
	return list
}

func (p *program) hooksReplayCommand() *cobra.Command {
	var database databaseFlags
	var which hookFlags
	command := &cobra.Command{
		Use:   "replay",
		Short: "Read again what was kept because it could not be read",
		Long: "Reads the kept deliveries again with this program and this configuration: after an upgrade, or once a setting is corrected. What can be read now is stored and its body deleted.\n" +
			"Ends with 0 when nothing is left unread, else with 2.",
		Example: "  shiphabit hooks replay --config shiphabit.yaml\n  shiphabit hooks replay --config shiphabit.yaml --source shop --id 72d3162e-cc78-11e3-81ab-4c9367dc0958",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, args []string) error {
			settings, err := p.configuration(database.config)
			if err != nil {
				return err
			}
			return onDatabase(p.openExisting, &database, func(ctx context.Context, db *store.DB, _ []string) error {
				return p.replay(ctx, db, settings, which)
			})(command, args)
		},
	}
	database.add(command)
	which.add(command)
	return command
}

// replay reads kept deliveries again. What they say was not seen as it happened: when it was known is taken from its own times.
func (p *program) replay(ctx context.Context, db *store.DB, settings config.Config, which hookFlags) error {
	unread, err := db.Unread(ctx, which.source, which.id)
	if err != nil {
		return err
	}
	hooks, left := hooksOf(settings), 0
	for _, d := range unread {
		done, err := replayOne(ctx, db, hooks[d.Source], d)
		if err != nil {
			left++
			p.say("%s %s: %v", printable(d.Source), printable(d.ID), err)
			continue
		}
		p.say("%s %s: read, %d new events, %d known", printable(d.Source), printable(d.ID), done.New, done.Known)
	}
	if left > 0 {
		return exitError{exitUsage, fmt.Errorf("%d of %d deliveries are left unread", left, len(unread))}
	}
	p.say("%d deliveries read again.", len(unread))
	return nil
}

// replayOne stores what can be read of a delivery. An error says why some of it cannot.
func replayOne(ctx context.Context, db *store.DB, hook api.Hook, d store.Received) (store.Delivered, error) {
	if hook == nil {
		return store.Delivered{}, errors.New("the configuration has no such source with a webhook_secret")
	}
	if !d.Kept {
		return store.Delivered{}, errors.New("its body is not kept: it is too large or too many others are; let the host send it again, if it can")
	}
	kept, err := db.Kept(ctx, d.Source, d.ID)
	if err != nil {
		return store.Delivered{}, err
	}
	read := api.ReadDelivery(hook, d.Source, http.Header(kept.Header), kept.Body)
	kept.Kind, kept.Events, kept.Ignored = read.Kind, read.Events, read.Ignored
	for _, record := range read.SetAside {
		kept.SetAside = append(kept.SetAside, store.SetAside(record))
	}
	done, err := db.Deliver(ctx, kept)
	if err == nil && len(read.SetAside) > 0 {
		err = fmt.Errorf("%s: %s", read.SetAside[0].Record, read.SetAside[0].Reason)
	}
	return done, err
}
