package config

import (
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// terms are all the values of a policy, in the order of the reference page.
func terms() []term {
	type P = *gate.Policy
	all := []term{
		{key: "watch", scalar: aSpan, tighter: 1, doc: "How long a deployment is watched before its outcome counts as known.", of: func(p P) any { return &p.WatchSeconds }},
		{key: "unreachable", scalar: oneOf("answer", "open", "closed"), tighter: 1, doc: "What a caller does that cannot reach the gate.", of: func(p P) any { return &p.Unreachable.Then }},
		{key: "unreachable_after", scalar: aSpan, doc: "How long a caller tries first.", of: func(p P) any { return &p.Unreachable.AfterSeconds }},
		{group: "overrides", key: "persons", scalar: number(1, 9), tighter: 1, doc: "How many have to agree to an override.", of: func(p P) any { return &p.Overrides.Persons }},
		{group: "overrides", key: "self", scalar: aBool, tighter: -1, doc: "Whether whoever asks may override.", of: func(p P) any { return &p.Overrides.Self }},
		{group: "overrides", key: "max", scalar: aSpan, tighter: -1, doc: "How long an override holds at most.", of: func(p P) any { return &p.Overrides.MaxSeconds }},
		{group: "overrides", key: "who", scalar: aRole, many: true, tighter: -1, doc: "Roles of which everybody who asks for an override or agrees to one needs one; further in, fewer of them are tighter.", of: func(p P) any { return &p.Overrides.Who }},
		{group: "overrides", key: "uses", scalar: number(1, 1000), tighter: -1, doc: "How many deployments it lets through.", of: func(p P) any { return &p.Overrides.Uses }},
	}
	for _, kind := range []metrics.EnvironmentKind{metrics.Production, metrics.Staging, metrics.Testing, metrics.Development} {
		all = append(all, term{group: "ceilings", key: string(kind), scalar: mode, tighter: 1, doc: "The most a criterion may do in environments of kind " + string(kind) + "."})
	}
	add := func(criterion string, rule func(P) *gate.Rule, own ...term) {
		all = append(all,
			term{criterion: criterion, key: "mode", scalar: mode, tighter: 1, doc: "What it may do.", of: func(p P) any { return &rule(p).Mode }},
			term{criterion: criterion, key: "on_unknown", scalar: unknown, tighter: 1, doc: "What happens when it cannot tell.", of: func(p P) any { return &rule(p).OnUnknown }})
		for _, t := range own {
			t.criterion = criterion
			all = append(all, t)
		}
	}
	addMeter(add)
	addMeters(add)
	addProblems(add)
	addReadiness(add)
	return all
}

type addTerms func(criterion string, rule func(*gate.Policy) *gate.Rule, own ...term)

func addMeter(add addTerms) {
	type P = *gate.Policy
	add("failure-meter", func(p P) *gate.Rule { return &p.Criteria.FailureMeter.Rule },
		term{key: "not_acceptable", scalar: oneIn, tighter: 1, doc: "The share of failed deployments that is not acceptable; 1 in 6 makes a failure cost 5 points.", of: func(p P) any { return &p.Criteria.FailureMeter.OneIn }},
		term{key: "wrong_stop", scalar: years, tighter: -1, doc: "How often a service that fails half as often may be stopped wrongly; it sets the line.", of: func(p P) any { return &p.Criteria.FailureMeter.WrongStopYears }},
		term{key: "paid_per_day", scalar: number(0, 1000), doc: "How many good deployments pay back on one day, at most; 0 is no bound.", of: func(p P) any { return &p.Criteria.FailureMeter.PaidPerDay }},
		term{key: "shared_repository", scalar: oneOf("beginning", gate.BeginsEmpty, gate.BeginsHalf), tighter: 1, doc: "How it begins for a new service that shares its repository, or a folder of it, with one that is at least 30 days older: empty, or half full.", of: func(p P) any { return &p.Criteria.FailureMeter.SharedRepository }},
		term{group: "reopen", key: "good_in_a_row", scalar: number(1, 100), tighter: 1, doc: "Good deployments in a row that open a stopped service again.", of: func(p P) any { return &p.Criteria.FailureMeter.GoodInARow }},
		term{group: "reopen", key: "probes_per_day", scalar: number(0, 24), tighter: -1, doc: "Promotions a day let through while stopped.", of: func(p P) any { return &p.Criteria.FailureMeter.ProbesPerDay }},
		term{group: "reopen", key: "probe_canary", scalar: aBool, tighter: 1, doc: "Whether those have to go out as a canary.", of: func(p P) any { return &p.Criteria.FailureMeter.ProbeCanary }})
}

// addMeters adds the meters beside the one of failures.
func addMeters(add addTerms) {
	type P = *gate.Policy
	add("own-usual", func(p P) *gate.Rule { return &p.Criteria.OwnUsual.Rule },
		term{key: "notice", scalar: percent, tighter: -1, doc: "The share of failed deployments that is to be noticed soon, where less is usual.", of: func(p P) any { return &p.Criteria.OwnUsual.NoticePPM }},
		term{key: "wrong_warning", scalar: years, tighter: -1, doc: "How often a service that stays as it was may be warned about.", of: func(p P) any { return &p.Criteria.OwnUsual.WrongStopYears }},
		term{key: "good_in_a_row", scalar: number(1, 100), tighter: 1, doc: "Good deployments in a row that end a warning.", of: func(p P) any { return &p.Criteria.OwnUsual.GoodInARow }},
		term{key: "min_deployments", scalar: number(10, 10_000), tighter: -1, doc: "Deployments that make a usual rate.", of: func(p P) any { return &p.Criteria.OwnUsual.MinTrials }})
	add("restored-in-time", func(p P) *gate.Rule { return &p.Criteria.RestoredInTime.Rule },
		term{key: "within", scalar: aSpan, tighter: -1, doc: "How soon an incident is to be over.", of: func(p P) any { return &p.Criteria.RestoredInTime.TargetSeconds }},
		term{key: "not_acceptable", scalar: oneIn, tighter: 1, doc: "The share of late ones that is not acceptable.", of: func(p P) any { return &p.Criteria.RestoredInTime.OneIn }},
		term{key: "wrong_stop", scalar: years, tighter: -1, doc: "How often a service that is late half as often may be stopped wrongly.", of: func(p P) any { return &p.Criteria.RestoredInTime.WrongStopYears }},
		term{key: "good_in_a_row", scalar: number(1, 100), tighter: 1, doc: "Incidents in a row restored in time that open a stopped service again.", of: func(p P) any { return &p.Criteria.RestoredInTime.GoodInARow }},
		term{key: "min_incidents", scalar: number(0, 1000), tighter: -1, doc: "Until so many incidents are known it only warns.", of: func(p P) any { return &p.Criteria.RestoredInTime.MinIncidents }},
		term{key: "quiet_days", scalar: number(1, 366), tighter: 1, doc: "Days without a late one that open a stopped service again.", of: func(p P) any { return &p.Criteria.RestoredInTime.QuietDays }},
		term{key: "warn_at", scalar: percent, doc: "The part of the line from which it warns; 0% never.", of: func(p P) any { return &p.Criteria.RestoredInTime.WarnAtPPM }})
	add("error-budget", func(p P) *gate.Rule { return &p.Criteria.ErrorBudget.Rule },
		term{key: "warn_below", scalar: percent, tighter: 1, doc: "The share left below which it warns.", of: func(p P) any { return &p.Criteria.ErrorBudget.WarnBelowPPM }},
		term{key: "stops_at_zero", scalar: aBool, tighter: 1, doc: "Whether a budget that is used up stops changes.", of: func(p P) any { return &p.Criteria.ErrorBudget.StopsAtZero }})
	add("monitoring-live", func(p P) *gate.Rule { return &p.Criteria.MonitoringLive.Rule },
		term{key: "errors", scalar: aBool, tighter: 1, doc: "Whether errors must have been seen.", of: func(p P) any { return &p.Criteria.MonitoringLive.Errors }},
		term{key: "latency", scalar: aBool, tighter: 1, doc: "Whether latency must have been seen.", of: func(p P) any { return &p.Criteria.MonitoringLive.Latency }},
		term{key: "business", scalar: number(0, 20), tighter: 1, doc: "How many other signals must have been seen.", of: func(p P) any { return &p.Criteria.MonitoringLive.Business }},
		term{key: "max_silence", scalar: aSpan, tighter: -1, doc: "How long ago at most.", of: func(p P) any { return &p.Criteria.MonitoringLive.MaxSilenceSeconds }},
		term{key: "required", scalar: aBool, tighter: 1, doc: "Whether a request that says nothing about signals counts as unknown.", of: func(p P) any { return &p.Criteria.MonitoringLive.Required }})
	add("freeze", func(p P) *gate.Rule { return &p.Criteria.Freezes.Rule })
	add("drain", func(p P) *gate.Rule { return &p.Criteria.Drain.Rule },
		term{key: "for", scalar: aSpan, tighter: 1, doc: "How long after a stop or a freeze changes go out one at a time.", of: func(p P) any { return &p.Criteria.Drain.Seconds }})
}

func addProblems(add addTerms) {
	type P = *gate.Policy
	add("restore-first", func(p P) *gate.Rule { return &p.Criteria.RestoreFirst.Rule },
		term{key: "open_failed_deployment_older_than", scalar: aSpan, tighter: -1, doc: "How long a failed deployment may be open before nothing else goes out; fixes always do.", of: func(p P) any { return &p.Criteria.RestoreFirst.OlderThanSeconds }})
	add("open-incidents", func(p P) *gate.Rule { return &p.Criteria.OpenIncidents.Rule },
		term{key: "severity_1", scalar: severity, tighter: 1, doc: "What an open incident of severity 1 does.", of: func(p P) any { return &p.Criteria.OpenIncidents.Severity1 }},
		term{key: "severity_2", scalar: severity, tighter: 1, doc: "The same for severity 2.", of: func(p P) any { return &p.Criteria.OpenIncidents.Severity2 }},
		term{key: "severity_unstated", scalar: severity, tighter: 1, doc: "The same for an incident that states none.", of: func(p P) any { return &p.Criteria.OpenIncidents.Unstated }})
	add("previous-change", func(p P) *gate.Rule { return &p.Criteria.PreviousChange.Rule },
		term{key: "hold", scalar: aSpan, doc: "How long it holds after the previous change finished; 0s means to the end of its watch.", of: func(p P) any { return &p.Criteria.PreviousChange.HoldSeconds }})
	add("data-fresh", func(p P) *gate.Rule { return &p.Criteria.DataFresh.Rule },
		term{key: "max_age", scalar: aSpan, tighter: -1, doc: "How old the newest records may be.", of: func(p P) any { return &p.Criteria.DataFresh.MaxAgeSeconds }},
		term{key: "hold", scalar: aSpan, doc: "How long older ones hold a promotion at most, where on_unknown is hold; 0s is without end.", of: func(p P) any { return &p.Criteria.DataFresh.HoldSeconds }},
		term{key: "then", scalar: afterwards, doc: "What happens when that is over.", of: func(p P) any { return &p.Criteria.DataFresh.Then }})
}

func addReadiness(add addTerms) {
	type P = *gate.Policy
	add("rollback-ready", func(p P) *gate.Rule { return &p.Criteria.RollbackReady.Rule },
		term{key: "exercised_within_days", scalar: number(0, 3660), doc: "A rollback must have run within so many days; 0 asks only for something to go back to.", of: func(p P) any { return &p.Criteria.RollbackReady.ExercisedWithinDays }})
	add("test-evidence", func(p P) *gate.Rule { return &p.Criteria.TestEvidence.Rule },
		term{key: "required", scalar: aBool, tighter: 1, doc: "Whether silence about tests counts as unknown.", of: func(p P) any { return &p.Criteria.TestEvidence.Required }},
		term{key: "previous_stage", scalar: aBool, tighter: 1, doc: "Whether our own records must show success in the stage before.", of: func(p P) any { return &p.Criteria.TestEvidence.PreviousStage }})
	add("changed-line-coverage", func(p P) *gate.Rule { return &p.Criteria.Coverage.Rule },
		term{key: "min", scalar: percent, tighter: 1, doc: "The share of changed lines that tests must cover.", of: func(p P) any { return &p.Criteria.Coverage.MinPPM }},
		term{key: "ignore_under_lines", scalar: number(0, 1_000_000), tighter: -1, doc: "Smaller changes are not judged.", of: func(p P) any { return &p.Criteria.Coverage.IgnoreUnderLines }},
		term{key: "required", scalar: aBool, tighter: 1, doc: "Whether silence about coverage counts as unknown.", of: func(p P) any { return &p.Criteria.Coverage.Required }})
	add("batch-size", func(p P) *gate.Rule { return &p.Criteria.BatchSize.Rule },
		term{key: "max_commits", scalar: number(1, 1_000_000), tighter: -1, doc: "The most commits a promotion may bring.", of: func(p P) any { return &p.Criteria.BatchSize.MaxCommits }})
}
