package exposition_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"shiphabit/internal/exposition"
)

var update = flag.Bool("update", false, "write the list of metrics into the documentation anew")

const documented = "../../docs/integrations/prometheus-scrape.md"

// familiesTable lists the metrics as the documentation does.
func familiesTable() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | stored | |\n|---|---|---|---|---|\n")
	for _, one := range exposition.New("").Families() {
		labels, stored := "", ""
		if len(one.Labels) > 0 {
			labels = "`" + strings.Join(one.Labels, "`, `") + "`"
		}
		if one.Stored {
			stored = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", one.Name, one.Type, labels, stored, one.Help)
	}
	return b.String()
}

func TestTheDocumentationListsTheMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(documented)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(page), "-update -->\n")
	listed, after, ends := strings.Cut(rest, "<!-- end of families -->")
	if !begins || !ends {
		t.Fatalf("%s has no place for the list", documented)
	}
	if *update {
		whole := before + "-update -->\n" + familiesTable() + "<!-- end of families -->" + after
		if err := os.WriteFile(documented, []byte(whole), 0o644); err != nil { //nolint:gosec // a document for everyone
			t.Fatal(err)
		}
		return
	}
	if listed != familiesTable() {
		t.Errorf("the list of metrics in %s is not that of the program: run go test -tags nomsgpack ./internal/exposition -update", documented)
	}
}
