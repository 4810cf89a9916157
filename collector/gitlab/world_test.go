package gitlab_test

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/gitlab"
	"shiphabit/collector/gitlab/gitlabtest"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

type object = map[string]any

func day(n int) time.Time { return time.Date(2026, 2, n, 10, 0, 0, 0, time.UTC) }

func stamp(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z07:00") }

func sha(n int) string { return fmt.Sprintf("%040x", n) }

func user(id int, name string) object {
	return object{"id": id, "username": name, "name": "Somebody", "state": "active", "web_url": "https://gitlab.example/" + name}
}

// deployment is a finished deployment as GitLab writes one; changes are laid over it.
func deployment(id int, at time.Time, changes ...object) gitlabtest.Record {
	body := object{
		"id": id, "iid": id, "ref": "main", "sha": sha(id), "status": "success", "created_at": stamp(at.Add(-2 * time.Minute)), "updated_at": stamp(at),
		"user": user(1, "ada"), "environment": object{"id": 9, "name": "production", "slug": "production"},
		"deployable": object{
			"id": 600 + id, "name": "deploy", "stage": "deploy", "status": "success", "ref": "main", "tag": false, "coverage": nil,
			"created_at": stamp(at.Add(-3 * time.Minute)), "started_at": stamp(at.Add(-time.Minute)), "finished_at": stamp(at),
			"web_url": fmt.Sprintf("https://gitlab.example/acme/shop/-/jobs/%d", 600+id), "user": user(1, "ada"),
			"commit": object{"id": sha(id)}, "pipeline": object{"id": 30 + id, "sha": sha(id), "ref": "main", "status": "success", "source": "push"},
		},
	}
	for _, change := range changes {
		for key, value := range change {
			body[key] = value
		}
	}
	status, _ := body["status"].(string)
	environment, _ := body["environment"].(object)
	name, _ := environment["name"].(string)
	return gitlabtest.Record{Key: int64(id), Updated: at, Match: map[string]string{"status": status, "environment": name}, Body: body}
}

// running is a deployment that has not come to its end.
func running(id int, at time.Time) gitlabtest.Record {
	return deployment(id, at, object{"status": "running", "deployable": object{"id": 600 + id, "status": "running", "created_at": stamp(at), "started_at": stamp(at), "finished_at": nil}})
}

func request(iid int, at time.Time, changes ...object) gitlabtest.Record {
	body := object{
		"id": 9000 + iid, "iid": iid, "state": "merged", "title": "Grüße für den Laden", "author": user(1, "ada"), "target_branch": "main", "source_branch": "fix",
		"sha": sha(500 + iid), "merge_commit_sha": sha(iid), "squash_commit_sha": nil, "labels": []string{"backend"}, "user_notes_count": 1,
		"web_url": fmt.Sprintf("https://gitlab.example/acme/shop/-/merge_requests/%d", iid), "created_at": stamp(at.Add(-5 * time.Hour)),
		"updated_at": stamp(at), "merged_at": stamp(at.Add(-time.Minute)),
	}
	for _, change := range changes {
		for key, value := range change {
			body[key] = value
		}
	}
	return gitlabtest.Record{Key: int64(iid), Updated: at, Body: body}
}

func note(by object, at time.Time, body string, system bool) gitlabtest.Record {
	return gitlabtest.Record{Body: object{"body": body, "author": by, "system": system, "created_at": stamp(at)}}
}

func issue(iid int, at time.Time, changes ...object) gitlabtest.Record {
	body := object{
		"id": 300 + iid, "iid": iid, "title": "Checkout is down", "state": "closed", "severity": "HIGH", "confidential": false, "labels": []string{"outage"},
		"author": user(2, "bob"), "web_url": "https://gitlab.example/acme/shop/-/issues/3", "created_at": stamp(at.Add(-time.Hour)),
		"updated_at": stamp(at), "closed_at": stamp(at.Add(-time.Minute)), "issue_type": "incident",
	}
	for _, change := range changes {
		for key, value := range change {
			body[key] = value
		}
	}
	kind, _ := body["issue_type"].(string)
	return gitlabtest.Record{Key: int64(iid), Updated: at, Match: map[string]string{"issue_type": kind, "labels": "outage"}, Body: body}
}

func commit(n int, at time.Time) gitlabtest.Record {
	return gitlabtest.Record{Body: object{
		"id": sha(n), "parent_ids": []string{sha(n - 1)}, "message": fmt.Sprintf("Commit %d\n\nWith a body.", n), "title": "Commit", "author_name": "Ada",
		"author_email": "Ada@Example.com", "authored_date": stamp(at.Add(-time.Hour)), "committed_date": stamp(at), "created_at": stamp(at),
	}}
}

// world is a host with one project that has some of everything.
func world() *gitlabtest.Host {
	h := &gitlabtest.Host{Token: sourcetest.Token}
	project(h, 17, "acme/shop")
	h.Put("projects/17/environments/9", object{"id": 9, "name": "production", "tier": "production"})
	h.Put("projects/17/environments/10", object{"id": 10, "name": "übung/ß", "tier": "other"})
	h.List("projects/17/deployments", deployment(41, day(2)), deployment(42, day(3), object{"status": "failed"}),
		deployment(43, day(4), object{"environment": object{"id": 10, "name": "übung/ß"}}), running(44, day(5)))
	h.List("projects/17/merge_requests", request(1, day(2)), request(2, day(3), object{"merge_commit_sha": nil}), request(3, day(4), object{"state": "opened", "merged_at": nil}))
	for _, iid := range []int{1, 2} {
		at := fmt.Sprintf("projects/17/merge_requests/%d/", iid)
		h.List(at+"commits", commit(500+iid, day(1)))
		h.List(at+"notes", note(user(1, "ada"), day(1), "ready", false), note(user(2, "bob"), day(1).Add(time.Hour), "why so?", false),
			note(user(2, "bob"), day(1).Add(2*time.Hour), "approved this merge request", true), note(user(2, "bob"), day(1), "changed the description", true))
	}
	h.List("projects/17/issues", issue(3, day(3)), issue(4, day(4), object{"state": "opened", "closed_at": nil, "issue_type": "issue", "severity": "UNKNOWN", "labels": []string{"outage", "severity::1"}}))
	branch(h, 3)
	return h
}

func project(h *gitlabtest.Host, id int, path string) {
	body := object{"id": id, "path_with_namespace": path, "default_branch": "main", "archived": false, "empty_repo": false}
	h.Put(fmt.Sprintf("projects/%d", id), body)
	escaped := []byte{}
	for _, c := range []byte(path) {
		if c == '/' {
			escaped = append(escaped, "%2F"...)
			continue
		}
		escaped = append(escaped, c)
	}
	h.Put("projects/"+string(escaped), body)
}

// branch lets the default branch end at a commit; what comes before is listed for the whole branch and for each range.
func branch(h *gitlabtest.Host, head int) {
	h.Put("projects/17/repository/branches/main", object{"name": "main", "commit": object{"id": sha(head)}})
	var all []gitlabtest.Record
	for n := head; n > 0; n-- {
		h.Put("projects/17/repository/commits/"+sha(n), commit(n, day(n)).Body)
		for base := range n {
			r := commit(n, day(n))
			r.Match = map[string]string{"ref_name": sha(base) + ".." + sha(head)}
			if base == 0 {
				r.Match["ref_name"] = sha(head)
			}
			all = append(all, r)
		}
	}
	h.List("projects/17/repository/commits", all...)
}

func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// open makes a source that reads acme/shop; changes alter its options.
func open(t testing.TB, address string, changes ...func(*gitlab.Options)) collector.Source {
	t.Helper()
	o := gitlab.Options{
		Choice: gitlab.Choice{IncidentLabels: []string{"outage"}}, Projects: []string{"acme/shop"},
		Host: collector.Host{Name: "lab", URL: address, Headers: map[string]string{"PRIVATE-TOKEN": sourcetest.Token}, Access: "the scope read_api", Clock: noon},
	}
	for _, change := range changes {
		change(&o)
	}
	s, err := gitlab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func serve(t testing.TB, h *gitlabtest.Host) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// reader reads a host into a store, again and again.
type reader struct {
	*sourcetest.Memory
	source func() collector.Source
}

func read(t testing.TB, h *gitlabtest.Host, changes ...func(*gitlab.Options)) *reader {
	t.Helper()
	address := serve(t, h)
	r := &reader{Memory: &sourcetest.Memory{}, source: func() collector.Source { return open(t, address, changes...) }}
	r.again(t)
	return r
}

func quick() collector.Engine {
	e := collector.NewEngine()
	e.Clock = noon
	e.Pause = collector.Pause{First: time.Microsecond, Ceiling: time.Microsecond, Rand: func() float64 { return 0 }}
	return e
}

func (r *reader) again(t testing.TB) {
	t.Helper()
	// What is missing is told once the rest is read.
	if err := quick().Run(t.Context(), r.source(), r.Memory, nil); err != nil && !strings.Contains(err.Error(), "it is not there") {
		t.Fatal(err)
	}
}

// merged are the records as the store would have them, by "type/id".
func (r *reader) merged() map[string]metrics.Event {
	revisions := map[string][]metrics.Event{}
	for _, e := range r.Events() {
		key := string(e.Type) + "/" + e.ID
		revisions[key] = append(revisions[key], e)
	}
	all := map[string]metrics.Event{}
	for key, list := range revisions {
		all[key] = metrics.Merge(list)
	}
	return all
}

func (r *reader) deployment(t testing.TB, id string) metrics.Deployment {
	t.Helper()
	e, found := r.merged()["deployment/"+id]
	if !found {
		t.Fatalf("there is no deployment %s among %v", id, keys(r.merged()))
	}
	d, err := e.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func keys(m map[string]metrics.Event) []string {
	var all []string
	for key := range m {
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
