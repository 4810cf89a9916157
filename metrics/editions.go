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
}

// Band is the range of values of one level. To is left out of it when Open, and is the last value of it otherwise.
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

// Editions are the dated ones that ship with the product, oldest first. Later reports dropped the groups.
func Editions() []Edition {
	return []Edition{edition2019(), edition2021(), edition2022(), edition2023(), edition2024()}
}

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
