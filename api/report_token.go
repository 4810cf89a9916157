package api

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// reportPrefix begins tokens that are good for one decision's report only.
const reportPrefix = "shr_"

// reportLife is how long such a token is good for after its decision.
const reportLife = 24 * time.Hour

// decisionResponse is a decision as its caller gets it.
type decisionResponse struct {
	gate.Decision
	// Hint names a known service that is written nearly like the one asked about, of which nothing is known; it is no part of the decision.
	Hint string `json:"hint,omitempty"`
	// ReportToken lets its bearer report on this decision and see its outcome, for 24 hours and for nothing else: a job's own token
	// may have expired by then. Only jobs get one; it is no part of the decision, and each answer has its own.
	ReportToken string `json:"report_token,omitempty"`
}

// reportTokenStore keeps the hashes of report tokens. DecisionOfReport returns ok = false for one it does not know, or no more.
type reportTokenStore interface {
	AddReportToken(ctx context.Context, hash, decision string, until time.Time) error
	DecisionOfReport(ctx context.Context, hash string) (decision string, ok bool, err error)
}

// answered is a decision with its signed token, and with a report token where there will be something to report and the caller is a job.
func (s *Server) answered(r request, logged gate.Logged) (decisionResponse, error) {
	d, err := s.signed(logged)
	answer := decisionResponse{Decision: d, Hint: s.hint(r.Context(), logged)}
	if _, passed := logged.Promotion(); err != nil || !passed || r.caller.job == nil {
		return answer, err
	}
	token := reportPrefix + rand.Text()
	err = s.keepReport(r.Context(), keptReport{hash: HashToken(token), decision: logged.ID, until: logged.At.Add(reportLife)})
	if errors.Is(err, errLost) {
		return answer, nil // the decision is worth more; the job reports by its own token
	}
	answer.ReportToken = token
	return answer, err
}

// keepReport keeps the token's hash: in memory while its decision waits for the log as well.
func (s *Server) keepReport(ctx context.Context, one keptReport) error {
	if s.standby.awaitReport(one) {
		return nil
	}
	return s.within(ctx, func(ctx context.Context) error {
		return s.o.Store.AddReportToken(ctx, one.hash, one.decision, one.until)
	})
}

func isReportToken(secret string) bool { return strings.HasPrefix(secret, reportPrefix) }

// authenticateReport lets the bearer of a report token do what it is for: one decision, on the routes made for jobs that name it.
func (s *Server) authenticateReport(ctx context.Context, secret string, at route, decision string) (caller, error) {
	var mine string
	var ok bool
	err := s.within(ctx, func(ctx context.Context) (err error) {
		mine, ok, err = s.o.Store.DecisionOfReport(ctx, HashToken(secret))
		return err
	})
	switch {
	case err != nil:
		return caller{}, err
	case !ok:
		return caller{}, fail(Unauthorized, "the report token is not known or has expired; it is good for 24 hours after its decision")
	case !at.jobs || decision != mine:
		return caller{}, fail(Forbidden, "a report token is good for the report on its own decision and its outcome, and for nothing else")
	}
	return caller{Name: "report:" + mine, Scopes: []Scope{Gate}}, nil
}
