package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// Delivery is what a host pushed at once, as it was read.
type Delivery struct {
	Source string
	// ID is unique in its source: a delivery that comes again has the same.
	ID   string
	Kind string // the host's word for it
	// Events came of it. SetAside are its records that could not be turned into one; Ignored says why it has neither.
	Events   []metrics.Event
	SetAside []SetAside
	Ignored  string
	// Header and Body are what was sent. They are kept only while records are set aside.
	Header map[string][]string
	Body   []byte
}

// Outcome is what became of a delivery.
type Outcome string

// The outcomes. A delivery with records set aside has that outcome, whatever else of it was stored.
const (
	DeliveryStored   Outcome = "stored"
	DeliveryIgnored  Outcome = "ignored"
	DeliverySetAside Outcome = "set aside"
)

// Delivered says what became of a delivery just now. Repeated tells that it had come before, and that nothing was done.
type Delivered struct {
	Appended
	Repeated bool
}

const (
	// KeptBody is the largest body that is kept, in bytes before it is compressed.
	KeptBody = 1 << 20
	// keptHeader is the largest header kept beside it, as JSON.
	keptHeader = 8 << 10
	// keptProblems bounds the records that one delivery lists as set aside; the rest is counted.
	keptProblems = 100
	// longestID is the longest id of a delivery, and the longest of its other texts.
	longestID, longestText = 512, 2000
)

// saveLimit is how long one batch of deliveries may take to be saved: a database that has stopped answering must not gather requests
// without end.
const saveLimit = 30 * time.Second

// Deliver stores what a delivery brought and that it came, in one transaction, and notes that its source answered. It returns once the
// transaction is on the disk. A delivery that had come before changes nothing, unless nothing or not all of it was stored then: it is taken
// anew, for it may be readable now, or of interest under another configuration. Deliveries that arrive at the same time share a transaction.
func (db *DB) Deliver(ctx context.Context, d Delivery) (Delivered, error) {
	rows, err := db.eventRows(d.Events)
	if err != nil {
		return Delivered{}, err
	}
	row, err := db.deliveryRowOf(d)
	if err != nil {
		return Delivered{}, fmt.Errorf("saving delivery %q of %s: %w", d.ID, d.Source, err)
	}
	p := &parcel{row: row, events: rows}
	db.deliveries.ride(p, func(batch []*parcel) { db.saveBatch(ctx, batch) })
	if p.err != nil {
		return Delivered{}, fmt.Errorf("saving delivery %q of %s: %w", d.ID, d.Source, p.err)
	}
	return p.done, nil
}

// saveBatch saves the parcels in one transaction; where that is refused, each in one of its own, so that what the database will not take
// of one keeps none of the others. It does not end with the request that leads: the others' depend on it.
func (db *DB) saveBatch(ctx context.Context, batch []*parcel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
	defer cancel()
	for _, p := range batch {
		p.err = context.DeadlineExceeded // unless it is saved: a panic must not pass for success
	}
	err := db.saveTogether(ctx, batch)
	for _, p := range batch {
		p.err = err
		if err != nil && len(batch) > 1 {
			p.err = db.saveTogether(ctx, []*parcel{p})
		}
	}
}

func (db *DB) saveTogether(ctx context.Context, batch []*parcel) error {
	for _, p := range batch {
		p.done, p.repeated = Delivered{}, false
	}
	return db.change(ctx, func(tx *gorm.DB) error { return db.saveParcels(tx, batch) })
}

func (db *DB) saveParcels(tx *gorm.DB, batch []*parcel) error {
	for _, step := range []func(*gorm.DB, []*parcel) error{db.beDurable, db.heard, db.waitTurn, db.insertDeliveries} {
		if err := step(tx, batch); err != nil {
			return err
		}
	}
	var rows []eventRow
	for _, p := range batch {
		if !p.repeated {
			rows = append(rows, p.events...)
		}
	}
	fresh, err := db.appendFresh(tx, rows)
	if err != nil {
		return err
	}
	tally(batch, fresh)
	return nil
}

// beDurable: on PostgreSQL a commit may be set to return before it is on the disk; here it never does.
func (db *DB) beDurable(tx *gorm.DB, _ []*parcel) error {
	if db.dialect.name != postgresDialect.name {
		return nil
	}
	return tx.Exec(onTheDisk).Error
}

// waitTurn comes before any delivery is written, and after the row of its source as for a page, so that two replicas cannot wait for
// each other.
func (db *DB) waitTurn(tx *gorm.DB, _ []*parcel) error { return db.takeTurn(tx) }

// replaceable: what was not stored whole may come again.
const replaceable = ` ON CONFLICT (source, delivery) DO UPDATE SET kind = excluded.kind, outcome = excluded.outcome, events = excluded.events,
	set_aside = excluded.set_aside, ignored = excluded.ignored, problem = excluded.problem, header = excluded.header, body = excluded.body
	WHERE deliveries.outcome <> 'stored' RETURNING source, delivery`

const deliveryColumns = 11

// insertDeliveries writes one row a delivery and marks as repeated what is there already, or twice in the batch.
func (db *DB) insertDeliveries(tx *gorm.DB, batch []*parcel) error {
	first := map[[2]string]*parcel{}
	var values []any
	for _, p := range batch {
		key := [2]string{p.row.Source, p.row.Delivery}
		p.repeated = true
		if first[key] != nil {
			continue
		}
		first[key] = p
		r := p.row
		values = append(values, r.Source, r.Delivery, r.Kind, r.ReceivedAt, r.Outcome, r.Events, r.SetAside, r.Ignored, r.Problem, r.Header, r.Body)
	}
	var taken []struct{ Source, Delivery string }
	query := `INSERT INTO deliveries (source, delivery, kind, received_at, outcome, events, set_aside, ignored, problem, header, body) VALUES ` +
		strings.TrimSuffix(strings.Repeat(deliveryPlaces, len(first)), ", ") + replaceable
	if err := tx.Raw(query, values...).Scan(&taken).Error; err != nil {
		return err
	}
	for _, t := range taken {
		first[[2]string{t.Source, t.Delivery}].repeated = false
	}
	return nil
}

var deliveryPlaces = "(" + strings.TrimSuffix(strings.Repeat("?, ", deliveryColumns), ", ") + "), "

// tally says of each delivery how many of its events are new. An event that two of the batch brought is new to the first.
func tally(batch []*parcel, fresh []eventRow) {
	left := make(map[string]bool, len(fresh))
	for i := range fresh {
		left[string(fresh[i].Digest)] = true
	}
	for _, p := range batch {
		p.done = Delivered{Repeated: p.repeated}
		if p.repeated {
			continue
		}
		for i := range p.events {
			if key := string(p.events[i].Digest); left[key] {
				delete(left, key)
				p.done.New++
			} else {
				p.done.Known++
			}
		}
	}
}

// heard notes that the hosts of the sources delivered something. That says nothing of what was never sent, so the watermark stays where it
// is; nor that they would answer.
func (db *DB) heard(tx *gorm.DB, batch []*parcel) error {
	sources := make([]string, len(batch))
	for i, p := range batch {
		sources[i] = p.row.Source
	}
	never := toMilli(time.Time{})
	for _, name := range unique(sources) {
		now := toMilli(db.clock())
		err := tx.Exec(`INSERT INTO sources (name, cursor, watermark, heartbeat, delivered_at, error, error_at) VALUES (?, '', ?, ?, ?, '', ?)
			ON CONFLICT (name) DO UPDATE SET delivered_at = excluded.delivered_at`, name, never, never, now, never).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// deliveryRowOf brings a delivery into the form in which it is kept.
func (db *DB) deliveryRowOf(d Delivery) (deliveryRow, error) {
	if d.Source == "" || d.ID == "" || len(d.ID) > longestID || plain(d.ID, longestID) != d.ID || plain(d.Source, longestText) != d.Source {
		return deliveryRow{}, fmt.Errorf("its id is none: it has 1 to %d bytes of UTF-8", longestID)
	}
	row := deliveryRow{
		Source: d.Source, Delivery: d.ID, Kind: plain(d.Kind, 200), ReceivedAt: toMilli(db.clock()), Outcome: string(DeliveryStored),
		Events: len(d.Events), SetAside: len(d.SetAside), Ignored: plain(d.Ignored, longestText),
	}
	switch {
	case len(d.SetAside) > 0:
		row.Outcome = string(DeliverySetAside)
		return row, row.keep(d)
	case len(d.Events) == 0:
		row.Outcome = string(DeliveryIgnored)
	}
	return row, nil
}

// keep puts into the row what is needed to understand the problem and to read the delivery again.
func (r *deliveryRow) keep(d Delivery) error {
	problems := make([]SetAside, min(len(d.SetAside), keptProblems))
	for i := range problems {
		problems[i] = SetAside{Record: plain(d.SetAside[i].Record, longestText), Reason: plain(d.SetAside[i].Reason, longestText)}
	}
	problem, err := json.Marshal(problems)
	if err != nil {
		return err
	}
	r.Problem = string(problem)
	header, err := json.Marshal(d.Header)
	if err != nil || len(header) > keptHeader || len(d.Body) > KeptBody {
		return err // kept without its body; the reason says what was wrong, and the host can send it again
	}
	r.Header = string(header)
	r.Body, err = squeeze(d.Body)
	return err
}

// plain is outside text as both databases take it, cut to a length in bytes.
func plain(s string, length int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= length {
		return s
	}
	return strings.ToValidUTF8(s[:length], "")
}

// Refusal counts deliveries that were refused.
type Refusal struct {
	Source string
	Count  int
	At     time.Time
}

// Refuse adds to the count of each source's refused deliveries.
func (db *DB) Refuse(ctx context.Context, refusals []Refusal) error {
	refusals = slices.SortedFunc(slices.Values(refusals), func(a, b Refusal) int { return strings.Compare(a.Source, b.Source) })
	err := db.change(ctx, func(tx *gorm.DB) error {
		for _, r := range refusals {
			if err := introduce(tx, r.Source); err != nil {
				return err
			}
			err := tx.Exec(`INSERT INTO refusals (source, refused, refused_at) VALUES (?, ?, ?)
				ON CONFLICT (source) DO UPDATE SET refused = refusals.refused + excluded.refused, refused_at = excluded.refused_at`,
				r.Source, r.Count, toMilli(r.At)).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("counting refused deliveries: %w", err)
	}
	return nil
}
