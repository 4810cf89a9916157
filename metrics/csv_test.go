package metrics_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func decodeTable(tb testing.TB, kind metrics.EventType, text string) ([]metrics.Event, []metrics.Fault) {
	tb.Helper()
	var events []metrics.Event
	faults, err := metrics.DecodeCSV(strings.NewReader(text), kind, "", func(e metrics.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return events, faults
}

func TestACSVRowIsTheSameEventAsItsJSONLine(t *testing.T) {
	t.Parallel()
	table := "\ufeffid,service,environment,status,revision,started_at,finished_at,hotfix,labels,ref,commits,fixes\r\n" +
		"1,api,production,succeeded,abc,2026-03-01T10:00:00+02:00,2026-03-01T08:05:00Z,FALSE,b=2; a=1,null,x;y ,\"[\"\"i 1\"\"]\"\r\n"
	line := `{"type":"deployment","id":"1","service":"api","environment":"production","status":"succeeded","revision":"abc","started_at":"2026-03-01T08:00:00Z","finished_at":"2026-03-01T08:05:00Z","hotfix":false,"labels":{"a":"1","b":"2"},"ref":null,"commits":["x","y"],"fixes":["i 1"]}`
	events, faults := decodeTable(t, metrics.TypeDeployment, table)
	if diff := cmp.Diff([]metrics.Event{decodeOne(t, line)}, events); diff != "" || len(faults) > 0 {
		t.Errorf("faults %v\n%s", faults, diff)
	}
}

func TestABadCSVRowNeverLosesTheGoodOnes(t *testing.T) {
	t.Parallel()
	table := "id,service,started_at,severity,labels\n" +
		"a,api,2026-03-01T10:00:00Z,,\n" +
		"b,api,yesterday,,\n" +
		"c,api\n" +
		"d,\"api\"x,2026-03-01T10:00:00Z,,\n" +
		"e,api,2026-03-01T10:00:00Z,nine,\n" +
		"f,api,2026-03-01T10:00:00Z,\"\n2\",k;l\n" +
		",api,2026-03-01T10:00:00Z,,\n" +
		"g,\xff,2026-03-01T10:00:00Z,,\n" +
		"h,api,2026-03-01T10:00:00Z,1,\n"
	events, faults := decodeTable(t, metrics.TypeIncident, table)
	var ids string
	for _, e := range events {
		ids += e.ID
	}
	if ids != "afh" {
		t.Errorf("the rows %q survived", ids)
	}
	want := []string{
		`line 3, field started_at: "yesterday" is not an RFC 3339 time; write it like 2026-03-01T09:00:00Z, with any offset`,
		`line 4: 2 cells under 5 columns; give every row as many cells as the header`,
		`line 5: not CSV: extraneous or missing " in quoted-field; quote cells that hold ", commas or line ends, and double each " inside`,
		`line 6, field severity: "nine" is not a whole number from 1 to 4; write a whole number from 1 to 4`,
		`line 9, field id: missing; give it: the record's id at its source`,
		`line 10, field service: not valid UTF-8; save the file as UTF-8`,
	}
	var got []string
	for _, f := range faults {
		got = append(got, f.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestABadCSVHeaderIsReportedOnceAndTheRowsAreStillChecked(t *testing.T) {
	t.Parallel()
	events, faults := decodeTable(t, metrics.TypeVerdict, "id,colour,deployment,at,result,id\n1,red,d,2026-03-01T10:00:00Z,fine,1\n")
	if len(events) != 0 {
		t.Errorf("%d events", len(events))
	}
	var where []string
	for _, f := range faults {
		where = append(where, f.Field)
	}
	if diff := cmp.Diff([]string{"colour", "id", "result", "id"}, where); diff != "" {
		t.Errorf("%s\n%v", diff, faults)
	}
}

func TestACSVFileHoldsOneType(t *testing.T) {
	t.Parallel()
	_, faults := decodeTable(t, metrics.TypeVerdict, "type,id,deployment,requested_at\napproval,1,d,2026-03-01T10:00:00Z\n")
	if len(faults) == 0 {
		t.Error("an approval was taken from a file of verdicts")
	}
	if _, err := metrics.DecodeCSV(strings.NewReader(""), "release", "", nil); err == nil {
		t.Error("an unknown type was taken")
	}
}
