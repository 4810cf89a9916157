package github

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func (r Rules) pushedPull(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Pull *github.PullRequest `json:"pull_request"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Pull == nil:
		return missing("pull_request")
	}
	record := pullOf(d.Repository.FullName, body.Pull)
	p.Take("pull request "+record.ID, r.event(record, instant(body.Pull.UpdatedAt), pushed))
	return nil
}

// pullOf leaves out commits and reviews, which are not pushed; what was asked for of them stays.
func pullOf(repository string, pull *github.PullRequest) metrics.PullRequest {
	author := pull.GetUser()
	record := metrics.PullRequest{
		ID: strconv.Itoa(pull.GetNumber()), Number: int64(pull.GetNumber()), Repository: repository, CreatedAt: instant(pull.CreatedAt),
		Author: person(author.GetLogin(), author.GetType()), Bot: program(author.GetLogin(), author.GetType()), Base: pull.GetBase().GetRef(),
		Head: pull.GetHead().GetRef(), MergedAt: instant(pull.MergedAt), Title: pull.GetTitle(), URL: webPage(pull.GetHTMLURL()),
	}
	if !record.MergedAt.IsZero() { // before, it is a commit of GitHub's that tries the merge
		record.MergeCommit = pull.GetMergeCommitSHA()
	}
	for _, l := range pull.Labels {
		record.Labels = append(record.Labels, l.GetName())
	}
	return record
}

// pushedCommits takes the commits that came to the default branch. Their parents are not pushed; the next reading brings them.
func (r Rules) pushedCommits(d delivery, p *collector.Pushed) error {
	body, err := part[github.PushEvent](d)
	if err != nil {
		return err
	}
	branch, isBranch := strings.CutPrefix(body.GetRef(), "refs/heads/")
	switch {
	case !isBranch:
		p.Ignored = "it pushes a tag"
	case body.GetDeleted():
		p.Ignored = "it deletes a branch"
	case branch != d.Repository.DefaultBranch:
		p.Ignored = "it pushes to a branch other than the default one"
	case len(body.Commits) == 0:
		p.Ignored = "it brings no commits"
	}
	if p.Ignored != "" {
		return nil
	}
	for _, c := range body.Commits {
		if c != nil {
			record := commitOf(d.Repository.FullName, c)
			p.Take("commit "+record.ID, r.event(record, time.Time{}, pushed))
		}
	}
	return nil
}

func commitOf(repository string, c *github.HeadCommit) metrics.Commit {
	login := c.GetAuthor().GetLogin() // go-github's name for "username"
	record := metrics.Commit{
		ID: c.GetID(), Repository: repository, AuthoredAt: instant(c.Timestamp), Author: login, Bot: program(login, ""), Message: c.GetMessage(),
		Paths: slices.Concat(c.Added, c.Modified, c.Removed),
	}
	if record.Author == "" {
		record.Author = c.GetAuthor().GetEmail()
	}
	slices.Sort(record.Paths)
	record.Paths = slices.Compact(record.Paths)
	return record
}

func (r Rules) pushedIssue(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Issue *github.Issue `json:"issue"`
		Label *github.Label `json:"label"` // the one that was added or taken away
	}](d)
	switch {
	case err != nil:
		return err
	case body.Issue == nil:
		return missing("issue")
	case body.Issue.IsPullRequest():
		p.Ignored = "it is a pull request"
		return nil
	case d.Action == "deleted", d.Action == "transferred":
		p.Ignored = "the issue is gone; what is known of it stays"
		return nil
	case !r.isIncident(labelsOf(body.Issue)) && (d.Action != "unlabeled" || !r.isIncident([]string{body.Label.GetName()})):
		p.Ignored = "the issue has no label of an incident"
		return nil
	}
	record := "issue " + strconv.Itoa(body.Issue.GetNumber())
	e, reason := r.incidentOf(d.Repository.FullName, body.Issue, pushed)
	if reason != "" {
		p.SetAside = append(p.SetAside, collector.SetAside{Record: record, Reason: reason})
		return nil
	}
	p.Take(record, e)
	return nil
}
