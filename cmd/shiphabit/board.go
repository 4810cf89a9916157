package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"shiphabit/collector"
)

// board shows how the reading of several sources goes: a line for each on a terminal, drawn anew as it goes, else a line now and
// then and one at each end. It says nothing when nothing is to be said.
type board struct {
	*program
	mu      sync.Mutex
	order   []string
	sources map[string]*reading
	drawn   int // lines on the terminal
	drawnAt time.Time
}

// reading is what is known of one source.
type reading struct {
	began     time.Time
	firstDone int
	firstPart int
	page      collector.Page
	events    int
	wait      string
	toldAt    time.Time
	ended     bool
	err       error
}

const (
	// redrawEvery keeps a terminal from flickering, tellEvery a log from filling.
	redrawEvery = 200 * time.Millisecond
	tellEvery   = 10 * time.Second
)

func (p *program) newBoard() *board { return &board{program: p, sources: map[string]*reading{}} }

// of is the reading of a source; the first time begins it.
func (b *board) of(source string) *reading {
	r, known := b.sources[source]
	if !known {
		r = &reading{began: b.now(), toldAt: b.now(), firstDone: -1}
		b.sources[source], b.order = r, append(b.order, source)
	}
	return r
}

// page is told of a page that is saved.
func (b *board) page(source string, page collector.Page) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.of(source)
	if r.firstDone < 0 {
		r.firstDone, r.firstPart, r.began = page.Done, page.Part, b.now()
	}
	r.page, r.events, r.wait = page, r.events+len(page.Events), ""
	if b.terminal {
		b.draw(redrawEvery)
	} else if b.now().Sub(r.toldAt) >= tellEvery {
		r.toldAt = b.now()
		b.say("%s", b.line(source))
	}
}

// waiting is told of a pause.
func (b *board) waiting(source string, wait time.Duration, cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := b.now().Add(wait)
	b.of(source).wait = fmt.Sprintf("waits %s, until %s UTC: %s", rounded(wait), until.Format(time.TimeOnly), cause)
	if b.terminal {
		b.draw(0)
		return
	}
	b.say("%s", b.line(source))
}

// ended is told of a source's end.
func (b *board) ended(source string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.of(source)
	r.ended, r.err, r.wait = true, err, ""
	if b.terminal {
		b.draw(0)
		return
	}
	b.say("%s", b.line(source))
}

// close leaves the last state on the terminal.
func (b *board) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.terminal {
		b.draw(0)
	}
}

// draw draws every line over those drawn before, unless that was less than so long ago.
func (b *board) draw(notBefore time.Duration) {
	if b.quiet || b.now().Sub(b.drawnAt) < notBefore {
		return
	}
	var text strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&text, "\x1b[%dA", b.drawn)
	}
	for _, source := range b.order {
		text.WriteString("\r\x1b[K" + b.line(source) + "\n")
	}
	b.drawn, b.drawnAt = len(b.order), b.now()
	fmt.Fprint(b.err, text.String())
}

// widest line that a terminal of the usual width takes without breaking it, which would spoil the drawing.
const widest = 118

// line says how a source stands.
func (b *board) line(source string) string {
	r := b.sources[source]
	text := source + ": " + r.text(b.now())
	text = printable(text)
	if runes := []rune(text); b.terminal && len(runes) > widest {
		text = string(runes[:widest-1]) + "…"
	}
	return text
}

func (r *reading) text(now time.Time) string {
	switch {
	case r.ended && r.err == nil:
		return fmt.Sprintf("%d events read", r.events)
	case r.ended:
		return fmt.Sprintf("stopped after %d events: %s", r.events, firstLine(r.err))
	case r.wait != "":
		return r.wait
	}
	parts := []string{r.page.Doing, doneOf(r.page)}
	if r.page.Parts > 1 {
		parts = append(parts, fmt.Sprintf("list %d of %d", min(r.page.Part+1, r.page.Parts), r.page.Parts))
	}
	if rate, left := r.pace(now); rate > 0 {
		parts = append(parts, fmt.Sprintf("%.0f a second", rate))
		if left > 0 {
			parts = append(parts, "about "+rounded(left).String()+" left")
		}
	}
	if limit := r.page.Budget.Limit; limit > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d calls left", r.page.Budget.Left, limit))
	}
	return strings.Join(parts, ", ")
}

// pace is how many records come in a second and how long the rest will take at that pace; zero when not known.
func (r *reading) pace(now time.Time) (rate float64, left time.Duration) {
	took := now.Sub(r.began)
	done, lists := r.page.Done-r.firstDone, r.page.Part-r.firstPart
	if took < time.Second || done <= 0 {
		return 0, 0
	}
	rate = float64(done) / took.Seconds()
	switch {
	case r.page.Total > 0:
		left = time.Duration(float64(r.page.Total-r.page.Done) / rate * float64(time.Second))
	case lists > 0:
		left = time.Duration(float64(took) / float64(lists) * float64(r.page.Parts-r.page.Part))
	}
	return rate, left
}

func firstLine(err error) string {
	var coded exitError
	if errors.As(err, &coded) && coded.err != nil {
		err = coded.err
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// rounded is a span as a person reads it.
func rounded(d time.Duration) time.Duration {
	if d < time.Minute {
		return max(d.Round(time.Second), 0)
	}
	return d.Round(time.Minute / 6)
}
