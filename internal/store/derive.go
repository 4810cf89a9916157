package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// derivation numbers the meaning of metrics.Split and metrics.Derive. Raise it when the same events and rules give other facts
// than before: stored facts then count as out of date.
const derivation = 8

// never is the touch count of a service whose facts were never derived.
const never = -1

// fingerprint names the rules that facts, and the definition and zone that their tallies are made under.
func fingerprint(o Options) (string, error) {
	text, err := json.Marshal([]any{o.Rules, o.Definition, o.Zone.String()})
	if err != nil {
		return "", fmt.Errorf("rules: %w", err)
	}
	return hexDigest(sha256.Sum256(fmt.Appendf(nil, "%d %s", derivation, text))), nil
}

// fresh reports whether the stored facts are those of the stored events under our rules.
func (db *DB) fresh(s serviceRow) bool { return s.Touched == s.Derived && s.Rules == db.print }

// ours reports whether the stored facts were derived under our rules. Only those may be kept in memory by how often the service had been
// touched: a server with other rules may derive other facts of the same events.
func (db *DB) ours(s serviceRow) bool { return s.Rules == db.print }

// outcome is what one derivation found for a service, made when it had been touched so many times.
type outcome struct {
	touched int64
	present bool // it has events of its own
	service metrics.Service
	facts   metrics.Facts
	served  []servedRow
	// asked is when a decision asked for it, which goes by it before it is stored; it was up to date then.
	asked time.Time
}

// derive makes the facts of the named services from their events and stores them. It returns them by name, as they were at
// one moment after the call began; a name that means no service has no facts.
func (db *DB) derive(ctx context.Context, names []string) (map[string]outcome, error) {
	found, err := db.evaluate(ctx, names, 0)
	if err != nil {
		return nil, err
	}
	if err := db.saveOutcomes(ctx, found.outcomes); err != nil {
		return nil, fmt.Errorf("storing the facts of %d services: %w", len(names), err)
	}
	return found.outcomes, nil
}

// evaluation is what the events of some services amount to.
type evaluation struct {
	outcomes map[string]outcome
	events   int
}

// evaluate makes the facts of the named services. A limit above 0 bounds how many events it holds: errTooMany when several
// services have more together.
func (db *DB) evaluate(ctx context.Context, names []string, limit int) (evaluation, error) {
	var rows []serviceRow
	var events []metrics.Event
	err := db.look(ctx, func(tx *gorm.DB) (err error) {
		if err = tx.Find(&rows, "name IN ?", names).Error; err == nil {
			events, err = eventsOf(tx, names, limit)
		}
		return err
	})
	if errors.Is(err, errTooMany) {
		return evaluation{}, errTooMany
	}
	if err != nil {
		return evaluation{}, fmt.Errorf("reading the events of %d services: %w", len(names), err)
	}
	found := make(map[string]outcome, len(rows))
	for _, row := range rows {
		found[row.Name] = outcome{touched: row.Touched, service: db.declared(row.Name), facts: metrics.Facts{Service: row.Name}}
	}
	for _, part := range metrics.Split(events, db.rules) {
		if o, asked := found[part.Service.Name]; asked {
			o.present, o.service = true, part.Service
			o.facts, o.served = metrics.Derive(part.Service, part.Events, db.rules), servedBy(part)
			found[part.Service.Name] = o
		}
	}
	return evaluation{found, len(events)}, nil
}
