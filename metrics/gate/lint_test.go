package gate

import (
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestLintPrintsThePromisesOfEachTier(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, tier := range []metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low} {
		b.WriteString(Lint(PolicyFor(tier), 20).Text() + "\n")
	}
	b.WriteString(Lint(PolicyFor(metrics.Standard), 3).Text())
	golden(t, "lint.golden", b.String())
}

func TestExplainPutsAPolicyIntoWords(t *testing.T) {
	t.Parallel()
	golden(t, "explain.golden", PolicyFor(metrics.Standard).Text())
}

func TestHowSoonATierNoticesAt20AMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tier           metrics.Tier
		double, failed string
		half, halfFail string
	}{
		{metrics.Critical, "18", "3.6", "6", "3"},
		{metrics.High, "18.6", "4.6", "7.1", "3.5"},
		{metrics.Standard, "15.3", "5.1", "8.5", "4.3"},
		{metrics.Low, "11.6", "5.8", "11.6", "5.8"},
	} {
		m := Lint(PolicyFor(c.tier), 20).Lines[0].Meter
		got := []string{m.AtDouble.Deployments.decimal(), m.AtDouble.Failed.decimal(), m.AtHalf.Deployments.decimal(), m.AtHalf.Failed.decimal()}
		want := []string{c.double, c.failed, c.half, c.halfFail}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", c.tier, got, want)
		}
	}
}

func TestLintKeepsEveryPromiseAtEveryVolume(t *testing.T) {
	t.Parallel()
	for tier, p := range Policies() {
		years := p.Criteria.FailureMeter.WrongStopYears.Rat()
		for _, volume := range []int{1, 2, 5, 17, 100, 5000} {
			m := Lint(p, volume).Lines[0].Meter
			if m.WrongStopEveryYears.Rat().Cmp(years) < 0 {
				t.Errorf("%s at %d a month: a wrong stop every %s years", tier, volume, m.WrongStopEveryYears)
			}
		}
	}
}

func TestLintWarnsAboutAPolicyThatStopsTooOften(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.FailureMeter.WrongStopYears = Fraction{1, 4}
	l := Lint(p, 100)
	if len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], "the tier standard promises 0.500") {
		t.Errorf("warnings %v", l.Warnings)
	}
	p.Criteria.FailureMeter.Mode = WarnOnly
	if l := Lint(p, 100); len(l.Warnings) != 0 || l.WrongStopsPerYear.Num != 0 {
		t.Errorf("a meter that only warns stops nobody: %v, %s a year", l.Warnings, l.WrongStopsPerYear)
	}
}

func TestLintOfABrokenPolicyNamesItsFaults(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.FailureMeter.OneIn = 1
	l := Lint(p, 0)
	if len(l.Faults) != 1 || len(l.Lines) != 0 || !strings.Contains(l.Text(), "fault: criteria.failure-meter.one_in") {
		t.Errorf("%s", l.Text())
	}
}

func TestLintAndExplainShowTheModeUnderTheCeilingOfProduction(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Ceilings = map[metrics.EnvironmentKind]Mode{metrics.Production: WarnOnly}
	report := Lint(p, 20)
	if text := report.Text(); report.WrongStopsPerYear.Num != 0 || strings.Contains(text, " enforce ") ||
		!strings.Contains(text, "warning: failure-meter: its mode is enforce, and ceilings.production keeps it at warn") {
		t.Errorf("lint says\n%s", text)
	}
	if text := p.Text(); strings.Contains(text, " enforce ") {
		t.Errorf("explain says\n%s", text)
	}
}
