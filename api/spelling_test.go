package api

import (
	"fmt"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestTheNearestNameIsTheOneWithTheFewestSlipsThenTheFirst(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		asked string
		known []string
		want  string
	}{
		"a missing character":                                   {"chekout", []string{"checkout"}, "checkout"},
		"an inserted one":                                       {"sshop", []string{"shop"}, "shop"},
		"another one":                                           {"shap", []string{"shop"}, "shop"},
		"two swapped":                                           {"sohp", []string{"shop"}, "shop"},
		"two swapped at the end":                                {"shpo", []string{"shop"}, "shop"},
		"two slips in 8 characters":                             {"cehckuot", []string{"checkout"}, "checkout"},
		"three slips in 8 characters are too many":              {"cehckuox", []string{"checkout"}, ""},
		"two slips in 7 characters are too many":                {"paymnet", []string{"payments"}, ""},
		"a slip in 3 characters is another word":                {"pai", []string{"pay"}, ""},
		"case and marks count for nothing, in 3 characters too": {"P-a_Y", []string{"pay"}, "pay"},
		"case and marks come before a slip":                     {"Web-Shop", []string{"webshob", "webshop"}, "webshop"},
		"the nearest before the first":                          {"checkouts-a", []string{"check-outs-bb", "checkoutsb"}, "checkoutsb"},
		"the first by name of several":                          {"shox", []string{"shop", "shot", "shod"}, "shod"},
		"a known name is itself":                                {"web-shop", []string{"webshop", "web-shop"}, "web-shop"},
		"two apart from each other, swapped":                    {"hceckotu", []string{"checkout"}, "checkout"},
		"another length by more than slips":                     {"checkout", []string{"check", "checkoutpage"}, ""},
		"characters, not bytes":                                 {"küche", []string{"kuche"}, "kuche"},
		"nothing near":                                          {"shop", []string{"billing", "shopping"}, ""},
	} {
		var s spellings
		known := s.read(time.Time{}, func() ([]metrics.Service, error) { return services(c.known...), nil })
		if got := nearest(c.asked, known); got != c.want {
			t.Errorf("%s: %q among %q: %q, want %q", sentence, c.asked, c.known, got, c.want)
		}
	}
}

func services(names ...string) []metrics.Service {
	all := make([]metrics.Service, len(names))
	for i, name := range names {
		all[i] = metrics.Service{Name: name}
	}
	return all
}

func BenchmarkNearestOfFiveThousandNames(b *testing.B) {
	var names []string
	for i := range 5_000 {
		names = append(names, fmt.Sprintf("payments-%d-api", i))
	}
	var s spellings
	known := s.read(time.Time{}, func() ([]metrics.Service, error) { return services(names...), nil })
	for b.Loop() {
		nearest("paymnts-unknown", known)
	}
}
