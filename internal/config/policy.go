package config

import (
	"maps"
	"slices"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// overlay is one policy of the file: some settings for an organisation, a tier, a team or a service.
type overlay struct {
	name    string
	version int
	layer   string // "organisation", "tier:standard", "team:payments", "service:payments-api"
	file    string
	path    string
	line    int       // at which it begins
	values  []setting // in the order of the table
	locked  []node    // what later layers may only tighten: criteria, and values of the policy as a whole
}

// setting is a value given for an agreed term.
type setting struct {
	term
	node node
	from string // what stands in the file where the value comes from the environment
}

// layerOrder is the order in which layers are laid on the built-in policy of the tier.
var layerOrder = []string{"organisation", "tier", "team", "service"}

// policies reads the policies of the file and tries each on every service it can hold for.
func (l *loader) policies(n node, c Config) []overlay {
	var overlays []overlay
	seen := map[string]bool{}
	for i, item := range n.items() {
		path := index("policies", i)
		o := overlay{name: item.at("metadata").at("name").text(), version: max(1, item.at("metadata").at("version").number()), file: l.file, path: path, line: item.Line}
		o.layer = l.layer(path, item.at("applies_to"), c)
		if seen[o.layer] {
			l.at(path+".applies_to", "there is a policy for "+o.layer+" before", "join the two")
		}
		seen[o.layer] = true
		for _, t := range terms() {
			if v := t.in(item); v.Node != nil {
				value := setting{term: t, node: v}
				if l.outside[v.Node] {
					value.from = l.raw[v.Node]
				}
				o.values = append(o.values, value)
			}
		}
		o.locked = item.at("locked").items()
		l.rolesNamed(join(path, "overrides.who"), item.at("overrides").at("who"), o.layer, c)
		overlays = append(overlays, o)
	}
	slices.SortStableFunc(overlays, func(a, b overlay) int { return a.rank() - b.rank() })
	l.tryPolicies(overlays, c)
	return overlays
}

func (o overlay) rank() int {
	kind, _, _ := strings.Cut(o.layer, ":")
	return slices.Index(layerOrder, kind)
}

// layer is what a policy applies to: one of tier, team and service, or the organisation when nothing is named.
func (l *loader) layer(path string, n node, c Config) string {
	keys := n.keys()
	if len(keys) > 1 {
		l.at(path+".applies_to", "names "+strings.Join(keys, " and "), "name one of tier, team and service, or none for the whole organisation")
	}
	if len(keys) == 0 {
		return "organisation"
	}
	name := n.at(keys[0]).text()
	at := path + ".applies_to." + keys[0]
	if _, found := c.Team(name); keys[0] == "team" && !found {
		l.at(at, "there is no team "+quote(name), "declare it under teams, or correct the name")
	}
	if keys[0] == "service" && !slices.ContainsFunc(c.Services, func(s Service) bool { return s.Name == name }) {
		l.at(at, "there is no service "+quote(name), "declare it under services, or correct the name")
	}
	return keys[0] + ":" + name
}

// tryPolicies puts the policies together for each tier, for each team and service that has one of its own, and reports what
// does not hold, once per place.
func (l *loader) tryPolicies(overlays []overlay, c Config) {
	var subjects []metrics.Service
	teams := []string{""}
	for _, o := range overlays {
		switch kind, name, _ := strings.Cut(o.layer, ":"); kind {
		case "team":
			teams = append(teams, name)
		case "service":
			for _, s := range c.Services {
				if s.Name == name {
					subjects = append(subjects, s.Service)
				}
			}
		}
	}
	for _, team := range teams {
		for _, t := range tiers {
			subjects = append(subjects, metrics.Service{Tier: t, Team: team})
		}
	}
	seen := map[Fault]bool{}
	for _, s := range subjects {
		_, faults := effective(s, overlays)
		for _, f := range faults {
			if !seen[f] {
				seen[f] = true
				l.at(f.Path, f.Problem, f.Remedy)
			}
		}
	}
}

// effective lays the overlays that apply on the built-in policy of the service's tier. The policy bears the name and version
// of the innermost overlay and lists all layers.
func effective(s metrics.Service, overlays []overlay) (gate.Policy, []Fault) {
	p := gate.PolicyFor(s.Tier)
	p.Layers = []string{"built-in:" + string(p.Tier)}
	locked := map[string]string{} // what is locked → the layer that locked it
	var faults []Fault
	for _, o := range applying(overlays, s.Name, s.Team, p.Tier) {
		faults = append(faults, o.lay(&p, locked)...)
		p.Name, p.Version = o.name, o.version
		p.Layers = append(p.Layers, o.layer)
		for _, criterion := range o.locked {
			locked[criterion.text()] = o.layer
		}
		for _, problem := range p.Validate() {
			field, what, _ := strings.Cut(problem.Error(), ": ")
			faults = append(faults, Fault{Path: o.path, Problem: "over tier " + string(p.Tier) + " it makes " + field + " impossible: " + what, Remedy: "change it, or the layers below"})
		}
		for _, problem := range p.NeverFires() {
			field, what, _ := strings.Cut(problem, ": ")
			why, remedy, _ := strings.Cut(what, "; ")
			faults = append(faults, Fault{Path: o.path + "." + field, Problem: "over tier " + string(p.Tier) + " it " + why, Remedy: remedy})
		}
	}
	return p, faults
}

// lay sets the overlay's values and reports those that loosen what is locked.
func (o overlay) lay(p *gate.Policy, locked map[string]string) []Fault {
	var faults []Fault
	before := *p
	for _, v := range o.values {
		at := join(o.path, v.path())
		if v.criterion != "" && blank(&before, v.criterion) {
			if !o.sets(v.criterion, "mode") {
				faults = append(faults, Fault{Path: at, Problem: v.criterion + " is off in tier " + string(p.Tier), Remedy: "give it a mode as well; its other values are then those of tier critical"})
				continue
			}
			if blank(p, v.criterion) {
				takeOver(p, v.criterion)
			}
		}
		old := *p
		v.set(p, v.node)
		for _, name := range v.feeds() {
			if layer := locked[name]; layer != "" && v.looser(&old, p) {
				faults = append(faults, Fault{Path: at, Problem: "loosens " + name + ", which " + layer + " has locked", Remedy: "leave it out, or tighten it"})
			}
		}
	}
	return append(faults, o.lowered(&before, p, locked)...)
}

// feeds are the locks that a value must not loosen: its own, and those of the criteria that wait for the watch to end.
func (t term) feeds() []string {
	if t.key == "watch" {
		return []string{"watch", "failure-meter", "own-usual", "previous-change", "drain"}
	}
	return []string{t.lock()}
}

// lowered reports the ceilings that keep a locked criterion from doing what it did before.
func (o overlay) lowered(before, after *gate.Policy, locked map[string]string) []Fault {
	var faults []Fault
	for _, v := range o.values {
		if v.group != "ceilings" {
			continue
		}
		kind := metrics.EnvironmentKind(v.key)
		for _, name := range slices.Sorted(maps.Keys(locked)) {
			own := modeOf(before, name)
			if own == nil || *own == "" {
				continue
			}
			did, does := gate.AtMost(ceiling(before, kind), *own), gate.AtMost(ceiling(after, kind), *own)
			if gate.AtMost(did, does) != did {
				faults = append(faults, Fault{Path: join(o.path, v.path()), Problem: "lowers " + name + " from " + string(did) + " to " + string(does) + ", which " + locked[name] + " has locked",
					Remedy: "leave it out, or raise it"})
			}
		}
	}
	return faults
}

func (o overlay) sets(criterion, key string) bool {
	return slices.ContainsFunc(o.values, func(s setting) bool { return s.criterion == criterion && s.key == key })
}

// blank tells whether a policy does not have a criterion: all that have it have a mode.
func blank(p *gate.Policy, criterion string) bool {
	return *modeOf(p, criterion) == ""
}

func modeOf(p *gate.Policy, criterion string) *gate.Mode {
	for _, t := range terms() {
		if t.criterion == criterion && t.key == "mode" {
			return t.of(p).(*gate.Mode)
		}
	}
	return nil
}

// takeOver gives a policy the strictest tier's values of a criterion that its own tier does without.
func takeOver(p *gate.Policy, criterion string) {
	strictest := gate.PolicyFor(metrics.Critical)
	for _, t := range terms() {
		if t.criterion == criterion {
			copyValue(t.of(p), t.of(&strictest))
		}
	}
}

// OwnPolicies are those in force for declared services that a policy of their team or of their own holds for, each once.
func (c Config) OwnPolicies() []gate.Policy {
	var all []gate.Policy
	seen := map[string]bool{}
	for _, s := range c.Services {
		p := c.Policy(s.Service)
		own := slices.ContainsFunc(p.Layers, func(layer string) bool {
			return strings.HasPrefix(layer, "team:") || strings.HasPrefix(layer, "service:")
		})
		if own && !seen[p.Digest()] {
			seen[p.Digest()] = true
			all = append(all, p)
		}
	}
	return all
}
