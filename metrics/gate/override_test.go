package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func waiver() Override {
	return Override{
		ID: "ov_1", Service: "pay", Environment: "production", Reason: "the alarm came from a broken probe", Category: "false alarm", By: "token:ada",
		Persons: 1, StartsAt: day(1), ExpiresAt: day(1).Add(4 * time.Hour), Uses: 1,
	}
}

func TestAnOverrideNeedsAReasonACategoryAndItsBounds(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	for sentence, c := range map[string]struct {
		change func(*Override)
		fault  string
	}{
		"a sound one":         {func(*Override) {}, ""},
		"no reason":           {func(o *Override) { o.Reason = "please" }, "reason"},
		"a blank reason":      {func(o *Override) { o.Reason = strings.Repeat(" ", 30) }, "reason"},
		"no category":         {func(o *Override) { o.Category = "boredom" }, "category"},
		"past its expiry":     {func(o *Override) { o.ExpiresAt = o.StartsAt }, "expires_at"},
		"for a week":          {func(o *Override) { o.ExpiresAt = o.StartsAt.AddDate(0, 0, 7) }, "expires_at"},
		"for many":            {func(o *Override) { o.Uses = 2 }, "uses"},
		"for none":            {func(o *Override) { o.Uses = 0 }, "uses"},
		"for no criterion":    {func(o *Override) { o.Criteria = []string{"mood"} }, "criteria"},
		"for one that it has": {func(o *Override) { o.Criteria = []string{"failure-meter"} }, ""},
	} {
		o := waiver()
		c.change(&o)
		faults := o.Check(p.Overrides, p.CriteriaNames())
		if (c.fault == "") != (len(faults) == 0) || len(faults) > 0 && !strings.HasPrefix(faults[0].Error(), c.fault+":") {
			t.Errorf("%s: %v", sentence, faults)
		}
	}
}

func TestAnOverrideDoesNothingOutsideItsBounds(t *testing.T) {
	t.Parallel()
	now := day(1).Add(time.Hour)
	for sentence, c := range map[string]struct {
		change func(*Override)
		asker  string
		idle   bool
	}{
		"for somebody else":            {func(*Override) {}, "token:ci", false},
		"for the one who asked for it": {func(*Override) {}, "token:ada", true},
		"before its start":             {func(o *Override) { o.StartsAt = now.Add(time.Minute) }, "token:ci", true},
		"after its end":                {func(o *Override) { o.ExpiresAt = now }, "token:ci", true},
		"used up":                      {func(o *Override) { o.Used = 1 }, "token:ci", true},
		"withdrawn":                    {func(o *Override) { o.RevokedAt = now }, "token:ci", true},
		"by one where two are wanted":  {func(o *Override) { o.Persons = 2 }, "token:ci", true},
		"by the same person twice":     {func(o *Override) { o.Persons, o.Second = 2, "token:ada" }, "token:ci", true},
		"by two people":                {func(o *Override) { o.Persons, o.Second = 2, "token:bob" }, "token:ci", false},
	} {
		o := waiver()
		c.change(&o)
		if idle := o.Idle(now, c.asker, OverrideRule{}, false); (idle != "") != c.idle {
			t.Errorf("%s: %q", sentence, idle)
		}
	}
	if idle := waiver().Idle(now, "local", OverrideRule{}, true); idle != "" {
		t.Errorf("where nobody logs in: %q", idle)
	}
	if idle := waiver().Idle(now, "token:ada", OverrideRule{Self: true}, false); idle != "" {
		t.Errorf("in a tier where one may override oneself: %q", idle)
	}
}

func TestAnOverrideSetsAsideWhatItNamesAndIsNamedOnlyWhenItWasNeeded(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	blocked := record(strings.Repeat(".", 20) + ".x.x.x.x")
	decide := func(f metrics.Facts, o Override) Decision {
		return Decide(p, Take(ask(), p, day(28).Add(time.Hour), Known{Facts: f, Service: standard(), Override: o.Waiver()}), ask())
	}
	all := waiver()
	all.ExpiresAt = day(40)
	if d := decide(blocked, all); d.Verdict == Block || d.Override != "ov_1" || !strings.Contains(d.Summary, "Goes on by override ov_1") {
		t.Errorf("%s by %q: %s", d.Verdict, d.Override, d.Summary)
	}
	other := all
	other.Criteria = []string{"data-fresh"}
	if d := decide(blocked, other); d.Verdict != Block || d.Override != "" {
		t.Errorf("one for another criterion: %s by %q", d.Verdict, d.Override)
	}
	failed, broken := false, ask()
	broken.Evidence.TestsPassed = &failed
	some := all
	some.Criteria = []string{"failure-meter"}
	stopped := Decide(p, Take(broken, p, day(28).Add(time.Hour), Known{Facts: blocked, Service: standard(), Override: some.Waiver()}), broken)
	if stopped.Verdict != Block || stopped.Override != "" {
		t.Errorf("where something else stops it, it is not used: %s by %q", stopped.Verdict, stopped.Override)
	}
	if d := decide(record("......"), all); d.Verdict != Allow || d.Override != "" {
		t.Errorf("where nothing objects: %s by %q", d.Verdict, d.Override)
	}
}

func TestAChangedByteAnywhereInTheLogIsFound(t *testing.T) {
	t.Parallel()
	var entries []LogEntry
	previous := ""
	for i, kind := range []string{LogAsked, LogAgreed, LogUsed, LogIdle, LogWithdrawn} {
		e, err := LogEntry{Seq: int64(i + 1), At: day(i), Kind: kind, Subject: "ov_1", Service: "pay", Actor: "token:ada", Details: "because", Previous: previous}.Seal()
		if err != nil {
			t.Fatal(err)
		}
		entries, previous = append(entries, e), e.Hash
	}
	if fault, last := BrokenAt(entries, 0, ""); fault != "" || last != previous {
		t.Fatalf("a sound log: %q", fault)
	}
	if fault, _ := BrokenAt(entries[3:], 3, entries[2].Hash); fault != "" {
		t.Errorf("the end of a sound log: %q", fault)
	}
	for i := range entries {
		for field, change := range map[string]func(e *LogEntry){
			"seq": func(e *LogEntry) { e.Seq++ }, "at": func(e *LogEntry) { e.At = e.At.Add(time.Millisecond) }, "kind": func(e *LogEntry) { e.Kind += " " },
			"subject": func(e *LogEntry) { e.Subject = "ov_2" }, "service": func(e *LogEntry) { e.Service = "Pay" }, "actor": func(e *LogEntry) { e.Actor = "token:bob" },
			"details": func(e *LogEntry) { e.Details = "becausE" }, "previous": func(e *LogEntry) { e.Previous = strings.Replace(e.Previous+"0", "0", "1", 1) },
			"hash": func(e *LogEntry) { e.Hash = strings.Repeat("0", 64) },
		} {
			changed := append([]LogEntry(nil), entries...)
			change(&changed[i])
			if fault, _ := BrokenAt(changed, 0, ""); fault == "" {
				t.Errorf("a changed %s of entry %d is not found", field, i+1)
			}
		}
		cut := append(append([]LogEntry(nil), entries[:i]...), entries[i+1:]...)
		if fault, last := BrokenAt(cut, 0, ""); fault == "" && last == previous {
			t.Errorf("that entry %d was taken out is not found", i+1)
		}
	}
}

func TestAnOverrideOfADecisionThatNamedNoArtifactIsForNoneThatIsNamed(t *testing.T) {
	t.Parallel()
	answer, standing := Override{Decision: "gd_1"}, Override{}
	unnamed, named := Request{Artifact: Artifact{Version: "2.0"}}, Request{Commit: "c0ffee"}
	if !answer.For(unnamed) || answer.For(named) || answer.For(Request{Artifact: Artifact{Digest: "sha256:1"}}) {
		t.Error("what answers a decision without a digest and a commit is good for any artifact")
	}
	if !standing.For(unnamed) || !standing.For(named) {
		t.Error("an override for a service is not for what it promotes")
	}
}

func TestAnOverrideCountsThePersonsBehindIt(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		second string
		others []string
		says   string
	}{
		"who asked":                 {"", nil, "it does nothing until 3 people agree (1 so far)"},
		"one more":                  {"token:bob", nil, "it does nothing until 3 people agree (2 so far)"},
		"the same person again":     {"token:bob", []string{"token:ada", "token:bob"}, "it does nothing until 3 people agree (2 so far)"},
		"as many as the tier wants": {"token:bob", []string{"token:eve"}, ""},
	} {
		o := waiver()
		o.Persons, o.Second, o.Others = 3, c.second, c.others
		if says := o.Idle(o.StartsAt, "token:ci", OverrideRule{}, false); says != c.says {
			t.Errorf("%s: %q", sentence, says)
		}
	}
}

func TestEverybodyWhoStandsBehindAnOverrideNeedsARoleThatThePolicyNames(t *testing.T) {
	t.Parallel()
	both := []string{"team-lead", "on-call"}
	for sentence, c := range map[string]struct {
		who   []string
		roles map[string][]string
		says  string
	}{
		"no role is named":              {nil, nil, ""},
		"both have one":                 {both, map[string][]string{"token:ada": {"on-call"}, "token:bob": {"team-lead"}}, ""},
		"the second had none":           {both, map[string][]string{"token:ada": {"on-call"}}, "it takes one of the roles team-lead, on-call, and token:bob had none"},
		"the first had none":            {both, map[string][]string{"token:bob": {"on-call"}}, "it takes one of the roles team-lead, on-call, and token:ada had none"},
		"one had a role that was named": {both[:1], map[string][]string{"token:ada": {"on-call"}, "token:bob": {"team-lead"}}, "it takes the role team-lead, and token:ada had none"},
		"from before roles were agreed": {both[1:], nil, "it takes the role on-call, and token:ada had none"},
	} {
		o := waiver()
		o.Persons, o.Second, o.Roles = 2, "token:bob", c.roles
		if says := o.Idle(o.StartsAt, "token:ci", OverrideRule{Who: c.who}, false); says != c.says {
			t.Errorf("%s: %q, want %q", sentence, says, c.says)
		}
	}
}

func TestWhoHasNoneOfTheRolesIsToldWhichItTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		who, held []string
		says      string
	}{
		{nil, nil, ""},
		{[]string{"on-call"}, []string{"reader", "on-call"}, ""},
		{[]string{"on-call"}, []string{"reader"}, "token:ada may not override pay: that takes the role on-call"},
		{[]string{"team-lead", "on-call"}, nil, "token:ada may not override pay: that takes one of the roles team-lead, on-call"},
	} {
		if says := (OverrideRule{Who: c.who}).Bars("token:ada", "pay", c.held); says != c.says {
			t.Errorf("of %q having %q: %q, want %q", c.who, c.held, says, c.says)
		}
	}
	p := PolicyFor(metrics.Low)
	if strings.Contains(p.Text(), "To override") {
		t.Errorf("a policy that names no role tells of one:\n%s", p.Text())
	}
	if p.Overrides.Who = []string{"on-call"}; !strings.Contains(p.Text(), "To override takes the role on-call.\n") {
		t.Errorf("a policy that names a role does not tell it:\n%s", p.Text())
	}
}
