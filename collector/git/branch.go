package git

import "strings"

// branch is the line of history that the team delivers from.
type branch struct {
	name string // "main"; "HEAD" when no branch is checked out and none has a usual name
	tip  string
}

// defaultBranch picks the branch: the one asked for; else what the origin calls its default; else, in a bare repository, what
// HEAD names; else the user's init.defaultBranch, main or master, as the origin has it before as it stands here; else what is
// checked out. ok is false when there is none with a commit.
func (c clone) defaultBranch(asked string) (b branch, ok bool) {
	if asked != "" {
		return c.branchNamed(asked)
	}
	if tip := c.refs[c.originHead]; tip != "" {
		return branch{name: strings.TrimPrefix(c.originHead, "refs/remotes/origin/"), tip: tip}, true
	}
	candidates := []string{c.preferred, "main", "master"}
	if head := strings.TrimPrefix(c.head, "refs/heads/"); c.bare && head != "" {
		candidates = append([]string{head}, candidates...)
	}
	for _, name := range candidates {
		if b, ok := c.branchNamed(name); ok {
			return b, true
		}
	}
	if c.headCommit == "" {
		return branch{}, false
	}
	name := strings.TrimPrefix(c.head, "refs/heads/")
	if name == "" {
		name = "HEAD"
	}
	return branch{name: name, tip: c.headCommit}, true
}

func (c clone) branchNamed(name string) (branch, bool) {
	if name == "" {
		return branch{}, false
	}
	for _, prefix := range []string{"refs/remotes/origin/", "refs/heads/", ""} {
		if tip := c.refs[prefix+name]; tip != "" {
			return branch{name: name, tip: tip}, true
		}
	}
	return branch{}, false
}
