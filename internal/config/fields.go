package config

// mainFields are the keys of the configuration file.
func mainFields() []field {
	return []field{
		value("listen", anAddress, "127.0.0.1:8080", "Address the server listens on. Without `require_tokens` it has to be a loopback address, unless `serve` is told `--insecure`.").eg("127.0.0.1:8080"),
		value("db", aDSN, "a file in the user's data directory", "The database: a file for SQLite, or `postgres://…`. Take a password from the environment: `postgres://shiphabit:${DB_PASSWORD}@db/shiphabit`.").eg("/var/lib/shiphabit/shiphabit.db"),
		value("require_tokens", aBool, "false", "Whether every request needs a token. The server listens beyond this machine only when it is true.").eg("false"),
		list("hosts", aName, "only localhost and loopback addresses", "Names under which browsers and programs reach the server; a request under any other name is refused, so that a foreign page cannot use it.").eg("[shiphabit.example.org]"),
		value("time_zone", aZone, "UTC", "Time zone of windows, days and weeks, and of working hours that name none.").eg("Europe/Vienna"),
		value("week_start", weekday, "monday", "First day of a week.").eg("monday"),
		calendarField("calendar", "Monday to Friday, 9-18", "Working time of teams that have no calendar of their own."),
		objects("environments", "what the host states, else what such names usually mean: `prod` or `live` is production, and so on", "Kinds of environments by name; the first that matches wins, and goes before what a host states of the environment.", environmentFields()...),
		object("rules", "the defaults of the definitions", "How events become facts.", ruleFields()...),
		objects("definitions", "those that come with the program", "Definitions of the figures beside those that come with the program, to compute as another tool did.", definitionFields()...),
		objects("teams", "none", "Teams. They own services, and answer the five questions.", teamFields()...),
		rolesField("Roles that API tokens have for all services, by which a policy says who may override (`overrides.who`)."),
		objects("services", "each repository is a service", "Services. What no entry matches is a service named by its events, or by its repository.", serviceFields()...),
		objects("sources", "none", "Where records come from. The order decides between sources that report the same deployment.", sourceFields()...).ofTypes(sourceTypes),
		object("assessment", "the five questions that come with the program", "The self-assessment.", assessmentFields()...),
		object("notify", "reminders are texts to copy", "How teams are reached: mail, and chats.", notifyFields()...),
		objects("policies", "the built-in policy of each tier", "Policies of the release gate, each changing parts of the one below it: organisation, tier, team, service.", policyFields()...),
		objects("freezes", "none", "Times in which nothing but rollbacks and fixes goes out. They hold where the criterion `freeze` is enforced.", freezeFields()...),
		objects("identity", "API tokens only", "Issuers of the tokens that pipelines get from their runner: a job then asks the gate without a stored secret (docs/identity.md).", identityFields()...),
		objects("protection", "none", "Hosts that ask the gate before they let a deployment go on, and are told its word (docs/pipelines.md).", protectionFields()...),
		object("exposition", "all teams up to 1,000, all services up to 100", "Which teams and services have figures of their own on `/metrics`, for Prometheus (docs/integrations/prometheus-scrape.md). Figures of the organisation, and what the gate stops, are always there.",
			list("teams", aName, "all of them while they are at most 1,000, else none", "Teams with figures of their own, at most 1,000; `[]` for none."),
			list("services", aName, "all of them while they are at most 100, else none", "Services with figures of their own, at most 1,000; `[]` for none. Each has some 25 series."),
		),
		value("signing_key_file", aText, "verdicts are not signed", "File with the private key that signs the gate's verdicts, made by `shiphabit gate key create FILE`; the same for all servers on one database. A relative name is relative to this file."),
		value("previous_signing_key_file", aText, "none", "The private key that signed before, or its public key. What it signed is trusted for 24 hours after the rotation."),
		value("signing_key_rotated_at", anInstant, "none", "When `signing_key_file` took the place of the previous key; needed beside it. Files are dated anew wherever they are copied to, so their dates do not tell."),
	}
}

func calendarField(key, def, doc string) field {
	return object(key, def, doc,
		value("time_zone", aZone, "that of the file", "Time zone of the working hours.").eg("Europe/Vienna"),
		list("weekdays", weekday, "monday to friday", "Working days.").eg("[monday, tuesday, wednesday, thursday, friday]"),
		value("hours", hours, "9-18", "Working hours, from one full hour to another.").eg("9-18"),
		list("holidays", aDate, "none", "Days without work.").eg("[2026-12-25, 2026-12-26]"),
	)
}

func environmentFields() []field {
	return []field{
		value("match", aName, "", "Name of the environment, without regard to case; `*` at either end stands for anything.").must().eg(`"prod*"`),
		value("kind", kindOf, "", "What the environment is for.").must().eg("production"),
		value("as", aName, "each environment stands for itself", "Joins all environments that match under one name: a revision that goes to each of them in turn is then one rollout."),
	}
}

func ruleFields() []field {
	return []field{
		value("attribution_window", aSpan, "24h", "How long after it finished a rollout can be blamed for an incident that names none.").eg("24h"),
		value("rollout_gap", aSpan, "60m", "Attempts at one revision that start so long after the previous one ended are one rollout.").eg("60m"),
		list("failure_causes", cause, "all", "What makes a deployment count as failed.").eg("[run failed, rolled back, reverted, incident, unhealthy verdict, followed by a hotfix]"),
		value("max_severity", number(1, 4), "all, unstated ones included", "Incidents count up to this severity; 1 is the worst."),
		list("bots", aName, "none", "Programs among authors and reviewers, beside those that their host flags and those called a bot; `*` at either end stands for anything. A full name holds for what is stored already, a pattern for what is stored from then on.").eg("[renovate, \"deploy-*\"]"),
		value("skip_unchanged", aBool, "false", "Leaves out deployments of a monorepo service that bring no change below its paths.").eg("false"),
	}
}

func teamFields() []field {
	return []field{
		value("name", aName, "", "Name of the team.").must().eg("payments"),
		value("size", number(1, 1000), "not stated", "People in the team; a survey round needs it. Nobody's name is needed anywhere.").eg("6"),
		calendarField("calendar", "that of the file", "The team's working time."),
		teamNotifyField(),
		rolesField("Roles that API tokens have for the team's services, beside those for all."),
	}
}

func serviceFields() []field {
	return []field{
		value("name", aName, "", "Name of the service.").must().eg("payments-api"),
		value("team", aName, "none", "The team that owns it.").eg("payments"),
		value("tier", tier, "standard", "Risk class; it decides which gate policy holds.").eg("critical"),
		list("repositories", aName, "none", "Repositories it is built from, as its sources name them.").eg("[acme/payments]"),
		list("paths", aName, "the whole repository", "Folders of a monorepo that belong to it.").eg("[services/api]"),
		list("environments", aName, "all", "Environments that are its own, where services share a repository; `*` at either end stands for anything.").eg("[\"prod-*\"]"),
		list("labels", aLabel, "any", "Labels that a deployment carries if it is its own, each as name=value, where services share a repository; a value may have `*` at either end.").eg("[app=payments]"),
		value("attribution_window", aSpan, "that of the rules", "How long after it finished a rollout of this service can be blamed for an incident that names none.").eg("24h"),
		value("cadence", aText, "none", "A constraint on how often it can be released (app store, firmware); its index is then not compared."),
		calendarField("calendar", "that of its team", "Working time, where it differs from the team's."),
		object("runbook", "none", "The page that tells how to go back after a failed deployment. It shows in the evidence on the second question that the way back is ready (docs/assessments.md).",
			value("url", aPage, "", "Its address.").must().eg("https://wiki.example.org/payments-api/rollback"),
			value("touched", aDate, "", "The day it was last gone over; a later day is ignored until it comes.").must().eg("2026-07-01"),
		),
		list("drills", aDate, "none", "Days on which the team rehearsed going back. A drill within 90 days shows that the way back is practiced.").eg("[2026-05-12, 2026-08-18]"),
		rollbackField(),
	}
}

func sourceFields() []field {
	return []field{
		value("name", aName, "", "Name of the source, as it stands in events and messages.").must().eg("main-clone"),
		value("type", aName, "", "Kind of source: "+sourceTypeNames()+".").must().eg("git"),
		{key: "settings", free: aSetting, doc: "Settings of the source, by its type, see below; others are refused. Secrets (keys that end in `token`, `secret` or `password`) come from the environment as `${NAME}`, or from a file named by the key with `_file` at its end.", def: "none", example: "{path: /srv/clones/payments.git}"},
	}
}

// aSetting is checked further by the kind of source.
var aSetting = &scalar{name: "setting", json: "string", says: "a value"}

func assessmentFields() []field {
	return []field{
		value("floor", number(5, 10), "5", "Group size k: nothing is shown of fewer answers.").eg("5"),
		value("questions", aName, "the set that comes with the program", "File with a set of questions of your own, relative to this file."),
		object("evidence", "the defaults of the definitions", "Thresholds that turn records into levels 1 to 5.", evidenceFields()...),
	}
}
