package jenkins

import (
	"cmp"
	"net/url"
	"path"
	"strings"
)

// rules say what of a build stands for what.
type rules struct {
	name, environment, environmentParameter string
	service, revisionParameter              string
	libraries, parameters                   []string
}

func newRules(o Options) rules {
	return rules{
		name: o.Name, environment: cmp.Or(o.Environment, "production"), environmentParameter: o.EnvironmentParameter,
		service: o.Service, revisionParameter: o.RevisionParameter, libraries: o.Libraries, parameters: o.Parameters,
	}
}

// isLibrary reports whether a repository is checked out beside what is deployed.
func (r rules) isLibrary(repository string) bool {
	for _, p := range r.libraries {
		if fits, err := path.Match(p, repository); err == nil && fits {
			return true
		}
	}
	return false
}

// repositoryOf is the path of a repository in the address that a build fetched it from: "acme/shop" of https://host/acme/shop.git,
// ssh://git@host:22/acme/shop or git@host:acme/shop.git. Users, hosts and secrets in the address go no further.
func repositoryOf(address string) string {
	at, _, _ := strings.Cut(address, "?")
	if _, rest, isURL := strings.Cut(at, "://"); isURL {
		_, at, _ = strings.Cut(rest, "/")
	} else {
		at = at[strings.LastIndex(at, "@")+1:]
		if host, rest, found := strings.Cut(at, ":"); found && !strings.Contains(host, "/") {
			at = rest
		}
	}
	if strings.Contains(at, "@") {
		return "" // what stands before it may be a secret
	}
	if plain, err := url.PathUnescape(at); err == nil {
		at = plain
	}
	return strings.TrimSuffix(strings.Trim(at, "/"), ".git")
}
