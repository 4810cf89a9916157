package assessments

import "shiphabit/metrics"

// Result is what a round amounts to. When Shown is false everything below it is empty and Hidden says why: nothing but
// participation is known before closing, and nothing is shown of a group smaller than the floor.
type Result struct {
	Round       string     `json:"round"`
	Team        string     `json:"team"`
	State       RoundState `json:"state"`
	Consensus   bool       `json:"consensus"`
	Size        int        `json:"size"`
	Floor       int        `json:"floor"`
	Respondents int        `json:"respondents"`
	Shown       bool       `json:"shown"`
	Hidden      string     `json:"hidden,omitempty"`
	Marks       []string   `json:"marks,omitempty"` // "consensus", "open link: one answer per person not ensured"

	Verdict     *VerdictResult     `json:"verdict,omitempty"`
	Questions   []QuestionResult   `json:"questions,omitempty"`
	Foundations []FoundationResult `json:"foundations,omitempty"`
	Comparisons []Comparison       `json:"comparisons,omitempty"`
	// Comments tells whether comments may be shown that their writers did not sign: at 2 × Floor respondents.
	Comments bool `json:"comments"`
	// Evidence is shown whatever becomes of the answers: it comes from records, not from people.
	Evidence []Evidence `json:"evidence,omitempty"`

	// What a caller adds who knows more than the round: what the team replied and decided, and the team's round before.
	Replies []Reply `json:"replies,omitempty"`
	// Remarks are the comments that may be shown, in no order.
	Remarks []Comment `json:"remarks,omitempty"`
	Action  *Action   `json:"action,omitempty"`
	// Previous is the id of the round before; Changes say how answers moved since, where both are shown; LastAction is what was
	// decided then.
	Previous   string   `json:"previous,omitempty"`
	Changes    []Change `json:"changes,omitempty"`
	LastAction *Action  `json:"last_action,omitempty"`
}

// QuestionResult is the distribution of the answers to one question and what follows from it.
type QuestionResult struct {
	ID      string        `json:"id"`
	Name    string        `json:"name"`
	Text    string        `json:"text"`
	Options []OptionCount `json:"options"` // in the order of the form, the two unscored last
	Scored  int           `json:"scored"`  // answers with a level
	// Median is the lower median level, Interpolated the interpolated one; nil when nobody gave a scored answer.
	Median       *int     `json:"median"`
	Interpolated *float64 `json:"interpolated_median"`
	// Favourable is the share of options 4 and 5 among the scored answers, with its 80% Wilson interval.
	Favourable Favourable `json:"favourable"`
	Agreement  Agreement  `json:"agreement"`
	// DontKnow is a finding of its own, never part of a score; empty when everybody could tell.
	DontKnow     int    `json:"dont_know"`
	DontKnowSays string `json:"dont_know_says,omitempty"`
	LeansEvent   bool   `json:"leans_event"`
}

// OptionCount is how many chose an option.
type OptionCount struct {
	Option
	Count int     `json:"count"`
	Share float64 `json:"share"` // of the respondents, [0,1]
}

// Favourable is the share of answers that lean habit. Value and Interval are nil without a scored answer; a consensus has
// no interval, because it is one answer and no sample.
type Favourable struct {
	Count    int               `json:"count"`
	Of       int               `json:"of"`
	Value    *float64          `json:"value"`
	Interval *metrics.Interval `json:"interval"`
}

// Agreement is how close the scored answers lie: Tastle and Wierman's consensus in [0,1] with a word. Value is nil below two
// scored answers.
type Agreement struct {
	Value *float64 `json:"value"`
	Word  string   `json:"word,omitempty"` // Close, Mixed or Split
}

// The words of agreement.
const (
	Close = "close"
	Mixed = "mixed"
	Split = "split"
)

// VerdictResult is the verdict with what it rests on.
type VerdictResult struct {
	Verdict    Verdict  `json:"verdict"`
	Scored     int      `json:"scored"`      // questions with a median
	LeansEvent []string `json:"leans_event"` // ids of the questions that lean event
	Says       string   `json:"says"`
}

// FoundationResult is the score of one foundation, 0 to 100, with its inputs. Score is nil when questions that carry more
// than half of the weight have no scored answer.
type FoundationResult struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Score  *float64          `json:"score"`
	Inputs []FoundationInput `json:"inputs"`
	Says   string            `json:"says"`
}

// FoundationInput is one question's part in a foundation: its lower median as a score of 0, 25, 50, 75 or 100.
type FoundationInput struct {
	Question string `json:"question"`
	Weight   int    `json:"weight"`
	Score    *int   `json:"score"`
}

// Comparison is what a team says about one question beside what its records show.
type Comparison struct {
	Question string   `json:"question"`
	Evidence string   `json:"evidence"` // "E1" …
	Says     *float64 `json:"says"`     // interpolated median level
	Shows    *int     `json:"shows"`    // evidence level; nil without one
	Grade    Grade    `json:"grade"`
	// Compared is false when the two are only shown side by side; Why then says the reason.
	Compared  bool     `json:"compared"`
	Why       string   `json:"why,omitempty"`
	Gap       *float64 `json:"gap"`                // Says − Shows; nil when not compared, or split
	Distance  string   `json:"distance,omitempty"` // Agree, WorthALook or Differ
	Words     string   `json:"words,omitempty"`    // one of the five sentences
	Split     bool     `json:"split,omitempty"`
	Consensus bool     `json:"consensus,omitempty"`
}
