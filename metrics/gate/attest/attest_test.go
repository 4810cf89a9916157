package attest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// fixedKey is the same key for the same number, so that failures can be repeated.
func fixedKey(n byte) PrivateKey {
	return PrivateKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))}
}

var (
	digest = "sha256:" + strings.Repeat("4f5c", 16)
	other  = "sha256:" + strings.Repeat("0a0b", 16)
	commit = strings.Repeat("9f1c2", 8)
)

// decided is a decision made at noon that lets payments into production.
func decided(change ...func(*gate.Logged)) gate.Logged {
	l := gate.Logged{
		Decision: gate.Decision{
			ID: "gd_1", Verdict: gate.Allow, WouldBe: gate.Warn, Kind: gate.KindNormal, ValidUntil: noon.Add(15 * time.Minute),
			Policy: gate.PolicyRef{Name: "high", Digest: "sha256:abc"},
		},
		Request: gate.Request{Service: "payments", Environment: "production", Artifact: gate.Artifact{Digest: digest}, Commit: commit},
		At:      noon,
	}
	for _, c := range change {
		c(&l)
	}
	return l
}

func signed(t testing.TB, key PrivateKey, l gate.Logged) string {
	t.Helper()
	s, ok := Of(l)
	if !ok {
		t.Fatal("the decision names no artifact")
	}
	token, err := key.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// deploys is what the deploy step asks a minute after the decision.
var deploys = Want{Digest: digest, Service: "payments", Environment: "production", Now: noon.Add(time.Minute)}

func TestASignedVerdictLetsThroughWhatItIsAboutAndNothingElse(t *testing.T) {
	t.Parallel()
	key := fixedKey(1)
	for sentence, c := range map[string]struct {
		change func(*gate.Logged)
		want   func(*Want)
		err    error
	}{
		"an allow for this artifact, here and now": {},
		"a warning goes on":                        {change: func(l *gate.Logged) { l.Verdict = gate.Warn }},
		"without a service any will do":            {want: func(w *Want) { w.Service = "" }},
		"environments are compared as elsewhere":   {want: func(w *Want) { w.Environment = "Production" }},
		"a block":                                  {change: func(l *gate.Logged) { l.Verdict = gate.Block }, err: ErrStopped},
		"a hold":                                   {change: func(l *gate.Logged) { l.Verdict = gate.Hold }, err: ErrStopped},
		"a verdict of tomorrow's program":          {change: func(l *gate.Logged) { l.Verdict = "perhaps" }, err: ErrStopped},
		"another digest":                           {want: func(w *Want) { w.Digest = other }, err: ErrOther},
		"no digest":                                {want: func(w *Want) { w.Digest = "" }, err: ErrOther},
		"a digest that is none":                    {want: func(w *Want) { w.Digest = "sha256:" }, err: ErrOther},
		"its commit in place of its digest":        {want: func(w *Want) { w.Digest, w.Commit = "", commit }, err: ErrOther},
		"another environment":                      {want: func(w *Want) { w.Environment = "staging" }, err: ErrOther},
		"another service":                          {want: func(w *Want) { w.Service = "ledger" }, err: ErrOther},
		"at its last instant":                      {want: func(w *Want) { w.Now = noon.Add(15*time.Minute - 1) }},
		"when it has expired":                      {want: func(w *Want) { w.Now = noon.Add(15 * time.Minute) }, err: ErrExpired},
		"before it was issued":                     {want: func(w *Want) { w.Now = noon.Add(-time.Second) }, err: ErrEarly},
		"a little before, as clocks differ":        {want: func(w *Want) { w.Now, w.Leeway = noon.Add(-time.Second), time.Minute }},
		"a commit where there is no digest": {
			change: func(l *gate.Logged) { l.Request.Artifact.Digest = "" }, want: func(w *Want) { w.Digest, w.Commit = "", commit },
		},
		"a digest for a verdict about a commit": {change: func(l *gate.Logged) { l.Request.Artifact.Digest = "" }, err: ErrOther},
	} {
		l, w := decided(), deploys
		if c.change != nil {
			c.change(&l)
		}
		if c.want != nil {
			c.want(&w)
		}
		s, err := Open(signed(t, key, l), Keys{key.Public()}, w.Now)
		if err != nil {
			t.Errorf("%s: %v", sentence, err)
		} else if err := s.Check(w); !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %v, want %v", sentence, err, c.err)
		}
	}
}

func TestAnArtifactWithoutADigestOrFullCommitCannotBeSignedFor(t *testing.T) {
	t.Parallel()
	for _, artifact := range []struct{ digest, commit string }{
		{"", ""}, {"", "9f1c2ab"}, {"sha256:new", commit}, {"sha256:", ""}, {"md5:" + strings.Repeat("0", 32), ""},
		{strings.ToUpper(digest), ""}, {strings.TrimPrefix(digest, "sha256:"), ""}, {"", strings.Repeat("g", 40)},
	} {
		l := decided(func(l *gate.Logged) { l.Request.Artifact.Digest, l.Request.Commit = artifact.digest, artifact.commit })
		if s, ok := Of(l); ok {
			t.Errorf("%+v is signed for as %v", artifact, s.Subject)
		}
	}
}

func TestARollbackIsSignedForTheDigestOnRecordAndElseForItsCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func(*gate.Logged)
		digest   bool
	}{
		{"a rollback to what the record knows by its digest", func(l *gate.Logged) {
			l.Kind, l.Snapshot.Earlier = gate.KindRollback, []gate.Deployed{{Digest: digest}}
		}, true},
		{"a rollback to what the record knows by its commit", func(l *gate.Logged) {
			l.Kind, l.Snapshot.Earlier = gate.KindRollback, []gate.Deployed{{Revision: commit}}
		}, false},
		{"what failed is put in again", func(l *gate.Logged) {
			l.Kind, l.Snapshot.FailedRun = gate.KindFix, &gate.Deployed{Digest: digest}
		}, true},
		{"what failed is put in again, known by its commit", func(l *gate.Logged) {
			l.Kind, l.Snapshot.FailedRun = gate.KindFix, &gate.Deployed{Revision: commit}
		}, false},
		{"a fix that was declared as one is new", func(l *gate.Logged) { l.Kind, l.Request.Change.Kind = gate.KindFix, gate.KindFix }, true},
	} {
		s, ok := Of(decided(c.change))
		if _, byDigest := s.Subject[0].Digest["sha256"]; !ok || byDigest != c.digest {
			t.Errorf("%s: signed for %v", c.sentence, s.Subject[0].Digest)
		}
	}
}

func TestTheSameDecisionIsSignedWithTheSameBytes(t *testing.T) {
	t.Parallel()
	if a, b := signed(t, fixedKey(1), decided()), signed(t, fixedKey(1), decided()); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}

// The envelope is written down as the specifications of DSSE and in-toto have it, so that a change of ours cannot pass unnoticed.
func TestTheEnvelopeIsThatOfTheSpecifications(t *testing.T) {
	t.Parallel()
	if got := string(preAuth("http://example.com/HelloWorld", []byte("hello world"))); got != "DSSEv1 29 http://example.com/HelloWorld 11 hello world" {
		t.Errorf("the example of DSSE is signed as %q", got)
	}
	body, err := base64.StdEncoding.DecodeString(signed(t, fixedKey(1), decided()))
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Payload, PayloadType string
		Signatures           []struct{ KeyID, Sig string }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","predicate":{"decision":"gd_1","environment":"production",`+
		`"issued_at":"2026-03-03T12:00:00Z","kind":"normal","policy":"sha256:abc","service":"payments",`+
		`"valid_until":"2026-03-03T12:15:00Z","verdict":"allow","would_be":"warn"},`+
		`"predicateType":"https://shiphabit.dev/release-verdict/v1","subject":[{"digest":{"sha256":"%s"},"name":"payments"}]}`,
		strings.TrimPrefix(digest, "sha256:"))
	if string(payload) != want || e.PayloadType != "application/vnd.in-toto+json" || len(e.Signatures) != 1 {
		t.Errorf("%s holds\n%s\nwant\n%s", body, payload, want)
	}
	sig, _ := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	public := fixedKey(1).Public()
	pae := fmt.Sprintf("DSSEv1 28 application/vnd.in-toto+json %d %s", len(payload), payload)
	if !ed25519.Verify(public.Key, []byte(pae), sig) || e.Signatures[0].KeyID != public.ID {
		t.Error("the signature is not over the type and the payload, or names another key")
	}
}

// reenveloped is a token whose envelope was changed.
func reenveloped(t testing.TB, token string, change func(*envelope)) string {
	t.Helper()
	e, _, err := unwrap(token)
	if err != nil {
		t.Fatal(err)
	}
	change(&e)
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(body)
}

func TestWhatNobodyWeTrustSignedIsRefused(t *testing.T) {
	t.Parallel()
	ours, theirs := fixedKey(1), fixedKey(2)
	blocked := signed(t, ours, decided(func(l *gate.Logged) { l.Verdict = gate.Block }))
	allowed := base64.StdEncoding.EncodeToString([]byte(`{"_type":"` + StatementType + `","predicateType":"` + PredicateType + `","predicate":{"verdict":"allow"}}`))
	stray, err := ours.Sign(Statement{Type: StatementType, PredicateType: "https://slsa.dev/verification_summary/v1"})
	if err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct{ token, says string }{
		"nothing":                     {"", "no DSSE envelope"},
		"noise":                       {"%%%", "neither base64 nor an envelope"},
		"no JSON":                     {base64.StdEncoding.EncodeToString([]byte("verdict=allow")), "no DSSE envelope"},
		"an empty envelope":           {base64.StdEncoding.EncodeToString([]byte("{}")), `holds ""`},
		"far too long":                {strings.Repeat("A", maxToken+1), "more than a verdict can have"},
		"another's key":               {signed(t, theirs, decided()), "none of 1 known keys signed it"},
		"another payload":             {reenveloped(t, blocked, func(e *envelope) { e.Payload = allowed }), "none of 1 known keys"},
		"another type":                {reenveloped(t, blocked, func(e *envelope) { e.PayloadType = "text/plain" }), "text/plain"},
		"no signature":                {reenveloped(t, blocked, func(e *envelope) { e.Signatures = nil }), "0 signatures"},
		"too many signatures":         {reenveloped(t, blocked, func(e *envelope) { e.Signatures = make([]signature, 17) }), "17 signatures"},
		"a cut signature":             {reenveloped(t, blocked, func(e *envelope) { e.Signatures[0].Sig = e.Signatures[0].Sig[:40] }), "none of 1"},
		"a payload that is no base64": {reenveloped(t, blocked, func(e *envelope) { e.Payload = "%" }), "no base64"},
		"a statement of another kind": {stray, "no verdict of a release gate"},
		"our id on another's key": {
			reenveloped(t, signed(t, theirs, decided()), func(e *envelope) { e.Signatures[0].KeyID = ours.Public().ID }), "none of 1",
		},
	} {
		_, err := Open(c.token, Keys{ours.Public()}, noon)
		if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it not trusted, saying %q", sentence, err, c.says)
		}
	}
	if _, err := Open(blocked, nil, noon); !errors.Is(err, ErrUntrusted) {
		t.Errorf("without keys: %v", err)
	}
}

func TestAnEnvelopeIsReadAsOtherToolsWriteIt(t *testing.T) {
	t.Parallel()
	ours, token := fixedKey(1), signed(t, fixedKey(1), decided())
	plain, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, given := range map[string]string{
		"plain, as a file":               string(plain) + "\n",
		"in the alphabet of URLs":        strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(token),
		"with a hint that names nothing": reenveloped(t, token, func(e *envelope) { e.Signatures[0].KeyID = "" }),
		"beside another's signature": reenveloped(t, token, func(e *envelope) {
			e.Signatures = append([]signature{{Sig: base64.StdEncoding.EncodeToString(make([]byte, 64))}}, e.Signatures...)
		}),
		"its payload in the alphabet of URLs": reenveloped(t, token, func(e *envelope) {
			e.Payload = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(e.Payload)
		}),
	} {
		if s, err := Open(given, Keys{ours.Public()}, noon); err != nil || s.Predicate.Decision != "gd_1" {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}

func TestTheKeyBeforeCountsForADayAfterTheRotation(t *testing.T) {
	t.Parallel()
	before, after := fixedKey(1), fixedKey(2)
	old := before.Public()
	ring := Ring{Current: after, Previous: &old, RotatedAt: noon}
	for sentence, c := range map[string]struct {
		key  PrivateKey
		at   time.Time
		fine bool
	}{
		"the old key at once":               {before, noon, true},
		"the old key at the end of the day": {before, noon.Add(24*time.Hour - time.Second), true},
		"the old key after a day":           {before, noon.Add(24 * time.Hour), false},
		"the new key at once":               {after, noon, true},
		"the new key long after":            {after, noon.AddDate(1, 0, 0), true},
	} {
		for how, keys := range map[string]Keys{"as the server has it": ring.Keys(c.at), "from a list that was fetched before": ring.Keys(noon)} {
			if _, err := Open(signed(t, c.key, decided()), keys, c.at); (err == nil) != c.fine {
				t.Errorf("%s, %s: %v", sentence, how, err)
			}
		}
	}
	if n := len(ring.Keys(noon.Add(24 * time.Hour))); n != 1 {
		t.Errorf("%d keys are published after a day, want 1", n)
	}
}

func FuzzWhateverIsTrustedWasSigned(f *testing.F) {
	ours := fixedKey(1)
	written := map[string]bool{}
	for _, verdict := range []gate.Result{gate.Allow, gate.Warn, gate.Block, gate.Hold} {
		l := decided(func(l *gate.Logged) { l.Verdict = verdict })
		token := signed(f, ours, l)
		_, payload, err := unwrap(token)
		if err != nil {
			f.Fatal(err)
		}
		written[string(payload)] = true
		plain, _ := base64.StdEncoding.DecodeString(token)
		f.Add(token)
		f.Add(string(plain))
	}
	f.Add(signed(f, fixedKey(2), decided()))
	f.Add(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[{"sig":"AA=="}]}`)
	f.Fuzz(func(t *testing.T, token string) {
		s, err := Open(token, Keys{ours.Public()}, noon)
		if err != nil {
			if !errors.Is(err, ErrUntrusted) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		payload, err := gate.Canonical(s)
		if err != nil || !written[string(payload)] {
			t.Fatalf("trusted and never signed: %s, %v", payload, err)
		}
	})
}
