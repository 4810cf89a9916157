package metrics

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Dispute is one thing that a person may know to be wrong with a rollout or an incident, and what it would state.
type Dispute struct {
	ID string
	// Says is the claim, Follows what changes with it, both in words.
	Says, Follows string
	// Takes names what must be given besides a reason: "deployment", "at", "severity", or nothing.
	Takes string
	state func(given string) ([]Statement, error)
}

// Statement is a correction before its record was looked up: the record is named as source/type/id.
type Statement struct {
	Record            string
	Fields            json.RawMessage
	Exclude, Unlinked bool
}

// State makes the statements of a dispute. Given is what it takes, a time in UTC as a form sends it; the error says what is wrong with it.
func (d Dispute) State(given string) ([]Statement, error) {
	if given = strings.TrimSpace(given); d.Takes != "" && given == "" {
		return nil, fmt.Errorf("%s: missing", d.Takes)
	}
	return d.state(given)
}

// DisputesOf lists what may be wrong with a rollout. A statement is about each of the deployments that it is made of.
func DisputesOf(r Rollout) []Dispute {
	var out []Dispute
	for _, f := range r.Failures {
		out = append(out, disputesOfCause(r, f)...)
	}
	if !r.Failed() {
		out = append(out, Dispute{ID: "failed", Says: "It failed, and no record says so", Follows: "It counts as a failed deployment from now on.",
			state: stating(attemptNames(r), map[string]any{"status": Failed}, Statement{})})
	}
	out = append(out,
		Dispute{ID: "finished", Takes: "at", Says: "It finished at another time", Follows: "It counts in the window in which that time lies; lead and recovery times follow it.",
			state: statingTime(lastAttempt(r), "finished_at")},
		Dispute{ID: "foreign", Says: "It is no deployment of this service", Follows: "It enters no figure and is listed as left out; what it brought is looked for in the next deployment.",
			state: stating(attemptNames(r), nil, Statement{Exclude: true})},
		Dispute{ID: "test", Says: "It should not count: a test, a drill or a repetition", Follows: "It enters no figure and is listed as left out.",
			state: stating(attemptNames(r), nil, Statement{Exclude: true})})
	return out
}

// disputesOfCause are those of one cause for which a rollout counts as failed.
func disputesOfCause(r Rollout, f Failure) []Dispute {
	id := string(f.Cause) + " " + f.Evidence
	switch f.Cause {
	case CauseRun:
		var failed []string
		for _, a := range r.Attempts {
			if a.Status == Failed {
				failed = append(failed, recordName(a.ID, TypeDeployment))
			}
		}
		return []Dispute{{ID: id, Says: "Its run did not fail", Follows: "The run counts as a success; other causes of failure stay.",
			state: stating(failed, map[string]any{"status": Succeeded}, Statement{})}}
	case CauseIncident:
		return disputesOfLink(f.Evidence, "incident "+f.Evidence)
	case CauseVerdict:
		return []Dispute{{ID: id, Says: "The unhealthy verdict " + f.Evidence + " is wrong", Follows: "The verdict enters no figure; other causes of failure stay.",
			state: stating([]string{recordName(f.Evidence, TypeVerdict)}, nil, Statement{Exclude: true})}}
	case CauseRollback:
		if f.Confidence == Stated {
			return []Dispute{{ID: id, Says: f.Evidence + " was no rollback", Follows: "It is not taken for a rollback by its word; where it puts an earlier revision back, it stays one.",
				state: stating([]string{recordName(f.Evidence, TypeDeployment)}, map[string]any{"rollback": false, "rollback_of": nil}, Statement{})}}
		}
	case CauseHotfix:
		return []Dispute{{ID: id, Says: f.Evidence + " was no repair of it", Follows: "It is not taken for a repair any more, and its rework does not count.",
			state: stating([]string{recordName(f.Evidence, TypeDeployment)}, map[string]any{"hotfix": false, "fixes": nil}, Statement{})}}
	case CauseRevert:
	}
	return nil
}

// DisputesOfIncident lists what may be wrong with an incident.
func DisputesOfIncident(i IncidentLink) []Dispute {
	name := []string{recordName(i.ID, TypeIncident)}
	out := disputesOfLink(i.ID, "it")
	if i.Rollout == "" {
		out = out[1:]
	}
	return append(out,
		Dispute{ID: "started", Takes: "at", Says: "It began at another time", Follows: "It counts in the window in which that time lies; what it is linked to by time may change.", state: statingTime(name[0], "started_at")},
		Dispute{ID: "resolved", Takes: "at", Says: "It was over at another time", Follows: "Restore and recovery times end there.", state: statingTime(name[0], "resolved_at")},
		Dispute{ID: "severity", Takes: "severity", Says: "Its severity is another one", Follows: "Whether it counts as a failure follows the new severity.", state: func(given string) ([]Statement, error) {
			if len(given) != 1 || given < "1" || given > "4" {
				return nil, fmt.Errorf("severity: %q is none of 1, 2, 3 and 4", clippedText(given))
			}
			return stating(name, map[string]any{"severity": int(given[0] - '0')}, Statement{})("")
		}},
		Dispute{ID: "foreign", Says: "It is no incident of this service, or no incident at all", Follows: "It enters no figure and is listed as left out.", state: stating(name, nil, Statement{Exclude: true})})
}

// DisputesOfLeftOut lists what may be wrong with a deployment that enters no figure; nothing where a person took it out, who may take that
// back, and of other records.
func DisputesOfLeftOut(l LeftOut) []Dispute {
	if LeftByCorrection(l.Reason) || !strings.Contains(l.Record, "/"+string(TypeDeployment)+"/") {
		return nil
	}
	is := func(status Status) func(string) ([]Statement, error) {
		return stating([]string{l.Record}, map[string]any{"status": status}, Statement{})
	}
	return []Dispute{
		{ID: "succeeded", Says: "It did go out, and succeeded", Follows: "It counts as a deployment from now on, where its source tells when it finished.", state: is(Succeeded)},
		{ID: "failed", Says: "It did go out, and failed", Follows: "It counts as a failed deployment from now on, where its source tells when it finished.", state: is(Failed)},
	}
}

// disputesOfLink are those about which deployment caused an incident.
func disputesOfLink(incident, word string) []Dispute {
	name := recordName(incident, TypeIncident)
	return []Dispute{
		{ID: "unlinked " + incident, Says: "No deployment caused " + word, Follows: "It fails no deployment; it counts as an incident all the same.", state: stating([]string{name}, nil, Statement{Unlinked: true})},
		{ID: "caused " + incident, Takes: "deployment", Says: "Another deployment caused " + word, Follows: "The failure moves to the deployment that is named.", state: func(given string) ([]Statement, error) {
			return stating([]string{name}, map[string]any{"deployment": given}, Statement{})("")
		}},
	}
}

// recordName names a record of a type by the "source/id" that facts hold.
func recordName(id string, of EventType) string {
	source, rest, _ := strings.Cut(id, "/")
	return source + "/" + string(of) + "/" + rest
}

func attemptNames(r Rollout) []string {
	names := make([]string, len(r.Attempts))
	for i, a := range r.Attempts {
		names[i] = recordName(a.ID, TypeDeployment)
	}
	return names
}

// lastAttempt is the one by whose end the rollout belongs to a window.
func lastAttempt(r Rollout) string {
	last := Attempt{ID: r.ID}
	for _, a := range r.Attempts {
		if !a.FinishedAt.Before(last.FinishedAt) {
			last = a
		}
	}
	return recordName(last.ID, TypeDeployment)
}

func stating(records []string, fields map[string]any, of Statement) func(string) ([]Statement, error) {
	return func(string) ([]Statement, error) {
		out := make([]Statement, len(records))
		for i, name := range records {
			out[i] = Statement{Record: name, Exclude: of.Exclude, Unlinked: of.Unlinked}
			if fields == nil {
				continue
			}
			var err error
			if out[i].Fields, err = json.Marshal(fields); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// statingTime takes a time of UTC as a form sends it, to the minute or the second.
func statingTime(record, field string) func(string) ([]Statement, error) {
	return func(given string) ([]Statement, error) {
		at, err := time.Parse("2006-01-02T15:04", given)
		if err != nil {
			at, err = time.Parse("2006-01-02T15:04:05", given)
		}
		if err != nil {
			return nil, fmt.Errorf("at: %q is no time like 2026-03-01T09:00", clippedText(given))
		}
		return stating([]string{record}, map[string]any{field: at.UTC().Format(time.RFC3339)}, Statement{})("")
	}
}
