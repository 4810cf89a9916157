package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Plot is a picture over time that the server draws, for pages that hold without JavaScript. Places are in percent of the box, so that it
// fits any width while marks and text keep their size and shape.
type Plot struct {
	// ID is a fixed word in snake_case, once a page.
	ID, Title, Note string
	// Label tells what it shows to those who do not see it.
	Label string
	Size  string // "" or "small"
	Bands []PlotBand
	Lines []PlotLine
	Marks []PlotMark
	// Up and Along are the marks of the axes; Unit is what Up counts.
	Up, Along []PlotTick
	Unit      string
	// Words stand at the left, between the marks of the axis.
	Words  []PlotTick
	Legend []PlotKey
	Table  Table
	// More says what the table leaves out.
	More string
	// Empty says why there is nothing to draw.
	Empty string
}

// PlotBand shades a span of time.
type PlotBand struct{ X, Width, Word string }

// PlotLine is a path over a box of 1000 by 1000.
type PlotLine struct{ Path, Class string }

// PlotMark is a mark; its shape says what it is, not only its colour.
type PlotMark struct{ X, Y, Shape, Says string }

// PlotTick is a place on an axis with its word.
type PlotTick struct {
	At, Word string
	// Anchor keeps the first and the last word inside the box.
	Anchor string
}

// PlotKey explains a shape.
type PlotKey struct{ Shape, Word string }

// field maps times and values to places.
type field struct {
	from, to  time.Time
	low, high float64
}

// The share of the box's height that is kept free above and below the values.
const headroom, footroom = 0.09, 0.03

func (f field) x(t time.Time) float64 {
	whole := f.to.Sub(f.from).Seconds()
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, t.Sub(f.from).Seconds()/whole))
}

func (f field) y(v float64) float64 {
	if f.high <= f.low {
		return 1 - footroom
	}
	return headroom + (1-headroom-footroom)*(1-(v-f.low)/(f.high-f.low))
}

// percentOf is a share as a place in percent.
func percentOf(share float64) string { return strconv.FormatFloat(share*100, 'f', 2, 64) + "%" }

// thousandth is a share as a place in the box of a path.
func thousandth(share float64) string { return strconv.FormatFloat(share*1000, 'f', 1, 64) }

// rung is a value that holds from an instant on.
type rung struct {
	at    time.Time
	value float64
}

// steps draws a staircase up to the right end.
func (f field) steps(rungs []rung) string {
	var path strings.Builder
	last := math.NaN()
	for _, l := range rungs {
		x, y := f.x(l.at), f.y(l.value)
		switch {
		case path.Len() == 0:
			fmt.Fprintf(&path, "M%s %s", thousandth(x), thousandth(y))
		case y != last:
			fmt.Fprintf(&path, "H%sV%s", thousandth(x), thousandth(y))
		}
		last = y
	}
	if path.Len() > 0 {
		path.WriteString("H1000")
	}
	return path.String()
}

// under closes a staircase down to the floor, to be filled.
func (f field) under(rungs []rung) string {
	line := f.steps(rungs)
	if line == "" {
		return ""
	}
	floor := thousandth(f.y(f.low))
	return line + "V" + floor + "H" + thousandth(f.x(rungs[0].at)) + "Z"
}

// band shades from one instant to another, with a word when there is room for it.
func (f field) band(from, to time.Time, word string) PlotBand {
	a, b := f.x(from), f.x(to)
	if b-a < 0.1 {
		word = ""
	}
	return PlotBand{X: percentOf(a), Width: percentOf(max(b-a, 0.003)), Word: word}
}

// whole are ticks at whole numbers, at most five above the floor.
func (f field) whole() []PlotTick {
	step := 1.0
	for _, s := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000} {
		if step = s; (f.high-f.low)/s <= 5 {
			break
		}
	}
	var ticks []PlotTick
	for v := math.Ceil(f.low/step) * step; v <= f.high; v += step {
		ticks = append(ticks, PlotTick{At: percentOf(f.y(v)), Word: Count(int(v))})
	}
	return ticks
}

// most is how many words stand along the axis of time: more would run into each other on a phone.
const most = 5

// times are ticks at the beginnings of days or months, in the zone of the window.
func (f field) times() []PlotTick {
	days := f.to.Sub(f.from).Hours() / 24
	if days <= 0 {
		return nil
	}
	if days > 75 {
		return f.months(days / 30.4)
	}
	step := 1
	for _, s := range []int{1, 2, 3, 7, 14, 21} {
		if step = s; days/float64(s) <= most {
			break
		}
	}
	at := time.Date(f.from.Year(), f.from.Month(), f.from.Day()+1, 0, 0, 0, 0, f.from.Location())
	var ticks []PlotTick
	for ; at.Before(f.to); at = at.AddDate(0, 0, step) {
		ticks = append(ticks, f.tick(at, "2 Jan"))
	}
	return ticks
}

func (f field) months(n float64) []PlotTick {
	step := 1
	for _, s := range []int{1, 2, 3, 6, 12, 24, 60} {
		if step = s; n/float64(s) <= most {
			break
		}
	}
	at := time.Date(f.from.Year(), f.from.Month()+1, 1, 0, 0, 0, 0, f.from.Location())
	var ticks []PlotTick
	for ; at.Before(f.to); at = at.AddDate(0, 1, 0) {
		if (int(at.Month())-1)%min(step, 12) != 0 || step > 12 && at.Year()%(step/12) != 0 {
			continue
		}
		format := "Jan"
		if at.Month() == time.January || len(ticks) == 0 || step >= 12 {
			format = "Jan 2006"
		}
		ticks = append(ticks, f.tick(at, format))
	}
	return ticks
}

func (f field) tick(at time.Time, format string) PlotTick {
	x := f.x(at)
	anchor := "middle"
	switch {
	case x < 0.06:
		anchor = "start"
	case x > 0.94:
		anchor = "end"
	}
	return PlotTick{At: percentOf(x), Word: at.Format(format), Anchor: anchor}
}

// fieldOf is the field of a window for values from 0 up to the highest.
func fieldOf(w metrics.Window, highest float64) field {
	return field{from: w.From, to: w.To, high: max(highest, 1)}
}
