package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

const selectEvents = `SELECT e.source, e.type, e.repository, e.id, e.updated_at, e.sequence, e.payload, e.recorded_at, e.live, e.correction `

// Holds reports whether any event is stored.
func (db *DB) Holds(ctx context.Context) (holds bool, err error) {
	if err := db.read.WithContext(ctx).Raw("SELECT EXISTS (SELECT 1 FROM events)").Scan(&holds).Error; err != nil {
		return false, fmt.Errorf("looking for events: %w", err)
	}
	return holds, nil
}

// Export streams every stored revision of the sources, without corrections, in an order that does not depend on how they arrived: by repository, type, id, source
// and, within a record, by time, number and content. It stops at the first error of yield.
func (db *DB) Export(ctx context.Context, yield func(metrics.Event) error) error {
	err := db.look(ctx, func(tx *gorm.DB) error {
		return eachEvent(tx.Raw(selectEvents+`FROM events e WHERE e.correction = 0
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
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	for s := (eventScanner{names: map[string]string{}}); rows.Next(); {
		e, err := s.scan(rows)
		if err != nil {
			return err
		}
		if err := yield(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// eventScanner reads events of a query that begins with selectEvents. What recurs from row to row is kept once.
type eventScanner struct {
	names                                 map[string]string
	source, kind, repository, id, payload sql.RawBytes
	updatedAt, recordedAt, correction     int64
}

func (s *eventScanner) scan(rows *sql.Rows) (metrics.Event, error) {
	var e metrics.Event
	err := rows.Scan(&s.source, &s.kind, &s.repository, &s.id, &s.updatedAt, &e.Sequence, &s.payload, &s.recordedAt, &e.Live, &s.correction)
	if err != nil {
		return e, err
	}
	e.Key = metrics.Key{Source: s.once(s.source), Type: metrics.EventType(s.once(s.kind)), Repository: s.once(s.repository), ID: string(s.id)}
	e.UpdatedAt, e.RecordedAt = fromMilli(s.updatedAt), fromMilli(s.recordedAt)
	if s.correction != 0 {
		e.Correction = &metrics.Correction{ID: s.correction} // its number is all that stands here
	}
	if e.Payload, err = unpack(s.payload); err != nil {
		err = fmt.Errorf("stored event %s: %w", e.Key, err)
	}
	return e, err
}

func (s *eventScanner) once(name []byte) string {
	kept, found := s.names[string(name)]
	if !found {
		kept = string(name)
		s.names[kept] = kept
	}
	return kept
}

// Event returns the stored revisions of a record, oldest first. record is its key in words, "source/type/id", with the
// repository before the id for commits and pull requests. ErrNotFound when there is none.
func (db *DB) Event(ctx context.Context, record string) ([]metrics.Event, error) {
	var found []metrics.Event
	for _, k := range readings(record) {
		where := "e.repository = '' AND e.repository = ?" // written so, each form meets its index
		if k.Repository != "" {
			where = "e.repository <> '' AND e.repository = ?"
		}
		err := eachEvent(db.read.WithContext(ctx).Raw(selectEvents+`FROM events e
			WHERE `+where+` AND e.type = ? AND e.id = ? AND e.source = ? AND e.correction = 0 ORDER BY e.updated_at, e.sequence, e.seq`,
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

// longestRecord bounds how many ways there are to read a record's name, in bytes: no host makes such long ones.
const longestRecord = 600

// readings are the keys that a record's name can mean: a slash may separate its parts or belong to one of them.
func readings(record string) []metrics.Key {
	var keys []metrics.Key
	if len(record) > longestRecord {
		return nil
	}
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

// forms are the ways in which a record may be referred to: "source/id" and every end of it after a slash. Read the other way
// round, they are the ids that a reference of that source may mean.
func forms(source, id string) []string {
	name := source + "/" + id
	all := []string{name}
	for at := range slashes(name) {
		all = append(all, name[at+1:])
	}
	return all
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

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
