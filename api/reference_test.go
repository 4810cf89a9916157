package api_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/api"
)

var update = flag.Bool("update", false, "write golden files anew")

const golden = "../docs/openapi.json"

func configured(o *api.Options) {
	o.TeamSize = func(string) int { return 9 }
	o.Floor = 7
}

func TestTheDescriptionOfTheInterfaceIsTheOneWeReviewed(t *testing.T) {
	t.Parallel()
	got := newSite(t).get("/openapi.json").is(http.StatusOK).body
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil { //nolint:gosec // a document for everyone
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the interface changed; look at it, then run go test ./api -update\n%s", diff)
	}
}

func TestTheDescriptionHoldsTogether(t *testing.T) {
	t.Parallel()
	text := newSite(t).get("/openapi.json").body
	var doc struct {
		Paths      map[string]map[string]struct{ OperationID, Summary string }
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, reference := range regexp.MustCompile(`#/components/schemas/([^"]+)`).FindAllStringSubmatch(text, -1) {
		if _, described := doc.Components.Schemas[reference[1]]; !described {
			t.Errorf("%s is referred to and not described", reference[1])
		}
	}
	seen := map[string]string{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if other, twice := seen[op.OperationID]; twice || op.Summary == "" {
				t.Errorf("%s %s: operation %q, summary %q, also %s", method, path, op.OperationID, op.Summary, other)
			}
			seen[op.OperationID] = path
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d operations", len(seen))
	}
}

func TestTheReferencePageShowsEveryAddressWithoutLoadingAnything(t *testing.T) {
	t.Parallel()
	page := newSite(t).get("/api").is(http.StatusOK, "/api/v1/gate/decisions/{id}/replay", "Idempotency-Key", "openapi.json").body
	for _, tag := range []string{"<script", "<style", "<link", "<img", "style=", "http://", "https://"} {
		if strings.Contains(page, tag) {
			t.Errorf("the page holds %s", tag)
		}
	}
}
