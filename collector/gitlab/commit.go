package gitlab

import (
	"context"
	"encoding/json"
	"strings"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireCommit is a commit in answers.
type wireCommit struct {
	ID            string   `json:"id"`
	Parents       []string `json:"parent_ids"`
	Message       string   `json:"message"`
	AuthorEmail   string   `json:"author_email"`
	AuthoredDate  moment   `json:"authored_date"`
	CommittedDate moment   `json:"committed_date"`
}

// commit is what a commit says. Its author is known by address alone, which the store hides like every name.
func (w wireCommit) commit(repository string) metrics.Commit {
	return metrics.Commit{
		ID: w.ID, Repository: repository, Author: address(w.AuthorEmail), AuthoredAt: w.AuthoredDate.Time, CommittedAt: w.CommittedDate.Time,
		Message: w.Message, Parents: w.Parents,
	}
}

// address brings an author's address into one form; hooks withhold some.
func address(email string) string {
	if email = strings.ToLower(strings.TrimSpace(email)); email == "[redacted]" {
		return ""
	}
	return email
}

// walk is where the reading of commits stands: those that Head reaches and Base does not, by page. Both are fixed, so pages do not
// shift while somebody pushes.
type walk struct {
	Head string `json:"head"`
	Base string `json:"base,omitempty"`
	Page int    `json:"page"`
}

// readCommits reads what came to the default branch since the last reading. The head of the last reading is what stays open in the
// feed: commits know no order of change, and merged ones may be older than all that was read.
func (p *project) readCommits(ctx context.Context, from collector.Position) (batch collector.Batch, err error) {
	var w walk
	if from.Page == "" {
		if w, err = p.beginWalk(ctx, from.Open); err != nil || w.Head == w.Base {
			return batch, err
		}
	} else if err := json.Unmarshal([]byte(from.Page), &w); err != nil {
		return batch, wrong(p.host.name, "the page where reading stopped was noted by another version", "read the source from the start with collect --full")
	}
	options := &sdk.ListCommitsOptions{ListOptions: sdk.ListOptions{Page: w.Page, PerPage: most}, RefName: &w.Head}
	if w.Base != "" {
		options.RefName = sdk.Ptr(w.Base + ".." + w.Head)
	} else if !p.Since.IsZero() {
		options.Since = &p.Since
	}
	var raws []json.RawMessage
	response, err := p.host.get(ctx, p.at("repository/commits"), options, &raws)
	if err != nil {
		return batch, err
	}
	p.takeCommits(&batch, raws)
	if response.NextPage == 0 || len(raws) == 0 {
		batch.Open, batch.Closed = []string{w.Head}, from.Open
		return batch, nil
	}
	w.Page++
	text, err := json.Marshal(w)
	batch.Next = string(text)
	return batch, err
}

// beginWalk finds the head of the default branch, and whether the last one that was read still exists.
func (p *project) beginWalk(ctx context.Context, read []string) (walk, error) {
	var branch struct {
		Commit struct {
			ID string `json:"id"`
		} `json:"commit"`
	}
	if _, err := p.host.get(ctx, p.at("repository/branches/"+sdk.PathEscape(p.DefaultBranch)), nil, &branch); err != nil {
		return walk{}, err
	}
	w := walk{Head: branch.Commit.ID, Page: 1}
	if w.Head == "" {
		return w, wrong(p.host.name, "the default branch of "+p.Path+" has no commit", "check that the url is that of a GitLab")
	}
	if len(read) == 0 || read[0] == w.Head {
		w.Base = strings.Join(read, "")
		return w, nil
	}
	var base wireCommit
	_, err := p.host.get(ctx, p.at("repository/commits/"+read[0]), nil, &base)
	if collector.TroubleOf(err) == collector.Missing {
		return w, nil // history was rewritten: all of it is read
	}
	w.Base = read[0]
	return w, err
}

func (p *project) takeCommits(batch *collector.Batch, raws []json.RawMessage) {
	for _, raw := range raws {
		var w wireCommit
		if !decoded(batch, "commit of "+p.Path, raw, &w) {
			continue
		}
		if w.CommittedDate.After(batch.Newest) {
			batch.Newest = w.CommittedDate.Time
		}
		batch.Take(p.record("commit", w.ID), event(p.host.name, w.commit(p.Path), w.CommittedDate.Time, fromAnswer))
	}
}
