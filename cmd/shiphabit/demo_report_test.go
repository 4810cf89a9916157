package main

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// numbersSaid are the numbers of the first summary line that fits, in their order.
func numbersSaid(t *testing.T, summary []string, pattern string) []float64 {
	t.Helper()
	shape := regexp.MustCompile("^" + pattern)
	for _, line := range summary {
		m := shape.FindStringSubmatch(strings.ReplaceAll(line, "\u202f", ""))
		if m == nil {
			continue
		}
		var numbers []float64
		for _, word := range m[1:] {
			n, err := strconv.ParseFloat(word, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			numbers = append(numbers, n)
		}
		return numbers
	}
	t.Fatalf("no line says %s:\n%s", pattern, strings.Join(summary, "\n"))
	return nil
}

// Every sentence that a director could read aloud is true by what the API answers about the same window.
func (s shown) leadership(t *testing.T) {
	var report struct {
		Marks   []string `json:"marks"`
		Summary []string `json:"summary"`
		Period  struct {
			Name string `json:"name"`
			From string `json:"from"`
			To   string `json:"to"`
		} `json:"period"`
	}
	s.json(t, "/api/v1/reports/leadership", &report)
	if len(report.Marks) == 0 || !strings.Contains(report.Marks[0], "Generated data") {
		t.Errorf("the report of made-up data is marked %v", report.Marks)
	}
	var answer struct {
		Scorecards []struct {
			Figures metrics.Scorecard `json:"figures"`
		} `json:"scorecards"`
	}
	s.json(t, "/api/v1/metrics?"+url.Values{"from": {report.Period.From}, "to": {report.Period.To}}.Encode(), &answer)
	card, said := answer.Scorecards[0].Figures, report.Summary

	exactly := func(line string, got, want float64) {
		t.Helper()
		if got != want {
			t.Errorf("the report says %s %v, and it is %v", line, got, want)
		}
	}
	about := func(line string, got, want float64) { // as rounded: half a unit of the last digit said
		t.Helper()
		step := 0.05
		if got >= 10 || got == float64(int(got)) {
			step = 0.5
		}
		if got < want-step-1e-9 || got > want+step+1e-9 {
			t.Errorf("the report says %s %v, and it is %v", line, got, want)
		}
	}
	often := numbersSaid(t, said, `From .* there were (\d+) deployments to production, ([\d.]+) a week`)
	exactly("deployments", often[0], float64(card.Frequency.Rollouts))
	about("deployments a week", often[1], *card.Frequency.PerWeek)
	fails := numbersSaid(t, said, `([\d.]+)% of deployments failed \((\d+) of (\d+)\), 95% interval ([\d.]+)% to ([\d.]+)%`)
	about("the fail rate is", fails[0], 100**card.FailRate.Value)
	exactly("failed", fails[1], float64(card.FailRate.Count))
	exactly("of", fails[2], float64(card.FailRate.Of))
	about("low", fails[3], 100*card.FailRate.Interval.Low)
	about("high", fails[4], 100*card.FailRate.Interval.High)
	s.durationSaid(t, said, `Half of the changes were live within ([\d.]+) %s`, *card.LeadTime.Median, about)
	s.durationSaid(t, said, `Half of the failed deployments had recovered within ([\d.]+) %s`, *card.Recovery.Median, about)
	s.answersSaid(t, said, report.Period.Name, exactly)
	s.decisionsSaid(t, said, report.Period.From, report.Period.To, exactly)
}

// durationSaid compares a span, in whichever unit it is said.
func (s shown) durationSaid(t *testing.T, said []string, pattern string, seconds float64, about func(string, float64, float64)) {
	t.Helper()
	all := strings.ReplaceAll(strings.Join(said, "\n"), "\u202f", "")
	for unit, size := range map[string]float64{"min": 60, "h": 3600, "d": 86400} {
		whole := strings.Replace(pattern, "%s", unit+`\b`, 1)
		if regexp.MustCompile("(?m)^" + whole).MatchString(all) {
			about(pattern, numbersSaid(t, said, whole)[0], seconds/size)
			return
		}
	}
	t.Errorf("no line says %s:\n%s", pattern, all)
}

// answersSaid compares who answered with the rounds themselves.
func (s shown) answersSaid(t *testing.T, said []string, quarter string, exactly func(string, float64, float64)) {
	t.Helper()
	var list struct {
		Rounds []assessments.Round `json:"rounds"`
	}
	s.json(t, "/api/v1/assessments", &list)
	answered, asked := 0, 0
	for _, r := range list.Rounds {
		over := r.State == assessments.Closed || r.State == assessments.Published
		if of := r.ClosedAt.UTC(); over && strconv.Itoa(of.Year())+"-Q"+strconv.Itoa((int(of.Month())+2)/3) == quarter && !r.Consensus {
			answered, asked = answered+r.Respondents, asked+r.Capacity()
		}
	}
	for _, line := range said {
		if strings.HasPrefix(line, "The roll-up of ") { // a week has not passed since the quarter ended
			return
		}
	}
	people := numbersSaid(t, said, `To the five questions (\d+) of (\d+) people in `)
	exactly("people answered", people[0], float64(answered))
	exactly("people were asked", people[1], float64(asked))
}

// decisionsSaid counts the gate's decisions of the period one by one.
func (s shown) decisionsSaid(t *testing.T, said []string, from, to string, exactly func(string, float64, float64)) {
	t.Helper()
	decided := 0
	for cursor := ""; ; {
		var page struct {
			Decisions []struct {
				At time.Time `json:"at"`
			} `json:"decisions"`
			Next string `json:"next"`
		}
		s.json(t, "/api/v1/gate/decisions?"+url.Values{"limit": {"200"}, "cursor": {cursor}}.Encode(), &page)
		first, _ := time.Parse(time.RFC3339, from)
		last, _ := time.Parse(time.RFC3339, to)
		for _, d := range page.Decisions {
			if !d.At.Before(first) && d.At.Before(last) {
				decided++
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if decided == 0 {
		numbersSaid(t, said, `The gate was not asked in this period`)
		return
	}
	exactly("the gate's decisions are", numbersSaid(t, said, `The gate decided (\d+) time`)[0], float64(decided))
}
