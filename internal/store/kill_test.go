package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"shiphabit/metrics"
)

// importerDSN makes the test binary an importer into that database.
const importerDSN = "SHIPHABIT_TEST_IMPORT_INTO"

const (
	importSize = 100_000
	importPage = 1_000
)

// importEvent is number i of the import: every tenth a deployment, the rest commits.
func importEvent(i int) metrics.Event {
	id := strconv.Itoa(i)
	if i%10 == 0 {
		return deployed(id, fmt.Sprintf("service-%d", i/10%100), fmt.Sprintf("org/%d", i/10%100), i/10)
	}
	return committed(fmt.Sprintf("org/%d", i/10%100), "sha-"+id, i/10)
}

// importer reads pages into the database from where its cursor stands and tells of each.
func importer(dsn string, out io.Writer) int {
	err := func() error {
		ctx := context.Background()
		db, err := Open(ctx, dsn, Options{Rules: metrics.DefaultRules()})
		if err != nil {
			return err
		}
		cursor, err := db.Cursor(ctx, "import")
		if err != nil {
			return err
		}
		at, _ := strconv.Atoi(cursor) // "" is the start
		for at < importSize {
			var page []metrics.Event
			for i := range importPage {
				page = append(page, importEvent(at+i))
			}
			next := strconv.Itoa(at + importPage)
			if err := db.ApplyPage(ctx, "import", cursor, next, page, nil); err != nil {
				return err
			}
			at, cursor = at+importPage, next
			fmt.Fprintln(out, at)
		}
		return db.Close()
	}()
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}

func TestAKilledImportIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		for _, stop := range []int{importPage, importSize / 2} {
			importUntil(t, stop)
		}
		db := t.open()
		cursor, err := db.Cursor(t.Context(), "import")
		if err != nil || cursor == strconv.Itoa(importSize) {
			t.Fatalf("cursor %q, error %v: the import was not killed half way", cursor, err)
		}
		reached, _ := strconv.Atoi(cursor)
		if got := len(exported(t, db)); got != reached {
			t.Fatalf("after the kill the cursor stands at %d and %d events are stored", reached, got)
		}
		importUntil(t, importSize+1)
		checkImported(t, db)
	})
}

// importUntil runs the importer in a process of its own and kills it as soon as it tells of so many events, while it is at
// the next page.
func importUntil(t bench, stop int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), importerDSN+"="+t.dsn)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		at, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(lines.Text())
		}
		if at == stop {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); (err == nil) != (stop > importSize) {
		t.Fatalf("importer until %d: %v", stop, err)
	}
}

// checkImported compares what is stored with what was to be imported.
func checkImported(t bench, db *DB) {
	t.Helper()
	want := make([]string, importSize)
	events := make([]metrics.Event, importSize)
	for i := range want {
		events[i] = importEvent(i)
		want[i] = events[i].String()
	}
	var got []string
	for _, e := range exported(t, db) {
		got = append(got, e.String())
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%d events stored, want the %d imported, each once", len(got), len(want))
	}
	if done := mustAppend(t, db, events...); done != (Appended{Known: importSize}) {
		t.Errorf("importing all of it again: %+v, want nothing new", done)
	}
}
