package exposition

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"shiphabit/metrics"
)

// The names of figures in the label figure.
const (
	frequency = "deployment_frequency"
	leadTime  = "change_lead_time"
	failRate  = "change_fail_rate"
	recovery  = "failed_deployment_recovery_time"
	rework    = "deployment_rework_rate"
)

// figures are the five of DORA. A figure without a value has no series: unknown is never 0.
type figures struct {
	deployments, perDay, dates, datesInterval                 *prometheus.Desc
	lead, leadP90, leadTypical, leadInterval                  *prometheus.Desc
	fail, failInterval, rework, reworkInterval                *prometheus.Desc
	recovery, recoveryInterval, recoveryOpen, samples, window *prometheus.Desc
	index                                                     *prometheus.Desc
}

func newFigures(f *families) figures {
	scope := []string{"scope", "team", "service"}
	bound := append(scope, "bound")
	return figures{
		window: f.stored("shiphabit_figures_window_seconds", "Span that the figures look back on, in seconds: 90 days, from the midnight that begins the first of them to now."),
		deployments: f.stored("shiphabit_deployments",
			"Deployments to production that finished in the window. scope: organisation, team or service, with team and service naming it.", scope...),
		perDay: f.stored("shiphabit_deployments_per_day", "Deployment frequency: deployments to production per day of the window.", scope...),
		dates:  f.stored("shiphabit_deployment_dates_per_week", "Median number of days with a deployment to production, over the full weeks of the window.", scope...),
		datesInterval: f.stored("shiphabit_deployment_dates_per_week_interval",
			"Bounds of the exact interval (at least 95 %) of that median. bound: low or high.", bound...),
		lead:    f.stored("shiphabit_change_lead_time_seconds", "Change lead time: median time from a commit until it ran in production, over all changes, in seconds.", scope...),
		leadP90: f.stored("shiphabit_change_lead_time_p90_seconds", "The time within which nine of ten changes ran in production, in seconds.", scope...),
		leadTypical: f.stored("shiphabit_change_lead_time_typical_seconds",
			"Lead time of a typical deployment: the median of the deployments' own medians, in seconds.", scope...),
		leadInterval: f.stored("shiphabit_change_lead_time_typical_interval_seconds",
			"Bounds of the exact interval (at least 95 %) of the lead time of a typical deployment, in seconds. bound: low or high.", bound...),
		fail:         f.stored("shiphabit_change_fail_ratio", "Change fail rate: share of deployments to production that failed, 0 to 1.", scope...),
		failInterval: f.stored("shiphabit_change_fail_interval_ratio", "Bounds of its Wilson 95 % interval. bound: low or high.", bound...),
		rework:       f.stored("shiphabit_deployment_rework_ratio", "Deployment rework rate: share of deployments to production that were not planned but answer a failure, 0 to 1.", scope...),
		reworkInterval: f.stored("shiphabit_deployment_rework_interval_ratio",
			"Bounds of its Wilson 95 % interval. bound: low or high.", bound...),
		recovery: f.stored("shiphabit_failed_deployment_recovery_time_seconds",
			"Failed deployment recovery time: median time from a failed deployment until service was restored, in seconds (Kaplan-Meier, unfinished ones included). Missing where the curve does not fall that far.", scope...),
		recoveryInterval: f.stored("shiphabit_failed_deployment_recovery_time_interval_seconds",
			"Bounds of its 95 % interval, in seconds; one that is not reached is missing. bound: low or high.", bound...),
		recoveryOpen: f.stored("shiphabit_failed_deployments_open", "Failed deployments of the window from which service is not restored.", scope...),
		samples: f.stored("shiphabit_figure_samples",
			"Observations that stand behind a figure, also where they are too few for a value (below five): deployments; changes for change_lead_time; failed deployments for failed_deployment_recovery_time. figure: "+
				frequency+", "+leadTime+", "+failRate+", "+recovery+" or "+rework+".", append(scope, "figure")...),
		index: f.stored("shiphabit_habit_index", "Event-versus-habit index over 12 weeks, 0 (event) to 100 (habit), of services that have figures of their own.", scope...),
	}
}

// series appends those of one card.
func (f figures) series(to *seriesList, c Card) {
	at := []string{string(c.Scope), c.Team, c.Service}
	of := labelled{list: to, labels: at}
	if n := c.Frequency.Rollouts; n > 0 {
		of.value(f.deployments, float64(n))
		of.optional(f.perDay, c.Frequency.PerDay)
	}
	of.optional(f.dates, c.Frequency.DaysPerWeek)
	of.interval(f.datesInterval, c.Frequency.Interval)
	of.optional(f.lead, c.LeadTime.Headline())
	of.optional(f.leadP90, c.LeadTime.P90)
	of.optional(f.leadTypical, c.LeadTime.TypicalRollout)
	of.interval(f.leadInterval, c.LeadTime.Interval)
	of.optional(f.fail, c.FailRate.Value)
	of.interval(f.failInterval, c.FailRate.Interval)
	of.optional(f.rework, c.Rework.Value)
	of.interval(f.reworkInterval, c.Rework.Interval)
	of.optional(f.recovery, c.Recovery.Headline())
	if i := c.Recovery.Interval; i != nil {
		of.optional(f.recoveryInterval, i.Low, "low")
		of.optional(f.recoveryInterval, i.High, "high")
	}
	if c.Recovery.N > 0 {
		of.value(f.recoveryOpen, float64(c.Recovery.Censored))
	}
	for _, sample := range []struct {
		figure string
		n      int
	}{{frequency, c.Frequency.Rollouts}, {leadTime, c.LeadTime.N}, {failRate, c.FailRate.Of}, {recovery, c.Recovery.N}, {rework, c.Rework.Of}} {
		if sample.n > 0 {
			of.value(f.samples, float64(sample.n), sample.figure)
		}
	}
	if c.Index != nil && c.Index.Value != nil {
		of.value(f.index, float64(*c.Index.Value))
	}
}

// seriesList gathers the series of a report.
type seriesList []prometheus.Metric

func (l *seriesList) add(d *prometheus.Desc, v float64, labels ...string) {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD") // names come from outside, and others are refused with a panic
	}
	*l = append(*l, prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...))
}

// labelled appends series that share their first labels.
type labelled struct {
	list   *seriesList
	labels []string
}

func (l labelled) value(d *prometheus.Desc, v float64, more ...string) {
	l.list.add(d, v, append(l.labels[:len(l.labels):len(l.labels)], more...)...)
}

func (l labelled) optional(d *prometheus.Desc, v *float64, more ...string) {
	if v != nil {
		l.value(d, *v, more...)
	}
}

func (l labelled) interval(d *prometheus.Desc, i *metrics.Interval) {
	if i != nil {
		l.value(d, i.Low, "low")
		l.value(d, i.High, "high")
	}
}
