package reports

import (
	"encoding/json"
	"html/template"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// Log is a list of decisions, the newest first, on a page with that clock; Records are those that their sentences may name.
type Log struct {
	List    []gate.Logged
	Clock   Clock
	Records Records
}

// Told is the sentence of a decision.
func (l Log) Told(d gate.Logged) template.HTML { return l.Records.Told(d.Summary, d.Request.Service) }

// Decisions is a page of the log of decisions.
type Decisions struct {
	Frame
	List []gate.Logged // newest first
	// Service and Verdict are what is asked for; Names are the services to choose from.
	Service, Verdict string
	Names            []string
	// First tells that this is the first page; Next is the cursor of the following one, "" at the end.
	First bool
	Next  string
	// Records are those that the sentences may name.
	Records Records
}

func (Decisions) template() string { return "decisions" }

// Verdicts are those to choose from.
func (Decisions) Verdicts() []gate.Result {
	return []gate.Result{gate.Allow, gate.Warn, gate.Block, gate.Hold}
}

// To is the address of the page after a cursor.
func (d Decisions) To(cursor string) string {
	return d.Link("/gate/decisions", "service", d.Service, "verdict", d.Verdict, "cursor", cursor)
}

// Log is the list of the page.
func (d Decisions) Log() Log { return Log{d.List, d.Clock, d.Records} }

// Filtered tells that not all are asked for.
func (d Decisions) Filtered() bool { return d.Service != "" || d.Verdict != "" }

// Decision is one decision of the log with all it rests on.
type Decision struct {
	Frame
	Logged gate.Logged
	// Outlook is what it waited for, where it let nothing through.
	Outlook gate.Outlook
	// Replay says in words what judging the same input again gave; Same whether it gave the same bytes.
	Replay string
	Same   bool
	// Outcome is what became of what it let through, nil when it let nothing through.
	Outcome *gate.PromotionOutcome
	// Later is what became of the artifact of a decision that stopped it, when it went out all the same.
	Later *gate.PromotionOutcome
	// Records are those that its sentences may name.
	Records Records
}

func (Decision) template() string { return "decision" }

// Groups are the reasons by what they say.
func (d Decision) Groups() []ReasonGroup {
	of := matter{d.Logged.Request.Service, d.Logged.At, d.Logged.Snapshot.InFlight, d.Records}
	return groups(reasonViews(d.Logged.Reasons, of, nil), of)
}

// Told shows a sentence of it.
func (d Decision) Told(sentence string) template.HTML {
	return d.Records.Told(sentence, d.Logged.Request.Service)
}

// Again says when to ask again: by what it waited for, else by what the decision says itself.
func (d Decision) Again() string { return again(d.Logged.Decision, d.Outlook) }

// OverrideUnsaid reports that it goes on by an override that its sentence does not name.
func (d Decision) OverrideUnsaid() bool {
	return d.Logged.Override != "" && !strings.Contains(d.Logged.Summary, d.Logged.Override)
}

// Says is the verdict in words.
func (d Decision) Says() string {
	return d.Logged.Request.Service + " " + sayVerdict(d.Logged.Verdict)
}

// artifactWords names what was to be promoted, as shortly as it can be told apart: its version, else its commit or digest.
func artifactWords(r gate.Request) string {
	switch {
	case r.Artifact.Version != "":
		return r.Artifact.Version
	case r.Commit != "":
		return Short(r.Commit)
	case r.Artifact.Digest != "":
		return Short(r.Artifact.Digest)
	}
	return "not named"
}

// Asked is the request as it was sent.
func (d Decision) Asked() string {
	text, err := json.MarshalIndent(d.Logged.Request, "", "  ")
	if err != nil {
		return "The request cannot be shown: " + err.Error()
	}
	return string(text)
}

// Became says what became of it.
func (d Decision) Became() string {
	switch o := d.Outcome; {
	case o != nil && o.Deployment == "":
		return "It was let through; no deployment of it is recorded yet."
	case o != nil:
		return "It was let through. " + fateWords(*o)
	case d.Later != nil:
		return "It was not let through by this decision, but the same artifact went out later. " + fateWords(*d.Later)
	default:
		return "Nothing was let through, and no later deployment of the same artifact is recorded."
	}
}

// Rollback is what the rollback hook was told of what it let through, nil where nothing was.
func (d Decision) Rollback() *RollbackView {
	if d.Outcome == nil || d.Outcome.Rollback == nil {
		return nil
	}
	return &rollbackViews([]gate.RollbackNote{*d.Outcome.Rollback}, d.Records, d.Logged.Request.Service)[0]
}

func fateWords(o gate.PromotionOutcome) string {
	switch o.Outcome {
	case gate.Good:
		return "It was good: its watch is over and nothing speaks against it."
	case gate.Failed:
		return "It failed: " + o.Causes + "."
	case gate.PendingWatch:
		return "It is watched until " + clock(o.WatchEndsAt) + "."
	default:
		return "Whether it was good cannot be told: it was watched without a clear result."
	}
}

// RecordLink leads to the deployment that it became.
func (d Decision) RecordLink() *Cell {
	for _, o := range []*gate.PromotionOutcome{d.Outcome, d.Later} {
		if o != nil && o.Deployment != "" {
			cell := d.Records.evidence(o.Deployment, d.Logged.Request.Service, nil)
			return &cell
		}
	}
	return nil
}

// Took says how long it took to decide.
func (d Decision) Took() string {
	if d.Logged.TookMicros == 0 {
		return "not measured"
	}
	return micros(d.Logged.TookMicros)
}

// Age says how far behind a source was when it was decided.
func (d Decision) Age(w gate.Watermark) string {
	return Span(max(0, d.Logged.At.Sub(w.Watermark)).Seconds()) + " before"
}

// Run is where the pipeline run that asked is seen.
func (d Decision) Run() *Cell {
	r := d.Logged.Request.Run
	if r == (gate.Run{}) {
		return nil
	}
	text := strings.TrimSpace(r.Provider + " " + r.ID)
	if text == "" {
		text = "the run"
	}
	return &Cell{Text: text, Href: r.URL}
}

// Valid tells until when it may be relied on.
func (d Decision) Valid() time.Time { return d.Logged.ValidUntil }
