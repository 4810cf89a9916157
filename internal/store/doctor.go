package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// examplesPerReason is how many set-aside records stand for each reason.
const examplesPerReason = 3

// countBrought adds new events to the counts of their sources, in the order of these, so that two processes lock rows in the same
// order.
func countBrought(tx *gorm.DB, fresh []eventRow) error {
	var counts []broughtRow
	for i := range fresh {
		e := &fresh[i]
		at := slices.IndexFunc(counts, func(b broughtRow) bool { return b.Source == e.Source && b.Type == e.Type })
		if at < 0 {
			counts = append(counts, broughtRow{Source: e.Source, Type: e.Type, FirstAt: e.RecordedAt})
			at = len(counts) - 1
		}
		counts[at].Events++
		counts[at].LastAt = max(counts[at].LastAt, e.RecordedAt)
	}
	slices.SortFunc(counts, func(a, b broughtRow) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Type, b.Type)) })
	for _, row := range counts {
		again := clause.OnConflict{Columns: []clause.Column{{Name: "source"}, {Name: "type"}}, DoUpdates: clause.Assignments(map[string]any{
			"events":  gorm.Expr("brought.events + excluded.events"),
			"last_at": gorm.Expr("CASE WHEN brought.last_at < excluded.last_at THEN excluded.last_at ELSE brought.last_at END"),
		})}
		if err := tx.Clauses(again).Create(&row).Error; err != nil {
			return err
		}
	}
	return nil
}

// Records are what a diagnosis looks at: the sources, and what is known of every service, or of the one that is named. No facts are
// read. Facts that are out of date are derived before, unless all are being derived anyway.
func (db *DB) Records(ctx context.Context, service string) (doctor.Records, error) {
	if service != "" {
		if _, err := db.Service(ctx, service); err != nil {
			return doctor.Records{}, err
		}
	} else if _, _, rebuilding, err := db.Rebuild(ctx); err != nil {
		return doctor.Records{}, err
	} else if !rebuilding {
		if err := db.Refresh(ctx); err != nil {
			return doctor.Records{}, err
		}
	}
	var r doctor.Records
	err := db.look(ctx, func(tx *gorm.DB) (err error) {
		if r.Sources, err = diagnosedSources(tx); err != nil {
			return err
		}
		if r.Services, r.Deriving, err = db.diagnosedServices(tx, service); err != nil {
			return err
		}
		r.Lost, err = db.damagedDecisions(tx, service)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("reading what is known of sources and services: %w", err)
	}
	return r, nil
}

// diagnosedSources are the sources that were read, and those that were only sent to us.
func diagnosedSources(tx *gorm.DB) ([]doctor.Source, error) {
	var rows []sourceRow
	var brought []broughtRow
	if err := errors.Join(tx.Order("name").Find(&rows).Error, tx.Order("source, type").Find(&brought).Error); err != nil {
		return nil, err
	}
	reasons, err := setAsideReasons(tx)
	if err != nil {
		return nil, err
	}
	list := make([]Source, len(rows))
	for i, r := range rows {
		list[i] = r.source(0)
	}
	if err := addPushed(tx, list); err != nil {
		return nil, err
	}
	sources := make([]doctor.Source, len(rows))
	for i := range list {
		sources[i] = sourceOf(&list[i])
	}
	for _, b := range brought {
		at := slices.IndexFunc(sources, func(s doctor.Source) bool { return s.Name == b.Source })
		if at < 0 {
			sources = append(sources, doctor.Source{Name: b.Source})
			at = len(sources) - 1
		}
		sources[at].Brought = append(sources[at].Brought, doctor.Brought{
			Type: b.Type, Events: b.Events, FirstAt: fromMilli(b.FirstAt), LastAt: fromMilli(b.LastAt),
		})
	}
	for i := range sources {
		for _, reason := range reasons[sources[i].Name] {
			sources[i].SetAside += reason.N // beside those of deliveries, which addPushed has counted
		}
	}
	if err := addDelivered(tx, reasons); err != nil {
		return nil, err
	}
	for i := range sources {
		sources[i].Reasons = reasons[sources[i].Name]
		slices.SortStableFunc(sources[i].Reasons, func(a, b doctor.Reason) int { return b.N - a.N })
	}
	slices.SortFunc(sources, func(a, b doctor.Source) int { return cmp.Compare(a.Name, b.Name) })
	return sources, nil
}

// sourceOf is a source as a diagnosis looks at it, of the records set aside those that were delivered. One that only deliveries told of was
// never read.
func sourceOf(s *Source) doctor.Source {
	return doctor.Source{
		Name: s.Name, Read: s.Cursor != "" || !s.Watermark.IsZero() || !s.Run.StartedAt.IsZero() || s.Error != "",
		Watermark: s.Watermark, Heartbeat: s.AnsweredAt, DeliveredAt: s.DeliveredAt, Error: s.Error, ErrorAt: s.ErrorAt, Failures: s.Failures,
		NextAt: s.NextAt, WaitUntil: s.Wait.Until, WaitReason: s.Wait.Reason, StartedAt: s.Run.StartedAt, FinishedAt: s.Run.FinishedAt,
		Doing: s.Progress.Doing, Done: s.Progress.Done, Total: s.Progress.Total, Part: s.Progress.Part, Parts: s.Progress.Parts,
		Left: s.Budget.Left, Limit: s.Budget.Limit, ResetAt: s.Budget.ResetAt, SetAside: s.SetAside, PushedAside: s.SetAside, Refused: s.Refused, RefusedAt: s.RefusedAt,
	}
}

// setAsideReasons groups the records that were set aside by source and reason, the commonest first.
func setAsideReasons(tx *gorm.DB) (map[string][]doctor.Reason, error) {
	var rows []struct {
		Source, Reason, Record string
		N                      int
	}
	err := tx.Raw(`SELECT source, reason, record, n FROM (
			SELECT source, reason, record, count(*) OVER (PARTITION BY source, reason) AS n,
				row_number() OVER (PARTITION BY source, reason ORDER BY record) AS place
			FROM set_aside) numbered
		WHERE place <= ? ORDER BY source, n DESC, reason, record`, examplesPerReason).Scan(&rows).Error
	bySource := map[string][]doctor.Reason{}
	for _, row := range rows {
		all := bySource[row.Source]
		if n := len(all); n == 0 || all[n-1].Reason != row.Reason {
			all = append(all, doctor.Reason{Reason: row.Reason, N: row.N})
		}
		last := &all[len(all)-1]
		last.Examples = append(last.Examples, row.Record)
		bySource[row.Source] = all
	}
	return bySource, err
}

// deliveriesLookedAt bounds the deliveries whose problems are grouped, the newest of all.
const deliveriesLookedAt = 1000

// addDelivered adds the problems of deliveries to the reasons.
func addDelivered(tx *gorm.DB, bySource map[string][]doctor.Reason) error {
	var rows []deliveryRow
	err := tx.Select("source, problem").Order("seq DESC").Limit(deliveriesLookedAt).Find(&rows, "outcome = ?", string(DeliverySetAside)).Error
	for i := range rows {
		problems, readErr := rows[i].problems()
		if err = errors.Join(err, readErr); err != nil {
			return err
		}
		all := bySource[rows[i].Source]
		for _, p := range problems {
			at := slices.IndexFunc(all, func(r doctor.Reason) bool { return r.Reason == p.Reason })
			if at < 0 {
				all = append(all, doctor.Reason{Reason: p.Reason})
				at = len(all) - 1
			}
			all[at].N++
			if len(all[at].Examples) < examplesPerReason {
				all[at].Examples = append(all[at].Examples, p.Record)
			}
		}
		bySource[rows[i].Source] = all
	}
	return err
}

// diagnosedServices are the services that are declared or have events of their own, and how many of them wait to be derived.
func (db *DB) diagnosedServices(tx *gorm.DB, only string) (services []doctor.Service, deriving int, err error) {
	query := tx.Table("services s").Select("s.name, s.document, s.rules, coalesce(f.evidence, '') AS evidence").
		Joins("LEFT JOIN facts f ON f.service = s.name").Where("s.present OR s.declared").Order("s.name")
	if only != "" {
		query = query.Where("s.name = ?", only)
	}
	var rows []struct{ Name, Document, Rules, Evidence string }
	if err := query.Scan(&rows).Error; err != nil {
		return nil, 0, err
	}
	unseen, err := unseenRepositories(tx)
	if err != nil {
		return nil, 0, err
	}
	rollbacks, err := failedRollbacks(tx, db.clock().Add(-rollbackTold))
	if err != nil {
		return nil, 0, err
	}
	services = make([]doctor.Service, len(rows))
	for i, row := range rows {
		s := &services[i]
		if s.Service, err = db.service(serviceRow{Name: row.Name, Document: row.Document}); err != nil {
			return nil, 0, err
		}
		if s.Deriving = row.Rules != db.print; s.Deriving {
			deriving++
		}
		if row.Evidence != "" {
			if err := json.Unmarshal([]byte(row.Evidence), &s.Known); err != nil {
				return nil, 0, fmt.Errorf("stored evidence of %s: %w", row.Name, err)
			}
		}
		s.Unseen = unseen[row.Name]
		if r, inVain := rollbacks[row.Name]; inVain {
			s.Rollback = &doctor.Rollback{Deployment: r.Deployment, Says: r.Says, At: r.FoundAt}
		}
	}
	return services, deriving, nil
}

// unseenRepositories are those that services declare and that no deployment, commit, pull request or incident names.
func unseenRepositories(tx *gorm.DB) (map[string][]string, error) {
	var rows []linkRow
	err := tx.Raw(`SELECT l.repository, l.service FROM service_repositories l WHERE l.declared
			AND NOT EXISTS (SELECT 1 FROM events e WHERE e.repository <> '' AND e.repository = l.repository)
			AND NOT EXISTS (SELECT 1 FROM events e WHERE e.built_from <> '' AND e.built_from = l.repository)
			AND NOT EXISTS (SELECT 1 FROM events e WHERE e.service <> '' AND e.service = l.repository)
		ORDER BY l.service, l.repository`).Scan(&rows).Error
	unseen := map[string][]string{}
	for _, row := range rows {
		unseen[row.Service] = append(unseen[row.Service], row.Repository)
	}
	return unseen, err
}

// environmentsOf are the environments of a service as rows of their own.
func environmentsOf(header factsRow) ([]environmentRow, error) {
	var known doctor.Evidence
	if err := json.Unmarshal([]byte(header.Evidence), &known); err != nil {
		return nil, err
	}
	rows := make([]environmentRow, len(known.Environments))
	for i, e := range known.Environments {
		rows[i] = environmentRow{Service: header.Service, Name: e.Name, Kind: string(e.Kind), Rollouts: e.Rollouts}
	}
	return rows, nil
}

// saveEnvironments replaces those of a service.
func saveEnvironments(tx *gorm.DB, service string, rows []environmentRow) error {
	err := tx.Exec("DELETE FROM environments WHERE service = ?", service).Error
	if err == nil && len(rows) > 0 {
		err = tx.CreateInBatches(rows, 100).Error
	}
	return err
}

// KindOf is what an environment is for: as the facts have it, where services disagree as most of their rollouts do, else by its name.
func (db *DB) KindOf(ctx context.Context, environment string) (metrics.EnvironmentKind, error) {
	var rows []environmentRow
	err := db.read.WithContext(ctx).Raw("SELECT name, kind, sum(rollouts) AS rollouts FROM environments GROUP BY name, kind").Scan(&rows).Error
	if err != nil {
		return "", fmt.Errorf("reading the kind of environment %q: %w", environment, err)
	}
	rollouts := map[metrics.EnvironmentKind]int{}
	for _, r := range rows { // databases differ in which letters are the same; decisions and signed verdicts go by these
		if strings.EqualFold(r.Name, environment) {
			rollouts[metrics.EnvironmentKind(r.Kind)] += r.Rollouts
		}
	}
	kind := db.rules.KindOf(environment)
	for _, k := range metrics.EnvironmentKinds() {
		if rollouts[k] > rollouts[kind] {
			kind = k
		}
	}
	return kind, nil
}
