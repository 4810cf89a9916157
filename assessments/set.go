package assessments

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// levels is the number of ordered options of a question; favourableFrom the first that leans habit.
const (
	levels         = 5
	favourableFrom = 4
)

// A set has at least four questions, because a verdict of habit needs four, and no more than fit on one form.
const (
	fewestQuestions = 4
	mostQuestions   = 12
)

// Validate returns every fault of a set at once, as Faults; nil when it can be asked.
func Validate(s Set) error {
	var faults Faults
	faults.needID("id", s.ID)
	if s.Version < 1 {
		faults.add("version", "is "+strconv.Itoa(s.Version), "number versions from 1 upwards")
	}
	faults.needText("title", s.Title)
	if n := len(s.Questions); n < fewestQuestions || n > mostQuestions {
		faults.add("questions", fmt.Sprintf("there are %d", n),
			fmt.Sprintf("ask %d to %d: a verdict needs four", fewestQuestions, mostQuestions))
	}
	seen := map[string]bool{}
	for i, q := range s.Questions {
		place := fmt.Sprintf("questions[%d]", i)
		if seen[q.ID] {
			faults.add(place+".id", quote(q.ID)+" is used before", "give each question an id of its own")
		}
		seen[q.ID] = true
		faults.question(place, q)
	}
	for i, f := range s.Foundations {
		faults.foundation(fmt.Sprintf("foundations[%d]", i), f, seen)
	}
	return faults.err()
}

func (f *Faults) question(place string, q Question) {
	f.needID(place+".id", q.ID)
	f.needText(place+".name", q.Name)
	f.needText(place+".text", q.Text)
	if q.EventUpTo < 1 || q.EventUpTo >= favourableFrom {
		f.add(place+".event_up_to", "is "+strconv.Itoa(q.EventUpTo), "use 1, 2 or 3: options 4 and 5 lean habit")
	}
	if q.Evidence != "" && !slices.Contains(evidenceIDs, q.Evidence) {
		f.add(place+".evidence", quote(q.Evidence)+" is no kind of evidence", "use one of "+strings.Join(evidenceIDs, ", ")+", or leave it out")
	}
	f.options(place, q.Options)
}

// evidenceIDs are the kinds of evidence a question can be bound to.
var evidenceIDs = []string{"E1", "E2", "E3", "E4", "E5"}

// options wants the five levels in ascending order, then the two that are not scored.
func (f *Faults) options(place string, options []Option) {
	if len(options) != levels+2 {
		f.add(place+".options", fmt.Sprintf("there are %d", len(options)),
			"give five with levels 1 to 5, then "+DontKnow+" and "+DoesNotApply+" with level 0")
		return
	}
	seen := map[string]bool{}
	for i, o := range options {
		at := fmt.Sprintf("%s.options[%d]", place, i)
		f.needID(at+".id", o.ID)
		f.needText(at+".text", o.Text)
		if seen[o.ID] {
			f.add(at+".id", quote(o.ID)+" is used before", "give each option of a question an id of its own")
		}
		seen[o.ID] = true
		f.position(at, i, o)
	}
}

func (f *Faults) position(at string, i int, o Option) {
	want := i + 1
	if i >= levels {
		want = 0
	}
	if o.Level != want {
		f.add(at+".level", "is "+strconv.Itoa(o.Level), "options stand in order from event to habit: here it is "+strconv.Itoa(want))
	}
	if i == levels && o.ID != DontKnow || i == levels+1 && o.ID != DoesNotApply {
		f.add(at+".id", "is "+quote(o.ID), "the last two are "+DontKnow+" and "+DoesNotApply)
	}
}

func (f *Faults) foundation(place string, foundation Foundation, questions map[string]bool) {
	f.needID(place+".id", foundation.ID)
	f.needText(place+".name", foundation.Name)
	if len(foundation.Weights) == 0 {
		f.add(place+".weights", "is empty", "name the questions that speak for it, 2 for primary and 1 for secondary")
	}
	for _, id := range slices.Sorted(maps.Keys(foundation.Weights)) {
		at := place + ".weights." + id
		if !questions[id] {
			f.add(at, "there is no such question", "use the id of a question of this set")
		}
		if w := foundation.Weights[id]; w != 1 && w != 2 {
			f.add(at, "is "+strconv.Itoa(w), "use 2 for primary and 1 for secondary")
		}
	}
}

// needID wants a short name of letters, digits, "_" and "-": ids stand in forms, addresses and database keys.
func (f *Faults) needID(place, id string) {
	ok := id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	if !ok {
		f.add(place, quote(id)+" is no id", "use 1 to 64 of a-z, 0-9, _ and -")
	}
}

func (f *Faults) needText(place, text string) {
	if strings.TrimSpace(text) == "" {
		f.add(place, "is empty", "write what people shall read")
	}
}

// Question returns the question with the id.
func (s Set) Question(id string) (Question, bool) {
	i := slices.IndexFunc(s.Questions, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return Question{}, false
	}
	return s.Questions[i], true
}

// Has reports whether the id is one of the question's options.
func (q Question) Has(option string) bool {
	return slices.ContainsFunc(q.Options, func(o Option) bool { return o.ID == option })
}

func quote(s string) string { return strconv.Quote(s) }
