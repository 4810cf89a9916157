package github

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// judgeFolder holds GitHub's own descriptions, taken from npm by 'make judge'.
const judgeFolder = "judge"

// judge runs one of its scripts, and skips the test where they are not installed. CI installs them.
func judge(t *testing.T, script string, args ...string) string {
	t.Helper()
	needJudge(t)
	out, err := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(judgeFolder, script)}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(string(out))
}

func needJudge(t *testing.T) {
	t.Helper()
	for _, what := range []string{"@octokit/openapi", "@octokit/webhooks-schemas", "@octokit/webhooks-examples", "@octokit/graphql-schema", "@stoplight/prism-cli"} {
		if _, err := os.Stat(filepath.Join(judgeFolder, "node_modules", filepath.FromSlash(what))); err != nil {
			t.Skipf("npm package %s is not installed: 'make judge' installs it", what)
		}
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("there is no node")
	}
}

func TestJudgeFixturesAreWhatGitHubSends(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "hooks", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no fixtures")
	}
	t.Log(judge(t, "deliveries.mjs", files...))
}

func TestJudgeQueriesFitGitHubsSchema(t *testing.T) {
	t.Parallel()
	var files []string
	for name, query := range map[string]string{"deployments": deploymentsQuery, "pulls": pullsQuery, "releases": releasesQuery, "jobs": jobsQuery} {
		file := filepath.Join(t.TempDir(), name+".graphql")
		if err := os.WriteFile(file, []byte(query), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	t.Log(judge(t, "queries.mjs", files...))
}

// judgedPaths are the operations of REST that the source uses.
func judgedPaths() []string {
	const repo = "/repos/{owner}/{repo}"
	return []string{
		"/orgs/{org}/repos", repo, repo + "/branches/{branch}", repo + "/commits", repo + "/compare/{basehead}",
		repo + "/deployments", repo + "/deployments/{deployment_id}", repo + "/deployments/{deployment_id}/statuses",
		repo + "/environments", repo + "/actions/runs", repo + "/actions/runs/{run_id}", repo + "/actions/runs/{run_id}/attempts/{attempt_number}",
		repo + "/actions/runs/{run_id}/approvals", repo + "/actions/runs/{run_id}/jobs", repo + "/issues", repo + "/issues/{issue_number}",
		repo + "/pulls/{pull_number}/commits",
	}
}

// TestJudgeRequestsKeepToGitHubsDescription lets the source read the fake in every way it knows, and has a mock made of GitHub's own
// description judge each request of it.
func TestJudgeRequestsKeepToGitHubsDescription(t *testing.T) {
	t.Parallel()
	needJudge(t)
	description := filepath.Join(t.TempDir(), "github.json")
	judge(t, "trim.mjs", append([]string{description}, judgedPaths()...)...)
	mock := startMock(t, description)
	asked := everyRequest(t)
	for _, request := range asked {
		code, said := askMock(t, mock+request)
		if code >= http.StatusBadRequest {
			t.Errorf("GET %s: %d %s", request, code, said)
		}
	}
	for _, path := range judgedPaths() {
		if !slices.ContainsFunc(asked, func(request string) bool { return fits(path, request) }) {
			t.Errorf("nothing asked for %s", path)
		}
	}
	if code, _ := askMock(t, mock+"/repos/acme/shop/issues?state=both"); code < http.StatusBadRequest {
		t.Error("the judge lets a wrong request pass")
	}
	t.Logf("%d requests of %d operations judged", len(asked), len(judgedPaths()))
}

// fits reports whether a request is one of the described path.
func fits(path, request string) bool {
	request, _, _ = strings.Cut(request, "?")
	want, got := strings.Split(path, "/"), strings.Split(request, "/")
	return slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
}

// everyRequest is what the source asks REST for, in all its ways of reading.
func everyRequest(t *testing.T) []string {
	t.Helper()
	host := world()
	shop := host.repos[0]
	shop.deployments = slices.Insert(shop.deployments, 0, deploymentOn(104, 1, "live", "in_progress@9"))
	shop.runs = slices.Insert(shop.runs, 0, runOn(205, 1, "Deploy", "in_progress", ""))
	shop.issues = append(shop.issues, issueOn(14, 1, false, "incident"))
	shop.pulls = append(shop.pulls, manyCommits(pullOn(4, 5, true)))
	r := readingOf(t, host, testRules()).read()
	shop.head, shop.commitsAfter = sha(4), map[string][]object{sha(3): {commitOn(4, 4, sha(3))}}
	r.read()
	rules := testRules()
	rules.Jobs = []string{"to *"}
	for range 101 {
		shop.jobs[203] = append(shop.jobs[203], object{"id": 42, "name": "to live", "status": "completed", "conclusion": "success", "started_at": at(3, 9), "completed_at": at(3, 10), "head_sha": sha(1)})
	}
	shop.flags["größe"], shop.branch = false, "größe/neu"
	jobs := readingOf(t, host, rules)
	jobs.s.since = moment(1, 0)
	_ = jobs.try() // the fake has no such branch
	slices.Sort(host.asked)
	return slices.Compact(host.asked)
}

// manyCommits is a pull request of which GraphQL shows only the first page of commits.
func manyCommits(pull object) object {
	pull["commits"].(object)["pageInfo"] = object{"hasNextPage": true}
	return pull
}

// startMock starts Prism over a description and returns its address once it listens.
func startMock(t *testing.T, description string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	ctx, cancel := context.WithCancel(context.Background())
	prism := exec.CommandContext(ctx, "node", filepath.Join(judgeFolder, "node_modules", "@stoplight", "prism-cli", "dist", "index.js"), "mock", "--multiprocess", "false", "-p", port, description)
	out, err := prism.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	prism.Stderr = prism.Stdout
	if err := prism.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = prism.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening on") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://127.0.0.1:" + port
		}
	}
	t.Fatal("the mock does not start")
	return ""
}

func askMock(t *testing.T, address string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: time.Minute}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer nothing")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 2000))
	return answer.StatusCode, string(text)
}

// example is one of the deliveries that GitHub gives as examples.
type example struct {
	kind string
	n    int
	body json.RawMessage
}

// examples are those of the npm package, in its order.
func examples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(judgeFolder, "node_modules", "@octokit", "webhooks-examples", "api.github.com", "index.json"))
	if err != nil {
		t.Skip("npm package @octokit/webhooks-examples is not installed: 'make judge' installs it")
	}
	var kinds []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(text, &kinds); err != nil {
		t.Fatal(err)
	}
	var all []example
	for _, k := range kinds {
		for n, body := range k.Examples {
			all = append(all, example{k.Name, n, body})
		}
	}
	return all
}

// rulesFor read whatever repository an example is about.
func rulesFor(fullName string) Rules {
	owner, _, _ := strings.Cut(fullName, "/")
	return Rules{
		Source: "hub", Organisations: []string{owner}, Workflows: []string{"*"}, Releases: true, IncidentLabels: []string{"bug"},
	}
}

func TestJudgeEveryExampleOfGitHubIsTakenOrItIsSaidWhyNot(t *testing.T) {
	t.Parallel()
	all := examples(t)
	understood, aside, ignored := 0, 0, map[string]int{}
	for _, x := range all {
		var body delivery
		if err := json.Unmarshal(x.body, &body); err != nil {
			t.Fatal(err)
		}
		p := deliver(rulesFor(body.Repository.FullName), x.kind, x.body)
		switch {
		case len(p.SetAside) > 0:
			aside++
			t.Logf("%s %d (%s) is set aside: %s: %s", x.kind, x.n, p.Kind, p.SetAside[0].Record, p.SetAside[0].Reason)
		case len(p.Events) > 0:
			understood++
		case p.Ignored != "":
			ignored[p.Ignored]++
		default:
			t.Errorf("%s %d says nothing and not why", x.kind, x.n)
		}
	}
	t.Logf("%d examples of GitHub: %d understood, %d set aside, %d of no interest", len(all), understood, aside, len(all)-understood-aside)
	for reason, n := range ignored {
		t.Logf("%d of no interest: %s", n, reason)
	}
	if len(all) < 300 || understood < 60 {
		t.Errorf("%d of %d are understood", understood, len(all))
	}
}
