package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
)

// graphFault is an error inside a GraphQL answer, which comes with status 200.
type graphFault struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

// ask asks a GraphQL query. Parts of the answer that are kept from us are named in what it returns; when nothing is left of it, or
// when another try may bring more, it is an error.
func (s *source) ask(ctx context.Context, query string, variables map[string]any, into any) ([]collector.SetAside, error) {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphFault    `json:"errors"`
	}
	header, err := s.graph.PostJSON(ctx, s.address, map[string]any{"query": query, "variables": variables}, &answer)
	if err != nil {
		return nil, err
	}
	empty := nothingIn(answer.Data)
	var partly []collector.SetAside
	for _, fault := range answer.Errors {
		e := s.trouble(fault, header)
		if empty || e.Trouble == collector.Passing {
			return nil, e
		}
		partly = append(partly, collector.SetAside{Record: fault.place(), Reason: e.Problem})
	}
	if empty {
		return nil, s.wrong("GraphQL answers nothing", "check the url of the source")
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return nil, s.graph.Unreadable(ctx, "GraphQL", err)
	}
	return partly, nil
}

// nothingIn reports whether an answer holds nothing of what was asked for.
func nothingIn(data json.RawMessage) bool {
	var parts map[string]json.RawMessage
	if json.Unmarshal(data, &parts) != nil {
		return true
	}
	for name, part := range parts {
		if name != "rateLimit" && string(part) != "null" {
			return false
		}
	}
	return true
}

// trouble says what an error inside an answer means.
func (s *source) trouble(f graphFault, header http.Header) *collector.Error {
	e := &collector.Error{Trouble: collector.Unreadable, Place: s.Source, Problem: "GraphQL answers " + strconv.Quote(s.masked(f.Message))}
	said := strings.ToLower(f.Message)
	switch {
	case f.Type == "RATE_LIMITED", f.Type == "RATE_LIMIT":
		e.Trouble, e.Problem = collector.Passing, "the host's limit of GraphQL calls is used up"
		e.RetryAt = s.graph.Budget().ResetAt
	case strings.Contains(said, "secondary rate limit"), strings.Contains(said, "abuse detection"):
		e.Trouble, e.Problem = collector.Passing, "the host asks for a pause: "+e.Problem
		e.RetryAt = s.clock().Add(pauseOf(header))
	case f.Type == "NOT_FOUND":
		e.Trouble, e.Remedy = collector.Missing, "check its name, and give the source a token with "+Access
	case f.Type == "FORBIDDEN", f.Type == "INSUFFICIENT_SCOPES":
		e.Trouble, e.Remedy = collector.Forbidden, "give the source a token with "+Access
	case f.Type == "SERVICE_UNAVAILABLE", f.Type == "INTERNAL", strings.Contains(said, "something went wrong"), strings.Contains(said, "timeout"), strings.Contains(said, "in time"):
		e.Trouble = collector.Passing
	default:
		e.Remedy = "report it with the version of the program and of the host"
	}
	return e
}

// pauseOf is the pause that the host names, or the minute that it asks for where it names none.
func pauseOf(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return time.Minute
}

// masked takes the token out of a text that the host wrote, and shortens it.
func (s *source) masked(text string) string {
	for _, secret := range s.secrets {
		if len(secret) >= 8 {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	const most = 300
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// place is where in the answer a part is missing.
func (f graphFault) place() string {
	parts := make([]string, len(f.Path))
	for i, part := range f.Path {
		parts[i] = fmt.Sprint(part)
	}
	if len(parts) == 0 {
		return "a part of the answer"
	}
	return strings.Join(parts, ".")
}

// pageInfo is where a GraphQL list goes on.
type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

func (p pageInfo) next() string {
	if p.HasNextPage {
		return p.EndCursor
	}
	return ""
}

// after is a cursor for a query: null begins the list.
func after(cursor string) any {
	if cursor == "" {
		return nil
	}
	return cursor
}

// graphActor is somebody in a GraphQL answer.
type graphActor struct {
	Login string `json:"login"`
	Kind  string `json:"__typename"`
}

func (a graphActor) name() string { return person(a.Login, a.Kind) }
