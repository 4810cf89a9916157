package config

import (
	"log/slog"
	"regexp"
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

// inAddress finds the password of an address, and secrets among the settings of a connection.
var inAddress = regexp.MustCompile(`(?i)(://[^/\s:@]*:)[^/\s]*(@)|((?:password|secret|token)=)[^&\s]+`)

// maskedAddress hides passwords in an address, be it a URL or the settings of a database connection.
func maskedAddress(text string) string {
	return inAddress.ReplaceAllString(text, "${1}${3}"+mask+"${2}")
}
