// Package assessments holds the five-question self-assessment: questions, rounds, scoring, evidence, and what a team says
// beside what its records show. It is pure: values in, values out. Its subjects are systems, never people.
package assessments

import (
	"time"

	"shiphabit/metrics"
)

// Set is a version of the questions. Ids of options stay stable when wording changes.
type Set struct {
	ID          string       `json:"id" yaml:"id"`
	Version     int          `json:"version" yaml:"version"`
	Title       string       `json:"title" yaml:"title"`
	Questions   []Question   `json:"questions" yaml:"questions"`
	Foundations []Foundation `json:"foundations" yaml:"foundations"`
}

// Question has five ordered options, from event to habit, plus "don't know" and "does not apply".
type Question struct {
	ID      string   `json:"id" yaml:"id"`     // "q1" … "q5"
	Name    string   `json:"name" yaml:"name"` // "frequency"
	Text    string   `json:"text" yaml:"text"`
	Help    string   `json:"help,omitempty" yaml:"help"`
	Options []Option `json:"options" yaml:"options"`
	// EventUpTo is the highest level that leans event: 2, and 3 for frequency.
	EventUpTo int    `json:"event_up_to" yaml:"event_up_to"`
	Evidence  string `json:"evidence,omitempty" yaml:"evidence"` // "E1" … "E5"
}

// Option is an answer. Level is 1 to 5, or 0 for the two that are not scored.
type Option struct {
	ID    string `json:"id" yaml:"id"`
	Level int    `json:"level" yaml:"level"`
	Text  string `json:"text" yaml:"text"`
}

// Foundation is one of the four foundations with the weights of the questions that speak for it.
type Foundation struct {
	ID      string         `json:"id" yaml:"id"`
	Name    string         `json:"name" yaml:"name"`
	Weights map[string]int `json:"weights" yaml:"weights"` // question id → 2 primary, 1 secondary
}

// The ids of the two options that are never scored, the same in every question.
const (
	DontKnow     = "dont_know"
	DoesNotApply = "does_not_apply"
)

// RoundState is where a round stands; it only moves forward.
type RoundState string

// The states of a round.
const (
	Draft     RoundState = "draft"
	Open      RoundState = "open"
	Closed    RoundState = "closed"
	Published RoundState = "published"
)

// Round is one round of the assessment for one team. What is pinned at opening never changes. Make one with NewRound and
// move it with Open, Submit, Close and Publish; none of them changes the round it is called on.
type Round struct {
	ID          string         `json:"id"`
	Team        string         `json:"team"`
	Services    []string       `json:"services,omitempty"` // pinned membership
	State       RoundState     `json:"state"`
	Set         Set            `json:"set"`
	Size        int            `json:"size"`      // people in the team; a team link takes no more answers. 0: not stated
	Floor       int            `json:"floor"`     // k: nothing is shown for fewer respondents (5 to 10), except in consensus mode
	Consensus   bool           `json:"consensus"` // one agreed answer per question
	OpenLink    bool           `json:"open_link"` // one link for all: one answer per person not ensured
	Window      metrics.Window `json:"window"`    // evidence window
	OpenedAt    time.Time      `json:"opened_at,omitzero"`
	ClosedAt    time.Time      `json:"closed_at,omitzero"`
	PublishedAt time.Time      `json:"published_at,omitzero"`
	Respondents int            `json:"respondents"` // submissions so far
	Reminders   int            `json:"reminders"`   // how often people were reminded
}

// Counts is all that is stored of answers: question id → option id → number.
type Counts map[string]map[string]int

// Answers is one submission: question id → option id.
type Answers map[string]string
