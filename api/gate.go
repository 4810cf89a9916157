package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// maxAsk is the largest request to the gate in bytes.
const maxAsk = 1 << 20

type decisionsResponse struct {
	Decisions []gate.Logged `json:"decisions"`
	// Next is the cursor of the following page, empty at the end.
	Next string `json:"next,omitempty"`
}

type replayResponse struct {
	// Same: everything but id and engine came out as the same bytes.
	Same     bool          `json:"same"`
	Decision gate.Decision `json:"decision"`
}

type policiesResponse struct {
	Policies []policyResponse `json:"policies"`
	// Refused says what is wrong with newer policies, which are therefore not in force.
	Refused string `json:"refused,omitempty"`
}

type policyResponse struct {
	Service string       `json:"service,omitempty"`
	Tier    metrics.Tier `json:"tier"`
	Digest  string       `json:"digest"`
	Policy  gate.Policy  `json:"policy"`
}

func (s *Server) gateRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/api/v1/gate/decisions", scope: Gate, handle: s.addDecision,
			summary: "May this be promoted now? The decision is logged. With an Idempotency-Key header the same request gets the same decision " +
				"for 24 hours, a hold only until ask_again_after; another request under that key is refused with 422",
			query:   []parameter{{"wait", "seconds, 1 to 30: answer a hold only when they are over, when its time has come, or when something arrived that ends it sooner: it then gets another decision before its time. Needs an Idempotency-Key"}},
			request: gate.Request{}, response: decisionResponse{}, jobs: true,
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/decisions", scope: Read, handle: s.decisions, response: decisionsResponse{},
			summary: "Decisions, newest first, without their input",
			query:   []parameter{{"service", "only this service"}, {"verdict", "only allow, warn, block or hold"}, {"limit", "how many, 1 to 200; 50 when left out"}, {"cursor", "next of the page before"}},
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/decisions/:id", scope: Read, handle: s.decision, response: gate.Logged{},
			summary: "A decision with the policy and the input it was made from",
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/decisions/:id/replay", scope: Read, handle: s.replay, response: replayResponse{},
			summary: "The same decision made again from its policy and input, and whether it came out as the same bytes",
		},
		{
			method: http.MethodPost, path: "/api/v1/gate/decisions/:id/report", scope: Gate, handle: s.report,
			summary: "How it went: succeeded, failed, cancelled or skipped. It becomes a deployment of the source gate; a decision that let nothing through is refused, the same outcome again changes nothing",
			request: gate.Report{}, response: reportResponse{}, jobs: true,
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/decisions/:id/outcome", scope: Gate, handle: s.outcome, response: gate.PromotionOutcome{}, jobs: true,
			summary: "What is known now of what the decision let through: good, failed, pending or inconclusive",
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/verdict", scope: Gate, handle: s.verdict, response: gate.Decision{}, jobs: true,
			summary: "What the gate would say now: the bare word, or the decision when JSON is accepted. It is not logged, and no probe is granted: a promotion asks for a decision",
			query: []parameter{
				{"service", "the service"},
				{"environment", "where to; production when left out"},
				{"digest", "digest of the artifact"},
				{"version", "version of the artifact"},
				{"commit", "commit it was built from"},
				{"kind", "normal (when left out), rollback, fix or config"},
				{"fixes", "what a fix repairs; several separated by commas"},
			},
		},
		{
			method: http.MethodGet, path: "/api/v1/policies", scope: Read, handle: s.policies, response: policiesResponse{},
			summary: "What each tier is judged by, or one service",
			query:   []parameter{{"service", "the policy in force for this service"}},
		},
	}
}

// question is what is asked for a decision, before it is known whether whoever asks may.
type question struct {
	asked gate.Request
	key   string
	wait  time.Duration // for which a hold may be held open
}

func (s *Server) addDecision(r request) (reply, error) {
	q, err := questionOf(r)
	if err != nil {
		return reply{}, err
	}
	return s.answerQuestion(r, q)
}

func questionOf(r request) (q question, err error) {
	data, err := askBody(r)
	if err != nil {
		return q, err
	}
	if q.asked, err = decodeAsk(data); err != nil {
		return q, err
	}
	if q.key, err = keyOf(r.Header); err != nil {
		return q, err
	}
	q.wait, err = waitOf(r.URL.Query().Get("wait"), q.key)
	return q, err
}

// answerQuestion decides, and logs the decision. A question that is held open while another server takes this one's place is answered there.
func (s *Server) answerQuestion(r request, q question) (reply, error) {
	asked := q.asked // a job is told apart from others by what is filled in here
	if err := s.admit(r, &asked); err != nil {
		return reply{}, err
	}
	if err := s.bind(r, asked.Run); err != nil {
		return reply{}, err
	}
	a, err := newAsk(asked, r.caller.Name, q.key)
	if err != nil {
		return reply{}, err
	}
	a.job = r.caller.job
	logged, waited, err := s.await(r.Context(), a, q.wait)
	if errors.Is(err, errHandedOver) {
		return s.passedOn(r, q, waited)
	}
	if err != nil {
		return reply{}, err
	}
	answer, err := s.answered(r, logged)
	return reply{JSON: answer, Header: headerOf(logged.Decision, http.Header{"Cache-Control": {"no-store"}}), Waited: waited}, err
}

// askBody reads a request to the gate.
func askBody(r request) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxAsk+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(data) > maxAsk {
		return nil, fail(TooLarge, fmt.Sprintf("the request has more than %d MiB", maxAsk>>20))
	}
	if key := repeated(data); key != "" {
		return nil, fail(Mismatch, fmt.Sprintf("the key %q stands twice; write it once", shorten(key)))
	}
	return data, nil
}

func (s *Server) decisions(r request) (reply, error) {
	q := r.URL.Query()
	limit, err := limitOf(q.Get("limit"), 50, 200)
	if err != nil {
		return reply{}, err
	}
	cursor, err := listCursor(q.Get("cursor"))
	if err != nil {
		return reply{}, err
	}
	verdict, err := verdictOf(q.Get("verdict"))
	if err != nil {
		return reply{}, err
	}
	list, next, err := s.o.Store.DecisionsWith(r.Context(), q.Get("service"), verdict, cursor, limit)
	if list == nil {
		list = []gate.Logged{}
	}
	return reply{JSON: decisionsResponse{Decisions: list, Next: next}}, err
}

// verdictOf is the verdict that a list is asked for, "" for any.
func verdictOf(word string) (gate.Result, error) {
	verdict := gate.Result(word)
	if word != "" && !slices.Contains([]gate.Result{gate.Allow, gate.Warn, gate.Block, gate.Hold}, verdict) {
		return "", fail(Invalid, "the verdict "+shorten(word)+" is none of allow, warn, block, hold")
	}
	return verdict, nil
}

func listCursor(word string) (string, error) {
	if word == "" {
		return "", nil
	}
	if _, err := strconv.ParseUint(word, 10, 63); err != nil {
		return "", fail(Invalid, "the cursor is none of ours; take it from next of the page before")
	}
	return word, nil
}

func limitOf(word string, otherwise, most int) (int, error) {
	if word == "" {
		return otherwise, nil
	}
	limit, err := strconv.Atoi(word)
	if err != nil || limit < 1 || limit > most {
		return 0, fail(Invalid, fmt.Sprintf("limit %q is no number from 1 to %d", shorten(word), most))
	}
	return limit, nil
}

func (s *Server) decision(r request) (reply, error) {
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	return reply{JSON: logged}, err
}

func (s *Server) replay(r request) (reply, error) {
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	if err != nil {
		return reply{}, err
	}
	again, same, err := gate.Replay(logged)
	return reply{JSON: replayResponse{Same: same, Decision: again}}, err
}

func (s *Server) verdict(r request) (reply, error) {
	q := r.URL.Query()
	asked := gate.Request{
		Service: q.Get("service"), Environment: q.Get("environment"), Commit: q.Get("commit"),
		Artifact: gate.Artifact{Version: q.Get("version"), Digest: q.Get("digest")},
		Change:   gate.Change{Kind: q.Get("kind"), Fixes: listOf(q, "fixes")},
	}
	if err := completeAsk(&asked, checkDigest); err != nil {
		return reply{}, err
	}
	if err := s.admit(r, &asked); err != nil {
		return reply{}, err
	}
	l, err := s.looked(r.Context(), asked)
	if err == nil {
		err = matched(l)
	}
	if err != nil {
		return reply{}, err
	}
	if err := s.vouched(r.Context(), r.caller.job, l); err != nil {
		return reply{}, err
	}
	d := l.Decision
	header := headerOf(d, http.Header{"Vary": {"Accept"}})
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		d.Engine = "shiphabit/" + s.o.Version
		return reply{JSON: d, Header: header}, nil
	}
	return reply{Body: []byte(string(d.Verdict) + "\n"), Type: plainType, Header: header}, nil
}

// looked is what the gate would say now, without the database by what was known last. It has no id, for nobody logs it.
func (s *Server) looked(ctx context.Context, asked gate.Request) (gate.Logged, error) {
	now := s.o.Clock()
	var policy gate.Policy
	var snapshot gate.Snapshot
	err := s.within(ctx, func(ctx context.Context) (err error) {
		policy, snapshot, _, err = s.snapshot(ctx, asked, now)
		return err
	})
	if errors.Is(err, errLost) {
		var known gate.Known
		if known, err = s.remembered(asked, now); err == nil {
			policy, snapshot = s.take(asked, known, now)
		}
	}
	if err != nil {
		return gate.Logged{}, err
	}
	snapshot = withoutProbe(snapshot)
	return gate.Logged{Decision: gate.Decide(policy, snapshot, asked), Request: asked, Snapshot: snapshot, At: snapshot.Now}, nil
}

// stateAgeHeader is how many seconds ago the state was read that an answer goes by, where that was not just now.
const stateAgeHeader = "Gate-State-Age"

func headerOf(d gate.Decision, header http.Header) http.Header {
	if age, old := stateAge(d); old {
		header.Set(stateAgeHeader, strconv.FormatInt(int64(age/time.Second), 10))
	}
	return header
}

// withoutProbe makes a look at the gate grant no probe: only a logged decision may.
func withoutProbe(s gate.Snapshot) gate.Snapshot {
	s.Meter.NextProbeAt = time.Time{}
	return s
}

// policies lists those of the four tiers, or the one in force for a service.
func (s *Server) policies(r request) (reply, error) {
	answer := policiesResponse{Policies: []policyResponse{}, Refused: s.refusal()}
	services := []metrics.Service{{Tier: metrics.Critical}, {Tier: metrics.High}, {Tier: metrics.Standard}, {Tier: metrics.Low}}
	if name := r.URL.Query().Get("service"); name != "" {
		service, err := s.o.Store.Service(r.Context(), name)
		if err != nil {
			return reply{}, err
		}
		service.Tier = gate.TierOf(service)
		services = []metrics.Service{service}
	}
	for _, service := range services {
		p := s.o.Policy(service)
		answer.Policies = append(answer.Policies, policyResponse{Service: service.Name, Tier: service.Tier, Digest: p.Digest(), Policy: p})
	}
	return reply{JSON: answer}, nil
}
