package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// harm is a name that tries to leave every place a name can stand in.
const harm = `</script><img src=x onerror=alert(1)>"'&{{.}}`

func site(t testing.TB) *Site {
	t.Helper()
	s, err := New("test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rendered(t testing.TB, s *Site, p Page) string {
	t.Helper()
	var out bytes.Buffer
	if err := s.Render(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// everyPage runs a check on each page in each state.
func everyPage(t *testing.T, check func(t *testing.T, html string)) {
	t.Helper()
	s := site(t)
	t.Run("design", func(t *testing.T) {
		t.Parallel()
		check(t, rendered(t, s, s.Design(stage{t: t}.frame("Design of the pages", DesignPath, "about"), "secret")))
	})
	for state, st := range stages(t) {
		for path, page := range st.pages() {
			t.Run(state+path, func(t *testing.T) {
				t.Parallel()
				check(t, rendered(t, s, page))
			})
		}
	}
}

var (
	heading = regexp.MustCompile(`<h([1-6])[ >]`)
	id      = regexp.MustCompile(` id="([^"]*)"`)
	data    = regexp.MustCompile(`(?s)<script type="application/json"[^>]*>(.*?)</script>`)
)

func TestEveryPageHasOneTitleHeadingsInOrderAndNoIdTwice(t *testing.T) {
	t.Parallel()
	everyPage(t, func(t *testing.T, html string) {
		if n := strings.Count(html, "<h1"); n != 1 {
			t.Errorf("%d headings of the first level", n)
		}
		last := 0
		for _, m := range heading.FindAllStringSubmatch(html, -1) {
			level := int(m[1][0] - '0')
			if level > last+1 {
				t.Errorf("a heading of level %d follows one of level %d", level, last)
			}
			last = level
		}
		seen := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(html, -1) {
			if seen[m[1]] {
				t.Errorf("the id %q stands twice", m[1])
			}
			seen[m[1]] = true
		}
	})
}

func TestNoPageHoldsInlineScriptInlineStyleOrAnotherHost(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`<script>|<style|\sstyle=|\son[a-z]+=|javascript:|(src|href|action)="(https?:)?//`)
	everyPage(t, func(t *testing.T, html string) {
		if found := inline.FindString(withoutText(html)); found != "" {
			t.Errorf("the page holds %q", found)
		}
	})
}

// withoutText keeps what the browser reads as markup: tags, without the text between them and in fields.
func withoutText(html string) string {
	tags := strings.Join(regexp.MustCompile(`<[a-zA-Z/][^>]*>`).FindAllString(data.ReplaceAllString(html, ""), -1), "\n")
	return regexp.MustCompile(` value="[^"]*"`).ReplaceAllString(tags, "")
}

func TestANameNeverBecomesMarkup(t *testing.T) {
	t.Parallel()
	st := stages(t)["hostile"]
	s := site(t)
	for path, page := range st.pages() {
		html := rendered(t, s, page)
		if strings.Contains(html, "<img src=x") {
			t.Errorf("%s: the name became an element", path)
		}
		if strings.Contains(html, "onerror=alert(1)>") {
			t.Errorf("%s: the name is unescaped", path)
		}
	}
}

func TestOptionsOfChartsAreJSONThatNoNameCanLeave(t *testing.T) {
	t.Parallel()
	everyPage(t, func(t *testing.T, html string) {
		for _, m := range data.FindAllStringSubmatch(html, -1) {
			var options map[string]any
			if err := json.Unmarshal([]byte(m[1]), &options); err != nil {
				t.Errorf("options cannot be read: %v in %.80s", err, m[1])
			}
			if strings.ContainsAny(m[1], "<>") {
				t.Errorf("an angle bracket stands bare in %.80s", m[1])
			}
		}
	})
}

func TestWithoutDataAPageSaysSoAndShowsNoNought(t *testing.T) {
	t.Parallel()
	st := stages(t)["empty"]
	html := rendered(t, site(t), st.overview())
	if !strings.Contains(html, "No deployment is known") {
		t.Error("the empty overview does not say that nothing is known")
	}
	for _, f := range st.overview().Figures() {
		if f.Value != "" {
			t.Errorf("%s has the value %q though nothing is known", f.Name, f.Value)
		}
	}
}

func TestEveryFigureOpensIntoItsRowsAndKeepsTheView(t *testing.T) {
	t.Parallel()
	st := stages(t)["one"]
	st.view = ParseView(map[string][]string{"window": {"30d"}, "edition": {"dora-2021"}}, Horizon{Now: now, Zone: now.Location()}, st.frame("", "", "").Editions)
	html := rendered(t, site(t), st.overview())
	for _, name := range FigureNames()[:5] {
		if want := fmt.Sprintf(`href="/explain/%s?edition=dora-2021&amp;window=30d"`, name); !strings.Contains(html, want) {
			t.Errorf("no link %s", want)
		}
	}
}

func TestTheFormHasNothingChosenAndAnErrorLeadsToTheFirstInputOfItsQuestion(t *testing.T) {
	t.Parallel()
	pages := stages(t)["one"].pages()
	s := site(t)
	fresh, faulty := rendered(t, s, pages["/form"]), rendered(t, s, pages["/faulty"])
	if strings.Contains(fresh, " checked") {
		t.Error("something is chosen beforehand")
	}
	for _, want := range []string{`href="#q2_l1"`, `id="q2_l1"`, `id="q1_l4" value="l4" checked`, `name="csrf" value="secret"`} {
		if !strings.Contains(faulty, want) {
			t.Errorf("the form that came back lacks %s", want)
		}
	}
}

func TestAssetsMayBeKeptForEverAndAreSentOnce(t *testing.T) {
	t.Parallel()
	s := site(t)
	ask := func(header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, s.assets.path("page.css"), nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.Assets().ServeHTTP(w, r)
		return w
	}
	first := ask()
	if first.Code != http.StatusOK || !strings.Contains(first.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("answered %d with Cache-Control %q", first.Code, first.Header().Get("Cache-Control"))
	}
	if again := ask("If-None-Match", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("the same again answered %d with %d bytes", again.Code, again.Body.Len())
	}
	if zipped := ask("Accept-Encoding", "gzip"); zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= first.Body.Len() {
		t.Error("a browser that takes gzip was sent plain text")
	}
	w := httptest.NewRecorder()
	s.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/../reports.go", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("a path outside answered %d", w.Code)
	}
}

func TestHowAServiceStandsFollowsItsNameInThePageAsOnAPhone(t *testing.T) {
	t.Parallel()
	cell := regexp.MustCompile(`(?s)(.{6})\s*<td role="cell" class="now">`)
	found := 0
	for _, pattern := range []string{"templates/pages/*.html", "templates/parts/*.html"} {
		files, err := fs.Glob(templates, pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := fs.ReadFile(templates, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, before := range cell.FindAllSubmatch(text, -1) {
				if found++; !strings.HasSuffix(strings.TrimSpace(string(before[1])), "</th>") {
					t.Errorf("%s: the cell follows %q, so that the focus jumps", file, before[1])
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("%d cells say how a service stands", found)
	}
}

func TestTheTemplateOfEveryPageIsWellFormed(t *testing.T) {
	t.Parallel()
	s := site(t)
	if len(s.pages) < 30 {
		t.Errorf("%d pages", len(s.pages))
	}
	for name := range s.pages {
		if _, err := s.page(name); err != nil {
			t.Error(err)
		}
	}
}

func TestWithoutAnIndexWhatMovedStandsBesideTheGate(t *testing.T) {
	t.Parallel()
	s := site(t)
	for name, c := range map[string]struct {
		index metrics.Index
		want  bool
	}{"without": {metrics.Index{}, true}, "with": {metrics.Index{State: metrics.OK, Value: new(68), Low: 68, High: 68, N: 30, Band: "settling"}, false}} {
		var out bytes.Buffer
		if err := s.Render(&out, Overview{Zone: time.UTC, Rows: []ServiceRow{{Service: metrics.Service{Name: "a"}, Index: c.index}}}); err != nil {
			t.Fatal(err)
		}
		moved, gate := strings.Index(out.String(), `id="moved"`), strings.Index(out.String(), `id="gate"`)
		if moved < 0 || gate < 0 || moved < gate != c.want || strings.Count(out.String(), `id="moved"`) != 1 {
			t.Errorf("%s an index what moved stands at %d and the gate at %d", name, moved, gate)
		}
	}
}

func TestASentenceBeginsWithACapitalAndEndsWithOneStop(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "the round is open": "The round is open.", "Done.": "Done."} {
		if got := asSentence(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}
