package main

import (
	"time"

	"shiphabit/collector"
	"shiphabit/collector/cdevents"
	"shiphabit/collector/pelorus"
	"shiphabit/collector/webhook"
	"shiphabit/internal/config"
)

func hookWebhook(s config.Source) collector.Hook {
	return webhook.Hook{Source: s.Name, Clock: time.Now}
}

func hookCDEvents(s config.Source) collector.Hook {
	return cdevents.Hook{Source: s.Name, Services: s.Pairs("artifacts")}
}

func hookPelorus(s config.Source) collector.Hook {
	return pelorus.Hook{Source: s.Name, Clock: time.Now}
}
