package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
)

// Sizes far above those of any issuer's tokens, in bytes.
const (
	maxToken = 16 << 10
	maxClaim = 255
)

// claims are what a token says. Numbers are kept as they are written: ids do not survive as floats.
type claims map[string]any

// read takes a token apart. Nothing of it is to be believed before its signature is checked.
func read(token string) (*jose.JSONWebSignature, claims, error) {
	if len(token) > maxToken {
		return nil, nil, refuse(Malformed, fmt.Sprintf("the token has more than %d KiB", maxToken>>10))
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	var algorithm *jose.ErrUnexpectedSignatureAlgorithm
	if errors.As(err, &algorithm) {
		return nil, nil, refuse(WrongAlgorithm, "the token is not signed with RS256 or ES256, and no other algorithm is accepted")
	}
	if err != nil || len(signed.Signatures) != 1 {
		return nil, nil, refuse(Malformed, "the token cannot be read; send the runner's token as it is")
	}
	if signed.Signatures[0].Header.KeyID == "" {
		return nil, nil, refuse(NoKeyID, "the token does not say which key it is signed with")
	}
	stated, err := readClaims(signed.UnsafePayloadWithoutVerification())
	return signed, stated, err
}

func readClaims(payload []byte) (claims, error) {
	if !utf8.Valid(payload) {
		return nil, refuse(Malformed, "the token's claims are not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var c claims
	if err := decoder.Decode(&c); err != nil || c == nil {
		return nil, refuse(Malformed, "the token's claims are no JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(Malformed, "the token's claims are followed by something else")
	}
	return c, nil
}

// text is a claim that is a text, or a whole number as text; "" when there is none.
func (c claims) text(name string) (string, error) {
	switch value := c[name].(type) {
	case nil:
		return "", nil
	case string:
		if len(value) > maxClaim || strings.ContainsFunc(value, unicode.IsControl) {
			return "", refuse(Malformed, fmt.Sprintf("the token's claim %q is longer than %d bytes, or has control characters", name, maxClaim))
		}
		return value, nil
	case json.Number:
		if _, err := strconv.ParseInt(value.String(), 10, 64); err == nil {
			return value.String(), nil
		}
	}
	return "", refuse(Malformed, fmt.Sprintf("the token's claim %q is neither text nor a whole number", name))
}

// texts are the texts of a claim that is one or a list of them.
func (c claims) texts(name string) []string {
	switch value := c[name].(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, one := range value {
			if text, is := one.(string); is {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// truth is a claim that is true or false, as issuers write it: GitHub and GitLab as text.
func (c claims) truth(name string) bool {
	return c[name] == true || c[name] == "true"
}

// at is a claim that is a time in seconds since 1970.
func (c claims) at(name string) (time.Time, error) {
	if c[name] == nil {
		return time.Time{}, nil
	}
	number, is := c[name].(json.Number)
	seconds, err := number.Float64()
	if !is || err != nil || seconds < 0 || seconds > 1e11 {
		return time.Time{}, refuse(Malformed, fmt.Sprintf("the token's claim %q is no time", name))
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)).UTC(), nil
}

// lifetime checks that a token is in force and returns its end.
func (c claims) lifetime(now time.Time) (time.Time, error) {
	until, err := c.at("exp")
	if err != nil {
		return time.Time{}, err
	}
	from, err := c.at("nbf")
	if err != nil {
		return time.Time{}, err
	}
	switch {
	case until.IsZero():
		return time.Time{}, refuse(NoExpiry, "the token has no end; only tokens that expire are accepted")
	case !now.Before(until.Add(leeway)):
		return time.Time{}, refuse(Expired, "the token expired at "+until.Format(time.RFC3339)+"; ask the runner for a new one")
	case now.Add(leeway).Before(from):
		return time.Time{}, refuse(NotYetValid, "the token is valid from "+from.Format(time.RFC3339)+" on; check the clocks")
	}
	return until, nil
}
