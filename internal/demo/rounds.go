package demo

import (
	"fmt"
	"time"
)

// Round is one round of the five questions in one team.
type Round struct {
	ID, Team       string
	Consensus      bool
	Opened, Closed time.Time
	Published      time.Time
	Answers        [][5]int // levels from 1 to 5 in the order of the questions, 0 for "don't know"; one line a respondent
	Action         *Action  // decided after closing; nil for none
}

// voice is what a team says: its answers at the beginning of the rounds and now.
type voice struct{ then, now [][5]int }

const (
	quarters    = 5       // rounds that each team has held
	daysBetween = 91      // from one to the next
	lastOpened  = 26      // days before the end
	openFor     = 9 * day // a round takes answers
)

// rounds are those of all teams, the last of them closed two weeks before the end.
func rounds(o *Organisation) []Round {
	var all []Round
	for q := range quarters {
		for i, team := range o.Teams {
			opened := o.End.AddDate(0, 0, -lastOpened-daysBetween*(quarters-1-q)).Add(8*hour + time.Duration(i)*10*time.Minute)
			v := voices[team.Name]
			answers := v.now
			if q < quarters/2 {
				answers = v.then
			}
			all = append(all, Round{
				ID: fmt.Sprintf("demo-%s-%s", team.Name, opened.Format("2006-01")), Team: team.Name, Consensus: team.Size < 5, Answers: answers,
				Opened: opened, Closed: opened.Add(openFor), Published: opened.Add(openFor + 7*day), Action: actionOf(team.Name, q, opened.Add(openFor), o.End),
			})
		}
	}
	return all
}

var voices = map[string]voice{
	// From the train to every day, and the team notices.
	"checkout": {
		then: [][5]int{{3, 2, 1, 2, 1}, {3, 2, 1, 2, 2}, {3, 3, 2, 2, 1}, {2, 2, 1, 1, 1}, {3, 2, 1, 2, 2}, {3, 3, 1, 2, 1}, {3, 2, 2, 0, 2}},
		now:  [][5]int{{5, 4, 5, 4, 5}, {5, 4, 4, 4, 5}, {4, 4, 5, 4, 4}, {5, 4, 5, 5, 5}, {5, 3, 5, 4, 5}, {4, 4, 4, 4, 4}, {5, 4, 5, 4, 5}, {4, 4, 4, 0, 4}},
	},
	"payments": {
		then: [][5]int{{4, 3, 3, 4, 3}, {4, 3, 3, 4, 3}, {4, 3, 2, 3, 3}, {3, 3, 3, 4, 4}, {4, 4, 3, 4, 3}, {4, 3, 3, 4, 3}},
		now:  [][5]int{{4, 4, 4, 4, 4}, {4, 4, 4, 4, 4}, {3, 4, 3, 5, 4}, {4, 4, 4, 4, 4}, {4, 5, 4, 4, 3}, {3, 4, 4, 4, 4}},
	},
	// Says more than its records show.
	"storefront": {
		then: [][5]int{{5, 4, 4, 4, 4}, {4, 4, 4, 4, 4}, {5, 4, 5, 4, 4}, {4, 5, 4, 4, 5}, {5, 4, 4, 5, 4}, {5, 4, 4, 4, 4}},
		now:  [][5]int{{5, 5, 4, 4, 5}, {5, 4, 5, 4, 4}, {4, 5, 4, 5, 5}, {5, 4, 5, 4, 4}, {5, 5, 4, 4, 5}, {5, 4, 4, 5, 4}, {5, 5, 5, 4, 4}},
	},
	// Says less.
	"search": {
		then: [][5]int{{3, 2, 3, 2, 3}, {3, 2, 3, 2, 3}, {2, 2, 4, 2, 3}, {3, 3, 3, 2, 2}, {3, 2, 3, 3, 3}},
		now:  [][5]int{{3, 2, 3, 2, 3}, {3, 2, 4, 2, 3}, {2, 3, 3, 3, 3}, {3, 2, 3, 2, 2}, {3, 2, 3, 2, 3}, {2, 2, 4, 3, 3}},
	},
	// Sees it in two ways.
	"identity": {
		then: [][5]int{{2, 2, 2, 3, 2}, {4, 3, 4, 3, 4}, {3, 3, 3, 3, 3}, {3, 2, 3, 3, 3}, {4, 3, 4, 4, 3}, {2, 3, 2, 3, 3}, {3, 3, 3, 3, 3}},
		now:  [][5]int{{1, 2, 1, 3, 1}, {2, 2, 1, 3, 2}, {2, 1, 2, 3, 1}, {1, 2, 2, 2, 2}, {5, 5, 5, 4, 5}, {5, 4, 4, 3, 4}, {4, 4, 5, 4, 5}, {5, 5, 4, 3, 4}},
	},
	// Four people agree on one answer.
	"platform": {
		then: [][5]int{{3, 3, 4, 3, 3}},
		now:  [][5]int{{4, 4, 5, 4, 4}},
	},
}
