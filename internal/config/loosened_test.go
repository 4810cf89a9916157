package config

import (
	"slices"
	"testing"

	"shiphabit/metrics"
)

func TestAnOrganisationThatLoosensAStricterTierIsTold(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, unreachable: open, criteria: {restore-first: {open_failed_deployment_older_than: 30m}, failure-meter: {not_acceptable: 1 in 8}}}
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: high}, applies_to: {tier: high}, criteria: {restore-first: {open_failed_deployment_older_than: 20m}}}
`)
	const head, tail = "policies[0] loosens tier critical: ", "; give the tier a policy of its own if that is not meant"
	for tier, want := range map[metrics.Tier][]string{
		metrics.Critical: {
			head + "unreachable was closed and is open" + tail,
			head + "criteria.failure-meter.not_acceptable was 1 in 10 and is 1 in 8" + tail,
			head + "criteria.restore-first.open_failed_deployment_older_than was 0s and is 30m" + tail,
		},
		metrics.High: nil, metrics.Standard: nil,
		metrics.Low: {"policies[0] loosens tier low: criteria.restore-first.open_failed_deployment_older_than was 0s and is 30m" + tail},
	} {
		if got := c.Loosened(tier); !slices.Equal(got, want) {
			t.Errorf("%s:\n%q\nwant\n%q", tier, got, want)
		}
	}
}
