package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// What strangers send is held in memory until it is known who they are: up to freeDelivery of each at any time, of longer ones so many at
// once of a source and of all. The others wait for a place. Whoever shows the secret in the header has places of his own.
const (
	freeDelivery  = 64 << 10
	smallDelivery = 1 << 20

	smallAtOnce, smallOfSource = 128, 32
	largeAtOnce, largeOfSource = 8, 2

	longestQueuing = 10 * time.Second
	// slowest is how long a part of a delivery may take, beside a second for each MiB of it.
	slowest = 10 * time.Second
)

// rooms hold the deliveries that are being read.
type rooms struct{ small, large room }

// room has places for deliveries, and of these some for each source.
type room struct {
	all chan struct{}
	of  map[string]chan struct{}
}

func newRoom(places, ofSource int, hooks map[string]Hook) room {
	r := room{all: make(chan struct{}, places), of: map[string]chan struct{}{}}
	for source := range hooks {
		r.of[source] = make(chan struct{}, ofSource)
	}
	return r
}

// enter waits for a place and returns how to leave it. A source's own place comes first, so that those who crowd at one source wait there
// and take no place of the others.
func (r *room) enter(ctx context.Context, source string) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, longestQueuing)
	defer cancel()
	own, ofSource := r.of[source]
	if !ofSource { // a host that asks the gate: it has no places of its own
		own = make(chan struct{}, 1)
	}
	select {
	case own <- struct{}{}:
	case <-ctx.Done():
		return nil, fail(Unavailable, "too many large deliveries to this source at once; send it again")
	}
	select {
	case r.all <- struct{}{}:
		return func() { <-r.all; <-own }, nil
	case <-ctx.Done():
		<-own
		return nil, fail(Unavailable, "too many large deliveries at once; send it again")
	}
}

// readDelivery reads the body; done is to be called when it is held no longer.
func readDelivery(r request, in *rooms) (body []byte, done func(), err error) {
	var leave []func()
	done = func() {
		for _, one := range leave {
			one()
		}
	}
	for _, part := range []struct {
		room *room
		upTo int
	}{{nil, freeDelivery}, {&in.small, smallDelivery}, {&in.large, maxDelivery + 1}} {
		if part.room != nil {
			left, err := part.room.enter(r.Context(), r.param("source"))
			if err != nil {
				return nil, done, err
			}
			leave = append(leave, left)
		}
		length := part.upTo - len(body)
		r.readWithin(slowest + time.Duration(length)*time.Second>>20)
		more, err := io.ReadAll(io.LimitReader(r.Body, int64(length)))
		body = append(body, more...)
		if err != nil {
			return nil, done, unreadDelivery(err)
		}
		if len(more) < length {
			break
		}
	}
	r.readWithin(0)
	return body, done, nil
}

// readWithin lets reading from the connection take so long from now; 0 is without end. The connection goes by the machine's clock. Where
// there is none, as in a test, there is nothing to wait for.
func (r request) readWithin(limit time.Duration) {
	var until time.Time
	if limit > 0 {
		until = time.Now().Add(limit)
	}
	_ = http.NewResponseController(r.gin.Writer).SetReadDeadline(until)
}

func unreadDelivery(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	return unreadable(err)
}

func tooLarge(limit int64) error {
	return fail(TooLarge, fmt.Sprintf("the delivery has more than %d MiB", limit>>20))
}
