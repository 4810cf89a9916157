package jobs

import (
	"context"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/store"
)

// noteEvery bounds how often progress is written down: pages of a clone come a hundred a second.
const noteEvery = time.Second

// notebook writes down how a turn goes, a few pages at a time. What cannot be written now is written with the next.
type notebook struct {
	Reader
	source string

	step     store.Step
	notedAt  time.Time
	complete bool
}

// page takes a page that is saved.
func (n *notebook) page(ctx context.Context) func(collector.Page) {
	return func(p collector.Page) {
		n.step.Pages, n.step.Events = n.step.Pages+1, n.step.Events+len(p.Events)
		n.step.Progress = store.Reached{Doing: p.Doing, Done: p.Done, Total: p.Total, Part: p.Part, Parts: p.Parts}
		if p.Budget.Limit > 0 {
			n.step.Budget = store.Budget(p.Budget)
		}
		n.complete = !p.More
		if n.Page != nil {
			n.Page(n.source, p)
		}
		if n.Clock().Sub(n.notedAt) >= noteEvery {
			_ = n.flush(ctx) // told at the end of the turn, when it is written again
		}
	}
}

// waiting writes down a pause within the turn.
func (n *notebook) waiting(ctx context.Context) func(string, time.Duration, error) {
	return func(source string, wait time.Duration, cause error) {
		if n.Waiting != nil {
			n.Waiting(source, wait, cause)
		}
		_ = n.flush(ctx)
		_ = n.Store.NoteWait(ctx, source, store.Wait{Until: n.Clock().Add(wait), Reason: cause.Error()}) // for people; nothing hangs on it
	}
}

func (n *notebook) flush(ctx context.Context) error {
	if n.step.Pages == 0 {
		return nil
	}
	if err := n.Store.NoteStep(ctx, n.source, n.step); err != nil {
		return err
	}
	n.step.Pages, n.step.Events, n.notedAt = 0, 0, n.Clock()
	return nil
}
