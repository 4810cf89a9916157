package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// JobVerifier finds out which job a signed token speaks for. It refuses with a *JobRefusal.
type JobVerifier interface {
	Verify(ctx context.Context, token string) (Job, error)
}

// Job is what a verified token says of the pipeline's job that sends it.
type Job struct {
	Issuer   string // the name it has in the configuration
	Provider string // github, gitlab, or the issuer's name
	Project  string
	Services []JobService // those it may ask for
	// Environment is the one that the issuer ran the job for; Strict says that the issuer always states it where there is one.
	Environment string
	Strict      bool
	Commit      string
	Run         string // "" where the issuer does not say
	Attempt     int
	// Foreign names the event when the change may come from a fork.
	Foreign   string
	TokenID   string
	ExpiresAt time.Time
}

// JobService is a service that a job may ask for, and where to; no environment means all.
type JobService struct {
	Name         string
	Environments []string
}

// JobRefusal is why a job may not do what it asks for. Reason is for the log, Says for the caller.
type JobRefusal struct {
	Kind         Kind
	Reason, Says string
	Issuer       string
	Cause        error
}

func (r *JobRefusal) Error() string { return r.Says }

func (r *JobRefusal) Unwrap() error { return r.Cause }

// JobBinding ties a token to the run that used it first.
type JobBinding struct {
	Issuer, ID, Project, Run string
	Attempt                  int
	ExpiresAt                time.Time
}

func (b JobBinding) sameRun(other JobBinding) bool {
	return b.Project == other.Project && b.Run == other.Run && b.Attempt == other.Attempt
}

// jobStore remembers which run used a token first.
type jobStore interface {
	BindJobToken(ctx context.Context, b JobBinding) (JobBinding, error)
}

// name is the caller's name of a job: its issuer and the number of its project, which nobody else can take over.
func (j Job) name() string { return "job:" + j.Issuer + "/" + j.Project }

// isJobToken reports whether a secret has the form of a signed token; ours have no dots.
func isJobToken(secret string) bool { return strings.Count(secret, ".") == 2 }

// authenticateJob lets a job with a genuine token in, for what the gate asks pipelines and nothing else.
func (s *Server) authenticateJob(r *http.Request, token string, at route) (caller, error) {
	job, err := s.o.Jobs.Verify(r.Context(), token)
	if err != nil {
		return caller{}, s.refuseJob(r.Context(), Job{}, err)
	}
	if !at.jobs {
		return caller{}, s.refuseJob(r.Context(), job, &JobRefusal{
			Kind: Forbidden, Reason: "not for jobs", Says: "a job may ask the gate about its own services and nothing else; this needs an API token",
		})
	}
	return caller{Name: job.name(), Scopes: []Scope{Gate}, job: &job}, nil
}

// refuseJob logs why, without the token, and makes the answer.
func (s *Server) refuseJob(ctx context.Context, job Job, err error) error {
	var why *JobRefusal
	if !errors.As(err, &why) {
		return err
	}
	attributes := []slog.Attr{slog.String("reason", why.Reason), slog.String("issuer", cmp.Or(why.Issuer, job.Issuer))}
	if job.Project != "" {
		attributes = append(attributes, slog.String("project", job.Project), slog.String("run", job.Run))
	}
	if why.Cause != nil {
		attributes = append(attributes, slog.Any("error", why.Cause))
	}
	s.o.Logger.LogAttrs(ctx, slog.LevelWarn, "a job was refused", attributes...)
	return &Error{Kind: why.Kind, Detail: why.Says, Cause: why.Cause}
}

// admit checks what a job asks for against what its token says, and fills in what the token knows better. Callers that are no
// jobs may ask for anything their scope covers. It applies to every kind of change: a rollback is let through by its service's
// own pipeline, not by anybody's.
func (s *Server) admit(r request, asked *gate.Request) error {
	job := r.caller.job
	if job == nil {
		return nil
	}
	itsOwnChange := s.itsOwnChange(r.Context())
	for _, check := range []func(*Job, *gate.Request) *JobRefusal{itsService, itsEnvironment, itsOwnChange, itsCommit, itsRun} {
		if why := check(job, asked); why != nil {
			return s.refuseJob(r.Context(), *job, why)
		}
	}
	return nil
}

// vouched checks what a job asked for against what the decision found in the record, before the decision counts. It is checked there and
// not beforehand, so that the record cannot change in between.
func (s *Server) vouched(ctx context.Context, job *Job, l gate.Logged) error {
	if job == nil {
		return nil
	}
	for _, why := range []*JobRefusal{itsKindOfEnvironment(job, l), itsRollback(job, l)} {
		if why != nil {
			return s.refuseJob(ctx, *job, why)
		}
	}
	return nil
}

func forbidJob(reason, format string, args ...any) *JobRefusal {
	return &JobRefusal{Kind: Forbidden, Reason: reason, Says: fmt.Sprintf(format, args...)}
}

// itsService lets a job ask for the services that its project is mapped to.
func itsService(job *Job, asked *gate.Request) *JobRefusal {
	named := false
	for _, mine := range job.Services {
		if mine.Name != asked.Service {
			continue
		}
		if len(mine.Environments) == 0 || slices.ContainsFunc(mine.Environments, func(e string) bool { return strings.EqualFold(e, asked.Environment) }) {
			return nil
		}
		named = true
	}
	if named {
		return forbidJob("environment not mapped", "project %s may not ask for %s in %q; add the environment under identity", job.Project, asked.Service, asked.Environment)
	}
	return forbidJob("service not mapped", "project %s may not ask for the service %q; add it under identity", job.Project, asked.Service)
}

// itsEnvironment wants the environment that the job runs for: its own protection rules have then been kept. An issuer that knows
// no environments is believed only for those that the mapping names.
func itsEnvironment(job *Job, asked *gate.Request) *JobRefusal {
	if strings.EqualFold(job.Environment, asked.Environment) {
		return nil
	}
	if job.Environment != "" {
		return forbidJob("other environment", "the job runs for the environment %q and asks for %q; they must be the same", job.Environment, asked.Environment)
	}
	listed := func(mine JobService) bool { return mine.Name == asked.Service && len(mine.Environments) > 0 }
	if !job.Strict && slices.ContainsFunc(job.Services, listed) {
		return nil // itsService has found it there
	}
	return forbidJob("no environment", "the job runs for no environment and asks for %q; give the job that environment", asked.Environment)
}

// itsOwnChange keeps what may come from a fork out of production.
func (s *Server) itsOwnChange(ctx context.Context) func(*Job, *gate.Request) *JobRefusal {
	return func(job *Job, asked *gate.Request) *JobRefusal {
		if job.Foreign == "" || s.environmentKind(ctx)(asked.Environment) != metrics.Production {
			return nil
		}
		return forkToProduction(job)
	}
}

// itsKindOfEnvironment keeps it out as well where the service's own record says production, and those of most others do not.
func itsKindOfEnvironment(job *Job, l gate.Logged) *JobRefusal {
	if job.Foreign == "" || l.Snapshot.Kind != metrics.Production {
		return nil
	}
	return forkToProduction(job)
}

func forkToProduction(job *Job) *JobRefusal {
	return forbidJob("may come from a fork", "the job runs for a %s, whose change may come from a fork; nothing of it goes to production", job.Foreign)
}

// itsCommit wants the commit that the job runs at. A rollback may name an earlier one, if the record bears it out: see itsRollback. Where
// nothing says what is to go out it is the job's commit. A digest says more than any token does: no issuer states one.
func itsCommit(job *Job, asked *gate.Request) *JobRefusal {
	if asked.Commit == "" && asked.Artifact == (gate.Artifact{}) {
		asked.Commit = job.Commit
	}
	if job.runsAt(asked.Commit) || asked.Change.Kind == gate.KindRollback {
		return nil
	}
	return forbidJob("other commit", "the job runs at commit %s and asks for %s; they must be the same", job.Commit, shorten(asked.Commit))
}

// runsAt reports whether nothing says that a commit is another than the job's.
func (j Job) runsAt(commit string) bool {
	return j.Commit == "" || commit == "" || strings.EqualFold(commit, j.Commit)
}

// itsRollback lets a job name another commit than its own only as a rollback by the record. What is declared alone would let any commit
// through that a normal change may be.
func itsRollback(job *Job, l gate.Logged) *JobRefusal {
	if job.runsAt(l.Request.Commit) || l.Kind == gate.KindRollback {
		return nil
	}
	return forbidJob("rollback not in the record", "the job runs at commit %s, and putting in %s is no rollback by the record of %s; name what was live there before, or run the job at that commit",
		job.Commit, shorten(l.Request.Commit), shorten(l.Request.Service))
}

// itsRun takes the run from the token. A run that the request states must be the same: the token of one run is of no use in another.
func itsRun(job *Job, asked *gate.Request) *JobRefusal {
	if job.Run == "" {
		return nil
	}
	stated := asked.Run
	if stated.ID != "" && stated.ID != job.Run || stated.Attempt != 0 && stated.Attempt != job.Attempt {
		return forbidJob("token of another run", "the token was given to run %s (attempt %d) and is used in run %s (attempt %d); each run asks for its own", job.Run, job.Attempt, shorten(stated.ID), stated.Attempt)
	}
	asked.Run = gate.Run{Provider: job.Provider, ID: job.Run, Attempt: job.Attempt, URL: stated.URL}
	return nil
}

// bindingGrace keeps bindings beyond the end of their tokens, for replicas whose clocks differ.
const bindingGrace = time.Hour

// bind ties a job's token to a run, the token's own or else the one that the request states, and refuses a second run.
func (s *Server) bind(r request, stated gate.Run) error {
	job := r.caller.job
	if job == nil {
		return nil
	}
	mine := JobBinding{Issuer: job.Issuer, ID: job.TokenID, Project: job.Project, Run: job.Run, Attempt: job.Attempt, ExpiresAt: job.ExpiresAt.Add(bindingGrace)}
	if job.Run == "" {
		mine.Run, mine.Attempt = stated.ID, stated.Attempt
	}
	if mine.Run == "" {
		return s.refuseJob(r.Context(), *job, forbidJob("run not stated", "neither the token nor the request says which run asks; state run.id"))
	}
	kept := mine
	err := s.within(r.Context(), func(ctx context.Context) (err error) {
		kept, err = s.o.Store.BindJobToken(ctx, mine)
		return err
	})
	if errors.Is(err, errLost) {
		kept, err = mine, nil // what this server remembers has to do
	}
	if err != nil {
		return err
	}
	if !kept.sameRun(mine) || !s.standby.bind(kept, s.o.Clock()).sameRun(mine) {
		return s.refuseJob(r.Context(), *job, forbidJob("token used in another run", "the token was used in another run before; each run asks for its own"))
	}
	return nil
}

// admitTo lets a job see and report on decisions about its services. The job that reports need not be the one that asked.
func (s *Server) admitTo(r request, logged gate.Logged) error {
	job := r.caller.job
	if job == nil {
		return nil
	}
	asked := logged.Request
	for _, check := range []func(*Job, *gate.Request) *JobRefusal{itsService, itsEnvironment, s.itsOwnChange(r.Context())} {
		if why := check(job, &asked); why != nil {
			return s.refuseJob(r.Context(), *job, why)
		}
	}
	if why := itsKindOfEnvironment(job, logged); why != nil {
		return s.refuseJob(r.Context(), *job, why)
	}
	return nil
}
