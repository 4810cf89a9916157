package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// overlap is how far back behind the latest change a list is read again: a record is stored some time after the moment it states.
const overlap = 10 * time.Minute

// project is a project in one reading.
type project struct {
	*source
	ID            int64  `json:"id"`
	Path          string `json:"path_with_namespace"`
	DefaultBranch string `json:"default_branch"`
	Archived      bool   `json:"archived"`
	Empty         bool   `json:"empty_repo"`

	// kinds are those of the environments met in this reading, by id.
	kinds map[int64]string
	// details were had for the page under way, which may have to be read again when the host asks for a pause in the middle.
	details map[string][]json.RawMessage
}

func (p *project) at(rest string) string {
	return "projects/" + strconv.FormatInt(p.ID, 10) + "/" + rest
}

// record names a record for people.
func (p *project) record(kind string, id any) string {
	return fmt.Sprintf("%s %v of %s", kind, id, p.Path)
}

func (p *project) feed(list string, read func(context.Context, collector.Position) (collector.Batch, error)) collector.Feed {
	return collector.Feed{Name: fmt.Sprintf("project %d %s", p.ID, list), Title: list + " of " + p.Path, Read: read, Overlap: overlap}
}

// feeds finds the projects and what is read of each. A project that cannot be found is a feed that says so.
func (s *source) feeds(ctx context.Context) ([]collector.Feed, error) {
	var all []collector.Feed
	seen := map[int64]bool{}
	add := func(name string, found []*project, err error) error {
		for _, p := range found {
			if err == nil && !seen[p.ID] {
				seen[p.ID] = true
				var own []collector.Feed
				own, err = p.feeds(ctx)
				all = append(all, own...)
			}
		}
		if collector.Alone(err) {
			all, err = append(all, broken(name, err)), nil
		}
		return err
	}
	for _, name := range s.Projects {
		found, err := s.project(ctx, name)
		if err := add("project "+name, []*project{found}, err); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Groups {
		found, err := s.group(ctx, name)
		if err := add("group "+name, found, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func broken(name string, why error) collector.Feed {
	return collector.Feed{Name: name, Title: name, Read: func(context.Context, collector.Position) (collector.Batch, error) {
		return collector.Batch{}, why
	}}
}

func (s *source) project(ctx context.Context, name string) (*project, error) {
	p := &project{source: s}
	if _, err := s.host.get(ctx, "projects/"+sdk.PathEscape(name), nil, p); err != nil {
		return nil, err
	}
	if p.ID == 0 || p.Path == "" {
		return nil, wrong(s.host.name, "what it says of project "+name+" has neither number nor path", "check that the url is that of a GitLab")
	}
	return p, nil
}

// group lists the projects of a group and of the groups in it, archived ones left out.
func (s *source) group(ctx context.Context, name string) ([]*project, error) {
	raws, err := s.host.all(ctx, "groups/"+sdk.PathEscape(name)+"/projects", func(page sdk.ListOptions) any {
		return &sdk.ListGroupProjectsOptions{
			ListOptions: page, Archived: sdk.Ptr(false), IncludeSubGroups: sdk.Ptr(true), WithShared: sdk.Ptr(false),
			OrderBy: sdk.Ptr("id"), Sort: sdk.Ptr("asc"),
		}
	})
	var found []*project
	for _, raw := range raws {
		p := &project{source: s}
		if err := json.Unmarshal(raw, p); err != nil || p.ID == 0 || p.Path == "" {
			return nil, wrong(s.host.name, "a project of group "+name+" cannot be read", "check that the url is that of a GitLab")
		}
		if !p.Archived {
			found = append(found, p)
		}
	}
	return found, err
}

// feeds are the lists of a project.
func (p *project) feeds(ctx context.Context) ([]collector.Feed, error) {
	var all []collector.Feed
	if p.DefaultBranch != "" && !p.Empty {
		all = append(all, p.feed("commits", p.readCommits))
	}
	all = append(all, p.requestFeed(), p.deploymentFeed())
	protected, err := p.protected(ctx)
	if err != nil {
		return nil, err
	}
	for _, environment := range protected {
		all = append(all, p.approvalFeed(environment))
	}
	if p.Jobs != "" {
		all = append(all, p.feed("jobs", p.readJobs))
	}
	if p.Pipelines != "" {
		all = append(all, p.feed("pipelines", p.readPipelines))
	}
	if p.Releases {
		all = append(all, p.releaseFeed())
	}
	all = append(all, p.incidentFeed("incidents", &sdk.ListProjectIssuesOptions{IssueType: sdk.Ptr("incident")}))
	for _, label := range p.IncidentLabels {
		all = append(all, p.incidentFeed("issues labelled "+label, &sdk.ListProjectIssuesOptions{Labels: &sdk.LabelOptions{label}}))
	}
	return all, nil
}

// Revisions of one record that state the same time are ordered by where they come from: an answer says more than a hook.
const (
	fromHook   = 0
	fromAnswer = 1
)

// event makes an event with its place among the record's revisions.
func event(source string, r metrics.Record, updated time.Time, sequence int64) metrics.Event {
	e := metrics.NewEvent(source, r)
	e.UpdatedAt, e.Sequence = updated.UTC().Truncate(time.Millisecond), sequence
	if updated.IsZero() {
		e.UpdatedAt, e.Sequence = time.Time{}, 0
	}
	return e
}

// leave sets a record aside.
func leave(batch *collector.Batch, record, reason string) {
	batch.SetAside = append(batch.SetAside, collector.SetAside{Record: record, Reason: reason})
}

// decoded reads a record, or sets it aside.
func decoded(batch *collector.Batch, record string, raw json.RawMessage, into any) bool {
	err := json.Unmarshal(raw, into)
	if err != nil {
		leave(batch, record, "it cannot be read: "+err.Error())
	}
	return err == nil
}

// later leaves a record whose details could not be had open, so that they are asked for again in the next reading. An error that is
// not the record's own is returned.
func later(batch *collector.Batch, record string, key int64, err error) error {
	if err == nil || !collector.Alone(err) {
		return err
	}
	leave(batch, record, err.Error()+"; it is asked for again in the next reading")
	batch.Open = append(batch.Open, strconv.FormatInt(key, 10))
	return nil
}

// remember asks once for what a record of the page under way needs besides.
func (p *project) remember(key string, ask func() ([]json.RawMessage, error)) ([]json.RawMessage, error) {
	if found, known := p.details[key]; known {
		return found, nil
	}
	found, err := ask()
	if err == nil {
		if p.details == nil {
			p.details = map[string][]json.RawMessage{}
		}
		p.details[key] = found
	}
	return found, err
}

// settled ends a page with details: once it is whole they are forgotten.
func (p *project) settled(batch collector.Batch, err error) (collector.Batch, error) {
	if err == nil {
		p.details = nil
	}
	return batch, err
}
