package gitlab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// hookLabel is a label in hooks.
type hookLabel struct {
	Title string `json:"title"`
}

func titles(labels []hookLabel) []string {
	if labels == nil {
		return nil
	}
	all := []string{}
	for _, l := range labels {
		all = append(all, l.Title)
	}
	return all
}

// hookRequest is a delivery about a merge request.
type hookRequest struct {
	Attributes struct {
		ID        int64  `json:"id"`
		IID       int64  `json:"iid"`
		State     string `json:"state"`
		Title     string `json:"title"`
		AuthorID  int64  `json:"author_id"`
		Target    string `json:"target_branch"`
		Source    string `json:"source_branch"`
		Merge     string `json:"merge_commit_sha"`
		Squash    string `json:"squash_commit_sha"`
		URL       string `json:"url"`
		Action    string `json:"action"`
		CreatedAt moment `json:"created_at"`
		UpdatedAt moment `json:"updated_at"`
		MergedAt  moment `json:"merged_at"`
		Last      struct {
			ID string `json:"id"`
		} `json:"last_commit"`
	} `json:"object_attributes"`
	User      person      `json:"user"`
	Assignees []person    `json:"assignees"`
	Reviewers []person    `json:"reviewers"`
	Labels    []hookLabel `json:"labels"`
}

// author is the author's name where the delivery holds it: a hook gives only their number, and the names of others.
func (w hookRequest) author() string {
	people := append(append([]person{w.User}, w.Assignees...), w.Reviewers...)
	if at := slices.IndexFunc(people, func(p person) bool { return p.ID != 0 && p.ID == w.Attributes.AuthorID }); at >= 0 {
		return people[at].Username
	}
	return ""
}

func (d *delivery) readRequest() error {
	var w hookRequest
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	a := w.Attributes
	known := wireRequest{
		ID: a.ID, IID: a.IID, State: a.State, Title: a.Title, Author: person{Username: w.author()}, Target: a.Target, Source: a.Source,
		SHA: a.Last.ID, Merge: a.Merge, Squash: a.Squash, Labels: titles(w.Labels), WebURL: a.URL, CreatedAt: a.CreatedAt, MergedAt: a.MergedAt,
	}
	if a.Action == "merge" && known.MergedAt.IsZero() {
		known.MergedAt = a.UpdatedAt
	}
	record := fmt.Sprintf("merge request %d of %s", a.IID, d.project.Path)
	if a.ID == 0 {
		leave(&d.batch, record, "it has no id")
		return nil
	}
	d.batch.Take(record, event(d.Source, known.request(d.project.Path), a.UpdatedAt.Time, fromHook))
	return nil
}

// hookIssue is a delivery about an issue, an incident or another kind of work.
type hookIssue struct {
	Attributes struct {
		ID           int64  `json:"id"`
		IID          int64  `json:"iid"`
		Type         string `json:"type"`
		Title        string `json:"title"`
		State        string `json:"state"`
		Severity     string `json:"severity"`
		Confidential bool   `json:"confidential"`
		URL          string `json:"url"`
		CreatedAt    moment `json:"created_at"`
		UpdatedAt    moment `json:"updated_at"`
		ClosedAt     moment `json:"closed_at"`
	} `json:"object_attributes"`
	Labels  []hookLabel `json:"labels"`
	Kind    string      `json:"object_kind"`
	Event   string      `json:"event_type"`
	Changes struct {
		Labels struct {
			Previous []hookLabel `json:"previous"`
		} `json:"labels"`
	} `json:"changes"`
}

func (w hookIssue) incident() bool {
	return slices.Contains([]string{w.Kind, w.Event, strings.ToLower(w.Attributes.Type)}, "incident")
}

func (d *delivery) readIssue() error {
	var w hookIssue
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	a := w.Attributes
	record := fmt.Sprintf("issue %d of %s", a.IID, d.project.Path)
	is := w.incident() || d.labelled(titles(w.Labels))
	switch {
	case !is && !d.labelled(titles(w.Changes.Labels.Previous)):
		d.ignored = "the issue is no incident and has none of the labels of incidents"
		return nil
	case a.ID == 0:
		leave(&d.batch, record, "it has no id")
		return nil
	}
	known := wireIssue{
		ID: a.ID, Title: a.Title, State: a.State, Severity: a.Severity, Confidential: a.Confidential, Labels: titles(w.Labels), WebURL: a.URL,
		CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, ClosedAt: a.ClosedAt, lost: !is,
	}
	d.batch.Take(record, known.event(d.Source, d.project.Path, fromHook))
	return nil
}

// hookPush is a delivery about a push to a branch.
type hookPush struct {
	Ref     string       `json:"ref"`
	Commits []hookCommit `json:"commits"`
}

// hookCommit is a commit in it. Parents are not given, asking brings them; in return it names the files.
type hookCommit struct {
	ID        string `json:"id"`
	Message   string `json:"message"`
	Timestamp moment `json:"timestamp"`
	Author    struct {
		Email string `json:"email"`
	} `json:"author"`
	Added    []string `json:"added"`
	Modified []string `json:"modified"`
	Removed  []string `json:"removed"`
}

func (d *delivery) readPush() error {
	var w hookPush
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	if branch, found := strings.CutPrefix(w.Ref, "refs/heads/"); !found || branch != d.project.DefaultBranch {
		d.ignored = "it is not to the default branch"
		return nil
	}
	for _, c := range w.Commits {
		paths := append(append(slices.Clone(c.Added), c.Modified...), c.Removed...)
		slices.Sort(paths)
		r := metrics.Commit{
			ID: c.ID, Repository: d.project.Path, Author: address(c.Author.Email), AuthoredAt: c.Timestamp.Time, Message: c.Message, Paths: slices.Compact(paths),
		}
		d.batch.Take("commit "+c.ID+" of "+d.project.Path, event(d.Source, r, c.Timestamp.Time, fromHook))
	}
	if len(w.Commits) == 0 {
		d.ignored = "it brings no commits"
	}
	return nil
}
