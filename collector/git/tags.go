package git

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// tagRefs are the tags of a clone that match the pattern, by a name that is valid UTF-8 and unique, with the object each
// points at; others counts the tags that do not match.
func tagRefs(refs map[string]string, p pattern) (tags map[string]string, others []string) {
	tags = map[string]string{}
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		raw, ok := strings.CutPrefix(ref, "refs/tags/")
		if !ok {
			continue
		}
		name := uniqueName(raw)
		if p.matches(name) {
			tags[name] = refs[ref]
		} else {
			others = append(others, name)
		}
	}
	return tags, others
}

// uniqueName is the name as valid UTF-8. Two names that differ only in bytes that are not UTF-8 stay two: what was replaced
// leaves a digest behind.
func uniqueName(raw string) string {
	name := text([]byte(raw))
	if name == raw {
		return name
	}
	sum := sha256.Sum256([]byte(raw))
	return name + "~" + hex.EncodeToString(sum[:4])
}

// changedTags are the tags of now that are new or point elsewhere than before.
func changedTags(before, now map[string]string) []string {
	var names []string
	for name, object := range now {
		if strings.TrimPrefix(before[name], asideMark) != strings.TrimPrefix(object, asideMark) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// goneTags counts the tags of before that are not there any more. Their deployments stay: a release that was made was made.
func goneTags(before, now map[string]string) int {
	n := 0
	for name := range before {
		if _, there := now[name]; !there {
			n++
		}
	}
	return n
}
