package gate

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// full gives every field of a value something other than zero, each something of its own, as far down as it goes. A kind of field that it does not
// know is a panic: a test would else take it for packed.
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
	case v.Kind() == reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		full(key, n)
		full(value, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
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
	default:
		panic("no value for a " + v.Kind().String())
	}
}

// packedOfRollout are the fields of a rollout that are packed.
var packedOfRollout = []string{
	"ID", "Environment", "EnvironmentKind", "Revision", "Version", "Digest", "FinishedAt", "SucceededAt", "Kind", "Failures", "Recovery", "KnownAt",
	"Verdict", "VerdictSince", "Progress", "Attempts",
}

// cluttered gives the fields of a rollout that are not packed something: a snapshot that reads one of them differs from one out of memory, and the
// field has to be packed.
func cluttered(r *metrics.Rollout) {
	n := len(r.ID)
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if !slices.Contains(packedOfRollout, v.Type().Field(i).Name) {
			full(v.Field(i), &n)
		}
	}
	for i := range r.Attempts {
		id := r.Attempts[i].ID
		full(reflect.ValueOf(&r.Attempts[i]).Elem(), &n)
		r.Attempts[i].ID = id
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
		Recovery: whole.Recovery, KnownAt: whole.KnownAt, Verdict: whole.Verdict, VerdictSince: whole.VerdictSince, Progress: whole.Progress,
	}
	for _, a := range whole.Attempts {
		want.Attempts = append(want.Attempts, metrics.Attempt{ID: a.ID})
	}
	v, kept := reflect.ValueOf(want), []string{}
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			kept = append(kept, v.Type().Field(i).Name)
		}
	}
	if slices.Sort(kept); !slices.Equal(kept, slices.Sorted(slices.Values(packedOfRollout))) {
		t.Errorf("packed are %v", kept)
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
