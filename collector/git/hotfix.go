package git

import "context"

// markHotfixes marks the releases that bring in nothing but hotfix branches: walking from a release back along its own line
// (first parents) to what an earlier release already held, at least one merge is of a branch named hotfix/… and no merge is of
// another branch. A planned release that happens to hold a hotfix, merged back from elsewhere, is so none.
// Releases that say it themselves, by name or annotation, are marked before.
func markHotfixes(ctx context.Context, dir string, list []release, delivered []string) error {
	if len(list) == 0 {
		return nil
	}
	tips := make([]string, len(list))
	for i, r := range list {
		tips[i] = r.commit
	}
	line := map[string]step{}
	for o, err := range listed(ctx, dir, tips, delivered, "--first-parent") {
		if err != nil && brokenHistory(err) {
			break // what was read so far is all there is to read
		}
		if err != nil {
			return err
		}
		line[o.id] = stepOf(o)
	}
	for _, pre := range []bool{false, true} {
		markLine(list, line, pre)
	}
	return nil
}

// step is a commit on the way back from a release.
type step struct {
	parent string
	merge  bool
	hotfix bool
}

func stepOf(o object) step {
	s := step{merge: len(o.parents) > 1}
	if len(o.parents) > 0 {
		s.parent = o.parents[0]
	}
	s.hotfix = s.merge && mergesHotfix(subject(o.message))
	return s
}

// markLine goes over the releases of one environment in the order of their dates, each taking the steps that none before took.
func markLine(list []release, line map[string]step, pre bool) {
	taken := map[string]bool{}
	for i := range list {
		if list[i].pre != pre {
			continue
		}
		hotfixes, others := 0, 0
		for id := list[i].commit; !taken[id]; {
			s, known := line[id]
			if !known {
				break
			}
			taken[id] = true
			switch {
			case s.hotfix:
				hotfixes++
			case s.merge:
				others++
			}
			id = s.parent
		}
		if hotfixes > 0 && others == 0 {
			list[i].hotfix = true
		}
	}
}
