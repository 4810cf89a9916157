package reports

import (
	"html"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"
)

// designed is the page of the design, with the style sheet it is made from.
func designed(t *testing.T) (page Design, html, css string) {
	t.Helper()
	s := site(t)
	page = s.Design(stage{t: t}.frame("Design of the pages", DesignPath, "about"), "secret")
	return page, rendered(t, s, page), string(s.assets.byName["page.css"].plain)
}

// parsed are templates by name, read from files as they stand.
func parsed(t *testing.T, patterns ...string) map[string]*parse.Tree {
	t.Helper()
	known := template.FuncMap{}
	for name, f := range site(t).funcs() {
		known[name] = f
	}
	trees := map[string]*parse.Tree{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("templates", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no template is like %s: %v", pattern, err)
		}
		for _, file := range files {
			one, err := template.New("").Funcs(known).ParseFiles(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range one.Templates() {
				name := part.Name()
				if _, twice := trees[name]; twice {
					name = file + ":" + name // each page has its own "content"
				}
				if part.Tree != nil {
					trees[name] = part.Tree
				}
			}
		}
	}
	return trees
}

// reach adds the templates that a tree draws, directly or by another one.
func reach(text string, trees map[string]*parse.Tree, reached map[string]bool) {
	for _, m := range regexp.MustCompile(`\{\{template "([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if tree := trees[m[1]]; !reached[m[1]] && tree != nil {
			reached[m[1]] = true
			reach(tree.Root.String(), trees, reached)
		}
	}
}

func TestEveryComponentIsShownByItsOwnTemplate(t *testing.T) {
	t.Parallel()
	page, shown, _ := designed(t)
	parts, reached := parsed(t, "parts/*.html"), map[string]bool{}
	for _, group := range page.Groups {
		for _, c := range group.List {
			reached[c.Template] = true
			if parts[c.Template] == nil {
				t.Errorf("the page shows %q, which no file in templates/parts defines", c.Template)
				continue
			}
			reach(parts[c.Template].Root.String(), parts, reached)
			if !strings.Contains(shown, `id="component_`+c.Template+`"`) {
				t.Errorf("%s is listed and not drawn", c.Template)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !reached[name] && strings.TrimSpace(parts[name].Root.String()) != "" {
			t.Errorf("no example shows the template %q: give it one in design_components.go or design_forms.go", name)
		}
	}
}

func TestEveryComponentIsUsedByAPage(t *testing.T) {
	t.Parallel()
	parts, reached := parsed(t, "parts/*.html"), map[string]bool{}
	for name, tree := range parsed(t, "pages/*.html", "base.html", "document.html") {
		if !strings.Contains(name, "design.html") {
			reach(tree.Root.String(), parts, reached)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if !reached[name] && strings.TrimSpace(parts[name].Root.String()) != "" {
			t.Errorf("no page draws the template %q: remove it", name)
		}
	}
}

// declared are the tokens of the light theme as the style sheet lists them.
func declared(css string) map[string]string {
	light, _ := themesOf([]byte(css))
	return light
}

func TestEveryTokenIsShownWithWhatItIsForAndIsUsed(t *testing.T) {
	t.Parallel()
	page, shown, css := designed(t)
	listed := map[string]bool{}
	for _, token := range page.Tokens {
		listed[token.Name] = true
		if token.Light == "" || token.Is == "colour" && token.Dark == "" {
			t.Errorf("--%s is listed and lacks a value in one of the themes", token.Name)
		}
		if !strings.Contains(shown, "<code>--"+token.Name+"</code>") {
			t.Errorf("--%s is not shown", token.Name)
		}
	}
	sheets := css + string(site(t).assets.byName["report.css"].plain)
	for name := range declared(css) {
		if !listed[name] {
			t.Errorf("--%s is declared and has no line in tokenUses", name)
		}
		if !strings.Contains(sheets, "var(--"+name+")") && !strings.Contains(sheets, "var(--"+name+",") {
			t.Errorf("--%s is used by no rule: remove it", name)
		}
	}
}

func TestColoursThatMeetCanBeReadInBothThemes(t *testing.T) {
	t.Parallel()
	_, _, css := designed(t)
	light, dark := themesOf([]byte(css))
	for _, p := range pairings {
		for theme, colours := range map[string]map[string]string{"light": light, "dark": dark} {
			if got := contrast(colours[p.on], colours[p.under]); got < p.needs {
				t.Errorf("%s theme: --%s on --%s has %.2f and needs %.1f (%s)", theme, p.on, p.under, got, p.needs, p.use)
			}
		}
	}
}

func TestContrastIsThatOfWCAG(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}, {"#fff", "#000000", 0}, {"red", "#000000", 0}} {
		if got := contrast(c.a, c.b); got < c.want-0.005 || got > c.want+0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

var cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// rules is the style sheet without its comments, its tokens and what is for paper alone.
func rules(css string) string {
	css = rootBlock.ReplaceAllString(cssComment.ReplaceAllString(css, ""), "")
	before, _, _ := strings.Cut(css, "@media print")
	return before
}

func TestColoursAndSizesOfTextStandInTheTokensAlone(t *testing.T) {
	t.Parallel()
	_, _, css := designed(t)
	if found := regexp.MustCompile(`[^{};]*:[^;{}]*#[0-9a-fA-F]{3,8}[^;]*;`).FindString(rules(css)); found != "" {
		t.Errorf("a colour stands outside the tokens: %s", found)
	}
	// Words in drawings are in pixels of the drawing, a shape is as large as its word, and a note in a cell as the cell.
	for _, m := range regexp.MustCompile(`font-size: ([^;]+);`).FindAllStringSubmatch(rules(css), -1) {
		if !strings.HasPrefix(m[1], "var(--") && !strings.HasSuffix(m[1], "px") && m[1] != ".8em" && m[1] != "inherit" {
			t.Errorf("the size %s is no token", m[1])
		}
	}
}

func TestEveryClassOfTheStyleSheetIsOnSomePage(t *testing.T) {
	t.Parallel()
	_, _, css := designed(t)
	var sources strings.Builder
	for _, pattern := range []string{"templates/*.html", "templates/*/*.html", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(text)
		}
	}
	// A class stands in an attribute, or in a word of Go that a template puts there.
	words := map[string]bool{}
	for _, m := range regexp.MustCompile(`class="([^"]*)"|"([a-z -]+)"`).FindAllStringSubmatch(sources.String(), -1) {
		for _, word := range regexp.MustCompile(`[a-z][a-z-]*`).FindAllString(m[1]+" "+m[2], -1) {
			words[word] = true
		}
	}
	selectors := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(rules(css), "{}")
	for _, m := range regexp.MustCompile(`\.([a-z][a-z-]*)`).FindAllStringSubmatch(selectors, -1) {
		if !words[m[1]] {
			t.Errorf("no template uses the class %q: remove its rules", m[1])
		}
	}
}

func TestTheExamplesSayThatAFigureIsMeasuredOfFewOrNotKnown(t *testing.T) {
	t.Parallel()
	page, shown, _ := designed(t)
	figures, ok := page.Groups[0].List[0].States[0].Data.(sampleFigures)
	if !ok {
		t.Fatal("the first example is not that of figures")
	}
	var measured, bounded, why int
	for _, f := range figures.Figures {
		switch {
		case f.Value != "" && f.Interval != "":
			bounded++
		case f.Value != "":
			measured++
		default:
			why++
			if f.Why == "" || !strings.Contains(shown, html.EscapeString(f.Why)) {
				t.Errorf("%s says no reason in place of a value", f.Title)
			}
		}
	}
	if bounded < 2 || why < 2 {
		t.Errorf("%d figures with an interval, %d without, %d without a value", bounded, measured, why)
	}
}
