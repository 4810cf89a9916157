package git

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
)

// tooEarly is how far in the future a date may lie before its clock is held to be wrong.
const tooEarly = 24 * time.Hour

// tagReader turns tags into releases.
type tagReader struct {
	batch  *batch
	scheme scheme
	tags   map[string]string // all that count, by name; those set aside get their mark
	fresh  map[string]bool   // new or moved ones
	latest time.Time         // no release can be later

	releases []release // fresh and old ones
	aside    []collector.SetAside
	future   []string // fresh ones whose date has not come: they are looked at again next time
	parts    map[string]int
	plain    map[string]bool // versions by prefix, without build metadata, that are tagged as such
}

// read reads the objects behind all tags, the old ones too, because a new tag may be another name for an old release.
func (t *tagReader) read(ctx context.Context) error {
	t.parts, t.plain = map[string]int{}, map[string]bool{}
	names := slices.Sorted(maps.Keys(t.tags))
	for _, name := range names {
		if v, ok := parseVersion(name); ok && v.plain() == v.String() {
			t.plain[v.prefix+v.plain()] = true
		}
	}
	for _, name := range names {
		if isAside(t.tags[name]) {
			continue
		}
		if err := t.one(ctx, name); err != nil {
			return err
		}
	}
	sortReleases(t.releases)
	others := otherNames(t.releases)
	t.releases = slices.DeleteFunc(t.releases, func(r release) bool {
		if other := others[r.tag]; other != "" && t.fresh[r.tag] {
			t.setAside(r.tag, "it is another name for the release "+other)
			return true
		}
		return !t.fresh[r.tag]
	})
	t.aside = append(t.aside, otherParts(t.parts)...)
	return nil
}

// one reads one tag.
func (t *tagReader) one(ctx context.Context, name string) error {
	services, part := t.scheme.services(name)
	if len(services) == 0 {
		t.parts[part]++
		t.tags[name] = asideMark + t.tags[name]
		return nil
	}
	if v, ok := parseVersion(name); ok && v.plain() != v.String() && t.plain[v.prefix+v.plain()] {
		t.setAside(name, "it is another build of "+v.plain())
		return nil
	}
	r, reason, err := readRelease(ctx, t.batch, name, t.tags[name])
	if err != nil {
		return err
	}
	if r.at.After(t.latest) {
		reason = "its date, " + r.at.Format(time.DateOnly) + ", has not come yet"
		t.future = append(t.future, name)
	}
	if reason != "" {
		t.setAside(name, reason)
		return nil
	}
	r.services = services
	t.releases = append(t.releases, r)
	return nil
}

// setAside sets a fresh tag aside. An old one was delivered and stays so, whatever has become of its object.
func (t *tagReader) setAside(name, reason string) {
	if t.fresh[name] {
		t.aside = append(t.aside, collector.SetAside{Record: "tag " + name, Reason: reason})
		t.tags[name] = asideMark + t.tags[name]
	}
}

// otherParts says once per part of the repository, not once per tag, that it was not asked for.
func otherParts(counts map[string]int) []collector.SetAside {
	var list []collector.SetAside
	for component, n := range counts {
		record := fmt.Sprintf("%d tags of %s", n, component)
		reason := "they release a part of the repository; ask for it with --service " + component + "=FOLDER"
		if component == "" {
			record, reason = fmt.Sprintf("%d tags", n), "every service that was asked for has tags of its own"
		}
		list = append(list, collector.SetAside{Record: record, Reason: reason})
	}
	slices.SortFunc(list, func(a, b collector.SetAside) int { return strings.Compare(a.Record, b.Record) })
	return list
}

// deepest chain of tags on tags that is followed.
const maxTagChain = 8

// readRelease follows a tag to its commit. The release's date is the tagger's, or the committer's where the tag has none; the
// reason says why the tag is no release.
func readRelease(ctx context.Context, b *batch, name, id string) (r release, reason string, err error) {
	r = release{tag: name, object: id}
	if v, ok := parseVersion(name); ok {
		r.version, r.pre = v, v.pre
	}
	r.hotfix = hotfixWord.MatchString(name)
	for range maxTagChain {
		o, ok, err := b.read(ctx, id)
		if err != nil {
			return release{}, "", err
		}
		if !ok {
			return r, "object " + id[:12] + " is missing or broken", nil
		}
		if r.at.IsZero() {
			r.at = o.committed
		}
		switch o.kind {
		case "commit":
			r.commit = id
			return r, dateFault(r.at), nil
		case "tag":
			r.hotfix = r.hotfix || hotfixWord.MatchString(subject(o.message))
			id = o.target
		default:
			return r, "it points at a " + o.kind + ", not at a commit", nil
		}
		if id == "" {
			return r, "the tag names no object", nil
		}
	}
	return r, "a tag of a tag of a tag without end", nil
}

// dateFault says what is wrong with the date of a release that is not merely in the future.
func dateFault(at time.Time) string {
	switch {
	case at.IsZero():
		return "it has no date"
	case at.Before(firstSound):
		return "its date, " + at.Format(time.DateOnly) + ", is before there was Git"
	}
	return ""
}
