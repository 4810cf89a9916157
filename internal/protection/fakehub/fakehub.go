// Package fakehub is a GitHub for tests: a real HTTP server with the two addresses that a deployment protection rule uses, as GitHub
// documents them. What the documentation leaves open is marked as assumed.
package fakehub

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the app is called here, and where it is installed.
const (
	App          = "12345"
	Installation = 777
	Repository   = 17
	Name         = "acme/shop"
	Secret       = "the app's webhook secret"
)

// Review is what a deployment was told.
type Review struct {
	State, Comment string
}

// Hub is the server.
type Hub struct {
	t   testing.TB
	URL string
	// Key is the app's private key (PEM).
	Key []byte
	key *rsa.PrivateKey
	now func() time.Time

	mu       sync.Mutex
	tokens   map[string]time.Time // by their end
	given    int
	reviews  map[string][]Review // by run and environment
	troubles []trouble
}

// trouble is an answer in place of the right one.
type trouble struct {
	path   string // part of the address it is for
	status int
	header http.Header
	body   string
}

// New starts a hub whose clock is now.
func New(t testing.TB, now func() time.Time) *Hub {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{
		t: t, key: key, now: now, tokens: map[string]time.Time{}, reviews: map[string][]Review{},
		Key: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /app/installations/{installation}/access_tokens", h.troubled(h.token))
	mux.HandleFunc("POST /repos/{owner}/{repo}/actions/runs/{run}/deployment_protection_rule", h.troubled(h.review))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

// Trouble makes the next requests to addresses with a part in them be answered otherwise, one each, in order.
func (h *Hub) Trouble(path string, status int, header http.Header, body string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.troubles = append(h.troubles, trouble{path, status, header, body})
}

// Reviews are what a deployment was told so far.
func (h *Hub) Reviews(run int, environment string) []Review {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Review(nil), h.reviews[fmt.Sprintf("%d %s", run, environment)]...)
}

// Given is how many tokens the app got.
func (h *Hub) Given() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.given
}

// Revoke makes all tokens worthless.
func (h *Hub) Revoke() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.tokens)
}

func (h *Hub) troubled(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		for i, one := range h.troubles {
			if strings.Contains(r.URL.Path, one.path) {
				h.troubles = append(h.troubles[:i], h.troubles[i+1:]...)
				h.mu.Unlock()
				for name, values := range one.header {
					w.Header()[name] = values
				}
				w.WriteHeader(one.status)
				fmt.Fprint(w, one.body)
				return
			}
		}
		h.mu.Unlock()
		next(w, r)
	}
}

// token gives an installation token to whoever proves to be the app.
func (h *Hub) token(w http.ResponseWriter, r *http.Request) {
	if why := h.strange(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); why != "" {
		refuse(w, http.StatusUnauthorized, why)
		return
	}
	if r.PathValue("installation") != strconv.Itoa(Installation) {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	var asked struct {
		Repositories []int64           `json:"repository_ids"`
		Permissions  map[string]string `json:"permissions"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Repositories) != 1 || asked.Repositories[0] != Repository || asked.Permissions["deployments"] != "write" {
		refuse(w, http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	token, until := "ghs_"+rand.Text(), h.now().Add(time.Hour)
	h.tokens[token] = until
	h.given++
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_at": until.UTC().Format(time.RFC3339), "permissions": asked.Permissions})
}

// strange says why a token does not prove to be the app.
func (h *Hub) strange(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "A JSON web token could not be decoded"
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&h.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return "A JSON web token could not be decoded"
	}
	var header struct{ Alg string }
	var said struct {
		Iat, Exp int64
		Iss      string
	}
	for i, into := range []any{&header, &said} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return "A JSON web token could not be decoded"
		}
	}
	now := h.now().Unix()
	switch {
	case header.Alg != "RS256", said.Iss != App:
		return "'Issuer' claim ('iss') must be an Integer"
	case said.Iat > now:
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	case said.Exp <= now, said.Exp > now+600:
		return "'Expiration time' claim ('exp') is too far in the future"
	}
	return ""
}

// mostReports and longestReport are GitHub's bounds of reports without a state.
const (
	mostReports   = 10
	longestReport = 1024
)

// review takes an answer. That one decided already, an eleventh report and a long comment are refused with 422 is assumed.
func (h *Hub) review(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	until, known := h.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known || !h.now().Before(until) {
		refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	if r.PathValue("owner")+"/"+r.PathValue("repo") != Name {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	var said struct {
		Environment string  `json:"environment_name"`
		State       *string `json:"state"`
		Comment     string  `json:"comment"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&said); err != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	about := r.PathValue("run") + " " + said.Environment
	reports, decided := 0, false
	for _, one := range h.reviews[about] {
		if decided = decided || one.State != ""; one.State == "" {
			reports++
		}
	}
	state := ""
	if said.State != nil {
		state = *said.State
	}
	switch {
	case said.Environment == "", said.State != nil && state != "approved" && state != "rejected", said.State == nil && said.Comment == "":
		refuse(w, http.StatusUnprocessableEntity, "Invalid request.")
	case len([]rune(said.Comment)) > longestReport, decided, state == "" && reports >= mostReports:
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed")
	default:
		h.reviews[about] = append(h.reviews[about], Review{state, said.Comment})
		w.WriteHeader(http.StatusNoContent)
	}
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest"})
}

// Request is a deployment that waits for the rule.
type Request struct {
	Run, Deployment            int
	Environment, Commit, Event string
	Repository                 int
	Callback                   string
}

// Body is the delivery about a request, with the members of GitHub's that are of interest.
func (h *Hub) Body(r Request) string {
	if r.Callback == "" {
		r.Callback = fmt.Sprintf("%s/repos/%s/actions/runs/%d/deployment_protection_rule", h.URL, Name, r.Run)
	}
	if r.Repository == 0 {
		r.Repository = Repository
	}
	text, err := json.Marshal(map[string]any{
		"action": "requested", "environment": r.Environment, "event": r.Event, "deployment_callback_url": r.Callback,
		"deployment":    map[string]any{"id": r.Deployment, "sha": r.Commit, "ref": "main", "task": "deploy", "payload": map[string]any{}, "environment": r.Environment},
		"pull_requests": []any{}, "repository": map[string]any{"id": r.Repository, "full_name": Name, "html_url": "https://github.example/" + Name},
		"installation": map[string]any{"id": Installation}, "sender": map[string]any{"login": "ana", "id": 1},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// Signed are the headers of a delivery.
func Signed(body, secret string) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	header := http.Header{}
	header.Set("X-GitHub-Event", "deployment_protection_rule")
	header.Set("X-GitHub-Delivery", rand.Text())
	header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	header.Set("Content-Type", "application/json")
	return header
}

// Deliver sends a request to a server's hook and returns the status of its answer and how long it took.
func (h *Hub) Deliver(hook, body, secret string) (status int, took time.Duration) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, hook, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header = Signed(body, secret)
	began := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode, time.Since(began)
}
