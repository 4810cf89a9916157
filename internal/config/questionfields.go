package config

// questionFields are the keys of a file of questions.
func questionFields() []field {
	return []field{
		value("id", aName, "", "Id of the set.").must(),
		value("version", number(1, 1_000_000), "", "Version of the set; raise it with every change of wording.").must(),
		value("title", aText, "", "Title of the form.").must(),
		must(objects("questions", "", "The questions, in the order of the form.",
			value("id", aName, "", "Id of the question; it stays when the wording changes.").must(),
			value("name", aText, "", "One word for charts.").must(),
			value("text", aText, "", "The question.").must(),
			value("help", aText, "none", "A sentence below the question."),
			value("event_up_to", number(1, 3), "2", "The highest level that leans towards deployment as an event."),
			value("evidence", oneOf("evidence", "E1", "E2", "E3", "E4", "E5"), "none", "The evidence it is compared with."),
			must(objects("options", "", "Five options from event to habit, then `dont_know` and `does_not_apply` with level 0.",
				value("id", aName, "", "Id of the option; it stays when the wording changes.").must(),
				value("level", number(0, 5), "", "1 to 5, or 0 for the two that are not scored.").must(),
				value("text", aText, "", "What people choose.").must(),
			)),
		)),
		objects("foundations", "none", "The foundations that the questions speak for.",
			value("id", aName, "", "Id of the foundation.").must(),
			value("name", aText, "", "Name of the foundation.").must(),
			field{key: "weights", free: number(1, 2), required: true, doc: "Question id to weight: 2 primary, 1 secondary."},
		),
	}
}

func must(f field) field { return f.must() }
