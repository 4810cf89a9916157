package git

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// release is a deployment to be: a tag, or a commit of the default branch.
type release struct {
	tag      string // "" for a commit
	object   string // what the reference points at
	commit   string
	at       time.Time
	version  string
	pre      bool
	hotfix   bool
	services []string
}

// The environments of releases. A pre-release is tried out, not lived on: it is shown and enters no figure of production.
const (
	production = "production"
	staging    = "staging"
)

// events are the deployments of a release, one for each service. The identifier holds the object beside the name of the tag: a
// tag that is moved is another deployment, and the one before is not lost.
func (r release) events(source, repository, branch string) []metrics.Event {
	list := make([]metrics.Event, 0, len(r.services))
	for _, service := range r.services {
		d := metrics.Deployment{
			ID: r.commit[:12], Service: service, Repository: repository, Environment: production, Status: metrics.Succeeded,
			Revision: r.commit, Ref: branch, Version: r.version, FinishedAt: r.at,
		}
		if r.tag != "" {
			d.ID, d.Ref = r.tag+"@"+r.object[:12], r.tag
		}
		if len(r.services) > 1 || service != repository[strings.LastIndexByte(repository, '/')+1:] {
			d.ID += "#" + service
		}
		if r.pre {
			d.Environment = staging
		}
		if r.hotfix {
			d.Hotfix = &r.hotfix
		}
		list = append(list, metrics.NewEvent(source, d))
	}
	return list
}

// tooEarly is how far in the future a date may lie before its clock is held to be wrong.
const tooEarly = 24 * time.Hour

// readReleases reads the objects behind tags. It returns the releases in the order of their dates, the tags that are none with
// the reason, and the tags whose date has not come yet: those are looked at again next time.
func readReleases(ctx context.Context, b *batch, tags map[string]string, names []string, s scheme, now time.Time) (list []release, aside []collector.SetAside, future []string, err error) {
	components := map[string]int{}
	for _, name := range names {
		services, component := s.services(name)
		if len(services) == 0 {
			components[component]++
			tags[name] = asideMark + tags[name]
			continue
		}
		r, reason, err := readRelease(ctx, b, name, tags[name])
		if err != nil {
			return nil, nil, nil, err
		}
		if r.at.After(now.Add(tooEarly)) {
			reason = "its date, " + r.at.Format(time.DateOnly) + ", has not come yet"
			future = append(future, name)
		}
		if reason != "" {
			aside = append(aside, collector.SetAside{Record: "tag " + name, Reason: reason})
			tags[name] = asideMark + tags[name]
			continue
		}
		r.services = services
		list = append(list, r)
	}
	sortReleases(list)
	return list, append(aside, otherComponents(components)...), future, nil
}

func sortReleases(list []release) {
	slices.SortFunc(list, func(a, b release) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.tag, b.tag), strings.Compare(a.commit, b.commit))
	})
}

// otherComponents says once per component, not once per tag, that it was not asked for.
func otherComponents(counts map[string]int) []collector.SetAside {
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
		r.version, r.pre = v.String(), v.pre
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
