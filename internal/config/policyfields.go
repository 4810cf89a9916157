package config

import "slices"

// policyFields are the keys of a policy; those of its terms are made from the table of terms.
func policyFields() []field {
	fields := []field{
		value("apiVersion", oneOf("version", "shiphabit/v1"), "", "The form of the policy.").must().eg("shiphabit/v1"),
		value("kind", oneOf("kind", "Policy"), "", "What the document is.").must().eg("Policy"),
		must(object("metadata", "", "What the policy is called.",
			value("name", aName, "", "Name that decisions bear.").must().eg("standard"),
			value("version", number(1, 1_000_000), "1", "Version that decisions bear; raise it with every change.").eg("1"),
		)),
		object("applies_to", "the whole organisation", "What the policy holds for: one of these.",
			value("tier", tier, "not named", "A tier.").eg("standard"),
			value("team", aName, "not named", "A declared team."),
			value("service", aName, "not named", "A declared service."),
		),
	}
	var locks []string
	for _, t := range terms() {
		fields = grow(fields, t.keys(), t)
		if !slices.Contains(locks, t.lock()) {
			locks = append(locks, t.lock())
		}
	}
	return append(fields, list("locked", oneOf("criterion", locks...), "none", "What policies further in may tighten and not loosen. A ceiling may not lower a locked criterion, nor a shorter watch one that waits for it.").eg("[data-fresh]"))
}

// groupDocs describe the groups of keys in a policy.
var groupDocs = map[string]string{
	"overrides": "What people may set aside, and for how long.",
	"ceilings":  "The most any criterion may do in environments of a kind.",
	"criteria":  "What was agreed. A criterion the tier does without needs a mode; its other values are then those of tier critical.",
	"reopen":    "How a stopped service opens again.",

	"failure-meter":         "Stops a service whose deployments fail too often.",
	"restore-first":         "Wants a failed deployment repaired before anything else goes out.",
	"open-incidents":        "Minds unresolved incidents.",
	"previous-change":       "Waits for the previous change's watch to end.",
	"data-fresh":            "Minds records that have not arrived.",
	"rollback-ready":        "Wants something to go back to.",
	"test-evidence":         "Wants the artifact's tests to have passed.",
	"changed-line-coverage": "Wants changed lines tested.",
	"batch-size":            "Minds large promotions.",
	"own-usual":             "Warns of a service that has become worse than its own usual, within the limit.",
	"restored-in-time":      "Minds a service whose incidents are not over within the agreed time.",
	"error-budget":          "Minds what is left of the error budget, as measured, else as the request states it.",
	"monitoring-live":       "Wants the signals seen that would show a bad deployment.",
	"freeze":                "Minds the times in which nothing goes out.",
	"drain":                 "Lets what waited during a stop or a freeze go out one at a time.",
}

// grow adds a term's field below the groups of its path.
func grow(fields []field, keys []string, t term) []field {
	if len(keys) == 1 {
		f := value(t.key, t.scalar, "that of the layer below", t.doc)
		if t.many {
			f = list(t.key, t.scalar, "that of the layer below; at the bottom nobody needs one", t.doc)
		}
		f.example = termExamples[t.path()]
		return append(fields, f)
	}
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == keys[0] })
	if i < 0 {
		i = len(fields)
		fields = append(fields, field{key: keys[0], doc: groupDocs[keys[0]], def: "that of the layer below"})
	}
	fields[i].fields = grow(fields[i].fields, keys[1:], t)
	return fields
}

// termExamples are the values of the example file.
var termExamples = map[string]string{
	"watch": "15m", "unreachable": "open", "overrides.max": "24h", "overrides.uses": "1",
	"criteria.failure-meter.mode":                              "enforce",
	"criteria.failure-meter.not_acceptable":                    "1 in 6",
	"criteria.failure-meter.wrong_stop":                        "at most 1 in 2 years",
	"criteria.failure-meter.reopen.good_in_a_row":              "3",
	"criteria.failure-meter.reopen.probes_per_day":             "2",
	"criteria.restore-first.open_failed_deployment_older_than": "60m",
	"criteria.data-fresh.max_age":                              "6h",
	"criteria.data-fresh.on_unknown":                           "warn",
}
