package cdevents

import (
	"net/url"
	"regexp"
	"strings"
)

// artifact is what a package URL says: pkg:oci/shop@sha256%3A0b31…?vcs_url=git%2Bhttps://git.example/acme/shop%409f1c….
type artifact struct {
	name       string // with its namespace, "acme/shop"
	version    string // where it is no digest
	digest     string
	repository string
	revision   string
}

var digestForm = regexp.MustCompile(`^sha(256|512):[0-9a-f]{32,128}$`)

// parseArtifact reads a package URL. A text that is none is a version, or a digest with or without its kind.
func parseArtifact(text string) artifact {
	rest, is := strings.CutPrefix(text, "pkg:")
	if !is {
		return withVersion(artifact{}, text)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	kind, rest, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	path, version := rest, ""
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		path, version = rest[:i], rest[i+1:]
	}
	a := withVersion(artifact{name: strings.Trim(unescaped(path), "/")}, unescaped(version))
	switch kind {
	case "github", "gitlab", "bitbucket":
		a.repository, a.revision = a.name, objectName(a.version)
	}
	if values, err := url.ParseQuery(query); err == nil && values.Get("vcs_url") != "" {
		a.repository, a.revision = fromAddress(values.Get("vcs_url"))
	}
	return a
}

func withVersion(a artifact, version string) artifact {
	if bare := "sha256:" + version; len(version) == 64 && digestForm.MatchString(bare) {
		version = bare
	}
	if digestForm.MatchString(version) {
		a.digest = version
	} else {
		a.version = version
	}
	return a
}

func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// fromAddress takes repository and commit from the address of a version control system, git+https://git.example/acme/shop.git@9f1c….
func fromAddress(address string) (repository, revision string) {
	address = strings.TrimPrefix(address, "git+")
	if i := strings.LastIndex(address, "@"); i > strings.LastIndex(address, "/") {
		revision, address = objectName(address[i+1:]), address[:i]
	}
	return repositoryOf(address), revision
}

// repositoryOf is the path of a repository within its host: acme/shop for https://git.example/acme/shop.git or git.example/acme/shop, and
// "" for what names no host.
func repositoryOf(address string) string {
	_, rest, schemed := strings.Cut(address, "://")
	if !schemed {
		rest = address
	}
	host, path, _ := strings.Cut(rest, "/")
	if !schemed && !strings.Contains(host, ".") {
		return ""
	}
	return strings.TrimSuffix(strings.Trim(path, "/"), ".git")
}
