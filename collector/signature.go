package collector

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// Signed reports whether signature is the HMAC-SHA-256 of the message under one of the secrets: its hexadecimal digits, after "sha256=" or
// alone. It compares in constant time. An empty secret signs nothing.
func Signed(signature string, message []byte, secrets []string) bool {
	stated, err := hex.DecodeString(strings.TrimPrefix(signature, "sha256="))
	if err != nil {
		return false
	}
	good := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(message)
		good = hmac.Equal(stated, mac.Sum(nil)) && secret != "" || good
	}
	return good
}

// Bears reports whether a request carries one of the secrets as it is, for hosts that cannot sign: as a bearer token, or as the password
// of basic authentication under any name.
func Bears(header http.Header, secrets []string) bool {
	request := http.Request{Header: header}
	_, stated, basic := request.BasicAuth()
	if !basic {
		kind, token, _ := strings.Cut(header.Get("Authorization"), " ")
		if !strings.EqualFold(kind, "bearer") {
			return false
		}
		stated = strings.TrimSpace(token)
	}
	sum, good := sha256.Sum256([]byte(stated)), false
	for _, secret := range secrets {
		own := sha256.Sum256([]byte(secret)) // digests are of one length, so that the secret's own stays unknown
		good = subtle.ConstantTimeCompare(sum[:], own[:]) == 1 && secret != "" || good
	}
	return good
}
