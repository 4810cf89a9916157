package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// recentTrials is how many trials are shown as evidence.
const recentTrials = 30

// Take collects everything a decision about the request may know at an instant.
func Take(r Request, p Policy, now time.Time, k Known) Snapshot {
	return takeWith(r, p, now, k, func(h *history) folded { return h.fold(p.Criteria) })
}

func takeWith(r Request, p Policy, now time.Time, k Known, fold func(*history) folded) Snapshot {
	now = instant(now)
	h := newHistory(k.Facts, p, now, k.Granted).sharing(k.Older)
	k.Facts, h.past = h.facts, k.past
	s := Snapshot{
		Now: now, Service: k.Service.Name, Tier: k.Service.Tier, Team: k.Service.Team,
		Known: len(k.Facts.Rollouts) > 0, Environment: r.Environment, Kind: k.kind(r.Environment),
		VerdictSource: !h.verdictsSince.IsZero(), BatchCommits: -1, Sources: watermarks(k.Sources),
	}
	if s.Service == "" {
		s.Service = r.Service
	}
	f := fold(h)
	s.Meter, s.Usual, s.Restored, s.Recent = f.meter, f.usual, f.restored, f.recent
	h.standing(&s, r)
	h.staged(&s, r)
	s.OpenFailures = h.openFailures(s.Environment, s.Kind)
	s.OpenIncidents = h.openIncidents(s.Kind)
	s.Meter.OnlyWarns = p.modeIn(s.Kind, p.Criteria.FailureMeter.Mode) != Enforce
	if n := r.Evidence.Commits; n != nil && *n >= 0 {
		s.BatchCommits = int(clampInt(*n))
	}
	if flight := h.inFlight(s.Environment, k.Promotions); flight != nil {
		s.InFlight = &Flight{Promotion: *flight, Ends: flight.ValidUntil.Add(h.watch).UTC()}
	}
	s.Override = k.Override
	s.Demoted = k.Demoted
	s.Monitored = monitoredHere(k.Monitored, s.Environment)
	s.Freeze, s.OpenedAt = frozen(k.Windows, k.Service, s.Environment, s.Kind, now)
	s.OpenedAt = latest(s.OpenedAt, f.reopenedAt)
	return s
}

// instant is a time as decisions have it: in UTC, to the millisecond.
func instant(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// reopened is when the meter opened last, zero when it never stopped the service or stops it now.
func reopened(steps []MeterStep) time.Time {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Why == StepReopened || steps[i].Why == StepVerified {
			return steps[i].At.UTC()
		}
	}
	return time.Time{}
}

// kind is what the records say an environment is for; one they do not know is judged by its name.
func (k Known) kind(environment string) metrics.EnvironmentKind {
	for i := range k.Facts.Rollouts {
		if strings.EqualFold(k.Facts.Rollouts[i].Environment, environment) {
			return k.Facts.Rollouts[i].EnvironmentKind
		}
	}
	if k.KindOf == nil {
		return metrics.DefaultRules().KindOf(environment)
	}
	return k.KindOf(environment)
}

// watermarks are the sources in order of their names, in UTC to the millisecond.
func watermarks(sources []Watermark) []Watermark {
	sorted := make([]Watermark, len(sources))
	for i, w := range sources {
		sorted[i] = Watermark{Name: w.Name, Watermark: w.Watermark.UTC().Truncate(time.Millisecond)}
	}
	slices.SortStableFunc(sorted, func(a, b Watermark) int { return strings.Compare(a.Name, b.Name) })
	return sorted
}

func deployed(r *metrics.Rollout) *Deployed {
	return &Deployed{ID: r.ID, Revision: r.Revision, Digest: r.Digest, Version: r.Version, FinishedAt: r.FinishedAt.UTC()}
}

// recent are the last trials whose outcome or watch is of interest, oldest first.
func (h *history) recent(trials []*metrics.Rollout) []Trial {
	last := trials[max(0, len(trials)-recentTrials):]
	recent := make([]Trial, 0, len(last))
	for _, r := range last {
		t := h.outcome(r)
		t.At, t.KnownAt = t.At.UTC(), t.KnownAt.UTC()
		recent = append(recent, t)
	}
	return recent
}

// standing finds what is live in the environment, what could be gone back to, and how the newest rollout stands.
func (h *history) standing(s *Snapshot, r Request) {
	s.Earlier = []Deployed{}
	var named *Deployed
	for i := len(h.facts.Rollouts) - 1; i >= 0; i-- {
		rollout := &h.facts.Rollouts[i]
		if rollout.FinishedAt.After(h.now) {
			continue
		}
		succeeded := !rollout.SucceededAt.IsZero()
		if rollout.Kind == metrics.Rollback && succeeded {
			s.LastRollbackAt = latest(s.LastRollbackAt, rollout.FinishedAt.UTC())
		}
		if !strings.EqualFold(rollout.Environment, s.Environment) {
			continue
		}
		if s.Live == nil && s.FailedRun == nil && !succeeded {
			s.FailedRun = deployed(rollout)
		}
		switch {
		case !succeeded:
		case s.Live == nil:
			s.Live = deployed(rollout)
			h.watching(s, rollout)
		case !h.rolledBack(rollout) && !sameArtifact(rollout.Digest, rollout.Revision, s.Live.Digest, s.Live.Revision):
			if len(s.Earlier) == 0 {
				s.Earlier = append(s.Earlier, *deployed(rollout))
			}
			if named == nil && sameArtifact(rollout.Digest, rollout.Revision, r.Artifact.Digest, r.Commit) {
				named = deployed(rollout)
			}
		}
	}
	if named != nil && named.ID != s.Earlier[0].ID {
		s.Earlier = append(s.Earlier, *named)
	}
}

// rolledBack tells that this very rollout was taken back: putting it in again is no rollback.
func (h *history) rolledBack(r *metrics.Rollout) bool {
	return slices.ContainsFunc(r.Failures, func(f metrics.Failure) bool {
		return f.Cause == metrics.CauseRollback && !f.KnownAt.After(h.now)
	})
}

// watching notes the live rollout when its watch still runs and nothing has settled its outcome.
func (h *history) watching(s *Snapshot, r *metrics.Rollout) {
	end := h.watchEnd(r)
	if r.Kind != metrics.Redeploy && h.now.Before(end) && h.failedAt(r).IsZero() {
		s.Watching, s.WatchEndsAt = deployed(r), end.UTC()
	}
}

// staged looks for the requested artifact in the stage before: the one the request names, else any staging environment.
func (h *history) staged(s *Snapshot, r Request) {
	for i := len(h.facts.Rollouts) - 1; i >= 0; i-- {
		rollout := &h.facts.Rollouts[i]
		named := strings.EqualFold(rollout.Environment, r.Evidence.PreviousStage)
		unnamed := r.Evidence.PreviousStage == "" && rollout.EnvironmentKind == metrics.Staging
		if rollout.FinishedAt.After(h.now) || (!named && !unnamed) || strings.EqualFold(rollout.Environment, s.Environment) {
			continue
		}
		s.StageKnown = true
		good := !rollout.SucceededAt.IsZero() && h.failedAt(rollout).IsZero()
		if good && sameArtifact(rollout.Digest, rollout.Revision, r.Artifact.Digest, r.Commit) {
			s.Staged = deployed(rollout)
			return
		}
	}
}

// openFailures are failed rollouts that nothing has repaired yet: in this environment, or anywhere in production when it is
// a production environment. Oldest first.
func (h *history) openFailures(environment string, kind metrics.EnvironmentKind) []Problem {
	open := []Problem{}
	for i := range h.facts.Rollouts {
		r := &h.facts.Rollouts[i]
		here := strings.EqualFold(r.Environment, environment) || (kind == metrics.Production && r.EnvironmentKind == kind)
		failed := h.failedAt(r)
		repaired := r.Recovery != nil && !r.Recovery.At.After(h.now)
		if !here || failed.IsZero() || repaired {
			continue
		}
		open = append(open, Problem{ID: r.ID, Also: further(r.Attempts), Since: h.brokeAt(r).UTC(), Says: name(*deployed(r)) + ": " + h.causes(r)})
	}
	return open
}

// further are the ids of the attempts after the first, which names the rollout.
func further(attempts []metrics.Attempt) []string {
	ids := []string{}
	for _, a := range attempts[min(1, len(attempts)):] {
		ids = append(ids, a.ID)
	}
	return ids
}

// causes names why a rollout counts as failed, in the order in which the causes are recorded.
func (h *history) causes(r *metrics.Rollout) string {
	var words []string
	for _, f := range r.Failures {
		if word := string(f.Cause); !f.KnownAt.After(h.now) && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

// openIncidents are incidents that are not resolved, oldest first. One that names no environment counts as production.
func (h *history) openIncidents(kind metrics.EnvironmentKind) []Problem {
	open := []Problem{}
	for _, incident := range h.knownOpen() {
		known, _ := toldBy(incident, h.now)
		if where := cmp.Or(known.EnvironmentKind, metrics.Production); where == kind {
			open = append(open, Problem{ID: incident.ID, Since: known.StartedAt.UTC(), Severity: incident.Severity, Says: incident.Title})
		}
	}
	slices.SortStableFunc(open, func(a, b Problem) int { return a.Since.Compare(b.Since) })
	return open
}

// knownOpen are the incidents that are open, as far as that is known.
func (h *history) knownOpen() []*metrics.IncidentLink {
	var open []*metrics.IncidentLink
	for i := range h.facts.Incidents {
		if h.isOpen(&h.facts.Incidents[i]) {
			open = append(open, &h.facts.Incidents[i])
		}
	}
	for i := range h.facts.TakenBack { // which were the service's until a correction
		incident := &h.facts.TakenBack[i]
		if known, _ := toldBy(incident, h.now); h.isOpen(incident) && !known.Uncounted {
			open = append(open, incident)
		}
	}
	return open
}

// isOpen tells whether an incident is open, as far as that is known.
func (h *history) isOpen(i *metrics.IncidentLink) bool {
	known, told := toldBy(i, h.now)
	resolved := !known.ResolvedAt.IsZero() && !known.ResolvedAt.After(h.now)
	return told && !resolved && !known.StartedAt.After(h.now)
}
