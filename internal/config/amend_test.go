package config

import (
	"strings"
	"testing"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

var toRaise = []gate.PolicyChange{
	{Key: "criteria.open-incidents.mode", Value: "enforce"}, {Key: "criteria.batch-size.mode", Value: "enforce"},
	{Key: "ceilings.production", Value: "enforce"}, {Key: "criteria.batch-size.mode", Value: "enforce"},
}

// The lines of an amendment, put where it says, do what was meant and nothing else.
func TestTheLinesOfAnAmendmentDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for about, name := range map[string]string{
		"a plain name": "payments-api", "a word that YAML reads as another thing": "no", "a number": "12", "a name with signs": `a: {b}, "c" #d é`,
	} {
		services := "services:\n  - {name: " + yamlWord(name) + ", tier: standard}\n"
		c := amended(t, services, "")
		a := c.Amend("service:"+name, toRaise)
		if a.Policy != "" || a.Line != 0 || !strings.Contains(a.Says, "list policies of f.yaml.") || strings.Contains(a.Says, "declared") {
			t.Errorf("%s: %+v", about, a)
		}
		after := amended(t, services, a.Lines)
		holds(t, about, c, after)
	}
}

func TestALayerThatHasAPolicyKeepsIt(t *testing.T) {
	t.Parallel()
	file := `services:
  - {name: pay, tier: standard}
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: for pay, version: 4}
    applies_to: {service: pay}
    watch: "${WATCH}"
`
	c := amended(t, file, "")
	a := c.Amend("service:pay", toRaise)
	if want := `In the policy "for pay" of service:pay (f.yaml:4) set these values, and raise metadata.version to 5.`; a.Says != want || a.Policy != "for pay" || a.File != "f.yaml" || a.Line != 4 {
		t.Errorf("%+v", a)
	}
	want := "ceilings:\n  production: enforce\ncriteria:\n  batch-size:\n    mode: enforce\n  open-incidents:\n    mode: enforce\n"
	if a.Lines != want {
		t.Errorf("the lines are\n%s", a.Lines)
	}
	holds(t, "its own policy", c, amended(t, file, indented(a.Lines)))
	said := c.Amend("service:pay", []gate.PolicyChange{{Key: "watch", Value: "30m"}}).Says
	if !strings.HasSuffix(said, " There watch comes from ${WATCH}: write the value in its place, or change it where that is set.") {
		t.Errorf("of a value from the environment it says %s", said)
	}
}

func TestAPolicyForAServiceThatIsNotDeclaredAsksToDeclareIt(t *testing.T) {
	t.Parallel()
	a := Default().Amend("service:pay", toRaise)
	if a.Says != `Add this policy to the list policies of the configuration file. The service has to be declared first: - {name: pay} in the list services.` {
		t.Error(a.Says)
	}
	after := amended(t, "services:\n  - {name: \"pay\"}\n", a.Lines)
	holds(t, "declared now", Default(), after)
	if a := Default().Amend("tier:high", toRaise); strings.Contains(a.Says, "declared") || !strings.Contains(a.Lines, "applies_to: {tier: high}") {
		t.Errorf("%+v", a)
	}
}

func amended(t *testing.T, file, lines string) Config {
	t.Helper()
	c, err := Parse("f.yaml", []byte(file+lines), Options{Env: func(string) string { return "30m" }})
	if err != nil {
		t.Fatalf("%v in\n%s", err, file+lines)
	}
	return c
}

// holds tells whether one configuration came to be the other by the changes alone, for its service or any of the tier.
func holds(t *testing.T, about string, before, after Config) {
	t.Helper()
	s := metrics.Service{Tier: metrics.Standard}
	if len(after.Services) > 0 {
		s = after.Services[0].Service
	}
	want, got := before.Policy(s), after.Policy(s)
	want.Criteria.OpenIncidents.Mode, want.Criteria.BatchSize = gate.Enforce, gate.PolicyFor(metrics.Critical).Criteria.BatchSize
	want.Criteria.BatchSize.Mode = gate.Enforce
	want.Ceilings[metrics.Production] = gate.Enforce
	want.Name, want.Version, want.Layers = got.Name, got.Version, got.Layers
	if want.Digest() != got.Digest() {
		t.Errorf("%s: the policy became\n%s", about, got.Canonical())
	}
}
