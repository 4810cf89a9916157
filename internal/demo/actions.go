package demo

import "time"

// Action is what a team decides to do after a round. Its owner is a role or a team.
type Action struct {
	Text, Owner string
	// Due and LookedBack are days at midnight; nobody has said how it went while LookedBack is zero.
	Due, LookedBack time.Time
	Done            bool
}

// intent is an action before it is known when its round closes.
type intent struct {
	text, owner string
	days        int // after closing until it is due
	said        outcome
}

// outcome is what a team says of its action: nothing, or how it went and how many days after closing that was said.
type outcome struct {
	word string
	days int
}

func done(days int) outcome    { return outcome{"done", days} }
func notDone(days int) outcome { return outcome{"not done", days} }

const nextRound = daysBetween // most teams look back when their next round opens

// actionOf is what a team decided after its round of a quarter; nil where it decided nothing. What would have been said after the end
// has not been said yet.
func actionOf(team string, quarter int, closed, end time.Time) *Action {
	in := intents[team][quarter]
	if in.text == "" {
		return nil
	}
	day := closed.Truncate(24 * time.Hour)
	a := &Action{Text: in.text, Owner: in.owner, Due: day.AddDate(0, 0, in.days)}
	if back := day.AddDate(0, 0, in.said.days); in.said.word != "" && back.Before(end) {
		a.LookedBack, a.Done = back, in.said.word == "done"
	}
	return a
}

// intents are those of each team by quarter. In each of the last two quarters, one of which a leadership report is about, some are done,
// some open and some overdue.
var intents = map[string][quarters]intent{
	"checkout": {
		{"Let a second train go on Thursdays, with half the changes", "release lead", 60, done(40)},
		{"Drop the trains: a change goes out when it is ready", "the whole team", 90, done(nextRound)},
		{"Give up the release meeting; what is special goes into standup", "release lead", 60, done(nextRound)},
		{"Rehearse going back once a month, order-api first", "on-call", 84, done(80)},
		{"Let the pipeline of checkout-web read the four signals itself", "the whole team", 80, outcome{}},
	},
	"payments": {
		{"Agree on what makes a failed deployment an incident", "on-call", 45, done(45)},
		{"Write the way back of ledger down and try it", "on-call", 80, done(nextRound)},
		{"Look at each failure of payments-api within two days", "on-call", 80, done(nextRound)},
		{"Let standard services go out without approval from outside", "team lead", 84, notDone(nextRound)},
		{"Name the few kinds of change that still need an approval", "team lead", 40, done(9)},
	},
	"storefront": {
		{"Send alarms to the team instead of to support", "product owner", 80, notDone(nextRound)},
		{"Send alarms to the team instead of to support, product-page first", "product owner", 80, notDone(nextRound)},
		{},
		{"Give image-resizer a health check after each deployment", "on-call", 75, outcome{}},
		{"Go through the records of the quarter together", "the whole team", 10, outcome{}},
	},
	"search": {
		{"Hang the deployment timeline up where the team sits", "the whole team", 30, done(30)},
		{},
		{"Count for a month how often somebody really had to step in", "on-call", 60, done(nextRound)},
		{"Show what the pipeline took back by itself, week by week", "on-call", 60, done(50)},
		{"Retire the written release notice; the channel tells it already", "the whole team", 60, outcome{}},
	},
	"identity": {
		{"Try the rollback of login outside working hours once", "on-call", 80, notDone(nextRound)},
		{"Move permissions off the shared release day", "team lead", 80, done(nextRound)},
		{"Split the batch of login in two", "the whole team", 80, done(nextRound)},
		{"Sit together for an hour over where the answers part", "team lead", 30, done(35)},
		{"Pair the two halves of the team on one release each", "team lead", 12, outcome{}},
	},
	"platform": {
		{"Write down how message-bus is brought back", "the whole team", 60, done(nextRound)},
		{"Stop batching changes of config-store by week", "the whole team", 80, done(nextRound)},
		{"Give every service of the platform a health check", "on-call", 85, notDone(nextRound)},
		{"Move tax-tables to the shared pipeline", "the whole team", 170, outcome{}},
		{},
	},
}
