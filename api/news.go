package api

import "context"

// newsStore tells whether something new is known of a service.
type newsStore interface {
	// Heard is a text that becomes another when something new is known of a service that its gate may go by.
	Heard(ctx context.Context, service string) (string, error)
}
