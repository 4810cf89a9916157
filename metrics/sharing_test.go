package metrics_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func TestServicesShareCodeWhereTheirFoldersOfARepositoryOverlap(t *testing.T) {
	t.Parallel()
	const shop = "acme/shop"
	in := func(paths ...string) metrics.Service {
		return metrics.Service{Name: "older", Repositories: []string{shop}, Paths: paths}
	}
	for sentence, c := range map[string]struct {
		older, newer metrics.Service
		path         string
		shared       bool
	}{
		"two without paths have the whole repository":                 {in(), in(), "", true},
		"the newer one has a folder of what the older one has whole":  {in(), in("services/pay"), "services/pay", true},
		"the older one has a folder of what the newer one has whole":  {in("services/pay"), in(), "services/pay", true},
		"folders of their own are not shared":                         {in("services/cart"), in("services/pay"), "", false},
		"the same folder is":                                          {in("services/pay"), in("services/pay"), "services/pay", true},
		"a folder inside the other's is":                              {in("services"), in("services/pay"), "services/pay", true},
		"and the other way round":                                     {in("services/pay"), in("services"), "services/pay", true},
		"a name that only begins alike is another folder":             {in("services/pay"), in("services/payments"), "", false},
		"one of several folders will do":                              {in("libs", "services/cart"), in("services/pay", "libs/money"), "libs/money", true},
		"slashes and dots at the ends do not matter":                  {in("./services/pay/"), in("services/pay"), "services/pay", true},
		"a dot is the whole repository":                               {in("."), in("services/pay"), "services/pay", true},
		"another repository is another service's":                     {metrics.Service{Name: "older", Repositories: []string{"acme/cart"}}, in(), "", false},
		"labels tell deployments apart and not code":                  {metrics.Service{Name: "older", Repositories: []string{shop}, Labels: map[string]string{"part": "cart"}}, in(), "", true},
		"so do environments":                                          {metrics.Service{Name: "older", Repositories: []string{shop}, Environments: []string{"eu-*"}}, in(), "", true},
		"a service that is declared for no repository shares nothing": {metrics.Service{Name: "older"}, in(), "", false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			c.newer.Name = "newer"
			sharing := metrics.Rules{Services: []metrics.Service{c.older, c.newer}}.Sharing()
			var want, back []metrics.Shared
			if c.shared {
				want, back = []metrics.Shared{{Service: "older", Repository: shop, Path: c.path}}, []metrics.Shared{{Service: "newer", Repository: shop, Path: c.path}}
			}
			if diff := cmp.Diff(want, sharing.With("newer")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(back, sharing.With("older")); diff != "" {
				t.Errorf("seen from the older one: %s", diff)
			}
		})
	}
}

func TestAServiceThatNobodyDeclaresSharesNothing(t *testing.T) {
	t.Parallel()
	rules := metrics.Rules{Services: []metrics.Service{{Name: "checkout", Repositories: []string{"acme/payments"}}}}
	if got := rules.Sharing().With("payments-api"); got != nil {
		t.Errorf("it shares with %v", got)
	}
}

func TestAServiceOfTwoRepositoriesIsListedOnce(t *testing.T) {
	t.Parallel()
	both := []string{"acme/a", "acme/b"}
	rules := metrics.Rules{Services: []metrics.Service{{Name: "one", Repositories: both}, {Name: "two", Repositories: both}}}
	want := []metrics.Shared{{Service: "two", Repository: "acme/a"}}
	if diff := cmp.Diff(want, rules.Sharing().With("one")); diff != "" {
		t.Error(diff)
	}
}
