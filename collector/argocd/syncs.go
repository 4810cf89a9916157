package argocd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// syncs is the feed of one application's syncs.
func (s *source) syncs(app application) collector.Feed {
	return collector.Feed{
		Name: "syncs of " + app.key(), Title: "syncs of " + app.Metadata.Name, Optional: true, // it may be deleted while it is read
		Read: func(ctx context.Context, from collector.Position) (collector.Batch, error) {
			if len(from.Open) == 0 && !changed(app, from.Newest) {
				return collector.Batch{}, nil
			}
			var whole application
			query := url.Values{"appNamespace": {app.Metadata.Namespace}, "project": {app.Spec.Project}}
			if _, err := s.client.JSON(ctx, "api/v1/applications/"+url.PathEscape(app.Metadata.Name), query, &whole); err != nil {
				return collector.Batch{}, err
			}
			return s.batch(whole, from), nil
		},
	}
}

// changed reports whether the list of applications shows a sync after what is known. Nothing known: the application is new here.
func changed(app application, newest time.Time) bool {
	var last operation
	if len(app.Status.Operation) > 0 && json.Unmarshal(app.Status.Operation, &last) != nil {
		return true
	}
	return newest.IsZero() || last.StartedAt.After(newest) || last.FinishedAt.After(newest)
}

// batch reads an application's history and its last operation.
func (s *source) batch(app application, from collector.Position) collector.Batch {
	batch := collector.Batch{Closed: slices.Clone(from.Open)}
	// The operation ends a moment after its entry in the history, and may be none of the attempts.
	var last operation
	_ = json.Unmarshal(app.Status.Operation, &last) // attempts sets one aside that cannot be read
	batch.Newest = latest(last.StartedAt, last.FinishedAt)
	attempts := attempts(app, &batch)
	for i, a := range attempts {
		d := s.deployment(app, a)
		if i > 0 {
			back(&d, attempts[:i], a, app)
		}
		at := latest(a.startedAt, a.finishedAt)
		if at.After(batch.Newest) {
			batch.Newest = at
		}
		if a.open {
			batch.Open = append(batch.Open, d.ID)
		}
		if at.Before(s.Since) {
			continue
		}
		e := metrics.NewEvent(s.Name, d)
		e.UpdatedAt = at
		batch.Take("sync "+d.ID, e)
	}
	batch.Closed = slices.DeleteFunc(batch.Closed, func(id string) bool { return slices.Contains(batch.Open, id) })
	return batch
}

// attempt is one sync, from the history or from the operation under way.
type attempt struct {
	revisions             []string
	origins               []json.RawMessage
	by                    initiator
	startedAt, finishedAt time.Time
	number                int64
	status                metrics.Status
	digest                string
	// recorded tells that it stands in the history, which holds what was live; open that it is to be looked at again.
	recorded, open bool
}

// attempts are the syncs of the history, oldest first, and the last operation where the history does not hold it.
func attempts(app application, batch *collector.Batch) []attempt {
	var list []attempt
	for i, raw := range app.Status.History {
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			batch.SetAside = append(batch.SetAside, unreadable("history of "+app.key()+", entry", i, err))
			continue
		}
		list = append(list, attempt{
			revisions: several(e.Revisions, e.Revision), origins: severalRaw(e.Sources, e.Source), by: e.InitiatedBy,
			startedAt: e.DeployStartedAt, finishedAt: e.DeployedAt, number: e.ID, status: metrics.Succeeded, recorded: true,
		})
	}
	slices.SortStableFunc(list, func(a, b attempt) int { return cmp.Compare(a.number, b.number) })
	if len(app.Status.Operation) == 0 || bytes.Equal(app.Status.Operation, []byte("null")) {
		return list
	}
	var last operation
	if err := json.Unmarshal(app.Status.Operation, &last); err != nil {
		batch.SetAside = append(batch.SetAside, unreadable("operation of "+app.key()+", number", 0, err))
		return list
	}
	return withLast(list, last, app)
}

// withLast adds the last operation. One that shows what would happen, or that syncs some resources only, is no deployment: Argo CD
// itself leaves it out of the history.
func withLast(list []attempt, last operation, app application) []attempt {
	sync := last.Operation.Sync
	if sync == nil || sync.DryRun || len(sync.Resources) > 0 {
		return list
	}
	at := slices.IndexFunc(list, func(a attempt) bool { return !a.startedAt.IsZero() && a.startedAt.Equal(last.StartedAt) })
	if at < 0 {
		a := attempt{
			revisions: several(last.SyncResult.Revisions, last.SyncResult.Revision), by: last.Operation.InitiatedBy,
			origins: severalRaw(last.SyncResult.Sources, last.SyncResult.Source), startedAt: last.StartedAt, finishedAt: last.FinishedAt,
		}
		if len(a.revisions) == 0 {
			a.revisions = several(sync.Revisions, sync.Revision)
		}
		for _, origins := range [][]json.RawMessage{severalRaw(sync.Sources, sync.Source), severalRaw(app.Spec.Sources, app.Spec.Source)} {
			if len(a.origins) == 0 {
				a.origins = origins
			}
		}
		a.status = status(last)
		if a.open = a.status == metrics.Running; a.open {
			a.finishedAt = time.Time{} // a failed try that will be tried again
		}
		list, at = append(list, a), len(list)
	}
	if a := &list[at]; a.status == metrics.Succeeded && at == len(list)-1 {
		// Which images run is known once Argo CD has looked at the cluster after the sync.
		if looked := app.Status.ReconciledAt; !looked.IsZero() && looked.Before(last.FinishedAt) {
			a.open = true
		} else if !looked.IsZero() {
			a.digest = digest(app.Status.Summary.Images)
		}
	}
	return list
}

// status is what an operation's phase says. One that is being stopped runs until it has ended, as a failed one that says so.
func status(o operation) metrics.Status {
	switch o.Phase {
	case "Running", "Terminating":
		return metrics.Running
	case "Succeeded":
		return metrics.Succeeded
	case "Failed", "Error":
		if strings.Contains(strings.ToLower(o.Message), "operation terminated") {
			return metrics.Cancelled
		}
		return metrics.Failed
	}
	return metrics.Status(o.Phase)
}

// several are the revisions of an application with several sources, or that of one with a single one.
func several(many []string, one string) []string {
	if len(many) == 0 && one != "" {
		return []string{one}
	}
	return many
}

func severalRaw(many []json.RawMessage, one json.RawMessage) []json.RawMessage {
	if len(many) == 0 && len(one) > 0 && !bytes.Equal(one, []byte("null")) {
		return []json.RawMessage{one}
	}
	return many
}

// digest is the only digest among images, "" when there is none or more than one.
func digest(images []string) string {
	found := ""
	for _, image := range images {
		_, d, _ := strings.Cut(image, "@")
		if !strings.HasPrefix(d, "sha256:") || d == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = d
	}
	return found
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
