package jenkins

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// buildFields are what is asked of a build.
const buildFields = "_class,number,url,timestamp,duration,building,result,queueId," +
	"actions[_class,lastBuiltRevision[SHA1,branch[name]],remoteUrls,parameters[name,value],causes[_class,userId,timestamp,user[id,absoluteUrl]],userId]"

// build is a build as the controller writes it.
type build struct {
	Class     string   `json:"_class"`
	Number    int64    `json:"number"`
	URL       string   `json:"url"`
	Timestamp int64    `json:"timestamp"` // ms since 1970
	Duration  int64    `json:"duration"`  // ms
	Building  bool     `json:"building"`
	Result    string   `json:"result"`
	QueueID   int64    `json:"queueId"`
	Actions   []action `json:"actions"`
}

// action is something that a plugin keeps with a build; which one shows in the fields it has.
type action struct {
	Class             string     `json:"_class"`
	LastBuiltRevision *revision  `json:"lastBuiltRevision"`
	RemoteURLs        []string   `json:"remoteUrls"`
	Parameters        parameters `json:"parameters"`
	Causes            []cause    `json:"causes"`
	UserID            string     `json:"userId"` // who gave the answer that a step waited for
}

type revision struct {
	SHA1   string `json:"SHA1"`
	Branch []struct {
		Name string `json:"name"`
	} `json:"branch"`
}

// cause is why a build began, or why it was ended.
type cause struct {
	Class     string `json:"_class"`
	UserID    string `json:"userId"`
	Timestamp int64  `json:"timestamp"`
	User      *struct {
		ID          string `json:"id"`
		AbsoluteURL string `json:"absoluteUrl"`
	} `json:"user"`
}

// parameters are a build's; their values may be of any kind.
type parameters map[string]string

// UnmarshalJSON takes a list of parameters. What is no such list, as the parameters of an answer that a step waited for, is none.
func (p *parameters) UnmarshalJSON(text []byte) error {
	var list []struct {
		Name  string          `json:"name"`
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(text, &list) != nil {
		return nil //nolint:nilerr // another plugin's field of the same name
	}
	*p = parameters{}
	for _, one := range list {
		var value string
		if json.Unmarshal(one.Value, &value) != nil {
			value = string(one.Value) // a number, or true or false
		}
		if one.Name != "" && value != "null" {
			(*p)[one.Name] = value
		}
	}
	return nil
}

// began is when a build began.
func (b build) began() time.Time {
	if b.Timestamp <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(b.Timestamp).UTC()
}

// ended is when it ended, zero while it goes on.
func (b build) ended() time.Time {
	if b.goesOn() || b.Timestamp <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(b.Timestamp + max(0, b.Duration)).UTC()
}

// goesOn: a pipeline may state a result before it has ended.
func (b build) goesOn() bool { return b.Building || b.Result == "" }

// id stays the same when the job is renamed or moved: the job's name is no part of it.
func (b build) id() string { return fmt.Sprintf("%d-%d-%d", b.Timestamp, b.QueueID, b.Number) }

// state reads the result. An unstable build went through to its end, and what it deploys is there; that its tests were not content
// is kept in a label.
func (b build) state() metrics.Status {
	switch {
	case b.goesOn():
		return metrics.Running
	case b.Result == "SUCCESS", b.Result == "UNSTABLE":
		return metrics.Succeeded
	case b.Result == "FAILURE":
		return metrics.Failed
	case b.Result == "ABORTED", b.Result == "NOT_BUILT":
		return metrics.Cancelled
	default:
		return "" // a word that is not known: the record is set aside
	}
}

// parameter is the value of a build parameter, "" when there is none of that name.
func (b build) parameter(name string) string {
	for _, a := range b.Actions {
		if value := a.Parameters[name]; name != "" && value != "" {
			return value
		}
	}
	return ""
}

// start is what began the build: somebody by hand, or something else.
func (b build) start() (trigger, actor string) {
	for _, a := range b.Actions {
		for _, c := range a.Causes {
			switch {
			case strings.Contains(c.Class, "UserIdCause"):
				return "manual", c.UserID
			case strings.Contains(c.Class, "Cause") && !strings.Contains(a.Class, "Interrupted"):
				trigger = "automatic"
			}
		}
	}
	return trigger, ""
}

// checkout is a repository at a commit, as a build fetched it.
type checkout struct{ repository, revision, ref string }

// checkouts are those of a build, the last one of each repository, without libraries.
func (r rules) checkouts(b build) []checkout {
	var list []checkout
	for _, a := range b.Actions {
		if a.LastBuiltRevision == nil || a.LastBuiltRevision.SHA1 == "" {
			continue
		}
		c := checkout{revision: a.LastBuiltRevision.SHA1}
		if len(a.RemoteURLs) > 0 {
			c.repository = repositoryOf(a.RemoteURLs[0])
		}
		if len(a.LastBuiltRevision.Branch) > 0 {
			name := a.LastBuiltRevision.Branch[0].Name
			c.ref = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "refs/remotes/"), "origin/"), "refs/heads/")
		}
		if c.ref == "detached" {
			c.ref = ""
		}
		if r.isLibrary(c.repository) {
			continue
		}
		list = slices.DeleteFunc(list, func(old checkout) bool { return old.repository == c.repository })
		list = append(list, c)
	}
	return list
}

// what is deployed by a build: a commit, of a repository where that is known. A problem says why it is not.
func (r rules) what(b build) (c checkout, problem string) {
	list := r.checkouts(b)
	if revision := b.parameter(r.revisionParameter); revision != "" {
		for _, c := range list {
			if c.revision == revision {
				return c, ""
			}
		}
		return checkout{revision: revision}, ""
	}
	switch len(list) {
	case 0:
		if b.goesOn() {
			return checkout{}, "" // it may not have come to that yet
		}
		return checkout{}, "nothing says which commit it deploys: it checked out no Git repository; name a build parameter with revision_parameter"
	case 1:
		return list[0], ""
	}
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.repository
	}
	return checkout{}, "it checked out several repositories (" + strings.Join(names, ", ") + "); name those that it does not deploy with libraries"
}

// deployment is what a build stands for.
func (r rules) deployment(job string, b build, c checkout) metrics.Event {
	trigger, actor := b.start()
	d := metrics.Deployment{
		ID: b.id(), Service: r.service, Repository: c.repository, Revision: c.revision, Ref: c.ref, Environment: r.environment, Status: b.state(),
		CreatedAt: b.began(), StartedAt: b.began(), FinishedAt: b.ended(), URL: b.URL, Trigger: trigger, Actor: actor,
		Labels: map[string]string{"job": job, "build": strconv.FormatInt(b.Number, 10)},
	}
	if d.Service == "" && d.Repository == "" {
		d.Service = job
	}
	if named := b.parameter(r.environmentParameter); named != "" {
		d.Environment = named
	}
	if b.Result == "UNSTABLE" && !b.goesOn() {
		d.Labels["result"] = b.Result
	}
	for _, name := range r.parameters {
		if value := strings.Join(strings.Fields(b.parameter(name)), " "); value != "" { // a parameter may be a text of several lines
			d.Labels[name] = value
		}
	}
	e := metrics.NewEvent(r.name, d)
	e.UpdatedAt = b.began()
	if end := b.ended(); !end.IsZero() {
		e.UpdatedAt = end
	}
	return e
}
