package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
)

// ill is a state of the database that shows one kind of finding.
type ill struct {
	roles    []doctor.Role // that name tokens which nobody can use
	services []metrics.Service
	declared []doctor.Declared
	events   []metrics.Event
	do       func(t bench, db *DB)
	again    func(*Options) // the database is opened again under other rules
	service  string
	says     string // words of the finding, of its evidence, remedy or example
}

// line is n deployments of a service to an environment, four hours apart and the last an hour before noon, changed one by one.
func line(n int, service, environment string, change ...func(i int, d *metrics.Deployment)) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		at := noon.Add(-time.Hour - 4*time.Hour*time.Duration(n-1-i))
		d := metrics.Deployment{
			ID: fmt.Sprintf("%s-%d", service, i), Service: service, Repository: "org/" + service, Environment: environment, Status: metrics.Succeeded,
			Revision: fmt.Sprintf("rev-%s-%d", service, i), StartedAt: at.Add(-5 * time.Minute), FinishedAt: at,
		}
		for _, c := range change {
			c(i, &d)
		}
		events = append(events, metrics.NewEvent("ci", d))
	}
	return events
}

// code is the commits that line deploys, each an hour before its deployment.
func code(n int, service string) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		at := noon.Add(-2*time.Hour - 4*time.Hour*time.Duration(n-1-i))
		c := metrics.Commit{ID: fmt.Sprintf("rev-%s-%d", service, i), Repository: "org/" + service, AuthoredAt: at, CommittedAt: at, Author: "p:ada"}
		if i > 0 {
			c.Parents = []string{fmt.Sprintf("rev-%s-%d", service, i-1)}
		}
		events = append(events, metrics.NewEvent("git", c))
	}
	return events
}

// requested is a pull request for each commit of code; nobody reviewed it.
func requested(n int, service string) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		at := noon.Add(-2*time.Hour - 4*time.Hour*time.Duration(n-1-i))
		events = append(events, metrics.NewEvent("git", metrics.PullRequest{
			ID: fmt.Sprint(i), Repository: "org/" + service, CreatedAt: at, MergedAt: at.Add(time.Minute), MergeCommit: fmt.Sprintf("rev-%s-%d", service, i),
			Commits: []string{fmt.Sprintf("rev-%s-%d", service, i)}, Author: "p:ada",
		}))
	}
	return events
}

func incidents(n int, service string) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		events = append(events, metrics.NewEvent("pager", metrics.Incident{ID: fmt.Sprintf("%s-%d", service, i), Service: service, StartedAt: noon.Add(-time.Duration(i+1) * time.Hour)}))
	}
	return events
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// ills holds a state for each kind of finding.
var ills = map[string]ill{
	"nothing-connected": {says: "type: git"},
	"deriving": {events: many(220), says: "220 services", do: func(t bench, db *DB) { must(t, db.Refresh(t.Context())) },
		again: func(o *Options) { o.Rules.MaxSeverity = 2 }},
	"decision-lost": {events: line(1, "api", "production"), says: "The decision b about api in production of 2 Mar 2026 12:00 UTC", do: func(t bench, db *DB) {
		logsThree(t, db)
		spoils(t.Context(), t, db, "b")
	}},
	"source-trouble": {says: "give it read_api", do: func(t bench, db *DB) {
		must(t, db.Trouble(t.Context(), "lab", "read lab: https://git.example: token lacks read_api; give it read_api"))
	}},
	"rollback-hook": {services: []metrics.Service{{Name: "shop"}}, says: "it answered 404", do: func(t bench, db *DB) {
		r := foundRollback("shop", "ci/1")
		r.State, r.Says = gate.RollbackRefused, "it answered 404"
		_, err := db.AddRollback(t.Context(), r)
		must(t, err)
	}},
	"source-never-read": {declared: []doctor.Declared{{Name: "lab", Type: "gitlab"}}, says: "collect --source lab"},
	"source-silent": {says: "Nothing was heard of it since 27 Feb 2026 12:00 UTC", do: func(t bench, db *DB) {
		must(t, db.Beat(t.Context(), "lab", noon.Add(-72*time.Hour)), db.write.Exec("UPDATE sources SET heartbeat = ?", toMilli(noon.Add(-72*time.Hour))).Error)
	}},
	"source-waiting": {says: "calls are used up", do: func(t bench, db *DB) {
		_, err := db.BeginRun(t.Context(), "lab")
		must(t, err, db.NoteWait(t.Context(), "lab", Wait{Until: noon.Add(time.Hour), Reason: "calls are used up"}))
	}},
	"source-reading": {says: "commits, 40 of 100 records, list 2 of 9", do: func(t bench, db *DB) {
		_, err := db.BeginRun(t.Context(), "lab")
		must(t, err, db.NoteStep(t.Context(), "lab", Step{Pages: 1, Progress: Reached{Doing: "commits", Done: 40, Total: 100, Part: 2, Parts: 9}}))
	}},
	"deliveries-refused": {says: "3 deliveries in all", do: func(t bench, db *DB) {
		must(t, db.Refuse(t.Context(), []Refusal{{Source: "lab", Count: 3, At: noon}}))
	}},
	"source-behind": {says: "3 days before", events: line(1, "shop", "production"), do: func(t bench, db *DB) {
		must(t, db.ApplyPage(t.Context(), "lab", "", "1", incidents(1, "shop"), nil), db.Beat(t.Context(), "lab", noon.Add(-72*time.Hour)))
	}},
	"source-empty": {says: "brought no event", do: func(t bench, db *DB) { must(t, db.Beat(t.Context(), "lab", noon)) }},
	"source-set-aside": {says: "no date (4, like a)", do: func(t bench, db *DB) {
		aside := []SetAside{{"a", "no date"}, {"b", "no date"}, {"c", "no date"}, {"d", "no date"}, {"e", "no name"}}
		must(t, db.ApplyPage(t.Context(), "lab", "", "1", nil, aside))
	}},
	"source-undeclared": {declared: []doctor.Declared{{Name: "other", Type: "git"}}, says: "no longer read", do: func(t bench, db *DB) { must(t, db.Beat(t.Context(), "lab", noon)) }},
	"no-records":        {services: []metrics.Service{{Name: "ghost", Tier: metrics.Standard}}, events: line(1, "shop", "production"), says: "No record names ghost"},
	"unseen-repository": {services: []metrics.Service{{Name: "shop", Tier: metrics.Standard, Repositories: []string{"org/shopp"}}}, events: line(1, "shop", "production"), says: "its records name org/shop"},
	"no-production":     {events: line(3, "shop", "eu-1"), says: `- {match: "eu-1", kind: production}`},
	"all-left-out":      {says: "cancelled (2)", events: line(2, "shop", "production", func(_ int, d *metrics.Deployment) { d.Status = metrics.Cancelled })},
	"before-window": {says: "the last one did on 2 Nov 2025", events: line(1, "shop", "production", func(_ int, d *metrics.Deployment) {
		d.FinishedAt = noon.AddDate(0, -4, 0)
		d.StartedAt = d.FinishedAt
	})},
	"few-deployments": {events: line(3, "shop", "production"), says: "3 deployments of shop to production; a value takes 5"},
	"no-revision": {says: "carry no revision", events: slices.Concat(code(6, "shop"), line(6, "shop", "production")), do: func(t bench, db *DB) {
		for i := range 6 {
			unstated(t, db, fmt.Sprintf("shop-%d", i))
		}
	}},
	"no-commits":          {events: line(6, "shop", "production"), says: "Commits of org/shop are not read"},
	"unknown-revision":    {says: "not among the commits read of org/shop", events: slices.Concat(code(1, "shop"), line(6, "shop", "production", func(i int, d *metrics.Deployment) { d.Revision = fmt.Sprint("elsewhere-", i) }))},
	"unrelated-history":   {says: "share no history", events: slices.Concat(unrelated(6, "shop"), line(6, "shop", "production"))},
	"first-deployment":    {events: slices.Concat(code(1, "shop"), line(1, "shop", "production")), says: "Only a first deployment of shop"},
	"few-changes":         {events: slices.Concat(code(3, "shop"), line(3, "shop", "production")), says: "fewer than 5 changes"},
	"no-requests":         {events: slices.Concat(code(7, "shop"), line(7, "shop", "production")), says: "coding, pickup and review are unknown"},
	"no-reviews":          {events: slices.Concat(code(7, "shop"), line(7, "shop", "production"), requested(7, "shop")), says: "No review of shop"},
	"no-way":              {events: slices.Concat(code(7, "shop"), line(7, "shop", "production")), says: "nothing is recorded but their author"},
	"incidents-elsewhere": {events: slices.Concat(line(1, "payments-api", "production"), incidents(3, "Payments API")), says: `- name: "payments-api"`},
	"role-token":          {events: line(1, "shop", "production"), says: "names a token that nobody can use: ada (revoked)", roles: []doctor.Role{{Name: "lead", Gone: []string{"ada (revoked)"}}}},
	"role-lost":           {events: line(1, "shop", "production"), says: "nobody can override by it", roles: []doctor.Role{{Name: "lead", Gone: []string{"ada (revoked)"}, Lost: true}}},
	"no-incidents":        {events: line(1, "shop", "production"), says: "counts failed runs, rollbacks and reverts only"},
	"few-failures":        {events: line(6, "shop", "production"), says: "0 failed deployments of shop"},
	"no-approvals":        {events: line(6, "shop", "production"), says: "No approvals are recorded"},
	"approvals-undecided": {says: "none of them says when", events: append(line(6, "shop", "production"),
		metrics.NewEvent("ci", metrics.Approval{ID: "a", Deployment: "shop-1", RequestedAt: noon.Add(-time.Hour)}))},
	"no-verdicts": {events: line(6, "shop", "production"), says: "connect Prometheus"},
	"no-team": {says: `- {name: "shop", team: NAME}`, events: append(line(6, "shop", "production"),
		metrics.NewEvent("ci", metrics.Approval{ID: "a", Deployment: "shop-1", RequestedAt: noon.Add(-time.Hour), DecidedAt: noon, Decision: "granted"}))},
	"left-out": {says: "6 records of shop count nowhere", events: line(12, "shop", "production", func(i int, d *metrics.Deployment) {
		if i%2 == 0 {
			d.Status = metrics.Cancelled
		}
	})},
}

// unrelated is commits none of which knows a parent.
func unrelated(n int, service string) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		at := noon.Add(-2*time.Hour - 4*time.Hour*time.Duration(n-1-i))
		events = append(events, metrics.NewEvent("git", metrics.Commit{ID: fmt.Sprintf("rev-%s-%d", service, i), Repository: "org/" + service, AuthoredAt: at, CommittedAt: at}))
	}
	return events
}

// many is one deployment of each of so many services.
func many(services int) []metrics.Event {
	var events []metrics.Event
	for i := range services {
		events = append(events, line(1, fmt.Sprintf("s%03d", i), "production")...)
	}
	return events
}

// unstated takes the revision of a deployment back.
func unstated(t bench, db *DB, id string) {
	t.Helper()
	_, err := metrics.DecodeLines(strings.NewReader(`{"type":"deployment","id":"`+id+`","updated_at":"2026-03-02T11:30:00Z","revision":null}`), "ci",
		func(e metrics.Event) error { mustAppend(t, db, e); return nil })
	must(t, err)
}

func diagnosed(t bench, db *DB, of ill) doctor.Diagnosis {
	t.Helper()
	records, err := db.Records(t.Context(), of.service)
	must(t, err)
	return doctor.Diagnose(records, doctor.Question{
		Now: noon, Window: metrics.Window{From: noon.AddDate(0, 0, -90), To: noon}, Recognises: metrics.DefaultRules().Recognises,
		Declared: of.declared, Configured: of.declared != nil, Roles: of.roles, Service: of.service,
	})
}

func TestEveryKindOfFindingComesFromWhatIsStored(t *testing.T) {
	t.Parallel()
	for _, code := range doctor.Codes() {
		of, given := ills[code]
		if !given {
			t.Errorf("no state shows %s", code)
			continue
		}
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := newSQLite(t)
			db := b.open(withServices(of.services...))
			mustAppend(b, db, of.events...)
			if of.do != nil {
				of.do(b, db)
			}
			if of.again != nil {
				db = b.open(of.again)
			}
			d := diagnosed(b, db, of)
			at := slices.IndexFunc(d.Findings, func(f doctor.Finding) bool { return f.Code == code })
			if at < 0 {
				t.Fatalf("not found among %v", codesOf(d))
			}
			f := d.Findings[at]
			text := strings.Join([]string{f.What, f.Evidence, f.Remedy, f.Example}, "\n")
			if !strings.Contains(text, of.says) {
				t.Errorf("it does not say %q:\n%s", of.says, text)
			}
			if f.Remedy == "" {
				t.Error("it tells no step")
			}
		})
	}
}

func codesOf(d doctor.Diagnosis) []string {
	var codes []string
	for _, g := range d.Groups(1) {
		codes = append(codes, g.Code)
	}
	return codes
}

func TestWhatAFindingSaysToDoEndsIt(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		before []metrics.Event
		rules  func(*Options)
		more   []metrics.Event
		code   string
	}{
		"an environment is said to be production": {line(6, "shop", "eu-1"), func(o *Options) {
			o.Rules.Environments = append([]metrics.EnvironmentRule{{Pattern: "eu-1", Kind: metrics.Production}}, o.Rules.Environments...)
		}, nil, "no-production"},
		"the host states the kind of an environment": {line(6, "shop", "eu-1"), nil,
			line(1, "shop", "eu-1", func(_ int, d *metrics.Deployment) {
				d.ID, d.Labels = "later", map[string]string{metrics.KindLabel: "production"}
				d.Revision = "later"
			}), "no-production"},
		"the name that incidents use is a repository of the service": {append(line(6, "payments-api", "production"), incidents(3, "Payments API")...),
			withServices(metrics.Service{Name: "payments-api", Tier: metrics.Standard, Repositories: []string{"org/payments-api", "Payments API"}}), nil, "incidents-elsewhere"},
		"the commits are read": {line(7, "shop", "production"), nil, code(7, "shop"), "no-commits"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			b := newSQLite(t)
			db := b.open()
			mustAppend(b, db, c.before...)
			if got := codesOf(diagnosed(b, db, ill{})); !slices.Contains(got, c.code) {
				t.Fatalf("before there is no %s among %v", c.code, got)
			}
			if c.rules != nil {
				db = b.open(c.rules)
			}
			mustAppend(b, db, c.more...)
			if got := codesOf(diagnosed(b, db, ill{})); slices.Contains(got, c.code) {
				t.Errorf("after it %s is still among %v", c.code, got)
			}
		})
	}
}

func TestAServiceThatNobodyDeclaredIsItsRepositoryForDeploymentsAndIncidentsAlike(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, code(6, "shop")...)
		mustAppend(t, db, line(6, "shop", "production", func(_ int, d *metrics.Deployment) { d.Service = "" })...)
		mustAppend(t, db, incidents(2, "org/shop")...)
		f := factsOf(t, db, "org/shop")
		if len(f.Rollouts) != 6 || len(f.Incidents) != 2 || f.Incidents[0].Rollout == "" || len(f.Rollouts[1].Changes) != 1 {
			t.Errorf("%d rollouts, %d incidents, the first blamed on %q", len(f.Rollouts), len(f.Incidents), f.Incidents[0].Rollout)
		}
		if got := codesOf(diagnosed(t, db, ill{})); slices.Contains(got, "incidents-elsewhere") {
			t.Errorf("found %v", got)
		}
	})
}

func TestAnIncidentThatNamesARepositoryGoesToTheServiceBuiltFromIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, incidents(2, "org/shop")...) // before anybody knows who is built from it
		mustAppend(t, db, line(6, "shop", "production")...)
		if f := factsOf(t, db, "shop"); len(f.Incidents) != 2 || f.Incidents[0].Rollout == "" {
			t.Errorf("incidents %+v", f.Incidents)
		}
		if services, err := db.Services(t.Context()); err != nil || len(services) != 1 {
			t.Errorf("services %+v, %v", services, err)
		}
	})
}

func TestWhatASourceBroughtIsCountedOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, line(3, "shop", "production")...)
		mustAppend(t, db, append(line(4, "shop", "production")[3:], incidents(1, "shop")...)...)
		mustAppend(t, db, line(3, "shop", "production")...)
		must(t, db.ApplyPage(t.Context(), "lab", "", "1", nil, []SetAside{{"b", "no date"}, {"a", "no date"}, {"c", "no name"}}))
		records, err := db.Records(t.Context(), "")
		must(t, err)
		var says []string
		for _, s := range records.Sources {
			for _, b := range s.Brought {
				says = append(says, fmt.Sprintf("%s %s %d %s", s.Name, b.Type, b.Events, b.LastAt.Format(time.RFC3339)))
			}
			for _, r := range s.Reasons {
				says = append(says, fmt.Sprintf("%s %s %d %v", s.Name, r.Reason, r.N, r.Examples))
			}
		}
		want := []string{
			"ci deployment 4 2026-03-02T12:00:00Z", "lab no date 2 [a b]", "lab no name 1 [c]", "pager incident 1 2026-03-02T12:00:00Z",
		}
		if !slices.Equal(says, want) {
			t.Errorf("got %q, want %q", says, want)
		}
	})
}

func TestWhatDeliveriesSetAsideIsCountedWithItsReasons(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		must(t, db.ApplyPage(t.Context(), "lab", "", "1", nil, []SetAside{{"a", "no date"}}))
		for _, id := range []string{"d1", "d2"} {
			_, err := db.Deliver(t.Context(), Delivery{Source: "lab", ID: id, SetAside: []SetAside{{"record of " + id, "no name"}}})
			must(t, err)
		}
		_, err := db.Deliver(t.Context(), Delivery{Source: "push", ID: "d3", Events: incidents(2, "shop")})
		must(t, err)
		records, err := db.Records(t.Context(), "")
		must(t, err)
		lab := records.Sources[slices.IndexFunc(records.Sources, func(s doctor.Source) bool { return s.Name == "lab" })]
		if lab.SetAside != 3 || len(lab.Reasons) != 2 || lab.Reasons[0].Reason != "no name" || lab.Reasons[0].N != 2 {
			t.Errorf("%d set aside: %+v", lab.SetAside, lab.Reasons)
		}
		d := diagnosed(t, db, ill{declared: []doctor.Declared{{Name: "push", Type: "webhook", Pushed: true}, {Name: "lab", Type: "gitlab"}}})
		i := slices.IndexFunc(d.Sources, func(s doctor.SourceState) bool { return s.Name == "push" })
		if s := d.Sources[i]; s.State != doctor.Pushed || s.Events() != 0 && s.Read {
			t.Errorf("what is only pushed is %+v", s)
		}
	})
}

func TestTheKindOfAnEnvironmentIsThatOfItsDeployments(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, line(1, "shop", "eu-1", func(_ int, d *metrics.Deployment) { d.Labels = map[string]string{metrics.KindLabel: "production"} })...)
		must(t, db.Refresh(t.Context()))
		for name, want := range map[string]metrics.EnvironmentKind{"eu-1": metrics.Production, "EU-1": metrics.Production, "eu-2": metrics.Development, "qa": metrics.Testing} {
			if got, err := db.KindOf(t.Context(), name); err != nil || got != want {
				t.Errorf("%s is %s, %v; want %s", name, got, err, want)
			}
		}
	})
}

func TestRecordsOfOneServiceAreThoseOfAllForIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, append(line(3, "shop", "eu-1"), line(2, "pay", "production")...)...)
		all, err := db.Records(t.Context(), "")
		must(t, err)
		one, err := db.Records(t.Context(), "shop")
		must(t, err)
		if len(all.Services) != 2 || len(one.Services) != 1 || one.Services[0].Known.Environments[0] != all.Services[1].Known.Environments[0] {
			t.Errorf("all %+v, one %+v", all.Services, one.Services)
		}
		if _, err := db.Records(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a service that is not known: %v", err)
		}
	})
}
