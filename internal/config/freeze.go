package config

import (
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// The times of a freeze are read by the clock of its zone.
var (
	aMoment = &scalar{name: "moment", json: "string", pattern: `^\d{4}-\d{2}-\d{2} \d{2}:\d{2}$`, says: "a moment like 2026-12-23 18:00", accepts: func(s string) bool {
		_, err := time.Parse("2006-01-02 15:04", s)
		return err == nil
	}}
	aWeekly = &scalar{name: "hours of the week", json: "string",
		pattern: `^(sunday|monday|tuesday|wednesday|thursday|friday|saturday) \d{2}:\d{2} to (sunday|monday|tuesday|wednesday|thursday|friday|saturday) \d{2}:\d{2}$`,
		says:    "a span of the week like friday 16:00 to monday 08:00", accepts: func(s string) bool {
			from, to, _ := strings.Cut(s, " to ")
			return minuteOf(from) <= 24*60 && minuteOf(to) <= 24*60
		}}
)

// minuteOf is the minute after midnight of "friday 16:00"; more than a day's for a time that does not exist.
func minuteOf(s string) int {
	_, clock, _ := strings.Cut(s, " ")
	h, m, _ := strings.Cut(clock, ":")
	hour, _ := strconv.Atoi(h)
	minute, _ := strconv.Atoi(m)
	if minute > 59 {
		return 25 * 60
	}
	return 60*hour + minute
}

func dayOf(s string) time.Weekday {
	day, _, _ := strings.Cut(s, " ")
	return parseWeekday(day)
}

func freezeFields() []field {
	return []field{
		value("name", aName, "", "Name that decisions bear.").must().eg("holidays"),
		value("reason", aText, "none", "Why nothing goes out.").eg("few people are on call"),
		value("owner", aText, "none", "Who agreed to it.").eg("operations"),
		value("time_zone", aZone, "that of the file", "Where its times are read.").eg("Europe/Vienna"),
		value("from", aMoment, "not once", "When it begins, for one that is once.").eg("2026-12-23 18:00"),
		value("to", aMoment, "not once", "When it ends.").eg("2026-12-27 08:00"),
		value("weekly", aWeekly, "not weekly", "When it holds week after week, in place of `from` and `to`."),
		list("tiers", tier, "all", "Tiers it holds for.").eg("[critical, high]"),
		list("teams", aName, "all", "Teams it holds for."),
		list("services", aName, "all", "Services it holds for."),
		list("environments", aName, "production", "Environments it holds for, by name or kind.").eg("[production]"),
	}
}

// freezes reads the windows in which nothing but rollbacks and fixes goes out.
func (l *loader) freezes(n node, c Config) []gate.Window {
	var windows []gate.Window
	names := map[string]bool{}
	for i, item := range n.items() {
		path := index("freezes", i)
		l.unique(names, path, item)
		w := gate.Window{
			Name: item.at("name").text(), Reason: item.at("reason").text(), Owner: item.at("owner").text(), Zone: c.zone,
			Teams: item.at("teams").texts(), Services: item.at("services").texts(), Environments: item.at("environments").texts(),
		}
		if item.has("time_zone") {
			w.Zone, _ = time.LoadLocation(item.at("time_zone").text()) // the scalar has tried it
		}
		if len(w.Environments) == 0 {
			w.Environments = []string{string(metrics.Production)}
		}
		for _, t := range item.at("tiers").texts() {
			w.Tiers = append(w.Tiers, metrics.Tier(t))
		}
		l.bounds(path, item, &w)
		windows = append(windows, w)
	}
	return windows
}

func (l *loader) bounds(path string, item node, w *gate.Window) {
	once := item.has("from") || item.has("to")
	switch {
	case once && item.has("weekly"):
		l.at(path+".weekly", "stands beside from and to", "keep one of them")
	case item.has("weekly"):
		from, to, _ := strings.Cut(item.at("weekly").text(), " to ")
		w.Weekly = gate.Weekly{FromDay: dayOf(from), FromMinute: minuteOf(from), ToDay: dayOf(to), ToMinute: minuteOf(to), Set: true}
	case !item.has("from") || !item.has("to"):
		l.at(path, "has no beginning or no end", "give it from and to, or weekly")
	default:
		w.From, _ = time.ParseInLocation("2006-01-02 15:04", item.at("from").text(), w.Zone) // the scalar has tried them
		w.To, _ = time.ParseInLocation("2006-01-02 15:04", item.at("to").text(), w.Zone)
		if !w.To.After(w.From) {
			l.at(path+".to", "is not after from", "write a later moment")
		}
	}
}
