package gate

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shiphabit/metrics"
)

// graduationsAtOnce weighs all candidates together, with the records of all of them at hand: what adding them one by one must come to.
func graduationsAtOnce(p Policy, of []Candidate, now time.Time) []Graduation {
	list := []Graduation{}
	for _, c := range p.criteria() {
		g, may := p.nextStep(c)
		if !may {
			continue
		}
		var alike []judgedRecord
		for _, one := range of {
			if r := recordUntil(one, now); r.Policy.modeOf(c.name) == g.Mode && r.Policy.values(c.name) == p.values(c.name) {
				alike = append(alike, r)
			}
		}
		g.NoCase = c.passesUnmet()
		for _, r := range alike {
			g.observe(p, c, r)
			g.NoCase = g.NoCase && !c.met(r.history)
		}
		if i := slices.IndexFunc(p.promising(), func(one promising) bool { return one.criterion == c.name }); i >= 0 {
			g.Promise = promiseAtOnce(p.promising()[i], alike)
		}
		g.refuse(p, idleAtOnce(p, g, alike))
		list = append(list, g)
	}
	ready := map[string]bool{}
	for _, g := range list {
		ready[g.Criterion] = len(g.Missing) == 0
	}
	for i := range list {
		list[i].together(p, list, ready)
		list[i].wantCase()
		list[i].Ready = len(list[i].Missing) == 0
		list[i].Says = list[i].says()
	}
	return list
}

func promiseAtOnce(one promising, of []judgedRecord) *PromiseRecord {
	record, total := &PromiseRecord{Promised: one.promised}, new(big.Rat)
	for _, r := range of {
		steps := one.fold(r.history)
		if len(steps) == 0 {
			continue
		}
		wrong, judged := wrongSpells(steps, one.oneIn, r.history.explained(r.trials), r.history.now)
		if !judged {
			continue
		}
		since := steps[0].At
		if len(r.trials) > 0 {
			since = slices.MinFunc([]time.Time{since, r.trials[0].FinishedAt}, time.Time.Compare)
		}
		record.Services++
		record.Wrong += len(wrong)
		total.Add(total, yearsOf(r.history.now.Sub(since)))
	}
	record.judge(total)
	return record
}

func idleAtOnce(p Policy, g Graduation, of []judgedRecord) string {
	if g.Criterion != "failure-meter" || g.Next != Enforce {
		return ""
	}
	for _, r := range of {
		meter, _ := r.history.foldMeter(p.Criteria.FailureMeter, r.history.metered())
		if why := p.Criteria.FailureMeter.idleAt(max(1, meter.Volume)); why != "" {
			return "lint would refuse it for " + r.Facts.Service + ": " + why
		}
	}
	return ""
}

func TestCandidatesAddedOneByOneComeToWhatTheyShowTogether(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	modes := []Mode{Observe, WarnOnly, Enforce}
	spoken := 0
	for run := range 200 {
		policy := watching(modes[random.IntN(2)])
		policy.Criteria.RestoredInTime.Mode = modes[random.IntN(3)]
		var of []Candidate
		for service := range random.IntN(6) {
			own := policy
			if random.IntN(4) == 0 {
				own = watching(modes[random.IntN(3)])
			}
			outcomes := make([]byte, 5+random.IntN(60))
			for i := range outcomes {
				outcomes[i] = "......x"[random.IntN(7)]
			}
			if random.IntN(2) == 0 { // a row of failures that the next ones do not bear out
				outcomes = []byte("........................x.x.x.x.x" + strings.Repeat(".", 30))
			}
			facts := record(string(outcomes))
			facts.Service = fmt.Sprint("service-", service)
			came := make([]Result, random.IntN(len(outcomes)))
			for i := range came {
				came[i] = []Result{Pass, Fail, Unknown}[random.IntN(3)]
			}
			of = append(of, candidate(own, facts, "failure-meter", came...))
		}
		now := day(90).Add(time.Duration(random.IntN(1e6)) * time.Second).Truncate(time.Millisecond)
		got, want := Graduations(policy, of, now), graduationsAtOnce(policy, of, now)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Graduation{}), cmpopts.IgnoreTypes(metrics.Facts{})); diff != "" {
			t.Fatalf("run %d: %s", run, diff)
		}
		for _, g := range got {
			if g.Promise != nil && g.Promise.Services > 1 && g.Promise.Wrong > 1 && g.WouldStop > 0 {
				spoken++
			}
		}
	}
	if spoken < 20 {
		t.Errorf("only %d of them showed anything", spoken)
	}
}
