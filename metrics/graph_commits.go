package metrics

import (
	"cmp"
	"slices"
)

// join makes one commit of what several sources tell of it: the first source wins, field by field.
func join(told []*toldCommit, compare func(a, b string) int) *toldCommit {
	slices.SortFunc(told, func(a, b *toldCommit) int { return compare(a.source, b.source) })
	joined := *told[0]
	for _, c := range told[1:] {
		complete(&joined.Commit, c.Commit)
		joined.excluded = joined.excluded || c.excluded
	}
	return &joined
}

// complete fills in what the preferred source leaves out.
func complete(c *Commit, other Commit) {
	c.Author = cmp.Or(c.Author, other.Author)
	c.AuthoredAt = cmpTime(c.AuthoredAt, other.AuthoredAt)
	c.CommittedAt = cmpTime(c.CommittedAt, other.CommittedAt)
	c.Message = cmp.Or(c.Message, other.Message)
	if c.Bot == nil {
		c.Bot = other.Bot
	}
	if len(c.Parents) == 0 {
		c.Parents = other.Parents
	}
	if len(c.Paths) == 0 {
		c.Paths = other.Paths
	}
}
