package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/reports"
)

// explainResponse is a page of an explanation.
type explainResponse struct {
	metrics.Explanation
	// Next is the cursor of the following page; empty on the last one.
	Next string `json:"next,omitempty"`
}

// The number of rows on a page of an explanation.
const (
	rowsPerPage = 1000
	mostRows    = 10_000
)

func (s *Server) explainRoute() route {
	return route{
		method: http.MethodGet, path: "/api/v1/explain/:figure", scope: Read,
		summary: "The rows behind a figure, and those left out with the reason, service by service and each by time",
		handle:  s.explain, response: explainResponse{},
		query: append(sliceParameters(),
			parameter{"limit", "rows on a page of JSON, those left out included: 1 to 10000, 1000 when left out"},
			parameter{"cursor", "the next of the page before; the first page when left out"},
			parameter{"format", "json (when left out) in pages; jsonl or csv stream every row at once"}),
	}
}

func (s *Server) explain(r request) (reply, error) {
	q, err := s.question(r)
	if err != nil {
		return reply{}, err
	}
	figure := strings.ReplaceAll(r.param("figure"), "-", "_")
	head, err := metrics.ExplanationOf(figure, q)
	if err != nil {
		return reply{}, fail(NotFound, err.Error())
	}
	all, services, err := s.explainedServices(r.Context(), sliceOf(r.URL.Query()))
	if err != nil {
		return reply{}, err
	}
	tallies, err := s.o.Store.Tallies(r.Context(), all, q, []metrics.Window{q.Window})
	if err == nil {
		err = unknownEnvironment(q, tallies)
	}
	if err != nil {
		return reply{}, err
	}
	head.Scorecard = metrics.Measure(tallies[0], q)
	read := func(service string) (metrics.Facts, error) { return s.o.Store.Facts(r.Context(), service) }
	each := func(from []string) func(func(metrics.Explanation) error) error {
		return func(yield func(metrics.Explanation) error) error {
			return metrics.ExplainEach(from, read, figure, q, yield)
		}
	}
	switch format := r.URL.Query().Get("format"); format {
	case "", "json":
		return s.explainPageOf(r, head, explained{services, q.Definition.AcrossServices(), each})
	case "jsonl":
		return reply{Type: "application/jsonl; charset=utf-8", Stream: func(w io.Writer) error { return WriteExplanationLines(w, head, each(services)) }}, nil
	case "csv":
		return reply{Type: "text/csv; charset=utf-8", Stream: func(w io.Writer) error { return WriteExplanationRows(csv.NewWriter(w), each(services)) }}, nil
	default:
		return reply{}, fail(Invalid, fmt.Sprintf("format %q is none of json, jsonl, csv", shorten(format)))
	}
}

// explained is what a page of an explanation is cut from.
type explained struct {
	services []string // in order
	across   bool     // they are explained all at once
	each     func(services []string) func(yield func(metrics.Explanation) error) error
}

// explainedServices are the services of a slice: as the store takes them, where none stands for all, and each by name.
func (s *Server) explainedServices(ctx context.Context, of slice) (all, services []string, err error) {
	if all, err = s.names(ctx, of); err != nil || all != nil {
		return all, all, err
	}
	list, err := s.o.Store.Services(ctx)
	for _, service := range list {
		services = append(services, service.Name)
	}
	slices.Sort(services) // a database may have an order of its own
	return nil, services, err
}

var errPageFull = errors.New("the page is full")

// explainPageOf answers with as many rows as the page holds, from where its cursor points.
func (s *Server) explainPageOf(r request, head metrics.Explanation, x explained) (reply, error) {
	services, across, each := x.services, x.across, x.each
	limit, err := limitOf(r.URL.Query().Get("limit"), rowsPerPage, mostRows)
	if err != nil {
		return reply{}, err
	}
	question := questionMark(r)
	service, skip, err := cursorOf(r.URL.Query().Get("cursor"), question)
	if err != nil {
		return reply{}, err
	}
	page := explainResponse{Explanation: head}
	at := 0
	for !across && at < len(services) && services[at] < service {
		at++
	}
	err = each(services[at:])(func(e metrics.Explanation) error {
		name := ""
		if !across {
			name = services[at]
			at++
		}
		if name != service { // the service of the cursor is gone, or this is a later one
			skip = 0
		}
		taken := page.take(e, skip, limit)
		if taken < len(e.Rows)+len(e.LeftOut) {
			page.Next = question + ":" + strconv.Itoa(taken) + ":" + url.QueryEscape(name)
			return errPageFull
		}
		skip = 0
		return nil
	})
	if errors.Is(err, errPageFull) {
		err = nil
	}
	return reply{JSON: page}, err
}

// take adds the rows of a service after those skipped, and tells how many of them are taken in all.
func (e *explainResponse) take(of metrics.Explanation, skip, limit int) int {
	room := limit - len(e.Rows) - len(e.LeftOut)
	skip = min(skip, len(of.Rows)+len(of.LeftOut))
	end := min(skip+room, len(of.Rows)+len(of.LeftOut))
	if skip < len(of.Rows) {
		e.Rows = append(e.Rows, of.Rows[skip:min(end, len(of.Rows))]...)
	}
	if end > len(of.Rows) {
		e.LeftOut = append(e.LeftOut, of.LeftOut[max(0, skip-len(of.Rows)):end-len(of.Rows)]...)
	}
	return end
}

// questionMark tells one question from another, so that a cursor is not taken to a question that it does not belong to.
func questionMark(r request) string {
	q := r.URL.Query()
	q.Del("cursor")
	q.Del("limit")
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, r.URL.Path+"?"+q.Encode()) // a hash takes everything
	return strconv.FormatUint(uint64(sum.Sum32()), 36)
}

// cursorOf reads how many rows of which service come before the page.
func cursorOf(word, question string) (service string, skip int, err error) {
	if word == "" {
		return "", 0, nil
	}
	of, rest, _ := strings.Cut(word, ":")
	if of != question {
		return "", 0, fail(Invalid, fmt.Sprintf("cursor %q belongs to another question, or is none; leave it out to begin anew", shorten(word)))
	}
	number, name, found := strings.Cut(rest, ":")
	skip, numberErr := strconv.Atoi(number)
	service, nameErr := url.QueryUnescape(name)
	if !found || numberErr != nil || nameErr != nil || skip < 0 {
		return "", 0, fail(Invalid, fmt.Sprintf("cursor %q is none that a page gave; leave it out to begin anew", shorten(word)))
	}
	return service, skip, nil
}

// explainLine is one line of an explanation as JSON Lines: the first one is its head, each of the others one row.
type explainLine struct {
	Explanation *explainHead     `json:"explanation,omitempty"`
	Row         *metrics.Row     `json:"row,omitempty"`
	LeftOut     *metrics.LeftOut `json:"left_out,omitempty"`
}

// explainHead is an explanation without its rows.
type explainHead struct {
	Figure     string            `json:"figure"`
	Formula    string            `json:"formula"`
	Slice      string            `json:"slice"`
	Window     metrics.Window    `json:"window"`
	AsOf       time.Time         `json:"as_of"`
	Definition string            `json:"definition"`
	Scorecard  metrics.Scorecard `json:"scorecard"`
}

// WriteExplanationLines writes an explanation as JSON Lines, a service at a time.
func WriteExplanationLines(w io.Writer, head metrics.Explanation, each func(func(metrics.Explanation) error) error) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err := lines.Encode(explainLine{Explanation: &explainHead{head.Figure, head.Formula, head.Slice, head.Window, head.AsOf, head.Definition, head.Scorecard}})
	if err != nil {
		return err
	}
	err = each(func(e metrics.Explanation) error {
		for i := range e.Rows {
			if err := lines.Encode(explainLine{Row: &e.Rows[i]}); err != nil {
				return err
			}
		}
		for i := range e.LeftOut {
			if err := lines.Encode(explainLine{LeftOut: &e.LeftOut[i]}); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	return errors.Join(err, out.Flush())
}

// WriteExplanationRows writes the rows of an explanation as CSV, a service at a time. Of a row that is left out the value is empty
// and why is the reason. A text that a spreadsheet would take for a formula begins with an apostrophe.
func WriteExplanationRows(w *csv.Writer, each func(func(metrics.Explanation) error) error) error {
	if err := w.Write([]string{"counted", "service", "record", "at", "value", "says", "why", "open", "settling"}); err != nil {
		return err
	}
	err := each(func(e metrics.Explanation) error {
		for _, r := range e.Rows {
			err := w.Write([]string{"true", reports.Harmless(r.Service), reports.Harmless(r.Record), r.At.UTC().Format(time.RFC3339Nano), strconv.FormatFloat(r.Value, 'g', -1, 64), reports.Harmless(r.Says), reports.Harmless(r.Why),
				strconv.FormatBool(r.Open), strconv.FormatBool(r.Settling)})
			if err != nil {
				return err
			}
		}
		for _, l := range e.LeftOut {
			at := ""
			if !l.At.IsZero() {
				at = l.At.UTC().Format(time.RFC3339Nano)
			}
			if err := w.Write([]string{"false", "", reports.Harmless(l.Record), at, "", "", reports.Harmless(l.Reason), "", ""}); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
	w.Flush()
	return errors.Join(err, w.Error())
}
