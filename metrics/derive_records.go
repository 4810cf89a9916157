package metrics

import (
	"cmp"
	"slices"
	"time"
)

// records are the events of one service: revisions merged, payloads read, nothing interpreted yet.
type records struct {
	deployments []record[Deployment]
	commits     []toldCommit
	requests    []record[PullRequest]
	incidents   []record[Incident]
	approvals   []record[Approval]
	verdicts    []record[Verdict]
	leftOut     []LeftOut
}

// record is one record of a source in its final form, with the revisions that led there.
type record[T any] struct {
	Key
	Value     T
	revisions []*Event
}

// toldCommit is a commit and who told of it; there are too many to keep more. One that a correction leaves out stays part of the
// history and is no change.
type toldCommit struct {
	source string
	Commit
	excluded bool
}

// name is "source/id", the form in which facts refer to a record.
func (r record[T]) name() string { return r.Source + "/" + r.ID }

// readRecords merges the revisions of each record and reads it. Deployments, incidents, approvals and verdicts come out in the
// order of their keys; commits and requests, of which there may be a great many, in no order.
func readRecords(events []Event) records {
	out := records{commits: make([]toldCommit, 0, countType(events, TypeCommit)),
		deployments: make([]record[Deployment], 0, countType(events, TypeDeployment))}
	for _, revisions := range revisionsByKey(events) {
		e := *revisions[0]
		if len(revisions) > 1 {
			e = mergeRevisions(revisions)
		}
		if onlyCorrections(revisions) || len(revisions) > 1 && out.exclude(e, revisions) {
			continue
		}
		if err := out.add(e, revisions); err != nil {
			out.leftOut = append(out.leftOut, LeftOut{Record: e.String(), Reason: leftUnread})
		}
	}
	sortRecords(out.deployments)
	sortRecords(out.incidents)
	sortRecords(out.approvals)
	sortRecords(out.verdicts)
	return out
}

// and are these records and others.
func (r *records) and(others records) records {
	all := records{
		deployments: slices.Concat(r.deployments, others.deployments), commits: r.commits, requests: slices.Concat(r.requests, others.requests),
		incidents: slices.Concat(r.incidents, others.incidents), approvals: slices.Concat(r.approvals, others.approvals),
		verdicts: slices.Concat(r.verdicts, others.verdicts), leftOut: slices.Concat(r.leftOut, others.leftOut),
	}
	if len(others.commits) > 0 { // mostly not, and there are a great many
		all.commits = slices.Concat(r.commits, others.commits)
	}
	sortRecords(all.deployments)
	sortRecords(all.incidents)
	sortRecords(all.approvals)
	sortRecords(all.verdicts)
	return all
}

// exclude lists a record that a correction leaves out. The history still needs its commits.
func (r *records) exclude(e Event, revisions []*Event) bool {
	c := exclusion(revisions)
	if c == nil {
		return false
	}
	r.leftOut = append(r.leftOut, LeftOut{Record: e.String(), At: timeIn(e), Reason: leftByHand + c.Reason})
	return e.Type != TypeCommit
}

// timeIn is the instant by which a record belongs to a window, zero where it states none or cannot be read.
func timeIn(e Event) time.Time {
	var r records
	if r.add(e, nil) != nil {
		return time.Time{}
	}
	switch {
	case len(r.deployments) > 0:
		return deploymentTime(r.deployments[0].Value)
	case len(r.commits) > 0:
		return r.commits[0].AuthoredAt
	case len(r.requests) > 0:
		return cmpTime(r.requests[0].Value.MergedAt, r.requests[0].Value.CreatedAt)
	case len(r.incidents) > 0:
		return cmpTime(r.incidents[0].Value.StartedAt, r.incidents[0].Value.DetectedAt)
	case len(r.approvals) > 0:
		return cmpTime(r.approvals[0].Value.DecidedAt, r.approvals[0].Value.RequestedAt)
	case len(r.verdicts) > 0:
		return r.verdicts[0].Value.At
	}
	return time.Time{}
}

func (r *records) add(e Event, revisions []*Event) (err error) {
	switch e.Type {
	case TypeDeployment:
		r.deployments, err = appendRecord(r.deployments, e, revisions, readDeployment)
	case TypeCommit:
		var c Commit
		if c, err = readCommit(e); err == nil {
			r.commits = append(r.commits, toldCommit{e.Source, c, exclusion(revisions) != nil})
		}
	case TypePullRequest:
		r.requests, err = appendRecord(r.requests, e, revisions, Event.PullRequest)
	case TypeIncident:
		r.incidents, err = appendRecord(r.incidents, e, revisions, Event.Incident)
	case TypeApproval:
		r.approvals, err = appendRecord(r.approvals, e, revisions, Event.Approval)
	case TypeVerdict:
		r.verdicts, err = appendRecord(r.verdicts, e, revisions, Event.Verdict)
	default:
		r.leftOut = append(r.leftOut, LeftOut{Record: e.String(), Reason: leftUnknownType})
	}
	return err
}

func countType(events []Event, t EventType) int {
	n := 0
	for i := range events {
		if events[i].Type == t {
			n++
		}
	}
	return n
}

func appendRecord[T any](to []record[T], e Event, revisions []*Event, view func(Event) (T, error)) ([]record[T], error) {
	v, err := view(e)
	if err != nil {
		return to, err
	}
	return append(to, record[T]{Key: e.Key, Value: v, revisions: revisions}), nil
}

// revisionsByKey groups the events of one record. Nearly every record has one revision, which costs no extra memory.
func revisionsByKey(events []Event) [][]*Event {
	place := make(map[Key]int, len(events))
	pointers := make([]*Event, len(events))
	groups := make([][]*Event, 0, len(events))
	for i := range events {
		pointers[i] = &events[i]
		if at, known := place[events[i].Key]; known {
			groups[at] = append(groups[at], &events[i])
			continue
		}
		place[events[i].Key] = len(groups)
		groups = append(groups, pointers[i:i+1:i+1])
	}
	return groups
}

func mergeRevisions(revisions []*Event) Event {
	all := make([]Event, len(revisions))
	for i, e := range revisions {
		all[i] = *e
	}
	return Merge(all)
}

func sortRecords[T any](all []record[T]) {
	slices.SortFunc(all, func(a, b record[T]) int { return compareKeys(a.Key, b.Key) })
}

func compareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.ID, b.ID))
}

// knownAt tells when a fact became known to us: when the first of the record's revisions that show it was recorded, if that
// reached us as it happened, else the fact's own time, which is then assumed.
func knownAt(revisions []*Event, shows func(Event) bool, own time.Time) (at time.Time, assumed bool) {
	var first *Event
	for _, e := range revisions {
		if len(revisions) > 1 && !shows(*e) {
			continue
		}
		if first == nil || recordedBefore(e, first) {
			first = e
		}
	}
	if first == nil || !first.Live || first.RecordedAt.IsZero() {
		return own, true
	}
	return first.RecordedAt.UTC(), false
}

// recordedBefore orders revisions by when we stored them; of two at the same instant the live one tells more.
func recordedBefore(a, b *Event) bool {
	if !a.RecordedAt.Equal(b.RecordedAt) {
		return a.RecordedAt.Before(b.RecordedAt)
	}
	return a.Live && !b.Live
}

// any revision shows that the record exists.
func anyRevision(Event) bool { return true }
