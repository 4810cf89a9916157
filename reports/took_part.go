package reports

import (
	"fmt"

	"shiphabit/assessments"
)

// whoAnswered words who took part in the rounds of a quarter: people who answered singly, and teams that gave one answer together, which
// are no respondents. It stands in the middle of a sentence.
func whoAnswered(r *assessments.Rollup) string {
	agreed := ""
	switch {
	case r.Agreed == 1 && r.AgreedUnsized == 0:
		agreed = "one team of " + Count(r.AgreedPeople) + " gave one agreed answer"
	case r.Agreed == 1:
		agreed = "one team gave one agreed answer"
	case r.Agreed > 1 && r.AgreedUnsized == 0:
		agreed = fmt.Sprintf("%s teams of %s together gave one agreed answer each", Count(r.Agreed), plural(r.AgreedPeople, "person", "people"))
	case r.Agreed > 1:
		agreed = Count(r.Agreed) + " teams gave one agreed answer each"
	}
	if r.Teams == r.Agreed {
		return agreed
	}
	singly := fmt.Sprintf("%s of %s in %s answered", Count(r.Respondents), plural(r.Asked, "person", "people"), plural(r.Teams-r.Agreed, "team", "teams"))
	if agreed == "" {
		return singly
	}
	return singly + ", and " + agreed
}
