package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"html"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

var (
	anyNumber = regexp.MustCompile(`\d+(\.\d+)?`)
	isoTime   = regexp.MustCompile(`\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?`)
	inTags    = regexp.MustCompile(`(?s)<svg.*?</svg>|<style>.*?</style>|<[^>]*>`)
)

// numbersIn are the numbers of a text, each once; instants for programs are none.
func numbersIn(text string) map[string]bool {
	text = isoTime.ReplaceAllString(strings.ReplaceAll(text, thin, ""), " ")
	found := map[string]bool{}
	for _, n := range anyNumber.FindAllString(text, -1) {
		found[n] = true
	}
	return found
}

// leaves are the texts and numbers of a JSON value.
func leaves(value any, visit func(text string)) {
	switch v := value.(type) {
	case map[string]any:
		for key, of := range v {
			switch key {
			case "version", "id", "href":
			case "coverage": // exact for programs; its text is what readers are told
				if number, ok := of.(map[string]any); ok {
					of = number["text"]
				}
				leaves(of, visit)
			default:
				leaves(of, visit)
			}
		}
	case []any:
		for _, of := range v {
			leaves(of, visit)
		}
	case string:
		visit(v)
	case json.Number:
		visit(v.String())
	}
}

func written(t testing.TB, write func(*bytes.Buffer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func asHTML(t testing.TB, s *Site, d Document) string {
	t.Helper()
	return written(t, func(out *bytes.Buffer) error { return s.Document(t.Context(), out, d) })
}

func asMarkdown(t testing.TB, d Document) string {
	t.Helper()
	return written(t, func(out *bytes.Buffer) error { return d.Markdown(out) })
}

func asJSON(t testing.TB, d Document) string {
	t.Helper()
	return written(t, func(out *bytes.Buffer) error { return d.JSON(out) })
}

func asCSV(t testing.TB, d Document) string {
	t.Helper()
	return written(t, func(out *bytes.Buffer) error { return d.CSV(out) })
}

// numbersOfJSON are the numbers that the JSON of a document says.
func numbersOfJSON(t testing.TB, d Document) map[string]bool {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(asJSON(t, d)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	leaves(value, func(text string) { maps.Copy(all, numbersIn(text)) })
	return all
}

// chartless takes the titles of charts away, which only formats with pictures show.
func chartless(d Document) Document {
	d.Sections = slices.Clone(d.Sections)
	for i := range d.Sections {
		d.Sections[i].Charts = nil
	}
	return d
}

func everyDocument(t *testing.T, check func(t *testing.T, d Document)) {
	t.Helper()
	for state, st := range stages(t) {
		for audience, d := range st.documents() {
			t.Run(state+"/"+audience, func(t *testing.T) {
				t.Parallel()
				check(t, d)
			})
		}
	}
}

func TestEveryFormatOfADocumentSaysTheSameNumbers(t *testing.T) {
	t.Parallel()
	s := site(t)
	everyDocument(t, func(t *testing.T, d Document) {
		d = chartless(d)
		want := numbersOfJSON(t, d)
		if len(want) < 5 {
			t.Fatalf("only %d numbers", len(want))
		}
		page := html.UnescapeString(inTags.ReplaceAllString(asHTML(t, s, d), " "))
		for format, text := range map[string]string{"HTML": page, "Markdown": asMarkdown(t, d), "CSV": readCoverage(t, asCSV(t, d))} {
			same(t, format, want, numbersIn(text))
		}
	})
}

// readCoverage is a CSV with its exact coverages as readers are told them.
func readCoverage(t *testing.T, text string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column, said := slices.Index(documentHeader, "coverage_percent"), ""
	for _, row := range rows[1:] {
		if exact, err := strconv.ParseFloat(row[column], 64); err == nil {
			row[column] = Coverage(exact / 100).String()
		}
		said += strings.Join(row, "\n") + "\n"
	}
	return said
}

func same(t *testing.T, format string, want, got map[string]bool) {
	t.Helper()
	for n := range want {
		if !got[n] {
			t.Errorf("%s lacks %s, which JSON has", format, n)
		}
	}
	for n := range got {
		if !want[n] {
			t.Errorf("%s says %s, which JSON does not", format, n)
		}
	}
}

func TestTheNumbersOfChartTitlesAreInTheDocument(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, d Document) {
		known := numbersOfJSON(t, chartless(d))
		for _, section := range d.Sections {
			for _, c := range section.Charts {
				for n := range numbersIn(c.Title + c.Note) {
					if !known[n] {
						t.Errorf("%q says %s, and no table does", c.Title, n)
					}
				}
			}
		}
	})
}

func TestASummaryHasAtMostTenLinesAndEachNumberOfItIsInTheSections(t *testing.T) {
	t.Parallel()
	everyDocument(t, func(t *testing.T, d Document) {
		if n := len(d.Summary); n < 1 || n > SummaryLines {
			t.Errorf("%d lines", n)
		}
		rest := d
		rest.Summary = nil
		known := numbersOfJSON(t, rest)
		for _, line := range d.Summary {
			if !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, "?") {
				t.Errorf("%q is no sentence", line)
			}
			for n := range numbersIn(line) {
				if !known[n] {
					t.Errorf("%q says %s, and no section does", line, n)
				}
			}
		}
	})
}

func TestADocumentClaimsAChangeOnlyWhereTheIntervalLeavesOutZero(t *testing.T) {
	t.Parallel()
	for _, direction := range []string{"", "up", "down"} {
		b := stage{t: t, facts: stages(t)["plenty"].facts}.basis(stages(t)["plenty"].facts)
		for i := range b.Moves {
			b.Moves[i].Direction, b.Moves[i].Says = direction, metrics.NoClearChange
			b.Moves[i].Before, b.Moves[i].After = new(0.25), new(0.5)
		}
		said := strings.Join(b.figureSentences(), " ")
		for _, c := range b.trendCharts() {
			said += " " + c.Title
		}
		claims := regexp.MustCompile(`\b(rose|fell)\b`).MatchString(said)
		if claims != (direction != "") {
			t.Errorf("direction %q: %s", direction, said)
		}
		if direction == "down" && !strings.Contains(said, "though the typical value does not show it") {
			t.Errorf("a fall whose middle rose is said without the doubt: %s", said)
		}
	}
}

func TestADocumentIsOneFileWithoutScriptAndWithoutAnAddressElsewhere(t *testing.T) {
	t.Parallel()
	s := drawing(t)
	everyDocument(t, func(t *testing.T, d Document) {
		page := asHTML(t, s, d)
		plain := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
		plain = strings.ReplaceAll(plain, "url(#", "") // within the picture
		plain = strings.ReplaceAll(plain, `xmlns:xlink="http://www.w3.org/1999/xlink"`, "")
		for _, bad := range []string{"<script", "<link", "<iframe", "<img", "@import", "url(", `src="`, "http://", "https://", "onerror=alert(1)>\""} {
			if strings.Contains(plain, bad) {
				t.Errorf("holds %s", bad)
			}
		}
		for _, needed := range []string{`<html lang="en">`, "<title>", "<h1>", "<main>", "@page", "@media print", "<caption>"} {
			if !strings.Contains(page, needed) {
				t.Errorf("lacks %s", needed)
			}
		}
		if strings.Count(page, "<h1") != 1 {
			t.Error("not one heading of the first level")
		}
		seen := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("the id %s is there twice", m[1])
			}
			seen[m[1]] = true
		}
		balanced(t, page)
	})
}

// balanced tells that every element that is opened is closed in its turn.
func balanced(t *testing.T, page string) {
	t.Helper()
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*?(/?)>`).FindAllStringSubmatch(page, -1) {
		name := strings.ToLower(m[2])
		switch {
		case m[3] == "/" || slices.Contains([]string{"meta", "br", "wbr"}, name):
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("never closed: %v", open)
	}
}

func TestALeadershipReportNamesNoTeamThatDidNotPublish(t *testing.T) {
	t.Parallel()
	for state, st := range stages(t) {
		if state == "empty" {
			continue
		}
		text := asJSON(t, st.documents()["leadership"])
		for _, hidden := range []string{"team-2", "team-3"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s names %s", state, hidden)
			}
		}
		for _, f := range st.facts {
			if name, _ := json.Marshal(f.Service); strings.Contains(text, string(name)) {
				t.Errorf("%s names the service %s", state, f.Service)
			}
		}
	}
}

func TestUnknownIsSaidAndNeverANought(t *testing.T) {
	t.Parallel()
	d := stage{t: t}.documents()["leadership"]
	said := strings.Join(d.Summary, "\n")
	if !strings.Contains(said, "No deployment to production is recorded") {
		t.Errorf("nothing is known, and the summary says %s", said)
	}
	for _, section := range d.Sections {
		for _, m := range section.Measures {
			if m.Value != nil {
				t.Errorf("%s has the value %s of nothing", m.Title, *m.Value)
			}
			if m.Why == "" {
				t.Errorf("%s does not say why it has no value", m.Title)
			}
		}
	}
}

func TestAPeriodIsAQuarterAMonthOrDays(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"2026-Q1":               "2026-01-01T00:00:00+01:00 2026-04-01T00:00:00+02:00 2025-10-01T00:00:00+02:00",
		"2026-03":               "2026-03-01T00:00:00+01:00 2026-04-01T00:00:00+02:00 2026-02-01T00:00:00+01:00",
		"2026-03-28/2026-03-29": "2026-03-28T00:00:00+01:00 2026-03-30T00:00:00+02:00 2026-03-26T00:00:00+01:00",
	} {
		p, err := ParsePeriod(word, berlin)
		if err != nil {
			t.Fatal(err)
		}
		got := p.Window.From.Format(time.RFC3339) + " " + p.Window.To.Format(time.RFC3339) + " " + p.Before.From.Format(time.RFC3339)
		if got != want || !p.Before.To.Equal(p.Window.From) {
			t.Errorf("%s is %s, not %s", word, got, want)
		}
	}
	for _, wrong := range []string{"", "2026", "2026-Q5", "2026-13", "2026-03-02/2026-03-01", "2026-02-30/2026-03-01", "last quarter"} {
		if _, err := ParsePeriod(wrong, berlin); err == nil {
			t.Errorf("%q was taken for a period", wrong)
		}
	}
}

func FuzzANameStaysANameInEveryFormat(f *testing.F) {
	for _, name := range []string{harm, "=1+1", "@sum", "-2", "a|b\n# c", "[x](javascript:alert(1))", "12. twelve", "```", "<!--", "\t=cmd"} {
		f.Add(name)
	}
	s := site(f)
	f.Fuzz(func(t *testing.T, name string) {
		name = strings.ToValidUTF8(name, "")
		d := Document{Audience: "team", Title: "Team report", Subject: name, Summary: []string{name}, Zone: time.UTC, Period: lastQuarter(t), AsOf: now,
			Sections: []Section{{ID: "one", Title: name, Text: []string{name}, Grids: []Grid{{Table: Table{Caption: name, Head: []Head{{Text: "Name"}, {"Number", true}}, Rows: [][]Cell{{{Text: name}, {Text: name}}}}}}}}}
		rows, err := csv.NewReader(strings.NewReader(asCSV(t, d))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if _, isNumber := number(cell); cell != "" && strings.ContainsRune("=+-@\t", rune(cell[0])) && !isNumber {
					t.Errorf("a spreadsheet takes %q for a formula", cell)
				}
			}
		}
		for line := range strings.SplitSeq(asMarkdown(t, d), "\n") {
			if strings.HasPrefix(line, "| ") && strings.Count(strings.ReplaceAll(strings.ReplaceAll(line, `\\`, ""), `\|`, ""), "|") != 3 {
				t.Errorf("a name breaks the table: %q", line)
			}
		}
		page := asHTML(t, s, d)
		if strings.Count(page, "<script")+strings.Count(page, "<img")+strings.Count(page, "<!--") > 0 || strings.Count(page, "<h2") != 2 {
			t.Errorf("a name became markup: %q", name)
		}
	})
}
