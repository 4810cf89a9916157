package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

// reading declares sources that are read.
func reading(names ...string) func(*Options) {
	return func(o *Options) { o.Sources = names }
}

func TestOnlySourcesThatAServiceNeedsCanBeTooLateForIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(reading("ours", "theirs", "fresh", "empty")), t.Context()
		by := func(source, id, service string) {
			e := deployed(id, service, "", -1)
			e.Source = source
			mustAppend(t, db, e)
		}
		by("ours", "1", "api")
		by("theirs", "2", "web")
		by("gone", "3", "api")   // not declared any more
		by("pushed", "4", "api") // the API's own
		old := noon.Add(-40 * 24 * time.Hour)
		if err := errors.Join(db.Beat(ctx, "ours", noon), db.Beat(ctx, "theirs", old), db.Beat(ctx, "gone", old), db.Beat(ctx, "empty", noon)); err != nil {
			t.Fatal(err)
		}
		if err := db.Refresh(ctx); err != nil { // so that it is known of whom each tells
			t.Fatal(err)
		}
		for service, want := range map[string][]gate.Watermark{
			"api":        {{Name: "empty", Watermark: noon}, {Name: "fresh"}, {Name: "ours", Watermark: noon}},
			"web":        {{Name: "empty", Watermark: noon}, {Name: "fresh"}, {Name: "theirs", Watermark: old}},
			"never seen": {{Name: "empty", Watermark: noon}, {Name: "fresh"}},
		} {
			in, err := db.GateInputs(ctx, service, always, nil)
			if diff := cmp.Diff(want, in.Sources); err != nil || diff != "" {
				t.Errorf("%s: %v %s", service, err, diff)
			}
		}
		imported := t.open()
		if in, err := imported.GateInputs(ctx, "api", always, nil); err != nil || len(in.Sources) != 0 {
			t.Errorf("where no source is read, %+v is waited for, %v", in.Sources, err)
		}
	})
}
