package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"shiphabit/api"
	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/identity"
	"shiphabit/internal/rollback"
	"shiphabit/internal/store"
)

// serving is a server whose configuration can be read again while it answers.
type serving struct {
	*program
	file     string // of the configuration, as the flag names it
	dsn      string
	address  net.Addr
	insecure bool

	mu      sync.RWMutex
	current *term
	retired sync.WaitGroup
}

// term is all that serves under one configuration. Requests end under the term they began in.
type term struct {
	settings config.Config
	db       *store.DB
	sources  []collector.Source
	handler  *api.Server
	verifier *identity.Verifier // nil where no job tokens are taken
	hooks    map[string]*rollback.Hook

	requests   sync.WaitGroup
	background sync.WaitGroup
	end        context.CancelFunc
}

// run serves until the context ends.
func (s *serving) run(ctx context.Context, db, listen string) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	hangups := make(chan os.Signal, 1)
	if s.setting(s.file, "SHIPHABIT_CONFIG", "") != "" { // without a file there is nothing to read again
		signal.Notify(hangups, syscall.SIGHUP)
		defer signal.Stop(hangups)
	}
	settings, err := s.configuration(s.file)
	if err != nil {
		return err
	}
	if s.dsn, err = s.databaseName(db, settings); err != nil {
		return err
	}
	first, err := s.open(ctx, settings)
	if err != nil {
		return err
	}
	s.current = first
	defer s.close()
	if listen == "" {
		listen = settings.Listen
	}
	listener, err := s.listen(ctx, listen, settings.RequireTokens || s.insecure)
	if err != nil {
		return err
	}
	s.address = listener.Addr()
	fmt.Fprintf(s.out, "shiphabit serves on http://%s\n", s.address)
	for _, address := range hookAddresses(settings) {
		s.say("webhooks: http://%s%s", s.address, address)
	}
	s.begin(ctx, first)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer end()
	watching.Go(func() { s.watch(ctx, hangups) })
	return s.serveUntilDone(ctx, listener, s)
}

// open makes a term that does nothing yet.
func (s *serving) open(ctx context.Context, settings config.Config) (*term, error) {
	hooks, err := s.rollbackHooks(settings)
	if err != nil {
		return nil, err
	}
	db, sources, err := s.openSources(ctx, s.dsn, settings, store.TakesOver)
	if err != nil {
		return nil, err
	}
	verifier, err := s.jobVerifier(settings.Identity)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	handler, err := s.server(db, settings, nil, verifier)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &term{settings: settings, db: db, sources: sources, handler: handler, verifier: verifier, hooks: hooks, end: func() {}}, nil
}

// begin starts what a term does beside answering.
func (s *serving) begin(ctx context.Context, t *term) {
	ctx, t.end = context.WithCancel(ctx)
	s.warnOfRoles(ctx, t)
	t.background.Go(func() { s.collectLoop(ctx, pageStore{t.db, t.handler.Collected}, t.settings, t.sources) })
	t.background.Go(func() { s.deriveLoop(ctx, t.db) })
	t.background.Go(func() { s.checkpointLoop(ctx, t.db) })
	if t.verifier != nil {
		t.background.Go(func() { t.verifier.Run(ctx) })
	}
	t.background.Go(func() { s.forgetLoop(ctx, t.db) })
	t.background.Go(func() { _ = t.handler.Run(ctx) }) // it ends with the context and in no other way
	if t.settings.Notify.Digests != nil {
		t.background.Go(func() { s.digestLoop(ctx, t) })
	}
	if t.settings.Notify.Gate {
		t.background.Go(func() { s.tellLoop(ctx, t) })
	}
	t.background.Go(func() { s.rollbackLoop(ctx, t) })
	if len(t.settings.Protection) > 0 {
		t.background.Go(func() { t.handler.RunProtection(ctx) })
	}
}

// ServeHTTP lets the term in force answer.
func (s *serving) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := s.enter()
	defer t.requests.Done()
	t.handler.ServeHTTP(w, r)
}

// enter is the term in force with one more request, so that its database stays open until that one is done.
func (s *serving) enter() *term {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.current.requests.Add(1)
	return s.current
}

// watch reads the configuration again at each hang-up.
func (s *serving) watch(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		if err := s.reload(ctx); err != nil && ctx.Err() == nil {
			s.refuse(ctx, err)
		}
	}
}

// refuse says every fault, each as an entry of the log.
func (s *serving) refuse(ctx context.Context, err error) {
	faults := []string{err.Error()}
	var listed config.Faults
	if errors.As(err, &listed) {
		faults = faults[:0]
		for _, fault := range listed {
			faults = append(faults, fault.String())
		}
	}
	s.current.handler.Refuse(strings.Join(faults, "\n")) // nobody but the watch replaces it
	for _, fault := range faults {
		s.logger().ErrorContext(ctx, "the configuration was read again and is refused: the old one stays in force", slog.String("fault", fault))
	}
}

// reload puts a term under the configuration as it now is in the place of the one in force. Requests under way end as they began, but for
// questions to the gate that are held open: they go on under the new one, whose policy may end their hold.
func (s *serving) reload(ctx context.Context) error {
	settings, err := s.configuration(s.file)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(s.address.String())
	if err != nil {
		return err
	}
	if !loopback(host) && !settings.RequireTokens && !s.insecure {
		return fmt.Errorf("%s can be reached from other machines and nobody would have to log in: set require_tokens, or start with --insecure if that is meant", s.address)
	}
	next, err := s.open(ctx, settings)
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.current
	next.handler.Succeed(old.handler)
	s.current = next
	s.mu.Unlock()
	old.handler.HandOver(func() (*api.Server, func()) {
		now := s.enter()
		return now.handler, now.requests.Done
	})
	old.end()
	old.background.Wait() // two queues of one process would share the sources for nothing
	s.begin(ctx, next)
	s.retired.Go(func() {
		old.requests.Wait()
		if err := old.db.Close(); err != nil {
			s.logger().WarnContext(ctx, "closing the database of the old configuration", slog.Any("error", err))
		}
	})
	s.say("the configuration was read again and is in force: %s", counted(len(next.sources), "source"))
	if settings.Listen != old.settings.Listen || settings.DB != old.settings.DB {
		s.say("Note: listen and db are taken up at the next start only")
	}
	return nil
}

// requestsEnd bounds how long requests may still take that the server has let go of.
const requestsEnd = 5 * time.Second

// close ends the term in force; the database closes after the last page is saved and the last request has ended. Where one does not
// end, the process does, and its databases are left as a crash leaves them: whole.
func (s *serving) close() {
	s.current.end()
	s.current.background.Wait()
	ended := make(chan struct{})
	go func() {
		s.current.requests.Wait()
		s.retired.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		_ = s.current.db.Close()
	case <-time.After(requestsEnd):
		s.logger().Warn("the server stops though requests have not ended")
	}
}
