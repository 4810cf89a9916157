package git

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// scheme says which service a release tag belongs to.
type scheme struct {
	repository string // the last part of its name
	// paths are the folders of the services that were asked for; empty when the repository is one service.
	paths map[string]string
	// own are the services that have tags of their own, "api/v1.2.3". The others are released by the plain tags.
	own map[string]bool
	// plain: there are tags without the name of a component, so those with one release a part only.
	plain bool
}

// newScheme looks at the names of all release tags.
func newScheme(repository string, services map[string]string, tags []string) scheme {
	s := scheme{repository: repository, paths: map[string]string{}, own: map[string]bool{}}
	for name, folder := range services {
		s.paths[name] = cleanFolder(folder)
	}
	for _, tag := range tags {
		if service := s.ownerOf(tag); service != "" {
			s.own[service] = true
			continue
		}
		if v, ok := parseVersion(tag); !ok || v.component(repository) == "" {
			s.plain = true
		}
	}
	return s
}

// cleanFolder writes a folder of the repository as git does; "" is the whole of it.
func cleanFolder(folder string) string {
	folder = strings.Trim(path.Clean("/"+strings.ReplaceAll(folder, `\`, "/")), "/")
	return folder
}

// ownerOf is the service whose name or folder the tag begins with, the longest such beginning; "" when there is none.
func (s scheme) ownerOf(tag string) string {
	owner, length := "", 0
	for _, name := range slices.Sorted(maps.Keys(s.paths)) {
		for _, start := range []string{name, s.paths[name]} {
			if len(start) > length && beginsWith(tag, start) {
				owner, length = name, len(start)
			}
		}
	}
	return owner
}

// beginsWith reports whether a tag is the given name and a version: NAME/v1, NAME-v1, NAME-1, NAME@1, NAME_1.
func beginsWith(tag, name string) bool {
	rest, ok := strings.CutPrefix(tag, name)
	if !ok || len(rest) < 2 || !strings.ContainsRune("/-@_", rune(rest[0])) {
		return false
	}
	rest = strings.TrimPrefix(rest[1:], "v")
	return rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// services are those that a tag releases. None means that it releases a part that was not asked for, named by component.
func (s scheme) services(tag string) (names []string, component string) {
	if len(s.paths) == 0 {
		if v, ok := parseVersion(tag); ok && s.plain {
			component = v.component(s.repository)
		}
		if component != "" {
			return nil, component
		}
		return []string{s.repository}, ""
	}
	if owner := s.ownerOf(tag); owner != "" {
		return []string{owner}, ""
	}
	if v, ok := parseVersion(tag); ok && (s.plain || len(s.own) > 0) {
		if component = v.component(s.repository); component != "" {
			return nil, component
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.paths)) {
		if !s.own[name] {
			names = append(names, name)
		}
	}
	return names, component
}

// all are the services that a commit of the default branch releases, where no tags do.
func (s scheme) all() []string {
	if len(s.paths) == 0 {
		return []string{s.repository}
	}
	return slices.Sorted(maps.Keys(s.paths))
}

// String identifies the scheme in a cursor: events read under another do not fit together with later ones.
func (s scheme) String() string {
	return fmt.Sprintf("plain=%v own=%s", s.plain, strings.Join(slices.Sorted(maps.Keys(s.own)), ","))
}

// declared are the services as rules for deriving facts: nil when the repository is one service, which needs no declaration.
func (s scheme) declared(repository string) []metrics.Service {
	var list []metrics.Service
	for _, name := range slices.Sorted(maps.Keys(s.paths)) {
		service := metrics.Service{Name: name, Tier: metrics.Standard, Repositories: []string{repository}}
		if s.paths[name] != "" {
			service.Paths = []string{s.paths[name]}
		}
		list = append(list, service)
	}
	return list
}

// folders are the distinct folders of the services, "" left out.
func (s scheme) folders() []string {
	var list []string
	for _, folder := range s.paths {
		if folder != "" {
			list = append(list, folder)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
