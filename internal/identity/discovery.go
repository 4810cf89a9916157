package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"shiphabit/internal/trust"
)

// maxDocument is the largest document read from an issuer, in bytes.
const maxDocument = 1 << 20

// NewClient is a client for an issuer; roots is a file of certificates (PEM) to trust beside the system's, "" for none. It follows
// no redirect: the keys of an issuer are where its discovery says.
func NewClient(roots string) (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	var err error
	if t.TLSClientConfig, err = trust.TLS(roots); err != nil {
		return nil, err
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("the issuer redirects; list it under the address that it has")
	}}, nil
}

// Run keeps the keys of all issuers fresh, so that no decision has to wait for them, until the context ends.
func (v *Verifier) Run(ctx context.Context) {
	tick := time.NewTicker(5 * time.Minute)
	defer tick.Stop()
	for {
		v.keepFresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// keepFresh fetches the keys that end soon.
func (v *Verifier) keepFresh(ctx context.Context) {
	for _, i := range v.issuers {
		if _, age := i.keys.look("", ""); age >= keysLife-10*time.Minute {
			i.keys.fetching.Lock()
			i.keys.refresh(ctx)
			i.keys.fetching.Unlock()
		}
	}
}

// fetchKeys asks an issuer where its keys are, and then for them.
func fetchKeys(ctx context.Context, client *http.Client, issuer string) (map[string][]jose.JSONWebKey, error) {
	text, err := fetch(ctx, client, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return nil, err
	}
	address, err := parseDiscovery(text, issuer)
	if err != nil {
		return nil, err
	}
	if text, err = fetch(ctx, client, address); err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// parseDiscovery returns where an issuer's keys are.
func parseDiscovery(text []byte, issuer string) (string, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return "", fmt.Errorf("the discovery of %s is no JSON: %w", issuer, err)
	}
	if document.Issuer != issuer {
		return "", fmt.Errorf("the discovery of %s is that of another issuer, %q", issuer, document.Issuer)
	}
	if err := checkKeysURL(document.Keys, issuer); err != nil {
		return "", err
	}
	return document.Keys, nil
}

// checkKeysURL lets only an issuer on this machine keep its keys in the open.
func checkKeysURL(keys, issuer string) error {
	if strings.HasPrefix(keys, "https://") {
		return nil
	}
	if strings.HasPrefix(issuer, "https://") {
		return fmt.Errorf("the discovery of %s names keys that are not behind https", issuer)
	}
	return CheckURL(keys)
}

func fetch(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers with %s", address, response.Status)
	case len(text) > maxDocument:
		return nil, fmt.Errorf("%s answers with more than %d MiB", address, maxDocument>>20)
	}
	return text, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
