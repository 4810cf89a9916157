package gitlab_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/collector"
	"shiphabit/collector/gitlab"
	"shiphabit/metrics"
)

func hook() gitlab.Hook {
	return gitlab.Hook{Source: "lab", Choice: gitlab.Choice{Jobs: "deploy*", Pipelines: "v*", Releases: true, Environment: "live", IncidentLabels: []string{"outage"}}}
}

func shop() object {
	return object{"id": 17, "name": "Shop", "path_with_namespace": "acme/shop", "default_branch": "main", "web_url": "https://gitlab.example/acme/shop"}
}

// push sends a body to a hook as GitLab would.
func push(t testing.TB, h gitlab.Hook, body object) collector.Pushed {
	t.Helper()
	if _, given := body["project"]; !given {
		body["project"] = shop()
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return h.Parse(http.Header{"X-Gitlab-Event": {"Some Hook"}}, text)
}

func hookDeployment(changes ...object) object {
	body := object{
		"object_kind": "deployment", "status": "success", "status_changed_at": "2026-02-02 11:00:00 +0100", "deployment_id": 41, "deployable_id": 641,
		"deployable_url": "https://gitlab.example/acme/shop/-/jobs/641", "environment": "production", "environment_tier": "production", "ref": "main",
		"short_sha": sha(41)[:8], "user": object{"id": 1, "username": "ada", "email": "ada@example.com"}, "commit_url": "https://gitlab.example/acme/shop/-/commit/" + sha(41),
	}
	for _, change := range changes {
		for key, value := range change {
			body[key] = value
		}
	}
	return body
}

func hookRequest(action string) object {
	return object{
		"object_kind": "merge_request", "user": object{"id": 1, "username": "ada"}, "labels": []object{{"title": "backend"}},
		"object_attributes": object{
			"id": 9001, "iid": 1, "state": "merged", "title": "Grüße für den Laden", "author_id": 1, "target_branch": "main", "source_branch": "fix", "action": action,
			"merge_commit_sha": sha(1), "last_commit": object{"id": sha(501)}, "url": "https://gitlab.example/acme/shop/-/merge_requests/1",
			"created_at": "2026-02-02 05:00:00 UTC", "updated_at": "2026-02-02 10:00:00 UTC",
		},
	}
}

func hookIssue(kind string, changes ...object) object {
	attributes := object{
		"id": 303, "iid": 3, "type": kind, "title": "Checkout is down", "state": "closed", "severity": "high", "action": "close", "url": "https://gitlab.example/acme/shop/-/issues/3",
		"created_at": "2026-02-03 09:00:00 UTC", "updated_at": "2026-02-03 10:00:00 UTC", "closed_at": "2026-02-03 09:59:00 UTC",
	}
	for _, change := range changes {
		for key, value := range change {
			attributes[key] = value
		}
	}
	return object{"object_kind": "work_item", "event_type": "work_item", "object_attributes": attributes, "labels": []object{{"title": "outage"}}}
}

// hooks are deliveries about records of the world.
func hooks() map[string]object {
	return map[string]object{
		"a deployment":    hookDeployment(),
		"a merge request": hookRequest("merge"),
		"an incident":     hookIssue("Incident"),
		"a push": {"object_kind": "push", "ref": "refs/heads/main", "commits": []object{
			{"id": sha(3), "message": "Commit 3\n\nWith a body.", "timestamp": "2026-02-03T11:00:00+01:00", "author": object{"email": "ada@example.com"}, "added": []string{"b"}, "modified": []string{"a"}, "removed": []string{}},
		}},
		"a pipeline": {"object_kind": "pipeline", "user": object{"username": "ada"}, "object_attributes": object{
			"id": 31, "ref": "v1.0", "sha": sha(31), "status": "success", "source": "web", "created_at": "2026-02-06 09:00:00 UTC", "finished_at": "2026-02-06 10:00:00 UTC", "url": "https://gitlab.example/p",
		}, "builds": []object{
			{"id": 310, "name": "test", "status": "success", "created_at": "2026-02-06 09:00:00 UTC"},
			{"id": 311, "name": "deploy-eu", "status": "failed", "manual": true, "created_at": "2026-02-06 09:00:00 UTC", "started_at": "2026-02-06 09:59:00 UTC", "finished_at": "2026-02-06 10:00:00 UTC", "user": object{"username": "ada"}},
			{"id": 312, "name": "deploy-us", "status": "manual", "manual": true, "created_at": "2026-02-06 09:00:00 UTC"},
		}},
		"a job": {"object_kind": "build", "ref": "main", "sha": sha(32), "build_id": 321, "build_name": "deploy-eu", "build_status": "failed", "build_created_at": "2026-02-07 09:00:00 UTC",
			"build_started_at": "2026-02-07T09:59:00.000Z", "build_finished_at": "2026-02-07 10:00:00 UTC", "user": object{"id": 1, "name": "Ada"}},
		"a release": {"object_kind": "release", "id": 5, "tag": "v1.0", "name": "v1.0", "action": "create", "created_at": "2026-02-06 10:00:00 UTC", "released_at": "2026-02-06 10:00:00 UTC",
			"url": "https://gitlab.example/acme/shop/-/releases/v1.0", "commit": object{"id": sha(7)}},
	}
}

func TestAHookAndAnAnswerMeetOnTheSameRecordWhicheverComesFirst(t *testing.T) {
	t.Parallel()
	asked := read(t, everything(), switchedOn, func(o *gitlab.Options) { o.Since = time.Time{} }).merged()
	for sentence, body := range hooks() {
		pushed := push(t, hook(), body)
		if len(pushed.Events) == 0 || len(pushed.SetAside) > 0 || pushed.Ignored != "" {
			t.Errorf("%s gives %d events, %v, %q", sentence, len(pushed.Events), pushed.SetAside, pushed.Ignored)
		}
		for _, e := range pushed.Events {
			answer, found := asked[string(e.Type)+"/"+e.ID]
			if !found {
				t.Errorf("%s is %s, which asking does not find among %v", sentence, e.Key, keys(asked))
				continue
			}
			if e.Key != answer.Key || e.UpdatedAt.After(answer.UpdatedAt) {
				t.Errorf("%s is %s at %v; asked for it is %s at %v", sentence, e.Key, e.UpdatedAt, answer.Key, answer.UpdatedAt)
			}
			before, after := metrics.Merge([]metrics.Event{e, answer}), metrics.Merge([]metrics.Event{answer, e})
			if diff := cmp.Diff(fields(t, before), fields(t, after)); diff != "" {
				t.Errorf("%s: the order matters\n%s", sentence, diff)
			}
			for name, value := range fields(t, answer) {
				if diff := cmp.Diff(value, fields(t, before)[name]); diff != "" && name != "paths" {
					t.Errorf("%s: the hook changes what was asked for: %s\n%s", sentence, name, diff)
				}
			}
		}
	}
}

func fields(t testing.TB, e metrics.Event) object {
	t.Helper()
	var all object
	if err := json.Unmarshal(e.Payload, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatHooksSay(t *testing.T) {
	t.Parallel()
	deployed, _ := push(t, hook(), hookDeployment()).Events[0].Deployment()
	want := metrics.Deployment{
		ID: "41", Repository: "acme/shop", Environment: "production", Status: metrics.Succeeded, Revision: sha(41), Ref: "main", Actor: "ada",
		FinishedAt: day(2), URL: "https://gitlab.example/acme/shop/-/jobs/641", Labels: map[string]string{"environment_kind": "production"},
	}
	if diff := cmp.Diff(want, deployed); diff != "" {
		t.Error(diff)
	}
	began, _ := push(t, hook(), hookDeployment(object{"status": "running"})).Events[0].Deployment()
	if !began.StartedAt.Equal(day(2)) || !began.FinishedAt.IsZero() {
		t.Errorf("a running one reads %+v", began)
	}
	merged, _ := push(t, hook(), hookRequest("merge")).Events[0].PullRequest()
	if !merged.MergedAt.Equal(day(2)) || merged.MergeCommit != sha(1) || merged.Author != "ada" {
		t.Errorf("a merge reads %+v", merged)
	}
	if opened, _ := push(t, hook(), hookRequest("approved")).Events[0].PullRequest(); !opened.MergedAt.IsZero() || opened.MergeCommit != "" {
		t.Errorf("an approval reads %+v", opened)
	}
	job, _ := push(t, hook(), hooks()["a pipeline"]).Events[1].Deployment()
	if job.ID != "job/311" || job.Trigger != "manual" || job.Status != metrics.Failed || job.Environment != "live" {
		t.Errorf("a job started by hand reads %+v", job)
	}
}

func TestWhatHooksLeaveOut(t *testing.T) {
	t.Parallel()
	plain := gitlab.Hook{Source: "lab"}
	for sentence, c := range map[string]struct {
		hook   gitlab.Hook
		body   object
		reason string
	}{
		"an emoji":                            {plain, object{"object_kind": "emoji"}, "neither deployments, code nor incidents"},
		"a member of a group":                 {plain, object{"event_name": "user_add_to_group"}, "neither deployments, code nor incidents"},
		"a push to another branch":            {plain, object{"object_kind": "push", "ref": "refs/heads/fix"}, "not to the default branch"},
		"a push without commits":              {plain, object{"object_kind": "push", "ref": "refs/heads/main"}, "brings no commits"},
		"an issue without the label":          {plain, hookIssue("Issue"), "no incident"},
		"a release nobody asked for":          {plain, hooks()["a release"], "does not count releases"},
		"a deleted release":                   {hook(), object{"object_kind": "release", "tag": "v1", "action": "delete"}, "was deleted"},
		"a release dated later":               {hook(), object{"object_kind": "release", "tag": "v1", "created_at": "2026-02-06 10:00:00 UTC", "released_at": "2027-02-06 10:00:00 UTC"}, "dated later"},
		"a pipeline nobody asked for":         {plain, hooks()["a pipeline"], "neither pipelines nor jobs"},
		"a pipeline of another branch":        {hook(), object{"object_kind": "pipeline", "object_attributes": object{"id": 1, "ref": "main", "status": "success"}}, "match neither"},
		"a job with another name":             {hook(), object{"object_kind": "build", "build_name": "test", "build_status": "success"}, "does not count this job"},
		"a deployment that was skipped":       {plain, hookDeployment(object{"status": "skipped"}), "it was skipped"},
		"a deployment without an id":          {plain, hookDeployment(object{"deployment_id": nil}), "it has no id"},
		"a deployment without its commit":     {plain, hookDeployment(object{"commit_url": nil}), "field revision"},
		"a deployment with another sort of":   {plain, hookDeployment(object{"status": 7}), "cannot be read"},
		"a merge request without an id":       {plain, object{"object_kind": "merge_request"}, "it has no id"},
		"an incident without an id":           {plain, hookIssue("Incident", object{"id": nil}), "it has no id"},
		"a deployment of a project unnamed":   {plain, hookDeployment(object{"project": object{"id": 17}}), "of which project"},
		"a deployment whose time is no time":  {plain, hookDeployment(object{"status_changed_at": "soon"}), `"soon" is no time`},
		"a deployment whose end is not known": {plain, hookDeployment(object{"status_changed_at": nil}), "finished_at"},
	} {
		pushed := push(t, c.hook, c.body)
		if said := pushed.Ignored + fmt.Sprint(pushed.SetAside); len(pushed.Events) > 0 || !strings.Contains(said, c.reason) {
			t.Errorf("%s: %d events, %s; want %q", sentence, len(pushed.Events), said, c.reason)
		}
		if pushed.Kind == "" {
			t.Errorf("%s has no kind", sentence)
		}
	}
	if pushed := plain.Parse(http.Header{}, []byte("<html>")); len(pushed.SetAside) != 1 {
		t.Errorf("what is no JSON gives %+v", pushed)
	}
}

func TestDeliveriesAreKnownByTheirTokenOrTheirSignature(t *testing.T) {
	t.Parallel()
	body, key := []byte(`{"object_kind":"push"}`), []byte("0123456789abcdef0123456789abcdef")
	signing := "whsec_" + base64.StdEncoding.EncodeToString(key)
	sign := func(text string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	token := func(s string) http.Header { return http.Header{"X-Gitlab-Token": {s}} }
	signed := func(id, at, signature string) http.Header {
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", at)
		h.Set("webhook-signature", signature)
		return h
	}
	good := sign("7f.1772000000." + string(body))
	for sentence, c := range map[string]struct {
		header  http.Header
		secrets []string
		want    bool
	}{
		"the token":                            {token("s3cret"), []string{"s3cret"}, true},
		"the token before it":                  {token("old"), []string{"s3cret", "old"}, true},
		"another token":                        {token("guess"), []string{"s3cret"}, false},
		"no token":                             {http.Header{}, []string{"s3cret"}, false},
		"no token where none is set":           {http.Header{}, []string{""}, false},
		"no secrets at all":                    {token("s3cret"), nil, false},
		"a signature":                          {signed("7f", "1772000000", good), []string{signing}, true},
		"one of two signatures":                {signed("7f", "1772000000", sign("x")+" "+good), []string{"other", signing}, true},
		"a signature of another time":          {signed("7f", "1772000001", good), []string{signing}, false},
		"a signature of another id":            {signed("8f", "1772000000", good), []string{signing}, false},
		"a signature in another version":       {signed("7f", "1772000000", strings.Replace(good, "v1,", "v2,", 1)), []string{signing}, false},
		"a signature that is none":             {signed("7f", "1772000000", "v1,???"), []string{signing}, false},
		"a signature without a time":           {signed("7f", "", good), []string{signing}, false},
		"the signing key itself":               {token(signing), []string{signing}, false},
		"a signature where the key is garbage": {signed("7f", "1772000000", good), []string{"whsec_?"}, false},
	} {
		if got := hook().Authentic(c.header, body, c.secrets); got != c.want {
			t.Errorf("%s: authentic is %v", sentence, got)
		}
	}
	if hook().Authentic(signed("7f", "1772000000", good), append(body, ' '), []string{signing}) {
		t.Error("a changed body is authentic")
	}
}

func TestADeliveryKeepsItsIdWhenItIsSentAgain(t *testing.T) {
	t.Parallel()
	header := func(name, value string) http.Header {
		h := http.Header{}
		h.Set(name, value)
		return h
	}
	h, body := hook(), []byte("{}")
	if got := h.Delivery(header("Idempotency-Key", "f5e5"), body); got != "f5e5" {
		t.Errorf("by its key it is %q", got)
	}
	if got := h.Delivery(header("webhook-id", "f5e5"), body); got != "f5e5" {
		t.Errorf("by its id it is %q", got)
	}
	older := header("X-Gitlab-Event-UUID", "13792a34")
	if a, b := h.Delivery(older, body), h.Delivery(older, []byte("[]")); a == b || a != h.Delivery(older, body) {
		t.Errorf("of an older host they are %q and %q", a, b)
	}
	if got := h.Delivery(http.Header{}, body); got != "" {
		t.Errorf("without any it is %q", got)
	}
}

// FuzzHook: whatever comes, every event is sound and of the source, the same bytes say the same, and nothing goes by without a word.
func FuzzHook(f *testing.F) {
	for _, body := range hooks() {
		body["project"] = shop()
		text, err := json.Marshal(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, again := hook().Parse(http.Header{}, body), hook().Parse(http.Header{}, body)
		if diff := cmp.Diff(got, again); diff != "" {
			t.Errorf("the same bytes say something else\n%s", diff)
		}
		for _, e := range got.Events {
			if faults := metrics.Check(e); len(faults) > 0 || e.Source != "lab" {
				t.Errorf("%s: %v", e.Key, faults)
			}
		}
		if len(got.Events)+len(got.SetAside) == 0 && got.Ignored == "" {
			t.Errorf("%q goes by without a word", body)
		}
	})
}
