package metrics

import "math"

// Edition is one year's reading of how teams compare, as its report printed it. Levels are of their date: the same team may
// stand differently in two editions without having changed. An organisation's own edition is the same kind of value.
type Edition struct {
	Name   string `json:"name"`
	Source string `json:"source"`
	// Bands per figure, best first. Frequency is in days between rollouts, spans in seconds, shares in percent.
	Frequency []Band `json:"deployment_frequency"`
	LeadTime  []Band `json:"change_lead_time"`
	Recovery  []Band `json:"failed_deployment_recovery_time"`
	FailRate  []Band `json:"change_fail_rate"`
	// FailMedians stand in place of FailRate where an edition names only the middle of each group, which are no thresholds.
	FailMedians []GroupMedian `json:"fail_rate_medians,omitempty"`
	// FrequencyBy is how the edition places a frequency: by the median working day and the days between two rollouts when empty, else
	// by one of the ways below.
	FrequencyBy string `json:"frequency_by,omitempty"`
}

// The ways of other tools to place a frequency.
const (
	byRate           = "rate"            // days between two deployments, whatever the working day
	byDeploymentDays = "deployment days" // the medians of days per week and weeks per month
	byShownUnit      = "shown unit"      // the day's, else the week's, else the month's whole number
)

// Band is the range of values of one level, in the unit of Edition's field: days between rollouts, seconds or percent. To is left out
// of it when Open, and is the last value of it otherwise.
type Band struct {
	Level string  `json:"level"` // "elite", "high", "medium", "low"
	Says  string  `json:"says"`  // "between a day and a week"
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Open  bool    `json:"open,omitempty"`
}

// GroupMedian is the median of one group of teams, in percent.
type GroupMedian struct {
	Level   string  `json:"level"`
	Percent float64 `json:"percent"`
}

// Units of the bands. A month is the mean month of the Gregorian calendar.
const (
	hourSpan  = 3600.0
	daySpan   = 24 * hourSpan
	weekSpan  = 7 * daySpan
	monthSpan = daySpan * monthDays
	monthDays = 30.436875
	endless   = math.MaxFloat64 // a number that JSON can hold
)

// Editions are those that ship with the product: those of other tools, then the dated ones of the reports, the newest last. Later
// reports dropped the groups.
func Editions() []Edition {
	return []Edition{gitlabTiers(), fourKeysTiers(), middlewareTiers(), edition2019(), edition2021(), edition2022(), edition2023(), edition2024()}
}

// gitlabTiers has three levels for each figure, without gaps.
func gitlabTiers() Edition {
	return Edition{
		Name:        "gitlab",
		Source:      "GitLab's DORA performance score, as of 2024",
		FrequencyBy: byRate,
		Frequency:   fromHigh(upTo("at least once a day", 1), within("between once a day and once in 30 days", 1, 30), over("less than once in 30 days", 30)),
		LeadTime:    fromHigh(upTo("at most 7 days", weekSpan), within("7 to 30 days", weekSpan, 30*daySpan), over("more than 30 days", 30*daySpan)),
		Recovery:    fromHigh(upTo("at most a day", daySpan), within("1 to 7 days", daySpan, weekSpan), over("more than 7 days", weekSpan)),
		FailRate:    fromHigh(upTo("at most 15%", 15), within("15% to 45%", 15, 45), over("more than 45%", 45)),
	}
}

// fourKeysTiers names each level by its band. Its month of a span has 730 hours.
func fourKeysTiers() Edition {
	const month = 730 * hourSpan
	spans := []Band{
		{Level: "One day", Says: "less than a day", To: daySpan, Open: true},
		{Level: "One week", Says: "less than a week", From: daySpan, To: weekSpan, Open: true},
		{Level: "One month", Says: "less than a month", From: weekSpan, To: month, Open: true},
		{Level: "Six months", Says: "less than six months", From: month, To: 6 * month, Open: true},
		{Level: "One year", Says: "six months or more", From: 6 * month, To: endless},
	}
	return Edition{
		Name:        "fourkeys",
		Source:      "Four Keys, METRICS.md of 2023",
		FrequencyBy: byDeploymentDays,
		Frequency: []Band{
			{Level: "Daily", Says: "on three days of the median week or more"},
			{Level: "Weekly", Says: "in the median week"},
			{Level: "Monthly", Says: "in a week of the median month"},
			{Level: "Yearly", Says: "less than monthly"},
		},
		LeadTime: spans,
		Recovery: spans,
		FailRate: []Band{
			{Level: "0-15%", Says: "at most 15%", To: 15},
			{Level: "16-45%", Says: "less than 46%", From: 15, To: 46, Open: true},
			{Level: "46-60%", Says: "46% or more", From: 46, To: endless},
		},
	}
}

// middlewareTiers places the frequency only: by the number that is shown.
func middlewareTiers() Edition {
	return Edition{
		Name:        "middleware",
		Source:      "Middleware, as of 2024",
		FrequencyBy: byShownUnit,
		Frequency:   bands(Band{Says: "at least one a day"}, Band{Says: "at least one a week, or more than one a month"}, Band{Says: "one a month"}, Band{Says: "less than one a month"}),
	}
}

// upTo and within hold their upper end: of two bands that meet in a value the better one takes it.
func upTo(words string, to float64) Band         { return Band{Says: words, To: to} }
func within(words string, from, to float64) Band { return Band{Says: words, From: from, To: to} }
func edition2019() Edition {
	return Edition{
		Name:      "dora-2019",
		Source:    "Accelerate State of DevOps 2019",
		Frequency: bands(onDemand(), every("a day and a week", 1, 7), every("a week and a month", 7, monthDays), every("a month and six months", monthDays, 6*monthDays)),
		LeadTime:  bands(under("a day", daySpan), between("a day and a week", daySpan, weekSpan), between("a week and a month", weekSpan, monthSpan), between("a month and six months", monthSpan, 6*monthSpan)),
		Recovery:  bands(under("an hour", hourSpan), under("a day", daySpan), under("a day", daySpan), between("a week and a month", weekSpan, monthSpan)),
		FailRate:  bands(between("0% and 15%", 0, 15), between("0% and 15%", 0, 15), between("0% and 15%", 0, 15), between("46% and 60%", 46, 60)),
	}
}

func edition2021() Edition {
	return Edition{
		Name:      "dora-2021",
		Source:    "Accelerate State of DevOps 2021",
		Frequency: bands(onDemand(), every("a week and a month", 7, monthDays), every("a month and six months", monthDays, 6*monthDays), over("less than once in six months", 6*monthDays)),
		LeadTime:  bands(under("an hour", hourSpan), between("a day and a week", daySpan, weekSpan), between("a month and six months", monthSpan, 6*monthSpan), over("more than six months", 6*monthSpan)),
		Recovery:  bands(under("an hour", hourSpan), under("a day", daySpan), between("a day and a week", daySpan, weekSpan), over("more than six months", 6*monthSpan)),
		FailRate:  bands(between("0% and 15%", 0, 15), between("16% and 30%", 16, 30), between("16% and 30%", 16, 30), between("16% and 30%", 16, 30)),
	}
}

func edition2022() Edition {
	return Edition{
		Name:      "dora-2022",
		Source:    "Accelerate State of DevOps 2022",
		Frequency: fromHigh(onDemand(), every("a week and a month", 7, monthDays), every("a month and six months", monthDays, 6*monthDays)),
		LeadTime:  fromHigh(between("a day and a week", daySpan, weekSpan), between("a week and a month", weekSpan, monthSpan), between("a month and six months", monthSpan, 6*monthSpan)),
		Recovery:  fromHigh(under("a day", daySpan), between("a day and a week", daySpan, weekSpan), between("a week and a month", weekSpan, monthSpan)),
		FailRate:  fromHigh(between("0% and 15%", 0, 15), between("16% and 30%", 16, 30), between("46% and 60%", 46, 60)),
	}
}

func edition2023() Edition {
	return Edition{
		Name:        "dora-2023",
		Source:      "Accelerate State of DevOps 2023",
		Frequency:   bands(onDemand(), every("a day and a week", 1, 7), every("a week and a month", 7, monthDays), every("a week and a month", 7, monthDays)),
		LeadTime:    bands(under("a day", daySpan), between("a day and a week", daySpan, weekSpan), between("a week and a month", weekSpan, monthSpan), between("a week and a month", weekSpan, monthSpan)),
		Recovery:    bands(under("an hour", hourSpan), under("a day", daySpan), between("a day and a week", daySpan, weekSpan), between("a month and six months", monthSpan, 6*monthSpan)),
		FailMedians: groupMedians(5, 10, 15, 64),
	}
}

func edition2024() Edition {
	return Edition{
		Name:        "dora-2024",
		Source:      "Accelerate State of DevOps 2024",
		Frequency:   bands(onDemand(), every("a day and a week", 1, 7), every("a week and a month", 7, monthDays), every("a month and six months", monthDays, 6*monthDays)),
		LeadTime:    bands(under("a day", daySpan), between("a day and a week", daySpan, weekSpan), between("a week and a month", weekSpan, monthSpan), between("a month and six months", monthSpan, 6*monthSpan)),
		Recovery:    bands(under("an hour", hourSpan), under("a day", daySpan), under("a day", daySpan), between("a week and a month", weekSpan, monthSpan)),
		FailMedians: groupMedians(5, 20, 10, 40),
	}
}

func levelNames() []string { return []string{"elite", "high", "medium", "low"} }

// bands names four ranges from best to worst; fromHigh names three, for the edition that has no elite group.
func bands(ranges ...Band) []Band { return named(levelNames(), ranges) }

func fromHigh(ranges ...Band) []Band { return named(levelNames()[1:], ranges) }

func named(names []string, ranges []Band) []Band {
	for i := range ranges {
		ranges[i].Level = names[i]
	}
	return ranges
}

func groupMedians(percents ...float64) []GroupMedian {
	out := make([]GroupMedian, len(percents))
	for i, p := range percents {
		out[i] = GroupMedian{Level: levelNames()[i], Percent: p}
	}
	return out
}

// onDemand is no range of a rate: it is met by at least one rollout on the median working day.
func onDemand() Band { return Band{Says: "on demand, several times a day or daily", To: 0, Open: true} }

func every(words string, from, to float64) Band {
	return Band{Says: "once between " + words, From: from, To: to}
}

func between(words string, from, to float64) Band {
	return Band{Says: "between " + words, From: from, To: to}
}

func under(words string, to float64) Band {
	return Band{Says: "less than " + words, To: to, Open: true}
}

func over(words string, from float64) Band {
	return Band{Says: words, From: math.Nextafter(from, endless), To: endless}
}

// holds reports whether the value lies in the band.
func (b Band) holds(x float64) bool { return x >= b.From && (x < b.To || x == b.To && !b.Open) }
