package config

import (
	"fmt"
	"strconv"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Loosened tells which values of the organisation's policy loosen what is built in for a tier, each with the tier, what it was and what it is: what
// suits most tiers is easily more than the strictest one allows. A value that the tier's own policy gives is meant, and not told.
func (c Config) Loosened(tier metrics.Tier) []string {
	was, is := gate.PolicyFor(tier), c.Policy(metrics.Service{Tier: tier})
	var says []string
	for _, o := range c.overlays {
		if o.layer != "organisation" {
			continue
		}
		for _, v := range o.values {
			if v.criterion != "" && blank(&was, v.criterion) || v.tighter == 0 || !v.looser(&was, &is) || c.given(tier, v.path()) {
				continue
			}
			says = append(says, fmt.Sprintf("%s loosens tier %s: %s was %s and is %s; give the tier a policy of its own if that is not meant",
				o.path, tier, v.path(), v.said(&was), v.said(&is)))
		}
	}
	return says
}

// given reports whether the tier's own policy gives a value.
func (c Config) given(tier metrics.Tier, path string) bool {
	for _, o := range c.overlays {
		for _, v := range o.values {
			if o.layer == "tier:"+string(tier) && v.path() == path {
				return true
			}
		}
	}
	return false
}

// said is a value in words close to the file's.
func (t term) said(p *gate.Policy) string {
	if t.group == "ceilings" {
		return string(ceiling(p, metrics.EnvironmentKind(t.key)))
	}
	switch v := t.of(p).(type) {
	case *gate.Mode:
		return string(*v)
	case *gate.Result:
		return string(*v)
	case *string:
		return *v
	case *[]string:
		return listWords(*v)
	case *bool:
		return strconv.FormatBool(*v)
	case *gate.Fraction:
		return "at most 1 in " + v.String() + " years"
	}
	n := t.rank(p)
	switch t.scalar {
	case aSpan:
		return spanText(time.Duration(n) * time.Second)
	case oneIn:
		return "1 in " + strconv.FormatInt(n, 10)
	case percent:
		return strconv.FormatFloat(float64(n)/10_000, 'f', -1, 64) + "%"
	}
	return strconv.FormatInt(n, 10)
}
