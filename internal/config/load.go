package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// Options are what a file may reach for. A nil function reaches nothing.
type Options struct {
	Env      func(name string) string // the value of ${NAME}
	ReadFile func(name string) ([]byte, error)
	// Secretless asks for no secret, neither in the environment nor in a file: everything else is checked all the same.
	Secretless bool
}

// Load reads a configuration file with all that it names. The error lists every fault with file, line and path.
func Load(file string, env func(string) string) (Config, error) {
	return load(file, Options{Env: env})
}

// LoadSecretless is Load for whoever uses no secret of the file, and may have none: somebody who works on a policy, or the pipeline of a merge request.
func LoadSecretless(file string, env func(string) string) (Config, error) {
	return load(file, Options{Env: env, Secretless: true})
}

func load(file string, o Options) (Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("reading the configuration: %w; name a file that is there", err)
	}
	folder := filepath.Dir(file)
	o.ReadFile = func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(folder, name)
		}
		return os.ReadFile(name)
	}
	c, err := Parse(file, text, o)
	if whole, wrong := filepath.Abs(file); wrong == nil && err == nil {
		c.File = whole
	}
	return c, err
}

// loader turns a checked file into a Config and finds the faults that one value alone does not show.
type loader struct {
	*report
	readFile func(string) ([]byte, error)
}

// Parse reads a configuration from text; file names it in faults.
func Parse(file string, text []byte, o Options) (Config, error) {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.ReadFile == nil {
		o.ReadFile = func(string) ([]byte, error) { return nil, errors.New("files cannot be read here") }
	}
	l := loader{report: newReport(file), readFile: o.ReadFile}
	l.secretless = o.Secretless
	root := l.read(text, mainFields(), o.Env)
	// Values that do not fit were refused above; what depends on several of them is looked at only when each is sound.
	if err := l.err(); err != nil {
		l.sources(root.at("sources")) // each stands for itself, so its faults can be told with the others
		return Config{}, l.err()
	}
	c := l.config(root)
	if err := l.err(); err != nil {
		return Config{}, err
	}
	c.File, c.shown = file, l.shown(root)
	return c, nil
}

func (l *loader) config(n node) Config {
	c := Config{
		Listen: n.at("listen").text(), DB: n.at("db").text(), DBFault: l.db, RequireTokens: n.at("require_tokens").bool(), Hosts: n.at("hosts").texts(),
		WeekStart: time.Monday, Floor: assessments.DefaultFloor,
	}
	if n.has("week_start") {
		c.WeekStart = parseWeekday(n.at("week_start").text())
	}
	if n.at("assessment").has("floor") {
		c.Floor = n.at("assessment").at("floor").number()
	}
	c.zone = time.UTC
	if n.has("time_zone") {
		c.zone, _ = time.LoadLocation(n.at("time_zone").text()) // the scalar has tried it
	}
	c.calendar = l.calendar("calendar", n.at("calendar"), metrics.DefaultCalendar(c.zone))
	c.Definitions = l.definitions(n.at("definitions"))
	c.Teams = l.teams(n.at("teams"), c.calendar)
	c.Services = l.services(n, c)
	c.Roles = l.roles("roles", n.at("roles"))
	c.Sources = l.sources(n.at("sources"))
	c.rules = rules(n, c)
	c.Questions = l.questions(n.at("assessment"))
	c.Thresholds = thresholds(n.at("assessment").at("evidence"))
	c.overlays = l.policies(n.at("policies"), c)
	c.Freezes = l.freezes(n.at("freezes"), c)
	c.Identity = l.identity(n.at("identity"))
	c.Protection = l.protection(n.at("protection"), c.Sources)
	c.Signing = l.signing(n)
	c.Notify = l.notify(n.at("notify"), c.Teams)
	c.Exposition = l.exposition(n.at("exposition"))
	return c
}

// mostExposed is the number of teams, and of services, that may be named.
const mostExposed = 1000

// exposition reads what is named. A list that is empty is one: it names none.
func (l *loader) exposition(n node) Exposition {
	named := func(key string) []string {
		if !n.has(key) {
			return nil
		}
		names := n.at(key).texts()
		if len(names) > mostExposed {
			l.at(join("exposition", key), fmt.Sprintf("names %d", len(names)), fmt.Sprintf("name at most %d: each has some 25 series", mostExposed))
		}
		return append([]string{}, names...)
	}
	return Exposition{Teams: named("teams"), Services: named("services")}
}

// calendar changes parts of the calendar above it.
func (l *loader) calendar(path string, n node, c metrics.Calendar) metrics.Calendar {
	if n.has("time_zone") {
		c.Zone, _ = time.LoadLocation(n.at("time_zone").text())
	}
	if n.has("weekdays") {
		c.Weekdays = nil
		for _, day := range n.at("weekdays").texts() {
			c.Weekdays = append(c.Weekdays, parseWeekday(day))
		}
		if len(c.Weekdays) == 0 {
			l.at(join(path, "weekdays"), "is empty", "name at least one working day")
		}
	}
	if n.has("hours") {
		c.FromHour, c.ToHour = parseHours(n.at("hours").text())
	}
	if n.has("holidays") {
		c.Holidays = map[string]bool{}
		for _, day := range n.at("holidays").texts() {
			c.Holidays[day] = true
		}
	}
	return c
}

func (l *loader) teams(n node, calendar metrics.Calendar) []Team {
	var teams []Team
	names := map[string]bool{}
	for i, item := range n.items() {
		path := index("teams", i)
		l.unique(names, path, item)
		teams = append(teams, Team{
			Name: item.at("name").text(), Size: item.at("size").number(),
			Calendar: l.calendar(path+".calendar", item.at("calendar"), calendar),
			Channels: channelsOf(item.at("notify")), Roles: l.roles(path+".roles", item.at("roles")),
		})
	}
	return teams
}

func (l *loader) services(n node, c Config) []Service {
	var services []Service
	names := map[string]bool{}
	for i, item := range n.at("services").items() {
		path := index("services", i)
		l.unique(names, path, item)
		s := Service{Service: metrics.Service{
			Name: item.at("name").text(), Team: item.at("team").text(), Tier: metrics.Standard, Cadence: item.at("cadence").text(),
			Repositories: item.at("repositories").texts(), Paths: item.at("paths").texts(),
		}}
		s.Environments, s.Labels = item.at("environments").texts(), labelsOf(item.at("labels").texts())
		if item.has("attribution_window") {
			s.AttributionWindow = item.at("attribution_window").span()
		}
		if item.has("tier") {
			s.Tier = metrics.Tier(item.at("tier").text())
		}
		if _, found := c.Team(s.Team); s.Team != "" && !found {
			l.at(path+".team", "there is no team "+quote(s.Team), "declare it under teams, or correct the name")
		}
		if len(s.Paths) > 0 && len(s.Repositories) == 0 {
			l.at(path+".paths", "paths without a repository", "name the repository they are in under repositories")
		}
		if len(s.Labels) > 0 && len(s.Repositories) == 0 {
			l.at(path+".labels", "labels without a repository", "name the repository that the service shares under repositories")
		}
		if len(s.Environments) > 0 && len(s.Repositories) == 0 {
			l.at(path+".environments", "environments without a repository", "name the repository that the service shares under repositories")
		}
		s.Calendar = l.calendar(path+".calendar", item.at("calendar"), c.Calendar("", s.Team))
		s.Readiness = readiness(item)
		s.Rollback = l.rollback(path, item, n.at("notify"))
		services = append(services, s)
	}
	return services
}

// readiness is what a service declares of its way back.
func readiness(n node) assessments.Readiness {
	r := assessments.Readiness{Service: n.at("name").text(), Runbook: n.at("runbook").at("url").text(), TouchedOn: parseDay(n.at("runbook").at("touched").text())}
	for _, day := range n.at("drills").texts() {
		r.DrilledOn = append(r.DrilledOn, parseDay(day))
	}
	return r
}

// labelsOf reads name=value; of one name given twice the last holds.
func labelsOf(all []string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	labels := map[string]string{}
	for _, one := range all {
		name, value, _ := strings.Cut(one, "=")
		labels[name] = value
	}
	return labels
}

// unique reports a name that an earlier item of the list has.
func (l *loader) unique(names map[string]bool, path string, item node) {
	name := item.at("name").text()
	if names[name] {
		l.at(path+".name", quote(name)+" is used before", "give each a name of its own")
	}
	names[name] = true
}

func rules(n node, c Config) metrics.Rules {
	r := metrics.DefaultRules()
	for _, s := range c.Services {
		r.Services = append(r.Services, s.Service)
	}
	var declared []metrics.EnvironmentRule
	for _, e := range n.at("environments").items() {
		declared = append(declared, metrics.EnvironmentRule{
			Pattern: e.at("match").text(), Kind: metrics.EnvironmentKind(e.at("kind").text()), As: e.at("as").text(),
		})
	}
	r.Environments = append(declared, r.Environments...)
	for _, s := range c.Sources {
		r.SourceOrder = append(r.SourceOrder, s.Name)
	}
	set := n.at("rules")
	if set.has("attribution_window") {
		r.AttributionWindow = set.at("attribution_window").span()
	}
	if set.has("rollout_gap") {
		r.RolloutGap = set.at("rollout_gap").span()
	}
	if set.has("failure_causes") {
		r.Causes = nil
		for _, cause := range set.at("failure_causes").texts() {
			r.Causes = append(r.Causes, metrics.Cause(cause))
		}
	}
	r.Bots = set.at("bots").texts()
	r.MaxSeverity = set.at("max_severity").number()
	r.SkipUnchanged = set.at("skip_unchanged").bool()
	return r
}

func (l *loader) questions(n node) assessments.Set {
	file := n.at("questions").text()
	if file == "" {
		return DefaultQuestions()
	}
	text, err := l.readFile(file)
	if err != nil {
		l.at("assessment.questions", "cannot be read: "+err.Error(), "name a file that the program may read")
		return assessments.Set{}
	}
	set, err := ParseQuestions(file, text)
	var faults Faults
	if errors.As(err, &faults) {
		l.faults = append(l.faults, faults...)
	}
	return set
}

func index(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
