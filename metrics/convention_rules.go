package metrics

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The words of the rules. The default of each rule is the empty word in a definition; its name stands in the list of rules only.
const (
	countAttempts  = "attempts"
	countSuccesses = "successes"

	deploymentDaysRule  = "deployment days"
	deploymentWeeksRule = "deployment days and weeks"
	perBucketRule       = "per bucket"

	perRequest    = "request"
	perDeployment = "deployment"

	fromCommitted   = "committed"
	fromFirstCommit = "first commit"
	fromOpened      = "opened"
	fromMerged      = "merged"
	fromRevision    = "revision"

	partsRequested = "requested"
	partsApproved  = "approved"

	minutesUp   = "minutes up"
	minutesDown = "minutes down"
	hoursDown   = "hours down"

	aboveZero = "above 0"

	plainMedian  = "median" // of spans that have ended; the default of a recovery is the curve
	lowerMedian  = "lower median"
	mean         = "mean"
	dailyMedians = "daily medians"
	serviceMeans = "service means"

	blameStated       = "stated"
	blameLatest       = "latest"
	blameLatestBefore = "latest before"
	blameNone         = "none"

	amongSlice = "slice"

	causesIncident = "incident"

	ratioOpened = "incidents opened"
	ratioLinked = "incidents linked"

	ofKnownRevision = "known revision"
	ofAtLeastOne    = "at least one"

	ofIncidents         = "incidents"
	ofDeployedIncidents = "incidents from deployment"

	byResolution = "resolution"
)

// Rule is one choice that a definition makes.
type Rule struct {
	Name string `json:"name"` // as in a definition's JSON: "change_lead_time.per"
	// Choices are the words that the rule knows, the default first.
	Choices []Choice `json:"choices"`
	of      func(*Definition) *string
}

// Choice is a word of a rule with what it means.
type Choice struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// DefinitionRules are those that a definition states in words, in the order in which a comparison goes from one definition to another.
// Whom an incident is blamed on comes last: what is divided by what is then settled, so that no step on the way has nothing to count.
func DefinitionRules() []Rule {
	return slices.Concat(countingRules(), leadTimeRules(), failRateRules(), recoveryRules(), incidentRules())
}

func countingRules() []Rule {
	return []Rule{
		{"deployments", []Choice{
			{"rollouts", "attempts at one revision are one rollout, redeploys of the live one none"},
			{countAttempts, "every attempt that finished counts by itself"},
			{countSuccesses, "every successful attempt counts by itself, a failed one not"},
		}, func(d *Definition) *string { return &d.Deployments }},
		{"deployment_frequency.measure", []Choice{
			{"rate", "deployments ÷ days of the window"},
			{deploymentDaysRule, "median number of days with a deployment, per week and per month"},
			{deploymentWeeksRule, "median number of days with a deployment per week, and of weeks with one per month"},
			{perBucketRule, "deployments ÷ days, weeks or months touched, rounded down"},
		}, func(d *Definition) *string { return &d.Frequency.Measure }},
		{"deployment_frequency.median", []Choice{
			{plainMedian, "of an even number of weeks the mean of the middle two"},
			{lowerMedian, "of an even number of weeks the lower middle one"},
		}, func(d *Definition) *string { return &d.Frequency.Median }},
	}
}

func leadTimeRules() []Rule {
	return []Rule{
		{"change_lead_time.per", []Choice{
			{"change", "one span per commit"},
			{perRequest, "one span per pull request"},
			{perDeployment, "one span per deployment"},
		}, func(d *Definition) *string { return &d.LeadTime.Per }},
		{"change_lead_time.from", []Choice{
			{"authored", "from the author date"},
			{fromCommitted, "from the committer date"},
			{fromFirstCommit, "from the first commit of the pull request"},
			{fromOpened, "from the opening of the pull request"},
			{fromMerged, "from the merge of the pull request"},
			{fromRevision, "from the commit of the deployed revision"},
		}, func(d *Definition) *string { return &d.LeadTime.From }},
		{"change_lead_time.parts", []Choice{
			{"whole", "start to end"},
			{partsRequested, "the sum of coding, opened to merged, and merged to deployed; unknown parts as 0"},
			{partsApproved, "the sum of coding, first review, approval, merge and deployment; unknown parts as 0"},
		}, func(d *Definition) *string { return &d.LeadTime.Parts }},
		{"change_lead_time.rounding", roundings(), func(d *Definition) *string { return &d.LeadTime.Rounding }},
		{"change_lead_time.keeps", []Choice{
			{"0 and above", "spans of 0 count"},
			{aboveZero, "spans of 0 do not count"},
		}, func(d *Definition) *string { return &d.LeadTime.Keeps }},
		{"change_lead_time.statistic", []Choice{
			{plainMedian, "median"},
			{lowerMedian, "lower median"},
			{mean, "mean"},
			{dailyMedians, "median of daily medians"},
			{serviceMeans, "mean of the services' means"},
		}, func(d *Definition) *string { return &d.LeadTime.Statistic }},
	}
}

func roundings() []Choice {
	return []Choice{
		{"exact", "as measured"},
		{minutesUp, "in whole minutes, rounded up"},
		{minutesDown, "in whole minutes, rounded down"},
		{hoursDown, "in whole hours, rounded down"},
	}
}

func incidentRules() []Rule {
	return []Rule{
		{"incidents.blame", []Choice{
			{"derived", "blamed as stated, else on the last live rollout of its service within a time"},
			{blameStated, "blamed only where a record states it"},
			{blameLatest, "blamed on the latest deployment at or before it, however old"},
			{blameLatestBefore, "blamed on the latest deployment before it, however old"},
			{blameNone, "blamed on no deployment"},
		}, func(d *Definition) *string { return &d.Incidents.Blame }},
		{"incidents.among", []Choice{
			{"service", "of its own service"},
			{amongSlice, "of any service of the slice"},
		}, func(d *Definition) *string { return &d.Incidents.Among }},
	}
}

func failRateRules() []Rule {
	return []Rule{
		{"change_fail_rate.causes", []Choice{
			{"all", "every known cause fails a deployment"},
			{causesIncident, "only an incident fails a deployment"},
		}, func(d *Definition) *string { return &d.FailRate.Causes }},
		{"change_fail_rate.ratio", []Choice{
			{"failed", "failed deployments"},
			{ratioOpened, "incidents opened in the window"},
			{ratioLinked, "incidents blamed on deployments of the window"},
		}, func(d *Definition) *string { return &d.FailRate.Ratio }},
		{"change_fail_rate.of", []Choice{
			{"deployments", "deployments"},
			{ofKnownRevision, "deployments whose commit is known"},
			{ofAtLeastOne, "deployments, at least one"},
		}, func(d *Definition) *string { return &d.FailRate.Of }},
		{"change_fail_rate.statistic", []Choice{
			{"pooled", "all services together"},
			{serviceMeans, "mean of the services' rates"},
		}, func(d *Definition) *string { return &d.FailRate.Statistic }},
	}
}

func recoveryRules() []Rule {
	return []Rule{
		{"failed_deployment_recovery_time.of", []Choice{
			{"failures", "failed deployments: finish to recovery"},
			{ofIncidents, "incidents: opened to resolved"},
			{ofDeployedIncidents, "incidents: finish of the blamed deployment to resolved"},
		}, func(d *Definition) *string { return &d.Recovery.Of }},
		{"failed_deployment_recovery_time.in", []Choice{
			{"start", "in the window in which they began"},
			{byResolution, "in the window in which they ended"},
		}, func(d *Definition) *string { return &d.Recovery.In }},
		{"failed_deployment_recovery_time.rounding", roundings(), func(d *Definition) *string { return &d.Recovery.Rounding }},
		{"failed_deployment_recovery_time.statistic", []Choice{
			{"survival", "Kaplan–Meier median, open ones included"},
			{plainMedian, "median of those that ended"},
			{lowerMedian, "lower median of those that ended"},
			{mean, "mean of those that ended"},
			{dailyMedians, "median of daily medians of those that ended"},
			{serviceMeans, "mean of the services' means of those that ended"},
		}, func(d *Definition) *string { return &d.Recovery.Statistic }},
	}
}

// Set makes a definition choose a word of the rule; Validate finds one that the rule does not know.
func (r Rule) Set(d *Definition, word string) { *r.of(d) = word }

// chosen is what the definition chose, the default where it states nothing.
func (r Rule) chosen(d Definition) Choice {
	word := *r.of(&d)
	for _, c := range r.Choices {
		if c.Name == word {
			return c
		}
	}
	return r.Choices[0]
}

// says is what a definition chose for the rule of that name, in words.
func (d Definition) says(name string) string {
	for _, r := range DefinitionRules() {
		if r.Name == name {
			return r.chosen(d).Says
		}
	}
	return ""
}

// normal writes defaults that are stated as the empty word, by which the counter knows them.
func (d Definition) normal() Definition {
	for _, r := range DefinitionRules() {
		if word := r.of(&d); *word == r.Choices[0].Name {
			*word = ""
		}
	}
	return d
}

// Validate reports every fault of a definition that somebody wrote: words that no rule knows, and rules that contradict.
func (d Definition) Validate() error {
	var faults []error
	if d.Name == "" {
		faults = append(faults, errors.New("a definition needs a name"))
	}
	if d.Version < 1 {
		faults = append(faults, errors.New("version: count from 1, and raise it when the definition changes"))
	}
	if d.Floor < 1 {
		faults = append(faults, errors.New("floor: the smallest n that yields a value is at least 1"))
	}
	if d.Settling < 0 {
		faults = append(faults, errors.New("settling: a time cannot be negative"))
	}
	if d.WeekStart < 0 || d.WeekStart > 6 {
		faults = append(faults, errors.New("week_start: use 0 for Sunday to 6 for Saturday"))
	}
	for _, r := range DefinitionRules() {
		faults = append(faults, r.check(d))
	}
	return errors.Join(append(faults, d.normal().contradictions()...)...)
}

func (r Rule) check(d Definition) error {
	word := *r.of(&d)
	names := make([]string, len(r.Choices))
	for i, c := range r.Choices {
		names[i] = c.Name
	}
	if word == "" || slices.Contains(names, word) {
		return nil
	}
	return fmt.Errorf("%s: %q is not known; use one of: %s", r.Name, word, strings.Join(names, ", "))
}

func (d Definition) contradictions() []error {
	var faults []error
	if d.Incidents.Blame == blameNone && d.Recovery.Of == ofDeployedIncidents {
		faults = append(faults, errors.New("incidents.blame: recovery from the blamed deployment needs one to blame"))
	}
	if d.Incidents.Blame == blameNone && d.FailRate.Ratio == ratioLinked {
		faults = append(faults, errors.New("incidents.blame: counting the incidents blamed on deployments needs them blamed"))
	}
	if d.LeadTime.Parts != "" && d.LeadTime.Per != perRequest {
		faults = append(faults, errors.New("change_lead_time.parts: the parts are those of a pull request; use per: request"))
	}
	if d.Incidents.Among == amongSlice && d.Incidents.Blame != blameLatest && d.Incidents.Blame != blameLatestBefore {
		faults = append(faults, errors.New("incidents.among: slice goes with blame: latest, or latest before"))
	}
	return faults
}
