package gate

import "shiphabit/metrics"

const (
	minute = 60
	hour   = 60 * minute
)

// Policies are the built-in policies of the four tiers.
func Policies() map[metrics.Tier]Policy {
	return map[metrics.Tier]Policy{
		metrics.Critical: criticalPolicy(),
		metrics.High:     highPolicy(),
		metrics.Standard: standardPolicy(),
		metrics.Low:      lowPolicy(),
	}
}

// PolicyFor is the built-in policy of a tier; a tier nobody knows is judged as standard.
func PolicyFor(tier metrics.Tier) Policy {
	if p, ok := Policies()[tier]; ok {
		return p
	}
	return standardPolicy()
}

// tierPolicy is what all built-in policies share.
func tierPolicy(tier metrics.Tier) Policy {
	return Policy{
		Name: string(tier), Version: 3, Tier: tier, Layers: []string{"tier:" + string(tier)},
		Ceilings: map[metrics.EnvironmentKind]Mode{metrics.Staging: Observe, metrics.Testing: Observe, metrics.Development: Observe},
	}
}

func years(n int64) Fraction { return Fraction{Num: n, Den: 1} }

// enforced and warned are rules for criteria; the argument says what happens when they cannot tell.
func enforced(unknown Result) Rule { return Rule{Enforce, unknown} }
func warned(unknown Result) Rule   { return Rule{WarnOnly, unknown} }

// ownUsual notices a service that fails 15 % where it used to fail less, and warns without cause once in so many years. Ten good ones in a
// row end a warning: three come by at any rate that it is made to notice.
func ownUsual(wrong Fraction) OwnUsual {
	return OwnUsual{Rule: warned(Allow), NoticePPM: 150_000, WrongStopYears: wrong, GoodInARow: 10, MinTrials: 30}
}

// restored wants incidents over within a time, but for 1 in so many: the limit of the tier's failure meter.
func restored(rule Rule, target int64, oneIn int, wrong Fraction) RestoredInTime {
	return RestoredInTime{Rule: rule, TargetSeconds: target, OneIn: oneIn, WrongStopYears: wrong, GoodInARow: 3, MinIncidents: 10, QuietDays: 28, WarnAtPPM: 600_000}
}

func criticalPolicy() Policy {
	p := tierPolicy(metrics.Critical)
	p.WatchSeconds = 60 * minute
	p.Unreachable = Unreachable{Then: "closed", AfterSeconds: minute}
	p.Overrides = OverrideRule{Persons: 2, MaxSeconds: 4 * hour, Uses: 1}
	p.Criteria = Criteria{
		FailureMeter: FailureMeter{
			Rule: enforced(Allow), OneIn: 10, WrongStopYears: years(1), GoodInARow: 3, ProbesPerDay: 1, ProbeCanary: true, PaidPerDay: 5, SharedRepository: BeginsHalf,
		},
		OwnUsual:       ownUsual(years(1)),
		RestoreFirst:   RestoreFirst{Rule: enforced(Allow)},
		OpenIncidents:  OpenIncidents{Rule: enforced(Allow), Severity1: Fail, Severity2: Fail, Unstated: Warn},
		RestoredInTime: restored(enforced(Allow), hour, 10, years(1)),
		PreviousChange: PreviousChange{Rule: enforced(Hold)},
		RollbackReady:  RollbackReady{Rule: enforced(Hold), ExercisedWithinDays: 90},
		TestEvidence:   TestEvidence{Rule: enforced(Hold), Required: true, PreviousStage: true},
		Coverage:       Coverage{Rule: enforced(Hold), MinPPM: 800_000, IgnoreUnderLines: 20, Required: true},
		BatchSize:      BatchSize{Rule: warned(Allow), MaxCommits: 20},
		DataFresh:      DataFresh{Rule: enforced(Hold), MaxAgeSeconds: 15 * minute, HoldSeconds: 4 * hour, Then: Block},
		ErrorBudget:    ErrorBudget{Rule: enforced(Allow), WarnBelowPPM: 250_000, StopsAtZero: true},
		MonitoringLive: MonitoringLive{Rule: enforced(Hold), Errors: true, Latency: true, Business: 1, MaxSilenceSeconds: 15 * minute, Required: true},
		Freezes:        Freezes{Rule: enforced(Allow)},
		Drain:          Drain{Rule: enforced(Hold), Seconds: 24 * hour},
	}
	return p
}

func highPolicy() Policy {
	p := tierPolicy(metrics.High)
	p.WatchSeconds = 30 * minute
	p.Unreachable = Unreachable{Then: "open", AfterSeconds: minute}
	p.Overrides = OverrideRule{Persons: 1, MaxSeconds: 8 * hour, Uses: 1}
	p.Criteria = Criteria{
		FailureMeter:   FailureMeter{Rule: enforced(Allow), OneIn: 8, WrongStopYears: years(2), GoodInARow: 3, ProbesPerDay: 1, SharedRepository: BeginsHalf},
		OwnUsual:       ownUsual(years(2)),
		RestoreFirst:   RestoreFirst{Rule: enforced(Allow)},
		OpenIncidents:  OpenIncidents{Rule: enforced(Allow), Severity1: Fail, Severity2: Warn, Unstated: Warn},
		RestoredInTime: restored(warned(Allow), 4*hour, 8, years(2)),
		PreviousChange: PreviousChange{Rule: enforced(Hold), HoldSeconds: 30 * minute},
		RollbackReady:  RollbackReady{Rule: enforced(Warn), ExercisedWithinDays: 180},
		TestEvidence:   TestEvidence{Rule: enforced(Warn), Required: true},
		Coverage:       Coverage{Rule: enforced(Warn), MinPPM: 700_000, IgnoreUnderLines: 20, Required: true},
		BatchSize:      BatchSize{Rule: warned(Allow), MaxCommits: 40},
		DataFresh:      DataFresh{Rule: enforced(Hold), MaxAgeSeconds: 60 * minute, HoldSeconds: 4 * hour, Then: Warn},
		ErrorBudget:    ErrorBudget{Rule: enforced(Allow), WarnBelowPPM: 250_000, StopsAtZero: true},
		MonitoringLive: MonitoringLive{Rule: enforced(Hold), Errors: true, Latency: true, MaxSilenceSeconds: 15 * minute, Required: true},
		Freezes:        Freezes{Rule: enforced(Allow)},
		Drain:          Drain{Rule: enforced(Hold), Seconds: 24 * hour},
	}
	return p
}

func standardPolicy() Policy {
	p := tierPolicy(metrics.Standard)
	p.WatchSeconds = 15 * minute
	p.Unreachable = Unreachable{Then: "open", AfterSeconds: minute}
	p.Overrides = OverrideRule{Persons: 1, MaxSeconds: 24 * hour, Uses: 1}
	p.Criteria = Criteria{
		FailureMeter:   FailureMeter{Rule: enforced(Allow), OneIn: 6, WrongStopYears: years(2), GoodInARow: 3, ProbesPerDay: 2, SharedRepository: BeginsHalf},
		OwnUsual:       ownUsual(years(2)),
		RestoreFirst:   RestoreFirst{Rule: enforced(Allow), OlderThanSeconds: 60 * minute},
		OpenIncidents:  OpenIncidents{Rule: warned(Allow), Severity1: Fail, Severity2: Fail, Unstated: Fail},
		RestoredInTime: restored(warned(Allow), 24*hour, 6, years(2)),
		PreviousChange: PreviousChange{Rule: warned(Warn)},
		RollbackReady:  RollbackReady{Rule: enforced(Warn)},
		TestEvidence:   TestEvidence{Rule: enforced(Allow)},
		DataFresh:      DataFresh{Rule: enforced(Warn), MaxAgeSeconds: 6 * hour, Then: Warn},
		ErrorBudget:    ErrorBudget{Rule: warned(Allow)},
		MonitoringLive: MonitoringLive{Rule: enforced(Warn), Errors: true, MaxSilenceSeconds: 15 * minute},
		Freezes:        Freezes{Rule: enforced(Allow)},
		Drain:          Drain{Rule: enforced(Hold), Seconds: 24 * hour},
	}
	return p
}

func lowPolicy() Policy {
	p := tierPolicy(metrics.Low)
	p.WatchSeconds = 10 * minute
	p.Unreachable = Unreachable{Then: "open", AfterSeconds: minute}
	p.Overrides = OverrideRule{Persons: 1, Self: true, MaxSeconds: 24 * hour, Uses: 1}
	p.Criteria = Criteria{
		FailureMeter: FailureMeter{Rule: warned(Allow), OneIn: 4, WrongStopYears: years(3), GoodInARow: 3, SharedRepository: BeginsHalf},
		RestoreFirst: RestoreFirst{Rule: warned(Allow)},
		TestEvidence: TestEvidence{Rule: warned(Allow)},
		DataFresh:    DataFresh{Rule: warned(Warn), MaxAgeSeconds: 24 * hour, Then: Warn},
		Freezes:      Freezes{Rule: enforced(Allow)},
	}
	return p
}
