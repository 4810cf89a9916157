package demo

import (
	"fmt"
	"strings"
	"time"
)

// Configuration is the organisation's configuration file: its teams with their working time, its services and its freeze.
func (o *Organisation) Configuration() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# %s.", o.Says())
	line("# No team, service or person of this file exists.")
	line("teams:")
	for _, t := range o.Teams {
		line("  - name: %s", t.Name)
		line("    size: %d", t.Size)
		line("    calendar: {time_zone: %s, hours: %d-%d, holidays: [%s]}", t.Zone, t.FromHour, t.ToHour, strings.Join(o.holidays(), ", "))
	}
	line("services:")
	for _, t := range o.Teams {
		for _, s := range t.Services {
			line("  - {name: %s, team: %s, tier: %s, repositories: [%s]%s}", s.Name, s.Team, s.Tier, strings.Join(s.Repositories, ", "), cadence(s))
		}
	}
	line("policies:")
	line("  - apiVersion: shiphabit/v1")
	line("    kind: Policy")
	line("    metadata: {name: payments-api}")
	line("    applies_to: {service: payments-api}")
	line("    criteria: {failure-meter: {reopen: {probes_per_day: 1}}}")
	from, to := o.Freeze()
	line("freezes:")
	line("  - {name: cutover, reason: the data centre is moved, owner: platform, from: %s, to: %s}", from.Format(clock), to.Format(clock))
	return b.String()
}

// clock is how a freeze's moments are written.
const clock = "2006-01-02 15:04"

func cadence(s Service) string {
	if s.Cadence == "" {
		return ""
	}
	return ", cadence: " + s.Cadence
}

// holidays are those of all years that the records touch.
func (o *Organisation) holidays() []string {
	var days []string
	for year := o.Start.Year(); year <= o.End.Year(); year++ {
		days = append(days, holidays(year)...)
	}
	return days
}

// ServiceNames are those of a team.
func (t Team) ServiceNames() []string {
	var names []string
	for _, s := range t.Services {
		names = append(names, s.Name)
	}
	return names
}

// Story is one thing that the organisation was made to show, and where.
type Story struct {
	ID string
	// Page is the path of the page that shows it, Says what can be read there.
	Page string
	Says []string
}

// Stories are what can be seen of the organisation, each with the page it was made for.
func (o *Organisation) Stories() []Story {
	latest := map[string]string{}
	for _, r := range o.Rounds {
		latest[r.Team] = "/assessments/" + r.ID
	}
	march := o.March.Format("January 2006")
	return []Story{
		{ID: "from the train to every day", Page: "/services/checkout", Says: []string{"Deployment here is a habit"}},
		{ID: "stopped in March", Page: "/services/payments-api", Says: []string{"payments-api"}},
		{ID: "the gate's decisions", Page: "/gate/decisions?service=payments-api&verdict=block", Says: []string{"the meter", march[:3]}},
		{ID: "says more", Page: latest["storefront"], Says: []string{"The records show a different picture"}},
		{ID: "says less", Page: latest["search"], Says: []string{"It may be going better than it feels"}},
		{ID: "split", Page: latest["identity"], Says: []string{"You see this differently"}},
		{ID: "one agreed answer", Page: latest["platform"], Says: []string{"consensus"}},
		{ID: "what came of it", Page: "/teams/checkout", Says: []string{"What it decided to do", "Drop the trains: a change goes out when it is ready", "Of 5 actions, 4 are done."}},
		{ID: "an action overdue", Page: "/teams/identity", Says: []string{"Pair the two halves of the team on one release each", "overdue: nobody has said how it went"}},
		{ID: "a round without an action", Page: "/teams/platform", Says: []string{"none was written"}},
		{ID: "too few deployments", Page: "/services/tax-tables", Says: []string{"tax-tables"}},
		{ID: "a declared cadence", Page: "/services/mobile-app", Says: []string{"the review of the app store"}},
		{ID: "a failure still open", Page: "/services/reviews", Says: []string{"reviews"}},
		{ID: "a source in trouble", Page: "/sources", Says: []string{Tickets, "401"}},
		{ID: "what is missing", Page: "/doctor", Says: []string{Tickets}},
	}
}

// Aside are records of a source that could not be read, each with the reason.
func Aside() map[string][][2]string {
	return map[string][][2]string{
		Forge: {
			{"deployment/build-cache-17", "finished_at: 0000-00-00 is not an RFC 3339 time; write it like 2026-03-01T09:00:00Z, with any offset"},
			{"pull_request/acme/wishlist/0", "created_at: missing; give it"},
		},
		Tickets: {{"incident/OPS-1204", "service: missing; name the component, or map the project to a service"}},
	}
}

// Trouble is what keeps the tickets from being read, since TroubleSince before the end.
const (
	Trouble      = "read demo-tickets: the host answers 401 Unauthorized; its token has expired, put a new one into the environment"
	TroubleSince = 9 * 24 * time.Hour
)
