package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// hint asks whether another service was meant, or production: "" when what was asked about is declared or recorded, or none is written
// nearly like it.
func (s *Server) hint(ctx context.Context, logged gate.Logged) string {
	asked := logged.Request.Service
	if logged.Unlogged {
		return ""
	}
	if logged.Snapshot.Known {
		return s.hintOfEnvironment(logged.Request.Environment, logged.Snapshot.Kind)
	}
	known := nearest(asked, s.spellings.read(s.o.Clock(), func() ([]metrics.Service, error) { return s.o.Store.Services(ctx) }))
	if known == "" || known == asked {
		return ""
	}
	return "nothing is known of " + asked + "; did you mean " + known + "?"
}

// productions are how production is called everywhere.
var productions = []spelling{{"prod", plainly("prod")}, {"production", plainly("production")}}

// hintOfEnvironment asks whether production was meant: where nothing is known of an environment the gate mostly stops nothing.
func (s *Server) hintOfEnvironment(asked string, kind metrics.EnvironmentKind) string {
	if kind == metrics.Production || s.o.Recognises(asked) {
		return ""
	}
	meant := nearest(asked, productions)
	if meant == "" {
		return ""
	}
	return "nothing says what the environment " + asked + " is for; did you mean " + meant + "?"
}

// spellings are the names of services as they are compared. They are read once a minute at most: strangers' names may be asked about
// however often, and thousands of services take a while to list.
type spellings struct {
	mu    sync.Mutex
	at    time.Time
	names []spelling // by name; replaced as a whole, so that whoever read it needs no lock
}

// spelling is a name, and that name plainly.
type spelling struct {
	name  string
	plain []rune
}

const spellingsAge = time.Minute

func (s *spellings) read(now time.Time, list func() ([]metrics.Service, error)) []spelling {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.names == nil || now.Sub(s.at) > spellingsAge {
		services, err := list()
		if err != nil {
			return nil // the decision is worth more
		}
		s.at, s.names = now, make([]spelling, len(services))
		for i, service := range services {
			s.names[i] = spelling{service.Name, plainly(service.Name)}
		}
		slices.SortFunc(s.names, func(a, b spelling) int { return cmp.Compare(a.name, b.name) })
	}
	return s.names
}

// nearest is the name itself when it is known, else the known one with the fewest slips, of several the first; "" when none is near enough.
func nearest(asked string, known []spelling) string {
	if _, there := slices.BinarySearchFunc(known, asked, func(s spelling, name string) int { return cmp.Compare(s.name, name) }); there {
		return asked
	}
	plain, found := plainly(asked), ""
	most := slipsAllowed(len(plain))
	for _, s := range known {
		if n := slips(plain, s.plain, most); n <= most {
			if found, most = s.name, n-1; most < 0 {
				break
			}
		}
	}
	return found
}

// slipsAllowed is how many slips a name of so many characters may have: in a short one, any slip makes another word.
func slipsAllowed(characters int) int {
	switch {
	case characters < 4:
		return 0
	case characters < 8:
		return 1
	}
	return 2
}

// plainly is a name without what people mix up: case, and spaces or marks between words.
func plainly(name string) []rune {
	return []rune(strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(name)))
}

// slips is how many characters were inserted, left out, taken for another or swapped with the next (optimal string alignment), most+1 for any
// number beyond most: it stops as soon as that is sure, since thousands of names are compared.
func slips(a, b []rune, most int) int {
	if max(len(a)-len(b), len(b)-len(a)) > most {
		return most + 1
	}
	width := len(b) + 1
	before, last, row := make([]int, width), make([]int, width), make([]int, width)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row[0] = i + 1
		fewest := row[0]
		for j := range b {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+unequal(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			fewest = min(fewest, row[j+1])
		}
		if fewest > most { // a swap looks back two rows, and yet leads to no less: between, leaving a character out costs as much
			return most + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], most+1)
}

// unequal is 1 for two characters that are not the same, else 0.
func unequal(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
