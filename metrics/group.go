package metrics

import (
	"fmt"
	"time"
)

// Group is the share of one day or service in a tally: what a statistic over groups needs of it, exact and mergeable as the tally.
type Group struct {
	LeadTimes  Sample `json:"lead_times,omitzero"`
	Recoveries Sample `json:"recoveries,omitzero"`
	Restores   Sample `json:"restores,omitzero"`
	// Count ÷ Of is its change fail rate.
	Count int `json:"count,omitempty"`
	Of    int `json:"of,omitempty"`
}

// group adds to the group to which something of that moment belongs, where the statistic is one over groups.
func (c *counter) group(t *Tally, statistic string, at time.Time, add func(*Group)) {
	switch statistic {
	case dailyMedians:
		t.inGroup(fmt.Sprint("day ", int(dayOf(at, c.query.Zone))), add)
	case serviceMeans:
		t.inGroup("service "+c.facts.Service, add)
	}
}

func (t *Tally) inGroup(key string, add func(*Group)) {
	if t.Groups == nil {
		t.Groups = map[string]Group{}
	}
	g := t.Groups[key]
	add(&g)
	t.Groups[key] = g
}

func (g *Group) gather(o Group) {
	g.LeadTimes.gather(o.LeadTimes)
	g.Recoveries.gather(o.Recoveries)
	g.Restores.gather(o.Restores)
	g.Count += o.Count
	g.Of += o.Of
}

// sort orders the spans in place: a sample shares them with its copies.
func (g Group) sort() {
	g.LeadTimes.sort()
	g.Recoveries.sort()
	g.Restores.sort()
}
