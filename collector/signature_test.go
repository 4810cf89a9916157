package collector_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func TestASignatureIsGoodUnderAnyOfTheSecretsAndNoOther(t *testing.T) {
	t.Parallel()
	const good = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8" // RFC-style example: key "key", this text
	message := []byte("The quick brown fox jumps over the lazy dog")
	for sentence, c := range map[string]struct {
		signature string
		secrets   []string
		want      bool
	}{
		"with its kind":           {"sha256=" + good, []string{"key"}, true},
		"without its kind":        {good, []string{"key"}, true},
		"in capitals":             {strings.ToUpper(good), []string{"key"}, true},
		"the second of two":       {good, []string{"new", "key"}, true},
		"the first of two":        {good, []string{"key", "old"}, true},
		"another secret":          {good, []string{"Key"}, false},
		"no secret at all":        {good, nil, false},
		"cut short":               {good[:62], []string{"key"}, false},
		"empty":                   {"", []string{"key"}, false},
		"no hexadecimal":          {"sha256=zz", []string{"key"}, false},
		"another kind":            {"sha1=" + good, []string{"key"}, false},
		"under the empty secret":  {emptyKeySignature, []string{""}, false},
		"empty beside a good one": {good, []string{"", "key"}, true},
	} {
		if got := collector.Signed(c.signature, message, c.secrets); got != c.want {
			t.Errorf("%s: %v", sentence, got)
		}
	}
}

// emptyKeySignature is what the empty secret gives for the text.
const emptyKeySignature = "fb011e6154a19b9a4c767373c305275a5a69e8b68b0b4c9200c383dced19a416"

func TestASecretIsShownAsABearerTokenOrAPassword(t *testing.T) {
	t.Parallel()
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for stated, want := range map[string]bool{
		"Bearer secret": true, "bearer  secret ": true, "Bearer old": true, basic("anybody:secret"): true, basic(":old"): true,
		"Bearer Secret": false, "secret": false, "": false, "Bearer ": false, basic("secret:"): false, basic("secret"): false, "Token secret": false,
	} {
		if got := collector.Bears(http.Header{"Authorization": {stated}}, []string{"secret", "old", ""}); got != want {
			t.Errorf("%q: %v", stated, got)
		}
	}
}

func TestAStepOfARecordNeedsNoMoreThanItsTime(t *testing.T) {
	t.Parallel()
	resolved := metrics.NewEvent("s", metrics.Incident{ID: "7", ResolvedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	var p collector.Pushed
	p.Revise("incident 7", resolved)
	if len(p.Events) != 0 || len(p.SetAside) != 1 || !strings.Contains(p.SetAside[0].Reason, "started_at") {
		t.Errorf("without a time of change it is taken for the whole record: %+v", p)
	}
	resolved.UpdatedAt = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	p = collector.Pushed{}
	p.Revise("incident 7", resolved)
	if len(p.Events) != 1 || len(p.SetAside) != 0 {
		t.Errorf("%+v", p)
	}
}
