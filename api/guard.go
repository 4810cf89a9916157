package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard keeps a page of another origin from using this server through somebody's browser.
type guard struct {
	hosts []string // names besides loopback under which this server may be asked
	key   []byte   // signs CSRF tokens; new at each start
}

func newGuard(hosts []string) (guard, error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return guard{}, err
	}
	return guard{hosts: hosts, key: key}, nil
}

// headers are set on every answer. Nothing may be loaded from, or sent to, another host; no script or style stands in a page.
func headers(h http.Header, path string) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin")
	if strings.HasPrefix(path, "/assess/") {
		h.Set("Referrer-Policy", "no-referrer") // the address holds a token
		h.Set("Cache-Control", "no-store")
	}
}

// check refuses a request whose Host is not ours: a foreign name rebound to 127.0.0.1 would otherwise read everything. State
// may be changed by our own pages and by programs, which send no Origin.
func (g guard) check(r *http.Request) error {
	if !g.ours(r.Host) {
		return fail(Forbidden, "this server is not known as "+shorten(r.Host)+"; ask it as localhost, or list the name under 'hosts' in the configuration")
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			return fail(Forbidden, "the request comes from another site")
		}
		return nil
	}
	from, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(from.Host, r.Host) {
		// Pages that send no referrer post with the origin "null"; their form token then has to vouch for them.
		if origin == "null" && strings.HasPrefix(r.URL.Path, "/assess/") {
			return nil
		}
		return fail(Forbidden, "the request comes from another site")
	}
	return nil
}

func (g guard) ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.Trim(name, "[]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(g.hosts, func(h string) bool { return strings.EqualFold(h, name) || strings.EqualFold(h, host) })
}

// csrfCookie holds the browser's half of a form token.
const csrfCookie = "shiphabit_form"

// formToken returns the token that forms of this browser must carry, setting the cookie when there is none.
func (g guard) formToken(w http.ResponseWriter, r *http.Request) string {
	cookie, err := r.Cookie(csrfCookie)
	if err != nil || len(cookie.Value) < 16 {
		cookie = &http.Cookie{Name: csrfCookie, Value: rand.Text(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil}
		http.SetCookie(w, cookie)
	}
	return g.sign(cookie.Value)
}

// checkForm compares a form's token with the browser's cookie.
func (g guard) checkForm(r *http.Request, token string) error {
	cookie, err := r.Cookie(csrfCookie)
	if err != nil || !hmac.Equal([]byte(token), []byte(g.sign(cookie.Value))) {
		return fail(Forbidden, "the form is out of date or was opened without cookies; go back, load the page again and send it once more: nothing was stored")
	}
	return nil
}

func (g guard) sign(value string) string {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// shorten keeps a foreign value from filling a message.
func shorten(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
