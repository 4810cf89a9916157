package github

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/sourcetest"
)

// fake is a GitHub of our own over real HTTP: it answers from records, in GitHub's form, by pages, with links and ETags.
type fake struct {
	mu    sync.Mutex
	repos []*fakeRepo
	// rest and graph count calls; those that cost nothing because nothing changed are counted apart. asked lists what REST was asked for.
	rest, graph, free int
	asked             []string
	// before may answer in the fake's place.
	before func(w http.ResponseWriter, r *http.Request) bool
	// faults are put beside the data of every GraphQL answer that holds the word.
	faults map[string][]map[string]any
	// hideJobs keeps the jobs of runs out of GraphQL; tooMuch is the size of a page on which GraphQL gives up.
	hideJobs bool
	tooMuch  int
}

type object = map[string]any

type fakeRepo struct {
	id                 int
	full, branch       string
	archived           bool
	deployments, pulls []object // as GraphQL writes them, oldest first
	flags              map[string]bool
	runs, issues       []object // as REST writes them, oldest first
	attempts           map[string]object
	jobs               map[int][]object
	releases, commits  []object
	environments       []object
	approvals          map[string][]object
	commitsAfter       map[string][]object // base → what came after
	lost               map[string]bool     // bases that the host no longer has
	head               string
}

func at(day, hour int) string {
	return time.Date(2026, 2, day, hour, 0, 0, 0, time.UTC).Format(time.RFC3339)
}

func sha(n int) string { return fmt.Sprintf("%040x", n) }

func (f *fake) find(full string) *fakeRepo {
	for _, r := range f.repos {
		if strings.EqualFold(r.full, full) {
			return r
		}
	}
	return nil
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before != nil && f.before(w, r) {
		return
	}
	if strings.HasSuffix(r.URL.Path, "/graphql") {
		f.graph++
		f.answerGraph(w, r)
		return
	}
	f.rest++
	f.asked = append(f.asked, r.URL.RequestURI())
	parts := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/v3"), "/"), "/")
	switch {
	case len(parts) == 3 && parts[0] == "orgs" && parts[2] == "repos":
		var list []object
		for _, repo := range f.repos {
			if strings.HasPrefix(repo.full, parts[1]+"/") {
				list = append(list, repo.object())
			}
		}
		if list == nil {
			notFound(w)
			return
		}
		f.page(w, r, list, "")
	case len(parts) >= 3 && parts[0] == "repos":
		repo := f.find(parts[1] + "/" + parts[2])
		if repo == nil {
			notFound(w)
			return
		}
		f.answerRepo(w, r, repo, strings.Join(parts[3:], "/"))
	default:
		notFound(w)
	}
}

func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprint(w, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`)
}

// send answers, or says that nothing changed.
func (f *fake) send(w http.ResponseWriter, r *http.Request, v any) {
	body, _ := json.Marshal(v)
	sum := fnv.New64a()
	_, _ = sum.Write(body)
	etag := fmt.Sprintf(`W/"%x"`, sum.Sum64())
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if r.Header.Get("If-None-Match") == etag {
		f.free++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(append(body, '\n'))
}

// page answers a page of a list, in an envelope where the host has one.
func (f *fake) page(w http.ResponseWriter, r *http.Request, list []object, envelope string) {
	size, number := 30, 1
	if n, err := strconv.Atoi(r.FormValue("per_page")); err == nil {
		size = n
	}
	if n, err := strconv.Atoi(r.FormValue("page")); err == nil {
		number = n
	}
	from := min((number-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next := *r.URL
		q := next.Query()
		q.Set("page", strconv.Itoa(number+1))
		next.RawQuery = q.Encode()
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s>; rel="next"`, r.Host, next.RequestURI()))
	}
	some := append([]object{}, list[from:to]...)
	if envelope == "" {
		f.send(w, r, some)
		return
	}
	f.send(w, r, object{"total_count": len(list), envelope: some})
}

func (r *fakeRepo) object() object {
	owner, name, _ := strings.Cut(r.full, "/")
	return object{
		"id": r.id, "node_id": fmt.Sprintf("R_%d", r.id), "name": name, "full_name": r.full, "owner": object{"login": owner, "id": 1, "type": "Organization"},
		"archived": r.archived, "disabled": false, "has_issues": true, "default_branch": r.branch, "private": true, "size": len(r.commits),
	}
}

func newest(list []object) []object {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func (f *fake) answerRepo(w http.ResponseWriter, r *http.Request, repo *fakeRepo, rest string) {
	parts := strings.Split(rest, "/")
	is := func(pattern string) bool {
		want := strings.Split(pattern, "/")
		if len(want) != len(parts) {
			return false
		}
		for i := range want {
			if want[i] != "*" && want[i] != parts[i] {
				return false
			}
		}
		return true
	}
	switch {
	case rest == "":
		f.send(w, r, repo.object())
	case is("branches/*") && repo.head != "":
		f.send(w, r, object{"name": repo.branch, "commit": object{"sha": repo.head}, "protected": false})
	case is("commits"):
		f.page(w, r, newest(repo.commits), "")
	case is("compare/*") && !repo.lost[strings.Split(parts[1], "...")[0]]:
		list := repo.commitsAfter[strings.Split(parts[1], "...")[0]]
		f.send(w, r, object{"status": "ahead", "total_commits": len(list), "commits": list})
	case is("deployments"):
		var list []object
		for _, d := range newest(repo.deployments) {
			list = append(list, repo.restDeployment(d))
		}
		f.page(w, r, list, "")
	case is("deployments/*"), is("deployments/*/statuses"):
		f.answerDeployment(w, r, repo, parts)
	case is("environments"):
		f.page(w, r, repo.environments, "environments")
	case is("actions/runs"):
		f.page(w, r, newest(repo.runs), "workflow_runs")
	case is("actions/runs/*"):
		f.one(w, r, repo.runs, "id", parts[2])
	case is("actions/runs/*/attempts/*") && repo.attempts[parts[2]+"/"+parts[4]] != nil:
		f.send(w, r, repo.attempts[parts[2]+"/"+parts[4]])
	case is("actions/runs/*/approvals"):
		f.send(w, r, append([]object{}, repo.approvals[parts[2]]...))
	case is("actions/runs/*/jobs"):
		id, _ := strconv.Atoi(parts[2])
		f.page(w, r, repo.jobs[id], "jobs")
	case is("pulls/*/commits"):
		f.page(w, r, repo.commits, "")
	case is("issues"):
		f.page(w, r, repo.issuesFor(r), "")
	case is("issues/*"):
		f.one(w, r, repo.issues, "number", parts[1])
	default:
		notFound(w)
	}
}

func (f *fake) one(w http.ResponseWriter, r *http.Request, list []object, key, value string) {
	for _, o := range list {
		if fmt.Sprint(o[key]) == value {
			f.send(w, r, o)
			return
		}
	}
	notFound(w)
}

func (r *fakeRepo) issuesFor(request *http.Request) []object {
	since, _ := time.Parse(time.RFC3339, request.FormValue("since"))
	var list []object
	for _, issue := range r.issues {
		updated, _ := time.Parse(time.RFC3339, issue["updated_at"].(string))
		labelled := slices.ContainsFunc(issue["labels"].([]object), func(l object) bool { return l["name"] == request.FormValue("labels") })
		if labelled && !updated.Before(since) {
			list = append(list, issue)
		}
	}
	slices.SortStableFunc(list, func(a, b object) int { return strings.Compare(b["updated_at"].(string), a["updated_at"].(string)) })
	if request.FormValue("direction") == "asc" {
		slices.Reverse(list)
	}
	return list
}

func (f *fake) answerDeployment(w http.ResponseWriter, r *http.Request, repo *fakeRepo, parts []string) {
	for _, d := range repo.deployments {
		if fmt.Sprint(d["databaseId"]) != parts[1] {
			continue
		}
		if len(parts) == 2 {
			f.send(w, r, repo.restDeployment(d))
			return
		}
		var list []object
		for i, s := range statusesOf(d) {
			list = append(list, object{
				"id": 1000*d["databaseId"].(int) + i, "state": strings.ToLower(s["state"].(string)), "created_at": s["createdAt"], "updated_at": s["createdAt"],
				"log_url": s["logUrl"], "environment": d["environment"],
			})
		}
		f.page(w, r, list, "")
		return
	}
	notFound(w)
}

func (r *fakeRepo) restDeployment(d object) object {
	login := d["creator"].(object)["login"].(string)
	if d["creator"].(object)["__typename"] == "Bot" {
		login += "[bot]"
	}
	ref := d["commitOid"]
	if named, ok := d["ref"].(object); ok {
		ref = named["name"]
	}
	return object{
		"id": d["databaseId"], "sha": d["commitOid"], "ref": ref, "task": d["task"], "payload": json.RawMessage(d["payload"].(string)),
		"environment": d["environment"], "created_at": d["createdAt"], "updated_at": d["updatedAt"], "creator": object{"login": login},
		"production_environment": r.flags[d["environment"].(string)], "transient_environment": false,
	}
}

// statusesOf are a deployment's statuses, newest first as the host lists them.
func statusesOf(d object) []object { return newest(d["statuses"].([]object)) }

// answerGraph answers the queries of the source, told apart by what they ask for.
func (f *fake) answerGraph(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if first, _ := asked.Variables["first"].(float64); f.tooMuch > 0 && int(first) > f.tooMuch {
		http.Error(w, "<html>502</html>", http.StatusBadGateway)
		return
	}
	answer := object{"data": object{"rateLimit": object{"cost": 1, "remaining": 4999, "resetAt": at(28, 0)}, "repository": nil}}
	data := answer["data"].(object)
	if strings.Contains(asked.Query, "nodes(ids:") {
		delete(data, "repository")
		data["nodes"] = f.graphRuns(asked.Variables["ids"].([]any))
	} else if repo := f.find(fmt.Sprint(asked.Variables["owner"], "/", asked.Variables["name"])); repo != nil {
		data["repository"] = repo.graph(asked.Query, asked.Variables)
	} else {
		answer["errors"] = []object{{"type": "NOT_FOUND", "path": []string{"repository"}, "message": "Could not resolve to a Repository with that name."}}
	}
	for word, faults := range f.faults {
		if strings.Contains(asked.Query, word) {
			answer["errors"] = faults
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer)
}

func (r *fakeRepo) graph(query string, variables map[string]any) object {
	switch {
	case strings.Contains(query, "deployments("):
		var list []object
		for _, d := range newest(r.deployments) {
			shown := maps.Clone(d)
			shown["statuses"] = connection(statusesOf(d), int(variables["statuses"].(float64)), "")
			list = append(list, shown)
		}
		return object{"deployments": paged(list, variables)}
	case strings.Contains(query, "pullRequests("):
		list := slices.Clone(r.pulls)
		slices.SortStableFunc(list, func(a, b object) int { return strings.Compare(b["updatedAt"].(string), a["updatedAt"].(string)) })
		return object{"pullRequests": paged(list, variables)}
	default:
		return object{"releases": paged(newest(r.releases), variables)}
	}
}

func paged(list []object, variables map[string]any) object {
	cursor, _ := variables["after"].(string)
	return connection(list, int(variables["first"].(float64)), cursor)
}

func connection(list []object, first int, cursor string) object {
	from, _ := strconv.Atoi(strings.TrimPrefix(cursor, "c"))
	to := min(from+first, len(list))
	return object{
		"pageInfo": object{"hasNextPage": to < len(list), "endCursor": "c" + strconv.Itoa(to)},
		"nodes":    append([]object{}, list[min(from, to):to]...),
	}
}

func (f *fake) graphRuns(ids []any) []any {
	var nodes []any
	for _, id := range ids {
		n, _ := strconv.Atoi(strings.TrimPrefix(fmt.Sprint(id), "WFR_"))
		var node any
		for _, repo := range f.repos {
			if jobs, known := repo.jobs[n]; known && !f.hideJobs {
				var checks []object
				for _, j := range jobs {
					checks = append(checks, object{
						"databaseId": j["id"], "name": j["name"], "status": strings.ToUpper(fmt.Sprint(j["status"])), "url": j["html_url"],
						"conclusion": strings.ToUpper(fmt.Sprint(j["conclusion"])), "startedAt": j["started_at"], "completedAt": j["completed_at"],
					})
				}
				node = object{"databaseId": n, "checkSuite": object{"checkRuns": connection(checks, 100, "")}}
			}
		}
		nodes = append(nodes, node)
	}
	return nodes
}

// rules read everything of two repositories and an organisation.
func testRules() Rules {
	return Rules{
		Source: "hub", Repositories: []string{"acme/shop"}, Organisations: []string{"globex"}, Workflows: []string{"Deploy*"},
		Releases: true, IncidentLabels: []string{"incident"},
	}
}

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// openAt makes a source over a server, with pages of two.
func openAt(t *testing.T, address string, rules Rules) *source {
	t.Helper()
	s, err := open(Options{
		Host:  collector.Host{Name: rules.Source, URL: address, Headers: map[string]string{"Authorization": "Bearer " + sourcetest.Token}, Access: Access, Clock: noon},
		Rules: rules,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.perPage = 2
	return s
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}
