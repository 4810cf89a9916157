package reports

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// Digest is what the weekly digest of a team or of an organisation is made of. Its period are four weeks: one alone is mostly too short
// for a change to be told from noise.
type Digest struct {
	Basis
	// Team is empty for leadership, which gets numbers where a team gets the names of its services.
	Team string
	// Week are the figures of the last seven days.
	Week metrics.Scorecard
	// Rows are the services with their figures of the last ninety days and what the gate would say now.
	Rows []ServiceRow
	// Weeks are the last twelve whole weeks.
	Weeks []metrics.Point
	// Rounds are those that are open.
	Rounds []assessments.Round
	// Decided are the team's last rounds that are over, with what came of each; leadership reads of actions in its report.
	Decided []RoundOver
	// Base is the address of the server, before the paths of links.
	Base string
}

// WeeklyDigest tells what changed beyond noise and what is unfinished, with one link each.
func WeeklyDigest(in Digest) Document {
	d := in.document("digest", "Weekly digest", cmp.Or(in.Team, in.Place, "the whole organisation"))
	d.Address = in.Base
	d.Lead = "What changed beyond noise, and what is unfinished."
	d.Sections = []Section{
		{ID: "changed", Title: "What changed", Text: []string{in.weekSays()}, Items: in.changes()},
		{ID: "unfinished", Title: "What is unfinished", Items: in.unfinished()},
	}
	if weeks, shown := in.weeks(); shown {
		d.Sections = append(d.Sections, weeks)
	}
	if len(d.Sections[0].Items) == 0 {
		d.Sections[0].Text = append(d.Sections[0].Text, "Nothing changed beyond noise in the last four weeks.")
	}
	if len(d.Sections[1].Items) == 0 {
		d.Sections[1].Text = []string{"Nothing, as far as the records tell."}
	}
	return d
}

func (in Digest) weekSays() string {
	n, failed := in.Week.Frequency.Rollouts, "none"
	if n == 0 {
		return "In the last seven days nothing was deployed to production."
	}
	if in.Week.FailRate.Count > 0 {
		failed = Count(in.Week.FailRate.Count)
	}
	return fmt.Sprintf("In the last seven days there %s to production; %s failed.", plural2(n, "was %s deployment", "were %s deployments"), failed)
}

// weeks shows the last weeks of which records tell, as a picture and as the table that says the same.
func (in Digest) weeks() (s Section, shown bool) {
	points := slices.DeleteFunc(slices.Clone(in.Weeks), func(p metrics.Point) bool { return !p.To.After(in.First) })
	g := Grid{Bars: true, Table: Table{Caption: "Deployments to production by week", Head: []Head{{Text: "Week from"}, {"Deployments", true}, {"Of these failed", true}}}}
	var all metrics.Scorecard
	for i, p := range points {
		points[i].Label = p.From.In(in.Zone).Format("2 Jan")
		all.Frequency.Rollouts += p.Scorecard.Frequency.Rollouts
		g.Windows = append(g.Windows, p.Window)
		g.Rows = append(g.Rows, []Cell{{Text: p.From.In(in.Zone).Format("2 Jan 2006")}, {Text: Count(p.Scorecard.Frequency.Rollouts)}, {Text: Count(p.Scorecard.FailRate.Count)}})
	}
	if all.Frequency.Rollouts == 0 {
		return s, false
	}
	c := HowOften(all, points, "week")
	c.Title, c.Label = "Deployments per week", "Bar chart. Deployments per week, and how many failed"
	return Section{ID: "weeks", Title: "Week by week", Charts: []Chart{c}, Grids: []Grid{g}}, true
}

// changes are the moves of the five figures that are claimed.
func (in Digest) changes() []Item {
	var items []Item
	for _, figure := range []string{metrics.FigureFrequency, metrics.FigureLeadTime, metrics.FigureFailRate, metrics.FigureRecovery, metrics.FigureRework} {
		change := in.moved(figure)
		if !change.Claimed {
			continue
		}
		q := url.Values{"from": {in.Period.Window.From.Format("2006-01-02")}, "to": {in.Period.Window.To.AddDate(0, 0, -1).Format("2006-01-02")}}
		items = append(items, Item{Text: compared[figure].title + " " + change.Says + " against " + in.Period.Than + ".", Href: in.Base + segments("explain", figure) + "?" + q.Encode()})
	}
	return items
}

// unfinished are failures that are open, services that the gate would stop, sources in trouble, and rounds that take answers.
func (in Digest) unfinished() []Item {
	var items []Item
	open, held := 0, 0
	for _, r := range in.Rows {
		at := in.Base + segments("services", r.Service.Name)
		if n := r.Card.Recovery.Censored; n > 0 {
			open++
			if in.Team != "" {
				items = append(items, Item{r.Service.Name + ": " + plural(n, "failed deployment has", "failed deployments have") + " not recovered.", at})
			}
		}
		if r.Gate.Standing().Stops() {
			held++
			if in.Team != "" {
				items = append(items, Item{r.Service.Name + ": the gate would not let a promotion pass. " + r.Gate.Says(), at + "/gate"})
			}
		}
	}
	if in.Team == "" && open > 0 {
		items = append(items, Item{plural(open, "service has", "services have") + " a failed deployment that has not recovered.", in.Base + "/gate"})
	}
	if in.Team == "" && held > 0 {
		items = append(items, Item{"The gate would not let a promotion of " + plural(held, "service", "services") + " pass.", in.Base + "/gate"})
	}
	for _, g := range in.Diagnosis.Groups(1) {
		if g.Severity == doctor.Trouble {
			items = append(items, Item{g.Title + " (" + plural(g.N, "place", "places") + ").", in.Base + "/doctor"})
		}
	}
	if a := newestOverdue(in.Decided, in.AsOf); a != nil {
		items = append(items, Item{"Nobody has said yet how this went, which the team decided to do by " + dueOn(*a) + ": " + a.Text, in.Base + segments("teams", in.Team) + "#actions"})
	}
	return append(items, in.rounds()...)
}

// rounds tells of those that are open: to a team its own, to leadership how many.
func (in Digest) rounds() []Item {
	answered, asked := 0, 0
	for _, r := range in.Rounds {
		answered, asked = answered+r.Respondents, asked+r.Capacity()
	}
	if len(in.Rounds) == 0 {
		return nil
	}
	at := in.Base + "/assessments"
	if in.Team != "" {
		at = in.Base + segments("teams", in.Team)
	}
	return []Item{{fmt.Sprintf("%s of the five questions: %s of %s in so far.", plural(len(in.Rounds), "open round", "open rounds"), Count(answered), plural(asked, "answer", "answers")), at}}
}

// inWords is a row as a line: "2 Mar 2026: deployments 12, of these failed 1".
func (t Table) inWords(row []Cell) string {
	var parts []string
	for i, c := range row[1:] {
		parts = append(parts, lower(t.Head[i+1].Text)+" "+c.Text)
	}
	return row[0].Text + ": " + strings.Join(parts, ", ")
}

// PlainText writes a document for those who read nothing else: the same sentences and links, and its tables as lines.
func (d Document) PlainText(w io.Writer) error {
	var out strings.Builder
	line := func(text string) {
		out.WriteString(strings.Join(strings.Fields(strings.ReplaceAll(text, thin, " ")), " ") + "\n")
	}
	line(strings.TrimSuffix(d.Title+": "+d.Subject, ": "))
	line(d.About())
	for _, text := range append(append([]string{}, d.Marks...), d.Summary...) {
		line(text)
	}
	for _, s := range d.Sections {
		out.WriteString("\n")
		line(strings.ToUpper(s.Title))
		for _, text := range s.Text {
			line(text)
		}
		for _, i := range s.Items {
			line("- " + i.Text)
			if i.Href != "" {
				out.WriteString("  " + strings.Join(strings.Fields(i.Href), "") + "\n")
			}
		}
		for _, g := range s.Grids {
			line(g.Caption + ":")
			for _, row := range g.Rows {
				line("- " + g.inWords(row))
			}
		}
		for _, text := range s.Notes {
			line(text)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}
