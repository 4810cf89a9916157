package reports

import (
	"bytes"
	"container/list"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-echarts/go-echarts/v2/charts"

	"shiphabit/metrics"
)

// ready is a site whose engines the tests share: loading the chart library is most of the work.
var ready = sync.OnceValues(func() (*Site, error) {
	s, err := New("test")
	if err == nil && s.Interactive() {
		s.studio.engines.limit = testLimit
	}
	return s, err
})

// testLimit is for machines that do much else and look for races besides.
const testLimit = 10 * time.Minute

// drawing is the shared site, where it can draw; without the chart library there is nothing to test but its saying so.
func drawing(t testing.TB) *Site {
	t.Helper()
	s, err := ready()
	if err != nil {
		t.Fatal(err)
	}
	if !s.Interactive() {
		t.Skip("needs the chart library: 'make assets' puts it where the build embeds it")
	}
	return s
}

// painted is a chart as a picture that any reader of XML can read.
func painted(t testing.TB, s *Site, c Chart, theme Theme, width int) string {
	t.Helper()
	svg, err := s.SVG(t.Context(), c, theme, width, c.Height())
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	wellFormed(t, svg)
	return string(svg)
}

// wellFormed reads a picture to its end and refuses what could run or lead away.
func wellFormed(t testing.TB, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for first := true; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the picture is no XML: %v in %.400s", err, svg)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if first && (element.Name.Local != "svg" || element.Name.Space != "http://www.w3.org/2000/svg") {
			t.Errorf("the picture begins with %v", element.Name)
		}
		first = false
		switch element.Name.Local {
		case "script", "foreignObject", "image", "use", "a", "img":
			t.Errorf("the picture holds an element %s", element.Name.Local)
		}
		for _, a := range element.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" || a.Name.Local != "aria-label" && strings.Contains(a.Value, "url(") && !strings.HasPrefix(a.Value, "url(#p") {
				t.Errorf("the picture holds %s=%q", a.Name.Local, a.Value)
			}
		}
	}
}

// charted are the charts of a service by their ids.
func charted(t testing.TB, st stage) map[string]Chart {
	t.Helper()
	all := map[string]Chart{}
	for _, c := range st.pages()["/service"].(Service).Charts() {
		all[c.ID] = c
	}
	return all
}

func TestEveryChartOfEveryStageIsAPictureInEachThemeAndOnAPhone(t *testing.T) {
	t.Parallel()
	s := drawing(t)
	for state, st := range stages(t) {
		if state == "empty" || state == "plenty" {
			continue
		}
		for id, c := range charted(t, st) {
			looks := map[Theme]int{Auto: narrowWidth}
			if state == "one" {
				looks = map[Theme]int{Light: c.Width(), Dark: c.Width(), Auto: narrowWidth}
			}
			for theme, width := range looks {
				svg := painted(t, s, c, theme, width)
				if !strings.Contains(svg, `role="img" aria-label="`) || !strings.Contains(svg, "<title>") {
					t.Errorf("%s %s: the picture has no words", state, id)
				}
				if got := strings.Contains(svg, "prefers-color-scheme:dark"); got != (theme == Auto && c.Empty == "") {
					t.Errorf("%s %s in %s: turns dark by itself: %t", state, id, theme, got)
				}
				if c.Empty != "" && !strings.Contains(svg, c.Empty) {
					t.Errorf("%s %s has nothing to draw and does not say so", state, id)
				}
			}
		}
	}
}

func TestAPictureHoldsAMarkForEachThingThatTheTableNames(t *testing.T) {
	t.Parallel()
	s := drawing(t)
	all := charted(t, stages(t)["one"])
	picture := func(id string) string { return painted(t, s, all[id], Light, all[id].Width()) }
	count := func(id, what string, want int) {
		t.Helper()
		if got := strings.Count(picture(id), what); got != want {
			t.Errorf("%s holds %d × %s, not %d", id, got, what, want)
		}
	}
	count("timeline", `transform="matrix(`, len(all["timeline"].Table.Rows))
	undone := 0
	for _, row := range all["timeline"].Table.Rows {
		if row[2].Text == string(metrics.Rollback) {
			undone++
		}
	}
	count("timeline", `stroke-opacity="0.75"`, undone) // the arcs
	count("how_fast", `transform="matrix(4.5`, len(all["how_fast"].Table.Rows))
	bars, bands := 0, 0
	for _, row := range all["how_often"].Table.Rows {
		if row[1].Text != row[2].Text {
			bars++
		}
	}
	count("how_often", `l0 -`, bars+strings.Count(picture("how_often"), `fill="#a8461b"`)-1+strings.Count(picture("how_often"), `fill="url(#`))
	for _, row := range all["how_long"].Table.Rows {
		if row[6].Text != "—" {
			bands++
		}
	}
	count("how_long", `fill-opacity="0.22"`, bands+1) // and one in the legend
	count("day_map", `fill="rgb(`, 90)                // a cell a day, in a colour between the two
	for _, name := range []string{"timeline", "meter_history"} {
		first := charted(t, stages(t)["one"])[name]
		if labels := weekdays(t, painted(t, s, first, Light, first.Width())); len(labels) < 2 || slices.ContainsFunc(labels, func(d time.Weekday) bool { return d != time.Monday }) {
			t.Errorf("%s names the days %v, not Mondays", name, labels)
		}
	}
	for _, word := range []string{">Mon<", ">Sun<", ">2026<", ">Feb<", ">Mar<"} {
		count("day_map", word, 1)
	}
	for _, tick := range []string{">1 d<", ">3 d<", ">7 d<"} {
		count("how_long", tick, 1)
	}
}

// weekdays are those of the days, of 2025 and 2026, that a picture names.
func weekdays(t *testing.T, svg string) []time.Weekday {
	t.Helper()
	var out []time.Weekday
	for _, m := range regexp.MustCompile(`>(\d+ [A-Z][a-z]{2})<`).FindAllStringSubmatch(svg, -1) {
		d, err := time.Parse("2 Jan 2006", m[1]+" 2026")
		if err != nil {
			t.Fatal(err)
		}
		if d.Month() > time.June {
			d, _ = time.Parse("2 Jan 2006", m[1]+" 2025")
		}
		out = append(out, d.Weekday())
	}
	return out
}

func TestTheSameChartIsTheSameBytesOnAnotherSiteToo(t *testing.T) {
	t.Parallel()
	one, other := drawing(t), site(t)
	all := charted(t, stages(t)["one"])
	painted(t, other, all["day_map"], Light, 600) // the other has drawn something before
	for _, id := range []string{"how_often", "how_long", "meter_history"} {
		first := painted(t, one, all[id], Auto, 560)
		if painted(t, one, all[id], Auto, 560) != first || painted(t, other, all[id], Auto, 560) != first {
			t.Errorf("%s: the same chart gave other bytes", id)
		}
	}
}

func TestPicturesInOneDocumentShareNoIdAndNoClass(t *testing.T) {
	t.Parallel()
	s := drawing(t)
	all := charted(t, stages(t)["one"])
	seen := map[string]string{}
	for _, name := range []string{"how_long", "meter_history"} {
		for _, m := range id.FindAllStringSubmatch(painted(t, s, all[name], Light, 560), -1) {
			if other, taken := seen[m[1]]; taken {
				t.Errorf("the id %s stands in %s and in %s", m[1], other, name)
			}
			seen[m[1]] = name
		}
	}
	if len(seen) == 0 {
		t.Error("no picture holds an id; choose others for this test")
	}
}

func TestManyDrawAtTheSameTime(t *testing.T) {
	t.Parallel()
	drawing(t)
	s := site(t)
	c := charted(t, stages(t)["few"])["how_often"]
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if _, err := s.SVG(t.Context(), c, Light, 500+i/2, 200); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, most := len(s.studio.engines.idle), cap(s.studio.engines.room); n == 0 || n > most {
		t.Errorf("%d engines are kept, and there may be %d", n, most)
	}
}

func TestADrawingThatTakesTooLongIsBrokenOffAndTheNextOneIsFine(t *testing.T) {
	t.Parallel()
	drawing(t)
	s := site(t)
	c := charted(t, stages(t)["few"])["timeline"]
	s.studio.engines.limit = time.Nanosecond
	if _, err := s.SVG(t.Context(), c, Light, 600, 200); !errors.Is(err, ErrTooLong) {
		t.Errorf("answered %v", err)
	}
	s.studio.engines.limit = testLimit
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.SVG(gone, c, Light, 600, 200); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader who left got %v", err)
	}
	painted(t, s, c, Light, 600)
}

func TestPicturesKeptAreBoundedByTheirBytes(t *testing.T) {
	t.Parallel()
	s := &studio{drawn: map[string]*list.Element{}}
	for i := range 20 {
		s.keep(fmt.Sprint(i), make([]byte, picturesKept/8))
	}
	if s.weight > picturesKept || len(s.drawn) != 8 || s.order.Len() != 8 {
		t.Errorf("%d pictures of %d bytes are kept", len(s.drawn), s.weight)
	}
	if s.recall("19") == nil || s.recall("0") != nil {
		t.Error("the oldest is kept, or the newest is not")
	}
}

func TestWhatCannotBeDrawnIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := site(t)
	c := Chart{ID: "c", Title: "T", Empty: "Nothing."}
	for _, ask := range []struct {
		theme         Theme
		width, height int
	}{{"sepia", 500, 200}, {Light, LeastWidth - 1, 200}, {Light, MostWidth + 1, 200}, {Light, 500, 0}} {
		if _, err := s.SVG(t.Context(), c, ask.theme, ask.width, ask.height); err == nil || errors.Is(err, ErrNoLibrary) {
			t.Errorf("%v: %v", ask, err)
		}
	}
	if _, err := (&Site{}).SVG(t.Context(), c, Light, 500, 200); !errors.Is(err, ErrNoLibrary) {
		t.Errorf("without the library: %v", err)
	}
}

// withName is a chart in which a name stands wherever one can stand.
func withName(text string) Chart {
	c := Chart{ID: "named", Title: text, Label: text}
	chart := charts.NewBar()
	chart.SetGlobalOptions(legend(text), categories([]string{text, "b"}), scale(text, "value", counts))
	return finish(c, &chart.RectChart, series{"type": "bar", "name": text, "data": []any{1, 2}, "itemStyle": map[string]any{"color": text}},
		series{"type": "scatter", "name": text, "data": []any{map[string]any{"name": text, "value": []any{text, 2}}}, "symbol": text, "label": map[string]any{"show": true, "formatter": text}})
}

func FuzzANameInAPictureIsNeverMarkup(f *testing.F) {
	s := drawing(f)
	for _, text := range []string{harm, `</script><script>`, `"&<`, "url(#x)\" onload=\"alert(1)", "image://https://example.org/x.png", "\x00\x1b\ufffe\xff", "{a|b}", "$accent", "$arc", "]]>", "path://M0 0\"/><script/>", "__proto__", "日本語 🙂"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := withName(text)
		svg, err := s.SVG(t.Context(), c, Auto, 400, 200)
		if err != nil {
			return // refused is as good
		}
		wellFormed(t, svg)
	})
}

// BenchmarkStaticChart is the first picture of a program, the next ones, and one that was drawn lately.
func BenchmarkStaticChart(b *testing.B) {
	s, n := drawing(b), 0
	c := charted(b, stages(b)["one"])["timeline"]
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s := site(b)
			if _, err := s.SVG(b.Context(), c, Light, c.Width(), c.Height()); err != nil {
				b.Fatal(err)
			}
		}
	})
	draw := func(b *testing.B, width int) {
		if _, err := s.SVG(b.Context(), c, Light, width, c.Height()); err != nil {
			b.Fatal(err)
		}
	}
	draw(b, c.Width())
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			n++
			draw(b, LeastWidth+n%(MostWidth-LeastWidth))
		}
	})
	b.Run("kept", func(b *testing.B) {
		for b.Loop() {
			draw(b, c.Width())
		}
	})
}

func TestAWideChartHasAPictureForPaperAtItsWidth(t *testing.T) {
	t.Parallel()
	wide, half := Chart{Size: "wide low", Picture: "/?chart=days"}, Chart{Picture: "/?chart=often"}
	if got := wide.PaperPicture(); got != "/?chart=days&width=680" || wide.PaperWidth() != 680 {
		t.Errorf("%q of %d", got, wide.PaperWidth())
	}
	if got := half.PaperPicture(); got != "" {
		t.Errorf("a chart that fits has a second picture at %q", got)
	}
}
