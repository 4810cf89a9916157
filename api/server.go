// Package api answers HTTP: JSON for programs below /api/v1 and pages for people. Routes are data; handlers decode, call and
// return; one adapter guards, encodes and logs. It makes no number and draws nothing itself.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"shiphabit/assessments"
	"shiphabit/internal/exposition"
	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
	"shiphabit/reports"
)

// Options are what the server needs from its surroundings.
type Options struct {
	Store Store
	// Kinds says what the store's own errors mean to a caller; every other error is internal.
	Kinds map[error]Kind
	Clock func() time.Time
	// After is time.After where it is nil: when to look for news of what is held open.
	After  func(time.Duration) <-chan time.Time
	Logger *slog.Logger
	// Hooks read what the hosts of sources push, by the name of the source.
	Hooks map[string]Hook
	// Protectors are hosts that ask the gate and are told its word later, Canaries those that wait for the answer, by the names of their
	// entries: none is a source's.
	Protectors map[string]Protector
	Canaries   map[string]CanaryHook
	// Version is the program's, without its name.
	Version string
	// Zone is the organisation's time zone: days and weeks are its days and weeks.
	Zone       *time.Location
	Definition metrics.Definition
	// KindOf is the kind of an environment by its name; Recognises tells whether a rule gives it one.
	KindOf     func(environment string) metrics.EnvironmentKind
	Recognises func(environment string) bool
	// Declared are the sources of the configuration; Configured tells that there is one, be it without sources.
	Declared   []doctor.Declared
	Configured bool
	// Definitions are the organisation's own, beside those that ship with the product.
	Definitions []metrics.Definition
	// Calendar is the working time of a service, else of a team, else of the organisation; either name may be empty.
	Calendar func(service, team string) metrics.Calendar
	// Policy is what a service is judged by.
	Policy func(metrics.Service) gate.Policy
	// Roles are those that the holder of an API token has for a service, by the token's name; nil gives nobody any.
	Roles func(token string, service metrics.Service) []string
	// RolesGone are the roles that name tokens which nobody can use now; nil looks for none.
	RolesGone func(ctx context.Context) ([]doctor.Role, error)
	// Amend tells where changes of a layer's policy go in the configuration file, and their lines; nil tells no lines.
	Amend func(layer string, changes []gate.PolicyChange) gate.Amendment
	// Freezes are the windows in which nothing but rollbacks and fixes goes out.
	Freezes []gate.Window
	// Signing signs verdicts; without it they carry no token.
	Signing *attest.Ring
	// Questions is the set that new rounds ask, Floor their group size where the request names none; Thresholds grade the
	// evidence shown beside the answers.
	Questions  assessments.Set
	Floor      int
	Thresholds assessments.Thresholds
	// Readiness is what a declared service says of its way back; nil declares nothing.
	Readiness func(service string) assessments.Readiness
	// RollbackHook tells whether a service has a hook that is told of failed watches; nil is none.
	RollbackHook func(service string) bool
	// TeamSize is the number of people in a declared team, 0 when not stated.
	TeamSize func(team string) int
	// Notifier reaches teams; nil reaches nobody, and reminders are texts to copy. PublicURL is the address at which people reach the
	// pages, for links in messages; empty takes the one that was asked.
	Notifier  Notifier
	PublicURL string
	// RequireTokens asks every program for a token; without it a token is checked only when sent.
	RequireTokens bool
	// Jobs verifies the tokens that pipelines get from their runner; nil accepts none.
	Jobs JobVerifier
	// Hosts are the names besides localhost under which the server may be asked.
	Hosts []string
	// Site renders the pages for people; without it there are none, and every answer is for programs.
	Site *reports.Site
	// Reading says what the server reads, for the pages; nil lets the sources tell.
	Reading func(ctx context.Context) (Reading, error)
	// Print turns one HTML file into PDF; nil, or an error of its own, says in words that this server does not print.
	Print func(ctx context.Context, html []byte) ([]byte, error)
	// Exposed says which teams and services have figures of their own on /metrics.
	Exposed Exposed
	// AssessPath leads to the form of the one round that a try opens; empty where links are handed out.
	AssessPath string
	// Patience is how long the database may take for what a decision reads before it is asked whether it is there; 1.5 seconds
	// when not set.
	Patience time.Duration
	// ErrorPage renders an error for people; nil answers a problem to everybody.
	ErrorPage func(r *http.Request, status int, detail string) ([]byte, error)
}

// Store is what the server keeps and reads: the sum of what its resources need, each declared beside its use.
type Store interface {
	eventStore
	correctionStore
	factStore
	decisionStore
	rollbackStore
	overrideStore
	scoreStore
	observationStore
	absenceStore
	roundStore
	outcomeStore
	rollupStore
	sourceStore
	doctorStore
	deliveryStore
	tokenStore
	jobStore
	reportTokenStore
	waitingStore
	auditStore
	exposedStore
	// Ping reports whether the database answers.
	Ping(ctx context.Context) error
}

// Server answers the routes of its table.
type Server struct {
	o      Options
	guard  guard
	engine *gin.Engine
	table  []route
	// standby answers while the database does not; a server that takes this one's place has the same.
	standby *standby
	// exposition counts what happens in this process; a server that takes this one's place goes on with it.
	exposition *exposition.Exposition
	scrapes    scrapes
	// refused says what is wrong with a newer configuration that was not taken over, nil when none was refused.
	refused atomic.Pointer[string]

	refusals refusals
	// strangers and proven hold the deliveries that are being read, of senders who are not known yet and of those who are.
	strangers, proven rooms
	checks            selfCheck
	board             board
	sayings           sayings
	spellings         spellings
	// results are those of rounds that are over, disputes the corrections in force of a team: both take reading months of records.
	results         keep[assessments.Result]
	disputes        keep[[]reports.Disputed]
	cards           keep[metrics.Scorecard] // that are exposed
	policiesInForce sealedPolicies
	// backtests has room for those that may run at a time.
	backtests chan struct{}
	// printing has room for one: a browser is a large program.
	printing chan struct{}
	wake     chan struct{} // tells the sweep that something waits
	// listeners are questions that are held open until there is news; successor leads to the server that took this one's place, nil while
	// none has.
	listeners listeners
	successor atomic.Pointer[func() (next *Server, left func())]
}

// New builds a server. It starts nothing.
func New(o Options) (*Server, error) {
	g, err := newGuard(o.Hosts)
	if err != nil {
		return nil, err
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	if o.After == nil {
		o.After = time.After
	}
	gin.SetMode(gin.ReleaseMode)
	s := &Server{
		o: o, guard: g, engine: gin.New(), standby: &standby{}, exposition: exposition.New(o.Version),
		backtests: make(chan struct{}, backtestsBusy), printing: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		listeners: newListeners(),
	}
	s.board.orders = make(chan boardOrder, 1)
	s.strangers = rooms{newRoom(smallAtOnce, smallOfSource, o.Hooks), newRoom(largeAtOnce, largeOfSource, o.Hooks)}
	s.proven = rooms{newRoom(smallAtOnce, smallAtOnce/2, o.Hooks), newRoom(largeAtOnce, largeAtOnce/2, o.Hooks)}
	s.engine.HandleMethodNotAllowed = true
	s.engine.UseRawPath, s.engine.UnescapePathValues = true, true // a service may have a slash in its name, sent as %2F
	if o.Site != nil {
		if o.ErrorPage == nil {
			s.o.ErrorPage = s.errorPage
		}
		s.engine.GET("/assets/*file", s.assets)
		s.engine.HEAD("/assets/*file", s.assets)
	}
	s.table = s.routes()
	for _, at := range s.table {
		s.engine.Handle(at.method, at.path, s.serve(at))
		if at.method == http.MethodGet {
			s.engine.Handle(http.MethodHead, at.path, s.serve(at))
		}
	}
	s.engine.NoRoute(s.serveMissing(NotFound, "there is nothing at this address; the start page is /, and /api describes the interface for programs"))
	s.engine.NoMethod(s.serveMissing(NoMethod, "this address is not asked with that method; /api describes what there is"))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// serveMissing refuses what no route answers: as a problem below /api, as a page elsewhere.
func (s *Server) serveMissing(kind Kind, detail string) gin.HandlerFunc {
	refuse := func(request) (reply, error) { return reply{}, fail(kind, detail) }
	program, person := s.serve(route{scope: Public, handle: refuse}), s.serve(route{scope: Page, handle: refuse})
	return func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, "/api/") || strings.HasPrefix(c.Request.URL.Path, "/hooks/") {
			program(c)
			return
		}
		person(c)
	}
}

// routes is the table of everything the server answers; one file a resource adds its rows.
func (s *Server) routes() []route {
	return slices.Concat(
		s.eventRoutes(),
		s.correctionRoutes(),
		s.serviceRoutes(),
		s.metricRoutes(),
		s.gateRoutes(),
		s.overrideRoutes(),
		s.scoreRoutes(),
		s.proposalRoutes(),
		s.backtestRoutes(),
		s.absenceRoutes(),
		s.signingRoutes(),
		s.roundRoutes(),
		s.outcomeRoutes(), s.indexRoutes(),
		s.sourceRoutes(),
		s.doctorRoutes(),
		s.documentRoutes(),
		s.digestRoutes(),
		s.badgeRoutes(),
		s.hookRoutes(),
		s.protectRoutes(),
		s.auditRoutes(),
		s.healthRoutes(),
		s.exposedRoutes(),
		s.referenceRoutes(),
		s.pageRoutes(),
	)
}
