package jenkins_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/jenkins"
	"shiphabit/collector/sourcetest"
)

// object is a record as the controller writes it.
type object = map[string]any

// controller is a fake Jenkins: folders, jobs with their builds (the newest first) by full name, and descriptions of pipelines by path.
type controller struct {
	mu      sync.Mutex
	folders map[string][]string // full name → names in it; "" is the top
	jobs    map[string][]object
	steps   map[string]object // "job/7/wfapi/describe" → description
	asked   []string
}

var ranged = regexp.MustCompile(`^allBuilds\[.*\]\{(\d+),(\d+)\}$`)

func (c *controller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.URL.RequestURI())
	user, token, _ := r.BasicAuth()
	if user != "reader" || token != sourcetest.Token {
		http.Error(w, "<html><title>Error 401 Unauthorized</title></html>", http.StatusUnauthorized)
		return
	}
	var answer any
	name, rest := named(r.URL.EscapedPath())
	children, isFolder := c.folders[name]
	builds, isJob := c.jobs[name]
	switch {
	case isFolder && rest == "api/json":
		answer = object{"_class": "com.cloudbees.hudson.plugins.folder.Folder", "jobs": c.items(name, children)}
	case isJob && rest == "api/json":
		at := ranged.FindStringSubmatch(r.FormValue("tree"))
		if at == nil {
			break
		}
		from, _ := strconv.Atoi(at[1])
		to, _ := strconv.Atoi(at[2])
		answer = object{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "allBuilds": append([]object{}, builds[min(from, len(builds)):min(to, len(builds))]...)}
	case c.steps[name+"/"+rest] != nil:
		answer = c.steps[name+"/"+rest]
	case isJob:
		for _, b := range builds {
			switch rest {
			case fmt.Sprint(b["number"]) + "/api/json":
				answer = b
			case fmt.Sprint(b["number"]) + "/wfapi/describe":
				if c.steps != nil { // a controller without the plugin has none for any build
					answer = object{"id": fmt.Sprint(b["number"]), "status": "IN_PROGRESS", "stages": []object{}}
				}
			}
		}
	}
	if answer == nil {
		http.Error(w, "<html><head><title>Error 404 Not Found</title></head></html>", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer)
}

// items are the entries of a folder; only those that hold jobs have the key "jobs".
func (c *controller) items(folder string, names []string) []object {
	list := []object{}
	for _, name := range names {
		one := object{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": name}
		if _, isFolder := c.folders[strings.TrimPrefix(folder+"/"+name, "/")]; isFolder {
			one["_class"], one["jobs"] = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject", []object{{"name": "x"}}
		}
		list = append(list, one)
	}
	return list
}

// named splits a path into the full name of a job or folder and what is asked of it.
func named(path string) (name, rest string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var names []string
	for len(parts) >= 2 && parts[0] == "job" {
		part, _ := url.PathUnescape(parts[1])
		names, parts = append(names, part), parts[2:]
	}
	return strings.Join(names, "/"), strings.Join(parts, "/")
}

func (c *controller) change(f func(*controller)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func day(n int) time.Time { return time.Date(2026, 2, n, 10, 0, 0, 0, time.UTC) }

func noon() time.Time { return day(20) }

func sha(n int) string { return fmt.Sprintf("%040x", n) }

func fetched(n int, address string) object {
	return object{
		"_class": "hudson.plugins.git.util.BuildData", "remoteUrls": []string{address}, "scmName": "",
		"lastBuiltRevision": object{"SHA1": sha(n), "branch": []object{{"SHA1": sha(n), "name": "refs/remotes/origin/main"}}},
	}
}

func startedBy(class string, fields object) object {
	whole := object{"_class": class}
	for key, value := range fields {
		whole[key] = value
	}
	return object{"_class": "hudson.model.CauseAction", "causes": []object{whole}}
}

func with(name string, value any) object {
	return object{"_class": "hudson.model.ParametersAction", "parameters": []object{{"_class": "hudson.model.StringParameterValue", "name": name, "value": value}}}
}

// ran is a build of the n-th commit that took three minutes.
func ran(n int, result string, actions ...object) object {
	if len(actions) == 0 {
		actions = []object{startedBy("hudson.triggers.TimerTrigger$TimerTriggerCause", nil), fetched(n, "https://git.example.com/acme/shop.git")}
	}
	return object{
		"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": n, "url": fmt.Sprintf("https://ci.example.com/job/deploy-shop/%d/", n),
		"timestamp": day(n).UnixMilli(), "duration": 180_000, "building": false, "result": result, "queueId": 1000 + n, "actions": append([]object{{}}, actions...),
	}
}

func goingOn(n int, actions ...object) object {
	b := ran(n, "", actions...)
	b["building"], b["result"], b["duration"] = true, nil, 0
	return b
}

// plant is a controller with a job at the top, a multibranch project in a folder, and jobs that do not deploy.
func plant() *controller {
	c := &controller{
		folders: map[string][]string{"": {"deploy-shop", "platform", "secret", "test-shop"}, "platform": {"api"}, "platform/api": {"main", "feature%2Fgröße"}, "secret": {"x"}},
		jobs:    map[string][]object{"test-shop": {}, "platform/api/feature%2Fgröße": {}, "secret/x": {}},
		steps:   map[string]object{},
	}
	for n := 7; n > 0; n-- {
		c.jobs["deploy-shop"] = append(c.jobs["deploy-shop"], ran(n, "SUCCESS"))
		b := ran(n, "SUCCESS", startedBy("jenkins.branch.BranchEventCause", nil), fetched(n, "git@git.example.com:acme/api.git"))
		b["queueId"] = 2000 + n
		c.jobs["platform/api/main"] = append(c.jobs["platform/api/main"], b)
	}
	c.ask(7)
	return c
}

// ask lets the n-th build of deploy-shop have waited twice, first for max and then for eva.
func (c *controller) ask(n int) {
	b := ran(n, "SUCCESS", startedBy("hudson.model.Cause$UserIdCause", object{"userId": "zoe"}), fetched(n, "https://git.example.com/acme/shop.git"), approvedBy("max"), approvedBy("eva"))
	c.jobs["deploy-shop"][7-n] = b
	c.steps[fmt.Sprintf("deploy-shop/%d/wfapi/describe", n)] = object{"id": strconv.Itoa(n), "status": "SUCCESS", "stages": []object{
		{"id": "5", "name": "Build", "status": "SUCCESS", "startTimeMillis": day(n).UnixMilli(), "durationMillis": 5000, "pauseDurationMillis": 0},
		{"id": "10", "name": "Deploy", "status": "SUCCESS", "startTimeMillis": day(n).UnixMilli() + 5000, "durationMillis": 90_000, "pauseDurationMillis": 80_000},
	}}
	c.steps[fmt.Sprintf("deploy-shop/%d/execution/node/10/wfapi/describe", n)] = object{"id": "10", "stageFlowNodes": []object{
		waited("11", "Lock shared resource", "SUCCESS", day(n).Add(5*time.Second), 1000), waited("12", "Wait for interactive input", "SUCCESS", day(n).Add(6*time.Second), 60_000),
		waited("13", "Shell Script", "SUCCESS", day(n).Add(70*time.Second), 0), waited("14", "Wait for interactive input", "SUCCESS", day(n).Add(71*time.Second), 19_000),
	}}
}

func approvedBy(user string) object {
	return object{"_class": "org.jenkinsci.plugins.workflow.support.steps.input.ApproverAction", "userId": user, "parameters": object{"_class": "hudson.model.ParametersAction"}}
}

func waited(id, name, status string, at time.Time, pause int) object {
	return object{"id": id, "name": name, "status": status, "startTimeMillis": at.UnixMilli(), "durationMillis": pause, "pauseDurationMillis": pause}
}

func everything() jenkins.Options {
	return jenkins.Options{Name: "ci", Jobs: []string{"deploy-*", "platform/*/main"}, Page: 3}
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, address string, clock func() time.Time, o jenkins.Options) *collector.Feeds {
	t.Helper()
	client, err := collector.NewClient(collector.Host{
		Name: o.Name, URL: address, Headers: map[string]string{"Authorization": jenkins.Authorization("reader", sourcetest.Token)}, Access: jenkins.Access, Clock: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Clock = clock
	source, err := jenkins.New(client, o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// reading is one of whatever a test puts behind an address, under options that it may change.
type reading struct {
	sourcetest.Reading
	address string
	options jenkins.Options
}

func begin(t *testing.T, c http.Handler, o jenkins.Options) *reading {
	t.Helper()
	r := &reading{address: serve(t, c), options: o}
	r.Reading = sourcetest.Reading{T: t, Store: &sourcetest.Memory{}, Open: func() collector.Source { return open(t, r.address, noon, r.options) }}
	return r
}

// shopID is the id of the n-th build of deploy-shop.
func shopID(n int) string { return fmt.Sprintf("%d-%d-%d", day(n).UnixMilli(), 1000+n, n) }
