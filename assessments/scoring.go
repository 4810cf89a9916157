package assessments

import (
	"fmt"
	"math"

	"shiphabit/metrics"
)

// favourableConfidence is that of the interval of the favourable share: groups are small, and 95% would never see a change.
const favourableConfidence = 0.80

// score turns a level into 0, 25, 50, 75 or 100.
func score(level int) int { return (level - 1) * 100 / (levels - 1) }

func questionResult(q Question, counts map[string]int, consensus bool) QuestionResult {
	s := spreadOf(q, counts)
	r := QuestionResult{
		ID: q.ID, Name: q.Name, Text: q.Text, Scored: s.n(),
		Median: s.lowerMedian(), Interpolated: s.interpolatedMedian(),
		Favourable: favourable(s, consensus), Agreement: s.agreement(), DontKnow: counts[DontKnow],
	}
	respondents := 0
	for _, n := range counts {
		respondents += n
	}
	for _, o := range q.Options {
		r.Options = append(r.Options, OptionCount{Option: o, Count: counts[o.ID], Share: share(counts[o.ID], respondents)})
	}
	r.LeansEvent = r.Median != nil && *r.Median <= q.EventUpTo
	if r.DontKnow > 0 {
		r.DontKnowSays = fmt.Sprintf("%d of %d don't know or can't see it.", r.DontKnow, respondents)
	}
	return r
}

func favourable(s spread, consensus bool) Favourable {
	f := Favourable{Count: s.between(favourableFrom, levels), Of: s.n()}
	if f.Of == 0 {
		return f
	}
	f.Value = new(share(f.Count, f.Of))
	if !consensus {
		f.Interval = new(metrics.Wilson(f.Count, f.Of, favourableConfidence))
	}
	return f
}

func share(count, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(count) / float64(of)
}

// foundationResult is the mean of the questions' scores by weight, over the questions that have one.
func foundationResult(f Foundation, questions []QuestionResult) FoundationResult {
	r := FoundationResult{ID: f.ID, Name: f.Name}
	var sum, known, total int
	for _, q := range questions {
		weight, speaks := f.Weights[q.ID]
		if !speaks {
			continue
		}
		input := FoundationInput{Question: q.ID, Weight: weight}
		total += weight
		if q.Median != nil {
			input.Score = new(score(*q.Median))
			sum += weight * *input.Score
			known += weight
		}
		r.Inputs = append(r.Inputs, input)
	}
	if known > 0 && 2*known >= total {
		r.Score = new(math.Round(10*float64(sum)/float64(known)) / 10)
	}
	r.Says = foundationSays(r, known, total)
	return r
}

func foundationSays(r FoundationResult, known, total int) string {
	switch {
	case r.Score == nil:
		return fmt.Sprintf("not enough answers: questions with %d of %d weight have a scored answer", known, total)
	case known < total:
		return fmt.Sprintf("%.0f of 100, from %d of %d weight: the other questions have no scored answer", *r.Score, known, total)
	}
	return fmt.Sprintf("%.0f of 100", *r.Score)
}
