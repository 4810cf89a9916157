package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// The attack: worlds are played in full over HTTP that differ in nothing but who answered what. Whoever reads everything there is to
// read — pages, API, export, log, and in the end every row of the database — must find no difference between them. What somebody
// finds who compares the database before and after a single submission is stated, and nothing beyond it may be found.

// person answers in a team; marks are the options chosen, from 0, one for each question.
type person struct {
	team    string
	marks   [5]int
	comment string
}

// teams of the worlds, in the order in which they are opened.
var attacked = []struct{ name, plan string }{
	{"agreed", `"size":4,"consensus":true`},
	{"alike", `"size":7`}, // all answer alike but one
	{"few", `"size":8`},   // fewer answer than the group size
	{"mixed", `"size":6`},
	{"shared", `"size":5,"open_link":true`},
	{"shown", `"size":5`},
}

// everybody answers in this order.
func everybody() []person {
	all := []person{{"few", [5]int{0, 0, 0, 0, 0}, ""}, {"mixed", [5]int{1, 2, 3, 4, 0}, "too many meetings"}, {"few", [5]int{1, 1, 4, 4, 5}, "nobody listens"}}
	for i := range 7 {
		all = append(all, person{"alike", [5]int{3, 3, 3, 3, 3}, ""})
		if i < 5 {
			all = append(all, person{"mixed", [5]int{i, i, (i + 2) % 7, (3 * i) % 7, 6 - i}, ""})
			all = append(all, person{"shared", [5]int{i % 2, 1, 2, 3, 4}, ""}, person{"shown", [5]int{4 - i, 4, 4, 4, i}, ""})
		}
	}
	all[5].comment = "a second remark"
	all[3].marks = [5]int{0, 1, 0, 6, 5} // the one who is not like the others
	return append(all, person{"few", [5]int{4, 4, 0, 0, 6}, ""}, person{"few", [5]int{2, 2, 2, 2, 2}, ""}, person{"agreed", [5]int{2, 3, 1, 2, 5}, ""})
}

// world is a server on which everybody answers, and all that could be read of it meanwhile.
type world struct {
	site
	rounds map[string]openedAnswer
	paths  []string          // of the interface, as it describes them
	names  *strings.Replacer // ids and secrets drawn at random, by what they are
	open   []string          // what could be read, step by step, before any round closed
	over   []string          // and after
	rows   []string          // the database after each submission, and at the end
}

// play lets people answer in the order of their list, then closes, publishes two and rolls up.
func play(t *testing.T, all []person) *world {
	t.Helper()
	w := &world{site: newSite(t, withPages(t)), rounds: map[string]openedAnswer{}}
	w.begin()
	w.rows = append(w.rows, w.database())
	used := map[string]int{}
	for i, p := range all {
		w.clock.advance(7 * time.Minute)
		opened := w.rounds[p.team]
		link := opened.Links[used[p.team]%len(opened.Links)]
		used[p.team]++
		said := w.submit(link, link, append(w.fields(p), "comment", p.comment)...)
		if said.status != http.StatusOK && said.status != http.StatusSeeOther {
			t.Fatalf("%d: %s", said.status, said.body)
		}
		w.rows = append(w.rows, w.database())
		w.open = append(w.open, w.plain(said.body))
		if i%8 == 2 || i == len(all)-2 { // the last is a consensus, which closes its round at once
			w.open = append(w.open, w.readable())
		}
	}
	w.end()
	return w
}

func (w *world) begin() {
	w.Helper()
	pairs := []string{strings.TrimPrefix(w.url, "http://"), "this server"}
	w.paths = w.programs()
	for _, team := range attacked {
		w.clock.advance(time.Second)
		opened := into[openedAnswer](w.post(roundsPath, `{"team":"`+team.name+`",`+team.plan+`}`).is(http.StatusCreated))
		w.rounds[team.name] = opened
		pairs = append(pairs, opened.Round.ID, "round of "+team.name)
		for i, link := range opened.Links {
			token := strings.TrimPrefix(link, "/assess/")
			pairs = append(pairs, token, fmt.Sprintf("link %d of %s", i, team.name), assessments.HashToken(token), fmt.Sprintf("hash %d of %s", i, team.name))
		}
	}
	w.names = strings.NewReplacer(pairs...)
}

func (w *world) fields(p person) []string {
	var fields []string
	for i, q := range w.rounds[p.team].Round.Set.Questions {
		fields = append(fields, q.ID, q.Options[p.marks[i]].ID)
	}
	return fields
}

func (w *world) end() {
	w.Helper()
	for i, team := range attacked {
		w.clock.advance(time.Hour)
		at := roundsPath + "/" + w.rounds[team.name].Round.ID
		if team.name != "agreed" {
			w.post(at+"/close", "").is(http.StatusOK)
		}
		w.post(at+"/replies", `{"question":"q1","tag":"services differ"}`).is(http.StatusOK)
		w.post(at+"/action", `{"text":"one step","owner":"team","due_on":"2026-03-20"}`).is(http.StatusOK)
		if i%3 == 2 {
			w.over = append(w.over, w.readable())
		}
	}
	for _, team := range []string{"shown", "few"} {
		w.post(roundsPath+"/"+w.rounds[team].Round.ID+"/publish", "").is(http.StatusOK)
	}
	w.clock.advance(60 * 24 * time.Hour)
	rollup := w.get(roundsPath + "/rollup?quarter=2026-Q1").is(http.StatusOK)
	w.over = append(w.over, w.readable(), w.plain(rollup.body), w.logged())
	for _, opened := range w.rounds {
		for _, link := range opened.Links {
			if strings.Contains(w.log.String(), strings.TrimPrefix(link, "/assess/")) {
				w.Error("a link stands in the log")
			}
		}
	}
	if strings.Contains(w.log.String(), "/assess/") {
		w.Error("the log tells when somebody was at the form")
	}
	w.rows = append(w.rows, w.database())
}

// logged is every line of the log once. Two requests may be logged in another order than they were sent, the last of them too late.
func (w *world) logged() string {
	lines := strings.Split(w.plain(w.log.String()), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "/rollup") })
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

var (
	// What the clock of the machine and the program's own memory say is that of no answer; requests are counted, and how many is the same.
	changing = regexp.MustCompile(`name="csrf" value="[^"]*"|(?m)^time=\S+| took=\S+|^(go|process)_.*$|^shiphabit_(exposition_read|http_request|gate_decision)_duration_seconds.*$`)
	linked   = regexp.MustCompile(`href="(/[^"#]*)`)
	inPath   = regexp.MustCompile(`\{[^}]+\}`)
)

func (w *world) plain(text string) string {
	return w.names.Replace(changing.ReplaceAllString(text, ""))
}

// readable is everything that can be read over HTTP at this moment, and the export.
func (w *world) readable() string {
	w.Helper()
	seen := map[string]string{}
	var follow func(path string)
	follow = func(path string) {
		if _, known := seen[path]; known || strings.HasPrefix(path, "/assets/") || len(seen) > 2000 {
			return
		}
		a := w.get(path)
		seen[path] = fmt.Sprintf("%s: %d %s\n", path, a.status, a.body)
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && (path == "/" || strings.HasPrefix(path, "/assess")) {
			for _, link := range linked.FindAllStringSubmatch(a.body, -1) {
				follow(strings.ReplaceAll(link[1], "&amp;", "&"))
			}
		}
	}
	for _, start := range []string{"/", "/assessments", "/assessments/rollup", "/assessments/rollup?quarter=2026-Q1", "/explain/index", "/explain/index?service=payments", "/metrics"} {
		follow(start)
	}
	for _, path := range w.paths {
		if !strings.HasPrefix(path, roundsPath) {
			follow(inPath.ReplaceAllString(path, "payments"))
			continue
		}
		for _, team := range attacked {
			follow(strings.NewReplacer("{id}", url.PathEscape(w.rounds[team.name].Round.ID), "{evidence}", "E1").Replace(path))
		}
	}
	for _, team := range attacked {
		for _, link := range w.rounds[team.name].Links {
			follow(link)
		}
	}
	var export strings.Builder
	if err := w.db.Export(w.Context(), func(e metrics.Event) error { _, err := fmt.Fprintln(&export, e); return err }); err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, text := range seen {
		all = append(all, w.plain(text))
	}
	slices.Sort(all)
	return strings.Join(all, "") + export.String()
}

// programs are the addresses of the interface that are read.
func (w *world) programs() []string {
	w.Helper()
	described := into[struct {
		Paths map[string]map[string]json.RawMessage
	}](w.get("/openapi.json").is(http.StatusOK))
	var list []string
	for path, methods := range described.Paths {
		if _, read := methods["get"]; read && path != "/openapi.json" {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	if len(list) < 20 {
		w.Fatalf("only %d addresses", len(list))
	}
	return list
}

// database is every row of every table, with the hidden row numbers where there are any. Left out are the program's own secrets and the times of its schema.
func (w *world) database() string {
	w.Helper()
	pool, _, err := w.db.Pool()
	if err != nil {
		w.Fatal(err)
	}
	var tables []string
	rows, err := pool.QueryContext(w.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
	if err != nil {
		w.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.Fatal(err)
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	var all []string
	for _, table := range tables {
		if table == "goose_db_version" || table == "secrets" || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		all = append(all, w.table(table)...)
	}
	return strings.Join(all, "\n")
}

func (w *world) table(name string) []string {
	w.Helper()
	pool, _, _ := w.db.Pool()
	rows, err := pool.QueryContext(w.Context(), "SELECT rowid AS row_number, * FROM "+name)
	if err != nil { // there are no row numbers
		if rows, err = pool.QueryContext(w.Context(), "SELECT * FROM "+name); err != nil {
			w.Fatal(err)
		}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			w.Fatal(err)
		}
		line := name
		for i, column := range columns {
			value := *values[i].(*any)
			if name == "comments" && column == "key" {
				value = "random"
			}
			line += fmt.Sprintf(" %s=%v", column, value)
		}
		lines = append(lines, w.names.Replace(line))
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	slices.Sort(lines)
	return lines
}

// same fails with the first lines that differ.
func same(t *testing.T, what string, a, b []string) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%s: %d and %d steps", what, len(a), len(b))
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		one, other := strings.Split(a[i], "\n"), strings.Split(b[i], "\n")
		for j := range min(len(one), len(other)) {
			if one[j] != other[j] {
				t.Fatalf("%s, step %d of %d, tells two worlds apart:\n%.600s\n%.600s", what, i+1, len(a), one[j], other[j])
			}
		}
		t.Fatalf("%s, step %d of %d, tells two worlds apart by its length", what, i+1, len(a))
	}
}

// swapped exchanges what two people answered; they keep their links and comments, and their places in the order.
func swapped(all []person, i, j int) []person {
	all = slices.Clone(all)
	all[i].marks, all[j].marks = all[j].marks, all[i].marks
	return all
}

// members are the places of a team's people.
func members(all []person, team string) []int {
	var at []int
	for i, p := range all {
		if p.team == team {
			at = append(at, i)
		}
	}
	return at
}

func TestNothingTellsWhoAnsweredWhat(t *testing.T) {
	t.Parallel()
	base := play(t, everybody())
	for name, attack := range map[string]func(*testing.T, *world){
		"people exchange their answers": exchanged, "before closing and below the group size": hidden, "roll-up": rolledUp, "copies of the database": copied,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attack(t, base)
		})
	}
}

func exchanged(t *testing.T, base *world) {
	t.Helper()
	other := everybody()
	for _, team := range []string{"alike", "mixed", "shared", "shown", "few"} {
		at := members(other, team)
		for i := range len(at) / 2 {
			other = swapped(other, at[i], at[len(at)-1-i])
		}
	}
	changed := play(t, other)
	same(t, "what is read before closing", base.open, changed.open)
	same(t, "what is read after closing", base.over, changed.over)
	same(t, "the database at the end", base.rows[len(base.rows)-1:], changed.rows[len(changed.rows)-1:])
}

// hidden: before closing, and of a group below the size for ever, nothing tells even what was answered.
func hidden(t *testing.T, base *world) {
	t.Helper()
	other := everybody()
	for i := range other {
		for q := range other[i].marks {
			other[i].marks[q] = (other[i].marks[q] + i + q + 1) % 7
		}
	}
	same(t, "what is read before closing", base.open, play(t, other).open)
	few := everybody()
	for n, i := range members(few, "few") {
		few[i].marks = [5]int{6 - n, 5, n, 4, 0}
	}
	changed := play(t, few)
	same(t, "what is read of a group below the size", base.over, changed.over)
}

// rolledUp: two unnamed teams exchange answers, and the roll-up of the organisation stays what it was.
func rolledUp(t *testing.T, base *world) {
	t.Helper()
	rollup := func(w *world) []string { return w.over[len(w.over)-2 : len(w.over)-1] }
	other := everybody()
	mixed, alike := members(other, "shared"), members(other, "alike")
	for i := range mixed {
		other = swapped(other, mixed[i], alike[i])
	}
	if !strings.Contains(rollup(base)[0], `"pooled_teams":4`) {
		t.Fatalf("not rolled up: %s", rollup(base)[0])
	}
	if pages := base.over[len(base.over)-3]; !strings.Contains(pages, "/assessments/rollup: 200") || !strings.Contains(pages, "The sums hold 23 answers of 4 teams") {
		t.Error("the page of the roll-up is not among what is read")
	}
	// alike has two more people: its rest is what shared has not, so only the pool over both can be the same.
	var one, two struct{ Rollup assessments.Rollup }
	for w, into := range map[*world]any{base: &one, play(t, other): &two} {
		if err := json.Unmarshal([]byte(rollup(w)[0]), into); err != nil {
			t.Fatal(err)
		}
	}
	for i, q := range one.Rollup.Questions {
		if fmt.Sprint(q.Options) != fmt.Sprint(two.Rollup.Questions[i].Options) {
			t.Errorf("%s: %v and %v", q.ID, q.Options, two.Rollup.Questions[i].Options)
		}
	}
	for _, named := range one.Rollup.Named {
		if named.Team != "shown" {
			t.Errorf("team %s is named and did not publish, or is too small", named.Team)
		}
	}
	// Everything but the named team's cells is the sum of three teams or more.
	if rest := one.Rollup.PooledTeams - len(one.Rollup.Named); rest < 2 {
		t.Errorf("the pool less the named teams is %d team", rest)
	}
}

// copied: the difference that one submission makes in the database is what docs/assessments.md admits, and no more.
func copied(t *testing.T, w *world) {
	t.Helper()
	counts := map[string]map[string]int{}
	used, answered := map[string]int{}, map[string]int{}
	for i, p := range everybody() {
		if p.team == "agreed" {
			continue // its round closes with its answer
		}
		gone, come := difference(w.rows[i], w.rows[i+1])
		var want []string
		link := fmt.Sprintf("invitations hash=hash %d of %s", used[p.team]%len(w.rounds[p.team].Links), p.team)
		want = append(want, link)
		used[p.team]++
		answered[p.team]++
		want = append(want, fmt.Sprintf("rounds id=round of %s team=%s state=open respondents=%d", p.team, p.team, answered[p.team]))
		first := counts[p.team] == nil
		if first {
			counts[p.team] = map[string]int{}
		}
		for q, question := range w.rounds[p.team].Round.Set.Questions {
			for o, option := range question.Options {
				key := fmt.Sprintf("answer_counts round=round of %s question=%s option=%s n=", p.team, question.ID, option.ID)
				if p.marks[q] == o {
					counts[p.team][key]++
				}
				if first || p.marks[q] == o {
					want = append(want, fmt.Sprintf("%s%d", key, counts[p.team][key]))
				}
			}
		}
		if p.comment != "" {
			want = append(want, fmt.Sprintf("comments key=random round=round of %s text=%s", p.team, p.comment))
		}
		for _, line := range come {
			if !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(line, w) }) {
				t.Errorf("submission %d leaves more than is admitted: %.300s", i, line)
			}
		}
		if len(come) != len(want) {
			t.Errorf("submission %d changes %d rows, want %d", i, len(come), len(want))
		}
		if first && len(gone) != 2 || !first && len(gone) != 7 {
			t.Errorf("submission %d takes %d rows away", i, len(gone))
		}
	}
	// Several submissions between two copies are their sum: exchanging what two people answered changes nothing.
	at := members(everybody(), "mixed")
	other := play(t, swapped(everybody(), at[2], at[3]))
	same(t, "the database after both", w.rows[at[3]+1:], other.rows[at[3]+1:])
	if w.rows[at[2]+1] == other.rows[at[2]+1] {
		t.Error("the copies between them are the same: the test compares nothing")
	}
}

// difference is the lines that one text has and the other has not.
func difference(before, after string) (gone, come []string) {
	a, b := map[string]int{}, map[string]int{}
	for _, line := range strings.Split(before, "\n") {
		a[line]++
	}
	for _, line := range strings.Split(after, "\n") {
		b[line]++
	}
	for _, line := range slices.Sorted(maps.Keys(b)) {
		for range b[line] - a[line] {
			come = append(come, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(a)) {
		for range a[line] - b[line] {
			gone = append(gone, line)
		}
	}
	return gone, come
}
