package metrics_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func revisionsOf(t testing.TB, lines ...string) []metrics.Event {
	t.Helper()
	var all []metrics.Event
	for _, l := range lines {
		all = append(all, decodeOne(t, `{"type":"deployment","id":"1",`+l+`}`))
	}
	return all
}

func TestMergeTakesEachFieldFromTheLatestRevisionThatStatesIt(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		revisions []string
		want      string
	}{
		"a later revision fills in and changes fields": {
			[]string{`"sequence":1,"status":"running","ref":"main"`, `"sequence":2,"status":"failed","url":"u"`},
			`{"ref":"main","status":"failed","url":"u"}`,
		},
		"updated_at goes before sequence": {
			[]string{`"updated_at":"2026-01-02T00:00:00Z","sequence":1,"ref":"new"`, `"updated_at":"2026-01-01T00:00:00Z","sequence":9,"ref":"old"`},
			`{"ref":"new"}`,
		},
		"a stated order goes before none": {
			[]string{`"service":"a","environment":"e","status":"succeeded","revision":"r"`, `"sequence":1,"status":"failed"`},
			`{"environment":"e","revision":"r","service":"a","status":"failed"}`,
		},
		"without an order the later status wins": {
			[]string{`"service":"a","environment":"e","status":"succeeded","revision":"r"`, `"service":"a","environment":"e","status":"cancelled","revision":"r"`, `"service":"a","environment":"e","status":"failed","revision":"r"`},
			`{"environment":"e","revision":"r","service":"a","status":"succeeded"}`,
		},
		"without an order the larger canonical JSON wins": {
			[]string{`"sequence":1,"ref":"b","hotfix":true`, `"sequence":1,"ref":"a","hotfix":false`},
			`{"hotfix":true,"ref":"b"}`,
		},
		"null clears what an earlier revision set": {
			[]string{`"sequence":2,"ref":null`, `"sequence":1,"ref":"main"`},
			`{"ref":null}`,
		},
		"a later value sets again what null cleared": {
			[]string{`"sequence":2,"ref":null`, `"sequence":3,"ref":"main"`},
			`{"ref":"main"}`,
		},
		"null wins between equals, whatever the value": {
			[]string{`"sequence":1,"hotfix":null,"ref":null,"labels":null`, `"sequence":1,"hotfix":true,"ref":"z","labels":{"a":"b"}`},
			`{"hotfix":null,"labels":null,"ref":null}`,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if got := string(metrics.Merge(revisionsOf(t, c.revisions...)).Payload); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestOneRevisionIsItsOwnMerge(t *testing.T) {
	t.Parallel()
	e := decodeOne(t, wholeDeployment)
	if diff := cmp.Diff(e, metrics.Merge([]metrics.Event{e})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(e, metrics.Merge([]metrics.Event{e, e})); diff != "" {
		t.Errorf("a repeated revision changed the record:\n%s", diff)
	}
}

// randomRevisions are revisions of one record with few values, so that conflicts are frequent.
func randomRevisions(t testing.TB, random *rand.Rand, ordered bool) []metrics.Event {
	t.Helper()
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	var lines []string
	for i := range 1 + random.IntN(6) {
		order := random.IntN(3)
		if ordered {
			order = i
		}
		line := fmt.Sprintf(`"updated_at":"2026-01-0%d","sequence":%d,"status":%s`, 1+order, order, pick(`"pending"`, `"running"`, `"cancelled"`, `"failed"`, `"succeeded"`, `null`))
		line = line[:len(`"updated_at":"2026-01-01`)] + "T00:00:00Z" + line[len(`"updated_at":"2026-01-01`):]
		if random.IntN(2) == 0 {
			line += `,"hotfix":` + pick(`true`, `false`, `null`)
		}
		if random.IntN(2) == 0 {
			line += `,"labels":` + pick(`{"a":"1"}`, `{"a":"2"}`, `null`)
		}
		if random.IntN(2) == 0 {
			line += `,"commits":` + pick(`["a"]`, `["a","b"]`, `null`)
		}
		lines = append(lines, line)
	}
	all := revisionsOf(t, lines...)
	for i := range all {
		all[i].RecordedAt = time.UnixMilli(int64(random.IntN(3))).UTC()
		all[i].Live = random.IntN(2) == 0
	}
	return all
}

func TestMergeDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		all := randomRevisions(t, random, false)
		want := metrics.Merge(all)
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if diff := cmp.Diff(want, metrics.Merge(all)); diff != "" {
			t.Fatalf("another order, another record:\n%s", diff)
		}
	}
}

// Where the source orders its revisions strictly, merging them part by part in that order gives the same: the merge carries
// the greatest order of its parts. (Parts that interleave lose which field came from which revision; the store keeps all.)
func TestMergeOfMergedStretchesIsTheMergeOfAll(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		all := randomRevisions(t, random, true)
		cut := random.IntN(len(all) + 1)
		parts := []metrics.Event{}
		for _, part := range [][]metrics.Event{all[:cut], all[cut:]} {
			if len(part) > 0 {
				parts = append(parts, metrics.Merge(part))
			}
		}
		if diff := cmp.Diff(metrics.Merge(all), metrics.Merge(parts)); diff != "" {
			t.Fatalf("in parts, another record:\n%s", diff)
		}
	}
}

func TestMergeAllGroupsByKeyAndSorts(t *testing.T) {
	t.Parallel()
	events, faults := decodeAll(t, `{"type":"commit","source":"b","id":"1","repository":"r2","authored_at":"2026-01-01T00:00:00Z"}
{"type":"commit","source":"b","id":"1","repository":"r1","authored_at":"2026-01-01T00:00:00Z"}
{"type":"commit","source":"a","id":"2","repository":"r1","authored_at":"2026-01-01T00:00:00Z"}
{"type":"commit","source":"b","id":"1","repository":"r2","sequence":1,"bot":true}`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	var got []string
	for _, e := range metrics.MergeAll(events) {
		got = append(got, e.String()+" "+string(e.Payload))
	}
	want := []string{
		`a/commit/r1/2 {"authored_at":"2026-01-01T00:00:00Z"}`,
		`b/commit/r1/1 {"authored_at":"2026-01-01T00:00:00Z"}`,
		`b/commit/r2/1 {"authored_at":"2026-01-01T00:00:00Z","bot":true}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
