package argocd

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedCase is what another tool's test states about what a host sends.
type recordedCase struct {
	ID     string
	Source struct{ Path string }
}

// TestRecordedCases looks at those of other tools' cases that are about Argo CD, where they are at hand.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	folder := cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
	files, err := filepath.Glob(filepath.Join(folder, "peers", "*.json"))
	if err != nil || len(files) == 0 {
		t.Logf("recorded cases: none at hand in %s", folder)
		return
	}
	left := 0
	for _, file := range files {
		for _, c := range casesOf(t, file) {
			left++
			t.Logf("recorded cases: left out %s: %s", c.ID, c.leftOut())
		}
	}
	t.Logf("recorded cases: 0 run, 0 passed, %d left out", left)
}

// casesOf are the cases of a file whose test stands among those of the host.
func casesOf(t *testing.T, file string) (list []recordedCase) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Cases []recordedCase }
	if json.Unmarshal(text, &content) != nil {
		return nil // a file of another form holds none of ours
	}
	for _, c := range content.Cases {
		if strings.Contains(strings.ToLower(c.Source.Path), "argo") {
			list = append(list, c)
		}
	}
	return list
}

// leftOut says why a case cannot run. Argo CD has no webhook of its own: those of other tools are told to send that tool's words.
func (recordedCase) leftOut() string {
	return "what a sync hook is told to send, in another tool's words; here Argo CD is read, or posts neutral events"
}
