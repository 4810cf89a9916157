package config

import (
	"log/slog"
	"net/url"
	"strings"
)

// mask stands in every place where a secret would be shown.
const mask = "********"

// Secret is a value that prints as a mask, however it is printed. Reveal gives the value itself.
type Secret string

// Reveal returns the secret, for the one place that uses it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return mask }

// GoString masks %#v.
func (s Secret) GoString() string { return mask }

// MarshalText masks JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// LogValue masks structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// maskedDSN hides the password of a database address.
func maskedDSN(dsn string) string {
	if !strings.Contains(dsn, "://") {
		if strings.Contains(strings.ToLower(dsn), "password=") {
			return mask // "host=… password=…": not worth taking apart
		}
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return mask
	}
	query := u.Query()
	for key := range query {
		if secretKey(strings.ToLower(key)) {
			query.Set(key, mask)
			u.RawQuery = query.Encode()
		}
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), mask)
	}
	return u.String()
}
