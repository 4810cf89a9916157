package argocd

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// id names a sync: the application and when it began, which the operation and the history state alike, so that they are one record.
// Histories of old releases of Argo CD do not say when; there it is the entry's number.
func id(app application, a attempt) string {
	if a.startedAt.IsZero() {
		return app.key() + "/" + strconv.FormatInt(a.number, 10)
	}
	return app.key() + "/" + a.startedAt.UTC().Format(time.RFC3339)
}

// deployment is a sync as a neutral event.
func (s *source) deployment(app application, a attempt) metrics.Deployment {
	d := metrics.Deployment{
		ID: id(app, a), Status: a.status, StartedAt: a.startedAt, FinishedAt: a.finishedAt, Digest: a.digest, URL: s.page(app),
		Trigger: "manual", Actor: a.by.Username, Labels: map[string]string{},
	}
	d.Service, d.Environment = s.place(app)
	if a.by.Automated {
		d.Trigger, d.Actor = "automatic", ""
	}
	label(d.Labels, "application", app.Metadata.Name)
	label(d.Labels, "project", app.Spec.Project)
	label(d.Labels, "cluster", app.Spec.Destination.Name)
	from(&d, a)
	return d
}

// from fills in where the manifests came from. The first Git repository gives the revision; a chart gives the version, and the revision
// too where there is nothing else. Further sources are labels.
func from(d *metrics.Deployment, a attempt) {
	origins := make([]origin, len(a.revisions))
	for i := range min(len(a.revisions), len(a.origins)) {
		_ = json.Unmarshal(a.origins[i], &origins[i]) // one that cannot be read says nothing
	}
	first := max(0, slices.IndexFunc(origins, func(o origin) bool { return o.Chart == "" }))
	for i, o := range origins {
		revision := a.revisions[i]
		if o.Chart != "" && d.Version == "" {
			d.Version = revision
			label(d.Labels, "chart", o.Chart)
		}
		switch {
		case i != first:
			label(d.Labels, "source_"+strconv.Itoa(i+1), named(o)+"@"+revision)
		case o.Chart != "":
			d.Revision = revision
		default:
			d.Revision, d.Repository = revision, repository(o.RepoURL)
			if o.TargetRevision != revision {
				d.Ref = o.TargetRevision
			}
		}
	}
}

func named(o origin) string {
	if o.Chart != "" {
		return o.Chart
	}
	return repository(o.RepoURL)
}

func label(labels map[string]string, name, value string) {
	if value != "" {
		labels[name] = value
	}
}

// back says what was live before, and whether the sync puts an earlier entry of the history back. Argo CD lets nobody roll back where it
// syncs by itself, so an automatic sync is none.
func back(d *metrics.Deployment, before []attempt, a attempt, app application) {
	before = slices.DeleteFunc(slices.Clone(before), func(b attempt) bool { return !b.recorded })
	if len(before) == 0 {
		return
	}
	live := before[len(before)-1]
	var was metrics.Deployment
	was.Labels = map[string]string{}
	from(&was, live)
	d.BaseRevision = was.Revision
	content := a.content()
	if a.by.Automated || content == live.content() {
		return
	}
	if slices.ContainsFunc(before, func(b attempt) bool { return b.content() == content }) {
		yes := true
		d.Rollback, d.RollbackOf = &yes, id(app, live)
	}
}

// content is what a sync puts in place: revisions and where they are from. Two with equal content are the same release.
func (a attempt) content() string {
	var origins []any
	for _, raw := range a.origins {
		var o any
		_ = json.Unmarshal(raw, &o) // one that cannot be read is like another that cannot
		origins = append(origins, o)
	}
	text, _ := json.Marshal([]any{a.revisions, origins}) // what came from JSON goes back into it
	return string(text)
}
