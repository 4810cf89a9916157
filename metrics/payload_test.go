package metrics

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// The quick readers must read what the ordinary ones read, whatever stands in a payload.
func TestQuickReadersReadWhatTheOrdinaryOnesRead(t *testing.T) {
	t.Parallel()
	for i, text := range []string{
		`{}`,
		`{"actor":"p:1","base_revision":"b","commits":["a","b"],"created_at":"2026-03-02T10:00:00Z","digest":"sha256:1","environment":"production",` +
			`"finished_at":"2026-03-02T10:00:00.5Z","fixes":["x"],"hotfix":true,"labels":{"a":"1","b<":"\"2\""},"ref":"main","repository":"acme/api",` +
			`"revision":"r","rollback":false,"rollback_of":"9","service":"api","started_at":"2026-03-02T09:00:00Z","status":"succeeded","trigger":"manual",` +
			`"url":"https://x\/y","version":"v1"}`,
		`{"status":null,"finished_at":null,"labels":null,"commits":null,"hotfix":null}`,
		`{"labels":{},"commits":[]}`,
		`{ "status" : "failed" }`,
		`{"status":"failed","status":"succeeded"}`,
		`{"version":"日本 é","ref":"a\nb\tc"}`,
		`{"unknown":1,"status":"failed"}`,
		`{"author":"ada","authored_at":"2026-03-02T10:00:00Z","bot":true,"committed_at":"2026-03-02T10:00:00Z","message":"a\n\n\"b\"","parents":["x","y"],"paths":["p/q"]}`,
		`{"finished_at":"today"}`, `{"commits":"a"}`, `{"labels":{"a":1}}`, `{"status":"failed"`, `{"status":"failed"}x`, `[]`, ``,
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			d := Event{Key: Key{Type: TypeDeployment, ID: "1"}, Payload: json.RawMessage(text)}
			want, wrong := d.Deployment()
			if got, err := readDeployment(d); !reflect.DeepEqual(got, want) || (err == nil) != (wrong == nil) {
				t.Errorf("deployment %s\n got %+v, %v\nwant %+v, %v", text, got, err, want, wrong)
			}
			c := Event{Key: Key{Type: TypeCommit, ID: "1", Repository: "r"}, Payload: json.RawMessage(text)}
			commit, wrong := c.Commit()
			if got, err := readCommit(c); !reflect.DeepEqual(got, commit) || (err == nil) != (wrong == nil) {
				t.Errorf("commit %s\n got %+v, %v\nwant %+v, %v", text, got, err, commit, wrong)
			}
		})
	}
}
