package git

import "context"

// A release is a hotfix when its tag says so, by name or in the first line of its annotation, or when it brings in nothing but
// hotfix branches: walking from the release back along its own line (first parents) to what an earlier release already held,
// at least one merge is of a branch named hotfix/… and no merge is of another branch. A planned release that holds a hotfix
// merged back from elsewhere is so none.

// ownLine maps commits to the step that leads back from them.
type ownLine map[string]step

// step is a commit on the way back from a release.
type step struct {
	parent string
	merge  bool
	hotfix bool // the merge of a hotfix branch
}

func (l ownLine) add(o object) {
	s := step{merge: len(o.parents) > 1}
	if len(o.parents) > 0 {
		s.parent = o.parents[0]
	}
	s.hotfix = s.merge && mergesHotfix(subject(o.message))
	l[o.id] = s
}

// readOwnLine reads the way back from new releases to those delivered before. Where the history is broken it ends.
func readOwnLine(ctx context.Context, dir string, list []release, delivered []string) (ownLine, error) {
	tips := make([]string, len(list))
	for i, r := range list {
		tips[i] = r.commit
	}
	line := ownLine{}
	if len(list) == 0 {
		return line, nil
	}
	for o, err := range listed(ctx, dir, tips, delivered, "--first-parent") {
		if err != nil && brokenHistory(err) {
			break
		}
		if err != nil {
			return nil, err
		}
		line.add(o)
	}
	return line, nil
}

// mark marks the releases, which stand in the order of their dates, those of production and those of staging by themselves.
func (l ownLine) mark(list []release) {
	for _, pre := range []bool{false, true} {
		taken := map[string]bool{}
		for i := range list {
			if list[i].pre == pre && l.onlyHotfixes(list[i].commit, taken) {
				list[i].hotfix = true
			}
		}
	}
}

// onlyHotfixes goes back from a commit, taking the steps that no earlier release took.
func (l ownLine) onlyHotfixes(commit string, taken map[string]bool) bool {
	hotfixes, others := 0, 0
	for !taken[commit] {
		s, known := l[commit]
		if !known {
			break
		}
		taken[commit] = true
		switch {
		case s.hotfix:
			hotfixes++
		case s.merge:
			others++
		}
		commit = s.parent
	}
	return hotfixes > 0 && others == 0
}
