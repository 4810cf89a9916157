package reports

import (
	"flag"
	"net/http"
	"strings"
	"testing"
	"time"
)

var preview = flag.String("preview", "", "serve the pages of the tests at this address until interrupted, to look at them")

// stages are the states in which every page must hold: nothing known, hardly anything, plenty, and names that mean harm.
func stages(t testing.TB) map[string]stage {
	day := 24 * time.Hour
	habit := story("storefront", pace{every: 20 * time.Hour, changes: 3, failing: 0.06, seed: 1})
	few := story("intake", pace{every: 30 * day, changes: 20, failing: 0.2, seed: 2})
	hostile := story(harm, pace{every: 4 * day, changes: 5, failing: 0.3, seed: 3})
	many := stage{t: t, facts: nil}
	for i, every := range []time.Duration{8 * time.Hour, 30 * time.Hour, 3 * day, 7 * day, 20 * day, 60 * day} {
		many.facts = append(many.facts, story(strings.Repeat("pay", i+1)+"-api", pace{every: every, changes: 2 + 3*i, failing: 0.05 * float64(i), seed: uint64(10 + i)}))
	}
	return map[string]stage{
		"plenty": {t: t, facts: append(story1(habit), many.facts...)}, "one": {t: t, facts: story1(habit)}, "few": {t: t, facts: story1(few)},
		"hostile": {t: t, facts: story1(hostile)}, "empty": {t: t},
	}
}

// TestPreviewServes is for people: go test ./reports -run Preview -preview 127.0.0.1:9911, then open /one/ or /plenty/gate.
func TestPreviewServes(t *testing.T) {
	t.Parallel()
	if *preview == "" {
		t.Skip("serves only when asked with -preview ADDRESS")
	}
	site := site(t)
	all := stages(t)
	mux := http.NewServeMux()
	mux.Handle("/assets/", site.Assets())
	mux.HandleFunc("/{stage}/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", ContentSecurityPolicy)
		s, ok := all[r.PathValue("stage")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		f := s.frame("", "", "")
		s.view = ParseView(r.URL.Query(), Horizon{Now: now, Zone: time.UTC, First: now.AddDate(0, 0, -400)}, f.Editions)
		p, ok := s.pages()[strings.TrimPrefix(r.URL.Path, "/"+r.PathValue("stage"))]
		if !ok {
			p = s.fault()
		}
		if err := site.Render(w, p); err != nil {
			t.Error(err)
		}
	})
	server := &http.Server{Addr: *preview, Handler: mux, ReadHeaderTimeout: time.Second}
	t.Error(server.ListenAndServe())
}
