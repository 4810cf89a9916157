package gate

import (
	"fmt"
	"time"
)

func (c RollbackReady) judge(q question) finding {
	if q.s.Live == nil {
		return finding{result: NotApplicable, says: "Nothing is live here yet, so there is nothing to go back to."}
	}
	if q.s.Live.Revision == "" && q.s.Live.Digest == "" {
		return finding{
			result: Unknown, short: "what is live names neither a revision nor a digest",
			says:      "What is live names neither a revision nor a digest, so nobody can say what a rollback would put back.",
			evidence:  []string{q.s.Live.ID},
			opensWhen: []string{"the live deployment is recorded with its revision or digest"},
		}
	}
	f := finding{result: Pass, says: name(*q.s.Live) + " is live and can be put back.", evidence: []string{q.s.Live.ID}}
	if c.ExercisedWithinDays == 0 {
		return f
	}
	reach := time.Duration(c.ExercisedWithinDays) * 24 * time.Hour
	switch last := q.s.LastRollbackAt; {
	case last.IsZero():
		f.says = fmt.Sprintf("No rollback of this service is recorded; one in the last %d days is wanted as proof that it works.", c.ExercisedWithinDays)
	case q.s.Now.Sub(last) > reach:
		f.says = fmt.Sprintf("The last rollback of this service was at %s; one in the last %d days is wanted as proof that it works.", clock(last), c.ExercisedWithinDays)
	default:
		f.says += " The last rollback was at " + clock(last) + "."
		return f
	}
	f.result, f.short = Unknown, fmt.Sprintf("no rollback was exercised in the last %d days", c.ExercisedWithinDays)
	f.opensWhen = []string{"a rollback is exercised in any environment (a drill in staging counts)"}
	return f
}

func (c RollbackReady) promises() string {
	if c.ExercisedWithinDays > 0 {
		return fmt.Sprintf("the previous artifact is known and a rollback was exercised within %d days", c.ExercisedWithinDays)
	}
	return "the previous artifact is known"
}

func (c TestEvidence) judge(q question) finding {
	passed := q.r.Evidence.TestsPassed
	switch {
	case passed != nil && !*passed:
		return finding{
			result: Fail, short: "its tests failed", says: "The pipeline says that the tests of this artifact failed.",
			opensWhen: []string{"the tests pass and the gate is asked again"},
		}
	case passed == nil && !c.Required:
		return finding{result: NotApplicable, says: "The request says nothing about tests, and none are demanded."}
	case passed == nil:
		return finding{
			result: Unknown, short: "nothing is said about its tests", says: "The request does not say whether the tests of this artifact passed.",
			opensWhen: []string{"the pipeline says how the tests went (--tests passed) and asks again"},
		}
	case c.PreviousStage && q.s.Staged == nil:
		return c.unstaged(q)
	case c.PreviousStage:
		return finding{
			result: Pass, says: fmt.Sprintf("The tests passed, and the artifact succeeded in the stage before at %s.", clock(q.s.Staged.FinishedAt)),
			evidence: []string{q.s.Staged.ID},
		}
	default:
		return finding{result: Pass, says: "The pipeline says that the tests of this artifact passed."}
	}
}

// unstaged is the finding about an artifact that our records do not show in the previous stage.
func (c TestEvidence) unstaged(q question) finding {
	stage := q.r.Evidence.PreviousStage
	if stage == "" {
		stage = "a staging environment"
	}
	f := finding{
		result: Fail, short: "it has not succeeded in " + stage, says: "The tests passed, but no successful deployment of this artifact to " + stage + " is recorded.",
		opensWhen: []string{"this artifact is deployed to " + stage + " and succeeds there"},
	}
	if !q.s.StageKnown {
		f.result, f.short = Unknown, "no deployment to "+stage+" is recorded"
		f.says = "The tests passed, but no deployment of this service to " + stage + " is recorded at all."
		f.opensWhen[0] += ", and that is recorded here"
	}
	return f
}

func (c TestEvidence) promises() string {
	switch {
	case c.PreviousStage:
		return "tests passed and the artifact succeeded in the previous stage"
	case c.Required:
		return "tests passed"
	default:
		return "tests passed, where the request speaks of them"
	}
}

func (c Coverage) judge(q question) finding {
	covered, lines := q.r.Evidence.CoverageChangedLinesPPM, q.r.Evidence.ChangedLines
	if lines != nil && *lines < c.IgnoreUnderLines {
		return finding{
			result: NotApplicable, observed: map[string]int64{"changed_lines": clampInt(*lines)},
			says: fmt.Sprintf("%s changed; below %d coverage is not judged.", count(*lines, "line"), c.IgnoreUnderLines),
		}
	}
	switch {
	case covered == nil && !c.Required:
		return finding{result: NotApplicable, says: "The request says nothing about coverage, and none is demanded."}
	case covered == nil:
		return finding{
			result: Unknown, short: "the coverage of its changed lines is not stated",
			says:      "The request does not say which share of the changed lines is tested.",
			opensWhen: []string{"the pipeline states it (--coverage) and asks again"},
		}
	}
	f := finding{
		result: Pass, says: fmt.Sprintf("%s of the changed lines are tested; %s are wanted.", percent(*covered), percent(c.MinPPM)),
		observed: map[string]int64{"coverage_ppm": clampInt(*covered), "min_ppm": c.MinPPM},
	}
	if *covered < c.MinPPM {
		f.result, f.short = Fail, fmt.Sprintf("only %s of the changed lines are tested", percent(*covered))
		f.opensWhen = []string{percent(c.MinPPM) + " of the changed lines are tested"}
	}
	return f
}

func (c Coverage) promises() string {
	return fmt.Sprintf("%s of the changed lines are tested (not judged below %d lines)", percent(c.MinPPM), c.IgnoreUnderLines)
}

func (c BatchSize) judge(q question) finding {
	n := int64(q.s.BatchCommits)
	if n < 0 {
		return finding{result: NotApplicable, says: "The request does not say how many commits it brings."}
	}
	f := finding{
		result: Pass, says: fmt.Sprintf("It brings %s; up to %d are fine.", count(n, "commit"), c.MaxCommits),
		observed: map[string]int64{"commits": n, "max_commits": c.MaxCommits},
	}
	if n > c.MaxCommits {
		f.result, f.short = Fail, fmt.Sprintf("it brings %d commits at once", n)
		f.says = fmt.Sprintf("It brings %d commits at once; up to %d are fine, because a large change is hard to judge and to repair.", n, c.MaxCommits)
		f.opensWhen = []string{fmt.Sprintf("it is split into promotions of up to %d commits", c.MaxCommits)}
	}
	return f
}

func (c BatchSize) promises() string { return fmt.Sprintf("at most %d commits at once", c.MaxCommits) }

// freshRetry is when to ask again for a source that is late: collectors run every few minutes.
const freshRetry = time.Minute

func (c DataFresh) judge(q question) finding {
	if len(q.s.Sources) == 0 {
		return finding{result: NotApplicable, says: "No source is collected here, so no source can be late."}
	}
	oldest := q.s.Sources[0]
	for _, w := range q.s.Sources {
		if w.Watermark.Before(oldest.Watermark) {
			oldest = w
		}
	}
	if oldest.Watermark.IsZero() {
		return finding{
			result: Unknown, short: oldest.Name + " has not delivered anything yet", until: q.s.Now.Add(freshRetry),
			says:      oldest.Name + " is configured but has not delivered anything yet.",
			opensWhen: []string{oldest.Name + " has delivered its records"},
		}
	}
	age, limit := max(0, q.s.Now.Sub(oldest.Watermark)), seconds(c.MaxAgeSeconds)
	f := finding{
		result: Pass, observed: map[string]int64{"age_seconds": int64(age / time.Second), "max_age_seconds": c.MaxAgeSeconds},
		says: fmt.Sprintf("All records up to %s have arrived; they may be %s old.", clock(oldest.Watermark), span(limit)),
	}
	if age > limit {
		f.result, f.until = Unknown, q.s.Now.Add(freshRetry)
		f.short = fmt.Sprintf("the records of %s are %s old", oldest.Name, span(age))
		f.says = fmt.Sprintf("The records of %s have arrived only up to %s, %s ago; they may be %s old.", oldest.Name, clock(oldest.Watermark), span(age), span(limit))
		f.opensWhen = []string{oldest.Name + " has delivered its records"}
		c.deadline(q, &f, oldest.Watermark.Add(limit+seconds(c.HoldSeconds)))
	}
	return f
}

// deadline ends a hold for late records.
func (c DataFresh) deadline(q question, f *finding, ends time.Time) {
	if c.HoldSeconds == 0 || c.OnUnknown != Hold {
		return
	}
	what, result := "it goes on with a warning", Warn
	if c.Then == Block {
		what, result = "it is stopped", Fail
	}
	if q.s.Now.Before(ends) {
		f.says += " From " + clock(ends) + " on " + what + " instead."
		if ends.Before(f.until) {
			f.until = ends
		}
		return
	}
	f.says += " It was held until " + clock(ends) + " for them; now " + what + "."
	f.result, f.until = result, time.Time{}
}

func (c DataFresh) promises() string {
	words := "no source that it needs is more than " + span(seconds(c.MaxAgeSeconds)) + " behind"
	if c.HoldSeconds > 0 && c.OnUnknown == Hold {
		words += "; for " + span(seconds(c.HoldSeconds)) + " that holds, then it " + map[bool]string{true: "blocks", false: "warns"}[c.Then == Block]
	}
	return words
}
