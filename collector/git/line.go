package git

import "context"

// branchLine is the default branch's own line of commits, newest first, as far as it is new.
type branchLine struct {
	commits []release // all of them
	merged  []release // merges and squashed pull requests among them
}

// readLine reads the commits of the branch along first parents. The deployment that a merge stands for is the merge commit at
// its committer's date; it is a hotfix when the branch is named hotfix/… or the title begins with the word.
func readLine(ctx context.Context, dir, tip string, known []string, services []string) (branchLine, error) {
	var l branchLine
	for o, err := range listed(ctx, dir, []string{tip}, known, "--first-parent") {
		if err != nil {
			return l, err
		}
		title := subject(o.message)
		r := release{object: o.id, commit: o.id, at: o.committed, services: services}
		r.hotfix = hotfixTitle.MatchString(title) || len(o.parents) > 1 && mergesHotfix(title)
		l.commits = append(l.commits, r)
		if len(o.parents) > 1 || mergesRequest(title) {
			l.merged = append(l.merged, r)
		}
	}
	return l, nil
}

// deployments are the commits of the line that count as deployments, and the mode that makes them so.
func (l branchLine) deployments() ([]release, Mode) {
	if len(l.merged) > 0 {
		return l.merged, Merges
	}
	return l.commits, Commits
}
