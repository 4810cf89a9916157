package gate

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// full gives every field of a value something other than zero, each something of its own, as far down as it goes.
func full(v reflect.Value, n *int) {
	*n++
	switch at, isTime := v.Addr().Interface().(*time.Time); {
	case isTime:
		*at = day(*n).Add(time.Duration(*n))
	case v.Kind() == reflect.String:
		v.SetString(string(rune('a'+*n%26)) + "ü" + time.Duration(*n).String())
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(*n) * int64(1-2*(*n%2)) << (*n % 40))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		full(v.Elem(), n)
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		full(v.Index(0), n)
		full(v.Index(1), n)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			full(v.Field(i), n)
		}
	}
}

func TestWhatIsPackedComesBackWhole(t *testing.T) {
	t.Parallel()
	var f folded
	n := 0
	for _, field := range []any{&f.meter, &f.usual, &f.restored, &f.recent, &f.reopenedAt} {
		full(reflect.ValueOf(field).Elem(), &n)
	}
	if fields := reflect.TypeFor[folded]().NumField(); fields != 5 {
		t.Fatalf("folded has %d fields", fields)
	}
	for _, want := range []folded{f, {}, {recent: []Trial{}, restored: RestoredState{Late: []Problem{{Also: []string{}}}}}} {
		kept := remembered{folded: packed(func(p *packer) { packFolded(p, &want) })}
		if diff := cmp.Diff(want, kept.fold(), cmp.AllowUnexported(folded{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestARolloutIsPackedWithAllThatASnapshotReads(t *testing.T) {
	t.Parallel()
	var whole metrics.Rollout
	n := 0
	full(reflect.ValueOf(&whole).Elem(), &n)
	want := metrics.Rollout{
		ID: whole.ID, Environment: whole.Environment, EnvironmentKind: whole.EnvironmentKind, Revision: whole.Revision, Version: whole.Version,
		Digest: whole.Digest, FinishedAt: whole.FinishedAt, SucceededAt: whole.SucceededAt, Kind: whole.Kind, Failures: whole.Failures,
		Recovery: whole.Recovery, KnownAt: whole.KnownAt, Verdict: whole.Verdict, VerdictAt: whole.VerdictAt,
	}
	for _, a := range whole.Attempts {
		want.Attempts = append(want.Attempts, metrics.Attempt{ID: a.ID})
	}
	many := []metrics.Rollout{whole, {}, whole}
	b := brief{service: "api", rollouts: packed(func(p *packer) { packList(p, &many, packRollout) })}
	for range 3 { // into lists that others have used
		b.facts(func(f metrics.Facts) {
			if diff := cmp.Diff(metrics.Facts{Service: "api", Rollouts: []metrics.Rollout{want, {}, want}}, f); diff != "" {
				t.Error(diff)
			}
		})
		one := brief{rollouts: packed(func(p *packer) { packList(p, &[]metrics.Rollout{{ID: "other"}}, packRollout) })}
		one.facts(func(f metrics.Facts) {
			if diff := cmp.Diff([]metrics.Rollout{{ID: "other"}}, f.Rollouts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPromotionIsPackedWhole(t *testing.T) {
	t.Parallel()
	var want Promotion
	n := 0
	full(reflect.ValueOf(&want).Elem(), &n)
	want.Reported = false // it is asked each time
	for _, p := range []Promotion{want, {}} {
		if diff := cmp.Diff(p, UnpackPromotion(p.Pack())); diff != "" {
			t.Error(diff)
		}
	}
}
