package sourcetest

import (
	"testing"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Reading keeps a store and reads into it as often as a test likes: by a new source each time, as after a restart.
type Reading struct {
	T     *testing.T
	Store *Memory
	Open  func() collector.Source
}

// Again reads to the end and returns what came that was not there before.
func (r *Reading) Again() []metrics.Event {
	r.T.Helper()
	return r.must(collector.NewEngine())
}

// Read reads once, without a second try, and returns what came that was not there before, by type and id.
func (r *Reading) Read() (fresh map[string]metrics.Event, err error) {
	r.T.Helper()
	e := collector.NewEngine()
	e.Tries = 1
	list, err := r.run(e)
	fresh = map[string]metrics.Event{}
	for _, e := range list {
		fresh[string(e.Type)+" "+e.ID] = e
	}
	return fresh, err
}

// Must is Read that ends well.
func (r *Reading) Must() map[string]metrics.Event {
	r.T.Helper()
	fresh, err := r.Read()
	if err != nil {
		r.T.Fatal(err)
	}
	return fresh
}

// Deployment is the one with an id among those read.
func (r *Reading) Deployment(events map[string]metrics.Event, id string) metrics.Deployment {
	r.T.Helper()
	e, there := events["deployment "+id]
	d, err := e.Deployment()
	if !there || err != nil {
		r.T.Fatalf("there is no deployment %q", id)
	}
	return d
}

func (r *Reading) must(e collector.Engine) []metrics.Event {
	r.T.Helper()
	fresh, err := r.run(e)
	if err != nil {
		r.T.Fatal(err)
	}
	return fresh
}

func (r *Reading) run(e collector.Engine) ([]metrics.Event, error) {
	before := len(r.Store.Events())
	err := e.Run(r.T.Context(), r.Open(), r.Store, nil)
	return r.Store.Events()[before:], err
}
