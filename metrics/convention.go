package metrics

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Definition is a convention for making figures from facts, as data. Each rule is a word; the empty one is that of the default
// definition, so that a definition need only state where it differs.
type Definition struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	// Floor is the smallest n that yields a value (default 5).
	Floor int `json:"floor"`
	// Settling is how long a rollout's outcome may still change (default 24 h, the attribution window).
	Settling time.Duration `json:"settling"`
	// WithoutBots leaves out changes authored by bots.
	WithoutBots bool `json:"without_bots,omitempty"`
	// WeekStart is the first day of a week (default Monday).
	WeekStart time.Weekday `json:"week_start"`
	// UTC counts days, weeks and months in UTC, whatever the organisation's time zone.
	UTC bool `json:"utc,omitempty"`
	// Deployments is what counts as one deployment.
	Deployments string         `json:"deployments,omitempty"`
	Frequency   FrequencyRules `json:"deployment_frequency,omitzero"`
	LeadTime    LeadTimeRules  `json:"change_lead_time,omitzero"`
	Incidents   IncidentRules  `json:"incidents,omitzero"`
	FailRate    FailRateRules  `json:"change_fail_rate,omitzero"`
	Recovery    RecoveryRules  `json:"failed_deployment_recovery_time,omitzero"`
}

// FrequencyRules say how deployments become a frequency. The words are those of DefinitionRules, as in the other rules.
type FrequencyRules struct {
	Measure string `json:"measure,omitempty"`
	Median  string `json:"median,omitempty"` // of weeks and months
}

// LeadTimeRules say which spans are lead times and what is made of them.
type LeadTimeRules struct {
	Per       string `json:"per,omitempty"`
	From      string `json:"from,omitempty"`
	Parts     string `json:"parts,omitempty"`
	Rounding  string `json:"rounding,omitempty"`
	Keeps     string `json:"keeps,omitempty"`
	Statistic string `json:"statistic,omitempty"`
}

// IncidentRules say which deployment an incident is blamed on.
type IncidentRules struct {
	Blame string `json:"blame,omitempty"`
	Among string `json:"among,omitempty"`
}

// FailRateRules say what is divided by what.
type FailRateRules struct {
	Causes    string `json:"causes,omitempty"`
	Ratio     string `json:"ratio,omitempty"`
	Of        string `json:"of,omitempty"`
	Statistic string `json:"statistic,omitempty"`
}

// RecoveryRules say which spans are recoveries and what is made of them. All but Of hold for the time to restore, too.
type RecoveryRules struct {
	Of        string `json:"of,omitempty"`
	In        string `json:"in,omitempty"`
	Rounding  string `json:"rounding,omitempty"`
	Statistic string `json:"statistic,omitempty"`
}

// DORA is the default definition, as metrics of DORA's research are commonly read: a value from five observations on, a
// rollout's outcome settled after 24 hours, bots' changes included, weeks from Monday.
func DORA() Definition {
	return Definition{Name: "dora", Version: 1, Floor: 5, Settling: 24 * time.Hour, WeekStart: time.Monday}
}

// Presets are the definitions that ship with the product: our own first, then those by which other tools compute, so that numbers
// made there can be made again. Other tools have no floor.
func Presets() []Definition {
	return []Definition{DORA(), devlake(), gitlab(), fourKeys(), middleware(), pelorus()}
}

// DefinitionNamed finds a definition by name, among those given first and then among the presets. A name that none has is an error
// that lists them.
func DefinitionNamed(name string, own ...Definition) (Definition, error) {
	var names []string
	for _, d := range append(slices.Clone(own), Presets()...) {
		if d.Name == name {
			return d, nil
		}
		if !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return Definition{}, fmt.Errorf("definition %q is not known: use one of %s", name, strings.Join(names, ", "))
}

func preset(name string) Definition {
	d := DORA()
	d.Name, d.Floor, d.Deployments = name, 1, countSuccesses
	return d
}

func devlake() Definition {
	d := preset("devlake")
	d.Frequency = FrequencyRules{Measure: deploymentDaysRule, Median: lowerMedian}
	d.LeadTime = LeadTimeRules{Per: perRequest, From: fromFirstCommit, Parts: partsRequested, Rounding: minutesUp, Keeps: aboveZero, Statistic: lowerMedian}
	d.Incidents = IncidentRules{Blame: blameLatestBefore, Among: amongSlice}
	d.FailRate = FailRateRules{Causes: causesIncident}
	d.Recovery = RecoveryRules{Of: ofDeployedIncidents, In: byResolution, Statistic: lowerMedian}
	return d
}

func gitlab() Definition {
	d := preset("gitlab")
	d.LeadTime = LeadTimeRules{Per: perRequest, From: fromMerged, Statistic: dailyMedians}
	d.Incidents = IncidentRules{Blame: blameNone}
	d.FailRate = FailRateRules{Causes: causesIncident, Ratio: ratioOpened, Of: ofAtLeastOne}
	d.Recovery = RecoveryRules{Of: ofIncidents, In: byResolution, Statistic: dailyMedians}
	return d
}

func fourKeys() Definition {
	d := preset("fourkeys")
	d.WeekStart, d.UTC = time.Sunday, true
	d.Frequency = FrequencyRules{Measure: deploymentWeeksRule}
	d.LeadTime = LeadTimeRules{From: fromCommitted, Rounding: minutesDown, Keeps: aboveZero}
	d.Incidents = IncidentRules{Blame: blameStated}
	d.FailRate = FailRateRules{Causes: causesIncident, Ratio: ratioLinked}
	d.Recovery = RecoveryRules{Of: ofIncidents, Rounding: hoursDown, Statistic: plainMedian}
	return d
}

func middleware() Definition {
	d := preset("middleware")
	d.UTC = true
	d.Frequency = FrequencyRules{Measure: perBucketRule}
	d.LeadTime = LeadTimeRules{Per: perRequest, From: fromFirstCommit, Parts: partsApproved, Statistic: mean}
	d.Incidents = IncidentRules{Blame: blameLatest}
	d.FailRate = FailRateRules{Causes: causesIncident}
	d.Recovery = RecoveryRules{Of: ofIncidents, In: byResolution, Statistic: mean}
	return d
}

func pelorus() Definition {
	d := preset("pelorus")
	d.LeadTime = LeadTimeRules{Per: perDeployment, From: fromRevision, Statistic: serviceMeans}
	d.Incidents = IncidentRules{Blame: blameNone}
	d.FailRate = FailRateRules{Causes: causesIncident, Ratio: ratioOpened, Of: ofKnownRevision, Statistic: serviceMeans}
	d.Recovery = RecoveryRules{Of: ofIncidents, Statistic: serviceMeans}
	return d
}
