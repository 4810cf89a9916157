package store

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// rolloutRowOf encodes a rollout. Its changes stand in a column of their own.
func rolloutRowOf(service string, r metrics.Rollout) (rolloutRow, error) {
	changes, err := encodeChanges(r.Changes)
	if err != nil {
		return rolloutRow{}, err
	}
	r.Changes = nil
	body, err := json.Marshal(storedRollout{Rollout: r, ApprovalIDs: idsOf(r.Approvals)})
	if err != nil {
		return rolloutRow{}, err
	}
	sum := sha256.Sum256(slices.Concat(body, changes))
	return rolloutRow{
		Service: service, FinishedAt: toMilli(r.FinishedAt), ID: r.ID, EnvironmentKind: string(r.EnvironmentKind),
		Kind: string(r.Kind), Digest: sum[:digestSize], Body: pack(body), Changes: changes,
	}, nil
}

// encoded is a stored rollout before decoding.
type encoded struct{ service, body, changes []byte }

func (e encoded) rollout() (metrics.Rollout, error) {
	var r storedRollout
	body, err := unpack(e.body)
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err == nil {
		r.Changes, err = decodeChanges(e.changes)
	}
	if err == nil && len(r.ApprovalIDs) != len(r.Approvals) {
		err = errors.New("its approvals lack their ids")
	}
	if err != nil {
		return metrics.Rollout{}, fmt.Errorf("stored rollout of %s: %w", e.service, err)
	}
	for i, id := range r.ApprovalIDs {
		r.Approvals[i].ID = id
	}
	return r.Rollout, nil
}

// storedRollout keeps the approvals' own ids, which their JSON leaves out.
type storedRollout struct {
	metrics.Rollout
	ApprovalIDs []string `json:"approval_ids,omitempty"`
}

func idsOf(approvals []metrics.Approval) []string {
	ids := make([]string, len(approvals))
	for i, a := range approvals {
		ids[i] = a.ID
	}
	return ids
}

// readFacts reads the stored facts of one service.
func readFacts(tx *gorm.DB, service string, p part) (metrics.Facts, error) {
	var row factsRow
	if err := tx.Limit(1).Find(&row, "service = ?", service).Error; err != nil {
		return metrics.Facts{}, err
	}
	f, err := row.facts(service, p)
	if err != nil {
		return metrics.Facts{}, err
	}
	if p.tallied && row.several(p.kind) {
		p = whole
	}
	changes := "''"
	if p.withChanges {
		changes = "changes"
	}
	rows, err := tx.Raw("SELECT service, body, "+changes+` FROM rollouts
		WHERE service = ? AND finished_at >= ? AND finished_at < ? ORDER BY finished_at, id`, service, p.from, p.to).Rows()
	if err != nil {
		return metrics.Facts{}, err
	}
	var runs [][]metrics.Rollout
	err = decodeRollouts(rows, func(_ string, run []metrics.Rollout) { runs = append(runs, run) })
	f.Rollouts = joined(runs)
	return f, err
}

// readAllFacts reads the stored facts of all services in one pass.
func readAllFacts(tx *gorm.DB, names []string) ([]metrics.Facts, error) {
	var headers []factsRow
	if err := tx.Find(&headers).Error; err != nil {
		return nil, err
	}
	byName := make(map[string]factsRow, len(headers))
	for _, h := range headers {
		byName[h.Service] = h
	}
	all := make([]metrics.Facts, len(names))
	place := make(map[string]int, len(names))
	for i, name := range names {
		var err error
		if all[i], err = byName[name].facts(name, whole); err != nil {
			return nil, err
		}
		place[name] = i
	}
	rows, err := tx.Raw("SELECT service, body, changes FROM rollouts ORDER BY service, finished_at, id").Rows()
	if err != nil {
		return nil, err
	}
	runs := make([][][]metrics.Rollout, len(names))
	err = decodeRollouts(rows, func(service string, run []metrics.Rollout) {
		if i, known := place[service]; known {
			runs[i] = append(runs[i], run)
		}
	})
	for i := range runs {
		all[i].Rollouts = joined(runs[i])
	}
	return all, err
}

// joined is one list, which is empty and not absent when there is nothing to join.
func joined(runs [][]metrics.Rollout) []metrics.Rollout {
	if len(runs) == 0 {
		return []metrics.Rollout{}
	}
	return slices.Concat(runs...)
}

// storedIncident keeps the incident's own id, which its JSON leaves out.
type storedIncident struct {
	metrics.IncidentLink
	OwnID     string `json:"own_id"`
	TakenBack bool   `json:"taken_back,omitempty"`
}

func factsRowOf(f metrics.Facts) (factsRow, error) {
	incidents := make([]storedIncident, 0, len(f.Incidents)+len(f.TakenBack))
	for _, link := range f.Incidents {
		incidents = append(incidents, storedIncident{IncidentLink: link, OwnID: link.Incident.ID})
	}
	for _, link := range f.TakenBack {
		incidents = append(incidents, storedIncident{IncidentLink: link, OwnID: link.Incident.ID, TakenBack: true})
	}
	row := factsRow{Service: f.Service, Team: f.Team, Since: toMilli(f.Since), Several: severalOf(f), FirstPlanned: new(int64), FirstPlannedKnown: new(int64)}
	if at, known := f.FirstPlanned(); !at.IsZero() {
		*row.FirstPlanned, *row.FirstPlannedKnown = toMilli(at), toMilli(known)
	}
	for _, part := range []struct {
		into *string
		from any
	}{{&row.Incidents, incidents}, {&row.LeftOut, f.LeftOut}, {&row.Running, f.Running}, {&row.Was, f.Was}, {&row.Evidence, doctor.EvidenceOf(f)}} {
		text, err := json.Marshal(part.from)
		if err != nil {
			return factsRow{}, err
		}
		*part.into = string(text)
	}
	return row, nil
}

// severalOf lists the kinds of environment of which a service has several.
func severalOf(f metrics.Facts) string {
	list := ","
	for _, kind := range slices.Sorted(maps.Keys(kindNumbers)) {
		if f.SeveralEnvironments(kind) {
			list += string(kind) + ","
		}
	}
	return list
}

// several reports that there may be several environments of a kind.
func (r factsRow) several(kind metrics.EnvironmentKind) bool {
	return r.Several == "*" || strings.Contains(r.Several, ","+string(kind)+",")
}

// facts decodes all but the rollouts. The zero row is that of a service without events.
func (r factsRow) facts(service string, p part) (metrics.Facts, error) {
	f := metrics.Facts{Service: service}
	if r.Service == "" {
		return f, nil
	}
	f.Team, f.Since = r.Team, fromMilli(r.Since)
	var incidents []storedIncident
	err := json.Unmarshal([]byte(r.Incidents), &incidents)
	for _, i := range incidents {
		i.Incident.ID = i.OwnID
		if i.TakenBack {
			f.TakenBack = append(f.TakenBack, i.IncidentLink)
		} else {
			f.Incidents = append(f.Incidents, i.IncidentLink)
		}
	}
	if err == nil && p.withLeftOut {
		err = json.Unmarshal([]byte(r.LeftOut), &f.LeftOut)
	}
	if err == nil {
		err = json.Unmarshal([]byte(r.Running), &f.Running)
	}
	if err == nil {
		err = json.Unmarshal([]byte(r.Was), &f.Was)
	}
	if err != nil {
		return f, fmt.Errorf("stored facts of %s: %w", service, err)
	}
	return f, nil
}

// rolloutsPerBatch are decoded by one goroutine at a time.
const rolloutsPerBatch = 512

// batch is a run of rows on its way to being rollouts; done closes when it has arrived.
type batch struct {
	rows     []encoded
	rollouts []metrics.Rollout
	err      error
	done     chan struct{}
}

// decode costs more than reading, so every processor takes its share while the reading goes on.
func (b *batch) decode() {
	defer close(b.done)
	b.rollouts = make([]metrics.Rollout, len(b.rows))
	for i := range b.rows {
		if b.rollouts[i], b.err = b.rows[i].rollout(); b.err != nil {
			return
		}
	}
}

// yieldRuns hands over the rollouts of one service at a time.
func (b *batch) yieldRuns(yield func(service string, run []metrics.Rollout)) error {
	<-b.done
	if b.err != nil {
		return b.err
	}
	for start := 0; start < len(b.rows); {
		end := start + 1
		for end < len(b.rows) && bytes.Equal(b.rows[end].service, b.rows[start].service) {
			end++
		}
		yield(string(b.rows[start].service), b.rollouts[start:end])
		start = end
	}
	return nil
}

// decodeRollouts reads rows of service, body and changes, and hands over runs of rollouts of one service in the rows' order.
func decodeRollouts(rows *sql.Rows, yield func(service string, run []metrics.Rollout)) error {
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	var waiting []*batch
	ahead := 2 * runtime.GOMAXPROCS(0)
	for {
		next, err := readBatch(rows)
		if err != nil {
			return err
		}
		if len(next.rows) > 0 {
			go next.decode()
			waiting = append(waiting, next)
		}
		for len(waiting) > 0 && (len(waiting) > ahead || len(next.rows) == 0) {
			if err := waiting[0].yieldRuns(yield); err != nil {
				return err
			}
			waiting = waiting[1:]
		}
		if len(next.rows) == 0 {
			return nil
		}
	}
}

// readBatch reads some rows, none at the end.
func readBatch(rows *sql.Rows) (*batch, error) {
	b := &batch{done: make(chan struct{})}
	for len(b.rows) < rolloutsPerBatch && rows.Next() {
		var e encoded
		if err := rows.Scan(&e.service, &e.body, &e.changes); err != nil {
			return nil, err
		}
		b.rows = append(b.rows, e)
	}
	return b, rows.Err()
}
