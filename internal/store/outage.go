package store

import (
	"cmp"
	"slices"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// outagesOf are the rows of a service's outages in the order in which they are read.
func (db *DB) outagesOf(f metrics.Facts) []outageRow {
	var rows []outageRow
	for kind, number := range kindNumbers {
		for i, o := range f.Outages(kind) {
			rows = append(rows, outageRow{Kind: number, StartedAt: toMilli(o.From), EndedAt: toMilli(o.To), Number: i})
		}
	}
	slices.SortFunc(rows, compareOutages)
	return rows
}

// saveOutages replaces what is stored of a service's observation where it differs, and tells whether it did.
func (db *DB) saveOutages(tx *gorm.DB, scope int64, t serviceTallies) (changed bool, err error) {
	since, rows := t.since, slices.Clone(t.outages)
	since.SetID, since.Scope = db.tallies.id.Load(), scope
	for i := range rows {
		rows[i].SetID, rows[i].Scope = db.tallies.id.Load(), scope
	}
	var before []observedRow
	var old []outageRow
	if err := tx.Limit(1).Find(&before, "set_id = ? AND scope = ?", db.tallies.id.Load(), scope).Error; err != nil {
		return false, err
	}
	if err := tx.Order("kind, started_at, number").Find(&old, "set_id = ? AND scope = ?", db.tallies.id.Load(), scope).Error; err != nil {
		return false, err
	}
	if slices.Equal(before, []observedRow{since}) && slices.Equal(rows, old) {
		return false, nil
	}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&since).Error; err != nil {
		return false, err
	}
	if err := tx.Delete(&outageRow{}, "set_id = ? AND scope = ?", db.tallies.id.Load(), scope).Error; err != nil || len(rows) == 0 {
		return true, err
	}
	return true, tx.CreateInBatches(rows, namesPerStatement).Error
}

func compareOutages(a, b outageRow) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Number, b.Number))
}

// observe tells every window how long its services were observed in it, and their outages.
func (r *tallyReader) observe(tx *gorm.DB, set int64) error {
	if len(r.parts) == 0 {
		return nil
	}
	kind := kindNumbers[r.parts[0].Query().Kind]
	read := r.db.observation
	if len(r.services) > 0 {
		read = r.observationOfSome
	}
	o, err := read(tx, set, kind)
	if err != nil {
		return err
	}
	for _, part := range r.parts {
		part.Observe(o)
	}
	return nil
}

func (r *tallyReader) observationOfSome(tx *gorm.DB, set int64, kind int) (*metrics.Observation, error) {
	scopes := make([]int64, len(r.scopes))
	for i, s := range r.scopes {
		scopes[i] = s.ID
	}
	builder := observationBuilder{byScope: map[int64][]metrics.Outage{}}
	for part := range slices.Chunk(scopes, namesPerStatement) {
		if err := builder.read(tx.Where("scope IN ?", part), set, kind); err != nil {
			return nil, err
		}
	}
	return builder.sum(), nil
}

// observationKey names what is kept of all services: a kind of environment in a set after so many changes.
type observationKey struct {
	set     int64
	kind    int
	changes int64
}

// observationCache keeps the observation of all services that was read last, of every kind of environment.
type observationCache struct {
	mu   sync.Mutex
	kept map[int]keptObservation // by kind
}

type keptObservation struct {
	key observationKey
	sum *metrics.Observation
}

func (c *observationCache) get(key observationKey) *metrics.Observation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept := c.kept[key.kind]; kept.key == key {
		return kept.sum
	}
	return nil
}

func (c *observationCache) put(key observationKey, sum *metrics.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[int]keptObservation{}
	}
	c.kept[key.kind] = keptObservation{key, sum}
}

// observation is that of all services, read anew only when something of it has changed.
func (db *DB) observation(tx *gorm.DB, set int64, kind int) (*metrics.Observation, error) {
	key := observationKey{set: set, kind: kind}
	if err := tx.Raw("SELECT observations FROM tally_sets WHERE id = ?", set).Scan(&key.changes).Error; err != nil {
		return nil, err
	}
	if kept := db.observations.get(key); kept != nil {
		return kept, nil
	}
	builder := observationBuilder{byScope: map[int64][]metrics.Outage{}}
	if err := builder.read(tx, set, kind); err != nil {
		return nil, err
	}
	sum := builder.sum()
	db.observations.put(key, sum)
	return sum, nil
}

// observationBuilder gathers rows.
type observationBuilder struct {
	observed []observedRow
	byScope  map[int64][]metrics.Outage
}

// read takes in the rows that the conditions of tx leave.
func (b *observationBuilder) read(tx *gorm.DB, set int64, kind int) error {
	var observed []observedRow
	if err := tx.Session(&gorm.Session{}).Find(&observed, "set_id = ?", set).Error; err != nil {
		return err
	}
	b.observed = append(b.observed, observed...)
	rows, err := tx.Session(&gorm.Session{}).Model(&outageRow{}).Select("scope", "started_at", "ended_at").
		Where("set_id = ? AND kind = ?", set, kind).Order("scope, started_at, number").Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	for rows.Next() {
		var scope, from, to int64
		if err := rows.Scan(&scope, &from, &to); err != nil {
			return err
		}
		b.byScope[scope] = append(b.byScope[scope], metrics.Outage{From: fromMilli(from), To: fromMilli(to)})
	}
	return rows.Err()
}

func (b *observationBuilder) sum() *metrics.Observation {
	var o metrics.Observation
	for _, row := range b.observed {
		o.Add(metrics.Observed{Since: fromMilli(row.Since), FirstIncident: fromMilli(row.FirstIncident)}, b.byScope[row.Scope])
	}
	o.Sort()
	return &o
}
