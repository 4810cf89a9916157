package config

import (
	"slices"
	"strings"
)

// Protection is a host that asks the gate before it lets a deployment go on. Its deliveries arrive at /hooks/NAME.
type Protection struct {
	Name, Kind         string
	URL, CAFile, Proxy string
	AppID              string
	PrivateKeyFile     string
	Token              Secret
	WebhookSecret      Secret
	PreviousSecret     Secret // "" when none is being replaced
	Services           []Protected
}

// Protected maps a project at the host to a service.
type Protected struct {
	Project      string // number or name of the repository or project, namespace/name of a canary
	Service      string
	Environments []string // the host's; none means all
	As           string   // the environment that the gate is asked about; "" is the host's own
}

var (
	protectionKind = oneOf("kind", "github", "gitlab", "flagger")
	aHostURL       = &scalar{name: "address", json: "string", says: "an address like https://github.example.com/api/v3 (http only on this machine)", accepts: isIssuer}
	aProjectName   = &scalar{name: "project", json: "string", pattern: `^[^\s/\x00-\x1f]+(/[^\s/\x00-\x1f]+)+$`, says: "a name like acme/payments", accepts: func(s string) bool { return len(s) <= 400 }}
	aNumber        = &scalar{name: "id", json: "string", pattern: `^\d{1,18}$`, says: "a number in quotes like \"42\""}
	aHookSecret    = &scalar{name: "secret", json: "string", says: "a secret: `${NAME}`", secret: true}
)

// protectionFields have no place in the example: they hold secrets and numbers that are nobody's.
func protectionFields() []field {
	return []field{
		value("name", aName, "", "Name of the entry; what the host sends arrives at `/hooks/NAME`, and its decisions have the caller `protection:NAME`.").must(),
		value("kind", protectionKind, "", "`github`: custom deployment protection rule of a GitHub App. `gitlab`: external status check of merge requests. `flagger`: hooks of Flagger.").must(),
		value("webhook_secret", aHookSecret, "a fault", "Secret that the host signs with; of Flagger the token in the hooks' metadata. Needed, here or as a file."),
		value("webhook_secret_file", aText, "`webhook_secret`", "File that holds nothing but the secret."),
		value("previous_webhook_secret", aHookSecret, "none", "The secret before it, still valid while one replaces the other."),
		value("url", aHostURL, "github.com, gitlab.com", "Address of the host's interface, like `https://github.example.com/api/v3` or `https://gitlab.example.com/api/v4`."),
		value("ca_file", aText, "the system's certificates", "File of certificates (PEM) to trust beside the system's."),
		value("proxy", aHostURL, "that of the environment", "Address of a proxy."),
		value("app_id", aName, "a fault where it is needed", "Of `github`: the app's id or client id."),
		value("private_key_file", aText, "a fault where it is needed", "Of `github`: file of the app's private key, as GitHub gave it (PEM)."),
		value("token", aHookSecret, "a fault where it is needed", "Of `gitlab`: token with the scope `api` of somebody with the role Developer or above."),
		value("token_file", aText, "`token`", "File that holds nothing but the token."),
		objects("services", "of `flagger`, the canary's own name; else every deployment waits until its service is mapped", "Which project deploys which service. Of several that fit the first holds.",
			value("repository_id", aNumber, "`repository`", "Of `github`: number of the repository; it cannot be taken over by others."),
			value("repository", aProjectName, "`repository_id`", "Of `github`: its name, in place of the number."),
			value("project_id", aNumber, "a fault where it is needed", "Of `gitlab`: number of the project."),
			value("canary", aProjectName, "a fault where it is needed", "Of `flagger`: NAMESPACE/NAME of the canary."),
			value("service", aName, "", "The service.").must(),
			list("environments", aName, "all", "Environments of the host for which this holds, where one repository deploys several services."),
			value("as", aName, "the host's own name, else production", "Environment that the gate is asked about."),
		),
	}
}

// projectKeys are the keys that name a project, by kind.
var projectKeys = map[string][]string{"github": {"repository_id", "repository"}, "gitlab": {"project_id"}, "flagger": {"canary"}}

// protection reads the hosts that ask the gate. Their names are addresses, as those of the sources are.
func (l *loader) protection(n node, sources []Source) []Protection {
	var all []Protection
	names := map[string]bool{}
	for _, s := range sources {
		names[s.Name] = true
	}
	for i, item := range n.items() {
		path := index("protection", i)
		l.unique(names, path, item)
		one := Protection{
			Name: item.at("name").text(), Kind: item.at("kind").text(), URL: item.at("url").text(), CAFile: item.at("ca_file").text(), Proxy: item.at("proxy").text(),
			AppID: item.at("app_id").text(), PrivateKeyFile: item.at("private_key_file").text(),
		}
		if strings.Contains(one.Name, "/") {
			l.at(path+".name", "has a slash in it", "choose a name that can stand in an address")
		}
		one.WebhookSecret = l.hookSecret(path, "webhook_secret", item)
		one.Token = l.hookSecret(path, "token", item)
		one.PreviousSecret = Secret(item.at("previous_webhook_secret").text())
		if one.WebhookSecret == "" {
			l.at(path+".webhook_secret", "is missing", "add it, or webhook_secret_file: without it anybody could ask in the host's name")
		}
		l.needs(path, one, item)
		one.Services = l.protected(path, one.Kind, item.at("services"))
		all = append(all, one)
	}
	return all
}

func (l *loader) hookSecret(path, key string, item node) Secret {
	if !item.has(key + "_file") {
		return Secret(item.at(key).text())
	}
	if item.has(key) {
		l.at(path+"."+key, "is given twice, once as a file", "keep one of them")
	}
	into := map[string]Secret{}
	l.secret(path+"."+key+"_file", key, true, item.at(key+"_file"), into)
	return into[key]
}

// needs reports what a kind cannot do without, and what it has no use for.
func (l *loader) needs(path string, p Protection, item node) {
	uses := map[string][]string{"github": {"app_id", "private_key_file"}, "gitlab": {"token"}}
	for _, key := range []string{"app_id", "private_key_file", "token"} {
		needed, given := slices.Contains(uses[p.Kind], key), item.has(key) || item.has(key+"_file")
		switch {
		case needed && !given:
			l.at(path, key+" is missing", "add it: an entry of kind "+p.Kind+" cannot do without")
		case !needed && given:
			l.at(path+"."+key, "is of no use to the kind "+p.Kind, "leave it out")
		}
	}
}

func (l *loader) protected(path, kind string, n node) []Protected {
	var all []Protected
	for i, item := range n.items() {
		at := index(path+".services", i)
		one := Protected{Service: item.at("service").text(), Environments: item.at("environments").texts(), As: item.at("as").text()}
		named := 0
		for _, key := range []string{"repository_id", "repository", "project_id", "canary"} {
			if !item.has(key) {
				continue
			}
			named++
			if one.Project = item.at(key).text(); !slices.Contains(projectKeys[kind], key) {
				l.at(at+"."+key, "is of no use to the kind "+kind, "write "+strings.Join(projectKeys[kind], " or "))
			}
		}
		if named != 1 {
			l.at(at, "names not exactly one project", "write "+strings.Join(projectKeys[kind], " or "))
		}
		all = append(all, one)
	}
	return all
}
