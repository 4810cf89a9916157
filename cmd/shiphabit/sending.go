package main

import (
	"context"
	"errors"
	"fmt"

	"shiphabit/internal/notify"
	"shiphabit/internal/store"
)

// sending notes what becomes of one message on one channel, so that of all processes over a database one sends it.
type sending interface {
	// begin says store.ErrMoved where another process is faster.
	begin(ctx context.Context) error
	arrived(ctx context.Context) error
	// missed notes that certainly nobody got it.
	missed(ctx context.Context) error
}

// errMayHaveArrived is why something is not sent again of which nobody knows how its sending ended.
var errMayHaveArrived = errors.New("it may have arrived all the same, so it is not sent again")

// deliver notes a sending, sends, and notes how it ended. Where another process was faster, there is nothing to do. Who is told to stop begins
// nothing, and ends what was begun: a message cut off half way may have arrived, and would not be sent again. Channels end a sending themselves.
func deliver(ctx context.Context, c notify.Channel, m notify.Message, s sending) (took bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	ctx = context.WithoutCancel(ctx)
	err = s.begin(ctx)
	if errors.Is(err, store.ErrMoved) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = c.Send(ctx, m)
	var told *notify.Error
	switch {
	case err == nil:
		return true, s.arrived(ctx)
	case errors.As(err, &told) && !told.Uncertain:
		return false, errors.Join(err, s.missed(ctx))
	default:
		return false, fmt.Errorf("%w; %w", err, errMayHaveArrived)
	}
}
