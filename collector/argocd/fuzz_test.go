package argocd

import (
	"encoding/json"
	"testing"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// FuzzAnApplication holds the laws of reading an application, whatever stands in it: every entry and the operation end as one sound event
// or are set aside, nothing is told twice, and reading it again gives the same.
func FuzzAnApplication(f *testing.F) {
	for _, a := range someApps().apps {
		text, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"metadata":{"name":"a"},"spec":{"destination":{"namespace":"n"}},"status":{"history":[{"id":1,"revision":"r","sources":[7]},null,{"id":1}],"operationState":{"operation":{"sync":{}},"phase":"Odd"}}}`))
	client, err := collector.NewClient(collector.Host{Name: "argo", URL: "https://argocd.example.com"})
	if err != nil {
		f.Fatal(err)
	}
	s := &source{client: client, Options: Options{Name: "argo"}}
	f.Fuzz(func(t *testing.T, text []byte) {
		var a application
		if json.Unmarshal(text, &a) != nil {
			return
		}
		got := s.batch(a, collector.Position{})
		if records := len(a.Status.History) + 1; len(got.Events)+len(got.SetAside) > records {
			t.Errorf("%d events and %d set aside of %d records", len(got.Events), len(got.SetAside), records)
		}
		for _, e := range got.Events {
			if faults := metrics.Check(e); len(faults) > 0 {
				t.Errorf("%s breaks the rules: %v", e.Key, faults)
			}
		}
		again := s.batch(a, collector.Position{})
		if len(again.Events) != len(got.Events) {
			t.Fatalf("%d events, and then %d", len(got.Events), len(again.Events))
		}
		for i, e := range got.Events {
			if e.Digest() != again.Events[i].Digest() {
				t.Errorf("%s is another one when it is read again", e.Key)
			}
		}
	})
}
