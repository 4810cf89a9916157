package gitea

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
)

// place is where the reading of a list stands: the page to ask for, the records seen before it, and for commits the one the list
// began at and the one up to which they are known.
type place struct {
	page, seen int
	head, base string
}

func (p place) text() string {
	return strings.TrimRight(fmt.Sprintf("%d/%d/%s/%s", p.page, p.seen, p.head, p.base), "/")
}

// parsePlace reads what text wrote; anything else is the beginning.
func parsePlace(text string) place {
	var p place
	page, rest, _ := strings.Cut(text, "/")
	seen, rest, _ := strings.Cut(rest, "/")
	p.page, _ = strconv.Atoi(page)
	p.seen, _ = strconv.Atoi(seen)
	p.head, p.base, _ = strings.Cut(rest, "/")
	return p
}

// list asks for a page of records, undecoded, so that one that cannot be read does not take the others with it. Some lists carry no
// Link header, and a server may give fewer records than asked for: what counts is the total that it states, or else an empty page.
func (s *source) list(ctx context.Context, path string, query url.Values, at place) (records []json.RawMessage, next string, err error) {
	query = s.asked(query, at)
	header, err := s.client.JSON(ctx, path, query, &records)
	if err != nil {
		return nil, "", err
	}
	return records, at.after(len(records), header.Get("X-Total-Count")), nil
}

// asked is the query for a page.
func (s *source) asked(query url.Values, at place) url.Values {
	whole := url.Values{"limit": {strconv.Itoa(s.page)}, "page": {strconv.Itoa(max(1, at.page))}}
	for key, values := range query {
		whole[key] = values
	}
	return whole
}

// mostPages ends a list that never ends, whatever the server says.
const mostPages = 20_000

// after is the next page, "" at the end.
func (p place) after(records int, total string) string {
	p.page, p.seen = max(1, p.page)+1, p.seen+records
	all, err := strconv.Atoi(total)
	if records == 0 || err == nil && p.seen >= all || p.page > mostPages {
		return ""
	}
	return p.text()
}

// into decodes a record.
func into(record json.RawMessage, v any) error { return json.Unmarshal(record, v) }

// unread sets aside a record that is not what it should be. It is named by its id where it has one.
func unread(b *collector.Batch, what string, record json.RawMessage, err error) {
	var named struct {
		ID     json.Number `json:"id"`
		Number json.Number `json:"number"`
		SHA    string      `json:"sha"`
		Name   string      `json:"name"`
	}
	_ = json.Unmarshal(record, &named) // as far as it can be read
	for _, id := range []string{named.SHA, named.ID.String(), named.Number.String(), named.Name} {
		if id != "" {
			what += " " + id
			break
		}
	}
	b.SetAside = append(b.SetAside, collector.SetAside{Record: what, Reason: "it cannot be read: " + err.Error()})
}

// from is the time from which a feed is wanted: the settings' on the first reading, then where the last one stood.
func (s *source) from(p collector.Position) time.Time { return later(s.since, p.Since) }
