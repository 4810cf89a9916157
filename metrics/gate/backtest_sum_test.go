package gate

import (
	"math/big"
	"testing"

	"shiphabit/metrics"
)

// The policy of an organisation gives its name to those of all tiers, and each keeps its own promise.
func TestEachPolicyIsHeldAgainstItsOwnPromiseThoughTheirNamesAreOne(t *testing.T) {
	t.Parallel()
	stopped := func(wrong int) Backtest {
		return Backtest{Services: 1, Promotions: 10, Criteria: []BacktestCriterion{{Criterion: "failure-meter", WrongStops: wrong}}, years: big.NewRat(1, 1)}
	}
	strict, lenient := PolicyFor(metrics.Low), PolicyFor(metrics.Critical)
	strict.Name, lenient.Name = "org", "org"
	strict.Criteria.FailureMeter.WrongStopYears, lenient.Criteria.FailureMeter.WrongStopYears = years(50), Fraction{1, 10}
	for range 20 { // the order of a map is another one each time
		var sum BacktestSum
		sum.Add(strict, stopped(2))
		sum.Add(lenient, stopped(2))
		if total := sum.Total(); total.Promotions != 20 || !total.Criteria[0].Broken {
			t.Fatalf("two wrong stops where one in 50 years was promised break no promise: %+v", total)
		}
		var kept BacktestSum
		kept.Add(strict, stopped(0))
		kept.Add(lenient, stopped(2))
		if total := kept.Total(); total.Criteria[0].Broken {
			t.Fatalf("two wrong stops where ten a year were promised break a promise: %+v", total)
		}
	}
}
