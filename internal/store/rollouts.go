package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// rolloutRowOf encodes a rollout. Its changes stand in a column of their own.
func rolloutRowOf(service string, r metrics.Rollout) (rolloutRow, error) {
	changes := []byte(nil)
	var err error
	if r.Changes != nil {
		if changes, err = json.Marshal(r.Changes); err != nil {
			return rolloutRow{}, err
		}
	}
	r.Changes = nil
	body, err := json.Marshal(storedRollout{Rollout: r, ApprovalIDs: idsOf(r.Approvals)})
	if err != nil {
		return rolloutRow{}, err
	}
	sum := sha256.Sum256(append(append([]byte(nil), body...), changes...))
	return rolloutRow{
		Service: service, FinishedAt: toMilli(r.FinishedAt), ID: r.ID, EnvironmentKind: string(r.EnvironmentKind),
		Kind: string(r.Kind), Digest: sum[:16], Body: string(body), Changes: string(changes),
	}, nil
}

// encoded is a stored rollout before decoding.
type encoded struct{ service, body, changes []byte }

func (e encoded) rollout() (metrics.Rollout, error) {
	var r storedRollout
	err := json.Unmarshal(e.body, &r)
	if err == nil && len(e.changes) > 0 {
		err = json.Unmarshal(e.changes, &r.Changes)
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
	OwnID string `json:"own_id"`
}

func factsRowOf(f metrics.Facts) (factsRow, error) {
	incidents := make([]storedIncident, len(f.Incidents))
	for i, link := range f.Incidents {
		incidents[i] = storedIncident{IncidentLink: link, OwnID: link.Incident.ID}
	}
	row := factsRow{Service: f.Service}
	for _, part := range []struct {
		into *string
		from any
	}{{&row.Incidents, incidents}, {&row.LeftOut, f.LeftOut}, {&row.Running, f.Running}} {
		text, err := json.Marshal(part.from)
		if err != nil {
			return factsRow{}, err
		}
		*part.into = string(text)
	}
	return row, nil
}

// facts decodes all but the rollouts. The zero row is that of a service without events.
func (r factsRow) facts(service string, p part) (metrics.Facts, error) {
	f := metrics.Facts{Service: service}
	if r.Service == "" {
		return f, nil
	}
	var incidents []storedIncident
	err := json.Unmarshal([]byte(r.Incidents), &incidents)
	for _, i := range incidents {
		i.Incident.ID = i.OwnID
		f.Incidents = append(f.Incidents, i.IncidentLink)
	}
	if err == nil && p.withLeftOut {
		err = json.Unmarshal([]byte(r.LeftOut), &f.LeftOut)
	}
	if err == nil {
		err = json.Unmarshal([]byte(r.Running), &f.Running)
	}
	if err != nil {
		return f, fmt.Errorf("stored facts of %s: %w", service, err)
	}
	return f, nil
}

// rolloutsPerBatch are decoded together: enough to keep every processor busy, few enough to keep memory small.
const rolloutsPerBatch = 4096

// decodeRollouts reads rows of service, body and changes, and hands over runs of rollouts of one service in the rows' order.
func decodeRollouts(rows *sql.Rows, yield func(service string, run []metrics.Rollout)) error {
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	batch := make([]encoded, 0, rolloutsPerBatch)
	flush := func() error {
		decoded, err := decodeBatch(batch)
		if err != nil {
			return err
		}
		for start := 0; start < len(batch); {
			end := start + 1
			for end < len(batch) && string(batch[end].service) == string(batch[start].service) {
				end++
			}
			yield(string(batch[start].service), decoded[start:end])
			start = end
		}
		batch = batch[:0]
		return nil
	}
	for rows.Next() {
		var e encoded
		if err := rows.Scan(&e.service, &e.body, &e.changes); err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) == rolloutsPerBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}

// decodeBatch shares the decoding among the processors, for it costs more than reading.
func decodeBatch(batch []encoded) ([]metrics.Rollout, error) {
	decoded := make([]metrics.Rollout, len(batch))
	workers := min(runtime.GOMAXPROCS(0), 1+len(batch)/64)
	faults := make([]error, workers)
	var done sync.WaitGroup
	for w := range workers {
		done.Go(func() {
			for i := w * len(batch) / workers; i < (w+1)*len(batch)/workers && faults[w] == nil; i++ {
				decoded[i], faults[w] = batch[i].rollout()
			}
		})
	}
	done.Wait()
	for _, err := range faults {
		if err != nil {
			return nil, err
		}
	}
	return decoded, nil
}
