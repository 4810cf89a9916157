package assessments

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"shiphabit/metrics"
)

// Neighbour is a deployment to production of a service that another team owns.
type Neighbour struct {
	Service string
	At      time.Time // its finish
}

// Two or more other services within half an hour make a deployment a common one.
const (
	togetherFrom   = 2
	togetherWithin = 30 * time.Minute
)

// NeighboursOf picks from deployments, service by service, those of services that a team other than the given one owns. A
// service without a declared team is nobody's neighbour.
func NeighboursOf(team string, own []string, services []metrics.Service, deployed map[string][]time.Time) []Neighbour {
	var all []Neighbour
	for _, s := range services {
		if s.Team == "" || s.Team == team || slices.Contains(own, s.Name) {
			continue
		}
		for _, at := range deployed[s.Name] {
			all = append(all, Neighbour{s.Name, at})
		}
	}
	return all
}

// NeighbourWindow is when deployments of other teams can matter to the evidence at an instant, with a day to spare on either side
// for whatever time zone the team lives in.
func NeighbourWindow(to time.Time) metrics.Window {
	return metrics.Window{From: to.AddDate(0, 0, -daysPerWeek*frequencyWeeks-2), To: to.AddDate(0, 0, 1)}
}

// neighboursIn are those that can be near a deployment of the window, by time.
func neighboursIn(all []Neighbour, w metrics.Window) []Neighbour {
	wide := metrics.Window{From: w.From.Add(-togetherWithin), To: w.To.Add(togetherWithin)}
	in := slices.DeleteFunc(slices.Clone(all), func(n Neighbour) bool { return !wide.Contains(n.At) })
	slices.SortFunc(in, func(a, b Neighbour) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Service, b.Service)) })
	return in
}

// servicesNear counts the services with a deployment at most half an hour before or after an instant; all are sorted by time.
func servicesNear(all []Neighbour, at time.Time) int {
	from := sort.Search(len(all), func(i int) bool { return !all[i].At.Before(at.Add(-togetherWithin)) })
	near := map[string]bool{}
	for _, n := range all[from:] {
		if n.At.After(at.Add(togetherWithin)) {
			break
		}
		near[n.Service] = true
	}
	return len(near)
}

// seen counts the services.
func seen(all []Neighbour) int {
	services := map[string]bool{}
	for _, n := range all {
		services[n.Service] = true
	}
	return len(services)
}
