package git

import (
	"context"
	"maps"
	"slices"
	"strings"

	"shiphabit/collector"
)

// plan is what one reading is to deliver: the difference between a cursor and a clone.
type plan struct {
	options Options
	clone   clone
	pattern pattern
	cursor  cursor

	scheme    scheme
	branch    branch
	others    []string // tags that do not match the pattern
	gone      int      // tags of before that are gone
	moved     int
	future    int // tags whose date has not come
	unchanged bool

	boundary map[string]bool
	releases []release // new deployments, by date
	ownLine  ownLine   // the way back from new tags, nil where tags are no deployments
	// collectLine: the commits delivered are to be added to ownLine.
	collectLine bool
	aside       []collector.SetAside
	tips        []string // ends of the history to deliver
	known       []string // ends of the history delivered before
}

// make compares the clone with the cursor. A reading under way keeps to the state in which it found the clone.
func (p *plan) make(ctx context.Context) error {
	var tags map[string]string
	tags, p.others = tagRefs(p.clone.refs, p.pattern)
	var found bool
	if p.branch, found = p.clone.defaultBranch(p.options.Branch); !found && p.options.Branch != "" {
		return unreadable(p.clone.path, "it has no branch "+p.options.Branch, "name one that git branch --all lists", nil)
	}
	if !found && len(tags) == 0 {
		return unreadable(p.clone.path, "it has no commits yet", "come back after the first commit, or name another clone", nil)
	}
	var err error
	if p.boundary, err = boundary(p.clone); err != nil {
		return err
	}
	p.gone = goneTags(p.cursor.Tags, tags)
	resumed := p.cursor.Reading != nil
	if resumed {
		tags = p.cursor.Reading.Tags
	}
	p.scheme = newScheme(p.clone.name(), p.options.Services, slices.Collect(maps.Keys(tags)))
	if !resumed && p.cursor.Mode != "" && p.branch.tip == p.cursor.Branch && p.gone == 0 && len(changedTags(p.cursor.Tags, tags)) == 0 {
		p.unchanged = true
		return nil
	}
	if !resumed {
		p.cursor.Reading = &target{Tags: tags, Branch: p.branch.tip, Before: p.cursor.Totals}
	}
	if p.cursor.Mode != "" && p.cursor.Scheme != p.scheme.String() {
		return outdated(p.clone.path, "new tags have changed which tags release which service")
	}
	p.cursor.Scheme = p.scheme.String()
	return p.fill(ctx)
}

// fill reads what is new: the tags, then, when there are no releases among them, the branch.
func (p *plan) fill(ctx context.Context) error {
	next := p.cursor.Reading
	if next.Done == 0 { // nothing was told yet of the tags set aside
		for name, object := range next.Tags {
			next.Tags[name] = strings.TrimPrefix(object, asideMark)
		}
	}
	for name, object := range p.cursor.Tags {
		if isAside(object) && object == asideMark+next.Tags[name] {
			next.Tags[name] = object
		}
	}
	if err := p.readTags(ctx); err != nil {
		return err
	}
	if err := p.choose(ctx); err != nil {
		return err
	}
	p.setEnds()
	return nil
}

// readTags reads the tags that are new or have moved.
func (p *plan) readTags(ctx context.Context) error {
	next := p.cursor.Reading
	fresh := map[string]bool{}
	for _, name := range changedTags(p.cursor.Tags, next.Tags) {
		fresh[name] = true
		if p.cursor.Tags[name] != "" {
			p.moved++
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	b := &batch{dir: p.clone.dir}
	defer b.close()
	t := tagReader{batch: b, scheme: p.scheme, tags: next.Tags, fresh: fresh, latest: p.options.Clock().Add(tooEarly)}
	if err := t.read(ctx); err != nil {
		return err
	}
	for _, name := range t.future {
		delete(next.Tags, name)
	}
	p.releases, p.aside, p.future = t.releases, t.aside, len(t.future)
	return nil
}

// choose decides what counts as a deployment. Once tags do they always do; the other way round what was read before would have
// to be taken back.
func (p *plan) choose(ctx context.Context) error {
	production := slices.ContainsFunc(p.releases, func(r release) bool { return !r.pre })
	switch {
	case p.cursor.Mode == Tags || p.cursor.Mode == "" && production:
		p.cursor.Mode = Tags
		return p.readOwnLine(ctx)
	case production:
		return outdated(p.clone.path, "it has release tags now, so merges are no longer taken for deployments")
	}
	if p.cursor.Reading.Branch == "" {
		p.cursor.Mode = Merges
		return nil
	}
	var known []string
	if p.cursor.Branch != "" {
		known = []string{p.cursor.Branch}
	}
	line, err := readLine(ctx, p.clone.dir, p.cursor.Reading.Branch, known, p.scheme.all())
	if err != nil && !brokenHistory(err) {
		return err
	}
	list, mode := line.deployments()
	if p.cursor.Mode == Commits && mode == Merges {
		return outdated(p.clone.path, "branches are merged now, so not every commit is taken for a deployment any more")
	}
	if p.cursor.Mode == Merges && mode == Commits {
		list = nil
	} else {
		p.cursor.Mode = mode
	}
	p.addLine(list)
	return nil
}

// readOwnLine prepares the search for hotfix releases. The first reading sees every commit anyway and collects the line by the
// way; a later one reads the part that belongs to its new tags, commits included that were delivered before they were tagged.
func (p *plan) readOwnLine(ctx context.Context) error {
	known := released(p.cursor.Tags)
	if len(known) == 0 && p.cursor.Branch == "" {
		p.ownLine, p.collectLine = ownLine{}, true
		return nil
	}
	var err error
	p.ownLine, err = readOwnLine(ctx, p.clone.dir, p.releases, known)
	return err
}

// addLine takes commits of the branch for deployments, those without a sound date aside.
func (p *plan) addLine(list []release) {
	latest := p.options.Clock().Add(tooEarly)
	for _, r := range list {
		reason := dateFault(r.at)
		if r.at.After(latest) {
			reason = "its date lies in the future"
		}
		if reason != "" {
			p.aside = append(p.aside, collector.SetAside{Record: "commit " + r.commit, Reason: reason})
			continue
		}
		p.releases = append(p.releases, r)
	}
	sortReleases(p.releases)
}

// setEnds names the history to deliver, and the history delivered before.
func (p *plan) setEnds() {
	for _, r := range p.releases {
		if r.tag != "" {
			p.tips = append(p.tips, r.commit)
		}
	}
	if p.cursor.Reading.Branch != "" {
		p.tips = append(p.tips, p.cursor.Reading.Branch)
	}
	p.known = released(p.cursor.Tags)
	if p.cursor.Branch != "" {
		p.known = append(p.known, p.cursor.Branch)
	}
}

// released are the objects of the tags that are not set aside, in a fixed order.
func released(tags map[string]string) []string {
	var list []string
	for _, object := range tags {
		if !isAside(object) {
			list = append(list, object)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// brokenHistory tells a hole in the history from a command that could not run.
func brokenHistory(err error) bool {
	said := strings.ToLower(complaintOf(err))
	for _, words := range []string{"could not read", "failed to traverse", "corrupt", "missing", "bad object", "unable to parse", "unable to read", "bad tree", "invalid"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}
