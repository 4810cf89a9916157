package store

import (
	"errors"
	"slices"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// eventsOf reads every event that decides about the named services: what metrics.Split gives them out of all events, it gives
// them out of these, too. There may be more of them than belong to the services. A limit above 0 bounds their number where
// fewer services would have fewer events: those of one repository share them.
func eventsOf(tx *gorm.DB, names []string, limit int) ([]metrics.Event, error) {
	s := &selection{tx: tx, names: names, limit: limit, loaded: map[metrics.Key]bool{}}
	for _, step := range []func() error{
		s.readLinks, s.readDeployments, s.readIncidents, s.readBuilders, s.readFollowers, s.readMeant, s.readCode,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s.events, fillCorrections(tx, s.events)
}

// errTooMany says that services have more events together than may be held at once.
var errTooMany = errors.New("too many events at once")

// selection gathers the events of some services.
type selection struct {
	tx           *gorm.DB
	names        []string
	limit        int
	repositories []string // that the services may be built from, and the names themselves, for a repository may be a service
	declared     []string // repositories that a declaration gives them
	events       []metrics.Event
	loaded       map[metrics.Key]bool // records whose revisions are all there, but for commits and pull requests
	own          []string             // the ways to refer to deployments that may belong to the services
}

func (s *selection) readLinks() error {
	var links []linkRow
	if err := s.tx.Find(&links, "service IN ?", s.names).Error; err != nil {
		return err
	}
	for _, l := range links {
		s.repositories = append(s.repositories, l.Repository)
		if l.Declared {
			s.declared = append(s.declared, l.Repository)
		}
	}
	s.repositories = unique(s.repositories)
	if len(s.names) == 1 || len(s.repositories) == 1 {
		s.limit = 0
	}
	s.repositories = unique(append(s.repositories, s.names...))
	return nil
}

// allRevisions ends a query that names records in a table wanted: what one revision leaves out, another may say.
const allRevisions = `) ` + selectEvents + `FROM wanted w JOIN events e
	ON e.repository = '' AND e.type = w.type AND e.id = w.id AND e.source = w.source`

// read adds the records that a query finds, unless they are there. It returns what it added.
func (s *selection) read(query string, args map[string]any) ([]metrics.Event, error) {
	first := len(s.events)
	added := map[metrics.Key]bool{}
	err := eachEvent(s.tx.Raw("WITH wanted AS ("+query+allRevisions, args), func(e metrics.Event) error {
		if !s.loaded[e.Key] {
			added[e.Key] = true
			s.events = append(s.events, e)
		}
		return nil
	})
	for key := range added {
		s.loaded[key] = true
	}
	return s.events[first:], err
}

// readDeployments takes those that name a service, those that leave it to one of its repositories, and all that are built from
// a repository which a declaration claims or whose name is asked for.
func (s *selection) readDeployments() error {
	added, err := s.read(`
		SELECT type, id, source FROM events WHERE service <> '' AND service IN @names AND type = 'deployment'
		UNION SELECT type, id, source FROM events WHERE built_from <> '' AND built_from IN @repositories AND service IN ('', built_from)
		UNION SELECT type, id, source FROM events WHERE built_from <> '' AND built_from IN @declared`,
		map[string]any{"names": s.names, "repositories": s.repositories, "declared": append(s.declared, s.names...)})
	for _, e := range added {
		s.own = append(s.own, forms(e.Source, e.ID)...)
	}
	s.own = unique(s.own)
	return err
}

// readIncidents takes those that name a service or one of its repositories.
func (s *selection) readIncidents() error {
	_, err := s.read(`SELECT type, id, source FROM events WHERE service <> '' AND service IN @repositories AND type = 'incident'`,
		map[string]any{"repositories": s.repositories})
	return err
}

// readBuilders reads who else is built from a repository that an incident names: the incident goes to its only builder.
func (s *selection) readBuilders() error {
	var named []string
	for _, e := range s.events {
		if e.Type != metrics.TypeIncident {
			continue
		}
		at, err := scopeOf(e)
		if err != nil {
			return err
		}
		if at.service != "" && !slices.Contains(s.names, at.service) {
			named = append(named, at.service)
		}
	}
	if len(named) == 0 {
		return nil
	}
	_, err := s.read(`
		SELECT type, id, source FROM events WHERE service <> '' AND service IN @named AND type = 'deployment'
		UNION SELECT type, id, source FROM events WHERE built_from <> '' AND built_from IN @named`,
		map[string]any{"named": unique(named)})
	return err
}

// readFollowers takes what refers to a deployment of the services: approvals, verdicts and incidents.
func (s *selection) readFollowers() error {
	for part := range slices.Chunk(s.own, referencesPerStatement) {
		_, err := s.read(`SELECT type, id, source FROM events WHERE reference <> '' AND reference IN @part`, map[string]any{"part": part})
		if err != nil {
			return err
		}
	}
	return nil
}

// referencesPerStatement stays far below the number of parameters that either database takes.
const referencesPerStatement = 5000

// readMeant reads every deployment that a reference may mean: an id counts only where one deployment has it.
func (s *selection) readMeant() error {
	var ids []string
	for _, e := range s.events {
		if e.Type == metrics.TypeDeployment {
			continue // refers to none
		}
		at, err := scopeOf(e)
		if err != nil {
			return err
		}
		if at.reference != "" {
			ids = append(ids, forms(e.Source, at.reference)...)
		}
	}
	for part := range slices.Chunk(unique(ids), referencesPerStatement) {
		_, err := s.read(`SELECT type, id, source FROM events WHERE repository = '' AND type = 'deployment' AND id IN @part`,
			map[string]any{"part": part})
		if err != nil {
			return err
		}
	}
	return nil
}

// readCode takes the commits and pull requests of the repositories.
func (s *selection) readCode() error {
	query := s.tx.Raw(selectEvents+`FROM events e WHERE e.repository <> '' AND e.repository IN ?`, s.repositories)
	return eachEvent(query, func(e metrics.Event) error {
		s.events = append(s.events, e)
		if s.limit > 0 && len(s.events) > s.limit {
			return errTooMany
		}
		return nil
	})
}
