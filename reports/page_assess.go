package reports

import (
	"fmt"
	"strings"

	"shiphabit/assessments"
)

// Form asks the five questions. It works without JavaScript, and nothing in it is chosen beforehand.
type Form struct {
	Frame
	Round   assessments.Round
	CSRF    string
	Answers assessments.Answers // what was sent before, when something was wrong with it
	Faults  assessments.Faults
	// Comment and Signature were sent before, too.
	Comment, Signature string
	// LastAction is what the team decided after its round before.
	LastAction *assessments.Action
	// Before is that round where what was decided after it is not shown to the reader.
	Before string
	// Preview shows the form to look at: it can be filled in and not sent.
	Preview bool
	// Closed says why no answer can be given; the form is then not shown.
	Closed string
	// Used: the link that was followed has been used, so nothing more is said of the round.
	Used bool
}

func (Form) template() string { return "form" }

// FormQuestion is a question with what was answered and what was wrong.
type FormQuestion struct {
	assessments.Question
	Number int
	Chosen string
	Fault  string
}

// Questions pairs each question with its answer and fault.
func (f Form) Questions() []FormQuestion {
	var out []FormQuestion
	for i, q := range f.Round.Set.Questions {
		fq := FormQuestion{Question: q, Number: i + 1, Chosen: f.Answers[q.ID]}
		for _, fault := range f.Faults {
			if fault.Place == q.ID {
				fq.Fault = fault.Problem + ": " + fault.Remedy
			}
		}
		out = append(out, fq)
	}
	return out
}

// Others are the faults that belong to no question.
func (f Form) Others() []string {
	var out []string
	for _, fault := range f.Faults {
		known := fault.Place == assessments.CommentPlace
		for _, q := range f.Round.Set.Questions {
			known = known || q.ID == fault.Place
		}
		if !known {
			out = append(out, fault.Problem+": "+fault.Remedy)
		}
	}
	return out
}

// CommentFault is what is wrong with the comment.
func (f Form) CommentFault() string {
	for _, fault := range f.Faults {
		if fault.Place == assessments.CommentPlace {
			return fault.Problem + ": " + fault.Remedy
		}
	}
	return ""
}

// First is the id of the first radio of a question: where the error summary leads.
func (q FormQuestion) First() string {
	if len(q.Options) == 0 {
		return q.ID
	}
	return q.OptionID(q.Options[0])
}

// OptionID is the id of a radio.
func (q FormQuestion) OptionID(o assessments.Option) string { return q.ID + "_" + o.ID }

// Thanks says that an answer was taken.
type Thanks struct {
	Frame
	Round assessments.Round
}

func (Thanks) template() string { return "thanks" }

// Result is what a round amounts to, with what the records show beside it.
type Result struct {
	Frame
	Result assessments.Result
	Round  assessments.Round
	CSRF   string
	// Own: the reader acts for the team, and may write what is the team's.
	Own bool
	// Problem is what was wrong with a form of this page.
	Problem string
	// Sent is an action that was refused, as it was typed; FaultAt the field at fault (assessments.PlaceOf), "" where it is none.
	Sent    *assessments.Action
	FaultAt string
}

func (Result) template() string { return "result" }

// ResultTitle says whose result a page shows, and of which day.
func ResultTitle(r assessments.Round) string {
	if r.ClosedAt.IsZero() {
		return "Team " + r.Team + ", " + string(r.State) + " round"
	}
	return "Team " + r.Team + ", round closed on " + r.ClosedAt.UTC().Format("2 Jan 2006")
}

// Draft is what the form of the action holds: what was sent last, else what was decided, else nothing but a usual day.
func (r Result) Draft() assessments.Action {
	switch {
	case r.Sent != nil:
		return *r.Sent
	case r.Result.Action != nil:
		return *r.Result.Action
	}
	return assessments.Action{DueOn: r.Due()}
}

// foundationInputs names the questions that speak for a foundation, those that weigh double marked.
func foundationInputs(f assessments.FoundationResult) string {
	var parts []string
	for _, in := range f.Inputs {
		word := strings.ToUpper(in.Question)
		if in.Weight > 1 {
			word += " (twice)"
		}
		parts = append(parts, word)
	}
	return "From " + strings.Join(parts, ", ")
}

// Row is one question of the result with its evidence.
type Row struct {
	assessments.QuestionResult
	Number     int
	Comparison *assessments.Comparison
	Evidence   *assessments.Evidence
	Reply      *assessments.Reply
	Change     *assessments.Change
}

// Rows pairs the questions with what the records show. Without answers to show, the evidence stands alone.
func (r Result) Rows() []Row {
	var out []Row
	for i, q := range r.Round.Set.Questions {
		row := Row{Number: i + 1, QuestionResult: assessments.QuestionResult{ID: q.ID, Name: q.Name, Text: q.Text}}
		for _, answered := range r.Result.Questions {
			if answered.ID == q.ID {
				row.QuestionResult = answered
			}
		}
		row.Reply = r.Result.ReplyTo(q.ID)
		for j := range r.Result.Changes {
			if r.Result.Changes[j].Question == q.ID {
				row.Change = &r.Result.Changes[j]
			}
		}
		for j := range r.Result.Comparisons {
			if r.Result.Comparisons[j].Question == q.ID {
				row.Comparison = &r.Result.Comparisons[j]
			}
		}
		for j := range r.Result.Evidence {
			if r.Result.Evidence[j].ID == q.Evidence {
				row.Evidence = &r.Result.Evidence[j]
			}
		}
		out = append(out, row)
	}
	return out
}

// Apart says as a sentence why the two are not compared; empty where the evidence says so itself, as it is not measured.
func (r Row) Apart() string {
	if r.Comparison == nil || r.Comparison.Why == "" || r.Evidence != nil && r.Evidence.Level == 0 && !r.Evidence.Indirect {
		return ""
	}
	return upperFirst(r.Comparison.Why) + "."
}

// Total is the number of answers to the question, scored or not.
func (r Row) Total() int {
	n := 0
	for _, o := range r.Options {
		n += o.Count
	}
	return n
}

// Agreed is the option that a consensus names, nil when there is none.
func (r Row) Agreed() *assessments.OptionCount {
	for i := range r.Options {
		if r.Options[i].Count > 0 {
			return &r.Options[i]
		}
	}
	return nil
}

// Lean words which way a level leans.
func (Row) Lean(o assessments.OptionCount) string {
	if o.Level == 0 {
		return "not scored"
	}
	return fmt.Sprintf("level %d", o.Level)
}
