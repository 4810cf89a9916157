package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"shiphabit/api"
	"shiphabit/internal/demo"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// inProcess asks a handler without a network.
func inProcess(h http.Handler) *http.Client { return &http.Client{Transport: handlerTransport{h}} }

type handlerTransport struct{ http.Handler }

// RoundTrip lets the handler answer.
func (t handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := &keptAnswer{header: http.Header{}, status: http.StatusOK}
	t.ServeHTTP(answer, r)
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Header: answer.header, Body: io.NopCloser(&answer.body), Request: r,
	}, nil
}

// keptAnswer keeps what a handler writes.
type keptAnswer struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (k *keptAnswer) Header() http.Header         { return k.header }
func (k *keptAnswer) Write(b []byte) (int, error) { return k.body.Write(b) }
func (k *keptAnswer) WriteHeader(status int)      { k.status = status }

// storyGate is the pipelines of the gated services, asking at the times of the story.
type storyGate struct {
	*demoBuild
	ask, lead client // a pipeline, and a person who may override
	live      map[string]demo.Promotion
	overrode  bool
	mended    bool      // the cause of the failures of March
	beatAt    time.Time // when the sources were last up to date
}

// askGate lets every promotion of the story ask the gate, oldest first; what goes out, and what comes of it, follows from the answers.
func (b *demoBuild) askGate(ctx context.Context) error {
	b.at(b.made.AsksSince("payments-api"))
	ask, revoke, err := b.caller(ctx, "pipeline", string(api.Gate))
	if err != nil {
		return err
	}
	lead, withdraw, err := b.caller(ctx, "dev-12", string(api.Override))
	if err != nil {
		return err
	}
	p := storyGate{demoBuild: b, ask: ask, lead: lead, live: map[string]demo.Promotion{}}
	for service, revision := range b.made.Live {
		p.live[service] = demo.Promotion{Service: service, Commit: revision}
	}
	for i, promotion := range b.made.Promotions {
		b.tell(fmt.Sprintf("asking the gate: %d of %d", i+1, len(b.made.Promotions)))
		if err := p.promote(ctx, promotion); err != nil {
			return fmt.Errorf("%s %s: %w", promotion.Service, promotion.Version, err)
		}
	}
	b.at(b.made.End)
	if err := revoke(); err != nil {
		return err
	}
	return withdraw()
}

// promote asks for one promotion and does what the gate says: one that is on hold asks once more, one that is stopped waits for the
// next one, unless somebody takes the risk.
func (p *storyGate) promote(ctx context.Context, of demo.Promotion) error {
	p.at(of.At)
	if of.At.Sub(p.beatAt) > 3*time.Hour {
		p.beatAt = of.At
		if err := beat(ctx, p.db, of.At); err != nil {
			return err
		}
	}
	if _, err := p.db.Append(ctx, of.Work); err != nil {
		return err
	}
	request := p.request(of, gate.KindNormal)
	d, err := p.decide(ctx, request, of.Version+"/1")
	if err != nil {
		return err
	}
	if d.Verdict == gate.Hold && d.AskAgainAfter != nil && d.AskAgainAfter.Sub(of.At) < time.Hour {
		p.at(*d.AskAgainAfter)
		if d, err = p.decide(ctx, request, of.Version+"/2"); err != nil {
			return err
		}
	}
	if d.Verdict == gate.Block && of.Urgent && !p.overrode { // a probe would do, were it due
		p.overrode = true
		if d, err = p.override(ctx, d, request, of.Version); err != nil {
			return err
		}
		of.Fails = false
	}
	if d.Verdict != gate.Allow && d.Verdict != gate.Warn {
		return nil
	}
	return p.goOut(ctx, d, of)
}

// request is what the pipeline states.
func (p *storyGate) request(of demo.Promotion, kind string) gate.Request {
	at, commits := p.clock(), int64(of.Commits)
	return gate.Request{
		Service: of.Service, Environment: string(metrics.Production), Commit: of.Commit,
		Artifact: gate.Artifact{Version: of.Version, Digest: of.Digest}, Change: gate.Change{Kind: kind},
		Evidence: gate.Evidence{
			TestsPassed: new(true), Commits: &commits, RollbackPlan: "auto",
			SignalsSeen: map[string]time.Time{"errors": at.Add(-time.Minute), "latency": at.Add(-time.Minute)},
		},
		Run: gate.Run{Provider: "demo", ID: of.Service + "-" + of.Version, Attempt: 1},
	}
}

func (p *storyGate) decide(ctx context.Context, r gate.Request, key string) (gate.Decision, error) {
	var d gate.Decision
	header := http.Header{"Idempotency-Key": {r.Service + "/" + key + "/" + r.Change.Kind}}
	err := p.ask.call(ctx, "POST", "/api/v1/gate/decisions", header, r, &d)
	return d, err
}

// override takes the risk of what was stopped, once.
func (p *storyGate) override(ctx context.Context, stopped gate.Decision, r gate.Request, version string) (gate.Decision, error) {
	p.pass(25 * time.Minute)
	body := map[string]any{
		"decision": stopped.ID, "category": "accepted risk", "criteria": []string{"failure-meter"},
		"reason": "The card scheme switches the old endpoint off tonight; without this change every card payment fails.",
	}
	if err := p.lead.call(ctx, "POST", "/api/v1/gate/overrides", nil, body, nil); err != nil {
		return gate.Decision{}, err
	}
	p.pass(5 * time.Minute)
	return p.decide(ctx, r, version+"/override")
}

// goOut reports what was let through, and tells what its signals show.
func (p *storyGate) goOut(ctx context.Context, d gate.Decision, of demo.Promotion) error {
	if err := p.report(ctx, d.ID, 7*time.Minute); err != nil {
		return err
	}
	finished := p.clock()
	deployment := gate.ReportSource + "/" + d.ID
	if of.Fails && (of.Mend == nil || !p.mended) {
		return p.fail(ctx, d.ID, of, finished)
	}
	p.live[of.Service] = of
	p.pass(12 * time.Minute)
	return p.say(ctx, demo.Signals, metrics.Verdict{ID: "verdict-" + d.ID, Deployment: deployment, At: p.clock(), Result: "healthy"})
}

// fail is told by the monitors that what went out broke the service, and ends that.
func (p *storyGate) fail(ctx context.Context, id string, of demo.Promotion, finished time.Time) error {
	p.pass(of.Detected)
	deployment := gate.ReportSource + "/" + id
	incident := metrics.Incident{
		ID: "incident-" + id, Service: of.Service, Environment: string(metrics.Production), Severity: 3, DetectedBy: "monitor",
		StartedAt: finished.Add(of.Detected / 3), DetectedAt: p.clock(), Deployment: deployment, Title: of.Service + ": errors above the limit",
	}
	if err := p.say(ctx, demo.Pager, incident); err != nil {
		return err
	}
	end := p.goBack
	if of.Mend != nil {
		end = p.mend
	}
	if err := end(ctx, deployment, of, finished); err != nil {
		return err
	}
	p.pass(2 * time.Minute)
	incident.AcknowledgedAt, incident.ResolvedAt = incident.DetectedAt.Add(time.Minute), p.clock()
	return p.say(ctx, demo.Pager, incident)
}

// goBack puts the revision before in again.
func (p *storyGate) goBack(ctx context.Context, _ string, of demo.Promotion, finished time.Time) error {
	p.at(finished.Add(of.Restored - 6*time.Minute))
	d, err := p.decide(ctx, p.request(p.live[of.Service], gate.KindRollback), of.Version)
	if err != nil {
		return err
	}
	return p.report(ctx, d.ID, 4*time.Minute)
}

// mend puts the end of the cause in, and sees that it holds.
func (p *storyGate) mend(ctx context.Context, deployment string, of demo.Promotion, _ time.Time) error {
	p.mended = true
	p.at(of.Mend.At)
	if _, err := p.db.Append(ctx, of.Mend.Work); err != nil {
		return err
	}
	request := p.request(*of.Mend, gate.KindFix)
	request.Change.Fixes = []string{deployment}
	d, err := p.decide(ctx, request, of.Mend.Version)
	if err != nil {
		return err
	}
	if err := p.report(ctx, d.ID, 4*time.Minute); err != nil {
		return err
	}
	p.live[of.Service] = *of.Mend
	p.pass(12 * time.Minute)
	return p.say(ctx, demo.Signals, metrics.Verdict{ID: "verdict-" + d.ID, Deployment: gate.ReportSource + "/" + d.ID, At: p.clock(), Result: "healthy"})
}

// report tells the gate that what it let through went out, and took so long.
func (p *storyGate) report(ctx context.Context, decision string, took time.Duration) error {
	began := p.clock()
	p.pass(took)
	body := gate.Report{Outcome: gate.ReportedSuccess, StartedAt: began.Add(time.Minute), FinishedAt: p.clock()}
	return p.ask.call(ctx, "POST", "/api/v1/gate/decisions/"+url.PathEscape(decision)+"/report", nil, body, nil)
}

// say stores a record at the time at which it became known.
func (p *storyGate) say(ctx context.Context, source string, r metrics.Record) error {
	e := metrics.NewEvent(source, r)
	e.Live, e.UpdatedAt = true, p.clock()
	_, err := p.db.Append(ctx, []metrics.Event{e})
	return err
}
