package metrics

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// link is an incident on its way to a rollout.
type link struct {
	IncidentLink
	record[Incident]
	rollout *draft
}

// linkIncidents attributes each incident by the first rule that holds: what a record states, then what service, environment and
// time suggest. One that neither reaches is kept and says why.
func (d *derivation) linkIncidents() {
	fixed := d.statedByFixes()
	candidates := newTimelines(d.drafts)
	for _, r := range d.incidents {
		l := &link{record: r}
		l.IncidentLink = IncidentLink{ID: r.name(), Incident: r.Value, EnvironmentKind: d.environment(r.Value.Environment).kind,
			Uncounted: !d.rules.countsSeverity(r.Value.Severity)}
		if l.rollout, l.Reason = d.statedRollout(l); l.rollout == nil && fixed[l.ID].of != nil {
			l.rollout, l.Reason = fixed[l.ID].of, "named by the deployment that fixed it, "+fixed[l.ID].by
		}
		byHand := l.causeByHand()
		switch {
		case byHand != nil && byHand.Unlinked:
			l.rollout, l.Confidence, l.Reason = nil, Stated, byHand.handMade()
		case l.rollout != nil && byHand != nil:
			l.Confidence, l.Reason = Stated, byHand.handMade()
		case l.rollout != nil:
			l.Confidence = Stated
		default:
			d.infer(l, candidates)
		}
		if l.rollout != nil {
			l.Rollout = l.rollout.ID
		}
		d.links = append(d.links, l)
	}
}

// causeByHand is the last correction that says what caused the incident, or that no deployment did.
func (l *link) causeByHand() *Correction {
	return lastCorrection(l.revisions, func(c *Correction) bool { return c.Unlinked || c.names("deployment", "revision") })
}

// statedRollout reads what the incident itself names.
func (d *derivation) statedRollout(l *link) (*draft, string) {
	v := l.Value
	if r := d.references.find(l.Source, v.Deployment); r != nil {
		return original(r), "it names the deployment"
	}
	for _, name := range []string{v.Deployment, v.Revision} {
		if r := d.rolloutOf(name, l); r != nil {
			return r, "it names the revision or version"
		}
	}
	for _, word := range append(labelValues(v.Labels), words(v.Title)...) {
		if r := d.references.byURL[word]; r != nil && r.counted() != nil {
			return original(r), "it names the deployment's page"
		}
		if !tellsVersion(word) {
			continue
		}
		if r := d.rolloutOf(word, l); r != nil {
			return r, "it mentions the revision or version " + word
		}
	}
	return nil, ""
}

// labelValues are the values of labels of the form "name:value" or "name=value" whose name speaks of what was deployed.
func labelValues(labels []string) []string {
	var out []string
	for _, l := range labels {
		i := strings.IndexAny(l, ":=")
		if i < 0 {
			continue
		}
		switch strings.ToLower(l[:i]) {
		case "deployment", "release", "revision", "version", "commit", "sha":
			out = append(out, strings.TrimSpace(l[i+1:]))
		}
	}
	return out
}

func words(title string) []string {
	all := strings.Fields(title)
	for i, w := range all {
		all[i] = strings.Trim(w, `()[]{}<>"'.,;!?`)
	}
	return all
}

// versionLike is a name that is unlikely to stand in a title by chance: a number with dots, or a commit.
var versionLike = regexp.MustCompile(`^(?i:[\w/-]*\d+\.\d+[\w.+-]*|[0-9a-f]{7,40})$`)

func tellsVersion(word string) bool { return versionLike.MatchString(word) }

// rolloutOf finds the rollout of a revision or version that was the latest when the incident started, else the first one.
func (d *derivation) rolloutOf(name string, l *link) *draft {
	if name == "" {
		return nil
	}
	var best *draft
	for _, r := range d.named(name) {
		if r.counted() == nil || r.Kind == Redeploy || r.Kind == Rollback || !d.sameEnvironment(l, r) {
			continue
		}
		if best == nil || !r.begin.After(l.Value.StartedAt) {
			best = r
		}
	}
	return best
}

// named are the rollouts of a revision, abbreviated or not, or of a version, by the time they went live.
func (d *derivation) named(name string) []*draft {
	if d.byRevision == nil {
		d.byRevision = map[string][]*draft{}
		for _, r := range d.drafts {
			for _, n := range []string{r.Revision, r.Version} {
				if n != "" {
					d.byRevision[n] = append(d.byRevision[n], r)
				}
			}
		}
	}
	if found := d.byRevision[name]; len(found) > 0 {
		return found
	}
	for _, repository := range d.repositories {
		if h := d.histories[repository]; h != nil {
			if n := h.resolve(name); n != none && len(d.byRevision[h.names[n]]) > 0 {
				return d.byRevision[h.names[n]]
			}
		}
	}
	return nil
}

// sameEnvironment compares by name where some rollout has that name, by kind otherwise: an alert says "prod" where the pipeline
// says "production".
func (d *derivation) sameEnvironment(l *link, r *draft) bool {
	return d.inEnvironment(l, environment{name: r.Environment, kind: r.EnvironmentKind})
}

func (d *derivation) inEnvironment(l *link, e environment) bool {
	name := d.environment(l.Value.Environment).name
	if l.Value.Environment != "" && d.deploysTo(name) {
		return e.name == name
	}
	return e.kind == l.EnvironmentKind
}

func (d *derivation) deploysTo(environment string) bool {
	return slices.ContainsFunc(d.chains, func(c *chain) bool { return c.environment == environment })
}

// infer applies the second rule: the last rollout of the service and environment that is no rollback, was still live, and
// finished at or before the incident's start, or was running at it, within the window.
func (d *derivation) infer(l *link, candidates timelines) {
	l.Confidence = Unattributed
	start := l.Value.StartedAt
	if start.IsZero() {
		l.Reason = "it does not say when it started"
		return
	}
	window := d.attributionWindow()
	best, running := candidates.last(start, window, func(r *draft) bool { return d.sameEnvironment(l, r) })
	if stuck := d.runningAt(l); stuck != "" && !running {
		l.Reason = stuck + " was running when it started and has not finished"
		return
	}
	switch {
	case best == nil:
		l.Reason = fmt.Sprintf("no live rollout finished within %s before it", window)
	case running:
		l.rollout, l.Confidence, l.Reason = best, Inferred, "the rollout was running when it started"
	default:
		l.rollout, l.Confidence = best, Inferred
		l.Reason = fmt.Sprintf("the last live rollout, finished %s before it", start.Sub(best.FinishedAt))
	}
}

// attributionWindow is how long after its finish a rollout of this service can be blamed.
func (d *derivation) attributionWindow() time.Duration {
	return d.service.attributionWindow(d.rules)
}

func (s Service) attributionWindow(rules Rules) time.Duration {
	return cmp.Or(s.AttributionWindow, rules.AttributionWindow)
}

// runningAt names a deployment that began within the window before the incident and runs still: it may be the cause, so that no
// earlier one is blamed while it does.
func (d *derivation) runningAt(l *link) string {
	for _, r := range d.running {
		begun := cmpTime(r.Value.StartedAt, r.Value.CreatedAt)
		since := l.Value.StartedAt.Sub(begun)
		e := d.environment(r.Value.Environment)
		if !begun.IsZero() && since >= 0 && since <= d.attributionWindow() && d.inEnvironment(l, e) {
			return r.name()
		}
	}
	return ""
}
