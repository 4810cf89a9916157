package config

import (
	_ "embed" // the default questions
	"errors"
	"strconv"

	"shiphabit/assessments"
)

//go:embed questions.yaml
var defaultQuestions []byte

// DefaultQuestions is the set of five questions that comes with the program.
func DefaultQuestions() assessments.Set {
	set, err := ParseQuestions("questions.yaml", defaultQuestions)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return set
}

// QuestionsExample is the set that comes with the program as the file that it is, to begin one's own with.
func QuestionsExample() string { return string(defaultQuestions) }

// ParseQuestions reads a set of questions from YAML. The error is a list of Faults, every one with its line.
func ParseQuestions(file string, text []byte) (assessments.Set, error) {
	r := newReport(file)
	root := r.read(text, questionFields(), nil)
	if err := r.err(); err != nil {
		return assessments.Set{}, err
	}
	set := questionSet(root)
	var faults assessments.Faults
	if errors.As(assessments.Validate(set), &faults) {
		for _, f := range faults {
			r.at(f.Place, f.Problem, f.Remedy)
		}
	}
	return set, r.err()
}

func questionSet(n node) assessments.Set {
	s := assessments.Set{ID: n.at("id").text(), Version: n.at("version").number(), Title: n.at("title").text()}
	for _, q := range n.at("questions").items() {
		s.Questions = append(s.Questions, question(q))
	}
	for _, f := range n.at("foundations").items() {
		foundation := assessments.Foundation{ID: f.at("id").text(), Name: f.at("name").text(), Weights: map[string]int{}}
		for _, id := range f.at("weights").keys() {
			foundation.Weights[id], _ = strconv.Atoi(f.at("weights").at(id).text())
		}
		s.Foundations = append(s.Foundations, foundation)
	}
	return s
}

func question(n node) assessments.Question {
	q := assessments.Question{
		ID: n.at("id").text(), Name: n.at("name").text(), Text: n.at("text").text(), Help: n.at("help").text(),
		EventUpTo: 2, Evidence: n.at("evidence").text(),
	}
	if n.has("event_up_to") {
		q.EventUpTo = n.at("event_up_to").number()
	}
	for _, o := range n.at("options").items() {
		q.Options = append(q.Options, assessments.Option{ID: o.at("id").text(), Level: o.at("level").number(), Text: o.at("text").text()})
	}
	return q
}
