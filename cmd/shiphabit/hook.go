package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
)

// secretHook is a collector's hook with the secrets of its source, as the server sees it.
type secretHook struct {
	inner   collector.Hook
	secrets []string
}

func (h secretHook) Authentic(header http.Header, body []byte) bool {
	return h.inner.Authentic(header, body, h.secrets)
}

func (h secretHook) Delivery(header http.Header, body []byte) string {
	return h.inner.Delivery(header, body)
}

func (h secretHook) Parse(header http.Header, body []byte) api.Pushed {
	read := h.inner.Parse(header, body)
	pushed := api.Pushed{Kind: read.Kind, Events: read.Events, Ignored: read.Ignored}
	for _, record := range read.SetAside {
		pushed.SetAside = append(pushed.SetAside, api.SetAside(record))
	}
	return pushed
}

// hooksOf are the hooks of the sources that have one and a secret, by the name of the source. An empty secret is none.
func hooksOf(settings config.Config) map[string]api.Hook {
	hooks := map[string]api.Hook{}
	for _, s := range settings.Sources {
		kind := sourceKinds()[s.Type]
		var secrets []string
		for _, key := range []string{"webhook_secret", "previous_webhook_secret"} {
			if secret := s.Secrets[key].Reveal(); secret != "" {
				secrets = append(secrets, secret)
			}
		}
		if kind.hook != nil && len(secrets) > 0 {
			hooks[s.Name] = secretHook{kind.hook(s), secrets}
		}
	}
	return hooks
}

// hookAddresses are where hosts push, in the order of the configuration.
func hookAddresses(settings config.Config) []string {
	hooks := hooksOf(settings)
	var addresses []string
	for _, s := range settings.Sources {
		if hooks[s.Name] != nil {
			addresses = append(addresses, "/hooks/"+url.PathEscape(s.Name))
		}
	}
	for _, one := range settings.Protection {
		addresses = append(addresses, "/hooks/"+url.PathEscape(one.Name))
	}
	return addresses
}

const (
	// deliveriesKept is how long a delivery is known, and kept when it cannot be read.
	deliveriesKept = 30 * 24 * time.Hour
	// waitingKept is how long it is known what a host was told; GitHub waits 30 days.
	waitingKept = 90 * 24 * time.Hour
	forgetEvery = time.Hour
)

// forgetLoop forgets old deliveries until the context ends.
func (p *program) forgetLoop(ctx context.Context, db *store.DB) {
	for {
		if _, err := db.ForgetDeliveries(ctx, p.now().Add(-deliveriesKept)); err != nil && ctx.Err() == nil {
			p.logger().Error("forgetting old deliveries", slog.Any("error", err))
		}
		if err := db.ForgetWaiting(ctx, p.now().Add(-waitingKept)); err != nil && ctx.Err() == nil {
			p.logger().Error("forgetting deployments that waited", slog.Any("error", err))
		}
		if err := db.ForgetTellings(ctx, p.now().Add(-tellingsKept)); err != nil && ctx.Err() == nil {
			p.logger().Error("forgetting what teams were told of the gate", slog.Any("error", err))
		}
		if err := db.ForgetRollbacks(ctx, p.now().Add(-rollbacksKept)); err != nil && ctx.Err() == nil {
			p.logger().Error("forgetting what rollback hooks were told", slog.Any("error", err))
		}
		if sleep(ctx, forgetEvery) != nil {
			return
		}
	}
}
