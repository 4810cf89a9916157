package gitea_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/gitea"
	"shiphabit/collector/sourcetest"
)

// object is a record as the server writes it.
type object = map[string]any

// server is a fake Gitea: lists by path, in pages with the total in a header and no Link, and single records by path. It answers
// only below /api/v1.
type server struct {
	mu      sync.Mutex
	lists   map[string][]object
	records map[string]object
	asked   []string
	// cap is the most records that a page holds, whatever was asked for.
	cap int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RequestURI())
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	path, ours := strings.CutPrefix(r.URL.Path, "/api/v1/")
	list, isList := s.lists[path]
	record, isRecord := s.records[path]
	switch {
	case ours && isRecord && record["redirect"] != nil:
		http.Redirect(w, r, "/api/v1/"+fmt.Sprint(record["redirect"]), http.StatusTemporaryRedirect)
	case ours && isRecord:
		_ = json.NewEncoder(w).Encode(record)
	case ours && isList && s.unknown(path, r.FormValue("not")):
		w.WriteHeader(http.StatusInternalServerError) // as git does: bad object
		_, _ = fmt.Fprint(w, `{"message":"exit status 128 - fatal: bad object","url":"http://gitea.example/api/swagger"}`)
	case ours && isList:
		s.page(w, r, path, list)
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, `{"errors":null,"message":"not found","url":"http://gitea.example/api/swagger"}`)
	}
}

// unknown reports whether a list of commits is asked to leave out what leads to a commit that is not there.
func (s *server) unknown(path, not string) bool {
	_, there := s.records[strings.TrimSuffix(path, "/commits")+"/git/commits/"+not]
	return not != "" && !there
}

func (s *server) page(w http.ResponseWriter, r *http.Request, path string, list []object) {
	list = s.filter(r, path, list)
	page, _ := strconv.Atoi(r.FormValue("page"))
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	limit = min(limit, s.cap)
	from := min(max(0, page-1)*limit, len(list))
	some := append([]object{}, list[from:min(from+limit, len(list))]...)
	w.Header().Set("X-Total-Count", strconv.Itoa(len(list)))
	if strings.HasSuffix(path, "/actions/runs") {
		_ = json.NewEncoder(w).Encode(object{"total_count": len(list), "workflow_runs": some})
		return
	}
	_ = json.NewEncoder(w).Encode(some)
}

// filter keeps the records that the query asks for.
func (s *server) filter(r *http.Request, path string, list []object) []object {
	switch {
	case strings.HasSuffix(path, "/commits") && !strings.Contains(path, "/pulls/"):
		if from := slices.IndexFunc(list, func(c object) bool { return c["sha"] == r.FormValue("sha") }); from >= 0 {
			list = list[from:]
		}
		if to := slices.IndexFunc(list, func(c object) bool { return c["sha"] == r.FormValue("not") }); to >= 0 {
			list = list[:to]
		}
	case strings.HasSuffix(path, "/issues"):
		if since, err := time.Parse(time.RFC3339, r.FormValue("since")); err == nil {
			list = slices.DeleteFunc(slices.Clone(list), func(i object) bool {
				at, _ := time.Parse(time.RFC3339, fmt.Sprint(i["updated_at"]))
				return at.Before(since)
			})
		}
	case strings.HasSuffix(path, "/pulls"):
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b object) int {
			return strings.Compare(fmt.Sprint(b["updated_at"]), fmt.Sprint(a["updated_at"]))
		})
	}
	return list
}

func (s *server) change(f func(*server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// none is how the server writes a time that it has not got.
const none = "1970-01-01T00:00:00Z"

func day(n int) time.Time { return time.Date(2026, 2, n, 10, 0, 0, 0, time.UTC) }

func sha(n int) string { return fmt.Sprintf("%040x", n) }

func user(login string) object {
	return object{"id": 7, "login": login, "full_name": "", "email": "7+" + login + "@noreply.gitea.example", "username": login}
}

func repo(id int, path string) object {
	owner, name, _ := strings.Cut(path, "/")
	return object{
		"id": id, "owner": user(owner), "name": name, "full_name": path, "empty": false, "html_url": "http://gitea.example/" + path,
		"default_branch": "main", "has_issues": true, "has_pull_requests": true, "has_releases": true, "has_actions": true,
	}
}

func commit(n int, at time.Time, parents ...int) object {
	ps := []object{}
	for _, p := range parents {
		ps = append(ps, object{"sha": sha(p), "created": "0001-01-01T00:00:00Z"})
	}
	who := object{"name": "Zoë", "email": "zoe@example.com", "date": stamp(at)}
	return object{
		"sha": sha(n), "created": stamp(at), "author": user("zoe"), "committer": nil, "parents": ps,
		"commit": object{"author": who, "committer": who, "message": "fix: naïve sum №" + strconv.Itoa(n) + "\n"},
		"files":  []object{{"filename": "src/größe.go", "status": "modified"}},
	}
}

func release(id int, tag string, at time.Time) object {
	return object{
		"id": id, "tag_name": tag, "target_commitish": "main", "name": tag, "html_url": "http://gitea.example/acme/shop/releases/tag/" + tag,
		"draft": false, "prerelease": false, "created_at": stamp(at), "published_at": stamp(at), "author": user("zoe"),
	}
}

func tag(name string, n int, at time.Time) object {
	return object{"name": name, "message": name, "id": sha(1000 + n), "commit": object{"sha": sha(n), "created": stamp(at)}}
}

func workflowRun(id, n int, file string, at time.Time) object {
	return object{
		"id": id, "html_url": fmt.Sprintf("http://gitea.example/acme/shop/actions/runs/%d", id), "path": file + "@refs/tags/v1." + strconv.Itoa(id), "event": "push",
		"run_attempt": 0, "head_sha": sha(n), "status": "completed", "conclusion": "success", "trigger_actor": user("zoe"),
		"repository": object{"id": 1, "full_name": "acme/shop"}, "started_at": stamp(at), "completed_at": stamp(at.Add(2 * time.Minute)),
	}
}

func status(id int, context, state string, at time.Time) object {
	return object{"id": id, "status": state, "context": context, "target_url": "/acme/shop/actions/runs/1", "description": "", "creator": user("zoe"), "created_at": stamp(at), "updated_at": stamp(at)}
}

func pull(n int, at time.Time) object {
	return object{
		"id": 100 + n, "number": n, "user": user("zoe"), "title": "Größe " + strconv.Itoa(n), "labels": []object{}, "state": "closed",
		"html_url": fmt.Sprintf("http://gitea.example/acme/shop/pulls/%d", n), "merged": true, "merged_at": stamp(at), "merge_commit_sha": sha(n),
		"base": object{"ref": "main", "sha": sha(1)}, "head": object{"ref": "feature/" + strconv.Itoa(n), "sha": sha(50 + n)},
		"created_at": stamp(at.Add(-48 * time.Hour)), "updated_at": stamp(at), "closed_at": stamp(at),
	}
}

func issue(n int, at time.Time, labels ...string) object {
	ls := []object{}
	for i, l := range labels {
		ls = append(ls, object{"id": i + 1, "name": l})
	}
	return object{
		"id": 200 + n, "number": n, "user": user("zoe"), "title": "Checkout answers 500", "labels": ls, "state": "closed", "html_url": "http://gitea.example/acme/shop/issues/" + strconv.Itoa(n),
		"created_at": stamp(at), "updated_at": stamp(at.Add(time.Hour)), "closed_at": stamp(at.Add(time.Hour)), "pull_request": nil,
	}
}

// shop is a server with one repository that has something of everything.
func shop() *server {
	s := &server{cap: 50, lists: map[string][]object{}, records: map[string]object{}}
	at := "repos/acme/shop"
	s.records[at] = repo(1, "acme/shop")
	for n := 7; n > 0; n-- {
		s.lists[at+"/commits"] = append(s.lists[at+"/commits"], commit(n, day(n), n-1))
		s.records[at+"/git/commits/"+sha(n)] = object{"sha": sha(n)}
		s.lists[at+"/commits/"+sha(n)+"/statuses"] = []object{}
		t := "v1." + strconv.Itoa(n)
		s.lists[at+"/tags"] = append(s.lists[at+"/tags"], tag(t, n, day(n)))
		s.records[at+"/tags/"+t] = tag(t, n, day(n))
		s.lists[at+"/releases"] = append(s.lists[at+"/releases"], release(n, t, day(n)))
		s.records[at+"/releases/"+strconv.Itoa(n)] = release(n, t, day(n))
		s.lists[at+"/actions/runs"] = append(s.lists[at+"/actions/runs"], workflowRun(n, n, "deploy.yml", day(n)))
		p := fmt.Sprintf("%s/pulls/%d", at, n)
		s.lists[at+"/pulls"] = append(s.lists[at+"/pulls"], pull(n, day(n)))
		s.records[p] = pull(n, day(n))
		s.lists[p+"/commits"] = []object{commit(50+n, day(n).Add(-time.Hour)), commit(40+n, day(n).Add(-2*time.Hour))}
		s.lists[p+"/reviews"] = []object{
			{"id": n, "user": user("max"), "state": "APPROVED", "submitted_at": stamp(day(n).Add(-30 * time.Minute)), "dismissed": false},
			{"id": 90 + n, "user": user("eva"), "state": "REQUEST_REVIEW", "submitted_at": stamp(day(n))},
		}
		s.lists[at+"/issues"] = append(s.lists[at+"/issues"], issue(20+n, day(n), "Incident", "severity/high"))
	}
	s.lists[at+"/commits/"+sha(5)+"/statuses"] = []object{
		status(3, "deploy/production", "success", day(6).Add(20*time.Minute)), status(1, "deploy/production", "failure", day(6)),
		status(2, "deploy/production", "pending", day(6).Add(15*time.Minute)), status(4, "ci/test", "success", day(6)),
	}
	return s
}

// everything reads all that a server has to say.
func everything() gitea.Options {
	return gitea.Options{
		Name: "forge", Repositories: []string{"acme/shop"}, Deployments: []string{gitea.Releases, gitea.Actions, gitea.Statuses},
		Workflows: []string{"deploy*.yml"}, Contexts: []string{"deploy/*"}, IncidentLabels: []string{"incident"}, Page: 3,
	}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, address string, clock func() time.Time, o gitea.Options) *collector.Feeds {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: o.Name, URL: gitea.BaseURL(address), Headers: map[string]string{"Authorization": "token " + sourcetest.Token}, Access: gitea.Access, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Clock = clock
	source, err := gitea.New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func noon() time.Time { return day(20) }

// reading is one of whatever a test puts behind an address, under options that it may change.
type reading struct {
	sourcetest.Reading
	address string
	options gitea.Options
}

func begin(t *testing.T, h http.Handler, o gitea.Options) *reading {
	t.Helper()
	r := &reading{address: serve(t, h), options: o}
	r.Reading = sourcetest.Reading{T: t, Store: &sourcetest.Memory{}, Open: func() collector.Source { return open(t, r.address, noon, r.options) }}
	return r
}
