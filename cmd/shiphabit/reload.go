package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"shiphabit/api"
)

// reloadLoop reads the policies and freezes of the configuration again at each SIGHUP, until the context ends. A configuration with a
// fault changes nothing, and is told loudly.
func (p *program) reloadLoop(ctx context.Context, file string, server *api.Server) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			p.reload(file, server)
		}
	}
}

func (p *program) reload(file string, server *api.Server) {
	settings, err := p.configuration(file)
	if err != nil {
		server.Refuse(err.Error())
		p.logger().Error("the configuration was read again and has faults; the gate goes on by the policies it had", slog.Any("error", err))
		return
	}
	server.Agree(settings.Policy, settings.Freezes)
	p.say("read the configuration again: its policies and freezes are in force; everything else comes with the next start")
}
