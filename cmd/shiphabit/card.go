package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// writeCard prints one scorecard as people read it: value, interval, sample size, level.
func writeCard(w io.Writer, card metrics.Scorecard, edition string) error {
	fmt.Fprintf(w, "%s · %s to %s (%s) · definition %s\n\n", printable(card.Slice),
		card.Window.From.Format(time.DateOnly), card.Window.To.Format("2006-01-02 15:04"), card.Zone, card.Definition)
	levels := map[string]string{}
	if edition != "" {
		found, err := metrics.Levels(card, edition)
		if err != nil {
			return usage("--edition: %w", err)
		}
		for _, level := range found {
			levels[level.Figure] = levelText(level)
		}
	}
	rows := [][]string{
		{"deployment frequency", frequencyText(card.Frequency), frequencyNote(card.Frequency), levels[metrics.FigureFrequency]},
		{"change lead time", durationText(card.LeadTime), durationNote(card.LeadTime), levels[metrics.FigureLeadTime]},
		{"change fail rate", shareText(card.FailRate), shareNote(card.FailRate, "rollouts failed"), levels[metrics.FigureFailRate]},
		{"failed deployment recovery", survivalText(card.Recovery), survivalNote(card.Recovery, "failed deployment"), levels[metrics.FigureRecovery]},
		{"deployment rework rate", shareText(card.Rework), shareNote(card.Rework, "rollouts were rework"), levels["deployment_rework_rate"]},
		{"time to restore, all incidents", survivalText(card.Restore), survivalNote(card.Restore, "incident"), ""},
		reliabilityRow(card.Reliability),
	}
	rows = append(rows, waitingRows(card.Waiting)...)
	rows = slices.Insert(rows, 2, stageRows(card.Stages)...) // below lead time
	if err := writeTable(w, rows); err != nil {
		return err
	}
	return writeRemarks(w, card)
}

// writeRemarks prints what limits the figures.
func writeRemarks(w io.Writer, card metrics.Scorecard) error {
	remarks := []string{}
	if card.Baselines > 0 {
		remarks = append(remarks, fmt.Sprintf("baselines, whose changes are not known and not counted: %s", rolloutsOf(card.Baselines)))
	}
	if card.FailRate.Settling > 0 {
		remarks = append(remarks, fmt.Sprintf("still settling, so that failures may not be known yet: %s", rolloutsOf(card.FailRate.Settling)))
	}
	if card.Unattributed > 0 {
		remarks = append(remarks, fmt.Sprintf("%d of %d incidents are attributed to no rollout", card.Unattributed, card.Incidents))
	}
	for _, reason := range slices.Sorted(maps.Keys(card.LeftOut)) {
		remarks = append(remarks, fmt.Sprintf("left out: %d × %s", card.LeftOut[reason], printable(reason)))
	}
	if len(remarks) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n- %s\n", strings.Join(remarks, "\n- "))
	return err
}

func rolloutsOf(n int) string { return counted(n, "rollout") }

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func levelText(l metrics.Level) string {
	if l.Level == "" {
		return ""
	}
	text := l.Words() + " (" + l.Edition
	if l.Gap {
		text += ", between two bands"
	}
	return text + ")"
}

func frequencyText(f metrics.Frequency) string {
	if f.State != metrics.OK {
		return string(f.State)
	}
	if f.Value != nil {
		return fmt.Sprintf("%g %s", *f.Value, f.Unit)
	}
	if *f.PerDay >= 1 {
		return fmt.Sprintf("%.1f a day", *f.PerDay)
	}
	return fmt.Sprintf("%.1f a week", *f.PerWeek)
}

func frequencyNote(f metrics.Frequency) string {
	note := "n = " + rolloutsOf(f.Rollouts)
	if f.DaysPerWeek != nil {
		note += fmt.Sprintf(", on %g days of the median week (%s)", *f.DaysPerWeek, counted(f.Weeks, "week"))
	}
	return note
}

// durationText is the headline; where it is the median it stands in the unit of the note beside it.
func durationText(d metrics.Duration) string {
	if d.State != metrics.OK {
		return string(d.State)
	}
	return durationWords(d)(*d.Headline())
}

// durationWords is how the spans of one line are worded.
func durationWords(d metrics.Duration) func(seconds float64) string {
	switch {
	case d.Value != nil:
		return metrics.InOneUnit(d.Value)
	case d.Interval == nil:
		return metrics.InOneUnit(d.Median, d.P90)
	}
	return metrics.InOneUnit(d.Median, d.P90, &d.Interval.Low, &d.Interval.High)
}

func durationNote(d metrics.Duration) string {
	note := "n = " + counted(d.N, "change") + " in " + rolloutsOf(d.Rollouts)
	if d.Value != nil {
		return fmt.Sprintf("n = %d; %s", d.N, d.Statistic)
	}
	if d.State != metrics.OK {
		return note
	}
	word := durationWords(d)
	if d.Interval != nil {
		note = fmt.Sprintf("rollouts' medians %.4g%% %s to %s; %s", 100*d.Interval.Coverage, word(d.Interval.Low), word(d.Interval.High), note)
	}
	return fmt.Sprintf("median; P90 %s; %s", word(*d.P90), note)
}

func shareText(s metrics.Share) string {
	if s.State != metrics.OK {
		return string(s.State)
	}
	return fmt.Sprintf("%.1f %%", 100**s.Value)
}

func shareNote(s metrics.Share, what string) string {
	note := fmt.Sprintf("%d of %d %s", s.Count, s.Of, what)
	if s.NoInterval != "" {
		return fmt.Sprintf("%d ÷ %d: %s", s.Count, s.Of, s.Statistic)
	}
	if s.Interval != nil {
		note += fmt.Sprintf("; 95%% %.1f to %.1f %%", 100*s.Interval.Low, 100*s.Interval.High)
	}
	return note
}

func survivalText(s metrics.Survival) string {
	if s.State != metrics.OK {
		return string(s.State)
	}
	value := s.Headline()
	if value == nil {
		return "not reached"
	}
	return survivalWords(s)(*value)
}

// survivalWords is how the spans of one line are worded; how long the longest is open stands by itself.
func survivalWords(s metrics.Survival) func(seconds float64) string {
	if s.Value != nil || s.Interval == nil {
		return metrics.InOneUnit(s.Headline())
	}
	return metrics.InOneUnit(s.Median, s.Interval.Low, s.Interval.High)
}

func survivalNote(s metrics.Survival, what string) string {
	note := "n = " + counted(s.N, what)
	switch {
	case s.Value != nil:
		note = fmt.Sprintf("n = %d; %s", s.N, s.Statistic)
	case s.State == metrics.OK && s.Interval != nil:
		note = fmt.Sprintf("median; 95%% %s to %s; %s", reachedText(s, s.Interval.Low), reachedText(s, s.Interval.High), note)
	}
	if s.Censored > 0 && s.Longest != nil {
		note += fmt.Sprintf(", %d still open, the longest for %s", s.Censored, metrics.InWords(*s.Longest))
	}
	return note
}

// reachedText is an end of the interval, which the curve may not reach.
func reachedText(s metrics.Survival, end *float64) string {
	if end == nil {
		return "not reached"
	}
	return survivalWords(s)(*end)
}
