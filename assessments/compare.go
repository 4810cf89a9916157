package assessments

import "math"

// How far apart what is said and what is shown lie: below one level, below two, or more.
const (
	Agree      = "these agree"
	WorthALook = "worth a look"
	Differ     = "these tell different stories"
)

// What a comparison says to the team. None of them calls anybody wrong.
const (
	ThisIsAHabit      = "This is a habit"
	YouAlreadySeeThis = "You already see this"
	DifferentPicture  = "The records show a different picture"
	BetterThanItFeels = "It may be going better than it feels"
	SeenDifferently   = "You see this differently"
)

// Patterns are the sentences of comparisons, in the order in which they are counted.
func Patterns() []string {
	return []string{ThisIsAHabit, YouAlreadySeeThis, DifferentPicture, BetterThanItFeels, SeenDifferently}
}

// compare sets the interpolated median of the answers beside the evidence level. They are compared only with enough
// respondents and evidence of grade A or B; a consensus is one answer by design and compared with that mark. A split team is
// told so in place of any gap, because its median is nobody's answer.
func compare(r Round, q QuestionResult, e Evidence) Comparison {
	c := Comparison{
		Question: q.ID, Evidence: e.ID, Says: q.Interpolated, Grade: e.Grade, Consensus: r.Consensus,
		Split: q.Agreement.Word == Split,
	}
	if e.Level > 0 {
		c.Shows = &e.Level
	}
	if c.Split {
		c.Words = SeenDifferently
	}
	if c.Why = whyNotCompared(q, e); c.Why != "" {
		return c
	}
	c.Compared = true
	if c.Split {
		return c
	}
	gap := *q.Interpolated - float64(e.Level)
	c.Gap, c.Distance, c.Words = &gap, distance(gap), words(*q.Interpolated, float64(e.Level))
	return c
}

func whyNotCompared(q QuestionResult, e Evidence) string {
	switch {
	case e.Indirect:
		return "the evidence is indirect: shown beside the answer, never compared"
	case e.Grade == GradeNone || e.Level == 0:
		return "not measured: " + e.Missing
	case e.Grade != GradeA && e.Grade != GradeB:
		return "the evidence is too thin (grade " + string(e.Grade) + ")"
	case q.Interpolated == nil:
		return "nobody gave a scored answer"
	}
	return ""
}

func distance(gap float64) string {
	switch gap = math.Abs(gap); {
	case gap < 1:
		return Agree
	case gap < 2:
		return WorthALook
	}
	return Differ
}

// words: where both agree, their middle decides between habit and event. It counts as habit when it is nearer to level 4
// than to level 3.
func words(says, shows float64) string {
	switch gap := says - shows; {
	case gap >= 1:
		return DifferentPicture
	case gap <= -1:
		return BetterThanItFeels
	case (says+shows)/2 >= favourableFrom-0.5:
		return ThisIsAHabit
	}
	return YouAlreadySeeThis
}
