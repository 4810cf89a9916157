package git

import (
	"context"
	"fmt"
	"time"
)

// Summary describes what was read: for a terminal and for the page about the source.
type Summary struct {
	Path       string // as the user gave it
	Repository string
	Services   []string
	Branch     string
	Mode       Mode
	Pattern    string // which tags count as releases
	OtherTags  int    // tags that do not
	// CompleteFrom is the date from which a shallow clone holds the history; zero when it holds all of it.
	CompleteFrom time.Time
	Warnings     []string

	totals
}

// String says in one sentence what was taken for a deployment, and how much of it there is.
func (s Summary) String() string {
	if s.Mode == "" {
		return "Nothing was read."
	}
	var what string
	switch s.Mode {
	case Tags:
		what = fmt.Sprintf("Deployments are the %s (%s)", counted(s.Releases, "release tag"), s.Pattern)
	case Merges:
		what = fmt.Sprintf("There are no release tags (%s); deployments are the %s to %s, squashed pull requests included", s.Pattern, counted(s.Releases, "merge"), s.Branch)
	case Commits:
		what = fmt.Sprintf("There are neither release tags (%s) nor merges to %s; every one of the %s on it is taken for a deployment", s.Pattern, s.Branch, counted(s.Releases, "commit"))
	}
	if s.PreReleases > 0 {
		what += fmt.Sprintf("; %s shown as environment staging", counted(s.PreReleases, "pre-release"))
	}
	return fmt.Sprintf("%s. %s of %s read.", what, counted(s.totals.Commits, "commit"), s.Repository)
}

// counted is "1 commit", "2 commits".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// summary describes the plan; the totals follow while it is delivered.
func (p *plan) summary(ctx context.Context) Summary {
	s := Summary{
		Path: p.clone.path, Repository: p.clone.repository, Services: p.scheme.all(), Branch: p.branch.name,
		Mode: p.cursor.Mode, Pattern: p.pattern.words, OtherTags: len(p.others), totals: p.cursor.Totals,
	}
	if p.clone.shallow {
		s.CompleteFrom = p.completeFrom(ctx)
		s.Warnings = append(s.Warnings, fmt.Sprintf(
			"The clone is shallow: history before %s is missing, and with it the changes of the first deployments. To have it all: git fetch --unshallow --tags",
			s.CompleteFrom.Format(time.DateOnly)))
	}
	return s
}

// completeFrom is the newest date at which a shallow clone ends: after it nothing is missing.
func (p *plan) completeFrom(ctx context.Context) time.Time {
	b := &batch{dir: p.clone.dir}
	defer b.close()
	var newest time.Time
	for id := range p.boundary {
		if o, ok, err := b.read(ctx, id); err == nil && ok && o.committed.After(newest) {
			newest = o.committed
		}
	}
	return newest
}
