package gate

import (
	"bytes"
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestTheBuiltInPoliciesAreSoundAndReadBackAsThemselves(t *testing.T) {
	t.Parallel()
	policies := Policies()
	if len(policies) != 4 {
		t.Fatalf("%d policies, want one for each tier", len(policies))
	}
	for tier, p := range policies {
		if p.Tier != tier || PolicyFor(tier).Digest() != p.Digest() {
			t.Errorf("%s: tier %s", tier, p.Tier)
		}
		if faults := p.Validate(); len(faults) > 0 {
			t.Errorf("%s: %v", tier, faults)
		}
		back, err := ParsePolicy(p.Canonical())
		if err != nil || back.Digest() != p.Digest() {
			t.Errorf("%s: %v", tier, err)
		}
	}
	if PolicyFor("unheard of").Name != "standard" {
		t.Error("a tier nobody knows is judged as standard")
	}
}

func TestAPolicyMayBeWrittenInAnyOrder(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Low)
	text := bytes.Replace(p.Canonical(), []byte(`,"version":3`), nil, 1)
	text = append([]byte(`{ "version" : 3 ,`), text[1:]...)
	back, err := ParsePolicy(text)
	if err != nil || back.Digest() != p.Digest() {
		t.Errorf("%v", err)
	}
}

func TestAPolicyIsRefusedWithEveryFault(t *testing.T) {
	t.Parallel()
	good := string(PolicyFor(metrics.Standard).Canonical())
	for _, c := range []struct {
		sentence string
		replace  []string
		says     []string
	}{
		{"an unknown field", []string{`"one_in":6`, `"one_in":6,"block_fixes":true`}, []string{"criteria.failure-meter.block_fixes: no such field"}},
		{"an unknown criterion", []string{`"data-fresh"`, `"moon-phase"`}, []string{"criteria.moon-phase: no such field"}},
		{"a field in the wrong case", []string{`"one_in"`, `"One_In"`}, []string{"One_In: no such field", "one_in: missing"}},
		{"a missing field", []string{`,"one_in":6`, ``}, []string{"one_in"}},
		{"a key twice", []string{`"one_in":6`, `"one_in":6,"one_in":6`}, []string{"one_in: the key stands twice"}},
		{"a number that is no integer", []string{`"one_in":6`, `"one_in":6.5`}, []string{"6.5 is no whole number"}},
		{"text after the end", []string{good, good + "{}"}, []string{"after top-level value"}},
		{"several faults at once", []string{`"one_in":6`, `"one_in":1`, `"then":"open"`, `"then":"ajar"`, `"tier":"standard"`, `"tier":"vip"`},
			[]string{"one_in: 1; write 2 to 100", `unreachable.then: "ajar" is neither`, `tier: "vip" is none of`}},
		{"a mode that does not exist", []string{`"mode":"enforce"`, `"mode":"maybe"`}, []string{`mode: "maybe" is none of off`}},
		{"an enforced meter that nothing could open", []string{`"probes_per_day":2`, `"probes_per_day":0`}, []string{"probes_per_day: 0 would leave"}},
		{"a promise of no length", []string{`"wrong_stop_years":"2"`, `"wrong_stop_years":"0"`}, []string{"wrong_stop_years: 0; write a fraction above 0"}},
		{"a promise that is no fraction", []string{`"wrong_stop_years":"2"`, `"wrong_stop_years":"2/0"`}, []string{"is no fraction"}},
		{"a span below 0", []string{`"watch_seconds":900`, `"watch_seconds":-1`}, []string{"watch_seconds: -1 is no span"}},
		{"an environment of no kind", []string{`"staging":"observe"`, `"moon":"observe"`}, []string{`ceilings: "moon" is none of`}},
	} {
		text := strings.NewReplacer(c.replace...).Replace(good)
		_, err := ParsePolicy([]byte(text))
		for _, says := range c.says {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v; want it to say %q", c.sentence, err, says)
			}
		}
	}
}

// A criterion that is added to the program later is absent from the policies of today; their digests must not change by it.
func TestAnAbsentCriterionIsNotWritten(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Low)
	if text := string(p.Canonical()); strings.Contains(text, "rollback-ready") {
		t.Errorf("an absent criterion is written: %s", text)
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, p := range Policies() {
		f.Add(p.Canonical())
	}
	f.Add([]byte(`{"criteria":{"failure-meter":{"one_in":2}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		back, err := ParsePolicy(p.Canonical())
		if err != nil || back.Digest() != p.Digest() {
			t.Errorf("%s does not read back: %v", p.Canonical(), err)
		}
		s := adversarial(day(3))
		s.Meter.Step = max(1, p.Criteria.FailureMeter.OneIn-1)
		s.Meter.Line = max(s.Meter.Line, s.Meter.Step+1)
		if d := Decide(p, s, fixRequest()); d.Verdict != Allow {
			t.Errorf("%s stops a fix", p.Canonical())
		}
	})
}
