package metrics

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The ways in which hosts and people write down what a change takes back. Text around them is free.
var (
	revertsCommit  = regexp.MustCompile(`(?i)\bthis reverts commits?:?[\s*-]+((?:[0-9a-f]{7,40}\b(?:[\s,;*-]|and\b)*)+)`)
	objectName     = regexp.MustCompile(`(?i)\b[0-9a-f]{7,40}\b`)
	revertsRequest = regexp.MustCompile(`(?i)\b(?:this reverts merge request|this reverts pull request|reverts|revert (?:pr|mr|pull request|merge request))\s+(?:([\w.-]+(?:/[\w.-]+)+))?[#!](\d{1,18})\b`)
	revertsTitle   = regexp.MustCompile(`(?i)^revert(?:ed|s)?:?\s+["“](.+)["”]`)
	numberInTitle  = regexp.MustCompile(`\([#!](\d{1,18})\)\s*$`)
	commitBranch   = regexp.MustCompile(`^revert-([0-9a-f]{8})$`)
	requestBranch  = regexp.MustCompile(`^revert-(\d{1,18})(?:-|$)`)
	pickedFrom     = regexp.MustCompile(`(?i)\(cherry picked from commit ([0-9a-f]{7,40})\)`)
)

// takenBack is what a text says that it reverts.
type takenBack struct {
	commits []string // names, in full or abbreviated
	numbers []int64  // of pull requests of the same repository
	titles  []string // subjects of commits or pull requests, when neither of the others is given
}

func (t takenBack) empty() bool { return len(t.commits)+len(t.numbers)+len(t.titles) == 0 }

// revertedBy reads a commit message. Requests of other repositories are not ours to take back.
func revertedBy(message, repository string) takenBack {
	var t takenBack
	if !mentionsRevert(message) {
		return t
	}
	for _, m := range revertsCommit.FindAllStringSubmatch(message, -1) {
		t.commits = append(t.commits, objectName.FindAllString(m[1], -1)...)
	}
	for _, m := range revertsRequest.FindAllStringSubmatch(message, -1) {
		if m[1] == "" || strings.EqualFold(m[1], repository) {
			t.addNumber(m[2])
		}
	}
	if !t.empty() {
		return t
	}
	return revertedByTitle(subject(message))
}

// revertedByRequest reads a pull request: its title and the branch that the hosts' revert buttons make.
func revertedByRequest(pr PullRequest) takenBack {
	if m := commitBranch.FindStringSubmatch(pr.Head); m != nil {
		return takenBack{commits: m[1:]}
	}
	if m := requestBranch.FindStringSubmatch(pr.Head); m != nil {
		var t takenBack
		t.addNumber(m[1])
		return t
	}
	return revertedBy(pr.Title, pr.Repository)
}

func revertedByTitle(title string) takenBack {
	var t takenBack
	m := revertsTitle.FindStringSubmatch(title)
	if m == nil {
		return t
	}
	if n := numberInTitle.FindStringSubmatch(m[1]); n != nil {
		t.addNumber(n[1])
		return t
	}
	t.titles = []string{m[1]}
	return t
}

func (t *takenBack) addNumber(digits string) {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		t.numbers = append(t.numbers, n)
	}
}

// mentionsRevert is a quick look that spares nearly every message the expressions above.
func mentionsRevert(s string) bool {
	return strings.Contains(s, "evert") || strings.Contains(s, "EVERT")
}

// subject is the first line of a message.
func subject(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	return strings.TrimSpace(line)
}

// reverts says per commit of a repository which earlier commits it takes back.
type reverts struct {
	*requests
	of        map[node][]node
	byNumber  map[int64]int
	bySubject map[string][]node // made when a title asks for it
	picks     map[node][]node   // commit → its cherry-picked copies
}

func newReverts(r *requests) *reverts {
	v := &reverts{requests: r, of: map[node][]node{}, byNumber: map[int64]int{}, picks: map[node][]node{}}
	for i, pr := range slices.Backward(r.all) {
		v.byNumber[pr.Value.Number] = i
	}
	var named []node
	for n, c := range v.commits {
		if c == nil {
			continue
		}
		if mentionsRevert(c.Message) {
			named = append(named, node(n)) //nolint:gosec // see intern
		}
		v.notePick(node(n), c) //nolint:gosec // see intern
	}
	for _, n := range named {
		v.add(n, revertedBy(v.commits[n].Message, v.commits[n].Repository))
	}
	for _, pr := range r.all {
		v.addRequest(pr.Value)
	}
	return v
}

func (v *reverts) notePick(n node, c *toldCommit) {
	if !strings.Contains(c.Message, "cherry picked") {
		return
	}
	for _, m := range pickedFrom.FindAllStringSubmatch(c.Message, -1) {
		if from := v.resolve(m[1]); from != none {
			v.picks[from] = append(v.picks[from], n)
		}
	}
}

// addRequest hangs what a request takes back on the commit that brought it to the branch.
func (v *reverts) addRequest(pr PullRequest) {
	if !mentionsRevert(pr.Title) && !mentionsRevert(pr.Head) {
		return
	}
	n := v.resolve(pr.MergeCommit)
	if n == none && len(pr.Commits) > 0 {
		n = v.resolve(pr.Commits[len(pr.Commits)-1])
	}
	if n != none {
		v.add(n, revertedByRequest(pr))
	}
}

func (v *reverts) add(by node, t takenBack) {
	for _, name := range t.commits {
		v.link(by, v.resolve(name))
	}
	for _, number := range t.numbers {
		if i, ok := v.byNumber[number]; ok && number > 0 {
			v.linkRequest(by, v.all[i].Value)
		}
	}
	for _, title := range t.titles {
		v.link(by, v.lastWith(title, by))
	}
}

func (v *reverts) linkRequest(by node, pr PullRequest) {
	if n := v.resolve(pr.MergeCommit); n != none {
		v.link(by, n)
		return
	}
	for _, name := range pr.Commits {
		v.link(by, v.resolve(name))
	}
}

// link notes that a commit takes back another, or the copy of it that lies in its own past.
func (v *reverts) link(by, target node) {
	if target == none || target == by {
		return
	}
	for _, t := range v.forms(target) {
		if v.ancestor(t, by) && t != by {
			if !slices.Contains(v.of[by], t) {
				v.of[by] = append(v.of[by], t)
			}
			return
		}
	}
}

// forms are the commits that carry the same work: itself, the squash that stands for it, its cherry-picked copies.
func (v *reverts) forms(n node) []node {
	out := []node{n}
	if s, ok := v.on[n]; ok {
		out = append(out, s)
	}
	picks := slices.SortedFunc(slices.Values(v.picks[n]), func(a, b node) int { return cmp.Compare(v.names[a], v.names[b]) })
	return append(out, picks...)
}

// lastWith finds the latest commit with that subject in the past of another. Requests' titles usually are subjects too.
func (v *reverts) lastWith(title string, by node) node {
	if v.bySubject == nil {
		v.bySubject = map[string][]node{}
		for n, c := range v.commits {
			if c != nil {
				s := subject(c.Message)
				v.bySubject[s] = append(v.bySubject[s], node(n)) //nolint:gosec // see intern
			}
		}
	}
	best := none
	for _, n := range v.bySubject[title] {
		if v.higher(n, best) && n != by && v.ancestor(n, by) {
			best = n
		}
	}
	return best
}

func (v *reverts) higher(n, than node) bool {
	if than == none || v.height[n] != v.height[than] {
		return than == none || v.height[n] > v.height[than]
	}
	return v.names[n] < v.names[than]
}

// removes reports whether a commit takes work away: it reverts something that is no such commit itself. Reverting a revert
// brings work back.
func (v *reverts) removes(n node) bool {
	for _, t := range v.of[n] {
		if !v.removes(t) {
			return true
		}
	}
	return false
}
