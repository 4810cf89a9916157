package main

import (
	"encoding/json"
	"html"
	"strings"
	"testing"
	"time"

	"shiphabit/internal/demo"
)

// howItWentIn is what the pages must say of an action of the story.
func howItWentIn(a demo.Action, now time.Time) string {
	switch {
	case a.Done:
		return "done"
	case !a.LookedBack.IsZero():
		return "not done"
	case now.Before(a.Due.AddDate(0, 0, 1)):
		return "open"
	}
	return "overdue: nobody has said how it went"
}

// What teams decided stands on their page with what became of it, and in the report of the quarter in which their rounds closed.
func (s shown) actions(t *testing.T) {
	now := time.Now().UTC()
	pages := map[string]string{}
	for _, team := range s.made.Teams {
		pages[team.Name] = s.page(t, "/teams/"+team.Name)
	}
	seen := map[string]int{}
	for _, r := range s.made.Rounds {
		if r.Action == nil {
			continue
		}
		went := howItWentIn(*r.Action, now)
		seen[went]++
		row := ">" + html.EscapeString(r.Action.Text) + `</a></th><td role="cell" data-word="who, by role">` + r.Action.Owner + `</td><td role="cell" data-word="due">` + r.Action.Due.Format("2 Jan 2006") + "</td>"
		at := strings.Index(pages[r.Team], row)
		if at < 0 {
			t.Errorf("the page of %s lacks %q", r.Team, r.Action.Text)
			continue
		}
		if rest, _, _ := strings.Cut(pages[r.Team][at+len(row):], "</tr>"); !strings.Contains(rest, ">"+went+"<") {
			t.Errorf("%q is %s, and the page of %s says %s", r.Action.Text, went, r.Team, rest)
		}
	}
	if len(seen) != 4 {
		t.Errorf("of the ways in which an action goes, the demonstration has only %v", seen)
	}
	s.reported(t, now)
}

// reported compares the leadership report with the rounds of its quarter.
func (s shown) reported(t *testing.T, now time.Time) {
	var report struct {
		Period struct {
			From, To time.Time
		} `json:"period"`
		Sections []struct {
			ID     string            `json:"id"`
			Tables []json.RawMessage `json:"tables"`
		} `json:"sections"`
	}
	s.json(t, "/api/v1/reports/leadership", &report)
	if now.Before(report.Period.To.AddDate(0, 0, 7)) {
		return // teams have their results a week before anybody else
	}
	told := ""
	for _, section := range report.Sections {
		for _, table := range section.Tables {
			if section.ID == "actions" {
				told += string(table)
			}
		}
	}
	named := 0
	for _, r := range s.made.Rounds {
		if r.Action == nil || r.Closed.Before(report.Period.From) || !r.Closed.Before(report.Period.To) {
			continue
		}
		named++
		for _, words := range []string{r.Action.Text, howItWentIn(*r.Action, now), r.Action.Due.Format("2 Jan 2006")} {
			if text, _ := json.Marshal(words); !strings.Contains(told, strings.Trim(string(text), `"`)) {
				t.Errorf("the report does not say %q of %s:\n%s", words, r.Team, told)
			}
		}
	}
	if named < 3 {
		t.Errorf("only %d actions came of the quarter, too few to be told", named)
	}
}
