package store

import (
	"maps"
	"math"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// marks gathers which services a batch of new events may concern. A service too many does no harm, it is derived once more;
// one too few would show figures that are out of date. What belongs where is decided by metrics.Split alone.
type marks struct {
	tx *gorm.DB

	services   set // names to touch, made known if they are not
	known      set // names to touch if they are known
	code       set // repositories with new commits or pull requests
	deployed   set // repositories with new deployments
	named      set // names that incidents use, which may be those of repositories
	references set // ids that approvals, verdicts and incidents may mean
	links      map[linkRow]bool
}

type set map[string]bool

// touch marks the services that new events concern as out of date. The events were stored after sequence number last.
func touch(tx *gorm.DB, fresh []eventRow, last int64) error {
	return touchBetween(tx, fresh, last, math.MaxInt64)
}

// touchBetween does so for events with sequence numbers after one and up to another.
func touchBetween(tx *gorm.DB, fresh []eventRow, after, upTo int64) error {
	if len(fresh) == 0 {
		return nil
	}
	m := &marks{tx: tx, services: set{}, known: set{}, code: set{}, deployed: set{}, named: set{}, references: set{}, links: map[linkRow]bool{}}
	var names []string
	var placed, cleared bool
	for i := range fresh {
		e := &fresh[i]
		if e.Repository != "" {
			m.code[e.Repository] = true
			continue
		}
		placed = true
		m.add(e)
		if metrics.EventType(e.Type) == metrics.TypeDeployment {
			names = append(names, forms(e.Source, e.ID)...)
			cleared = cleared || e.clears
		}
	}
	if placed {
		if err := m.addRevised(after, upTo, cleared); err != nil {
			return err
		}
		if err := m.addFollowers(unique(names)); err != nil {
			return err
		}
	}
	for _, step := range []func() error{m.addMeant, m.saveLinks, m.addLinked} {
		if err := step(); err != nil {
			return err
		}
	}
	return m.save()
}

// add notes what one revision says about its place.
func (m *marks) add(e *eventRow) {
	switch metrics.EventType(e.Type) {
	case metrics.TypeDeployment:
		m.addDeployment(e.Service, e.BuiltFrom)
	case metrics.TypeIncident:
		if e.Service != "" {
			m.services[e.Service], m.named[e.Service] = true, true
		}
	default:
	}
	if e.Reference != "" {
		for _, id := range forms(e.Source, e.Reference) {
			m.references[id] = true
		}
	}
}

// addDeployment notes a deployment's place. One that names no service makes its repository one.
func (m *marks) addDeployment(service, builtFrom string) {
	name := service
	if name == "" {
		name = builtFrom
	}
	if name != "" {
		m.services[name] = true
	}
	if builtFrom != "" {
		m.deployed[builtFrom] = true
		m.links[linkRow{Repository: builtFrom, Service: name}] = true
	}
}

// addRevised adds what other revisions of the same records said: a deployment may have belonged elsewhere, and a revision
// that only states a new status leaves the service to an earlier one. A repository that a deployment left may have become
// a service of its own, so its commits concern that from now on.
func (m *marks) addRevised(after, upTo int64, cleared bool) error {
	var pairs []struct{ Type, Source, Service, BuiltFrom, OldService, OldBuiltFrom, OldReference string }
	err := m.tx.Raw(`SELECT DISTINCT n.type, n.source, n.service, n.built_from,
			o.service AS old_service, o.built_from AS old_built_from, o.reference AS old_reference
		FROM events n JOIN events o
		  ON o.repository = '' AND o.type = n.type AND o.id = n.id AND o.source = n.source AND o.seq <> n.seq
		WHERE n.seq > ? AND n.seq <= ? AND n.type NOT IN ('commit', 'pull_request')`, after, upTo).Scan(&pairs).Error
	for _, p := range pairs {
		m.add(&eventRow{Type: p.Type, Source: p.Source, Service: p.OldService, BuiltFrom: p.OldBuiltFrom, Reference: p.OldReference})
		if metrics.EventType(p.Type) != metrics.TypeDeployment {
			continue
		}
		m.addDeployment(p.Service, p.OldBuiltFrom)
		m.addDeployment(p.OldService, p.BuiltFrom)
		if p.OldBuiltFrom != p.BuiltFrom && (p.BuiltFrom != "" && p.OldBuiltFrom != "" || cleared) {
			m.addDeployment("", p.OldBuiltFrom)
			m.addDeployment("", p.BuiltFrom)
		}
	}
	return err
}

// addFollowers adds what refers to new deployments: it may have gone elsewhere until now, to another deployment of that id or
// to the service that an incident names.
func (m *marks) addFollowers(names []string) error {
	for part := range slices.Chunk(names, namesPerStatement) {
		var found []eventRow
		err := m.tx.Select("type", "source", "service", "reference").
			Find(&found, "reference <> '' AND reference IN ?", part).Error
		if err != nil {
			return err
		}
		for i := range found {
			m.add(&found[i])
		}
	}
	return nil
}

// addMeant adds the services of all deployments that references may mean.
func (m *marks) addMeant() error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(m.references)), namesPerStatement) {
		var found []struct{ Service, BuiltFrom string }
		err := m.tx.Raw(`SELECT DISTINCT service, built_from FROM events
			WHERE repository = '' AND type = 'deployment' AND id IN ?`, part).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, f := range found {
			m.addDeployment(f.Service, f.BuiltFrom)
		}
	}
	return nil
}

// saveLinks stores which repositories new deployments are built from. A link that is new changes more than its own service:
// a repository that was a service for want of one is none any longer, and an incident may name either by the other's name.
func (m *marks) saveLinks() error {
	repositories := set{}
	for l := range m.links {
		repositories[l.Repository] = true
	}
	err := m.eachLink("repository", repositories, func(l linkRow) { delete(m.links, linkRow{Repository: l.Repository, Service: l.Service}) })
	if err != nil || len(m.links) == 0 {
		return err
	}
	for l := range m.links {
		m.known[l.Repository] = true
		m.named[l.Repository], m.named[l.Service] = true, true
	}
	rows := slices.SortedFunc(maps.Keys(m.links), compareLinks)
	return m.tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(rows, namesPerStatement).Error
}

// addLinked adds the services built from repositories that the events concern. Commits of a repository that nothing is built
// from make it a service.
func (m *marks) addLinked() error {
	built := set{}
	err := m.eachLink("repository", m.code, func(l linkRow) {
		m.services[l.Service], built[l.Repository] = true, true
	})
	if err != nil {
		return err
	}
	for repository := range m.code {
		if !built[repository] {
			m.services[repository] = true
		}
	}
	if err := m.eachLink("repository", m.named, func(l linkRow) { m.services[l.Service] = true }); err != nil {
		return err
	}
	return m.eachLink("declared AND repository", m.deployed, func(l linkRow) { m.services[l.Service] = true })
}

func (m *marks) eachLink(where string, names set, yield func(linkRow)) error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(names)), namesPerStatement) {
		var rows []linkRow
		if err := m.tx.Find(&rows, where+" IN ?", part).Error; err != nil {
			return err
		}
		for _, row := range rows {
			yield(row)
		}
	}
	return nil
}

// namesPerStatement bounds the parameters of one statement.
const namesPerStatement = 500

// save counts the touch.
func (m *marks) save() error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(m.known)), namesPerStatement) {
		var names []string
		if err := m.tx.Model(&serviceRow{}).Where("name IN ?", part).Pluck("name", &names).Error; err != nil {
			return err
		}
		for _, name := range names {
			m.services[name] = true
		}
	}
	return touchServices(m.tx, slices.Sorted(maps.Keys(m.services)))
}

// touchServices takes sorted names, so that two transactions lock rows in the same order.
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
