package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// TestCallsPerThousandDeployments counts what reading a thousand deployments with their statuses takes. REST takes a page of a list for
// each hundred of them and a call for the statuses of each.
func TestCallsPerThousandDeployments(t *testing.T) {
	t.Parallel()
	host := world()
	shop := host.repos[0]
	*shop = fakeRepo{id: 17, full: "acme/shop", branch: "main", flags: shop.flags}
	for i := range 1000 {
		shop.deployments = append(shop.deployments, deploymentOn(1+i, 1+i/40, "live", "queued@9 in_progress@10 success@11 inactive@20"))
	}
	r := readingOf(t, host, Rules{Source: "hub", Repositories: []string{"acme/shop"}})
	r.s.perPage = fullPage
	counted := r.read().store.Events()
	if len(counted) != 1000 {
		t.Fatalf("%d events of 1,000 deployments", len(counted))
	}
	beside := 1 + 1 + 1 // the repository, its branch, its pull requests
	calls, byREST := host.rest+host.graph-beside, 1000/fullPage+1000
	t.Logf("calls per 1,000 deployments: %d (REST alone: %d)", calls, byREST)
	if calls*10 > byREST {
		t.Errorf("%d calls are not an order of magnitude below %d", calls, byREST)
	}
}

func TestAnIdleHostCostsNextToNothing(t *testing.T) {
	t.Parallel()
	host := world()
	host.repos[0].deployments = append(host.repos[0].deployments, deploymentOn(104, 10, "live", "in_progress@9"))
	r := readingOf(t, host, testRules()).read()
	r.s.perPage = fullPage
	r.read()
	host.mu.Lock()
	host.rest, host.free, host.graph = 0, 0, 0
	host.mu.Unlock()
	before := len(r.store.Events())
	r.read()
	paid := host.rest - host.free
	t.Logf("an idle reading of %d repositories with an open deployment: %d calls of REST, %d of them counted by the host, %d of GraphQL", 2, host.rest, paid, host.graph)
	// An empty repository has no branch, which the host tells at the price of a call.
	if paid > 1 || len(r.store.Events()) != before {
		t.Errorf("%d calls are counted, %d new events; %v", paid, len(r.store.Events())-before, host.asked)
	}
}

func TestAnAnswerThatChangedIsNotTheOneKept(t *testing.T) {
	t.Parallel()
	host := world()
	r := readingOf(t, host, testRules()).read().read()
	host.mu.Lock()
	host.repos[0].issues = append(host.repos[0].issues, issueOn(16, 20, false, "incident"))
	host.mu.Unlock()
	r.read().merged(metrics.TypeIncident, "5016")
}

func TestWhatGraphQLSaysInsteadOfAnAnswer(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		fault   graphFault
		header  http.Header
		trouble collector.Trouble
		wait    time.Duration
		says    string
	}{
		"the limit is used up": {graphFault{Type: "RATE_LIMITED", Message: "API rate limit exceeded"}, http.Header{
			"X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(noon().Add(20 * time.Minute).Unix())}, "Date": {noon().Format(http.TimeFormat)},
		}, collector.Passing, 20 * time.Minute, "limit"},
		"a secondary limit with a pause":  {graphFault{Message: "You have exceeded a secondary rate limit."}, http.Header{"Retry-After": {"90"}}, collector.Passing, 90 * time.Second, "pause"},
		"a secondary limit without one":   {graphFault{Message: "You have exceeded a secondary rate limit."}, nil, collector.Passing, time.Minute, "pause"},
		"nothing of that name":            {graphFault{Type: "NOT_FOUND", Message: "Could not resolve to a Repository"}, nil, collector.Missing, 0, "Deployments: read"},
		"not for this token":              {graphFault{Type: "FORBIDDEN", Message: "Resource not accessible by personal access token"}, nil, collector.Forbidden, 0, "Deployments: read"},
		"scopes are missing":              {graphFault{Type: "INSUFFICIENT_SCOPES", Message: "requires one of the following scopes: ['repo']"}, nil, collector.Forbidden, 0, "['repo']"},
		"it took too long":                {graphFault{Message: "Something went wrong while executing your query"}, nil, collector.Passing, 0, "went wrong"},
		"a field that it does not know":   {graphFault{Type: "undefinedField", Message: "Field 'statuses' doesn't exist"}, nil, collector.Unreadable, 0, "statuses"},
		"it repeats the token and is not": {graphFault{Message: "bad " + sourcetest.Token}, nil, collector.Unreadable, 0, "***"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, values := range c.header {
					w.Header()[name] = values
				}
				fmt.Fprintf(w, `{"data":{"repository":null},"errors":[{"type":%q,"path":["repository"],"message":%q}]}`, c.fault.Type, c.fault.Message)
			}))
			repo := &repository{source: openAt(t, address, testRules()), owner: "acme", name: "shop", full: "acme/shop"}
			_, err := repo.deployments().Read(t.Context(), collector.Position{})
			var e *collector.Error
			if !errors.As(err, &e) || e.Trouble != c.trouble || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), sourcetest.Token) {
				t.Fatalf("it gives %v", err)
			}
			if wait := e.RetryAt.Sub(noon()); c.wait > 0 && wait != c.wait {
				t.Errorf("it waits %v, want %v", wait, c.wait)
			}
		})
	}
}

func TestAPartOfAnAnswerThatIsKeptFromUsIsNamedAndTheRestIsTaken(t *testing.T) {
	t.Parallel()
	host := world()
	host.faults = map[string][]object{"pullRequests(": {{"type": "FORBIDDEN", "path": []any{"repository", "pullRequests", "nodes", 0, "mergeCommit"}, "message": "Resource not accessible"}}}
	rules := testRules()
	rules.Organisations = nil
	r := readingOf(t, host, rules).read()
	r.merged(metrics.TypePullRequest, "3")
	if aside := r.store.SetAside(); len(aside) == 0 || aside[0].Record != "repository.pullRequests.nodes.0.mergeCommit" {
		t.Errorf("set aside: %+v", aside)
	}
}

func TestAListThatIsKeptFromUsIsToldWithItsPermission(t *testing.T) {
	t.Parallel()
	host := world()
	host.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/actions/runs") {
			http.Error(w, `{"message":"Resource not accessible by personal access token"}`, http.StatusForbidden)
			return true
		}
		return false
	}
	r := readingOf(t, host, testRules())
	if err := r.try(); collector.TroubleOf(err) != collector.Forbidden || !strings.Contains(err.Error(), "Actions: read") {
		t.Errorf("it gives %v", err)
	}
	r.merged(metrics.TypePullRequest, "3")
}

func TestGraphQLOfEnterpriseStandsBesideTheVersion(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://api.github.com":          "https://api.github.com/graphql",
		"https://github.acme.com/api/v3":  "https://github.acme.com/api/graphql",
		"https://github.acme.com/api/v3/": "https://github.acme.com/api/graphql",
		"https://api.acme.ghe.com":        "https://api.acme.ghe.com/graphql",
	} {
		client, err := collector.NewClient(collector.Host{Name: "hub", URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if got := graphAddress(client); got != want {
			t.Errorf("of %s it is %s", url, got)
		}
	}
	host := world()
	s := openAt(t, serve(t, host)+"/api/v3", testRules())
	if err := engine().Run(t.Context(), s.feeds(), &sourcetest.Memory{}, nil); err != nil {
		t.Error(err)
	}
}

func TestSettingsThatCannotWorkAreToldBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	token := map[string]string{"Authorization": "Bearer x"}
	for sentence, c := range map[string]struct {
		url     string
		headers map[string]string
		rules   Rules
		says    string
	}{
		"no repository":              {"", token, Rules{}, "no repository"},
		"a repository without owner": {"", token, Rules{Repositories: []string{"shop"}}, "OWNER/NAME"},
		"an organisation by address": {"", token, Rules{Organisations: []string{"https://github.com/acme"}}, "organisation"},
		"a pattern left open":        {"", token, Rules{Repositories: []string{"acme/shop"}, Workflows: []string{"[a"}}, "pattern"},
		"the address of the pages":   {"https://github.com", token, Rules{Repositories: []string{"acme/shop"}}, Standard},
		"no token":                   {"", nil, Rules{Repositories: []string{"acme/shop"}}, "token"},
	} {
		_, err := New(Options{Host: collector.Host{Name: "hub", URL: c.url, Headers: c.headers}, Rules: c.rules})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}
