package gate

import (
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

// correct lets a correction have changed a rollout of the record at an instant, which until then was known as it is in it.
func correct(f *metrics.Facts, n int, at time.Time, change func(*metrics.Rollout)) {
	was := f.Rollouts[n]
	f.Was = append(f.Was, metrics.Was{Rollout: &was, Until: at, Now: was.ID})
	change(&f.Rollouts[n])
}

func copied(r metrics.Rollout) *metrics.Rollout { return &r }

// turnGood is what a rollout is whose failure was none.
func turnGood(r *metrics.Rollout) { r.SucceededAt, r.Failures = r.FinishedAt, nil }

// takeOut lets corrections have left out the first rollouts of the record at instants.
func takeOut(f *metrics.Facts, at ...time.Time) {
	for i, since := range at {
		f.Was = append(f.Was, metrics.Was{Rollout: &f.Rollouts[i], Until: since})
	}
	f.Rollouts = f.Rollouts[len(at):]
}

func TestACorrectionNeverUnhappensAStop(t *testing.T) {
	t.Parallel()
	verdict := func(f *metrics.Facts, n int, at time.Time) {
		f.Rollouts[n].Verdict, f.Rollouts[n].VerdictSince = "healthy", at
	}
	for _, c := range []struct {
		sentence, outcomes, want string
		change                   func(f *metrics.Facts)
		blocked                  bool
		trials                   int
	}{
		{"a failure that was none gives its points back", "x.", "5 4 0(failed turned good)",
			func(f *metrics.Facts) { correct(f, 0, day(3), turnGood) }, false, 2},
		{"one that was none undoes no stop", "xxxx", "5 10 15 20! 15!(failed turned good)",
			func(f *metrics.Facts) { correct(f, 1, day(5), turnGood) }, true, 4},
		{"one that is taken out gives its points back and is no trial any more", "x..", "5 4 3 0(failed one taken out)",
			func(f *metrics.Facts) { takeOut(f, day(3)) }, false, 2},
		{"one that is taken out undoes no stop", "xxxx", "5 10 15 20! 15!(failed one taken out)",
			func(f *metrics.Facts) { takeOut(f, day(5)) }, true, 3},
		{"all of them taken out undo no stop", "xxxx", "5 10 15 20! 15!(failed one taken out) 10!(failed one taken out) 5!(failed one taken out) 0!(failed one taken out)",
			func(f *metrics.Facts) { takeOut(f, day(5), day(5), day(6), day(6)) }, true, 0},
		{"three good ones in a row open it then", "xxxx...", "5 10 15 20! 15!(failed one taken out) 14! 13! 12! 8(reopened)",
			func(f *metrics.Facts) { takeOut(f, day(3).Add(time.Hour)) }, false, 6},
		{"a good one that is taken out gives back what it paid", ".x..", "0 5 4 3 3(good one taken out)",
			func(f *metrics.Facts) { takeOut(f, day(5)) }, false, 3},
		{"… where it had paid", "x....", "5 4 3 2 1 2(good one taken out)",
			func(f *metrics.Facts) {
				f.Was = append(f.Was, metrics.Was{Rollout: copied(f.Rollouts[4]), Until: day(6)})
				f.Rollouts = f.Rollouts[:4]
			}, false, 4},
		{"… which stops nothing", "x.xxx", "5 4 9 14 19! 14!(failed turned good) 15!(good one taken out)",
			func(f *metrics.Facts) {
				correct(f, 3, day(5), turnGood)
				f.Was = append(f.Was, metrics.Was{Rollout: copied(f.Rollouts[1]), Until: day(6)})
				f.Rollouts = slices.Delete(f.Rollouts, 1, 2)
			}, true, 4},
		{"one that is taken out while stopped counts no more among the good ones in a row", "xxxx..",
			"5 10 15 20! 19! 18! 19!(good one taken out)",
			func(f *metrics.Facts) {
				f.Was = append(f.Was, metrics.Was{Rollout: copied(f.Rollouts[5]), Until: day(7)})
				f.Rollouts = f.Rollouts[:5]
			}, true, 5},
		{"one that is moved out of production is taken out", "xxxx", "5 10 15 20! 15!(failed one taken out)",
			func(f *metrics.Facts) {
				correct(f, 2, day(5), func(r *metrics.Rollout) { r.Environment, r.EnvironmentKind = "staging", metrics.Staging })
			}, true, 3},
		{"one that was a rollback is taken out", "xxxx", "5 10 15 20! 15!(failed one taken out)",
			func(f *metrics.Facts) {
				correct(f, 2, day(5), func(r *metrics.Rollout) { r.Kind = metrics.Rollback })
			}, true, 3},
		{"one that turns out to be a trial counts from then on", "....", "0 0 0 5",
			func(f *metrics.Facts) {
				f.Rollouts[1].EnvironmentKind = metrics.Staging
				correct(f, 1, day(5), func(r *metrics.Rollout) { *r = brokenRun(1) })
			}, false, 4},
		{"a failure whose hour is corrected stays where it was", "xxxx..", "5 10 15 20! 19! 18!",
			func(f *metrics.Facts) {
				correct(f, 3, day(8), func(r *metrics.Rollout) {
					r.FinishedAt = r.FinishedAt.Add(time.Minute)
					r.KnownAt, r.Failures = day(8), []metrics.Failure{{Cause: metrics.CauseRun, At: r.FinishedAt, KnownAt: day(8)}}
				})
			}, true, 6},
		{"what it paid stays paid though its hour is corrected", "x.", "5 4",
			func(f *metrics.Facts) {
				correct(f, 1, day(8), func(r *metrics.Rollout) { r.KnownAt = day(8) })
			}, false, 2},
		{"a good one that failed costs when that is known", "x.", "5 4 10(found failed later)",
			func(f *metrics.Facts) {
				correct(f, 1, day(8), func(r *metrics.Rollout) {
					r.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: r.FinishedAt, KnownAt: day(8)}}
				})
			}, false, 2},
		{"what repeats one that is taken out counts from then on in its place", "x...", "5 4 3 0(failed one taken out) 0",
			func(f *metrics.Facts) {
				f.Rollouts[1].Digest = f.Rollouts[0].Digest // puts in again what failed to go in
				takeOut(f, day(5))
			}, false, 3},
		{"a first verdict that is taken back lets count from then on what lacked one", "x...", "5 4 3 2",
			func(f *metrics.Facts) {
				verdict(f, 1, day(1).Add(time.Minute))
				correct(f, 1, day(8), func(r *metrics.Rollout) { r.Verdict, r.VerdictSince = "", time.Time{} })
			}, false, 4},
		{"a first verdict whose hour is corrected takes out from then on what lacks one", "x...", "5 4 3 2 3(good one taken out) 4(good one taken out)",
			func(f *metrics.Facts) {
				verdict(f, 3, day(3).Add(time.Minute))
				correct(f, 3, day(8), func(r *metrics.Rollout) { r.VerdictSince = day(0) })
			}, false, 2},
		{"a fix that opened it keeps it open though it is taken out", "xxxx", "5 10 15 20! 8(cause fixed and verified)",
			func(f *metrics.Facts) {
				fix := rollout(5)
				fix.Kind, fix.Verdict, fix.VerdictSince = metrics.Rework, "healthy", day(5).Add(10*time.Minute)
				f.Was = append(f.Was, metrics.Was{Rollout: copied(fix), Until: day(8)})
				f.Rollouts[3].Recovery = &metrics.Recovery{At: day(5), By: "fix", Evidence: fix.ID}
				correct(f, 3, day(8), func(r *metrics.Rollout) { r.Recovery = nil })
			}, false, 4},
		{"the fix of a failure that was none opens it all the same", "xxxx", "5 10 15 20! 15!(failed one taken out) 8(cause fixed and verified)",
			func(f *metrics.Facts) {
				fix := rollout(5)
				fix.Kind, fix.Verdict, fix.VerdictSince = metrics.Rework, "healthy", day(5).Add(10*time.Minute)
				f.Rollouts[3].Recovery = &metrics.Recovery{At: day(5), By: "fix", Evidence: fix.ID}
				f.Was = append(f.Was, metrics.Was{Rollout: copied(f.Rollouts[3]), Until: day(4)})
				f.Rollouts[3] = fix
			}, false, 3},
	} {
		f := record(c.outcomes)
		c.change(&f)
		state, steps := fold(f, day(9))
		if got := path(steps); got != c.want || state.Blocked != c.blocked || state.Trials != c.trials {
			t.Errorf("%s: %s with %d trials (stopped: %t), want %s with %d", c.sentence, got, state.Trials, state.Blocked, c.want, c.trials)
		}
		for n := range steps {
			if n > 0 && steps[n].At.Before(steps[n-1].At) {
				t.Errorf("%s: step %d goes back in time", c.sentence, n)
			}
		}
	}
}

func TestAFailureThatComesBackAfterACorrectionIsOneTrial(t *testing.T) {
	t.Parallel()
	f := record("x.")
	correct(&f, 0, day(3), func(r *metrics.Rollout) {
		turnGood(r)
		r.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: day(4), KnownAt: day(4)}}
	})
	if state, steps := fold(f, day(9)); path(steps) != "5 4 0(failed turned good) 5(found failed later)" || state.Trials != 2 {
		t.Errorf("%s with %d trials", path(steps), state.Trials)
	}
}

func TestUntilACorrectionTheMeterIsAsIfNoneWereMade(t *testing.T) {
	t.Parallel()
	random := source(21)
	for range 2000 {
		f := anyFacts(random)
		p := anyPolicy(random)
		for _, reading := range f.Readings(day(900))[1:] {
			at := reading.From
			_, want := FoldMeter(f.AsOf(at.Add(-1)), p, at.Add(-1), nil)
			_, later := FoldMeter(f, p, at.AddDate(0, 2, 0), nil)
			if kept := later[:min(len(want), len(later))]; path(kept) != path(want) {
				t.Fatalf("since %s what was before is told as %s, was %s", at, path(kept), path(want))
			}
		}
	}
}
