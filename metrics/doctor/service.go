package doctor

import (
	"cmp"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// service looks for what one service lacks. What keeps it from having any figure is said alone.
func (d *diagnosis) service(s *Service) {
	if !d.deployments(s) || !d.production(s) || !d.window(s) {
		return
	}
	d.changes(s)
	d.requests(s)
	d.failures(s)
	d.approvals(s)
	d.leftOut(s)
}

// rollback: did its hook take what it was told last? This is about no figure.
func (d *diagnosis) rollback(s *Service) {
	r := s.Rollback
	if r == nil {
		return
	}
	d.add(Finding{
		Code: "rollback-hook", Severity: Trouble, Service: s.Name, Link: serviceLink(s.Name) + "/gate",
		What:     "The watch of " + r.Deployment + " failed, and the rollback hook of " + s.Name + " did not take it: nothing rolled back by itself.",
		Evidence: moment(r.At) + ": " + r.Says,
		Remedy:   "look whether production is well, then mend the address or the pipeline behind `services[].rollback`; this goes away when the hook takes the next one, or after a week",
	})
}

// about begins a finding about a service and the figures that it keeps from being whole.
func about(s *Service, code string, severity Severity, figures ...string) Finding {
	f := Finding{Code: code, Severity: severity, Service: s.Name, Figures: figures, Link: serviceLink(s.Name)}
	if len(figures) == 1 {
		f.Link = explainLink(figures[0], s.Name)
	}
	return f
}

// deployments: is any deployment known?
func (d *diagnosis) deployments(s *Service) bool {
	if len(s.Unseen) > 0 {
		d.add(unseen(s))
	}
	switch {
	case len(s.Known.Environments) > 0:
		return true
	case len(s.Known.LeftOut) > 0 || s.Known.Running > 0:
		d.add(allLeftOut(s))
	case s.Known.Incidents == 0 && len(s.Unseen) == 0:
		d.add(noRecords(s))
	}
	return false
}

// unseen: repositories that it declares and that no record names.
func unseen(s *Service) Finding {
	f := about(s, "unseen-repository", Trouble, ofDeployments...)
	f.What = "No record names " + strings.Join(s.Unseen, ", ") + ", which " + s.Name + " declares."
	f.Evidence = "names are compared to the letter"
	if seen := without(s.Repositories, s.Unseen); len(seen) > 0 {
		f.Evidence = "its records name " + strings.Join(seen, ", ")
	}
	f.Remedy = "write the repository as its source names it (`GET /api/v1/services` lists those seen), or connect the source that reads it"
	return f
}

// allLeftOut: there are deployments, and none of them counts.
func allLeftOut(s *Service) Finding {
	f := about(s, "all-left-out", Gap, ofDeployments...)
	f.What = "Deployments of " + s.Name + " are known, and none of them counts."
	var says []string
	if len(s.Known.LeftOut) > 0 {
		says = append(says, listed(s.Known.LeftOut, 4))
	}
	if s.Known.Running > 0 {
		says = append(says, "running still ("+number(s.Known.Running)+")")
	}
	f.Evidence = strings.Join(says, ", ")
	f.Remedy = "let the source state status and finish of its deployments; `shiphabit explain deployment_frequency --service " + s.Name + "` lists the records"
	f.Link = explainLink(metrics.FigureFrequency, s.Name)
	return f
}

// noRecords: no deployment is known at all.
func noRecords(s *Service) Finding {
	f := about(s, "no-records", Gap, ofDeployments...)
	if len(s.Repositories) == 0 {
		f.What = "No record names " + s.Name + ", and it declares no repository."
		f.Remedy = "name its repositories under `services`, or let deployments name it as their service"
		return f
	}
	f.What = "No deployment of " + s.Name + " is known, though its code is read."
	f.Evidence = "repositories " + strings.Join(s.Repositories, ", ")
	f.Remedy = "connect the source that knows its deployments (the host's environments, pipelines or releases; Argo CD, Jenkins), or send them with `shiphabit import`"
	return f
}

// without are the names of a list that another list lacks.
func without(all, but []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(but, name) })
}

// production: does anything go to production?
func (d *diagnosis) production(s *Service) bool {
	if s.Known.rollouts(metrics.Production) > 0 {
		return true
	}
	seen, open := map[string]int{}, map[string]int{}
	for _, e := range s.Known.Environments {
		seen[e.Name] += e.Rollouts
		if !d.q.Recognises(e.Name) && e.Kind == metrics.Development {
			open[e.Name] += e.Rollouts
		}
	}
	f := about(s, "no-production", Gap, ofDeployments...)
	f.What = "Deployments of " + s.Name + " are known, and none of them went to an environment of kind production."
	f.Evidence = "environments seen: " + listed(seen, 6)
	name, _ := most(seen)
	if len(open) > 0 {
		f.Severity = Trouble
		name, _ = most(open)
		f.Evidence += "; no rule knows " + listed(open, 6)
	}
	f.Remedy = "say under `environments` which of them is production, or let the host state it; figures are made anew from what is stored"
	f.Example = "environments:\n  - {match: " + quoted(name) + ", kind: production}\n"
	d.add(f)
	return false
}

// window: does the window hold enough of them?
func (d *diagnosis) window(s *Service) bool {
	latest := s.Known.Latest[metrics.FigureFrequency]
	floor := metrics.DORA().Floor
	n := s.Known.within(metrics.FigureFrequency, d.q.Window)
	switch {
	case len(latest) == 0:
		return false // every one is a redeploy of what was live
	case n == 0:
		f := about(s, "before-window", Note, ofDeployments...)
		f.What = "No deployment of " + s.Name + " to production finished in the window; the last one did on " + day(latest[0]) + "."
		f.Evidence = plural(s.Known.rollouts(metrics.Production), "deployment", "deployments") + " to production in all"
		f.Remedy = "choose a window that reaches further back; if it was deployed since, look at the state of the source that tells of it"
		d.add(f)
		return false
	case n < floor:
		f := about(s, "few-deployments", Note, metrics.FigureFrequency, metrics.FigureFailRate, metrics.FigureRework)
		f.What = "The window holds " + plural(n, "deployment", "deployments") + " of " + s.Name + " to production; a value takes " + number(floor) + "."
		if len(latest) == floor {
			f.Evidence = "the last " + number(floor) + " reach back to " + day(latest[floor-1])
			f.Remedy = "choose a window that begins on " + day(latest[floor-1]) + " or before"
		} else {
			f.Evidence = plural(len(latest), "deployment", "deployments") + " in all"
			f.Remedy = "wait for more, or read further back where the source has older ones"
		}
		d.add(f)
	}
	return true
}

// changes: are the commits known that deployments bring?
func (d *diagnosis) changes(s *Service) {
	floor := metrics.DORA().Floor
	r := s.Known.Recent
	reason, n := most(r.Baselines)
	if s.Known.within(metrics.FigureLeadTime, d.q.Window) >= floor && 2*n < r.Rollouts {
		return
	}
	if n == 0 || reason == metrics.BaselineFirst && r.Rollouts > 1 {
		f := about(s, "few-changes", Note, metrics.FigureLeadTime)
		f.What = "The window holds fewer than " + number(floor) + " changes with a lead time."
		f.Evidence = plural(r.Changes, "change", "changes") + " came with " + plural(r.Rollouts, "recent deployment", "recent deployments")
		f.Remedy = "choose a longer window, or see which changes were left out and why"
		d.add(f)
		return
	}
	f := baselines(s, reason)
	if f.Evidence == "" {
		f.Evidence = of(n, r.Rollouts, "recent deployment", "recent deployments")
	}
	d.add(f)
}

// baselines says why it is not known what deployments bring.
func baselines(s *Service, reason string) Finding {
	repository, _ := most(s.Known.Recent.Repositories)
	named := repository != ""
	repository = cmp.Or(repository, "its repository")
	f := about(s, "first-deployment", Note, metrics.FigureLeadTime)
	switch reason {
	case metrics.BaselineNoCommits:
		f.Code, f.Severity = "no-commits", Gap
		f.What = "Commits of " + repository + " are not read, so what deployments of " + s.Name + " bring is unknown (baselines)."
		f.Remedy = "connect a source that reads the code of " + repository + ": its Git host, or a clone"
		if !named {
			break
		}
		f.Example = "sources:\n  - name: " + quoted(repository) + "\n    type: git\n    settings: {path: " + quoted("/srv/clones/"+lastPart(repository)+".git") + "}\n"
	case metrics.BaselineUnstated:
		f.Code, f.Severity = "no-revision", Gap
		f.What = "Deployments of " + s.Name + " carry no revision, so what they bring is unknown."
		f.Evidence = of(s.Known.Recent.NoRevision, s.Known.Recent.Rollouts, "recent deployment", "recent deployments")
		f.Remedy = "let the pipeline state the commit it deploys (`revision`)"
	case metrics.BaselineUnknown:
		f.Code, f.Severity = "unknown-revision", Gap
		f.What = "Revisions that are deployed of " + s.Name + " are not among the commits read of " + repository + "."
		f.Remedy = "read further back (`since` of the source), read the branch they are on, or let deployments name the repository they are built from"
	case metrics.BaselineUnrelated:
		f.Code, f.Severity = "unrelated-history", Gap
		f.What = "Deployed revisions of " + s.Name + " share no history with those before them."
		f.Remedy = "see that the clone is not shallow, and that deployments name the repository they are built from"
	default:
		f.What = "Only a first deployment of " + s.Name + " is known; what one brings is told from the one before it."
		f.Remedy = "nothing: the next deployment brings changes. Reading further back brings them at once"
	}
	return f
}

func lastPart(repository string) string { return repository[strings.LastIndexByte(repository, '/')+1:] }

// requests: are the pull requests known by which changes came, their reviews and authors?
func (d *diagnosis) requests(s *Service) {
	r := s.Known.Recent
	if r.Changes == 0 {
		return
	}
	of := of(r.Changes, r.Changes, "recent change", "recent changes")
	f := about(s, "no-requests", Gap, metrics.FigureStages)
	switch {
	case r.Request == 0:
		f.What = "No pull requests of " + s.Name + " are known: coding, pickup and review are unknown."
		f.Evidence = of + " belong to none"
		f.Remedy = "connect the Git host with a token that may read pull requests; a clone alone does not tell of them"
		d.add(f)
	case r.Reviewed == 0:
		f.Code = "no-reviews"
		f.What = "No review of " + s.Name + " is known: pickup and review are unknown."
		f.Evidence = number(r.Request) + " recent changes came by pull request, none of them reviewed by somebody else"
		f.Remedy = "see that the token may read reviews; if nobody reviews, this is the answer"
		d.add(f)
	}
	if r.Unsigned == r.Changes {
		f := about(s, "no-way", Gap, metrics.FigureHandoffs)
		f.What = "Of the way of " + s.Name + "'s changes nothing is recorded but their author, or not even that: handoffs are unknown."
		f.Evidence = of
		f.Remedy = "connect what knows reviewers, approvers and deployers (people are kept as keyed hashes only)"
		d.add(f)
	}
}

// failures: are there enough failures for a recovery time?
func (d *diagnosis) failures(s *Service) {
	floor := metrics.DORA().Floor
	if s.Known.within(metrics.FigureFrequency, d.q.Window) < floor {
		return
	}
	if n := s.Known.within(metrics.FigureRecovery, d.q.Window); n < floor {
		f := about(s, "few-failures", Note, metrics.FigureRecovery)
		f.What = "The window holds " + plural(n, "failed deployment", "failed deployments") + " of " + s.Name + "; a recovery time takes " + number(floor) + "."
		f.Evidence = of(s.Known.Recent.Failed, s.Known.Recent.Rollouts, "recent deployment", "recent deployments") + " failed"
		f.Remedy = "nothing: few failures are good. A longer window may hold enough"
		d.add(f)
	}
}

// approvals: are those that are recorded decided?
func (d *diagnosis) approvals(s *Service) {
	r := s.Known.Recent
	if r.Approvals > 0 && r.Undecided == r.Approvals {
		f := about(s, "approvals-undecided", Gap, metrics.FigureWaiting)
		f.What = "Approvals of " + s.Name + " are recorded, and none of them says when it was decided."
		f.Evidence = plural(r.Approvals, "approval", "approvals") + " on recent deployments"
		f.Remedy = "let the source state `decided_at` and `decision`"
		d.add(f)
	}
	if s.Team == "" && (r.Approvals > 0 || r.Unsigned < r.Changes) {
		f := about(s, "no-team", Note, metrics.FigureWaiting, metrics.FigureHandoffs)
		f.What = "No team is declared for " + s.Name + ": whether another team decides, and handoffs between teams, cannot be told."
		f.Remedy = "declare its team under `services`"
		f.Example = "services:\n  - {name: " + quoted(s.Name) + ", team: NAME}\n"
		d.add(f)
	}
}

// leftOut tells of deployments that count nowhere, where there are many of them.
func (d *diagnosis) leftOut(s *Service) {
	n := 0
	for _, k := range s.Known.LeftOut {
		n += k
	}
	all := n
	for _, e := range s.Known.Environments {
		all += e.Rollouts
	}
	if n < 5 || 10*n < all {
		return
	}
	f := about(s, "left-out", Note, metrics.FigureFrequency)
	f.What = number(n) + " records of " + s.Name + " count nowhere."
	f.Evidence = listed(s.Known.LeftOut, 4)
	f.Remedy = "see whether that is meant: `shiphabit explain deployment_frequency --service " + s.Name + "` lists each with its reason"
	d.add(f)
}
