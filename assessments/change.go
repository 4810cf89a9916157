package assessments

import "fmt"

// Change is how the answers to one question moved between two rounds of a team. Direction is "up" towards habit, "down"
// towards event, or "" for no clear change.
type Change struct {
	Question  string `json:"question"`
	Direction string `json:"direction"`
	Says      string `json:"says"`
}

// Changes compares two results of one team, question by question. A change is called one only if the lower median moved by a
// level or more, or the 80% intervals of the favourable share no longer overlap. A consensus and a survey are not compared,
// nor is a round of which nothing is shown.
func Changes(before, after Result) []Change {
	var changes []Change
	for _, now := range after.Questions {
		for _, then := range before.Questions {
			if then.ID == now.ID {
				changes = append(changes, changeOf(then, now, before.Consensus != after.Consensus))
			}
		}
	}
	return changes
}

func changeOf(then, now QuestionResult, otherMode bool) Change {
	c := Change{Question: now.ID}
	switch {
	case otherMode:
		c.Says = "not compared: one round was a consensus, the other was not"
	case then.Median == nil || now.Median == nil:
		c.Says = "not compared: one round has no scored answer"
	case *then.Median != *now.Median:
		c.Direction = direction(*now.Median > *then.Median)
		c.Says = fmt.Sprintf("the median moved from %d to %d", *then.Median, *now.Median)
	case apart(then.Favourable, now.Favourable):
		c.Direction = direction(*now.Favourable.Value > *then.Favourable.Value)
		c.Says = fmt.Sprintf("%d of %d leaned habit, now %d of %d",
			then.Favourable.Count, then.Favourable.Of, now.Favourable.Count, now.Favourable.Of)
	default:
		c.Says = "no clear change"
	}
	return c
}

func apart(a, b Favourable) bool {
	if a.Interval == nil || b.Interval == nil {
		return false
	}
	return a.Interval.High < b.Interval.Low || b.Interval.High < a.Interval.Low
}

func direction(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
