package reports

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Standing is one service before the gate now: the verdict, every criterion, and what led to it.
type Standing struct {
	Frame
	Service     metrics.Service
	Environment string
	Decision    gate.Decision
	Snapshot    gate.Snapshot
	// Openings say when a criterion may come out another way at the earliest.
	Openings  map[string]time.Time
	Outlook   gate.Outlook
	Histories gate.Histories
	// Began is when its record in production begins: the pictures of the meters begin no earlier.
	Began     time.Time
	Next      *gate.Coming    // the next freeze, nil when none is agreed
	Overrides []gate.Override // of the service
	Rule      gate.OverrideRule
	Decisions []gate.Logged // newest first
	Server    string
	// Proposals are nil where the environment is not production: the steps of criteria are about that.
	Proposals *Proposals
	// Records are those that its sentences may name.
	Records Records
	// PutBack is what a rollback would best put back, nil where nothing is known to have gone well here.
	PutBack *gate.Deployed
	// RollbackHook: a hook is told of watches that fail; Rollbacks is what it was told, newest first.
	RollbackHook bool
	Rollbacks    []gate.RollbackNote
}

func (Standing) template() string { return "standing" }

// Says is the verdict in words.
func (s Standing) Says() string {
	return "A normal change to " + s.Environment + " " + sayVerdict(s.Stands()) + " now"
}

// Inconclusive says how many of the last planned deployments count nowhere since no verdict came for them, "" for none.
func (s Standing) Inconclusive() string {
	n := s.inconclusive()
	if n == 0 {
		return ""
	}
	return "Of the last " + plural(len(s.Snapshot.Recent), "planned deployment", "planned deployments") + plural2(n,
		" %s counts nowhere, neither as good nor as failed: the service has health verdicts, and none that says healthy or unhealthy came for it.",
		" %s count nowhere, neither as good nor as failed: the service has health verdicts, and none that says healthy or unhealthy came for them.")
}

// From how many and which share of the last planned deployments on it is said aloud that they count nowhere: where one in three does not
// count, the failure meter takes half as many deployments again to notice that a service has become worse. One or two may be chance.
const manyInconclusive, shareInconclusive = 3, 1.0 / 3

// MostlyInconclusive reports that so many deployments count nowhere that the meter sees much less than there is.
func (s Standing) MostlyInconclusive() bool {
	n := s.inconclusive()
	return n >= manyInconclusive && float64(n) >= shareInconclusive*float64(len(s.Snapshot.Recent))
}

func (s Standing) inconclusive() int {
	n := 0
	for _, t := range s.Snapshot.Recent {
		if t.Outcome == gate.Inconclusive {
			n++
		}
	}
	return n
}

// Stands is how it stands, as the lists of services count it.
func (s Standing) Stands() gate.Result { return s.Decision.Standing() }

// ServicePath is the address of the service's own page.
func (s Standing) ServicePath() string { return segments("services", s.Service.Name) }

// Groups are the criteria by what they say: against it, met, and nothing to judge.
func (s Standing) Groups() []ReasonGroup {
	of := matter{s.Service.Name, s.Snapshot.Now, s.Snapshot.InFlight, s.Records}
	return groups(reasonViews(s.Decision.Reasons, of, s.Openings), of)
}

// Told shows a sentence about it.
func (s Standing) Told(sentence string) template.HTML {
	return s.Records.Told(sentence, s.Service.Name)
}

// HookTold is what its rollback hook was told.
func (s Standing) HookTold() []RollbackView {
	return rollbackViews(s.Rollbacks, s.Records, s.Service.Name)
}

// Summary is the answer in a sentence, without when to ask again: see Again.
func (s Standing) Summary() string { return GateNow{Decision: s.Decision}.Says() }

// Log are its newest decisions.
func (s Standing) Log() Log { return Log{s.Decisions, s.Clock, s.Records} }

// Again says what to wait for before it is worth asking; empty where it may open any minute. Nobody has to see to what a pipeline states of
// itself: a look states nothing.
func (s Standing) Again() string {
	if s.Stands() == gate.NeedsEvidence {
		return "with the evidence that its pipeline states"
	}
	return opensWords(s.Outlook)
}

// Plots are the meters, the failure meter first.
func (s Standing) Plots() []Plot {
	record := func(id string) Cell { return s.Records.stepped(id, s.Service.Name) }
	k, acts := s.Histories.Failures.State.Step, actsOf(s.Snapshot.Meter)
	w := sinceRecord(s.View.Window, s.Began)
	return []Plot{
		drawMeter(s.Histories.Failures, w, meterWords{
			id: "failure_meter", title: "The failure meter", one: "deployment", many: "deployments", clock: s.Clock, bad: "failed", stops: acts.verb, stopped: acts.done, record: record,
			empty: "No planned deployment to production has been judged yet.",
			note:  fmt.Sprintf("A failed deployment adds %s, a good one takes 1 away. %s", Count(k), acts.says) + s.drawnSince(w),
		}),
		drawMeter(s.Histories.Usual, w, meterWords{
			id: "own_usual", title: "The meter of its own usual", size: "small", one: "deployment", many: "deployments", clock: s.Clock, bad: "failed", stops: "warns", stopped: "warns", record: record,
			note: usualNote(s.Histories), empty: "There is no usual rate to hold it against.",
		}),
		drawMeter(s.Histories.Restored, w, meterWords{
			id: "restored", title: "The meter of restoring in time", size: "small", one: "incident", many: "incidents", clock: s.Clock, bad: "late", stops: "objects", stopped: "objects", record: record,
			empty: "No production incident is known that is over, or older than the agreed time.",
			note:  "An incident that is not over in time adds points, one that is takes 1 away.",
		}),
	}
}

// drawnSince says that the pictures begin later than the window, "" where they do not.
func (s Standing) drawnSince(w metrics.Window) string {
	if !w.From.After(s.View.Window.From) {
		return ""
	}
	from, began := s.Clock.Date(w.From), s.Clock.Date(s.Began)
	if from == began {
		return " Drawn since " + began + ", when its record begins."
	}
	return " Drawn since " + from + "; its record begins on " + began + "."
}

func usualNote(h gate.Histories) string {
	if h.Rate.Num == 0 {
		return "What is usual for it is not known yet, or is as bad as what is to be noticed. It never stops anything."
	}
	return fmt.Sprintf("Held against its usual rate of 1 in %s: a failure adds %s. It never stops anything.", digits(float64(h.Rate.Den)/float64(h.Rate.Num)), Count(h.Usual.State.Step))
}

// UnderWay is a change on its way or under watch: its name, which leads to it, and what is to be said of it.
type UnderWay struct {
	Name Cell
	Says string
}

// Under are the changes on their way or under watch.
func (s Standing) Under() []UnderWay {
	var out []UnderWay
	if f := s.Snapshot.InFlight; f != nil {
		out = append(out, UnderWay{
			Cell{Text: named(f.Version, f.Revision, f.Digest), Href: DecisionPath(f.Decision)},
			fmt.Sprintf("was let through at %s; how it went is not known. It counts as under way until %s.", clock(f.At), clock(f.Ends)),
		})
	}
	if w := s.Snapshot.Watching; w != nil {
		out = append(out, UnderWay{
			Cell{Text: named(w.Version, w.Revision, w.Digest), Href: RecordPath(s.Service.Name, w.ID)},
			fmt.Sprintf("went live at %s and is watched until %s.", clock(w.FinishedAt), clock(s.Snapshot.WatchEndsAt)),
		})
	}
	return out
}

func named(version, revision, digest string) string {
	for _, n := range []string{version, Short(revision), Short(digest)} {
		if n != "" {
			return n
		}
	}
	return "something that names neither version nor commit nor digest"
}

func clock(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// Freezes say which freeze holds and which begins next.
func (s Standing) Freezes() []string {
	var out []string
	if f := s.Snapshot.Freeze; f != nil {
		out = append(out, fmt.Sprintf("%s holds until %s.%s", f.Name, clock(f.Until), s.because(*f)))
	}
	if n := s.Next; n != nil {
		out = append(out, fmt.Sprintf("%s begins at %s and ends at %s.%s", n.Name, clock(n.From), clock(n.Until), s.because(n.Freeze)))
	}
	return out
}

// because says why, and when it ends by the clock of its own zone where that is another than the page's.
func (s Standing) because(f gate.Freeze) string {
	words := ""
	if !strings.HasSuffix(f.Local, " UTC") && !s.Clock.own(f.Local) {
		words = " There the end is " + f.Local + "."
	}
	if f.Reason != "" {
		words += " Why: " + strings.TrimRight(f.Reason, ".") + "."
	}
	if f.Owner != "" {
		words += " Agreed by " + f.Owner + "."
	}
	return words
}

// OverrideView is an override that may still do something.
type OverrideView struct {
	gate.Override
	State, Left, Covers string
}

// InForce are the overrides that hold, wait for more people, or begin later.
func (s Standing) InForce() []OverrideView {
	var out []OverrideView
	now := s.Snapshot.Now
	for _, o := range s.Overrides {
		if !o.RevokedAt.IsZero() || !now.Before(o.ExpiresAt) || o.Used >= o.Uses || !strings.EqualFold(o.Environment, s.Environment) {
			continue
		}
		v := OverrideView{Override: o, State: "in force", Left: Span(o.ExpiresAt.Sub(now).Seconds()) + " left", Covers: "every criterion"}
		if idle := o.Idle(now, "", s.Rule, true); idle != "" {
			v.State = "does nothing yet: " + idle
		}
		if lacking := o.Lacking(s.Rule); lacking != "" { // and never will
			v.State = "does nothing: " + lacking
		}
		if len(o.Criteria) > 0 {
			v.Covers = strings.Join(o.Criteria, ", ")
		}
		out = append(out, v)
	}
	return out
}

// Command is something to copy into a shell.
type Command struct{ Title, Note, Text string }

// Commands are the ways on from here: the fix, the rollback, the override, and the question itself.
func (s Standing) Commands() []Command {
	service := quoted(s.Service.Name)
	list := []Command{}
	fix, note := "ID", "Name the failed deployment or the incident that it repairs. It passes at once."
	if problems := slices.Concat(s.Snapshot.OpenFailures, s.Snapshot.OpenIncidents); len(problems) > 0 {
		fix = quoted(problems[0].ID)
		note = "It repairs " + s.Records.Full(problems[0].ID, s.Service.Name).Text + ", which is open, and passes at once."
	}
	list = append(list, Command{"Send a fix", note, s.check(service, "--kind fix --fixes "+fix+" \\\n  "+`--commit "$COMMIT" --digest "$DIGEST"`)})
	back, note := `--digest "$DIGEST"`, "Name what once ran here: it passes at once."
	if e := s.PutBack; e != nil {
		switch puts := "Puts back " + named(e.Version, e.Revision, e.Digest) + ", the last that went well here before. It passes at once."; {
		case e.Digest != "":
			back, note = "--digest "+quoted(e.Digest), puts
		case e.Revision != "":
			back, note = "--commit "+quoted(e.Revision), puts
		}
	}
	list = append(list, Command{"Roll back", note, s.check(service, "--kind rollback "+back)})
	note = "With a reason of at least 20 characters; it is logged, bounded, and its outcome shown on the scoreboard."
	if takes := s.Rule.Takes(); takes != "" {
		note += " It takes " + takes + "."
	}
	override := Command{"Set a criterion aside", note, fmt.Sprintf(
		"shiphabit gate override --server %s \\\n  --service %s --environment %s%s \\\n  --category %q --reason \"WHY, IN A SENTENCE\"", quoted(s.Server), service, quoted(s.Environment), s.stopping(), gate.OverrideCategories()[1])}
	return append(list, override, Command{"Ask", "What a pipeline runs before it deploys.", s.check(service, `--commit "$COMMIT" --digest "$DIGEST" --wait 10m`)})
}

func (s Standing) check(service, rest string) string {
	return fmt.Sprintf("shiphabit gate check --server %s \\\n  --service %s --environment %s \\\n  %s", quoted(s.Server), service, quoted(s.Environment), rest)
}

// stopping names the criteria that stop now, for an override.
func (s Standing) stopping() string {
	var names []string
	for _, r := range s.Decision.Reasons {
		if r.Mode == gate.Enforce && (r.Result == gate.Fail || r.Result == gate.Unknown) {
			names = append(names, r.Criterion)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " --criteria " + strings.Join(names, ",")
}

// Demoted are the criteria that only warn because they broke their promise.
func (s Standing) Demoted() []gate.Demotion { return s.Snapshot.Demoted }
