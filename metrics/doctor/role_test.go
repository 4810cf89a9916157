package doctor_test

import (
	"strings"
	"testing"

	"shiphabit/metrics/doctor"
)

func TestARoleWhoseLastTokenIsGoneIsTroubleAndOneThatSomebodyStillHasAGap(t *testing.T) {
	t.Parallel()
	q := asked()
	q.Roles = []doctor.Role{{Name: "on-call", Gone: []string{"ada (revoked)"}}, {Name: "lead", Team: "pay", Gone: []string{"bob (expired)", "cy (does not exist)"}, Lost: true}}
	d := doctor.Diagnose(doctor.Records{}, q)
	if f := finding(d, "role-token"); f.Severity != doctor.Gap || f.What != `The role "on-call" names a token that nobody can use: ada (revoked).` || !strings.Contains(f.Remedy, "token create") {
		t.Errorf("%+v", f)
	}
	if f := finding(d, "role-lost"); f.Severity != doctor.Trouble || !strings.Contains(f.What, "of team pay names tokens that nobody can use: bob (expired), cy (does not exist). No other") {
		t.Errorf("%+v", f)
	}
	q.Service = "shop"
	if d := doctor.Diagnose(doctor.Records{}, q); finding(d, "role-lost").Code != "" {
		t.Errorf("one service alone: %+v", d.Findings)
	}
}
