package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestADigestIsBegunOnceAChannelHoweverManyReplicasTry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		replicas, ctx := []*DB{t.open(), t.open(), t.open()}, t.Context()
		monday := Mailing{Week: "2026-03-02", Channel: "mail"}
		var begun, late atomic.Int64
		var all sync.WaitGroup
		for _, db := range replicas {
			for range 4 {
				all.Go(func() {
					switch err := db.BeginMailing(ctx, monday); {
					case err == nil:
						begun.Add(1)
					case errors.Is(err, ErrMoved):
						late.Add(1)
					default:
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		if begun.Load() != 1 || late.Load() != 11 {
			t.Errorf("%d began, %d were late", begun.Load(), late.Load())
		}
		others := []Mailing{
			{Week: "2026-03-09", Channel: "mail"}, {Week: "2026-03-02", Audience: "pay", Channel: "mail"}, {Week: "2026-03-02", Channel: "webhook room"},
		}
		for _, m := range others {
			must(t, replicas[1].BeginMailing(ctx, m))
		}
		must(t, replicas[2].EndMailing(ctx, monday))
		want := []Mailing{{Week: "2026-03-02", Channel: "mail", BegunAt: noon, SentAt: noon}, {Week: "2026-03-02", Channel: "webhook room", BegunAt: noon}}
		got, err := replicas[0].Mailings(ctx, "2026-03-02", "")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		must(t, replicas[0].TakeBackMailing(ctx, monday))
		if got, err := replicas[1].Mailings(ctx, "2026-03-02", ""); err != nil || len(got) != 1 || got[0].Channel != "webhook room" {
			t.Errorf("after taking one back: %+v, %v", got, err)
		}
		must(t, replicas[1].BeginMailing(ctx, monday))
	})
}
