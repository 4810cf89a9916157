package metrics

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// benchmarkSize is the number of services of the large benchmarks; SHIPHABIT_BENCH_SERVICES raises it to 5,000, which with 200
// rollouts each are a million.
func benchmarkSize(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("SHIPHABIT_BENCH_SERVICES"))
	if err != nil {
		return 500
	}
	return n
}

// steadyFacts are services that deploy at even intervals over five years, five changes each, every tenth rollout failed. They
// share their changes, so that a million rollouts fit into memory: 200 a service.
func steadyFacts(services, rolloutsEach int) []Facts {
	start := july().AddDate(-5, 0, 0)
	apart := july().Sub(start) / time.Duration(rolloutsEach)
	fs := make([]Facts, services)
	for s := range fs {
		fs[s] = Facts{Service: fmt.Sprint("service-", s), Rollouts: make([]Rollout, rolloutsEach)}
		for i := range fs[s].Rollouts {
			finished := start.Add(time.Duration(i)*apart + time.Duration(s)*time.Second)
			r := rollout("r", finished)
			r.Changes = make([]Change, 5)
			for j := range r.Changes {
				r.Changes[j].AuthoredAt = finished.Add(-time.Duration(1+(i*7+j*13+s)%200) * time.Hour)
			}
			if i%10 == 0 {
				r = recovered(failed(r, CauseIncident, time.Minute), time.Duration(1+i%90)*time.Minute)
			}
			fs[s].Rollouts[i] = r
		}
	}
	return fs
}

func windowOf(days int) Query {
	return Query{Window: Window{From: july().AddDate(0, 0, -days), To: july()}, AsOf: july()}
}

func BenchmarkMeasureOneService90Days(b *testing.B) {
	fs := steadyFacts(1, 5*365)
	for b.Loop() {
		MeasureAll(fs, windowOf(90))
	}
}

func BenchmarkMeasureAllServices(b *testing.B) {
	services := benchmarkSize(b)
	fs := steadyFacts(services, 200)
	for _, days := range []int{30, 365, 5 * 365} {
		b.Run(fmt.Sprintf("%d rollouts, %d days", services*200, days), func(b *testing.B) {
			for b.Loop() {
				MeasureAll(fs, windowOf(days))
			}
		})
	}
}

func BenchmarkSeriesOfAYearByDay(b *testing.B) {
	fs := steadyFacts(benchmarkSize(b), 200)
	for b.Loop() {
		if _, err := Series(fs, windowOf(365), "day"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHabitIndex(b *testing.B) {
	f := steadyFacts(1, 5*365)[0]
	for b.Loop() {
		HabitIndex(f, july(), DefaultCalendar(time.UTC))
	}
}

func BenchmarkSumOfAYearOfDays(b *testing.B) {
	f := steadyFacts(1, 5*3650)[0]
	var days []Tally
	for d := range 365 {
		q := windowOf(365 - d)
		q.Window.To = q.Window.From.AddDate(0, 0, 1)
		days = append(days, TallyOf(f, q))
	}
	for b.Loop() {
		Sum(days)
	}
}
