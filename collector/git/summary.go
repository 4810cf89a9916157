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
	}
	s.Warnings = p.warnings(s.CompleteFrom)
	return s
}

// warnings are what a reader of the figures should know, each a sentence with what can be done.
func (p *plan) warnings(completeFrom time.Time) []string {
	var list []string
	warn := func(applies bool, sentence string, values ...any) {
		if applies {
			list = append(list, fmt.Sprintf(sentence, values...))
		}
	}
	warn(p.clone.shallow, "The clone is shallow: history before %s is missing, and with it older releases and the changes of the first ones that are left. To have it all: git fetch --unshallow --tags",
		completeFrom.Format(time.DateOnly))
	warn(p.cursor.Mode == Tags && len(p.tags()) == 1, "There is one release tag only: nothing came before it to compare it with, so its changes are not known.")
	warn(p.cursor.Mode != Tags && len(p.others) > 0, "%s not taken for a release, such as %s; if some are, say which with --tags PATTERN.", areTags(len(p.others)), example(p.others))
	warn(p.gone > 0, "%s gone since the last reading; their deployments are kept.", areTags(p.gone))
	warn(p.moved > 0, "%s moved since the last reading; each move counts as another deployment.", areTags(p.moved))
	warn(p.future > 0, "%s dated in the future and wait for their day.", areTags(p.future))
	warn(len(p.clone.brokenRefs) > 0, "git cannot read %d references, such as %s; git fsck tells more.", len(p.clone.brokenRefs), example(p.clone.brokenRefs))
	return list
}

// warnUntouched adds a warning for each folder of a service that no commit touches.
func (s *Summary) warnUntouched(folders []string) {
	for _, folder := range folders {
		s.Warnings = append(s.Warnings, fmt.Sprintf("No commit touches %s, so nothing is known of its service; is the folder spelled as in the repository?", folder))
	}
}

// tags are the names of the tags that are not set aside.
func (p *plan) tags() []string {
	from := p.cursor.Tags
	if p.cursor.Reading != nil {
		from = p.cursor.Reading.Tags
	}
	var names []string
	for name, object := range from {
		if !isAside(object) {
			names = append(names, name)
		}
	}
	return names
}

func areTags(n int) string {
	if n == 1 {
		return "1 tag is"
	}
	return fmt.Sprintf("%d tags are", n)
}

// example is one of the names, short enough for a sentence; "" when there is none.
func example(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return shortened(names[0], 60)
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
