package gate

import (
	"slices"
	"strings"
)

// BacktestSum joins backtests of many services, each under its own policy, and holds the wrong stops of each policy against what that one
// promised. The zero value is ready.
type BacktestSum struct {
	total    Backtest
	policies map[string]*policySum // by digest: policies of several tiers may share a name
}

// policySum is what the services under one policy make together.
type policySum struct {
	policy Policy
	sum    Backtest
}

// Add joins the backtest of a service under its policy.
func (s *BacktestSum) Add(p Policy, one Backtest) {
	for _, name := range p.NotBacktested() {
		if !slices.Contains(s.total.NotJudged, name) {
			s.total.NotJudged = append(s.total.NotJudged, name)
		}
	}
	if one.Promotions == 0 {
		return
	}
	s.total.Add(one)
	digest := p.Digest()
	if s.policies == nil {
		s.policies = map[string]*policySum{}
	}
	if s.policies[digest] == nil {
		s.policies[digest] = &policySum{policy: p}
	}
	s.policies[digest].sum.Add(one)
}

// Total is all of them. A criterion is said to break its promise when it does under one of the policies.
func (s *BacktestSum) Total() Backtest {
	total := s.total
	total.Criteria, total.NotJudged = append([]BacktestCriterion{}, total.Criteria...), append([]string{}, total.NotJudged...)
	slices.SortFunc(total.NotJudged, strings.Compare)
	for _, of := range s.policies {
		judged := of.sum
		judged.Judge(of.policy)
		for i := range total.Criteria {
			for _, c := range judged.Criteria {
				total.Criteria[i].Broken = total.Criteria[i].Broken || c.Criterion == total.Criteria[i].Criterion && c.Broken
			}
		}
	}
	return total
}
