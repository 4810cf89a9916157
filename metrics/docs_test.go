package metrics

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheGuideNamesEveryFigureEditionAndExample(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range Figures() {
		if !strings.Contains(string(guide), "· `"+figure+"`") {
			t.Errorf("no section on %s", figure)
		}
	}
	for _, e := range Editions() {
		if !strings.Contains(string(guide), "`"+e.Name+"`") {
			t.Errorf("edition %s is not named", e.Name)
		}
	}
	for _, d := range Presets() {
		if !strings.Contains(string(guide), "`"+d.Name+"`") {
			t.Errorf("definition %s is not named", d.Name)
		}
	}
	for _, figure := range AllFigures() {
		if !strings.Contains(string(guide), "`"+figure+"`") {
			t.Errorf("figure %s is not named", figure)
		}
	}
	for _, cause := range DefaultRules().Causes {
		if !strings.Contains(string(guide), "| `"+string(cause)+"` |") {
			t.Errorf("cause %q has no row", cause)
		}
	}
	examples := exampleNames(t)
	for _, name := range regexp.MustCompile("`(Example[A-Z][A-Za-z_]*)`").FindAllStringSubmatch(string(guide), -1) {
		if !slices.Contains(examples, name[1]) {
			t.Errorf("the guide names %s, which is no example", name[1])
		}
	}
}

func TestLinksWithinTheGuideLeadToASection(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, heading := range regexp.MustCompile("(?m)^## (.+)$").FindAllStringSubmatch(string(guide), -1) {
		words := regexp.MustCompile("[^a-z0-9_ -]").ReplaceAllString(strings.ToLower(heading[1]), "")
		sections[strings.ReplaceAll(words, " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(string(guide), -1)
	linked := map[string]bool{}
	for _, link := range links {
		linked[link[1]] = true
		if !sections[link[1]] {
			t.Errorf("no section is called %s", link[1])
		}
	}
	for section := range sections {
		if !linked[section] {
			t.Errorf("nothing leads to the section %s", section)
		}
	}
}

// exampleNames are the functions that the testing package runs as examples.
func exampleNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for name, file := range sources(t, "example*_test.go") {
		for _, e := range doc.Examples(file) {
			if e.Output == "" {
				t.Errorf("%s: Example%s states no output, so that it is not run", name, e.Name)
			}
			names = append(names, "Example"+e.Name)
		}
	}
	return names
}

func TestTheGuideExplainsEveryReasonForWhichSomethingIsLeftOut(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(guide), "\n## Why something is left out\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var explained []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		explained = append(explained, row[1])
	}
	given := reasons(t)
	slices.Sort(explained)
	slices.Sort(given)
	if diff := cmp.Diff(given, explained); diff != "" {
		t.Errorf("reasons in reason.go (−) and in the guide's table (+):\n%s", diff)
	}
}

// reasons are those that reason.go names, with words in place of what a reason leaves open.
func reasons(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, file := range sources(t, "reason.go") {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			words, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if words = strings.Replace(words, "%s", "NAME", 1); strings.HasSuffix(words, ": ") {
				words += "REASON"
			}
			all = append(all, words)
			return true
		})
	}
	return all
}

func TestReasonsForLeavingOutAreNamedInOnePlace(t *testing.T) {
	t.Parallel()
	found := 0
	for name, file := range sources(t, "[a-z]*.go") {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, reason := range reasonsGiven(n) {
				found++
				if _, literal := reason.(*ast.BasicLit); literal {
					t.Errorf("%s gives a reason that is no constant of reason.go", name)
				}
			}
			return true
		})
	}
	if found < 20 {
		t.Errorf("%d places give a reason: this test does not look at them", found)
	}
}

// reasonsGiven are the expressions that a piece of syntax uses as a reason for leaving something out: in a call that leaves it out, as a
// field called Reason, assigned to a variable or returned as a result called reason.
func reasonsGiven(n ast.Node) []ast.Expr {
	named := func(e ast.Expr, name string) bool {
		id, ok := e.(*ast.Ident)
		return ok && id.Name == name
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		call, ok := n.Fun.(*ast.SelectorExpr)
		if ok && slices.Contains([]string{"leaveOut", "leave", "drop"}, call.Sel.Name) {
			return n.Args[len(n.Args)-1:]
		}
	case *ast.KeyValueExpr:
		if named(n.Key, "Reason") || named(n.Key, "reason") {
			return []ast.Expr{n.Value}
		}
	case *ast.AssignStmt:
		if len(n.Lhs) == 1 && named(n.Lhs[0], "reason") {
			return n.Rhs
		}
	case *ast.FuncDecl:
		return reasonsReturned(n)
	}
	return nil
}

// reasonsReturned are what a function returns as a result called reason, but for the empty string of no reason.
func reasonsReturned(f *ast.FuncDecl) []ast.Expr {
	at, n := -1, 0
	if f.Type.Results == nil {
		return nil
	}
	for _, result := range f.Type.Results.List {
		for _, name := range result.Names {
			if name.Name == "reason" {
				at = n
			}
			n++
		}
	}
	var out []ast.Expr
	ast.Inspect(f, func(node ast.Node) bool {
		if r, ok := node.(*ast.ReturnStmt); ok && at >= 0 && len(r.Results) == n {
			if literal, ok := r.Results[at].(*ast.BasicLit); !ok || literal.Value != `""` {
				out = append(out, r.Results[at])
			}
		}
		return true
	})
	return out
}

// sources parses files of this package.
func sources(t *testing.T, pattern string) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
