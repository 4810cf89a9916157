package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// ServiceEvents are the events that concern one service. Several services may share events: those of a common repository.
type ServiceEvents struct {
	Service Service
	Events  []Event
}

// DeriveAll splits events by service and derives each service's facts, sorted by name. What belongs to no service comes first,
// under the empty name, as left out.
func DeriveAll(events []Event, rules Rules) []Facts {
	split := Split(events, rules)
	out := make([]Facts, len(split))
	for i, s := range split {
		out[i] = Derive(s.Service, s.Events, rules)
		if s.Service.Name == "" {
			out[i].unmatched(s.Events)
		}
	}
	return out
}

// unmatched lists every event that no service claims.
func (f *Facts) unmatched(events []Event) {
	listed := map[string]bool{}
	for _, l := range f.LeftOut {
		listed[l.Record] = true
	}
	for _, e := range events {
		if name := e.String(); !listed[name] {
			listed[name] = true
			f.LeftOut = append(f.LeftOut, LeftOut{Record: name, Reason: leftNoService})
		}
	}
	slices.SortFunc(f.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(a.Record, b.Record), cmp.Compare(a.Reason, b.Reason))
	})
}

// Split sorts events by the service that they concern, every event at least once. A deployment belongs to the declared service
// that it names, else to those declared for its repository that its environment and labels fit, else to a service of the name that it states, else to one named for
// its repository. Commits and pull requests go to every service built from their repository; approvals and verdicts follow their
// deployment; an incident follows the deployment that it names, else goes to the service of its name.
func Split(events []Event, rules Rules) []ServiceEvents {
	events = withoutStrayCorrections(events)
	s := newSplitter(rules)
	s.place(events)
	for i := range events {
		for _, name := range s.servicesOf(events[i].Key) {
			s.give(name, i)
		}
	}
	return s.finish(s.moved(events, rules))
}

// withoutStrayCorrections leaves out corrections of records that no source told of.
func withoutStrayCorrections(events []Event) []Event {
	if !slices.ContainsFunc(events, func(e Event) bool { return e.Correction != nil }) {
		return events
	}
	told := map[Key]bool{}
	for _, e := range events {
		told[e.Key] = told[e.Key] || e.Correction == nil
	}
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !told[e.Key] })
}

// splitter is the state of one Split.
type splitter struct {
	declared   map[string]Service
	declaredBy map[string][]string // repository → declared services, in the order of their declaration

	repositories map[string]map[string]bool // service → its repositories
	services     map[string][]string        // repository → services built from it
	placed       map[Key][]string           // record → services
	byID         map[string][]Key           // "source/id" and id → deployments
	events       map[string][]int
}

func newSplitter(rules Rules) *splitter {
	s := &splitter{declared: map[string]Service{}, declaredBy: map[string][]string{}, repositories: map[string]map[string]bool{},
		services: map[string][]string{}, placed: map[Key][]string{}, byID: map[string][]Key{}, events: map[string][]int{}}
	for _, d := range rules.Services {
		s.declared[d.Name] = d
		s.events[d.Name] = nil
		for _, r := range d.Repositories {
			if !slices.Contains(s.declaredBy[r], d.Name) {
				s.declaredBy[r] = append(s.declaredBy[r], d.Name)
			}
			s.build(d.Name, r)
		}
	}
	return s
}

// place settles where each record belongs, from all its revisions. Deployments come first, since everything else follows them.
func (s *splitter) place(events []Event) {
	var others []Event
	for _, revisions := range revisionsByKey(withoutCode(events)) {
		e := *revisions[0]
		if len(revisions) > 1 {
			e = mergeRevisions(revisions)
		}
		if e.Type != TypeDeployment {
			others = append(others, e)
			continue
		}
		s.placeDeployment(e)
	}
	for _, e := range others {
		s.placed[e.Key] = s.followers(e)
	}
}

// withoutCode leaves out what is placed by its repository alone.
func withoutCode(events []Event) []Event {
	out := make([]Event, 0, len(events))
	for i := range events {
		if events[i].Type != TypeCommit && events[i].Type != TypePullRequest {
			out = append(out, events[i])
		}
	}
	return out
}

func (s *splitter) placeDeployment(e Event) {
	v, err := readDeployment(e)
	if err != nil {
		return
	}
	names := s.servicesOfDeployment(v)
	s.placed[e.Key] = names
	s.byID[e.Source+"/"+e.ID] = append(s.byID[e.Source+"/"+e.ID], e.Key)
	s.byID[e.ID] = append(s.byID[e.ID], e.Key)
	for _, name := range names {
		s.build(name, v.Repository)
	}
}

// build notes that a service is built from a repository.
func (s *splitter) build(service, repository string) {
	if repository == "" || service == "" || s.repositories[service][repository] {
		return
	}
	if s.repositories[service] == nil {
		s.repositories[service] = map[string]bool{}
	}
	s.repositories[service][repository] = true
	s.services[repository] = append(s.services[repository], service)
}

func (s *splitter) servicesOfDeployment(v Deployment) []string {
	if _, ok := s.declared[v.Service]; ok && v.Service != "" {
		return []string{v.Service}
	}
	named := v.Service != "" && v.Service != v.Repository
	declared := s.fitting(s.declaredBy[v.Repository], v)
	if len(declared) == 1 || len(declared) > 1 && !named {
		return declared
	}
	if name := cmp.Or(v.Service, v.Repository); name != "" {
		return []string{name}
	}
	return nil
}

// fitting are the declared services whose environments and labels a deployment fits.
func (s *splitter) fitting(names []string, v Deployment) []string {
	foreign := func(name string) bool { return !s.declared[name].takes(v) }
	if !slices.ContainsFunc(names, foreign) {
		return names // mostly: nobody says more than its repository
	}
	return slices.DeleteFunc(slices.Clone(names), foreign)
}

// takes reports whether a deployment from one of the service's repositories is the service's own.
func (s Service) takes(v Deployment) bool {
	environment := strings.ToLower(v.Environment)
	if len(s.Environments) > 0 && !slices.ContainsFunc(s.Environments, func(pattern string) bool { return matchesPattern(pattern, environment) }) {
		return false
	}
	for name, pattern := range s.Labels {
		if value, carried := v.Labels[name]; !carried || !matchesPattern(pattern, strings.ToLower(value)) {
			return false
		}
	}
	return true
}

// servicesOf are the services that a record concerns; the empty name stands for none.
func (s *splitter) servicesOf(k Key) []string {
	names := s.placed[k]
	if k.Type == TypeCommit || k.Type == TypePullRequest {
		names = s.services[k.Repository]
		if len(names) == 0 {
			return []string{k.Repository}
		}
	}
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// followers are the services of a record that follows a deployment or names its service.
func (s *splitter) followers(e Event) []string {
	switch e.Type {
	case TypeIncident:
		if v, err := e.Incident(); err == nil {
			return s.servicesOfIncident(e.Source, v)
		}
	case TypeApproval:
		if v, err := e.Approval(); err == nil {
			return s.servicesOfReference(e.Source, v.Deployment)
		}
	case TypeVerdict:
		if v, err := e.Verdict(); err == nil {
			return s.servicesOfReference(e.Source, v.Deployment)
		}
	default:
	}
	return nil
}

// servicesOfReference follows a deployment's id of the same source, "source/id", or an id that only one deployment has.
func (s *splitter) servicesOfReference(source, ref string) []string {
	if ref == "" {
		return nil
	}
	for _, name := range []string{source + "/" + ref, ref} {
		if keys := s.byID[name]; len(keys) == 1 {
			return s.placed[keys[0]]
		}
	}
	return nil
}

func (s *splitter) servicesOfIncident(source string, v Incident) []string {
	if names := s.servicesOfReference(source, v.Deployment); len(names) > 0 {
		if slices.Contains(names, v.Service) {
			return []string{v.Service}
		}
		return names
	}
	if v.Service == "" || s.isService(v.Service) {
		return slices.DeleteFunc([]string{v.Service}, func(n string) bool { return n == "" })
	}
	if built := s.services[v.Service]; len(built) == 1 {
		return built
	}
	return []string{v.Service}
}

func (s *splitter) isService(name string) bool {
	_, declared := s.declared[name]
	return declared || len(s.repositories[name]) > 0
}

func (s *splitter) give(service string, event int) {
	s.events[service] = append(s.events[service], event)
}

func (s *splitter) finish(events []Event) []ServiceEvents {
	out := make([]ServiceEvents, 0, len(s.events))
	for _, name := range slices.Sorted(maps.Keys(s.events)) {
		one := ServiceEvents{Service: s.service(name), Events: make([]Event, len(s.events[name]))}
		for i, at := range s.events[name] {
			one.Events[i] = events[at]
		}
		out = append(out, one)
	}
	return out
}

// service is the service as declared, with the repositories that its deployments turned out to come from.
func (s *splitter) service(name string) Service {
	service, ok := s.declared[name]
	if !ok {
		service = Service{Name: name}
	}
	service.Tier = cmp.Or(service.Tier, Standard)
	service.Repositories = slices.Clone(service.Repositories)
	for _, r := range slices.Sorted(maps.Keys(s.repositories[name])) {
		if !slices.Contains(service.Repositories, r) {
			service.Repositories = append(service.Repositories, r)
		}
	}
	return service
}
