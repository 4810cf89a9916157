package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Override sets criteria aside for a service and environment, for a while and a number of promotions, with a reason. There is no lasting
// one: a standing exception is a change of the policy.
type Override struct {
	ID          string `json:"id"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	// Criteria are those set aside; none means all.
	Criteria []string `json:"criteria,omitempty"`
	Reason   string   `json:"reason"`
	Category string   `json:"category"`
	// By asked for it, Second agreed, and then Others did, where the tier wants so many. None is a name: all are what callers are known as.
	By      string   `json:"by"`
	Second  string   `json:"second,omitempty"`
	Others  []string `json:"others,omitempty"`
	Persons int      `json:"persons"`
	// Roles are those of the policy's that each of them had when they did; nobody is listed where the policy named none.
	Roles    map[string][]string `json:"roles,omitempty"`
	Decision string              `json:"decision,omitempty"` // the decision that it answers, when there is one
	// Digest and Commit are the artifact of that decision: an override of a decision is for nothing else.
	Digest    string    `json:"digest,omitempty"`
	Commit    string    `json:"commit,omitempty"`
	StartsAt  time.Time `json:"starts_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Uses      int       `json:"uses"`
	Used      int       `json:"used"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// OverrideCategories are the reasons an override may have, by kind.
func OverrideCategories() []string {
	return []string{"false alarm", "accepted risk", "deadline", "gate broken"}
}

// shortestReason is how long a reason must be to be one.
const shortestReason = 20

// Check says everything that is wrong with an override under a tier's rule.
func (o Override) Check(rule OverrideRule, criteria []string) []error {
	var f faults
	f.unless(len([]rune(strings.TrimSpace(o.Reason))) >= shortestReason, "reason: has fewer than %d characters; say what speaks for going on all the same", shortestReason)
	f.unless(slices.Contains(OverrideCategories(), o.Category), "category: %q is none of %s", o.Category, strings.Join(OverrideCategories(), ", "))
	f.unless(o.ExpiresAt.After(o.StartsAt), "expires_at: is not after its start")
	longest := seconds(rule.MaxSeconds)
	f.unless(o.ExpiresAt.Sub(o.StartsAt) <= longest, "expires_at: holds longer than %s, the most that the policy allows", span(longest))
	f.unless(o.Uses >= 1 && o.Uses <= rule.Uses, "uses: %d; the policy allows 1 to %d", o.Uses, rule.Uses)
	for _, name := range o.Criteria {
		f.unless(slices.Contains(criteria, name), "criteria: %q is no criterion of the policy; use one of %s", name, strings.Join(criteria, ", "))
	}
	return f
}

// CriteriaNames are the criteria that a policy has, in order.
func (p Policy) CriteriaNames() []string {
	var names []string
	for _, c := range p.criteria() {
		if !c.absent {
			names = append(names, c.name)
		}
	}
	return names
}

// Idle says why an override does nothing at an instant for somebody who asks, "" when it holds under the rule. Anyone is a caller that is told
// apart from nobody, because nobody has to log in.
func (o Override) Idle(now time.Time, asker string, rule OverrideRule, anyone bool) string {
	switch {
	case !o.RevokedAt.IsZero():
		return "it was withdrawn at " + clock(o.RevokedAt)
	case now.Before(o.StartsAt):
		return "it begins at " + clock(o.StartsAt)
	case !now.Before(o.ExpiresAt):
		return "it expired at " + clock(o.ExpiresAt)
	case o.Used >= o.Uses:
		return fmt.Sprintf("it was for %s, which %s used up", count(int64(o.Uses), "promotion"), map[bool]string{true: "is", false: "are"}[o.Uses == 1])
	case o.Lacking(rule) != "":
		return o.Lacking(rule)
	case o.Missing() != "":
		return o.Missing()
	case !rule.Self && !anyone && o.Persons == 1 && asker == o.By:
		return "whoever asks for the promotion may not be the one who overrides"
	}
	return ""
}

// Agreed are the persons who stand behind an override: who asked for it, and who agreed.
func (o Override) Agreed() []string {
	agreed := []string{}
	for _, who := range append([]string{o.By, o.Second}, o.Others...) {
		if who != "" && !slices.Contains(agreed, who) {
			agreed = append(agreed, who)
		}
	}
	return agreed
}

// Missing says how many persons an override still waits for, "" when all that it needs agree.
func (o Override) Missing() string {
	so := len(o.Agreed())
	if so >= o.Persons {
		return ""
	}
	return fmt.Sprintf("it does nothing until %d people agree (%d so far)", o.Persons, so)
}

// Taken are the promotions that others of the same scope let through, or still may: the policy's number of uses is for all of them. The
// same scope is the same service and environment, a criterion in common, and the same artifact or in both cases none.
func (o Override) Taken(others []Override) int {
	taken := 0
	for _, other := range others {
		switch {
		case other.ID == o.ID || !o.overlaps(other) || !o.StartsAt.Before(other.ExpiresAt):
		case other.RevokedAt.IsZero():
			taken += other.Uses
		default:
			taken += other.Used
		}
	}
	return taken
}

func (o Override) overlaps(other Override) bool {
	bound, alsoBound := o.Digest != "" || o.Commit != "", other.Digest != "" || other.Commit != ""
	common := len(o.Criteria) == 0 || len(other.Criteria) == 0 ||
		slices.ContainsFunc(o.Criteria, func(name string) bool { return slices.Contains(other.Criteria, name) })
	return o.Service == other.Service && strings.EqualFold(o.Environment, other.Environment) && common &&
		bound == alsoBound && (!bound || sameArtifact(o.Digest, o.Commit, other.Digest, other.Commit))
}

// For reports whether an override is meant for what a request asks to promote. One of a decision that named neither digest nor commit is for
// requests that name none either.
func (o Override) For(r Request) bool {
	if o.Digest == "" && o.Commit == "" {
		return o.Decision == "" || r.Artifact.Digest == "" && r.Commit == ""
	}
	return sameArtifact(r.Artifact.Digest, r.Commit, o.Digest, o.Commit)
}

// Waiver is an override as a snapshot knows it: one that holds.
type Waiver struct {
	ID        string    `json:"id"`
	Category  string    `json:"category"`
	Reason    string    `json:"reason"`
	Criteria  []string  `json:"criteria,omitempty"`
	ExpiresAt time.Time `json:"expires_at"`
	Used      int       `json:"used"`
}

// Waiver is what the snapshot keeps of an override.
func (o Override) Waiver() *Waiver {
	return &Waiver{ID: o.ID, Category: o.Category, Reason: o.Reason, Criteria: o.Criteria, ExpiresAt: o.ExpiresAt.UTC(), Used: o.Used}
}

// covers reports whether a criterion is set aside.
func (w *Waiver) covers(criterion string) bool {
	return w != nil && (len(w.Criteria) == 0 || slices.Contains(w.Criteria, criterion))
}

// set lets a finding that would stop a promotion pass, and says by what.
func (w *Waiver) set(f *finding) {
	f.result, f.opensWhen, f.until = Exempt, nil, time.Time{}
	f.says += fmt.Sprintf(" Set aside by override %s (%s: %s) until %s.", w.ID, w.Category, strings.TrimRight(strings.Join(strings.Fields(w.Reason), " "), "."), clock(w.ExpiresAt))
}
