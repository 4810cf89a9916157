package doctor

import (
	"strings"

	"shiphabit/metrics"
)

// organisation looks for what no service has.
func (d *diagnosis) organisation() {
	if d.records.Deriving > 0 {
		d.add(Finding{Code: "deriving", Severity: Note, What: "Facts of " + plural(d.records.Deriving, "service", "services") + " are made again after a change of the rules or of the program.",
			Remedy: "wait: a running server makes them in the background (docs/operations.md)"})
	}
	if d.q.Service != "" || d.records.Deriving > 0 {
		return // the sum of what is known of some is not that of all
	}
	sum := d.sum()
	if d.empty(sum) {
		return
	}
	d.incidents(sum)
	if sum.production > 0 && sum.recent.Approvals == 0 {
		d.add(Finding{Code: "no-approvals", Severity: Note, Figures: []string{metrics.FigureWaiting}, What: "No approvals are recorded: how long deployments wait for decisions is unknown.",
			Evidence: plural(sum.recent.Rollouts, "recent deployment", "recent deployments") + " without one",
			Remedy:   "where deployments are approved, connect the host that records it (protected environments, change tickets), or send `approval` events"})
	}
	if sum.production > 0 && sum.recent.Verdicts == 0 {
		d.add(Finding{Code: "no-verdicts", Severity: Note, Figures: []string{metrics.FigureFailRate}, What: "No deployment was watched: failures that only signals show are not counted.",
			Evidence: plural(sum.recent.Rollouts, "recent deployment", "recent deployments") + " without a verdict",
			Remedy:   "connect Prometheus, or send `verdict` events"})
	}
}

// lost tells of decisions whose text is damaged.
func (d *diagnosis) lost() {
	for _, l := range d.records.Lost {
		if d.q.Service != "" && d.q.Service != l.Service {
			continue
		}
		d.add(Finding{
			Code: "decision-lost", Severity: Trouble, Service: l.Service, Link: decisionsLink(l.Service),
			What: "The decision " + l.Decision + " about " + l.Service + " in " + l.Environment + " of " + moment(l.At) +
				" cannot be read any more. It counts by its verdict and time; nobody can be shown why it was made, and it cannot be judged again.",
			Evidence: l.Problem,
			Remedy:   "restore the database from a backup that was made before, and look after the disk; `shiphabit gate replay --all` finds every decision that cannot be read",
		})
	}
}

// total is what the services have together.
type total struct {
	rollouts, production, incidents int
	recent                          Recent
	elsewhere                       map[string]int // services with incidents and no deployment
}

func (d *diagnosis) sum() total {
	t := total{elsewhere: map[string]int{}}
	for i := range d.records.Services {
		s := &d.records.Services[i]
		for _, e := range s.Known.Environments {
			t.rollouts += e.Rollouts
		}
		t.production += s.Known.rollouts(metrics.Production)
		t.incidents += s.Known.Incidents
		t.recent.Rollouts += s.Known.Recent.Rollouts
		t.recent.Approvals += s.Known.Recent.Approvals
		t.recent.Verdicts += s.Known.Recent.Verdicts
		if s.Known.Incidents > 0 && len(s.Known.Environments) == 0 {
			t.elsewhere[s.Name] = s.Known.Incidents
		}
	}
	return t
}

// FirstSource is a part of a configuration that connects a first source.
const FirstSource = `sources:
  - name: shop            # a name of your choice
    type: git             # see docs/integrations for GitLab, GitHub and others
    settings:
      path: /srv/clones/shop.git
      tags: "v*"
`

// empty tells that there is nothing at all, and how to begin.
func (d *diagnosis) empty(t total) bool {
	if t.rollouts+t.incidents > 0 {
		return false
	}
	for _, s := range d.records.Sources {
		if s.Events() > 0 {
			return false
		}
	}
	f := Finding{Code: "nothing-connected", Severity: Trouble, Figures: metrics.AllFigures(), What: "No source is connected, and nothing was imported or sent.",
		Remedy: "declare a source in the configuration and start `shiphabit serve --config FILE`; or import a file: `shiphabit import events.jsonl`", Example: FirstSource, Link: "/sources"}
	if len(d.records.Sources)+len(d.q.Declared) > 0 {
		f.What, f.Example = "Sources are connected, and nothing has come from them yet.", ""
		f.Remedy = "see the state of each source above; the first reading may still be under way"
		f.Severity = Gap
	}
	d.add(f)
	return true
}

// incidents: are any known, and do they name services that deploy?
func (d *diagnosis) incidents(t total) {
	figures := []string{metrics.FigureFailRate, metrics.FigureRecovery, metrics.FigureRestore, metrics.FigureReliability}
	if t.incidents == 0 {
		d.add(Finding{Code: "no-incidents", Severity: Gap, Figures: figures,
			What:     "No incident is known: change fail rate counts failed runs, rollbacks and reverts only, and time to restore and reliability are unknown.",
			Evidence: plural(t.rollouts, "deployment", "deployments") + ", no incident",
			Remedy:   "connect what tells of incidents: labelled issues of the Git host, PagerDuty, Alertmanager; or send `incident` events"})
		return
	}
	if len(t.elsewhere) == 0 {
		return
	}
	f := Finding{Code: "incidents-elsewhere", Severity: Gap, Figures: figures,
		What:     "Incidents name no service that deploys: they fail no deployment, and no service recovers from them.",
		Evidence: listed(t.elsewhere, 8), Link: "/services"}
	name, _ := most(t.elsewhere)
	service := d.resembling(name)
	f.Remedy = "name the service in the host as it is named here, or add the name that incidents use to the `repositories` of the service it belongs to"
	f.Example = "services:\n  - name: " + quoted(service) + "\n    repositories: [" + quoted(name) + "]   # beside those it is built from\n"
	d.add(f)
}

// resembling is the service that deploys and whose name is most like another name, "NAME" where none is.
func (d *diagnosis) resembling(name string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("-_. ", r) {
				return -1
			}
			return r
		}, strings.ToLower(lastPart(s)))
	}
	wanted := plain(name)
	for i := range d.records.Services {
		s := &d.records.Services[i]
		if len(s.Known.Environments) == 0 {
			continue
		}
		if own := plain(s.Name); own == wanted || len(wanted) > 3 && (strings.HasPrefix(own, wanted) || strings.HasPrefix(wanted, own) && len(own) > 3) {
			return s.Name
		}
	}
	return "NAME"
}
