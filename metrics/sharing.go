package metrics

import (
	"slices"
	"strings"
)

// Shared is a declared service with which another one shares code.
type Shared struct {
	Service    string
	Repository string
	// Path is the folder that both have, empty where both have the whole repository.
	Path string
}

// Sharing tells which declared services share code. It is made once for each set of rules.
type Sharing struct {
	services map[string]sharer
	built    map[string][]string // repository → services declared for it, by name
}

// sharer is a service with its folders as they compare.
type sharer struct{ repositories, folders []string }

// Sharing is who shares code with whom, as the rules declare it.
func (r Rules) Sharing() Sharing {
	s := Sharing{services: map[string]sharer{}, built: map[string][]string{}}
	for _, declared := range r.Services {
		if _, twice := s.services[declared.Name]; twice {
			continue
		}
		s.services[declared.Name] = sharer{declared.Repositories, foldersOf(declared.Paths)}
		for _, repository := range declared.Repositories {
			s.built[repository] = append(s.built[repository], declared.Name)
		}
	}
	for repository, names := range s.built {
		slices.Sort(names)
		s.built[repository] = slices.Compact(names)
	}
	return s
}

// With lists the services that share code with one: those declared for a repository of it whose folders there overlap with its own. A service
// without paths has the whole repository, and so overlaps with every other one in it. Labels and environments tell deployments apart and not
// code, so they part nothing here.
func (s Sharing) With(service string) []Shared {
	one, declared := s.services[service]
	if !declared {
		return nil
	}
	var all []Shared
	seen := map[string]bool{service: true}
	for _, repository := range one.repositories {
		for _, name := range s.built[repository] {
			if path, overlap := overlapping(one.folders, s.services[name].folders); overlap && !seen[name] {
				seen[name] = true
				all = append(all, Shared{name, repository, path})
			}
		}
	}
	return all
}

// wholeRepository is the folder of a service that names none.
const wholeRepository = ""

// overlapping finds a folder that lies in both lists of folders.
func overlapping(a, b []string) (path string, overlap bool) {
	for _, one := range a {
		for _, other := range b {
			switch {
			case inside(one, other):
				return one, true
			case inside(other, one):
				return other, true
			}
		}
	}
	return "", false
}

// inside tells whether a folder is another one or lies in it.
func inside(folder, other string) bool {
	rest, found := strings.CutPrefix(folder, other)
	return found && (other == wholeRepository || rest == "" || rest[0] == '/')
}

// foldersOf are the folders as they compare; none is the whole repository.
func foldersOf(paths []string) []string {
	if len(paths) == 0 {
		return []string{wholeRepository}
	}
	folders := make([]string, len(paths))
	for i, path := range paths {
		if folders[i] = strings.Trim(strings.TrimPrefix(path, "./"), "/"); folders[i] == "." {
			folders[i] = wholeRepository
		}
	}
	return folders
}
