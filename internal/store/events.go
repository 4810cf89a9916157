package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

const selectEvents = `SELECT e.source, e.type, e.repository, e.id, e.updated_at, e.sequence, e.payload, e.recorded_at, e.live `

// Export streams every stored revision in an order that does not depend on how they arrived: by repository, type, id, source
// and, within a record, by time, number and content. It stops at the first error of yield.
func (db *DB) Export(ctx context.Context, yield func(metrics.Event) error) error {
	err := db.look(ctx, func(tx *gorm.DB) error {
		return eachEvent(tx.Raw(selectEvents+`FROM events e
			ORDER BY e.repository, e.type, e.id, e.source, e.updated_at, e.sequence, e.digest`), yield)
	})
	if err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	return nil
}

// eachEvent runs a query that begins with selectEvents.
func eachEvent(query *gorm.DB, yield func(metrics.Event) error) error {
	rows, err := query.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e eventRow
		err := rows.Scan(&e.Source, &e.Type, &e.Repository, &e.ID, &e.UpdatedAt, &e.Sequence, &e.Payload, &e.RecordedAt, &e.Live)
		if err != nil {
			return err
		}
		if err := yield(e.event()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Event returns the stored revisions of a record, oldest first. record is its key in words, "source/type/id", with the
// repository before the id for commits and pull requests. ErrNotFound when there is none.
func (db *DB) Event(ctx context.Context, record string) ([]metrics.Event, error) {
	var found []metrics.Event
	for _, k := range readings(record) {
		err := eachEvent(db.read.WithContext(ctx).Raw(selectEvents+`FROM events e
			WHERE e.repository = ? AND e.type = ? AND e.id = ? AND e.source = ? ORDER BY e.updated_at, e.sequence, e.seq`,
			k.Repository, string(k.Type), k.ID, k.Source), func(e metrics.Event) error {
			found = append(found, e)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading record %s: %w", record, err)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("record %q: %w", record, ErrNotFound)
	}
	return found, nil
}

// readings are the keys that a record's name can mean: a slash may separate its parts or belong to one of them.
func readings(record string) []metrics.Key {
	var keys []metrics.Key
	for at := range slashes(record) {
		source := record[:at]
		name, rest, found := strings.Cut(record[at+1:], "/")
		t := metrics.EventType(name)
		if !found {
			continue
		}
		switch t {
		case metrics.TypeCommit, metrics.TypePullRequest:
			for mid := range slashes(rest) {
				keys = append(keys, metrics.Key{Source: source, Type: t, Repository: rest[:mid], ID: rest[mid+1:]})
			}
		case metrics.TypeDeployment, metrics.TypeIncident, metrics.TypeApproval, metrics.TypeVerdict:
			keys = append(keys, metrics.Key{Source: source, Type: t, ID: rest})
		}
	}
	return keys
}

// slashes yields the places of the slashes in s.
func slashes(s string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range len(s) {
			if s[i] == '/' && !yield(i) {
				return
			}
		}
	}
}

// wanted are the deployments and incidents that may belong to some services: those that name one of them, those without a
// name built from one of their repositories, and any built from a repository that a declaration claims.
const wanted = `WITH wanted AS (
	SELECT type, id, source FROM events WHERE service <> '' AND service IN @names
	UNION SELECT type, id, source FROM events WHERE built_from <> '' AND built_from IN @repositories AND service = ''
	UNION SELECT type, id, source FROM events WHERE built_from <> '' AND built_from IN @declared) `

// eventsOf reads every event that may concern the named services: all revisions of their deployments and incidents, what
// refers to those deployments, and the history of their repositories. It may return more; metrics.Split decides.
func eventsOf(tx *gorm.DB, names []string) ([]metrics.Event, error) {
	var links []linkRow
	if err := tx.Find(&links, "service IN ?", names).Error; err != nil {
		return nil, err
	}
	var repositories, declared []string
	for _, l := range links {
		repositories = append(repositories, l.Repository)
		if l.Declared {
			declared = append(declared, l.Repository)
		}
	}
	args := map[string]any{"names": names, "repositories": unique(repositories), "declared": unique(declared)}
	var events []metrics.Event
	keep := func(e metrics.Event) error {
		events = append(events, e)
		return nil
	}
	err := eachEvent(tx.Raw(wanted+selectEvents+`FROM wanted w JOIN events e
		ON e.repository = '' AND e.type = w.type AND e.id = w.id AND e.source = w.source`, args), keep)
	if err != nil {
		return nil, err
	}
	references, err := namesOf(events)
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(references, referencesPerStatement) {
		err := eachEvent(tx.Raw(selectEvents+`FROM events e
			WHERE e.reference <> '' AND e.reference IN ? AND e.type IN ('approval', 'verdict')`, part), keep)
		if err != nil {
			return nil, err
		}
	}
	err = eachEvent(tx.Raw(selectEvents+`FROM events e WHERE e.repository <> '' AND e.repository IN @repositories`, args), keep)
	return events, err
}

// referencesPerStatement stays far below the number of parameters that either database takes.
const referencesPerStatement = 5000

// namesOf are all the ways in which an approval or verdict may name the deployments among the events.
func namesOf(events []metrics.Event) ([]string, error) {
	var names []string
	for _, e := range events {
		if e.Type != metrics.TypeDeployment {
			continue
		}
		s, err := scopeOf(e)
		if err != nil {
			return nil, err
		}
		names = append(names, e.ID, e.Source+"/"+e.ID)
		if s.reference != "" {
			names = append(names, s.reference)
		}
	}
	return unique(names), nil
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
