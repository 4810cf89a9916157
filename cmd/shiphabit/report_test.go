package main

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	reportNumber = regexp.MustCompile(`\d+(\.\d+)?`)
	reportTime   = regexp.MustCompile(`\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?`)
	reportTags   = regexp.MustCompile(`(?s)<svg.*?</svg>|<style>.*?</style>|<[^>]*>`)
	pictureText  = regexp.MustCompile(`(?s)<text[^>]*>(.*?)</text>`)
)

// numbersOf are the numbers in a text, each once.
func numbersOf(text string) map[string]bool {
	text = reportTime.ReplaceAllString(strings.ReplaceAll(text, "\u202f", ""), " ")
	found := map[string]bool{}
	for _, n := range reportNumber.FindAllString(text, -1) {
		found[n] = true
	}
	return found
}

// numbersOfReport are those that the JSON of a report says.
func numbersOfReport(t *testing.T, data []byte) map[string]bool {
	t.Helper()
	var value any
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, of := range v {
				if number, is := of.(map[string]any); is && key == "coverage" {
					of = number["text"] // exact for programs; readers are told about how much it is
				}
				if key != "version" && key != "charts" {
					walk(of)
				}
			}
		case []any:
			for _, of := range v {
				walk(of)
			}
		case string:
			maps.Copy(all, numbersOf(v))
		case json.Number:
			all[strings.TrimPrefix(v.String(), "-")] = true // texts write a sign of their own
		}
	}
	walk(value)
	return all
}

// pastQuarter writes deployments of the last two complete quarters: the program that is tested goes by the real clock.
func pastQuarter(t *testing.T, file string) {
	t.Helper()
	quartersBefore(t, file, time.Now().UTC())
}

// quartersBefore writes them for an instant.
func quartersBefore(t *testing.T, file string, now time.Time) {
	t.Helper()
	quarter := time.Date(now.Year(), (now.Month()-1)/3*3+1, 1, 12, 0, 0, 0, time.UTC)
	var lines strings.Builder
	for n, at := 0, quarter.AddDate(0, -6, 0); at.Before(quarter); n, at = n+1, at.Add(7*time.Hour) {
		status := "succeeded"
		if n%19 == 7 {
			status = "failed"
		}
		written := at.Add(-time.Duration(20+n%40) * time.Hour).Format(time.RFC3339)
		fmt.Fprintf(&lines, `{"type":"commit","id":"%040x","repository":"shop/payments","authored_at":%q,"parents":["%040x"]}`+"\n", n+1, written, n)
		fmt.Fprintf(&lines, `{"type":"deployment","id":"d%d","service":"payments","repository":"shop/payments","environment":"production","status":%q,"revision":"%040x","started_at":%q,"finished_at":%q}`+"\n",
			n, status, n+1, at.Add(-4*time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAReportSaysTheSameNumbersInAllFiveFormats(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "report.db")
	pastQuarter(t, events)
	p.must("import", "--db", db, events)
	for name, of := range map[string][]string{"lead": nil, "service": {"--service", "payments"}} {
		args := append([]string{"report", "--db", db}, of...)
		for _, format := range []string{"html", "pdf", "md", "json", "csv"} {
			args = append(args, "-o", name+"."+format)
		}
		p.must(args...)
		read := func(format string) []byte {
			data, err := os.ReadFile(filepath.Join(p.home, name+"."+format))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
		want := numbersOfReport(t, read("json"))
		if len(want) < 20 {
			t.Fatalf("%s: only %d numbers", name, len(want))
		}
		page := string(read("html"))
		drawn := map[string]bool{}
		for _, m := range pictureText.FindAllStringSubmatch(page, -1) {
			maps.Copy(drawn, numbersOf(html.UnescapeString(m[1])))
		}
		sameNumbers(t, name+".html", want, numbersOf(html.UnescapeString(reportTags.ReplaceAllString(page, " "))), titles(t, read("json")))
		sameNumbers(t, name+".md", want, numbersOf(string(read("md"))), nil)
		exact := titles(t, read("json"))
		for _, m := range exactCoverage.FindAllStringSubmatch(string(read("json")), -1) {
			exact[m[1]] = true
		}
		sameNumbers(t, name+".csv", want, numbersOf(string(read("csv"))), exact)
		text, pages := printedText(t, filepath.Join(p.home, name+".pdf"))
		maps.Copy(drawn, titles(t, read("json")))
		maps.Copy(drawn, pages)
		sameNumbers(t, name+".pdf", want, numbersOf(text), drawn)
		if !strings.Contains(text, "report 20") {
			t.Errorf("%s.pdf has no title", name)
		}
	}
}

// exactCoverage is the coverage of an interval as programs are told it.
var exactCoverage = regexp.MustCompile(`"coverage":\s*\{\s*"value":\s*([0-9.]+)`)

// titles are the numbers in the titles and notes of charts, which Markdown has no place for.
func titles(t *testing.T, data []byte) map[string]bool {
	t.Helper()
	var d struct {
		Sections []struct {
			Charts []struct{ Title, Note string }
		}
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for _, s := range d.Sections {
		for _, c := range s.Charts {
			maps.Copy(all, numbersOf(c.Title+" "+c.Note))
		}
	}
	return all
}

// printedText is the text of a PDF, and the numbers of its pages.
func printedText(t *testing.T, file string) (string, map[string]bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext reads no text (Debian: apt-get install poppler-utils): %v", err)
	}
	pages := map[string]bool{}
	count := strings.Count(string(out), "\f")
	if count < 1 {
		t.Errorf("%s has no page", file)
	}
	for n := range count {
		pages[fmt.Sprint(n+1)] = true
	}
	return string(out), pages
}

func sameNumbers(t *testing.T, file string, want, got, allowed map[string]bool) {
	t.Helper()
	for n := range want {
		if !got[n] {
			t.Errorf("%s lacks %s, which JSON has", file, n)
		}
	}
	for n := range got {
		if !want[n] && !allowed[n] {
			t.Errorf("%s says %s, which JSON does not", file, n)
		}
	}
}

func TestAReportComesFromAServerAsItComesFromTheDatabase(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "served.db")
	pastQuarter(t, events)
	p.must("import", "--db", db, events)
	at := time.Now().UTC().Format(time.DateOnly)
	local := p.must("report", "--db", db, "--as-of", at, "--format", "csv")
	address, _ := p.serve("serve", "--db", db)
	remote := p.must("report", "--server", address, "--as-of", at, "--format", "csv")
	if local != remote || !strings.Contains(local, "deployments to production") {
		t.Errorf("the server says\n%s\nand the database\n%s", remote, local)
	}
	if status(t, address+"/reports/leadership?format=pdf") != 200 {
		t.Error("the server prints no PDF")
	}
	if status(t, address+"/badges/"+url.PathEscape("payments")+"/change_lead_time.svg") != 200 {
		t.Error("the server has no badge")
	}
}

func TestAReportThatCannotBeWrittenSaysWhyAndLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "wrong.db")
	pastQuarter(t, events)
	p.must("import", "--db", db, events)
	for _, c := range []struct {
		says string
		args []string
	}{
		{"ends in .html", []string{"-o", "report.docx"}},
		{"needs --team", []string{"--audience", "team"}},
		{"give one of them", []string{"--team", "a", "--service", "b"}},
		{"there is no period", []string{"--period", "last"}},
		{"no service is called nothing", []string{"--service", "nothing", "-o", "report.md"}},
		{"cannot be written", []string{"-o", filepath.Join("nowhere", "report.md")}},
		{"there is no paper", []string{"--paper", "a5", "-o", "report.md"}},
	} {
		_, errs, code := p.run(append([]string{"report", "--db", db}, c.args...)...)
		if code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("report %v ends with %d and says %s", c.args, code, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(p.home, "report.md")); err == nil {
		t.Error("a file was left")
	}
	blind := p
	blind.env = append(p.env[:len(p.env):len(p.env)], "PATH="+p.home)
	_, errs, code := blind.run("report", "--db", db, "-o", "report.pdf")
	if code != exitUsage || !strings.Contains(errs, "install") || !strings.Contains(errs, "HTML") {
		t.Errorf("without Chromium it ends with %d and says %s", code, errs)
	}
}

func TestADigestIsWrittenFromTheDatabaseAndFromAServer(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "digest.db")
	pastQuarter(t, events)
	p.must("import", "--db", db, events)
	p.must("digest", "--db", db, "--leadership", "--link", "https://shiphabit.example.org", "-o", "digest.md")
	if data, err := os.ReadFile(filepath.Join(p.home, "digest.md")); err != nil || !strings.Contains(string(data), "# Weekly digest") {
		t.Errorf("%v: %s", err, data)
	}
	address, _ := p.serve("serve", "--db", db)
	if said := p.must("digest", "--server", address, "--leadership"); !strings.Contains(said, "WHAT IS UNFINISHED") {
		t.Errorf("the server's digest is\n%s", said)
	}
	for _, args := range [][]string{{}, {"--leadership", "--team", "a"}, {"--team", "nobody"}, {"--leadership", "-o", "digest.pdf"}} {
		if _, errs, code := p.run(append([]string{"digest", "--db", db}, args...)...); code != exitUsage || errs == "" {
			t.Errorf("digest %v ends with %d and says %s", args, code, errs)
		}
	}
}

func TestADigestIsSentOverTheChannelsOfItsTeam(t *testing.T) {
	t.Parallel()
	p, chat := newProcess(t), newChatRoom(t)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "sent.db")
	pastQuarter(t, events)
	p.env = append(p.env, "CHAT="+chat.url)
	config := p.write("ship.yaml", `
teams: [{name: pay, notify: {webhooks: [room]}}, {name: docs}]
services: [{name: payments, team: pay}]
notify:
  public_url: https://ship.example.org
  webhooks: [{name: room, url: "${CHAT}"}]
`)
	p.must("import", "--config", config, "--db", db, events)
	_, errs, code := p.run("digest", "--team", "pay", "--config", config, "--db", db, "--send")
	if code != 0 || !strings.Contains(errs, "Sent to webhook room") || strings.Contains(errs, "s3cret") {
		t.Errorf("it ends with %d and says %s", code, errs)
	}
	if told := chat.heard(); len(told) != 1 || !strings.Contains(told[0], "Weekly digest") {
		t.Errorf("the room heard %q", told)
	}
	if _, errs, code := p.run("digest", "--team", "docs", "--config", config, "--db", db, "--send"); code != exitUsage || !strings.Contains(errs, "there are none") {
		t.Errorf("a team without channels: %d %s", code, errs)
	}
}
