package doctor

import (
	"net/url"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// kinds are all kinds of finding in the order in which they are shown, with the words above them.
var kinds = []struct{ code, title string }{
	{"nothing-connected", "Nothing is connected yet"},
	{"decision-lost", "A decision of the gate cannot be read"},
	{"role-lost", "Nobody can override by a role"},
	{"deriving", "Figures are being made again"},
	{"source-trouble", "A source cannot be read"},
	{"rollback-hook", "A rollback hook did not take what it was told"},
	{"source-never-read", "A source was never read"},
	{"source-silent", "A source has not been read for a while"},
	{"deliveries-refused", "Deliveries are refused"},
	{"source-behind", "A source is behind"},
	{"source-waiting", "A source waits"},
	{"source-reading", "A source is being read for the first time"},
	{"source-empty", "A source brings nothing"},
	{"source-set-aside", "Records could not be read"},
	{"source-undeclared", "A source is no longer in the configuration"},
	{"role-token", "A role names a token that nobody can use"},
	{"no-records", "No record names a declared service"},
	{"unseen-repository", "No record names a declared repository"},
	{"no-production", "No environment is of kind production"},
	{"all-left-out", "No deployment counts"},
	{"before-window", "The last deployment is older than the window"},
	{"few-deployments", "Too few deployments for a value"},
	{"no-revision", "Deployments carry no revision"},
	{"no-commits", "Commits are not read"},
	{"unknown-revision", "Deployed revisions are not among the commits read"},
	{"unrelated-history", "Deployed revisions share no history"},
	{"first-deployment", "Only the first deployment is known"},
	{"few-changes", "Too few changes for a lead time"},
	{"no-requests", "No pull requests are known"},
	{"no-reviews", "No reviews are known"},
	{"no-way", "The way of changes is not known"},
	{"incidents-elsewhere", "Incidents name no service that deploys"},
	{"no-incidents", "No incident is known"},
	{"few-failures", "Too few failures for a recovery time"},
	{"no-approvals", "No approvals are recorded"},
	{"approvals-undecided", "Approvals are not decided"},
	{"no-verdicts", "No deployment was watched"},
	{"no-team", "No team is declared"},
	{"left-out", "Deployments are left out"},
}

// order is a kind's place.
func order(code string) int {
	for i, k := range kinds {
		if k.code == code {
			return i
		}
	}
	return len(kinds)
}

func title(code string) string {
	if i := order(code); i < len(kinds) {
		return kinds[i].title
	}
	return code
}

// Codes are all kinds of finding.
func Codes() []string {
	codes := make([]string, len(kinds))
	for i, k := range kinds {
		codes[i] = k.code
	}
	return codes
}

// figures that need deployments to production.
var ofDeployments = []string{metrics.FigureFrequency, metrics.FigureLeadTime, metrics.FigureFailRate, metrics.FigureRecovery, metrics.FigureRework}

// number words a count.
func number(n int) string { return strconv.Itoa(n) }

// plural words a count of something.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// of words a part of a whole: "all 12 deployments", "3 of 12 deployments".
func of(n, all int, one, many string) string {
	switch {
	case n < all:
		return number(n) + " of " + plural(all, one, many)
	case all == 1:
		return "the only " + one
	}
	return "all " + number(all) + " " + many
}

func day(at time.Time) string { return at.UTC().Format("2 Jan 2006") }

func moment(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04 UTC") }

// spanWords rounds a span to what matters: "3 days", "5 hours", "12 minutes".
func spanWords(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return plural(int(d.Hours()/24), "day", "days")
	case d >= 2*time.Hour:
		return plural(int(d.Hours()), "hour", "hours")
	}
	return plural(max(1, int(d.Minutes())), "minute", "minutes")
}

// explainLink leads to the rows of a figure of a service.
func explainLink(figure, service string) string {
	return "/explain/" + figure + "?" + url.Values{"service": {service}}.Encode()
}

// SourceLink leads to the page of a source.
func SourceLink(name string) string { return "/sources/" + url.PathEscape(name) }

func decisionsLink(service string) string {
	return "/gate/decisions?" + url.Values{"service": {service}}.Encode()
}

func serviceLink(name string) string { return "/services/" + url.PathEscape(name) }

// quoted is a text as a value of YAML that means nothing else.
func quoted(text string) string { return strconv.Quote(text) }
