package collector

import (
	"net/http"

	"shiphabit/metrics"
)

// Hook reads what a host pushes. It makes the same events, under the same ids, as the source that asks the host, so that either may
// come first, or twice.
type Hook interface {
	// Authentic reports whether a delivery was sent by somebody who knows one of the secrets, by the host's own scheme, over the
	// bytes as they came and in constant time. Several secrets are valid while one replaces the other.
	Authentic(header http.Header, body []byte, secrets []string) bool
	// Delivery is the host's id of a delivery, by which a repeated one is known; "" where the host gives none.
	Delivery(header http.Header, body []byte) string
	// Parse reads a delivery. A delivery that is read again later has of its header only what tells its kind: content type, and names with
	// event, kind, delivery or hook in them, or beginning with ce-. Kinds that say nothing of interest have neither events nor records set aside. It never panics,
	// whatever the bytes.
	Parse(header http.Header, body []byte) Pushed
}

// Pushed is what a delivery says.
type Pushed struct {
	// Kind is the host's word for it ("deployment_status created").
	Kind   string
	Events []metrics.Event
	// SetAside are records that could not be turned into an event. Ignored says in words why a delivery of a known kind says
	// nothing of interest.
	SetAside []SetAside
	Ignored  string
}
