package metrics_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

var update = flag.Bool("update", false, "write generated documents and golden files anew")

const eventsPage = "../docs/events.md"

func TestTheEventsPageIsWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	page := eventsDoc()
	if *update {
		if err := os.WriteFile(eventsPage, []byte(page), 0o644); err != nil { //nolint:gosec // a document for everyone
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(eventsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page, string(written)); diff != "" {
		t.Errorf("docs/events.md is out of date; run go test ./metrics -update\n%s", diff)
	}
}

func TestEveryExampleOfTheEventsPageIsAnEvent(t *testing.T) {
	t.Parallel()
	for kind, line := range examples {
		if e := decodeOne(t, line); e.Type != kind {
			t.Errorf("the example of %s is a %s", kind, e.Type)
		}
	}
	if len(examples) != len(metrics.EventTypes()) {
		t.Error("a type has no example")
	}
}

var examples = map[metrics.EventType]string{
	metrics.TypeDeployment:  `{"type":"deployment","id":"4711","service":"payments-api","environment":"production","status":"succeeded","revision":"9f1c2ab","version":"2.14.0","started_at":"2026-03-03T10:00:00Z","finished_at":"2026-03-03T10:04:30Z"}`,
	metrics.TypeCommit:      `{"type":"commit","id":"9f1c2ab","repository":"shop/payments","authored_at":"2026-03-02T16:20:00+01:00","parents":["71ab002"]}`,
	metrics.TypePullRequest: `{"type":"pull_request","id":"88","repository":"shop/payments","created_at":"2026-03-02T16:30:00Z","merged_at":"2026-03-03T09:10:00Z","merge_commit":"9f1c2ab","reviews":[{"at":"2026-03-03T09:00:00Z","author":"b","state":"approved"}]}`,
	metrics.TypeIncident:    `{"type":"incident","id":"INC-7","service":"payments-api","started_at":"2026-03-03T10:20:00Z","severity":2,"detected_by":"monitor","resolved_at":"2026-03-03T10:55:00Z","deployment":"4711"}`,
	metrics.TypeApproval:    `{"type":"approval","id":"a1","deployment":"4711","requested_at":"2026-03-03T09:15:00Z","decided_at":"2026-03-03T09:50:00Z","decision":"granted","approver_team":"release board"}`,
	metrics.TypeVerdict:     `{"type":"verdict","id":"v1","deployment":"4711","at":"2026-03-03T10:19:30Z","result":"unhealthy","signals":{"errors":"4.1% after 0.2%"}}`,
}

const eventsIntro = `# Neutral events, version 1

<!-- Generated from metrics/schema.go: go test ./metrics -update -->

Whatever a source knows is written as events, one JSON object a line, ` + "`type`" + ` first. ` + "`shiphabit import`" + `, ` + "`shiphabit export`" + ` and
` + "`POST /api/v1/events`" + ` speak this form. CSV has the same names as columns, one file per type,
named after it (` + "`deployment.csv`" + `) or imported with ` + "`--type`" + `; the API takes JSON alone.

- **Times** are RFC 3339 with any offset, kept to the millisecond. Years run from 1970 to 9999; the dates of a commit may be older.
- **Unknown keys, missing ids, wrong types and impossible times are refused** with line number and field. The other lines go on.
- **A record is found again by** source, type and id, for commits and pull requests also by the repository. An event for the same record is
  a revision of it. A revision that carries ` + "`updated_at` or `sequence`" + ` may leave out required fields: it fills in or changes the fields that it
  names. Any other line states a whole record.
- **When revisions disagree**, per field the greatest (updated_at, sequence) wins. Between equals a null wins, then the later of the states
  pending, running, cancelled, failed, succeeded, then the larger value as canonical JSON. The order of arrival never matters.
  What a person states in a [correction](metrics.md#corrections) goes before every source, whatever their order. It is no event: the API takes it,
  and names the record as explanations do, source/type/id, with the repository before the id for commits and pull requests.
- **What an environment is for** is told by the organisation's own rules, else by the label ` + "`environment_kind`" + ` of its deployments (` + "`production`, `staging`, `testing`, `development`" + `),
  else by its name. What the latest deployment that carries the label says holds for the environment, also for deployments that do not carry it.
- **What becomes of events** is told in [metrics.md](metrics.md#rollouts). Labels called ` + "`region`, `cluster` or `target`" + ` tell the parts of an environment
  apart to which one rollout goes. Figures can be narrowed to an ` + "`environment`" + `, a ` + "`repository`" + `, a ` + "`ref`" + ` (asked for as branch) and ` + "`labels`" + `.
- **People** (actor, approver, author) are kept only as a keyed hash; the hash of a program says that it is one.
- **null clears** a field. An empty string, list or map states nothing.
- **Names** (ids, services, environments, revisions) have 1 to 1024 bytes in one line, and every character of them shows. Refused, with the character's
  code point, are control characters and line ends, characters that turn the direction of writing, and those that do not show (zero-width ones, but for a
  joiner between two letters or pictures beyond ASCII). A name is not ` + "`.`" + ` or ` + "`..`" + `. From what is shown as a name and names no record (the fields of one line below, keys
  and texts of ` + "`labels`" + ` included) such characters are left out. White space around a name is left out; around what a record is found again by (source, id, a commit's
  repository) it is refused. What was stored before this rule stays as it is.
- **A line** has at most 16 MiB.
- **In CSV** an empty cell states nothing and ` + "`null`" + ` clears. Lists are separated by semicolons, maps written ` + "`key=value;key=value`" + `; either may
  be JSON instead, as reviews always are.
`

func eventsDoc() string {
	var page strings.Builder
	page.WriteString(eventsIntro)
	for _, kind := range metrics.EventTypes() {
		s, _ := metrics.SchemaOf(kind)
		fmt.Fprintf(&page, "\n## %s\n\n%s.\n\n| field | kind | required | meaning |\n|---|---|---|---|\n", kind, sentence(s.Means))
		for _, f := range s.Fields {
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", f.Name, kindWords(f), needWords(s, f), f.Means)
		}
		for _, pair := range s.Order {
			fmt.Fprintf(&page, "\n`%s` is not before `%s`.\n", pair[1], pair[0])
		}
		fmt.Fprintf(&page, "\n```json\n%s\n```\n", examples[kind])
	}
	return page.String()
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func kindWords(f metrics.Field) string {
	switch f.Kind {
	case metrics.KindEnum:
		return "`" + strings.Join(f.Values, "`, `") + "`"
	case metrics.KindInt:
		if f.Max < 1<<62 {
			return fmt.Sprintf("int, %d–%d", f.Min, f.Max)
		}
		return fmt.Sprintf("int, %d or more", f.Min)
	case metrics.KindMap:
		if f.Line {
			return "object of strings, one line each"
		}
		return "object of strings"
	case metrics.KindReviews:
		return "list of objects"
	case metrics.KindList:
		return "list of strings"
	case metrics.KindTime:
		if f.AnyYear {
			return "time, any year"
		}
	case metrics.KindText:
		if f.Line {
			return "string, one line"
		}
	case metrics.KindName, metrics.KindBool:
	}
	return string(f.Kind)
}

func needWords(s metrics.Schema, f metrics.Field) string {
	if f.Required {
		return "yes"
	}
	for _, one := range s.OneOf {
		if one == f.Name {
			return "one of these"
		}
	}
	return ""
}
