package gitlab

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
)

// list is a list of records that GitLab gives in the order of their last change. It is read by a window that slides: each page
// is asked for by the time of the last change on the page before, and not by a number. So nothing is lost when records change while
// they are read and move to the end, and no page is deep. Records of the window's first second come again; those are the same.
type list struct {
	host *host
	path string // "projects/17/deployments"
	// options are the library's, for a page of changes at or after a time.
	options func(page sdk.ListOptions, after time.Time) any
	size    int
	byIID   bool // a record's own address has its number in the project, and not its id
}

// window is where the reading of a list stands.
type window struct {
	// After is the whole second at which the window begins: the library and older hosts know nothing finer.
	After time.Time `json:"after"`
	// Page is above 1 only while more records changed in that second than one page holds.
	Page int `json:"page"`
	// Last is the record at whose change, At, the page before ended.
	Last int64     `json:"last,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// row is a record of a list as it came.
type row struct {
	key     int64
	updated time.Time
	raw     json.RawMessage
}

// beginning stands for "from the start": GitLab wants a time with this order.
var beginning = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (l list) begin(page string, since time.Time) (window, error) {
	if page == "" {
		if since.Before(beginning) {
			since = beginning
		}
		return window{After: since.UTC().Truncate(time.Second), Page: 1}, nil
	}
	var w window
	if err := json.Unmarshal([]byte(page), &w); err != nil || w.Page < 1 {
		return w, &collector.Error{Trouble: collector.Outdated, Place: l.host.name, Problem: "the page where reading stopped was noted by another version", Remedy: "read the source from the start with collect --full"}
	}
	return w, nil
}

// read reads a page: its rows, without the one that the page before ended with, and in the batch where to go on.
func (l list) read(ctx context.Context, page string, since time.Time) ([]row, collector.Batch, error) {
	w, err := l.begin(page, since)
	if err != nil {
		return nil, collector.Batch{}, err
	}
	var raws []json.RawMessage
	response, err := l.host.get(ctx, l.path, l.options(sdk.ListOptions{Page: w.Page, PerPage: l.size}, w.After), &raws)
	if err != nil {
		return nil, collector.Batch{}, err
	}
	rows := l.rows(raws)
	if err := l.check(ctx, w, rows, response); err != nil {
		return nil, collector.Batch{}, err
	}
	batch := collector.Batch{Newest: newest(rows)}
	if page == "" {
		batch.Total = response.TotalItems
	}
	if response.NextPage != 0 && len(rows) > 0 {
		if batch.Next, err = l.next(w, rows); err != nil {
			return nil, collector.Batch{}, err
		}
	}
	return without(rows, w), batch, nil
}

func (l list) rows(raws []json.RawMessage) []row {
	rows := make([]row, len(raws))
	for i, raw := range raws {
		var head struct {
			ID      int64  `json:"id"`
			IID     int64  `json:"iid"`
			Updated moment `json:"updated_at"`
		}
		_ = json.Unmarshal(raw, &head) // a record that is none is set aside where it is read in full
		rows[i] = row{key: head.ID, updated: head.Updated.Time, raw: raw}
		if l.byIID {
			rows[i].key = head.IID
		}
	}
	return rows
}

// check refuses an answer that is not to the question: another page out of a cache, or one that does not follow on the page before.
func (l list) check(ctx context.Context, w window, rows []row, response *sdk.Response) error {
	if response.CurrentPage != 0 && response.CurrentPage != w.Page {
		return l.astray("it answers with another page")
	}
	earliest, met := time.Time{}, false
	for _, r := range rows {
		met = met || w.Last != 0 && r.key == w.Last
		if !r.updated.IsZero() && (earliest.IsZero() || r.updated.Before(earliest)) {
			earliest = r.updated
		}
	}
	switch {
	case !earliest.IsZero() && earliest.Before(w.After):
		return l.astray("it answers with records from before the time asked for")
	case w.Page > 1 && met:
		return l.astray("it answers with the page before")
	case w.Page > 1 || w.Last == 0 || met || !earliest.IsZero() && !earliest.After(w.At):
		return nil
	}
	return l.follows(ctx, w)
}

// follows asks whether the record that should begin the page has changed since or is gone; if not, pages were left out.
func (l list) follows(ctx context.Context, w window) error {
	var head struct {
		Updated moment `json:"updated_at"`
	}
	_, err := l.host.get(ctx, l.one(w.Last), nil, &head)
	if collector.TroubleOf(err) == collector.Missing {
		return nil
	}
	if err == nil && head.Updated.Equal(w.At) {
		return l.astray("it leaves records out between two pages")
	}
	return err
}

func (l list) astray(problem string) error {
	return &collector.Error{Trouble: collector.Passing, Place: l.host.name, Problem: l.path + ": " + problem}
}

// next is the window after a page that is not the last.
func (l list) next(w window, rows []row) (string, error) {
	last := rows[0]
	for _, r := range rows {
		if !r.updated.Before(last.updated) {
			last = r
		}
	}
	if last.updated.IsZero() {
		return "", wrong(l.host.name, "no record of "+l.path+" says when it changed", "check that the url is that of a GitLab")
	}
	to := window{After: last.updated.Truncate(time.Second), Page: 1, Last: last.key, At: last.updated}
	if !to.After.After(w.After) {
		to.After, to.Page = w.After, w.Page+1
	}
	text, err := json.Marshal(to)
	return string(text), err
}

func newest(rows []row) time.Time {
	var latest time.Time
	for _, r := range rows {
		if r.updated.After(latest) {
			latest = r.updated
		}
	}
	return latest
}

func without(rows []row, w window) []row {
	var rest []row
	for _, r := range rows {
		if w.Last == 0 || r.key != w.Last || !r.updated.Equal(w.At) {
			rest = append(rest, r)
		}
	}
	return rest
}

// byChange is the order that every list of this kind is asked for in.
func byChange() (order, sort *string) { return sdk.Ptr("updated_at"), sdk.Ptr("asc") }

// one is the address of a record by itself.
func (l list) one(key int64) string { return l.path + "/" + strconv.FormatInt(key, 10) }
