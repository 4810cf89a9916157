package config

import (
	"cmp"
	"net"
	"net/url"
	"slices"
)

// Issuer is one from whom the gate accepts tokens of jobs.
type Issuer struct {
	Name, URL, Audience, Kind string
	CAFile                    string
	Services                  []Mapping
	// Claims names the claims of a generic issuer by the fact they hold: project, owner, environment, commit, run, attempt.
	Claims map[string]string
}

// Mapping lets the jobs of a project ask for a service.
type Mapping struct {
	Project, Owner string
	Service        string
	Environments   []string
}

// DefaultAudience is whom tokens are meant for unless the configuration says otherwise.
const DefaultAudience = "shiphabit"

// standardIssuers are where tokens of a kind come from unless it is said.
var standardIssuers = map[string]string{"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}

var (
	issuerKind = oneOf("kind", "github", "gitlab", "generic")
	anIssuer   = &scalar{name: "issuer", json: "string", says: "an address like https://gitlab.example.com (http only on this machine)", accepts: isIssuer}
	anID       = &scalar{name: "id", json: "string", says: "a number in quotes like \"42\"; of a generic issuer any text of one line", accepts: aName.ok}
	aClaim     = &scalar{name: "claim", json: "string", pattern: `^[^\s\x00-\x1f]{1,200}$`, says: "the name of a claim"}
)

// isIssuer wants keys to travel protected, but on this machine.
func isIssuer(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// identityFields have no place in the example: whoever copies it would let somebody else's jobs ask.
func identityFields() []field {
	return []field{
		value("name", aName, "", "Name of the issuer; callers are named `job:NAME/PROJECT` after it.").must(),
		value("kind", issuerKind, "", "What issues the tokens: it decides which claim means what.").must(),
		value("issuer", anIssuer, "that of github.com or gitlab.com", "The issuer's address, as its tokens bear it (`iss`); a generic issuer needs it."),
		value("audience", aName, "shiphabit", "Whom its tokens for us are meant for (`aud`)."),
		value("ca_file", aText, "the system's certificates", "File of certificates (PEM) to trust beside the system's."),
		objects("services", "none: every job is refused", "Which project's jobs may ask for which service.",
			value("project_id", anID, "", "Number of the project: `repository_id` of GitHub, `project_id` of GitLab.").must(),
			value("owner_id", anID, "any", "Number of its owner: `repository_owner_id` of GitHub, `namespace_id` of GitLab. A project handed to another owner is then refused."),
			value("service", aName, "", "The service.").must(),
			list("environments", aName, "all", "Environments that it may ask for."),
		),
		object("claims", "the names in the descriptions", "Names of a generic issuer's claims.",
			value("project", aClaim, "project_id", "Which project it is; any text that cannot be taken over by others."),
			value("owner", aClaim, "owner_id", "Whose project it is."),
			value("environment", aClaim, "environment", "The environment that the job runs for."),
			value("commit", aClaim, "sha", "The commit it runs at."),
			value("run", aClaim, "run_id", "Which run it is."),
			value("attempt", aClaim, "run_attempt", "Which attempt of the run."),
		),
	}
}

// identity reads the issuers of job tokens.
func (l *loader) identity(n node) []Issuer {
	var issuers []Issuer
	names, urls := map[string]bool{}, map[string]bool{}
	for i, item := range n.items() {
		path := index("identity", i)
		l.unique(names, path, item)
		kind := item.at("kind").text()
		one := Issuer{
			Name: item.at("name").text(), Kind: kind, URL: cmp.Or(item.at("issuer").text(), standardIssuers[kind]),
			Audience: cmp.Or(item.at("audience").text(), DefaultAudience), CAFile: item.at("ca_file").text(), Claims: map[string]string{},
		}
		switch {
		case one.URL == "":
			l.at(path+".issuer", "is missing", "add it: tokens of a generic issuer may come from anywhere")
		case urls[one.URL]:
			l.at(path+".issuer", quote(one.URL)+" is listed before", "list its services there")
		}
		urls[one.URL] = true
		for _, fact := range item.at("claims").keys() {
			one.Claims[fact] = item.at("claims").at(fact).text()
		}
		if len(one.Claims) > 0 && kind != "generic" {
			l.at(path+".claims", "cannot be named for "+kind, "leave them out: they are known")
		}
		one.Services = l.mappings(path, item.at("services"), kind)
		issuers = append(issuers, one)
	}
	return issuers
}

func (l *loader) mappings(path string, n node, kind string) []Mapping {
	var all []Mapping
	for i, item := range n.items() {
		at := index(path+".services", i)
		m := Mapping{
			Project: item.at("project_id").text(), Owner: item.at("owner_id").text(), Service: item.at("service").text(), Environments: item.at("environments").texts(),
		}
		for key, id := range map[string]string{".project_id": m.Project, ".owner_id": m.Owner} {
			if kind != "generic" && id != "" && !isNumber(id) {
				l.at(at+key, quote(shorten(id))+" is no number", "write the number and not the name: a name can be taken over by others")
			}
		}
		if slices.ContainsFunc(all, func(earlier Mapping) bool {
			return earlier.Project == m.Project && earlier.Owner == m.Owner && earlier.Service == m.Service
		}) {
			l.at(at, "says the same project and service as one before", "keep one of them")
		}
		all = append(all, m)
	}
	return all
}

func isNumber(text string) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}
