package gitlab_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/gitlab"
	"shiphabit/collector/gitlab/gitlabtest"
	"shiphabit/collector/sourcetest"
	"shiphabit/metrics"
)

// many are deployments, each a span after the one before.
func many(n int, apart time.Duration) []gitlabtest.Record {
	var all []gitlabtest.Record
	for i := range n {
		all = append(all, deployment(1000+i, day(6).Add(time.Duration(i)*apart)))
	}
	return all
}

func missing(r *reader, n int) []string {
	var lost []string
	for i := range n {
		if _, found := r.merged()[fmt.Sprintf("deployment/%d", 1000+i)]; !found {
			lost = append(lost, fmt.Sprint(1000+i))
		}
	}
	return lost
}

func TestALongListIsReadByTimeAndNeverByDeepPages(t *testing.T) {
	t.Parallel()
	h := world()
	h.List("projects/17/deployments", many(730, time.Second)...)
	r := read(t, h)
	if lost := missing(r, 730); len(lost) > 0 {
		t.Errorf("lost are %v", lost)
	}
	for _, asked := range h.Asked() {
		if strings.HasPrefix(asked, "projects/17/deployments?") && !strings.Contains(asked, "&page=1&") {
			t.Errorf("asked for %s", asked)
		}
	}
	if n := len(r.Events()) - 730; n > 20 {
		t.Errorf("%d events beside the 730", n)
	}
}

func TestManyChangesOfOneSecondAreAllRead(t *testing.T) {
	t.Parallel()
	for _, n := range []int{99, 100, 101, 200, 201, 350} {
		for _, apart := range []time.Duration{0, time.Millisecond} {
			h := world()
			records := many(n, apart)
			records = append(records, deployment(1, day(5)), deployment(2, day(28)))
			h.List("projects/17/deployments", records...)
			r := read(t, h)
			if lost := missing(r, n); len(lost) > 0 {
				t.Errorf("of %d changes %s apart, lost are %v", n, apart, lost)
			}
			r.deployment(t, "1")
			r.deployment(t, "2")
		}
	}
}

func TestNothingIsLostWhileRecordsMoveToTheEndOfTheListThatIsRead(t *testing.T) {
	t.Parallel()
	h := world()
	h.List("projects/17/deployments", many(430, time.Minute)...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if n := len(h.Asked()); strings.HasSuffix(r.URL.Path, "/deployments") {
			for i := range 30 { // some that were read and some that were not, the one at the border among them
				key := 1000 + (n*37+i*14+99)%430
				h.Set("projects/17/deployments", deployment(key, day(10).Add(time.Duration(n)*time.Minute+time.Duration(i)*time.Second)))
			}
		}
	}))
	defer server.Close()
	r := &reader{Memory: &sourcetest.Memory{}, source: func() collector.Source { return open(t, server.URL) }}
	source, cursor := r.source(), ""
	for range 60 { // the host never rests, so the reading of this list might go on for ever
		page, err := source.Pull(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Apply(t.Context(), "lab", cursor, page.Next, page); err != nil {
			t.Fatal(err)
		}
		if cursor = page.Next; !page.More {
			break
		}
	}
	if lost := missing(r, 430); len(lost) > 0 {
		t.Errorf("lost are %v", lost)
	}
}

// cache answers the n-th request for deployments with what another query gets, without the header that would tell.
func cache(t *testing.T, n int, instead func(query string) string) *reader {
	t.Helper()
	h := world()
	h.List("projects/17/deployments", many(430, time.Minute)...)
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/deployments") {
			if count++; count == n {
				r.URL.RawQuery = instead(r.URL.RawQuery)
			}
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			if name != "X-Page" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(server.Close)
	r := &reader{Memory: &sourcetest.Memory{}, source: func() collector.Source { return open(t, server.URL) }}
	r.again(t)
	return r
}

func TestAPageThatIsNotTheOneAskedForIsAskedForAgain(t *testing.T) {
	t.Parallel()
	first := "order_by=updated_at&page=1&per_page=100&sort=asc&updated_after=2000-01-01T00%3A00%3A00Z"
	for sentence, instead := range map[string]func(string) string{
		"the first page again":    func(string) string { return first },
		"the page after":          func(query string) string { return strings.Replace(query, "page=1", "page=2", 1) },
		"an empty page":           func(query string) string { return strings.Replace(query, "page=1", "page=90", 1) },
		"a page from much later":  func(query string) string { return strings.Replace(query, "page=1", "page=3", 1) },
		"the same in other words": func(query string) string { return query + "&with=something" },
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{2, 3, 4} {
				if lost := missing(cache(t, n, instead), 430); len(lost) > 0 {
					t.Errorf("at request %d, lost are %d from %s on", n, len(lost), lost[0])
				}
			}
		})
	}
}

func TestADeletedRecordAtTheBorderOfTwoPagesHoldsNothingUp(t *testing.T) {
	t.Parallel()
	h := world()
	h.List("projects/17/deployments", many(250, time.Minute)...)
	source := open(t, serve(t, h), func(o *gitlab.Options) { o.IncidentLabels = nil })
	store, cursor := &sourcetest.Memory{}, ""
	for {
		page, err := source.Pull(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Apply(t.Context(), "lab", cursor, page.Next, page); err != nil {
			t.Fatal(err)
		}
		if page.Doing == "deployments of acme/shop" {
			h.Remove("projects/17/deployments", 1099)
		}
		if cursor = page.Next; !page.More {
			break
		}
	}
	if lost := missing(&reader{Memory: store}, 250); len(lost) > 0 {
		t.Errorf("lost are %v", lost)
	}
}

func TestThreeThousandDeploymentsOfAnUnreliableHostAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			backfill(t, seed)
		})
	}
}

// backfill reads an unreliable host, is cut off in the middle, goes on with a new source from the stored cursor, and compares.
func backfill(t *testing.T, seed uint64) {
	t.Helper()
	h := gitlabtest.Large(3000, seed)
	h.Token = sourcetest.Token
	h.Faults = &gitlabtest.Faults{
		Seed: seed, Limited: 0.1, Failed: 0.05, Dropped: 0.05, Repeated: 0.1, Ahead: 0.1, Shuffled: 0.2, Changed: 0.3, Change: gitlabtest.Finish,
	}
	address, store, pages := serve(t, h), &sourcetest.Memory{}, 0
	cut := fmt.Errorf("the power went off")
	store.Before = func(collector.Page) error {
		if pages++; pages == 15 {
			return cut
		}
		return nil
	}
	for _, want := range []error{cut, nil} {
		engine := quick()
		engine.Tries = 50
		if err := engine.Run(t.Context(), open(t, address), store, nil); fmt.Sprint(err) != fmt.Sprint(want) && want == nil {
			t.Fatal(err)
		}
	}
	h.Settle() // the next reading brings what changed after its list was read
	if err := quick().Run(t.Context(), open(t, address), store, nil); err != nil {
		t.Fatal(err)
	}
	r := &reader{Memory: store}
	stored, truth := r.merged(), h.Truth()
	if len(stored) != len(truth) {
		t.Errorf("%d deployments are stored of %d", len(stored), len(truth))
	}
	for _, d := range truth {
		if fault := differs(stored[fmt.Sprintf("deployment/%d", d.ID)], d); fault != "" {
			t.Errorf("deployment %d: %s", d.ID, fault)
		}
	}
}

// differs says how a stored deployment differs from the truth, "" when it does not.
func differs(e metrics.Event, d gitlabtest.Deployment) string {
	got, err := e.Deployment()
	if err != nil {
		return err.Error()
	}
	status := map[string]metrics.Status{"success": metrics.Succeeded, "failed": metrics.Failed, "canceled": metrics.Cancelled, "running": metrics.Running}[d.Status]
	end := time.Time{}
	if d.Deployable.FinishedAt != nil {
		end = *d.Deployable.FinishedAt
	}
	if got.Status != status || !got.FinishedAt.Equal(end) || !got.StartedAt.Equal(*d.Deployable.StartedAt) || !got.CreatedAt.Equal(d.CreatedAt) ||
		got.Environment != d.Environment.Name || got.Revision != d.SHA {
		return fmt.Sprintf("%+v is not %+v", got, d)
	}
	return ""
}
