package config

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
)

// Notify says how teams are reached.
type Notify struct {
	// PublicURL is the address at which people reach the pages, for links in messages.
	PublicURL string
	SMTP      *SMTP // nil when no mail server is configured
	Webhooks  []Webhook
}

// SMTP is a mail server.
type SMTP struct {
	Address  string
	Security string // "starttls", "tls" or "none"
	User     string
	Password Secret
	From     string
	CAFile   string
}

// Webhook is a chat's incoming webhook; its address is a secret.
type Webhook struct {
	Name string
	URL  Secret
}

// TeamChannels are where a team is reached.
type TeamChannels struct {
	Mail     []string
	Webhooks []string // names
}

var (
	mailSecurity = oneOf("security", "starttls", "tls", "none")
	aMailAddress = &scalar{name: "mail address", json: "string", says: "a mail address like team@example.org", accepts: func(s string) bool {
		_, err := mail.ParseAddress(s)
		return err == nil
	}}
	aWebhookURL = &scalar{name: "webhook", json: "string", says: "the webhook's address, a secret: `${NAME}`", secret: true}
)

func notifyFields() []field {
	return []field{
		value("public_url", aPage, "the address that was asked", "Address at which people reach the pages, for links in messages.").eg("https://shiphabit.example.org"),
		object("smtp", "no mail is sent", "The mail server.",
			value("address", anAddress, "", "Host and port.").must(),
			value("security", mailSecurity, "starttls", "How the way there is protected: `starttls` and `tls` check the server's certificate; `none` only on this machine."),
			value("user", aName, "no login", "User to log in with."),
			value("password", aHookSecret, "no login", "The user's password."),
			value("password_file", aText, "`password`", "File that holds nothing but the password."),
			value("from", aMailAddress, "", "Sender of the mails.").must(),
			value("ca_file", aText, "the system's certificates", "File of certificates (PEM) to trust beside the system's."),
		),
		objects("webhooks", "none", "Incoming webhooks of chats: Slack, Mattermost, Rocket.Chat and what is like them.",
			value("name", aName, "", "Name by which teams refer to it.").must(),
			value("url", aWebhookURL, "a fault", "Address that the chat gave. Whoever knows it can write there, so it is a secret. Needed, here or as a file."),
			value("url_file", aText, "`url`", "File that holds nothing but the address."),
		),
	}
}

func teamNotifyField() field {
	return object("notify", "reminders are texts to copy", "Where the team is reached.",
		list("mail", aMailAddress, "none", "Mail addresses; a list of the team, not of people."),
		list("webhooks", aName, "none", "Names of webhooks of `notify`."),
	)
}

// notify reads the channels, and checks that teams name such as there are.
func (l *loader) notify(n node, teams []Team) Notify {
	read := Notify{PublicURL: n.at("public_url").text()}
	if n.has("smtp") {
		read.SMTP = l.smtp("notify.smtp", n.at("smtp"))
	}
	names := map[string]bool{}
	for i, item := range n.at("webhooks").items() {
		path := index("notify.webhooks", i)
		l.unique(names, path, item)
		hook := Webhook{Name: item.at("name").text(), URL: l.hookSecret(path, "url", item)}
		if !webhookAddress(hook.URL) {
			l.at(path+".url", "is missing, or no address that begins with https://", "set it to what the chat gave; http:// works on this machine only")
		}
		read.Webhooks = append(read.Webhooks, hook)
	}
	for i, team := range teams {
		path := index("teams", i) + ".notify"
		if len(team.Channels.Mail) > 0 && read.SMTP == nil {
			l.at(path+".mail", "there is no mail server", "configure notify.smtp")
		}
		for _, name := range team.Channels.Webhooks {
			if !slices.ContainsFunc(read.Webhooks, func(w Webhook) bool { return w.Name == name }) {
				l.at(path+".webhooks", "there is no webhook "+quote(name), "declare it under notify.webhooks, or correct the name")
			}
		}
	}
	return read
}

func (l *loader) smtp(path string, n node) *SMTP {
	s := &SMTP{
		Address: n.at("address").text(), Security: "starttls", User: n.at("user").text(), Password: l.hookSecret(path, "password", n),
		From: n.at("from").text(), CAFile: n.at("ca_file").text(),
	}
	if n.has("security") {
		s.Security = n.at("security").text()
	}
	if host, _, _ := net.SplitHostPort(s.Address); s.Security == "none" && !onThisMachine(host) {
		l.at(path+".security", "none on the way to another machine", "use starttls or tls")
	}
	if (s.User == "") != (s.Password == "") {
		l.at(path, "a user and a password go together", "set both, or neither")
	}
	return s
}

func webhookAddress(s Secret) bool {
	u, err := url.Parse(s.Reveal())
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && onThisMachine(u.Hostname()))
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
