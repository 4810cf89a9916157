package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/webhook"
	"shiphabit/metrics"
)

const secret = "correct-horse-battery"

var now = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

func hook() webhook.Hook {
	return webhook.Hook{Source: "ci", Clock: func() time.Time { return now }}
}

func sign(text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

const one = `{"type":"deployment","id":"1","service":"api","environment":"production","status":"succeeded","revision":"abc"}`

func TestADeliveryIsSignedOverItsRawBytesAndItsTime(t *testing.T) {
	t.Parallel()
	stamp := func(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
	timed := func(at time.Time) http.Header {
		return header(webhook.TimeHeader, stamp(at), webhook.SignatureHeader, sign(stamp(at)+"."+one))
	}
	for sentence, c := range map[string]struct {
		header http.Header
		want   bool
	}{
		"the body":                           {header(webhook.SignatureHeader, sign(one)), true},
		"the body, as GitHub names it":       {header("X-Hub-Signature-256", sign(one)), true},
		"another body":                       {header(webhook.SignatureHeader, sign(one+" ")), false},
		"nothing":                            {header(), false},
		"with its time":                      {timed(now), true},
		"five minutes ago":                   {timed(now.Add(-webhook.Window)), true},
		"longer ago":                         {timed(now.Add(-webhook.Window - time.Second)), false},
		"from a clock that is ahead":         {timed(now.Add(webhook.Window + time.Second)), false},
		"a time that is not signed":          {header(webhook.TimeHeader, stamp(now), webhook.SignatureHeader, sign(one)), false},
		"a time, signed as GitHub would":     {header(webhook.TimeHeader, stamp(now), "X-Hub-Signature-256", sign(stamp(now)+"."+one)), false},
		"a time that is none":                {header(webhook.TimeHeader, "noon", webhook.SignatureHeader, sign("noon."+one)), false},
		"a signed time that was taken away":  {header(webhook.SignatureHeader, sign(stamp(now)+"."+one)), false},
		"a time at the far end of all times": {header(webhook.TimeHeader, "9223372036854775807", webhook.SignatureHeader, sign("9223372036854775807."+one)), false},
	} {
		if got := hook().Authentic(c.header, []byte(one), []string{"new", secret}); got != c.want {
			t.Errorf("%s: %v", sentence, got)
		}
	}
}

func TestEventsComeAsAnObjectAnArrayOrLines(t *testing.T) {
	t.Parallel()
	two := strings.Replace(one, `"1"`, `"2"`, 1)
	incident := `{"type":"incident","id":"i","service":"api","started_at":"2026-03-03T10:00:00Z"}`
	for sentence, c := range map[string]struct {
		body, kind, ids string
	}{
		"an object":                  {one, "deployment", "1"},
		"an object of several lines": {strings.ReplaceAll(one, ",", ",\n"), "deployment", "1"},
		"an array":                   {"[" + one + ",\n" + two + "]", "deployment", "1 2"},
		"lines":                      {one + "\n\n" + two + "\n", "deployment", "1 2"},
		"lines of several kinds":     {one + "\r\n" + incident, "events", "1 i"},
		"after a byte order mark":    {"\ufeff" + one, "deployment", "1"},
	} {
		p := hook().Parse(header(), []byte(c.body))
		var ids []string
		for _, e := range p.Events {
			ids = append(ids, e.ID)
			if e.Source != "ci" {
				t.Errorf("%s: source %q", sentence, e.Source)
			}
		}
		if strings.Join(ids, " ") != c.ids || p.Kind != c.kind || len(p.SetAside) > 0 || p.Ignored != "" {
			t.Errorf("%s: %v %+v", sentence, ids, p)
		}
	}
	for _, body := range []string{"", " \n", "[]"} {
		if p := hook().Parse(header(), []byte(body)); p.Ignored == "" || len(p.Events)+len(p.SetAside) > 0 {
			t.Errorf("%q: %+v", body, p)
		}
	}
}

func TestWhatIsWrongIsSetAsideAndTheRestIsTaken(t *testing.T) {
	t.Parallel()
	p := hook().Parse(header(webhook.DeliveryHeader, "d7"), []byte(one+"\n"+`{"type":"deployment","id":"2"}`+"\nnonsense\n"+one))
	if len(p.Events) != 2 || len(p.SetAside) != 2 {
		t.Fatalf("%+v", p)
	}
	if got := p.SetAside[0]; got.Record != "delivery d7, event 2" || !strings.HasPrefix(got.Reason, "field environment: missing") || !strings.Contains(got.Reason, "field status: missing") {
		t.Errorf("%+v", got)
	}
	if p := hook().Parse(header(), []byte("["+one)); len(p.Events) != 0 || len(p.SetAside) != 1 || p.SetAside[0].Record != "delivery" {
		t.Errorf("a broken array: %+v", p)
	}
}

// FuzzParse: what is taken is sound, belongs to the hook's source or says another, and is what the same bytes give again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{one, "[" + one + "]", one + "\n" + one, "[", "", "\x00", `[{"type":"incident"},1,null]`, "{\n\n}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		first, second := hook().Parse(header(), bytes.Clone(body)), hook().Parse(header(), bytes.Clone(body))
		if len(first.Events) != len(second.Events) || len(first.SetAside) != len(second.SetAside) {
			t.Fatal("the same bytes give something else")
		}
		if (len(first.Events)+len(first.SetAside) == 0) != (first.Ignored != "") {
			t.Fatalf("it neither says something nor why not: %+v", first)
		}
		for _, e := range first.Events {
			var line bytes.Buffer
			if err := metrics.EncodeLine(&line, e); err != nil {
				t.Fatal(err)
			}
			if faults, err := metrics.DecodeLines(&line, "ci", func(metrics.Event) error { return nil }); err != nil || len(faults) > 0 {
				t.Fatalf("%s is taken though %v %v", e, faults, err)
			}
		}
	})
}
