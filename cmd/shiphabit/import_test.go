package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestImportReportsBadLinesAndKeepsTheGoodOnes(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "events.jsonl")
	good := history("api", "..", time.Hour)
	write(t, file, good+`{"type":"deployment","id":"bad","service":"api","colour":"red"}`+"\n"+history("web", ".", time.Hour))
	out, errs, code := p.run("import", "--db", filepath.Join(p.home, "a.db"), file)
	if code != exitUsage {
		t.Errorf("exit code %d, want %d\n%s%s", code, exitUsage, out, errs)
	}
	for _, want := range []string{"line 3, field colour", "3 new events stored, 0 known already, 1 line not read."} {
		if !strings.Contains(errs, want) {
			t.Errorf("lacks %q:\n%s", want, errs)
		}
	}
	_, errs, code = p.runWith(good, "import", "--db", filepath.Join(p.home, "a.db"), "-")
	if code != exitOK || !strings.Contains(errs, "0 new events stored, 2 known already") {
		t.Errorf("importing the same again: exit code %d\n%s", code, errs)
	}
}

func TestWhatIsExportedImportsToTheSame(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	first, second := filepath.Join(p.home, "first.db"), filepath.Join(p.home, "second.db")
	_, errs, code := p.runWith(history("api", "..x.", time.Hour), "import", "--db", first, "-")
	if code != exitOK {
		t.Fatal(errs)
	}
	events := p.must("export", "--db", first)
	if _, errs, code := p.runWith(events, "import", "--db", second, "-"); code != exitOK {
		t.Fatal(errs)
	}
	if again := p.must("export", "--db", second); again != events {
		t.Errorf("exported:\n%s\nafter importing that:\n%s", events, again)
	}
}

// A week by hand, 2026-03-02 to 2026-03-09 UTC: four rollouts, of which the second failed and was recovered by the third,
// two hours later; the change of the first took 24 h, that of the third 6 h. Below five, nothing has a value but the counts.
func TestFiguresStraightFromAFileEqualThoseMadeByHand(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "week.jsonl")
	line := func(id, status, at string) string {
		return `{"type":"deployment","id":"` + id + `","service":"api","environment":"production","status":"` + status + `","revision":"r` + id + `","started_at":"` + at + `","finished_at":"` + at + `"}` + "\n"
	}
	write(t, file, line("1", "succeeded", "2026-03-02T10:00:00Z")+line("2", "failed", "2026-03-03T10:00:00Z")+
		line("3", "succeeded", "2026-03-03T12:00:00Z")+line("4", "succeeded", "2026-03-05T10:00:00Z")+line("5", "succeeded", "2026-03-06T12:00:00+02:00"))
	csv := p.must("metrics", "--events", file, "--from", "2026-03-02", "--to", "2026-03-09", "--format", "csv")
	rows := strings.Split(strings.TrimSpace(csv), "\n")
	if len(rows) != 2 {
		t.Fatalf("want a header and a row:\n%s", csv)
	}
	// 5 rollouts in 7 days are 5 a week; 1 of 5 failed is 0.2, Wilson 95 % 0.0362 to 0.6245.
	for _, want := range []string{",5,5,0,,1,0.2,0.0362", ",1,,0,0"} {
		if !strings.Contains(rows[1], want) {
			t.Errorf("lacks %q: %s", want, rows[1])
		}
	}
	table := p.must("metrics", "--events", file, "--from", "2026-03-02", "--to", "2026-03-09")
	for _, want := range []string{"5.0 a week", "20.0 %", "1 of 5 rollouts failed", "not enough data"} {
		if !strings.Contains(table, want) {
			t.Errorf("lacks %q:\n%s", want, table)
		}
	}
	if rows := p.must("explain", "change_fail_rate", "--events", file, "--from", "2026-03-02", "--to", "2026-03-09"); !strings.Contains(rows, "import/2  failed") || !strings.Contains(rows, "5 rows counted") {
		t.Errorf("the rows behind the fail rate:\n%s", rows)
	}
}

func TestOddInputGetsASentence(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	for sentence, c := range map[string]struct {
		args []string
		says string
	}{
		"a folder that is no clone":    {[]string{"try", p.home, "--once"}, "not a Git repository"},
		"a path that is not there":     {[]string{"try", filepath.Join(p.home, "none")}, "there is no such folder"},
		"a service without a folder":   {[]string{"try", "--service", "api"}, "NAME=PATH"},
		"a file that is not there":     {[]string{"import", "none.jsonl", "--db", filepath.Join(p.home, "x.db")}, "none.jsonl"},
		"an unknown command":           {[]string{"deploy"}, "unknown command"},
		"an unknown definition":        {[]string{"metrics", "--definition", "mine", "--db", filepath.Join(p.home, "x.db")}, "dora"},
		"an address beyond loopback":   {[]string{"serve", "--listen", "0.0.0.0:0", "--db", filepath.Join(p.home, "y.db")}, "--insecure"},
		"an address that is none":      {[]string{"serve", "--listen", "8080", "--db", filepath.Join(p.home, "z.db")}, "127.0.0.1:8080"},
		"a server that is not there":   {[]string{"gate", "log", "--server", "http://127.0.0.1:9"}, "does not answer"},
		"a server that is no URL":      {[]string{"gate", "log", "--server", "localhost"}, "http://127.0.0.1:8080"},
		"a token without scopes":       {[]string{"token", "create", "ci", "--db", filepath.Join(p.home, "w.db")}, "--scope is missing"},
		"a configuration with a fault": {[]string{"config", "check", badConfig(t, p)}, "colour"},
	} {
		_, errs, code := p.run(c.args...)
		if code == exitOK || code == exitBug || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d, want a sentence with %q:\n%s", sentence, code, c.says, errs)
		}
	}
}

func badConfig(t *testing.T, p process) string {
	t.Helper()
	name := filepath.Join(p.home, "bad.yaml")
	write(t, name, "colour: red\n")
	return name
}

func TestACSVFileWhoseNameTellsNoTypeIsRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "d.csv")
	write(t, file, "id,service\n1,api\n")
	for _, args := range [][]string{{"import", file}, {"metrics", "--events", file}} {
		if _, errs, code := p.run(args...); code != exitUsage || !strings.Contains(errs, "import it with --type") {
			t.Errorf("%v: exit code %d\n%s", args, code, errs)
		}
	}
}

func TestFiguresOfManyServicesFollowAChangedConfigurationThoughNoServerDerivesThem(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	var events strings.Builder
	for n := range 201 {
		fmt.Fprintf(&events, `{"type":"deployment","id":"d%d","service":"s%d","environment":"green-east","revision":"r%d","status":"succeeded","finished_at":"2026-03-02T10:00:00Z"}`+"\n", n, n, n)
	}
	database, settings := filepath.Join(p.home, "a.db"), filepath.Join(p.home, "shiphabit.yaml")
	if _, errs, code := p.runWith(events.String(), "import", "--db", database, "-"); code != exitOK {
		t.Fatal(errs)
	}
	asks := []string{"metrics", "--db", database, "--from", "2026-03-01", "--to", "2026-04-01", "--format", "csv"}
	before, errs, _ := p.run(asks...)
	write(t, settings, "environments:\n  - match: \"green-*\"\n    kind: production\n")
	after, told, code := p.run(append(asks, "--config", settings)...)
	if code != exitOK || !strings.Contains(told, "201 of 201 services are to be derived anew first") {
		t.Errorf("exit code %d\n%s", code, told)
	}
	if strings.Contains(before, ",201,") || !strings.Contains(after, ",201,") {
		t.Errorf("before:\n%s%sand since:\n%s", before, errs, after)
	}
}
