package gitlabtest

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Deployment is a deployment as GitLab answers it.
type Deployment struct {
	ID          int64       `json:"id"`
	IID         int64       `json:"iid"`
	Ref         string      `json:"ref"`
	SHA         string      `json:"sha"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	Status      string      `json:"status"`
	User        *User       `json:"user"`
	Environment Environment `json:"environment"`
	Deployable  *Job        `json:"deployable"`
}

// User is somebody.
type User struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	State    string `json:"state"`
}

// Environment is an environment; its tier is not told beside a deployment.
type Environment struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
	Tier string `json:"tier,omitempty"`
}

// Job is a CI job.
type Job struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Stage      string     `json:"stage"`
	Status     string     `json:"status"`
	Ref        string     `json:"ref"`
	Tag        bool       `json:"tag"`
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	WebURL     string     `json:"web_url"`
	User       *User      `json:"user"`
	Commit     Commit     `json:"commit"`
	Pipeline   Pipeline   `json:"pipeline"`
}

// Commit is a commit beside a job.
type Commit struct {
	ID string `json:"id"`
}

// Pipeline is a pipeline beside a job.
type Pipeline struct {
	ID     int64  `json:"id"`
	SHA    string `json:"sha"`
	Ref    string `json:"ref"`
	Status string `json:"status"`
	Source string `json:"source"`
}

// Project is where Large puts its deployments.
const (
	Project     = 17
	ProjectPath = "acme/shop"
)

// deploymentsPath is the list that Large fills.
const deploymentsPath = "projects/17/deployments"

// origin is when the first deployment was made.
var origin = time.Date(2023, 1, 2, 8, 0, 0, 0, time.UTC)

// Large is a host with one project and many deployments, the same ones for the same seed. Now and then many of them changed in the same
// second, as a migration on the host leaves them. Those of the last hour are still running.
func Large(deployments int, seed uint64) *Host {
	h, dice := &Host{}, rand.New(rand.NewPCG(seed, 1)) // #nosec G404 -- it is to be foreseeable
	h.Put("projects/acme%2Fshop", map[string]any{"id": Project, "path_with_namespace": ProjectPath, "default_branch": nil, "archived": false, "empty_repo": true})
	tiers := []Environment{{ID: 1, Name: "production", Tier: "production"}, {ID: 2, Name: "staging", Tier: "staging"}, {ID: 3, Name: "review/fix-tür", Tier: "development"}}
	for _, e := range tiers {
		h.Put(fmt.Sprintf("projects/17/environments/%d", e.ID), e)
	}
	records, at := make([]Record, deployments), origin
	for i := range records {
		if i%1500 > 350 { // the others change at the same moment
			at = at.Add(time.Duration(1+dice.IntN(1200)) * time.Second).Add(time.Duration(dice.IntN(1000)) * time.Millisecond)
		}
		e := tiers[dice.IntN(len(tiers))]
		e.Tier = ""
		records[i] = large(int64(i+1), at, e, dice)
		if i >= deployments-deployments/50 {
			records[i].Body.(*Deployment).become("running", at)
		}
	}
	h.List(deploymentsPath, records...)
	for _, empty := range []string{"merge_requests", "issues"} {
		h.List("projects/17/" + empty)
	}
	return h
}

func large(id int64, at time.Time, e Environment, dice *rand.Rand) Record {
	sha := fmt.Sprintf("%016x%016x%08x", dice.Uint64(), dice.Uint64(), dice.Uint32())
	someone := &User{ID: 1 + int64(dice.IntN(40)), State: "active"}
	someone.Username = fmt.Sprintf("user%d", someone.ID)
	created, began := at.Add(-time.Duration(60+dice.IntN(600))*time.Second), at.Add(-time.Duration(5+dice.IntN(50))*time.Second)
	d := &Deployment{
		ID: id, IID: id, Ref: "main", SHA: sha, CreatedAt: created, UpdatedAt: at, User: someone, Environment: e,
		Deployable: &Job{
			ID: 1_000_000 + id, Name: "deploy", Stage: "deploy", Ref: "main", CreatedAt: created, StartedAt: &began, User: someone, Commit: Commit{sha},
			WebURL:   fmt.Sprintf("https://gitlab.example/acme/shop/-/jobs/%d", 1_000_000+id),
			Pipeline: Pipeline{ID: 2_000_000 + id, SHA: sha, Ref: "main", Status: "success", Source: "push"},
		},
	}
	status := "success"
	switch roll := dice.IntN(100); {
	case roll < 8:
		status = "failed"
	case roll < 11:
		status = "canceled"
	}
	d.become(status, at)
	return Record{Key: id, Updated: at, Match: map[string]string{"environment": e.Name, "status": status}, Body: d}
}

// become changes a deployment's status at a moment.
func (d *Deployment) become(status string, at time.Time) {
	d.Status, d.Deployable.Status, d.UpdatedAt, d.Deployable.FinishedAt = status, status, at, nil
	if status != "running" {
		d.Deployable.FinishedAt = &at
	}
}

// Finish is a Change: one of the deployments still running comes to its end and moves to the end of the list, an old one is touched
// without a change of its status and moves as well.
func Finish(h *Host, dice *rand.Rand) {
	list := h.lists[deploymentsPath]
	now := list[len(list)-1].Updated.Add(time.Duration(1+dice.IntN(5000)) * time.Millisecond)
	touched := *list[dice.IntN(len(list))].Body.(*Deployment)
	touched.UpdatedAt = now
	h.set(deploymentsPath, touched.record())
	for i := len(list) - 1; i >= 0 && i > len(list)-len(list)/40; i-- {
		if d := *list[i].Body.(*Deployment); d.Status == "running" {
			job := *d.Deployable
			d.Deployable = &job
			d.become([]string{"success", "failed"}[dice.IntN(2)], now)
			h.set(deploymentsPath, d.record())
			return
		}
	}
}

func (d *Deployment) record() Record {
	return Record{Key: d.ID, Updated: d.UpdatedAt, Match: map[string]string{"environment": d.Environment.Name, "status": d.Status}, Body: d}
}

// Truth are the deployments as they are now.
func (h *Host) Truth() []Deployment {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Deployment, 0, len(h.lists[deploymentsPath]))
	for _, r := range h.lists[deploymentsPath] {
		all = append(all, *r.Body.(*Deployment))
	}
	return all
}
