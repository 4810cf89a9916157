package argocd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"shiphabit/metrics"
)

// body is the template that the documentation gives Argo CD's notifications.
func body(t *testing.T) *template.Template {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", "argocd.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "body: |\n")
	text, _, found := strings.Cut(rest, "\n  trigger.")
	if !found {
		t.Fatal("the page holds no template")
	}
	parsed, err := template.New("sync").Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestWhatArgoCDPushesIsTheRecordThatIsRead renders the documented template as Argo CD would, and reads the same application.
func TestWhatArgoCDPushesIsTheRecordThatIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ phase, finished, message string }{
		{"Running", "", ""}, {"Running", "2026-02-14T09:01:00Z", "Retrying attempt #1"}, {"Succeeded", "2026-02-14T09:01:00Z", ""},
		{"Failed", "2026-02-14T09:01:00Z", ""}, {"Error", "2026-02-14T09:01:00Z", ""}, {"Failed", "2026-02-14T09:01:00Z", "Operation terminated"},
	} {
		a := app("till")
		o := operating(c.phase, "2026-02-14T09:00:00Z", c.finished, "ccc1")
		o["message"] = c.message
		a["status"].(object)["operationState"] = o
		var text strings.Builder
		if err := body(t).Execute(&text, object{"app": a}); err != nil {
			t.Fatal(err)
		}
		pushed := decoded(t, text.String())
		read := read(t, newHost(a), Options{}).store.Events()
		if len(read) != 1 || read[0].Key != pushed.Key || !read[0].UpdatedAt.Equal(pushed.UpdatedAt) {
			t.Fatalf("%v: pushed %s at %v, read %+v", c, pushed.Key, pushed.UpdatedAt, read)
		}
		r, _ := read[0].Deployment()
		p, err := pushed.Deployment()
		if err != nil || p.Status != r.Status || p.Revision != r.Revision || p.Environment != r.Environment || p.Service != r.Service ||
			!p.StartedAt.Equal(r.StartedAt) || !p.FinishedAt.Equal(r.FinishedAt) {
			t.Errorf("%v: pushed %+v, read %+v (%v)", c, p, r, err)
		}
	}
}

// decoded reads a neutral event that stands on several lines.
func decoded(t *testing.T, text string) (event metrics.Event) {
	t.Helper()
	faults, err := metrics.DecodeLines(strings.NewReader(strings.ReplaceAll(text, "\n", " ")), "import", func(e metrics.Event) error {
		event = e
		return nil
	})
	if err != nil || len(faults) > 0 {
		t.Fatalf("%s: %v %v", text, faults, err)
	}
	return event
}
