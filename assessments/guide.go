package assessments

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Topic is one thing for a team to talk about, with one question to ask itself.
type Topic struct {
	Question string `json:"question"`
	Text     string `json:"text"` // the question of the form
	Why      string `json:"why"`
	Ask      string `json:"ask"`
	order    float64
}

// Guide is what a team may talk about once it sees its result, made by rules: questions on which it is split, then those whose
// answers and records lie furthest apart, then what moved since the last round, then what many cannot see. At most one topic a question.
type Guide struct {
	Topics []Topic `json:"topics"`
	// Otherwise is what to ask when nothing stands out.
	Otherwise string `json:"otherwise,omitempty"`
}

// GuideOf makes the guide of a result. A result whose answers are not shown has none but the records to talk about.
func GuideOf(r Result) Guide {
	g := Guide{Topics: []Topic{}}
	for _, q := range r.Questions {
		if t, found := topicOf(r, q); found {
			t.Question, t.Text = q.ID, q.Text
			g.Topics = append(g.Topics, t)
		}
	}
	slices.SortStableFunc(g.Topics, func(a, b Topic) int { return cmp.Compare(a.order, b.order) })
	switch {
	case len(g.Topics) > 0:
	case r.Shown:
		g.Otherwise = "Answers and records agree, and nothing moved. What keeps it that way, and what would you notice first if it changed?"
	default:
		g.Otherwise = "There are no answers to show. What do the records show that you would have guessed otherwise?"
	}
	return g
}

// topicOf is the first rule that a question meets.
func topicOf(r Result, q QuestionResult) (Topic, bool) {
	if q.Agreement.Word == Split {
		low, high := ends(q)
		return Topic{
			order: *q.Agreement.Value - 1, // the least agreement first, and all of it before any gap
			Why:   fmt.Sprintf("You see this differently: %d chose options 1 or 2, %d options 4 or 5.", low, high), Ask: askOfSplit(r, q.ID),
		}, true
	}
	for _, c := range r.Comparisons {
		if c.Question == q.ID && c.Compared && c.Distance != Agree {
			return apartTopic(c), true
		}
	}
	for _, c := range r.Changes {
		if c.Question == q.ID && c.Direction != "" {
			return Topic{order: 10, Why: "Since the last round " + c.Says + ".", Ask: askOfChange(c)}, true
		}
	}
	if answered := q.Scored + q.DontKnow; q.DontKnow > 0 && 3*q.DontKnow >= answered {
		return Topic{order: 20, Why: q.DontKnowSays, Ask: "Where could everybody see it?"}, true
	}
	return Topic{}, false
}

// askOfSplit asks for the last case, about which people can agree, by what the question is about.
func askOfSplit(r Result, question string) string {
	for _, c := range r.Comparisons {
		if ask := lastCase[c.Evidence]; c.Question == question && ask != "" {
			return ask
		}
	}
	return "Which deployments did each of you have in mind?"
}

var lastCase = map[string]string{
	"E1": "Which service did each of you have in mind?",
	"E2": "The last time a deployment failed, what happened first?",
	"E3": "Whom did the last change wait for?",
	"E4": "How did you hear of the last bad deployment?",
	"E5": "Which was the last deployment that needed a meeting, and what was it for?",
}

func apartTopic(c Comparison) Topic {
	ask := "What do you see that the records do not?"
	if *c.Gap < 0 {
		ask = "What makes it feel harder than the records look?"
	}
	return Topic{order: 1 + 1/(1+math.Abs(*c.Gap)), Why: fmt.Sprintf("%s: %s, %.1f levels apart.", c.Words, c.Distance, math.Abs(*c.Gap)), Ask: ask}
}

func askOfChange(c Change) string {
	if c.Direction == "up" {
		return "What did you change, and will it last?"
	}
	return "What became harder?"
}

// ends counts the answers that lean event by level, and those that lean habit.
func ends(q QuestionResult) (low, high int) {
	for _, o := range q.Options {
		switch {
		case o.Level >= favourableFrom:
			high += o.Count
		case o.Level == 1 || o.Level == 2:
			low += o.Count
		}
	}
	return low, high
}
