package assessments

import (
	"maps"
	"slices"
)

// CheckAnswers returns every question that is answered wrongly or not at all, as Faults whose Place is the question's id, in
// the order of the form. Every question wants one option; "I don't know" and "Does not apply" are answers.
func CheckAnswers(s Set, a Answers) error {
	var faults Faults
	for _, q := range s.Questions {
		switch option, given := a[q.ID]; {
		case !given || option == "":
			faults.add(q.ID, "has no answer", "choose one option, or that you don't know")
		case !q.Has(option):
			faults.add(q.ID, "has no option "+quote(option), "choose one of the options on the form")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a)) {
		if _, known := s.Question(id); !known {
			faults.add(id, "is not asked in this round", "leave it out")
		}
	}
	return faults.err()
}

// Add returns the counts with one more submission, checked beforehand; the receiver is not changed.
func (c Counts) Add(a Answers) Counts {
	sum := make(Counts, len(a))
	for question, options := range c {
		sum[question] = maps.Clone(options)
	}
	for question, option := range a {
		if sum[question] == nil {
			sum[question] = map[string]int{}
		}
		sum[question][option]++
	}
	return sum
}

// plus adds whole distributions, for pooling teams.
func (c Counts) plus(o Counts) Counts {
	sum := make(Counts, len(c))
	for _, part := range []Counts{c, o} {
		for question, options := range part {
			if sum[question] == nil {
				sum[question] = map[string]int{}
			}
			for option, n := range options {
				sum[question][option] += n
			}
		}
	}
	return sum
}

// check finds counts that cannot have come from the submissions of the round: an unknown question or option, a negative
// number, or a question with more or fewer answers than respondents.
func (c Counts) check(s Set, respondents int) error {
	for question, options := range c {
		q, known := s.Question(question)
		if !known {
			return refuse(ErrInvalid, "the counts name %q, which this round does not ask; restore the counts from a backup", question)
		}
		for option, n := range options {
			if n < 0 || !q.Has(option) {
				return refuse(ErrInvalid, "the counts of %s hold %d for option %q; restore them from a backup", question, n, option)
			}
		}
	}
	for _, q := range s.Questions {
		total := 0
		for _, n := range c[q.ID] {
			total += n
		}
		if total != respondents {
			return refuse(ErrInvalid, "the counts of %s add up to %d but %d people answered; restore them from a backup", q.ID, total, respondents)
		}
	}
	return nil
}
