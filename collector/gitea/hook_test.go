package gitea_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"shiphabit/collector"
	"shiphabit/collector/gitea"
	"shiphabit/metrics"
)

const secret = "a secret of ours, long enough"

func signature(body []byte, secret string) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

func headers(event string, body []byte) http.Header {
	h := http.Header{}
	h.Set("X-Gitea-Event", event)
	h.Set("X-Gitea-Delivery", "6d0f8782-c3dc-4998-a843-000000000001")
	h.Set("X-Gitea-Signature", signature(body, secret))
	return h
}

// push makes a delivery of a kind about the shop.
func push(t *testing.T, event string, fields object) (http.Header, []byte) {
	t.Helper()
	whole := object{"repository": repo(1, "acme/shop"), "sender": user("zoe")}
	for key, value := range fields {
		whole[key] = value
	}
	body, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return headers(event, body), body
}

func parse(t *testing.T, event string, fields object) collector.Pushed {
	t.Helper()
	header, body := push(t, event, fields)
	return gitea.NewHook(everything()).Parse(header, body)
}

func TestADeliveryIsAuthenticUnderEachServersHeader(t *testing.T) {
	t.Parallel()
	body := []byte(`{"action":"opened"}`)
	hook := gitea.NewHook(everything())
	good := signature(body, secret)
	for name, value := range map[string]string{"X-Gitea-Signature": good, "X-Forgejo-Signature": good, "X-Gogs-Signature": good, "X-Hub-Signature-256": "sha256=" + good} {
		h := http.Header{}
		h.Set(name, value)
		if !hook.Authentic(h, body, []string{"another", secret}) {
			t.Errorf("%s is refused", name)
		}
		if hook.Authentic(h, append(slices.Clone(body), ' '), []string{secret}) || hook.Authentic(h, body, []string{"another"}) || hook.Authentic(h, body, nil) {
			t.Errorf("%s is taken for what it does not sign", name)
		}
	}
	for sentence, value := range map[string]string{"no digits": "zz", "too short": good[:10], "nothing": "", "an empty secret's": signature(body, "")} {
		h := http.Header{}
		h.Set("X-Gitea-Signature", value)
		if hook.Authentic(h, body, []string{secret, ""}) {
			t.Errorf("a signature that is %s is taken", sentence)
		}
	}
	h := headers("push", body)
	if hook.Delivery(h, body) != "6d0f8782-c3dc-4998-a843-000000000001" {
		t.Errorf("the delivery is %q", hook.Delivery(h, body))
	}
}

func TestWhatIsPushedIsWhatIsRead(t *testing.T) {
	t.Parallel()
	s := shop()
	polled := begin(t, s, everything()).Must()
	at := "repos/acme/shop"
	ended := s.lists[at+"/commits/"+sha(5)+"/statuses"][1]
	sized := release(3, "v1.3", day(3))
	sized["target_commitish"] = sha(3)
	for key, p := range map[string]collector.Pushed{
		"deployment run/4":     parse(t, "workflow_run", object{"action": "completed", "workflow_run": workflowRun(4, 4, "deploy.yml", day(4))}),
		"incident 221":         parse(t, "issues", object{"action": "closed", "issue": issue(21, day(1), "Incident", "severity/high")}),
		"deployment release/3": parse(t, "release", object{"action": "published", "release": sized}),
		fmt.Sprintf("deployment status/1/%s/deploy/production/%d", sha(5), day(6).Unix()): parse(t, "status", object{
			"id": 4711, "sha": sha(5), "context": "deploy/production", "state": ended["status"], "created_at": ended["created_at"], "updated_at": ended["updated_at"], "target_url": "http://gitea.example/acme/shop/actions/runs/1",
		}),
	} {
		if len(p.Events) != 1 || len(p.SetAside) != 0 {
			t.Errorf("%s: %d events, ignored %q, set aside %v", key, len(p.Events), p.Ignored, p.SetAside)
			continue
		}
		if p.Events[0].Digest() != polled[key].Digest() {
			t.Errorf("%s: pushed\n%s\nread\n%s", key, p.Events[0].Payload, polled[key].Payload)
		}
	}
	p := parse(t, "pull_request_approved", object{"action": "reviewed", "pull_request": pull(2, day(2)), "review": object{"type": "pull_request_review_approved", "content": "fine"}})
	if len(p.Events) != 1 || p.Events[0].Key != polled["pull_request 102"].Key || p.Kind != "pull_request_approved reviewed" {
		t.Errorf("the pull request is %+v", p)
	}
	merged, _ := metrics.Merge([]metrics.Event{polled["pull_request 102"], p.Events[0]}).PullRequest()
	if len(merged.Reviews) != 1 || len(merged.Commits) != 2 {
		t.Errorf("a delivery takes away what was read: %+v", merged)
	}
}

func TestADeliveryThatTakesTheLabelAwayEndsTheIncident(t *testing.T) {
	t.Parallel()
	bare := issue(21, day(1), "question")
	bare["state"], bare["closed_at"], bare["updated_at"] = "open", nil, stamp(day(3))
	removed := object{"added_labels": []object{}, "removed_labels": []object{{"id": 1, "name": "Incident"}}}
	p := parse(t, "issues", object{"action": "label_updated", "issue": bare, "changes": removed})
	if len(p.Events) != 1 {
		t.Fatalf("it gives %+v", p)
	}
	if i, _ := p.Events[0].Incident(); i.ID != "221" || !i.ResolvedAt.Equal(day(3)) {
		t.Errorf("it reads %+v", i)
	}
	if p := parse(t, "issues", object{"action": "label_updated", "issue": bare}); p.Ignored == "" {
		t.Errorf("an issue that was no incident gives %+v", p)
	}
}

func TestAPushToTheDefaultBranchBringsItsCommits(t *testing.T) {
	t.Parallel()
	c := object{"id": sha(9), "message": "feat: Größe", "timestamp": stamp(day(9)), "author": object{"name": "Zoë", "email": "zoe@example.com", "username": "zoe"}, "added": []string{"a"}, "removed": []string{}, "modified": []string{"b"}}
	p := parse(t, "push", object{"ref": "refs/heads/main", "commits": []object{c}})
	if len(p.Events) != 1 {
		t.Fatalf("it gives %+v", p)
	}
	if v, _ := p.Events[0].Commit(); v.ID != sha(9) || v.Author != "zoe" || !slices.Equal(v.Paths, []string{"a", "b"}) || !v.AuthoredAt.Equal(day(9)) {
		t.Errorf("it reads %+v", v)
	}
}

func TestForgejosDeliveryOfARunIsUnderstood(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(object{"action": "success", "prior_status": "running", "run": object{
		"id": 5, "workflow_id": "deploy.yml", "prettyref": "main", "commit_sha": sha(5), "status": "success", "event": "push", "created": stamp(day(5)), "started": stamp(day(5)),
		"stopped": stamp(day(6)), "updated": stamp(day(6)), "trigger_user": user("zoe"), "repository": repo(1, "acme/shop"), "html_url": "http://gitea.example/acme/shop/actions/runs/5",
	}})
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("X-Forgejo-Event", "action_run_success")
	p := gitea.NewHook(everything()).Parse(h, body)
	if len(p.Events) != 1 || p.Events[0].ID != "run/5" {
		t.Errorf("it gives %+v", p)
	}
}

func TestWhatSaysNothingSaysWhy(t *testing.T) {
	t.Parallel()
	bare := release(3, "v1.3", day(3))
	draft := release(3, "v1.3", day(3))
	draft["draft"] = true
	pending := object{"sha": sha(5), "context": "deploy/production", "state": "pending", "created_at": stamp(day(5)), "updated_at": stamp(day(5))}
	other := object{"sha": sha(5), "context": "ci/test", "state": "success", "created_at": stamp(day(5)), "updated_at": stamp(day(5))}
	for sentence, p := range map[string]collector.Pushed{
		"does not say which commit":  parse(t, "release", object{"action": "published", "release": bare}),
		"a draft":                    parse(t, "release", object{"action": "updated", "release": draft}),
		"takes nothing back":         parse(t, "release", object{"action": "deleted", "release": bare}),
		"does not say when":          parse(t, "push", object{"ref": "refs/tags/v1"}),
		"not to the default branch":  parse(t, "push", object{"ref": "refs/heads/feature"}),
		"names no commits":           parse(t, "push", object{"ref": "refs/heads/main", "commits": []object{}}),
		"by the status that ends it": parse(t, "status", pending),
		"none of a deployment":       parse(t, "status", other),
		"does not deploy":            parse(t, "workflow_run", object{"action": "completed", "workflow_run": workflowRun(4, 4, "test.yml", day(4))}),
		"part of a run":              parse(t, "workflow_job", object{"action": "completed"}),
		"no label of incidents":      parse(t, "issues", object{"action": "opened", "issue": issue(3, day(3), "bug")}),
		"nothing of deployments":     parse(t, "fork", object{}),
		"from the repository itself": parse(t, "create", object{"ref": "v1", "ref_type": "tag"}),
		"not among those of the sou": parse(t, "push", object{"repository": repo(9, "acme/other"), "ref": "refs/heads/main"}),
		"about a pull request":       parse(t, "issue_comment", object{"action": "created", "issue": object{"id": 1, "number": 1, "pull_request": object{"merged": false}}}),
	} {
		if !strings.Contains(p.Ignored, sentence) || len(p.Events)+len(p.SetAside) != 0 {
			t.Errorf("%s: it gives %+v", sentence, p)
		}
	}
}

func TestADeliveryThatCannotBeReadIsSetAside(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{", `"text"`, `{"repository":5}`} {
		p := gitea.NewHook(everything()).Parse(headers("push", []byte(body)), []byte(body))
		if len(p.SetAside) != 1 || len(p.Events) != 0 {
			t.Errorf("%q gives %+v", body, p)
		}
	}
	if p := parse(t, "workflow_run", object{"workflow_run": object{"id": 1, "path": "deploy.yml", "status": "completed", "conclusion": "success"}}); len(p.SetAside) != 1 || len(p.Events) != 0 {
		t.Errorf("a run without a commit gives %+v", p)
	}
}

// FuzzHook holds whatever is delivered against the law: what comes out keeps the rules of neutral events under the source's name, is
// told in words where nothing comes out, and comes out the same again.
func FuzzHook(f *testing.F) {
	for event, fields := range map[string]object{
		"push": {"ref": "refs/heads/main", "commits": []object{{"id": sha(9), "timestamp": stamp(day(9))}}}, "issues": {"action": "closed", "issue": issue(1, day(1), "incident")},
		"workflow_run": {"workflow_run": workflowRun(1, 1, "deploy.yml", day(1))}, "pull_request": {"pull_request": pull(1, day(1))}, "release": {"release": release(1, sha(1), day(1))},
		"status": {"sha": sha(5), "context": "deploy/production", "state": "success", "created_at": stamp(day(5))}, "action_run_failure": {"run": object{"id": 1, "workflow_id": "deploy.yml"}},
	} {
		fields["repository"] = repo(1, "acme/shop")
		body, _ := json.Marshal(fields)
		f.Add(event, body)
	}
	hook := gitea.NewHook(everything())
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		h := http.Header{"X-Gitea-Event": {event}}
		p := hook.Parse(h, body)
		for _, e := range p.Events {
			if faults := metrics.Check(e); len(faults) > 0 || e.Source != "forge" {
				t.Errorf("%s breaks the rules: %v", e.Key, faults)
			}
		}
		if len(p.Events)+len(p.SetAside) == 0 && p.Ignored == "" {
			t.Errorf("nothing comes of it, and no reason")
		}
		again := hook.Parse(h, body)
		if len(again.Events) != len(p.Events) || again.Ignored != p.Ignored {
			t.Errorf("it reads differently the second time")
		}
		for i, e := range again.Events {
			if e.Digest() != p.Events[i].Digest() {
				t.Errorf("it reads differently the second time")
			}
		}
	})
}
