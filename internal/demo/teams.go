package demo

import (
	"time"
	_ "time/tzdata" // the zones of the teams are known on machines that have no list of zones

	"shiphabit/metrics"
)

// Team owns services, has a rhythm and answers the five questions.
type Team struct {
	Name             string
	Size             int
	Zone             string // IANA name
	FromHour, ToHour int
	Services         []Service
	// rhythm is how the team delivers at a point of the two years, from 0 to 1.
	rhythm func(progress float64) rhythm
}

// Service is one service with what makes it differ from its team's others.
type Service struct {
	metrics.Service
	// pace is in place of the team's where it is not 0: planned deployments a working day.
	pace float64
	// unwatched: no health verdict is ever recorded. gated: its pipeline asks the gate.
	unwatched, gated bool
}

// rhythm is how a team delivers and what goes wrong.
type rhythm struct {
	perDay   float64        // planned deployments of a service a working day; unless trains run
	trains   []time.Weekday // everything waits for these days
	batch    float64        // changes of a deployment, on average
	lead     time.Duration  // median time from a commit to its deployment
	merged   float64        // share of that time after which a change is merged, about
	fails    float64        // share of planned deployments
	detect   time.Duration  // median time from the finish of a failed deployment to its detection
	restore  time.Duration  // median time from detection to the end of the failure
	back     float64        // share of failures ended by a rollback; the others by a fix
	monitors float64        // share of failures noticed by a monitor
	watched  float64        // share of deployments with a health verdict
	outside  float64        // share of deployments that somebody outside the team has to approve
	staged   bool           // deployed to staging first
}

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

func teams() []Team {
	return []Team{
		{Name: "checkout", Size: 9, Zone: "Europe/Vienna", FromHour: 9, ToHour: 18, rhythm: checkoutRhythm, Services: []Service{
			service("checkout", "checkout", metrics.High), service("checkout", "cart", metrics.Standard), service("checkout", "order-api", metrics.High),
			service("checkout", "order-worker", metrics.Standard), service("checkout", "invoicing", metrics.Standard),
			service("checkout", "coupons", metrics.Low), service("checkout", "checkout-web", metrics.Standard), service("checkout", "shipping-quotes", metrics.Standard),
		}},
		{Name: "payments", Size: 7, Zone: "Europe/Vienna", FromHour: 8, ToHour: 17, rhythm: steady(paymentsRhythm), Services: []Service{
			asking(paced(service("payments", "payments-api", metrics.Standard), 0.95)), service("payments", "payments-worker", metrics.Standard),
			asking(service("payments", "refunds", metrics.Standard)), service("payments", "ledger", metrics.Critical),
			service("payments", "fraud-check", metrics.High), service("payments", "payouts", metrics.Standard),
		}},
		{Name: "storefront", Size: 8, Zone: "America/New_York", FromHour: 9, ToHour: 17, rhythm: steady(storefrontRhythm), Services: []Service{
			service("storefront", "storefront-web", metrics.High), service("storefront", "product-page", metrics.Standard),
			service("storefront", "catalogue-api", metrics.Standard), service("storefront", "recommendations", metrics.Low),
			service("storefront", "reviews", metrics.Standard), service("storefront", "wishlist", metrics.Low),
			unwatched(service("storefront", "image-resizer", metrics.Standard)), mobile(),
		}},
		{Name: "search", Size: 6, Zone: "Asia/Kolkata", FromHour: 9, ToHour: 18, rhythm: steady(searchRhythm), Services: []Service{
			service("search", "search-api", metrics.High), service("search", "search-indexer", metrics.Standard), service("search", "suggest", metrics.Standard),
			service("search", "ranking", metrics.Standard), service("search", "query-parser", metrics.Low), service("search", "synonyms", metrics.Low),
		}},
		{Name: "identity", Size: 9, Zone: "Europe/Lisbon", FromHour: 9, ToHour: 18, rhythm: steady(identityRhythm), Services: []Service{
			service("identity", "login", metrics.Critical), service("identity", "sessions", metrics.High), service("identity", "accounts", metrics.Standard),
			service("identity", "permissions", metrics.Standard), service("identity", "profile", metrics.Low), service("identity", "audit-log", metrics.Standard),
		}},
		{Name: "platform", Size: 4, Zone: "Europe/Vienna", FromHour: 9, ToHour: 18, rhythm: steady(platformRhythm), Services: []Service{
			service("platform", "config-store", metrics.High), service("platform", "feature-flags", metrics.Standard), service("platform", "message-bus", metrics.High),
			asking(service("platform", "metrics-relay", metrics.Standard)), service("platform", "build-cache", metrics.Low),
			paced(service("platform", "tax-tables", metrics.Low), 0.03),
		}},
	}
}

func service(team, name string, tier metrics.Tier) Service {
	return Service{Service: metrics.Service{Name: name, Team: team, Tier: tier, Repositories: []string{"acme/" + name}}}
}

func paced(s Service, perDay float64) Service { s.pace = perDay; return s }
func unwatched(s Service) Service             { s.unwatched = true; return s }
func asking(s Service) Service                { s.gated = true; return s }

// mobile waits for a store that reviews each release.
func mobile() Service {
	s := paced(service("storefront", "mobile-app", metrics.Standard), 0.07)
	s.Cadence = "the review of the app store"
	return s
}

func steady(r rhythm) func(float64) rhythm { return func(float64) rhythm { return r } }

// checkoutRhythm: a weekly train on Tuesday for a year, a second one for four months, and then each change when it is ready.
func checkoutRhythm(progress float64) rhythm {
	r := rhythm{
		trains: []time.Weekday{time.Tuesday}, batch: 9, lead: 6 * day, merged: 0.3, fails: 0.15, detect: 40 * time.Minute, restore: 5 * hour,
		back: 0.3, monitors: 0.4, watched: 0, outside: 0.9, staged: true,
	}
	switch {
	case progress > 0.66:
		return rhythm{
			perDay: 1.3, batch: 2, lead: 16 * hour, merged: 0.8, fails: 0.045, detect: 6 * time.Minute, restore: 30 * time.Minute,
			back: 0.75, monitors: 0.9, watched: 0.95, staged: true,
		}
	case progress > 0.5:
		r.trains = append(r.trains, time.Thursday)
		r.batch, r.lead, r.merged, r.fails, r.outside, r.watched = 5, 3*day, 0.5, 0.1, 0.3, 0.6
	}
	return r
}

var (
	paymentsRhythm = rhythm{
		perDay: 0.55, batch: 2.6, lead: 26 * hour, merged: 0.75, fails: 0.05, detect: 6 * time.Minute, restore: 28 * time.Minute,
		back: 0.8, monitors: 0.9, watched: 0.95, outside: 0.15, staged: true,
	}
	// storefrontRhythm: about once a week, and customers tell when it breaks.
	storefrontRhythm = rhythm{
		perDay: 0.24, batch: 5, lead: 4 * day, merged: 0.5, fails: 0.12, detect: 3 * hour, restore: 7 * hour,
		back: 0.1, monitors: 0.15, outside: 0.5,
	}
	// searchRhythm: every day, watched and taken back by the pipeline.
	searchRhythm = rhythm{
		perDay: 1.15, batch: 1.8, lead: 9 * hour, merged: 0.85, fails: 0.035, detect: 4 * time.Minute, restore: 14 * time.Minute,
		back: 0.9, monitors: 1, watched: 0.97,
	}
	identityRhythm = rhythm{
		perDay: 0.5, batch: 2.8, lead: 40 * hour, merged: 0.65, fails: 0.08, detect: 18 * time.Minute, restore: 75 * time.Minute,
		back: 0.5, monitors: 0.7, watched: 0.7, outside: 0.3, staged: true,
	}
	platformRhythm = rhythm{
		perDay: 0.4, batch: 3, lead: 30 * hour, merged: 0.7, fails: 0.06, detect: 10 * time.Minute, restore: 45 * time.Minute,
		back: 0.65, monitors: 0.85, watched: 0.8,
	}
)
