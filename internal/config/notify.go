package config

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
	"time"
)

// Notify says how teams and leadership are reached.
type Notify struct {
	// PublicURL is the address at which people reach the pages, for links in messages.
	PublicURL string
	SMTP      *SMTP // nil when no mail server is configured
	Webhooks  []Webhook
	// Leadership is where leadership is reached; Digests is when digests go out by themselves, nil for never.
	Leadership Channels
	Digests    *Digests
	// Gate: teams are told what happens at the gate that wants their eyes.
	Gate bool
}

// Digests is when the digests of a week go out: from that hour of that day, in the organisation's time zone.
type Digests struct {
	Weekday time.Weekday
	Hour    int
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

// Channels are where a team or leadership is reached.
type Channels struct {
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
			value("name", aName, "", "Name by which `notify` of teams and of leadership refers to it.").must(),
			value("url", aWebhookURL, "a fault", "Address that the chat gave. Whoever knows it can write there, so it is a secret. Needed, here or as a file."),
			value("url_file", aText, "`url`", "File that holds nothing but the address."),
		),
		object("leadership", "its digest is written, not sent", "Where leadership is reached: with the weekly digest of the organisation, which names no service and no team.",
			channelFields("Mail addresses; a list, not of people.")...),
		object("digests", "a scheduler of yours runs `shiphabit digest --send`", "When `serve` sends the weekly digests by itself: to leadership, and to each team that has channels. Each goes out once a week on each channel, however many servers share the database.",
			value("weekday", weekday, "monday", "The day."),
			value("hour", number(0, 23), "8", "The full hour from which on they go out, in `time_zone`; for a day they are tried again where a channel fails."),
		),
		value("gate", aBool, "false", "Whether `serve` tells each team that has channels, as it happens, that a watch ended in failed, that the gate stops a service, that a second fix of one problem was asked for, and that a criterion only warns because it broke its promise. Each is told once on each channel, however many servers share the database."),
	}
}

func teamNotifyField() field {
	return object("notify", "reminders are texts to copy, and its digest is written", "Where the team is reached: with reminders, with its weekly digest, and with what happens at the gate (`notify.gate`).",
		channelFields("Mail addresses; a list of the team, not of people.")...)
}

func channelFields(mail string) []field {
	return []field{
		list("mail", aMailAddress, "none", mail),
		list("webhooks", aName, "none", "Names of webhooks of `notify`."),
	}
}

func channelsOf(n node) Channels {
	return Channels{Mail: n.at("mail").texts(), Webhooks: n.at("webhooks").texts()}
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
	read.Leadership = channelsOf(n.at("leadership"))
	l.reachable("notify.leadership", read.Leadership, read)
	teamsReached := false
	for i, team := range teams {
		l.reachable(index("teams", i)+".notify", team.Channels, read)
		teamsReached = teamsReached || team.Channels.reach()
	}
	if n.has("digests") {
		read.Digests = digestsOf(n.at("digests"))
		if !teamsReached && !read.Leadership.reach() {
			l.at("notify.digests", "nobody is reached", "name channels under notify.leadership or teams[].notify, or leave it out")
		}
		if read.PublicURL == "" {
			l.at("notify.digests", "the links of digests would lead nowhere", "set notify.public_url")
		}
	}
	read.Gate = n.at("gate").bool()
	if read.Gate && !teamsReached {
		l.at("notify.gate", "no team is reached", "name channels under teams[].notify, or leave it out")
	}
	if read.Gate && read.PublicURL == "" {
		l.at("notify.gate", "the links of messages would lead nowhere", "set notify.public_url")
	}
	return read
}

func (c Channels) reach() bool { return len(c.Mail)+len(c.Webhooks) > 0 }

// reachable checks that channels name such as there are.
func (l *loader) reachable(path string, c Channels, n Notify) {
	if len(c.Mail) > 0 && n.SMTP == nil {
		l.at(path+".mail", "there is no mail server", "configure notify.smtp")
	}
	for _, name := range c.Webhooks {
		if !slices.ContainsFunc(n.Webhooks, func(w Webhook) bool { return w.Name == name }) {
			l.at(path+".webhooks", "there is no webhook "+quote(name), "declare it under notify.webhooks, or correct the name")
		}
	}
}

func digestsOf(n node) *Digests {
	d := Digests{Weekday: time.Monday, Hour: 8}
	if n.has("weekday") {
		d.Weekday = parseWeekday(n.at("weekday").text())
	}
	if n.has("hour") {
		d.Hour = n.at("hour").number()
	}
	return &d
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
