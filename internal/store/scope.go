package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// scope says which service an event may concern, as far as the event itself tells.
type scope struct {
	service   string // named by a deployment or an incident
	builtFrom string // repository of a deployment
	reference string // the deployment that an approval or a verdict names; the page by which a deployment may be named
}

// scopeOf reads the scope from the payload; commits and pull requests carry it in their key.
func scopeOf(e metrics.Event) (scope, error) {
	var s struct {
		Service    string `json:"service"`
		Repository string `json:"repository"`
		Deployment string `json:"deployment"`
		URL        string `json:"url"`
	}
	if e.Type == metrics.TypeCommit || e.Type == metrics.TypePullRequest {
		return scope{}, nil
	}
	if err := json.Unmarshal(e.Payload, &s); err != nil {
		return scope{}, fmt.Errorf("event %s: reading its payload: %w", e.Key, err)
	}
	switch e.Type {
	case metrics.TypeDeployment:
		return scope{service: s.Service, builtFrom: s.Repository, reference: s.URL}, nil
	case metrics.TypeIncident:
		return scope{service: s.Service}, nil
	default:
		return scope{reference: s.Deployment}, nil
	}
}

// marks gathers which services and repositories a batch of new events concerns.
type marks struct {
	services map[string]bool
	repos    map[string]bool
	links    map[linkRow]bool
}

// add notes a deployment's or incident's scope. A deployment that names no service makes its repository one.
func (m marks) add(service, builtFrom string) {
	name := service
	if name == "" {
		name = builtFrom
	}
	if name != "" {
		m.services[name] = true
	}
	if builtFrom != "" {
		m.repos[builtFrom] = true
		m.links[linkRow{Repository: builtFrom, Service: name}] = true
	}
}

// touch marks the services that new events concern as out of date. The events were stored after sequence number last.
func (db *DB) touch(tx *gorm.DB, fresh []eventRow, last int64) error {
	if len(fresh) == 0 {
		return nil
	}
	m := marks{services: map[string]bool{}, repos: map[string]bool{}, links: map[linkRow]bool{}}
	var revised bool
	var references []string
	for _, e := range fresh {
		switch metrics.EventType(e.Type) {
		case metrics.TypeDeployment, metrics.TypeIncident:
			m.add(e.Service, e.BuiltFrom)
			revised = true
		case metrics.TypeCommit, metrics.TypePullRequest:
			m.repos[e.Repository] = true
		default:
			references = append(references, e.Reference)
		}
	}
	if revised {
		if err := m.addRevised(tx, last); err != nil {
			return err
		}
	}
	if err := m.addReferred(tx, references); err != nil {
		return err
	}
	return m.save(tx)
}

// addRevised adds what other revisions of the same records said: a deployment may have belonged elsewhere, and a revision
// that only states a new status leaves the service to an earlier one.
func (m marks) addRevised(tx *gorm.DB, last int64) error {
	var pairs []struct{ Service, BuiltFrom, OldService, OldBuiltFrom string }
	err := tx.Raw(`SELECT DISTINCT n.service, n.built_from, o.service AS old_service, o.built_from AS old_built_from
		FROM events n JOIN events o
		  ON o.repository = n.repository AND o.type = n.type AND o.id = n.id AND o.source = n.source AND o.seq <> n.seq
		WHERE n.seq > ? AND n.type IN ('deployment', 'incident')`, last).Scan(&pairs).Error
	for _, p := range pairs {
		m.add(p.OldService, p.OldBuiltFrom)
		m.add(p.Service, p.OldBuiltFrom)
		m.add(p.OldService, p.BuiltFrom)
	}
	return err
}

// addReferred adds the services of the deployments that new approvals and verdicts may mean: a reference is an id, "source/id"
// or the page of a deployment. Too many services do no harm, they are derived once more.
func (m marks) addReferred(tx *gorm.DB, references []string) error {
	var ids []string
	for _, r := range references {
		ids = append(ids, r)
		for at := range slashes(r) {
			ids = append(ids, r[at+1:])
		}
	}
	for part := range slices.Chunk(unique(ids), namesPerStatement) {
		var found []struct{ Service, BuiltFrom string }
		err := tx.Raw(`WITH meant AS (
				SELECT id, source FROM events WHERE repository = '' AND type = 'deployment' AND id IN @part
				UNION SELECT id, source FROM events WHERE reference <> '' AND reference IN @part AND type = 'deployment')
			SELECT DISTINCT e.service, e.built_from FROM meant m JOIN events e
				ON e.repository = '' AND e.type = 'deployment' AND e.id = m.id AND e.source = m.source`,
			map[string]any{"part": part}).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, f := range found {
			m.add(f.Service, f.BuiltFrom)
		}
	}
	return nil
}

// namesPerStatement bounds the parameters of one statement.
const namesPerStatement = 500

// save stores new links and counts the touch. Names are sorted, so that two transactions lock rows in the same order.
func (m marks) save(tx *gorm.DB) error {
	links := slices.SortedFunc(maps.Keys(m.links), compareLinks)
	if len(links) > 0 {
		err := tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(links, namesPerStatement).Error
		if err != nil {
			return err
		}
	}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(m.repos)), namesPerStatement) {
		var names []string
		err := tx.Model(&linkRow{}).Where("repository IN ?", part).Distinct().Pluck("service", &names).Error
		if err != nil {
			return err
		}
		for _, name := range names {
			m.services[name] = true
		}
	}
	return touchServices(tx, slices.Sorted(maps.Keys(m.services)))
}

func touchServices(tx *gorm.DB, names []string) error {
	for part := range slices.Chunk(names, namesPerStatement) {
		rows := make([]serviceRow, len(part))
		for i, name := range part {
			rows[i] = serviceRow{Name: name, Touched: 1, Derived: never}
		}
		again := clause.OnConflict{
			Columns:   []clause.Column{{Name: "name"}},
			DoUpdates: clause.Assignments(map[string]any{"touched": gorm.Expr("services.touched + 1")}),
		}
		if err := tx.Clauses(again).Create(&rows).Error; err != nil {
			return err
		}
	}
	return nil
}
