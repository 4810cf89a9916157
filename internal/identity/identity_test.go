package identity

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestATokenInOrderNamesItsJob(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	payments, ledger := Service{Project: "42", Owner: "7", Name: "payments"}, Service{Project: "42", Name: "ledger", Environments: []string{"staging"}}
	want := Job{
		Issuer: "ci", Kind: GitHub, Project: "42", Services: []Service{payments, ledger}, Environment: "production", Commit: "c0ffee",
		Run: "8123", Attempt: 2, Protected: true, TokenID: "token-1", ExpiresAt: noon.Add(5 * time.Minute),
	}
	got, err := p.verifier(GitHub).Verify(t.Context(), p.token(p.github()))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	gitlab := map[string]any{
		"iss": p.url, "aud": []string{"other", "shiphabit"}, "jti": "t", "exp": noon.Add(time.Hour).Unix(), "project_id": 42, "namespace_id": "7",
		"job_id": "99", "pipeline_id": "5", "environment": "production", "sha": "c0ffee", "ref_protected": "false", "pipeline_source": "push",
	}
	want = Job{
		Issuer: "ci", Kind: GitLab, Project: "42", Services: []Service{payments, ledger}, Environment: "production", Commit: "c0ffee",
		Run: "99", Attempt: 1, TokenID: "t", ExpiresAt: noon.Add(time.Hour),
	}
	got, err = p.verifier(GitLab).Verify(t.Context(), sign(t, jose.ES256, ecKey(), "e1", gitlab))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestEveryFaultOfATokenIsRefusedForItsOwnReason(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v := p.verifier(GitHub)
	second := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	signed := func(change ...func(map[string]any)) string { return p.token(p.github(change...)) }
	good := signed()
	parts := strings.Split(good, ".")
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for sentence, c := range map[string]struct {
		token string
		want  Reason
	}{
		"in order":                              {good, ""},
		"nothing":                               {"", Malformed},
		"no token":                              {"a.b.c", Malformed},
		"a part is missing":                     {parts[0] + "." + parts[1], Malformed},
		"too long":                              {signed(with("x", strings.Repeat("x", maxToken))), Malformed},
		"no claims but a list":                  {sign(t, jose.RS256, rsaKey(), "r1", []int{1}), Malformed},
		"no algorithm":                          {encoded(`{"alg":"none","kid":"r1"}`) + "." + parts[1] + ".", WrongAlgorithm},
		"no algorithm, written otherwise":       {encoded(`{"alg":"NoNe","kid":"r1"}`) + "." + parts[1] + ".", WrongAlgorithm},
		"the public key as a shared secret":     {sign(t, jose.HS256, publicPEM(t, &rsaKey().PublicKey), "r1", p.github()), WrongAlgorithm},
		"another algorithm of the same key":     {sign(t, jose.PS256, rsaKey(), "r1", p.github()), WrongAlgorithm},
		"one algorithm with the key of another": {sign(t, jose.ES256, ecKey(), "r1", p.github()), UnknownKey},
		"no key id":                             {sign(t, jose.RS256, rsaKey(), "", p.github()), NoKeyID},
		"an unknown key":                        {sign(t, jose.RS256, rsaKey(), "r9", p.github()), UnknownKey},
		"another's key under a known id":        {sign(t, jose.RS256, nextKey(), "r1", p.github()), BadSignature},
		"claims of one token with the signature of another": {parts[0] + "." + strings.Split(signed(with("repository_id", "43")), ".")[1] + "." + parts[2], BadSignature},
		"another issuer":                            {signed(with("iss", "https://token.actions.githubusercontent.com")), UnknownIssuer},
		"no issuer":                                 {signed(with("iss", nil)), UnknownIssuer},
		"the issuer with a slash":                   {signed(with("iss", p.url+"/")), UnknownIssuer},
		"an issuer that is no text":                 {signed(with("iss", []string{p.url})), Malformed},
		"another audience":                          {signed(with("aud", "https://github.com/acme")), WrongAudience},
		"an audience that begins like ours":         {signed(with("aud", "shiphabit.example")), WrongAudience},
		"no audience":                               {signed(with("aud", nil)), WrongAudience},
		"several audiences, ours among them":        {signed(with("aud", []any{"other", "shiphabit"})), ""},
		"expired":                                   {signed(with("exp", second(-60*time.Second))), Expired},
		"expired within the leeway":                 {signed(with("exp", second(-59*time.Second))), ""},
		"never expires":                             {signed(with("exp", nil)), NoExpiry},
		"an expiry that is no time":                 {signed(with("exp", "tomorrow")), Malformed},
		"an expiry beyond all times":                {signed(with("exp", 1e300)), Malformed},
		"not yet valid":                             {signed(with("nbf", second(61*time.Second))), NotYetValid},
		"not yet valid within the leeway":           {signed(with("nbf", second(60*time.Second))), ""},
		"valid from any time":                       {signed(with("nbf", nil)), ""},
		"no id":                                     {signed(with("jti", nil)), NoTokenID},
		"an id with a zero character":               {signed(with("jti", "a\x00b")), Malformed},
		"an id longer than any":                     {signed(with("jti", strings.Repeat("j", 256))), Malformed},
		"no project":                                {signed(with("repository_id", nil)), NoProject},
		"a project as a number":                     {signed(with("repository_id", 42)), ""},
		"a project as a fraction":                   {signed(with("repository_id", 42.5)), Malformed},
		"an attempt that is no number":              {signed(with("run_attempt", "first")), Malformed},
		"a project that is not mapped":              {signed(with("repository_id", "44")), UnknownProject},
		"a mapped name with another number":         {signed(with("repository_id", "44"), with("repository", "acme/payments")), UnknownProject},
		"a project that was given to another owner": {signed(with("repository_id", "43"), with("repository_owner_id", "8")), WrongOwner},
	} {
		_, err := v.Verify(t.Context(), c.token)
		if got := reason(t, err); got != c.want {
			t.Errorf("%s: refused for %q, want %q: %v", sentence, got, c.want, err)
		}
		if err != nil && c.token != "" && (strings.Contains(err.Error(), c.token) || strings.Contains(err.Error(), "token-1")) {
			t.Errorf("%s: the refusal repeats the token: %v", sentence, err)
		}
	}
}

// publicPEM is the public key as the text that a careless verifier takes for a shared secret.
func publicPEM(t *testing.T, key *rsa.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestAChangeThatMayComeFromAForkIsToldByItsEvent(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for sentence, c := range map[string]struct {
		kind  Kind
		claim []func(map[string]any)
		want  string
	}{
		"a push":         {GitHub, nil, ""},
		"a pull request": {GitHub, []func(map[string]any){with("event_name", "pull_request")}, "pull_request"},
		"a pull request that runs the target's workflow": {GitHub, []func(map[string]any){with("event_name", "pull_request_target")}, "pull_request_target"},
		"a merge request of unprotected branches":        {GitLab, []func(map[string]any){with("pipeline_source", "merge_request_event"), with("ref_protected", "false")}, "merge_request_event"},
		"a merge request of protected branches":          {GitLab, []func(map[string]any){with("pipeline_source", "merge_request_event")}, ""},
		"a child of a pipeline that may be one of those": {GitLab, []func(map[string]any){with("pipeline_source", "parent_pipeline"), with("ref_type", "branch"), with("ref_protected", "false")}, "parent_pipeline"},
		"a child pipeline of a protected branch":         {GitLab, []func(map[string]any){with("pipeline_source", "parent_pipeline"), with("ref_type", "branch")}, ""},
		"a child pipeline of a tag":                      {GitLab, []func(map[string]any){with("pipeline_source", "parent_pipeline"), with("ref_type", "tag"), with("ref_protected", "false")}, ""},
		"a branch that is not protected":                 {GitLab, []func(map[string]any){with("pipeline_source", "push"), with("ref_protected", "false")}, ""},
	} {
		claims := p.github(append(c.claim, with("project_id", "42"), with("namespace_id", "7"))...)
		job, err := p.verifier(c.kind).Verify(t.Context(), p.token(claims))
		if err != nil || job.Foreign != c.want {
			t.Errorf("%s: %q, want %q: %v", sentence, job.Foreign, c.want, err)
		}
	}
}

func TestAnyIssuerCanNameItsOwnClaims(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	client, _ := NewClient("")
	v, err := New([]Issuer{{
		Name: "jenkins", URL: p.url, Audience: "shiphabit", Kind: Generic, Client: client,
		Claims: Claims{Project: "sub", Run: "build_number"}, Services: []Service{{Project: "https://ci.example/job/pay/", Name: "payments"}},
	}}, p.clock)
	if err != nil {
		t.Fatal(err)
	}
	job, err := v.Verify(t.Context(), p.token(map[string]any{
		"iss": p.url, "aud": "shiphabit", "jti": "j", "exp": noon.Add(time.Minute).Unix(), "sub": "https://ci.example/job/pay/", "build_number": 17,
	}))
	if err != nil || job.Run != "17" || job.Attempt != 1 || job.Services[0].Name != "payments" {
		t.Errorf("%+v, %v", job, err)
	}
}

func TestAnIssuerWhoseKeysWouldTravelInTheOpenIsRefused(t *testing.T) {
	t.Parallel()
	for text, fine := range map[string]bool{
		"https://gitlab.example": true, "https://gitlab.example/oidc": true, "http://127.0.0.1:8080": true, "http://localhost": true, "http://[::1]:1": true,
		"http://gitlab.example": false, "ftp://gitlab.example": false, "gitlab.example": false, "": false, "https://user:x@gitlab.example": false,
		"https://gitlab.example?x=1": false, "http://localhost.evil.example": false,
	} {
		if err := CheckURL(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := New([]Issuer{{Name: "a", URL: "https://a.example", Audience: "x"}, {Name: "b", URL: "https://a.example", Audience: "y"}}, time.Now); err == nil {
		t.Error("one issuer may be listed twice")
	}
}
