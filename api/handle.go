package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"shiphabit/assessments"
)

// maxBody is the largest body a route takes unless it reads a stream, in bytes.
const maxBody = 64 << 20

// serve is the one adapter between handlers and the connection: it guards, authenticates, calls, encodes and logs.
func (s *Server) serve(at route) gin.HandlerFunc {
	return func(c *gin.Context) {
		started := s.o.Clock()
		headers(c.Writer.Header(), c.Request.URL.Path)
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, cmp.Or(at.limit, maxBody))
		answer, err := s.answer(c, at)
		if err != nil {
			err = s.translated(err)
			answer = s.refuse(c.Request, at, err)
		}
		s.write(c, answer)
		took := s.o.Clock().Sub(started) - answer.Waited
		s.logRequest(c.Request, c.Writer.Status(), took, err)
		if !secretAddress(c.Request.URL.Path) {
			s.exposition.Request(at.method, at.path, c.Writer.Status(), took)
		}
	}
}

// answer calls the handler when the request may reach it.
func (s *Server) answer(c *gin.Context, at route) (answer reply, err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("panic: %v\n%s", trouble, debug.Stack())
		}
	}()
	if at.scope != Signed {
		if err := s.guard.check(c.Request); err != nil {
			return reply{}, err
		}
	}
	if err := readable(c.Request); err != nil {
		return reply{}, err
	}
	who, err := s.authenticate(c.Request, at, c.Param("id"))
	if err != nil {
		return reply{}, err
	}
	if err := at.knows(c.Request); err != nil {
		return reply{}, err
	}
	r := request{Request: c.Request, gin: c, caller: who}
	if at.scope == Page && c.Request.Method == http.MethodGet {
		r.csrf = s.guard.formToken(c.Writer, c.Request)
	}
	if at.form {
		if err := s.guard.checkForm(c.Request, c.PostForm("csrf")); err != nil {
			return reply{}, err
		}
		r.csrf = s.guard.formToken(c.Writer, c.Request)
	}
	return at.handle(r)
}

// readable refuses an address with text that no database would take.
func readable(r *http.Request) error {
	for name, values := range r.URL.Query() {
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return fail(Invalid, "the query holds a zero character, or text that is not valid UTF-8")
			}
		}
	}
	if path := r.URL.Path; !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
		return fail(Invalid, "the address holds a zero character, or text that is not valid UTF-8")
	}
	return nil
}

// knows refuses to programs a query parameter that the route does not have: a misspelt filter would answer about everything, unnoticed.
// People's pages take any, as links get things added on their way.
func (at route) knows(r *http.Request) error {
	if at.scope == Page || at.scope == Public || at.scope == Signed {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
		if slices.ContainsFunc(at.query, func(p parameter) bool { return p.name == name }) {
			continue
		}
		known := make([]string, len(at.query))
		for i, p := range at.query {
			known[i] = p.name
		}
		return fail(Invalid, fmt.Sprintf("query parameter %q is unknown here; there are: %s", shorten(name), cmp.Or(strings.Join(known, ", "), "none")))
	}
	return nil
}

// translated gives the errors of store and assessments the kind that callers act on.
func (s *Server) translated(err error) error {
	if kindOf(err) != Internal {
		return err
	}
	if s.is(err, Unavailable) {
		return &Error{Kind: Unavailable, Detail: "the database cannot do its work; the server's log says why", Cause: err}
	}
	if kind, known := s.kindOfStore(err); known {
		return &Error{Kind: kind, Detail: err.Error(), Cause: err}
	}
	for sentinel, kind := range map[error]Kind{assessments.ErrInvalid: Invalid, assessments.ErrState: Conflict, assessments.ErrFull: Conflict} {
		if errors.Is(err, sentinel) {
			return &Error{Kind: kind, Detail: err.Error(), Cause: err}
		}
	}
	return err
}

func (s *Server) kindOfStore(err error) (Kind, bool) {
	for sentinel, kind := range s.o.Kinds {
		if errors.Is(err, sentinel) {
			return kind, true
		}
	}
	return Internal, false
}

// is reports whether a store's error is of a kind.
func (s *Server) is(err error, kind Kind) bool {
	known, ok := s.kindOfStore(err)
	return ok && known == kind
}

// refuse is the answer to an error: a page for people, a problem for programs.
func (s *Server) refuse(r *http.Request, at route, err error) reply {
	status := statusOf(err)
	header := http.Header{}
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="shiphabit"`)
		if at.scope == Page {
			header.Set("WWW-Authenticate", `Basic realm="shiphabit: any name, and an API token as the password", charset="UTF-8"`)
		}
	}
	if at.scope == Page && s.o.ErrorPage != nil && !r.URL.Query().Has("chart") { // nobody reads a page in the place of a picture
		detail := answers[kindOf(err)].title
		if kindOf(err) != Internal {
			detail = err.Error()
		}
		if body, pageErr := s.o.ErrorPage(r, status, detail); pageErr == nil {
			return reply{Status: status, Body: body, Type: htmlType, Header: header}
		}
	}
	return reply{Status: status, Body: problemOf(err), Type: "application/problem+json", Header: header}
}

const htmlType = "text/html; charset=utf-8"

// write encodes the reply. GET answers carry an ETag, so that unchanged ones cost no body.
func (s *Server) write(c *gin.Context, answer reply) {
	for name, values := range answer.Header {
		c.Writer.Header()[name] = values
	}
	if answer.Location != "" {
		c.Redirect(http.StatusSeeOther, answer.Location)
		return
	}
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	if answer.JSON != nil {
		body, err := json.Marshal(answer.JSON)
		if err != nil {
			s.o.Logger.Error("encoding an answer", slog.String("path", c.Request.URL.Path), slog.Any("error", err))
			c.Data(http.StatusInternalServerError, "application/problem+json", problemOf(err))
			return
		}
		answer.Body, answer.Type = body, jsonType
	}
	if answer.Stream != nil {
		s.stream(c, answer)
		return
	}
	if c.Request.Method != http.MethodPost && answer.Status == http.StatusOK {
		tag := etag(answer.Body)
		c.Header("ETag", tag)
		if matches(c.Request.Header.Get("If-None-Match"), tag) {
			c.Status(http.StatusNotModified)
			return
		}
	}
	c.Data(answer.Status, answer.Type, answer.Body)
}

// stream sends an answer while it is being made. One that fails on the way is broken off, so that nobody takes a part for the whole.
func (s *Server) stream(c *gin.Context, answer reply) {
	c.Header("Content-Type", answer.Type)
	c.Status(answer.Status)
	if c.Request.Method == http.MethodHead {
		return
	}
	if err := answer.Stream(c.Writer); err != nil {
		if c.Request.Context().Err() == nil {
			s.o.Logger.Error("an answer broke off", slog.String("path", c.Request.URL.Path), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler)
	}
}

// secretAddress reports whether an address holds the token of a form. When one is opened or answered is told nowhere: not in the log, and not by
// a counter that grows.
func secretAddress(path string) bool { return strings.HasPrefix(path, "/assess/") }

// logRequest writes one line a request. Addresses that hold a token are never written, nor are queries, and of visits to the form there
// is no line at all unless something broke.
func (s *Server) logRequest(r *http.Request, status int, took time.Duration, err error) {
	path := r.URL.Path
	if secretAddress(path) {
		path = "/assess/…"
	}
	internal := err != nil && kindOf(err) == Internal && r.Context().Err() == nil // a caller who left caused no fault of ours
	if secretAddress(r.URL.Path) && !internal {
		return // it would tell when somebody answered
	}
	attributes := []any{slog.String("method", r.Method), slog.String("path", path), slog.Int("status", status), slog.Duration("took", took)}
	if internal {
		s.o.Logger.Error("request ended in an internal error", append(attributes, slog.Any("error", err))...)
		return
	}
	if s.is(err, Unavailable) {
		s.o.Logger.Error("the database cannot do its work", append(attributes, slog.Any("error", err.(interface{ Unwrap() error }).Unwrap()))...)
		return
	}
	s.o.Logger.Debug("request", attributes...)
}
