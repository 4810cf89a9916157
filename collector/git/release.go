package git

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// release is a deployment to be: a tag, or a commit of the default branch.
type release struct {
	tag      string // "" for a commit
	object   string // what the reference points at
	commit   string
	at       time.Time
	version  version // zero for a commit and for a tag that is none
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
			Revision: r.commit, Ref: branch, Version: r.version.String(), FinishedAt: r.at,
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

// sortReleases puts releases in the order of their dates; of two with one date the higher version is taken for the first.
func sortReleases(list []release) {
	slices.SortFunc(list, func(a, b release) int {
		return cmp.Or(a.at.Compare(b.at), b.version.compare(a.version), strings.Compare(a.tag, b.tag), strings.Compare(a.commit, b.commit))
	})
}

// otherNames finds the tags that are another name for a release that was made before: on a commit that is released already and
// not of a higher version. v0.49.0 beside v2.49.0 is one, for the module system of a language; v2.3.1 on the commit of v2.2.1
// is none, but a release that rolls v2.3.0 back. The list stands in order; the answer maps a tag to the one it repeats.
func otherNames(list []release) map[string]string {
	type place struct{ commit, services string }
	first := map[place]release{}
	others := map[string]string{}
	for _, r := range list {
		at := place{r.commit, strings.Join(r.services, ",")}
		if r.pre {
			at.services += " " + staging
		}
		before, taken := first[at]
		switch {
		case taken && r.version.number != "" && r.version.compare(before.version) <= 0:
			others[r.tag] = before.tag
		default:
			first[at] = r
		}
	}
	return others
}
