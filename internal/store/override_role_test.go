package store

import (
	"reflect"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestTheRolesOfEverybodyWhoAgreesAreKeptWithAnOverrideAndToldInTheLog(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		o := gate.Override{ID: "ov_1", Service: "api", Environment: "production", By: "token:ada", Persons: 4, Uses: 1, ExpiresAt: noon.Add(time.Hour)}
		o.NoteRoles("token:ada", []string{"on-call"})
		must(t, db.AddOverride(ctx, o, 1))
		for _, next := range []struct {
			who   string
			roles []string
		}{{"token:bob", []string{"team-lead", "on-call"}}, {"token:eve", []string{"team-lead"}}, {"token:zoe", nil}} {
			_, err := db.AgreeOverride(ctx, "ov_1", next.who, next.roles)
			must(t, err)
		}
		list, err := db.Overrides(ctx, "api")
		must(t, err)
		want := map[string][]string{"token:ada": {"on-call"}, "token:bob": {"team-lead", "on-call"}, "token:eve": {"team-lead"}}
		if len(list) != 1 || list[0].Missing() != "" || !reflect.DeepEqual(list[0].Roles, want) {
			t.Errorf("kept is %+v", list)
		}
		entries, err := db.GateLog(ctx, 0, 10)
		must(t, err)
		var told []string
		for _, e := range entries[1:] {
			told = append(told, e.Actor+" "+e.Details)
		}
		if want := []string{"token:bob as team-lead, on-call", "token:eve as team-lead", "token:zoe "}; !reflect.DeepEqual(told, want) {
			t.Errorf("the log says %q, want %q", told, want)
		}
		if fault := broken(ctx, t, db); fault != "" {
			t.Error(fault)
		}
	})
}
