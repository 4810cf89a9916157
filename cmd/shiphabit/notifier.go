package main

import (
	"context"
	"fmt"

	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/notify"
)

// notifier reaches teams, and leadership under no name, over the channels of the configuration.
type notifier struct{ teams map[string][]notify.Channel }

// leadership stands where a team's name stands otherwise.
const leadership = ""

func notifierOf(settings config.Config) (notifier, error) {
	n := notifier{teams: map[string][]notify.Channel{}}
	hooks := map[string]notify.Channel{}
	for _, one := range settings.Notify.Webhooks {
		hook, err := notify.NewWebhook(one.Name, one.URL.Reveal(), nil)
		if err != nil {
			return n, err
		}
		hooks[one.Name] = hook
	}
	reached := map[string]config.Channels{leadership: settings.Notify.Leadership}
	for _, team := range settings.Teams {
		reached[team.Name] = team.Channels
	}
	for name, channels := range reached {
		if len(channels.Mail) > 0 {
			mail, err := mailOf(*settings.Notify.SMTP, channels.Mail)
			if err != nil {
				return n, err
			}
			n.teams[name] = append(n.teams[name], mail)
		}
		for _, hook := range channels.Webhooks {
			n.teams[name] = append(n.teams[name], hooks[hook])
		}
	}
	return n, nil
}

func mailOf(s config.SMTP, to []string) (*notify.Mail, error) {
	m, err := notify.NewMail(notify.Server{
		Address: s.Address, Security: notify.Security(s.Security), User: s.User, Password: s.Password.Reveal(), From: s.From, Roots: s.CAFile,
	}, to...)
	if err != nil {
		return nil, fmt.Errorf("notify.smtp: %w", err)
	}
	return m, nil
}

// Channels names those of a team.
func (n notifier) Channels(team string) []string {
	var names []string
	for _, c := range n.teams[team] {
		names = append(names, c.Name())
	}
	return names
}

// Remind sends a reminder over all of them.
func (n notifier) Remind(ctx context.Context, team string, r assessments.Reminder) (sent []string, reached bool, err error) {
	done := notify.All(ctx, n.teams[team], notify.Message{Subject: r.Subject, Text: r.Text})
	return done.Names, done.Reached, done.Err
}
