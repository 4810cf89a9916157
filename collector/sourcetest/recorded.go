package sourcetest

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// RecordedCase is what another tool's test states about what a host sends.
type RecordedCase struct {
	ID, Metric    string
	Source        struct{ Path string }
	Input, Expect json.RawMessage
}

// Recorded runs those of other tools' cases whose file there is named for a host, where they are at hand. LeftOut says why one cannot run,
// "" of those that can; check may be nil where none can.
func Recorded(t *testing.T, host string, leftOut func(RecordedCase) string, check func(*testing.T, RecordedCase)) {
	t.Helper()
	folder := cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
	files, err := filepath.Glob(filepath.Join(folder, "peers", "*.json"))
	if err != nil || len(files) == 0 {
		t.Logf("recorded cases: none at hand in %s", folder)
		return
	}
	run, passed, left := 0, 0, 0
	for _, file := range files {
		for _, c := range casesOf(t, host, file) {
			if reason := leftOut(c); reason != "" {
				left++
				t.Logf("recorded cases: left out %s: %s", c.ID, reason)
				continue
			}
			run++
			if t.Run(c.ID, func(t *testing.T) { check(t, c) }) { // in order, so that the summary comes last
				passed++
			}
		}
	}
	t.Logf("recorded cases: %d run, %d passed, %d left out", run, passed, left)
}

// casesOf are the cases of a file whose test stands among those of the host.
func casesOf(t *testing.T, host, file string) (list []RecordedCase) {
	t.Helper()
	text, err := os.ReadFile(file) // #nosec G304 -- a file of the cases
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Cases []RecordedCase }
	if json.Unmarshal(text, &content) != nil {
		return nil // a file of another form holds none of ours
	}
	for _, c := range content.Cases {
		if strings.Contains(strings.ToLower(c.Source.Path), host) {
			list = append(list, c)
		}
	}
	return list
}
