package collector_test

import (
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func TestARecordWhoseNameDoesNotShowIsSetAsideWithItsReasonAndTheOthersAreKept(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	deployed := func(environment string) metrics.Event {
		e := metrics.NewEvent("host", metrics.Deployment{ID: "1", Service: "shop", Environment: environment, Status: metrics.Succeeded, Revision: "abc", FinishedAt: at})
		e.UpdatedAt, e.Live = at, true
		return e
	}
	var page collector.Page
	var batch collector.Batch
	var pushed collector.Pushed
	for _, environment := range []string{"prod\u200buction", " production "} {
		page.Take("deployment 1", deployed(environment))
		batch.Take("deployment 1", deployed(environment))
		pushed.Take("deployment 1", deployed(environment))
		pushed.Revise("deployment 1", deployed(environment))
	}
	const reason = "field environment: holds U+200B, a character that does not show, at character 5 (leave it out: a name is one line of characters that show)"
	for place, got := range map[string]struct {
		events []metrics.Event
		aside  []collector.SetAside
		times  int
	}{"a page": {page.Events, page.SetAside, 1}, "a batch": {batch.Events, batch.SetAside, 1}, "a push": {pushed.Events, pushed.SetAside, 2}} {
		if len(got.events) != got.times || len(got.aside) != got.times {
			t.Fatalf("%s has %d events, %d set aside", place, len(got.events), len(got.aside))
		}
		for i, e := range got.events {
			d, err := e.Deployment()
			if err != nil || d.Environment != "production" || !e.Live || !e.UpdatedAt.Equal(at) || got.aside[i] != (collector.SetAside{Record: "deployment 1", Reason: reason}) {
				t.Errorf("%s has %+v (%v), set aside %+v", place, d, err, got.aside[i])
			}
		}
	}
}
