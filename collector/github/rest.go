package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
)

// fetch asks for an address that go-github has no method for, or no field.
func (s *source) fetch(ctx context.Context, address string, into any) (*github.Response, error) {
	request, err := s.rest.NewRequest(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, s.wrong("a name of the host makes no address", "report it: "+address)
	}
	answer, err := s.rest.Do(request, into)
	return answer, s.cause(ctx, address, err)
}

// cause is what went wrong, in the words of the house: go-github wraps what the guard found, and adds what it could not decode.
func (s *source) cause(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	found := collector.Cause(ctx, err)
	if collector.TroubleOf(found) != "" || ctx.Err() != nil {
		return found
	}
	var accepted *github.AcceptedError
	if errors.As(err, &accepted) {
		return &collector.Error{Trouble: collector.Passing, Place: s.Source, Problem: "the host is still making up " + what}
	}
	return s.core.Unreadable(ctx, what, err)
}

// next is the number of the page after an answer, 0 at the end. A link to another host is refused, and a list that never ends ends here.
func (s *source) next(answer *github.Response) (int, error) {
	link := collector.NextLink(answer.Header)
	if link == "" || answer.NextPage == 0 {
		return 0, nil
	}
	at, err := url.Parse(link)
	if err != nil || at.Host != s.core.Base.Host || at.Scheme != s.core.Base.Scheme {
		return 0, s.wrong("a list goes on at another host, which is not asked", "check the url of the source")
	}
	if answer.NextPage > mostPages {
		return 0, s.wrong("a list has more than "+strconv.Itoa(mostPages)+" pages", "set since to a later day")
	}
	return answer.NextPage, nil
}

// pageNumber reads the page of a position; the first is 1.
func pageNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// needing says of a list that is kept from us which permission it takes.
func needing(permission string, read func(context.Context, collector.Position) (collector.Batch, error)) func(context.Context, collector.Position) (collector.Batch, error) {
	return func(ctx context.Context, p collector.Position) (collector.Batch, error) {
		batch, err := read(ctx, p)
		var e *collector.Error
		if errors.As(err, &e) && (e.Trouble == collector.Forbidden || e.Trouble == collector.Missing) {
			told := *e
			told.Remedy = "give the token the permission " + permission + " (classic: the scope repo)"
			return batch, &told
		}
		return batch, err
	}
}

// instant is a time of go-github's, zero where there is none.
func instant(t *github.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// later is the later of times.
func later(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}
