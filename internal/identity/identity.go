// Package identity verifies the signed tokens that pipelines get from their runner: who issued them, for whom, until when, and
// which job they speak for. It knows what a token says and decides nothing about a promotion.
package identity

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Kind is the product that issues the tokens: it decides which claim means what.
type Kind string

// The kinds of issuer.
const (
	GitHub  Kind = "github"
	GitLab  Kind = "gitlab"
	Generic Kind = "generic"
)

// Issuer is one from whom tokens are accepted.
type Issuer struct {
	Name     string // ours, as it stands in messages and callers' names
	URL      string // the iss claim, to the letter
	Audience string // the aud claim that is ours
	Kind     Kind
	// Claims overrides the claims' names of a generic issuer.
	Claims Claims
	// Services are the projects whose jobs may ask; all others are refused.
	Services []Service
	// Client fetches the issuer's keys; see NewClient.
	Client *http.Client
}

// Service says that the jobs of a project may ask for a service.
type Service struct {
	Project string
	Owner   string // of the project; "" is any
	Name    string
	// Environments are those that may be asked for; none means all.
	Environments []string
}

// Claims are the names of the claims that facts are read from. An empty name is the default of the kind.
type Claims struct{ Project, Owner, Environment, Commit, Run, Attempt string }

// Job is what a verified token says.
type Job struct {
	Issuer   string // the name of ours
	Kind     Kind
	Project  string
	Services []Service // those the project may ask for; never empty
	// Environment is the one that the issuer ran the job for, "" when it says none.
	Environment string
	Commit      string
	// Run is "" where the issuer does not say which run it was.
	Run     string
	Attempt int
	// Protected says that the ref is a protected one.
	Protected bool
	// Foreign names the event when the change may come from a fork.
	Foreign   string
	TokenID   string
	ExpiresAt time.Time
}

// leeway is how far clocks may differ.
const leeway = 60 * time.Second

// algorithms are the only ones accepted: a list of the caller's own is what keeps "none" and shared secrets out.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// Verifier verifies tokens of a fixed list of issuers.
type Verifier struct {
	issuers map[string]issuer // by iss
	clock   func() time.Time
}

type issuer struct {
	Issuer
	keys *keySet
}

// New makes a verifier. It asks nobody for anything yet.
func New(issuers []Issuer, clock func() time.Time) (*Verifier, error) {
	v := &Verifier{issuers: map[string]issuer{}, clock: clock}
	for _, i := range issuers {
		if err := CheckURL(i.URL); err != nil {
			return nil, fmt.Errorf("issuer %s: %w", i.Name, err)
		}
		if _, twice := v.issuers[i.URL]; twice {
			return nil, fmt.Errorf("issuer %s: %s is listed twice; join the two", i.Name, i.URL)
		}
		if i.Audience == "" {
			return nil, fmt.Errorf("issuer %s: its audience is empty; name the one that its tokens bear for us", i.Name)
		}
		i.Claims = i.Kind.claims(i.Claims)
		v.issuers[i.URL] = issuer{i, &keySet{url: i.URL, client: i.Client, clock: clock}}
	}
	return v, nil
}

// CheckURL refuses an issuer whose keys would travel unprotected.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%q is no address; write it like https://host.example", text)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return fmt.Errorf("%q is not https; keys that travel in the open prove nothing", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q holds more than scheme, host and path; leave the rest out", text)
	}
	return nil
}

// Verify returns the job that a token speaks for, or a *Refusal.
func (v *Verifier) Verify(ctx context.Context, token string) (Job, error) {
	signed, stated, err := read(token)
	if err != nil {
		return Job{}, err
	}
	iss, err := stated.text("iss")
	if err != nil {
		return Job{}, err
	}
	from, listed := v.issuers[iss]
	if !listed {
		return Job{}, refuse(UnknownIssuer, "the token was issued by somebody who is not on the list; list the issuer under identity")
	}
	key, err := from.keys.find(ctx, signed.Signatures[0].Header.KeyID, signed.Signatures[0].Header.Algorithm)
	if err != nil {
		return Job{}, from.named(err)
	}
	// What was read before the check and what was checked are the same bytes: there is one payload.
	if _, err := signed.Verify(key); err != nil {
		return Job{}, from.named(refuse(BadSignature, "the token's signature is not that of its issuer"))
	}
	job, err := from.job(stated, v.clock())
	return job, from.named(err)
}

// job checks what a token with a good signature says, and reads the job from it.
func (i issuer) job(c claims, now time.Time) (Job, error) {
	if !slices.Contains(c.texts("aud"), i.Audience) {
		return Job{}, refuse(WrongAudience, fmt.Sprintf("the token was issued for somebody else; ask the runner for the audience %q", i.Audience))
	}
	until, err := c.lifetime(now)
	if err != nil {
		return Job{}, err
	}
	job := Job{Issuer: i.Name, Kind: i.Kind, ExpiresAt: until}
	if err := i.facts(c, &job); err != nil {
		return Job{}, err
	}
	owner, err := c.text(i.Claims.Owner)
	if err != nil {
		return Job{}, err
	}
	job.Services, err = i.services(job.Project, owner)
	return job, err
}

// services are those that a project may ask for.
func (i issuer) services(project, owner string) ([]Service, error) {
	var mine []Service
	foreign := false
	for _, s := range i.Services {
		switch {
		case s.Project != project:
		case s.Owner != "" && s.Owner != owner:
			foreign = true
		default:
			mine = append(mine, s)
		}
	}
	switch {
	case mine != nil:
		return mine, nil
	case foreign:
		return nil, forbid(WrongOwner, fmt.Sprintf("project %s belongs to another owner (%s) than the configuration says", project, owner))
	default:
		return nil, forbid(UnknownProject, fmt.Sprintf("project %s is mapped to no service; add it under identity", project))
	}
}
