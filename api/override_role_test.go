package api_test

import (
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// takesRoles is a policy that wants so many people, all of them with one of the roles; ada is on call for every service, eve leads a team's.
func takesRoles(persons int, who ...string) func(*api.Options) {
	return func(o *api.Options) {
		o.Policy = func(s metrics.Service) gate.Policy {
			p := policyOf(s)
			p.Overrides.Persons, p.Overrides.Who = persons, who
			return p
		}
		o.Roles = func(token string, s metrics.Service) []string {
			switch {
			case token == "ada":
				return []string{"reader", "on-call"}
			case token == "eve" && s.Team == "pay":
				return []string{"team-lead"}
			}
			return nil
		}
	}
}

// rolesOnBoth runs a test over each kind of database, on which a service is stopped.
func rolesOnBoth(t *testing.T, test func(s site), change ...func(*api.Options)) {
	t.Helper()
	for kind, dsn := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "roles.db") },
		"postgres": func(t *testing.T) string { return postgres.New(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSiteOn(t, dsn(t), &clock{now: noon}, append(change, requireTokens, withPages(t))...)
			for _, who := range []string{"ci", "ada", "bob", "eve"} {
				s.grant(who, time.Time{}, "gate", "override", "read", "ingest")
			}
			s.by("ci").post("/api/v1/events", history("payments", strings.Repeat(".", 20)+".x.x.x.x")+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
			test(s)
		})
	}
}

// by is the site as one of the callers asks it.
func (s site) by(who string) site { s.token = "shp_secret_of_" + who; return s }

// decides asks for a promotion, and wants it to go out by an override, "" for none.
func (s site) decides(service, by string) {
	s.Helper()
	d := into[gate.Decision](s.by("ci").post(decisions, askFor(service, "sha256:one")).is(http.StatusOK))
	if d.Override != by || (d.Verdict == gate.Block) != (by == "") {
		s.Errorf("%s: %s by %q, want it by %q; %s", service, d.Verdict, d.Override, by, d.Summary)
	}
}

func TestWhoHasNoneOfThePolicysRolesNeitherOverridesNorAgrees(t *testing.T) {
	t.Parallel()
	rolesOnBoth(t, func(s site) {
		const barred = " may not override payments: that takes one of the roles team-lead, on-call"
		s.by("bob").post(overrides, `{"service":"payments",`+why+`}`).is(http.StatusForbidden, "token:bob"+barred+"; the configuration says under roles which tokens have it")
		o := into[gate.Override](s.by("ada").post(overrides, `{"service":"payments",`+why+`}`).is(http.StatusOK))
		agree := overrides + "/" + o.ID + "/agree"
		s.by("bob").post(agree, "").is(http.StatusForbidden, "token:bob"+barred)
		s.by("ada").post(agree, "").is(http.StatusConflict, "another person")
		s.decides("payments", "")
		o = into[gate.Override](s.by("eve").post(agree, "").is(http.StatusOK))
		if want := map[string][]string{"token:ada": {"on-call"}, "token:eve": {"team-lead"}}; !reflect.DeepEqual(o.Roles, want) || o.Second != "token:eve" {
			s.Errorf("the override says %+v", o)
		}
		s.decides("payments", o.ID)

		// Who leads one team has no say about a service of another.
		s.by("eve").post(overrides, `{"service":"shaky",`+why+`}`).is(http.StatusForbidden, "token:eve may not override shaky")
		var refused, agreed []string
		for _, e := range into[struct{ Entries []gate.LogEntry }](s.by("ci").get("/api/v1/gate/log").is(http.StatusOK)).Entries {
			switch e.Kind {
			case gate.LogRefused:
				refused = append(refused, e.Actor+": "+e.Details)
			case gate.LogAgreed:
				agreed = append(agreed, e.Actor+" "+e.Details)
			}
		}
		if want := []string{"token:bob: token:bob" + barred, "token:bob: token:bob" + barred, "token:ada: asked and agreed by the same caller", "token:eve: token:eve" + strings.Replace(barred, "payments", "shaky", 1)}; !slices.Equal(refused, want) {
			s.Errorf("refused is told as\n%q, want\n%q", refused, want)
		}
		if want := []string{"token:eve as team-lead"}; !slices.Equal(agreed, want) {
			s.Errorf("agreed is told as %q, want %q", agreed, want)
		}
		s.by("ci").get("/api/v1/gate/log/check").is(http.StatusOK, `"intact":true`)
	}, takesRoles(2, "team-lead", "on-call"))
}

// Another server, or the same one before its configuration was read again, knows no roles yet.
func TestAnOverrideFromBeforeRolesWereAgreedDoesNothingAndOneFromBeforeAChangeOfShiftHolds(t *testing.T) {
	t.Parallel()
	rolesOnBoth(t, func(s site) {
		early := into[gate.Override](s.by("ada").post(overrides, `{"service":"payments",`+why+`}`).is(http.StatusOK))
		if early.Roles != nil {
			s.Errorf("where no roles are named it says %v", early.Roles)
		}
		now := newSiteOver(s.T, s.db, s.clock, takesRoles(1, "on-call"), requireTokens, withPages(s.T))
		now.decides("payments", "")
		now.by("ci").get("/api/v1/gate/log").is(http.StatusOK, gate.LogIdle, "it takes the role on-call, and token:ada had none")
		now.by("ci").get(standing("payments")).is(http.StatusOK, "does nothing: it takes the role on-call, and token:ada had none", "It takes the role on-call.")
		now.by("ci").get("/metrics").is(http.StatusOK, "shiphabit_gate_overrides 0")
		s.by("ci").get("/metrics").is(http.StatusOK, "shiphabit_gate_overrides 1")
		now.by("bob").post(overrides+"/"+early.ID+"/withdraw", "").is(http.StatusOK)

		o := into[gate.Override](now.by("ada").post(overrides, `{"service":"payments",`+why+`}`).is(http.StatusOK))
		after := newSiteOver(s.T, s.db, s.clock, takesRoles(1, "on-call"), requireTokens, func(o *api.Options) { o.Roles = nil })
		after.by("ada").post(overrides, `{"service":"payments",`+why+`}`).is(http.StatusForbidden, "that takes the role on-call")
		after.decides("payments", o.ID)
	})
}

func TestWhereNobodyHasToLogInARoleIsHadByWhoeverSendsAToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, takesRoles(1, "on-call"))
	s.post("/api/v1/events", history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	s.post(overrides, `{"service":"shaky",`+why+`}`).is(http.StatusForbidden, "whoever sends no token may not override shaky: that takes the role on-call")
	s.grant("ada", time.Time{}, "override")
	s.by("ada").post(overrides, `{"service":"shaky",`+why+`}`).is(http.StatusOK)
	fix := strings.Replace(askFor("shaky", "sha256:fix"), `"service"`, `"change":{"kind":"fix","fixes":["import/shaky-27"]},"service"`, 1)
	if d := into[gate.Decision](s.post(decisions, fix).is(http.StatusOK)); d.Verdict != gate.Allow || d.Override != "" {
		t.Errorf("a fix: %s by %q", d.Verdict, d.Override)
	}
}
