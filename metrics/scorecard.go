package metrics

import "time"

// Window is the half-open span of time [From, To).
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Contains reports whether the instant lies in [From, To).
func (w Window) Contains(t time.Time) bool { return !t.Before(w.From) && t.Before(w.To) }

// Days is the length of the window in days of 24 hours.
func (w Window) Days() float64 { return w.To.Sub(w.From).Hours() / 24 }

// State says whether a figure has a value.
type State string

// A figure without a value says why; it is never 0 in place of unknown.
const (
	OK            State = "ok"
	NotEnoughData State = "not enough data" // n is below the floor of the definition
	NoData        State = "no data"         // n is 0
)

// Interval is a confidence interval, in the unit of its figure, with its true coverage, which for exact methods is seldom a round 95%.
type Interval struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Coverage float64 `json:"coverage"` // share in [0,1]
}

// Frequency is deployment frequency: rollouts in the window per day and per week. What is nil is not known.
type Frequency struct {
	State    State    `json:"state"`
	Rollouts int      `json:"rollouts"`
	PerDay   *float64 `json:"per_day"`  // rollouts per day of the window, as far as it has passed at AsOf
	PerWeek  *float64 `json:"per_week"` // 7 × PerDay
	// DaysPerWeek is the median number of days with a deployment over the full weeks of the window, Weeks their number,
	// Interval the exact binomial interval of that median over the weeks, nil below five weeks.
	DaysPerWeek *float64  `json:"days_per_week"`
	Weeks       int       `json:"weeks"`
	Interval    *Interval `json:"interval"`
	// MedianWorkingDay is the median number of rollouts on a working day (Monday to Friday); the levels call ≥ 1 "on demand".
	MedianWorkingDay *float64 `json:"median_working_day"`
	// WorkingDay is the exact binomial interval of that median over the working days, nil below five.
	WorkingDay *Interval `json:"median_working_day_interval"`
	// LastAt is the last rollout in the window; OpenGap the time since, in seconds, at the scorecard's AsOf or the window's
	// end if earlier.
	LastAt  time.Time `json:"last_at,omitzero"`
	OpenGap *float64  `json:"open_gap_s"`
	// Statistic says in words how the definition counts. Value is its headline, in Unit, where that is no plain rate; Rates is
	// then what it makes of weeks and months.
	Statistic string   `json:"statistic"`
	Value     *float64 `json:"value,omitempty"`
	Unit      string   `json:"unit,omitempty"`
	Rates     *Rates   `json:"rates,omitempty"`
}

// Rates are the figures that a definition makes of the days, weeks and months that the window touches; nil where it makes none.
type Rates struct {
	PerDay   *float64 `json:"per_day,omitempty"`
	PerWeek  *float64 `json:"per_week,omitempty"`
	PerMonth *float64 `json:"per_month,omitempty"`
	// ActiveWeeks is the median over the weeks of 1 for a week with a deployment and 0 for one without.
	ActiveWeeks *float64 `json:"active_weeks,omitempty"`
}

// Duration is a figure made of spans of time: its quantiles in seconds, nil unless State is OK.
type Duration struct {
	State State `json:"state"`
	N     int   `json:"n"` // spans
	// Rollouts is the number of rollouts the spans come from, each its own median; the interval is made over them.
	Rollouts int      `json:"rollouts,omitempty"`
	Median   *float64 `json:"median_s"`
	P75      *float64 `json:"p75_s"`
	P90      *float64 `json:"p90_s"`
	P95      *float64 `json:"p95_s"`
	// TypicalRollout is the median of the rollouts' medians. Interval is its exact binomial order-statistic interval, nil
	// below five rollouts; where rollouts differ much in size it need not hold Median, which pools the changes.
	TypicalRollout *float64  `json:"typical_rollout_s"`
	Interval       *Interval `json:"interval"`
	// Statistic says in words which spans the definition takes and what it makes of them. Value is its headline in seconds where
	// that is not Median; the quantiles are those of its spans all the same.
	Statistic string   `json:"statistic,omitempty"`
	Value     *float64 `json:"value_s,omitempty"`
}

// Headline is the figure in seconds as the definition states it, nil when there is none.
func (d Duration) Headline() *float64 { return headlineOf(d.Value, d.Median) }

// Share is a figure of the form Count ÷ Of with a Wilson 95% interval; both are nil unless State is OK.
type Share struct {
	State    State     `json:"state"`
	Count    int       `json:"count"`
	Of       int       `json:"of"`
	Value    *float64  `json:"value"` // share in [0,1]; a ratio of incidents to deployments may exceed 1
	Interval *Interval `json:"interval"`
	// Statistic says in words what is divided by what. NoInterval is why a value has no interval.
	Statistic  string `json:"statistic"`
	NoInterval string `json:"no_interval,omitempty"`
	// Settling counts rollouts so new that a failure of theirs may still become known.
	Settling int `json:"settling,omitempty"`
}

// Survival is a figure of spans some of which have not ended: Kaplan–Meier quantiles in seconds.
type Survival struct {
	State    State `json:"state"`
	N        int   `json:"n"`
	Censored int   `json:"censored"` // still open at AsOf
	// Median and P90 are nil when the curve does not fall that far: "not reached".
	Median   *float64 `json:"median_s"`
	P90      *float64 `json:"p90_s"`
	Interval *Bounds  `json:"interval"` // of the median, Brookmeyer–Crowley with log-log transform, 95%
	Longest  *float64 `json:"longest_open_s"`
	// Statistic says in words which spans the definition takes and what it makes of them. Value is its headline in seconds where
	// that is not Median: it knows spans that have ended only, and so does N then.
	Statistic string   `json:"statistic"`
	Value     *float64 `json:"value_s,omitempty"`
}

// Headline is the figure in seconds as the definition states it, nil when there is none or it is not reached.
func (s Survival) Headline() *float64 { return headlineOf(s.Value, s.Median) }

func headlineOf(value, own *float64) *float64 {
	if value != nil {
		return value
	}
	return own
}

// Bounds is an interval in seconds, either end of which may not be reached and is then nil.
type Bounds struct {
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

// Scorecard holds every figure of one slice, window and definition.
type Scorecard struct {
	Slice      string    `json:"slice"` // "all", "service api", …
	Window     Window    `json:"window"`
	AsOf       time.Time `json:"as_of"`
	Zone       string    `json:"time_zone"`
	Definition string    `json:"definition"` // name/version, "dora/1"

	Frequency    Frequency      `json:"deployment_frequency"`
	LeadTime     Duration       `json:"change_lead_time"`
	FailRate     Share          `json:"change_fail_rate"`
	Recovery     Survival       `json:"failed_deployment_recovery_time"`
	Rework       Share          `json:"deployment_rework_rate"`
	Restore      Survival       `json:"time_to_restore"` // all incidents, attributed or not
	Reliability  Reliability    `json:"reliability"`
	Waiting      Waiting        `json:"waiting"`
	Stages       []Stage        `json:"stages,omitempty"` // the parts of lead time that are known, in order
	Causes       map[Cause]int  `json:"causes,omitempty"`
	Kinds        map[Kind]int   `json:"kinds,omitempty"`
	Unattributed int            `json:"incidents_unattributed"`
	Incidents    int            `json:"incidents"`
	Baselines    int            `json:"baselines"`          // rollouts whose changes are unknown
	LeftOut      map[string]int `json:"left_out,omitempty"` // reason → records
}

// Stage is a part of lead time: "coding", "pickup", "review", "wait" (each per pull request) or "deploy" (per rollout).
type Stage struct {
	Name string `json:"name"`
	Duration
}

// Query names what is measured: a window, seen at AsOf, in a time zone, under a definition.
type Query struct {
	Slice      string
	Window     Window
	AsOf       time.Time
	Zone       *time.Location
	Kind       EnvironmentKind // production when empty
	Definition Definition
	// Filter narrows the facts to environments, repositories, branches or labels.
	Filter Filter
}

// Bucket is a part of a window: a day, week or month of the zone. Partial tells that the window or AsOf cuts it.
type Bucket struct {
	Window
	Label   string `json:"label"` // "2026-03-02", "2026-W10", "2026-03"
	Partial bool   `json:"partial,omitempty"`
}

// Index is the event-versus-habit index of one service over 12 weeks, 0 (event) to 100 (habit).
type Index struct {
	// State is NotEnoughData below 6 planned deployments, and where a part has no input: Low and High then bound the index
	// and Value is nil. With no planned deployment at all it is NoData, and the bounds are 0 and 100.
	State State `json:"state"`
	Value *int  `json:"value"`
	Low   int   `json:"low"`
	High  int   `json:"high"`
	// Band is "event", "scheduled", "settling" or "habit"; empty where Low and High lie in different bands.
	Band   string `json:"band"`
	Capped bool   `json:"capped,omitempty"`
	// CapReason says why the index was cut to 40.
	CapReason     string      `json:"cap_reason,omitempty"`
	NotComparable string      `json:"not_comparable,omitempty"` // the declared cadence constraint, set by who knows the service
	N             int         `json:"n"`                        // planned deployments
	Window        Window      `json:"window"`
	Parts         []IndexPart `json:"parts"` // in the order coverage, longest quiet, batch, window, evenness, hours
	// Burstiness is the finite-size burstiness of the gaps between planned deployments, nil below 6.
	Burstiness *float64 `json:"burstiness"`
}

// IndexPart is one of the six parts of the index.
type IndexPart struct {
	Name   string  `json:"name"`
	Weight int     `json:"weight"`
	Score  float64 `json:"score"` // [0,1]
	Input  float64 `json:"input"` // C, G90 (working days), B (changes), T, g, off
	Known  bool    `json:"known"` // false: no input; the part is then left open between 0 and its weight
	Says   string  `json:"says"`  // "deployed on 12 of 60 working days"
}

// Calendar is a team's working time.
type Calendar struct {
	Zone             *time.Location
	Weekdays         []time.Weekday
	FromHour, ToHour int             // working hours [FromHour, ToHour)
	Holidays         map[string]bool // "2026-12-25"
}
