package doctor

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Source is where the reading of one source stands, and what it has brought. Times that are not known are zero.
type Source struct {
	Name string `json:"name"`
	// Type is its kind; empty where no configuration declares it.
	Type string `json:"type,omitempty"`
	// Watermark: everything before it has arrived. Heartbeat: when the source last answered us. DeliveredAt: when its host last delivered
	// something by itself. Either may work while the other does not.
	Watermark   time.Time `json:"watermark,omitzero"`
	Heartbeat   time.Time `json:"heartbeat,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	// Error is the trouble it is in, Failures the runs in a row that ended so.
	Error    string    `json:"error,omitempty"`
	ErrorAt  time.Time `json:"error_at,omitzero"`
	Failures int       `json:"failures,omitempty"`
	// NextAt is when it is read next, WaitUntil and WaitReason a pause before that.
	NextAt     time.Time `json:"next_at,omitzero"`
	WaitUntil  time.Time `json:"wait_until,omitzero"`
	WaitReason string    `json:"wait_reason,omitempty"`
	// The run under way, or the last one: Done of Total records of what is being read, in Part of Parts lists.
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	Doing      string    `json:"doing,omitempty"`
	Done       int       `json:"done,omitempty"`
	Total      int       `json:"total,omitempty"`
	Part       int       `json:"part,omitempty"`
	Parts      int       `json:"parts,omitempty"`
	// Calls that the host lets us make still: Left of Limit until ResetAt; Limit is 0 where it says nothing.
	Left    int       `json:"calls_left,omitempty"`
	Limit   int       `json:"calls_limit,omitempty"`
	ResetAt time.Time `json:"calls_reset_at,omitzero"`
	// SetAside counts the records that could not be turned into an event, PushedAside those of them that were delivered; Reasons says why, the
	// commonest first.
	SetAside    int      `json:"set_aside"`
	PushedAside int      `json:"set_aside_delivered,omitempty"`
	Reasons     []Reason `json:"set_aside_reasons,omitempty"`
	// Refused counts the deliveries that nothing showed to come from its host; the last came at RefusedAt.
	Refused   int       `json:"refused,omitempty"`
	RefusedAt time.Time `json:"refused_at,omitzero"`
	// Brought counts the events that came from it, by type.
	Brought []Brought `json:"brought,omitempty"`
	// Read tells that the source is one that is read; others are only sent to us.
	Read bool `json:"read"`
}

// Reason is why some records were set aside.
type Reason struct {
	Reason   string   `json:"reason"`
	N        int      `json:"n"`
	Examples []string `json:"examples"` // records, as the host names them
}

// Brought counts events of one type.
type Brought struct {
	Type string `json:"type"`
	// Events counts every revision that was stored.
	Events  int       `json:"events"`
	FirstAt time.Time `json:"first_at"` // when the first was stored, and the last
	LastAt  time.Time `json:"last_at"`
}

// State says in a word how a source is.
type State string

// The states of a source, the worst first.
const (
	InTrouble State = "in trouble"
	NeverRead State = "never read"
	Silent    State = "silent"
	Waiting   State = "waiting"
	Reading   State = "reading"
	Fine      State = "fine"
	Pushed    State = "sent to us"
	NotRead   State = "no longer read"
)

// SourceState is a source with its state.
type SourceState struct {
	Source
	State State `json:"state"`
	// Says is the state in a sentence, Remedy what is to be done about it.
	Says   string `json:"says"`
	Remedy string `json:"remedy,omitempty"`
	// Lag is the time from the watermark until now, in seconds; left out where there is no watermark.
	Lag *float64 `json:"lag_s,omitempty"`
}

// LastHeard is when the source last answered or delivered something.
func (s Source) LastHeard() time.Time {
	if s.DeliveredAt.After(s.Heartbeat) {
		return s.DeliveredAt
	}
	return s.Heartbeat
}

// Events counts everything that the source has brought.
func (s Source) Events() int {
	n := 0
	for _, b := range s.Brought {
		n += b.Events
	}
	return n
}

const (
	// unreadAfter is how long nothing may be heard of a source that nobody has promised to read at some time.
	unreadAfter = 48 * time.Hour
	// lateAfter is how long after its time a reading may begin.
	lateAfter = 15 * time.Minute
	// stuckAfter is how long a reading may bring nothing.
	stuckAfter = 2 * time.Hour
	// behindAfter is how far the watermark may lie behind the last answer of the host.
	behindAfter = 24 * time.Hour
)

// sources judges every source, declared ones that were never read among them.
func (d *diagnosis) sources() []SourceState {
	all := slices.Clone(d.records.Sources)
	for _, declared := range d.q.Declared {
		i := slices.IndexFunc(all, func(s Source) bool { return s.Name == declared.Name })
		if i < 0 {
			all = append(all, Source{Name: declared.Name})
			i = len(all) - 1
		}
		all[i].Type = declared.Type
		all[i].Read = !declared.Pushed
	}
	slices.SortStableFunc(all, func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
	var states []SourceState
	for _, s := range all {
		if d.q.Source != "" && s.Name != d.q.Source {
			continue
		}
		state := d.judge(s)
		states = append(states, state)
		if d.q.Service == "" {
			d.sourceFindings(state)
		}
	}
	return states
}

// judge says how a source is.
func (d *diagnosis) judge(s Source) SourceState {
	state := SourceState{Source: s}
	if !s.Watermark.IsZero() {
		state.Lag = new(max(0, d.q.Now.Sub(s.Watermark)).Seconds())
	}
	running := !s.StartedAt.IsZero() && s.FinishedAt.IsZero()
	switch {
	case !s.Read:
		state.State, state.Says = Pushed, "Its records are imported or sent."
		if !s.DeliveredAt.IsZero() {
			state.Says = "Its host sends what it has; the last delivery came at " + moment(s.DeliveredAt) + "."
		}
	case d.q.Configured && s.Type == "":
		state.State, state.Says = NotRead, "Its records are kept, and it is no longer read: the configuration does not declare it."
		state.Remedy = "declare it under `sources` again, if it is still wanted"
	case s.Error != "":
		state.State = InTrouble
		problem, remedy, _ := strings.Cut(strings.TrimPrefix(s.Error, "read "+s.Name+": "), "; ")
		state.Says, state.Remedy = sentence(problem), remedy
	case s.WaitUntil.After(d.q.Now):
		state.State, state.Says = Waiting, "It waits until "+moment(s.WaitUntil)+": "+s.WaitReason+"."
	case s.Heartbeat.IsZero() && s.Watermark.IsZero() && !running:
		state.State, state.Says = NeverRead, "It is declared and was never read."
		state.Remedy = "start `shiphabit serve`, or run `shiphabit collect --source " + s.Name + "`"
	case d.silent(s):
		state.State, state.Says = Silent, "Nothing was heard of it since "+moment(s.Heartbeat)+"."
		state.Remedy = "see that `shiphabit serve` runs and reads its log, or run `shiphabit collect --source " + s.Name + "`"
	case running || s.Watermark.IsZero():
		state.State, state.Says = Reading, s.progress()
	default:
		state.State, state.Says = Fine, "Everything up to "+moment(s.Watermark)+" has arrived."
	}
	return state
}

// silent reports that a source should have been read since.
func (d *diagnosis) silent(s Source) bool {
	if !s.StartedAt.IsZero() && s.FinishedAt.IsZero() { // being read, so that NextAt has passed
		last := s.StartedAt
		if s.Heartbeat.After(last) {
			last = s.Heartbeat
		}
		return d.q.Now.Sub(last) > stuckAfter
	}
	if !s.NextAt.IsZero() {
		return d.q.Now.Sub(s.NextAt) > lateAfter
	}
	return !s.Heartbeat.IsZero() && d.q.Now.Sub(s.Heartbeat) > unreadAfter
}

// progress says how far a reading has come.
func (s Source) progress() string {
	says := "It is being read"
	if s.Doing != "" {
		says += ": " + s.Doing
	}
	switch {
	case s.Total > 0:
		says += ", " + number(s.Done) + " of " + number(s.Total) + " records"
	case s.Done > 0:
		says += ", " + plural(s.Done, "record", "records") + " so far"
	}
	if s.Parts > 0 {
		says += ", list " + number(s.Part) + " of " + number(s.Parts)
	}
	return says + "."
}

// sentence begins a text with a capital letter and ends it with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// sourceFindings turns a state into findings.
func (d *diagnosis) sourceFindings(s SourceState) {
	f := Finding{Source: s.Name, What: s.Says, Remedy: s.Remedy, Link: SourceLink(s.Name)}
	switch s.State {
	case InTrouble:
		f.Code, f.Severity = "source-trouble", Trouble
		f.Evidence = "met at " + moment(s.ErrorAt)
		if s.Failures > 1 {
			f.Evidence += ", " + number(s.Failures) + " times in a row"
		}
		d.add(f)
	case NeverRead:
		f.Code, f.Severity = "source-never-read", Trouble
		d.add(f)
	case Silent:
		f.Code, f.Severity = "source-silent", Trouble
		d.add(f)
	case Waiting:
		f.Code, f.Severity = "source-waiting", Note
		f.Remedy = "nothing: it goes on by itself then"
		d.add(f)
	case NotRead:
		f.Code, f.Severity = "source-undeclared", Note
		d.add(f)
		return // what else is wrong with it matters no more
	case Reading:
		if s.Watermark.IsZero() {
			f.Code, f.Severity = "source-reading", Note
			f.Remedy = "wait: figures are whole once it has been read to its end"
			d.add(f)
		}
	default:
	}
	d.contentFindings(s)
}

// contentFindings are about what a source brought.
func (d *diagnosis) contentFindings(s SourceState) {
	link := SourceLink(s.Name)
	if s.State == Fine && s.Events() == 0 {
		d.add(Finding{Code: "source-empty", Severity: Gap, Source: s.Name, Link: link, What: "It was read to its end and has brought no event.",
			Evidence: "read up to " + moment(s.Watermark),
			Remedy:   "see that its settings name the right projects, and that `since` does not lie after their records (docs/configuration.md)"})
	}
	if s.State == Pushed && s.Type != "" && s.Events() == 0 {
		d.add(Finding{Code: "source-empty", Severity: Gap, Source: s.Name, Link: link, What: "Nothing has been sent to it.",
			Remedy: "let its host deliver to /hooks/" + s.Name + " of this server, with the secret of the configuration"})
	}
	if s.Refused > 0 && s.RefusedAt.After(s.DeliveredAt) {
		d.add(Finding{Code: "deliveries-refused", Severity: Trouble, Source: s.Name, Link: link,
			What:     "Deliveries are refused: nothing shows that they come from its host.",
			Evidence: plural(s.Refused, "delivery", "deliveries") + " in all, the last at " + moment(s.RefusedAt),
			Remedy:   "set the secret of the webhook at the host to the `webhook_secret` of the configuration, and see that the clocks agree"})
	}
	if lag := s.Heartbeat.Sub(s.Watermark); s.State == Fine && lag > behindAfter {
		d.add(Finding{Code: "source-behind", Severity: Gap, Source: s.Name, Link: link,
			What:     "It answers, and its records have arrived only up to " + moment(s.Watermark) + ", " + spanWords(lag) + " before.",
			Evidence: "last answer " + moment(s.Heartbeat), Remedy: "wait for the reading under way; if this does not change, look into the server's log"})
	}
	if s.SetAside > 0 {
		d.add(Finding{Code: "source-set-aside", Severity: Gap, Source: s.Name, Link: link,
			What:     plural(s.SetAside, "record", "records") + " could not be turned into events.",
			Evidence: reasonsWords(s.Reasons),
			Remedy:   asideRemedy(s.Source)})
	}
}

// asideRemedy says how records that were set aside get in after all: those that are read by mending them at the host, those that were
// delivered, which nobody reads again, from what was kept of them.
func asideRemedy(s Source) string {
	remedy := "`shiphabit doctor --set-aside " + s.Name + "` lists all"
	if s.SetAside > s.PushedAside {
		remedy += "; mend them at the host, where they are then read again"
	}
	if s.PushedAside > 0 {
		remedy += "; of what was delivered, `shiphabit hooks replay --source " + s.Name + "` reads again what is kept, after an upgrade or once the configuration is corrected"
	}
	return remedy
}

// reasonsWords says the commonest reasons, each with an example.
func reasonsWords(reasons []Reason) string {
	var words []string
	for _, r := range reasons[:min(3, len(reasons))] {
		text := r.Reason + " (" + number(r.N)
		if len(r.Examples) > 0 {
			text += ", like " + r.Examples[0]
		}
		words = append(words, text+")")
	}
	return strings.Join(words, "; ")
}
