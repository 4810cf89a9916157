package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// importBatch is how many events are stored in one transaction: a killed import loses no more than one batch, and the next
// run stores it again.
const importBatch = 5000

// maxFaultsShown keeps a wholly unreadable file from filling the screen.
const maxFaultsShown = 50

func (p *program) importCommand() *cobra.Command {
	var database databaseFlags
	var source, kind string
	command := &cobra.Command{
		Use:   "import FILE…",
		Short: "Store neutral events from JSON Lines or CSV files",
		Long: `Reads neutral events, version 1 (docs/events.md), and stores them. Importing the same file again changes nothing.
A line that cannot be read is reported with its number and field; the others are stored all the same, and the exit code is 2.
CSV files hold one type each: name them deployment.csv, commit.csv and so on, or say --type. "-" is standard input.`,
		Example: `  shiphabit import deployments.jsonl incidents.jsonl
  generate-events | shiphabit import -`,
		Args: cobra.MinimumNArgs(1),
		RunE: onDatabase(p.openDatabase, &database, func(ctx context.Context, db *store.DB, args []string) error {
			job := importJob{program: p, db: db, source: source, kind: metrics.EventType(kind)}
			for _, name := range args {
				if err := job.file(ctx, name); err != nil {
					return err
				}
			}
			// Figures are derived here, so that the first question after an import need not wait for them.
			if err := db.RefreshTelling(ctx, p.tellProgress()); err != nil {
				return err
			}
			return job.end()
		}),
	}
	database.add(command)
	command.Flags().StringVar(&source, "source", "import", "the source of events that name none")
	command.Flags().StringVar(&kind, "type", "", "the type of events in a CSV file whose name does not tell")
	return command
}

// importJob stores events batch by batch and counts.
type importJob struct {
	*program
	db         *store.DB
	source     string
	kind       metrics.EventType
	batch      []metrics.Event
	fresh, old int
	unread     int
	shownAt    time.Time
}

func (j *importJob) file(ctx context.Context, name string) error {
	reader, shown, err := j.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }()
	faults, err := decodeEvents(reader, name, j.kind, j.source, func(e metrics.Event) error { return j.add(ctx, e) })
	if err != nil {
		return fmt.Errorf("reading %s: %w", shown, err)
	}
	if err := j.flush(ctx); err != nil {
		return err
	}
	for i, fault := range faults {
		if i == maxFaultsShown {
			fmt.Fprintf(j.err, "%s: and %d more\n", shown, len(faults)-i)
			break
		}
		fmt.Fprintf(j.err, "%s: %s\n", shown, fault)
	}
	j.unread += unreadLines(faults)
	return nil
}

// unreadLines counts lines, of which one may have several faults.
func unreadLines(faults []metrics.Fault) int {
	lines := map[int]bool{}
	for _, fault := range faults {
		lines[fault.Line] = true
	}
	return len(lines)
}

// open opens a file, or standard input for "-".
func (p *program) open(name string) (io.ReadCloser, string, error) {
	if name == "-" {
		return io.NopCloser(p.in), "standard input", nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, name, usage("%w; name a file of neutral events, or - for standard input", err)
	}
	return file, name, nil
}

// decodeEvents reads JSON Lines, or CSV where the name ends in .csv.
func decodeEvents(r io.Reader, name string, kind metrics.EventType, source string, yield func(metrics.Event) error) ([]metrics.Fault, error) {
	if !strings.EqualFold(filepath.Ext(name), ".csv") && kind == "" {
		return metrics.DecodeLines(r, source, yield)
	}
	if kind == "" {
		kind = metrics.EventType(strings.TrimSuffix(strings.ToLower(filepath.Base(name)), ".csv"))
		if _, known := metrics.SchemaOf(kind); !known {
			return nil, usage("a CSV file holds events of one type, and this name tells none: call it deployment.csv, commit.csv and so on, or import it with --type")
		}
	}
	return metrics.DecodeCSV(r, kind, source, yield)
}

func (j *importJob) add(ctx context.Context, e metrics.Event) error {
	j.batch = append(j.batch, e)
	if len(j.batch) < importBatch {
		return nil
	}
	return j.flush(ctx)
}

func (j *importJob) flush(ctx context.Context) error {
	if len(j.batch) == 0 {
		return nil
	}
	stored, err := j.db.Append(ctx, j.batch)
	if err != nil {
		return fmt.Errorf("storing events: %w", err)
	}
	j.fresh, j.old, j.batch = j.fresh+stored.New, j.old+stored.Known, j.batch[:0]
	if j.terminal && !j.quiet && j.now().Sub(j.shownAt) > time.Second/5 {
		j.shownAt = j.now()
		fmt.Fprintf(j.err, "\r%d events stored ", j.fresh+j.old)
	}
	return nil
}

// end reports what happened.
func (j *importJob) end() error {
	if j.terminal && !j.quiet {
		fmt.Fprint(j.err, "\r")
	}
	j.say("%d new events stored, %d known already, %s not read.", j.fresh, j.old, linesOf(j.unread))
	if j.unread > 0 {
		return usage("%s could not be read (listed above); correct the file and import it again: what is stored stays as it is", linesOf(j.unread))
	}
	return nil
}

func linesOf(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

func (p *program) exportCommand() *cobra.Command {
	var database databaseFlags
	command := &cobra.Command{
		Use:     "export",
		Short:   "Write every stored event as JSON Lines",
		Example: "  shiphabit export > events.jsonl",
		Args:    cobra.NoArgs,
		RunE: onDatabase(p.openAsItIs, &database, func(ctx context.Context, db *store.DB, _ []string) error {
			return db.Export(ctx, func(e metrics.Event) error { return metrics.EncodeLine(p.out, e) })
		}),
	}
	database.add(command)
	return command
}
