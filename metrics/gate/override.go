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
	// By asked for it, Second agreed where the tier wants two. Neither is a name: both are what the caller is known as.
	By       string `json:"by"`
	Second   string `json:"second,omitempty"`
	Persons  int    `json:"persons"`
	Decision string `json:"decision,omitempty"` // the decision that it answers, when there is one
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

// Idle says why an override does nothing at an instant for somebody who asks, "" when it holds. Anyone is a caller that is told apart from
// nobody, because nobody has to log in.
func (o Override) Idle(now time.Time, asker string, self, anyone bool) string {
	switch {
	case !o.RevokedAt.IsZero():
		return "it was withdrawn at " + clock(o.RevokedAt)
	case now.Before(o.StartsAt):
		return "it begins at " + clock(o.StartsAt)
	case !now.Before(o.ExpiresAt):
		return "it expired at " + clock(o.ExpiresAt)
	case o.Used >= o.Uses:
		return fmt.Sprintf("it was for %s, which %s used up", count(int64(o.Uses), "promotion"), map[bool]string{true: "is", false: "are"}[o.Uses == 1])
	case o.Persons > 1 && (o.Second == "" || o.Second == o.By):
		return "a second person has not agreed to it"
	case !self && !anyone && o.Persons == 1 && asker == o.By:
		return "whoever asks for the promotion may not be the one who overrides"
	}
	return ""
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
