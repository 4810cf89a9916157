package metrics

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// randomGraph is a history of n commits with up to three parents each, and per commit the set of all that it reaches, itself
// included, made the slow and obvious way.
func randomGraph(random *rand.Rand, n int) (*graph, []map[int]bool) {
	told := make([]*toldCommit, n)
	reach := make([]map[int]bool, n)
	for i := range told {
		c := &toldCommit{source: "git", Commit: Commit{ID: fmt.Sprint("c", i)}}
		reach[i] = map[int]bool{i: true}
		for range random.IntN(4) {
			if p := i - 1 - random.IntN(5); p >= 0 && !slices.Contains(c.Parents, fmt.Sprint("c", p)) {
				c.Parents = append(c.Parents, fmt.Sprint("c", p))
				for k := range reach[p] {
					reach[i][k] = true
				}
			}
		}
		told[i] = c
	}
	return newGraph(told, strings.Compare), reach
}

func TestAncestryAgreesWithCountingOutEveryPath(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		g, reach := randomGraph(random, 25)
		line := newAncestry(g)
		for old := range 25 {
			for young := range 25 {
				a, b := g.index[fmt.Sprint("c", old)], g.index[fmt.Sprint("c", young)]
				if got := line.ancestor(a, b); got != reach[young][old] {
					t.Fatalf("seed %d: is c%d in the past of c%d: %t", seed, old, young, got)
				}
				var want []string
				for k := range reach[young] {
					if !reach[old][k] {
						want = append(want, fmt.Sprint("c", k))
					}
				}
				if got := namesOf(g, line.between(a, b)); !sameSet(got, want) {
					t.Fatalf("seed %d: c%d without c%d is %v, want %v", seed, young, old, got, want)
				}
			}
		}
	}
}

func namesOf(g *graph, nodes []node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = g.names[n]
	}
	return out
}

func sameSet(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestChangesAreWhatNoEarlierSuccessReached(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		g, reach := randomGraph(random, 30)
		s := newTale()
		for _, c := range g.commits {
			s.add(commitOf(c.ID, "work", c.Parents...))
		}
		var revisions []int
		for i := range 12 {
			revision := random.IntN(30)
			revisions = append(revisions, revision)
			d := deployment(fmt.Sprint("d", i), fmt.Sprint("c", revision), clock(9+2*i, 0))
			if random.IntN(4) == 0 {
				d.Status = Failed
			}
			s.add(d)
		}
		checkChanges(t, s.derive(t), g, reach)
		if t.Failed() {
			t.Fatalf("seed %d, revisions %v", seed, revisions)
		}
	}
}

// checkChanges compares each rollout with sets made from scratch.
func checkChanges(t *testing.T, f Facts, g *graph, reach []map[int]bool) {
	t.Helper()
	before := map[int]bool{}
	for _, r := range f.Rollouts {
		var revision int
		fmt.Sscanf(r.Revision, "c%d", &revision)
		var fresh []string
		joined := false
		for k := range reach[revision] {
			joined = joined || before[k]
			if !before[k] && len(g.parents(g.index[fmt.Sprint("c", k)])) < 2 {
				fresh = append(fresh, fmt.Sprint("c", k))
			}
		}
		if r.Baseline == joined {
			t.Errorf("%s is a baseline: %t", r.ID, r.Baseline)
		}
		var got []string
		for _, ch := range r.Changes {
			got = append(got, ch.SHA)
		}
		if !r.Baseline && !sameSet(got, fresh) {
			t.Errorf("%s brings %v, want %v", r.ID, got, fresh)
		}
		if !r.SucceededAt.IsZero() {
			for k := range reach[revision] {
				before[k] = true
			}
		}
	}
}

func TestABrokenHistoryInWhichCommitsPrecedeThemselvesIsSurvived(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 5))
		name := func() string { return sha(fmt.Sprintf("abcdef%x", random.IntN(8))) }
		s := newTale()
		for range 8 {
			s.message(name(), "This reverts commit "+name()+".", name(), name())
		}
		for i := range 8 {
			s.deploy(fmt.Sprint("d", i), name(), clock(9+2*i, 0))
		}
		if n := len(s.derive(t).Rollouts); n == 0 {
			t.Errorf("seed %d: no rollouts", seed)
		}
	}
}

func TestWhatAMessageTakesBack(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]takenBack{
		"Add tax": {},
		"Revert \"Add tax\"\n\nThis reverts commit beef0123456.":                   {commits: []string{"beef0123456"}},
		"Undo\n\nThis reverts commit beef012, reversing\nchanges made to dead012.": {commits: []string{"beef012"}},
		"Undo\n\nThis reverts commits beef012, dead012 and face012.":               {commits: []string{"beef012", "dead012", "face012"}},
		"Undo\n\nThis reverts commit beef012.\nThis reverts commit dead012.":       {commits: []string{"beef012", "dead012"}},
		"Undo\n\nThis reverts commits:\n- beef012\n- dead012":                      {commits: []string{"beef012", "dead012"}},
		"Merge pull request #8 from acme/x\n\nReverts acme/api#7":                  {numbers: []int64{7}},
		"Undo\n\nReverts other/repo#7":                                             {},
		"Undo\n\nThis reverts merge request !7":                                    {numbers: []int64{7}},
		"Revert \"Add tax (#7)\" (#8)":                                             {numbers: []int64{7}},
		"Revert \"Add tax\"":                                                       {titles: []string{"Add tax"}},
		"Revert: \"Add tax\" for now":                                              {titles: []string{"Add tax"}},
		"The reverted state of commit beef012 is tested":                           {},
		"Let nothing revert\n\nThis reverts commit abc12.":                         {},
	} {
		if got := revertedBy(message, "acme/api"); !reflect.DeepEqual(got, want) {
			t.Errorf("%q takes back %+v, want %+v", message, got, want)
		}
	}
}

func FuzzRevertMessages(f *testing.F) {
	f.Add("Revert \"x (#7)\"\n\nThis reverts commits beef012, dead012 and face012.\nReverts acme/api#7", "acme/api")
	f.Fuzz(func(t *testing.T, message, repository string) {
		got := revertedBy(message, repository)
		for _, c := range got.commits {
			if len(c) < 7 || len(c) > 40 || !isHex(c) {
				t.Errorf("%q is no commit", c)
			}
		}
		revertedByRequest(PullRequest{Title: message, Head: repository})
	})
}

func FuzzCommitsAreReadAsEncodingJSONReadsThem(f *testing.F) {
	for _, payload := range []string{
		`{}`, `{"author":"x","authored_at":"2026-03-02T09:00:00Z","bot":true,"committed_at":"2026-03-02T09:00:00.5Z","message":"a\n\"ü\u003c","parents":["a","b"],"paths":[]}`,
		`{"bot":null}`, `{"author":1}`, `{"author":"x"`, `{"author":"x",}`, `[]`, `{"author":"\ud800"}`, `{"parents":["a",]}`, `{,"author":"x"}`,
	} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		e := Event{Key: Key{Source: "git", Type: TypeCommit, Repository: "acme/api", ID: "c"}, Payload: payload}
		want, wantErr := e.Commit()
		got, err := readCommit(e)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v, %v", got, err, want, wantErr)
		}
	})
}
