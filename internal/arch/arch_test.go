// Package arch keeps the import rule of the house: which room may import which, and where each library lives.
// It holds nothing but this test.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport lists, per package of the module, the packages of the module it may import. A package that is not listed is
// unknown to the house and fails the test: give it a line here, or a place in an existing room.
var mayImport = map[string][]string{
	"metrics":                     {},
	"metrics/doctor":              {"metrics"},
	"metrics/gate":                {"metrics"},
	"metrics/gate/attest":         {"metrics/gate"},
	"assessments":                 {"metrics"},
	"collector":                   {"metrics", "internal/trust"},
	"collector/alertmanager":      {"metrics", "collector"},
	"collector/argocd":            {"metrics", "collector"},
	"collector/cdevents":          {"metrics", "collector"},
	"collector/file":              {"metrics", "collector"},
	"collector/git":               {"metrics", "collector"},
	"collector/git/gittest":       {},
	"collector/gitea":             {"metrics", "collector"},
	"collector/github":            {"metrics", "collector"},
	"collector/gitlab":            {"metrics", "collector"},
	"collector/gitlab/gitlabtest": {},
	"collector/jenkins":           {"metrics", "collector"},
	"collector/jira":              {"metrics", "collector"},
	"collector/pagerduty":         {"metrics", "collector"},
	"collector/pelorus":           {"metrics", "collector"},
	"collector/prometheus":        {"metrics", "collector"},
	"collector/sourcetest":        {"metrics", "collector"},
	"collector/webhook":           {"metrics", "collector"},
	"reports":                     {"metrics", "metrics/doctor", "metrics/gate", "assessments"},
	"internal/arch":               {},
	"internal/config":             {"metrics", "metrics/gate", "metrics/gate/attest", "assessments"},
	"internal/demo":               {"metrics"},
	"internal/exposition":         {"metrics"},
	"internal/identity":           {"internal/trust"},
	"internal/jobs":               {"collector", "internal/store"},
	"internal/notify":             {"internal/trust"},
	"internal/organisation":       {"metrics"},
	"internal/paper":              {},
	"internal/rollback":           {"metrics/gate", "internal/identity"},
	"internal/protection":         {"metrics/gate", "collector", "internal/identity"},
	"internal/protection/fakehub": {},
	"internal/simulation":         {"metrics", "metrics/gate"},
	"internal/store":              {"metrics", "metrics/doctor", "metrics/gate", "assessments"},
	"internal/storetest":          {},
	"internal/trust":              {},
	"api":                         {"metrics", "metrics/doctor", "metrics/gate", "metrics/gate/attest", "assessments", "reports", "internal/exposition"},
	"cmd/shiphabit": {
		"metrics",
		"metrics/doctor",
		"metrics/gate",
		"metrics/gate/attest",
		"assessments",
		"collector",
		"collector/alertmanager",
		"collector/argocd",
		"collector/cdevents",
		"collector/file",
		"collector/git",
		"collector/gitea",
		"collector/github",
		"collector/gitlab",
		"collector/gitlab/gitlabtest",
		"collector/jenkins",
		"collector/jira",
		"collector/pagerduty",
		"collector/pelorus",
		"collector/prometheus",
		"collector/webhook",
		"reports",
		"internal/config",
		"internal/demo",
		"internal/identity",
		"internal/jobs",
		"internal/paper",
		"internal/notify",
		"internal/organisation",
		"internal/protection",
		"internal/rollback",
		"internal/simulation",
		"internal/store",
		"api",
	},
}

// homes names the one package that may import a library. A package outside the table may use the standard library only.
var homes = map[string]string{
	"code.gitea.io/sdk/gitea":           "collector/gitea",
	"github.com/google/go-github/":      "collector/github",
	"github.com/xanzy/go-gitlab":        "collector/gitlab",
	"github.com/go-echarts/go-echarts/": "reports",
	"github.com/dop251/goja":            "reports",
	"github.com/klauspost/compress":     "internal/store",
	"go.yaml.in/yaml/":                  "internal/config",
	"github.com/go-jose/":               "internal/identity",
	"github.com/riverqueue/":            "internal/jobs",
	"github.com/jackc/pgx/":             "internal/store",
	"github.com/mattn/go-sqlite3":       "internal/store",
	"github.com/pressly/goose/":         "internal/store",
	"gorm.io/":                          "internal/store",
	"modernc.org/sqlite":                "internal/store",
	"github.com/gin-gonic/":             "api",
	"github.com/prometheus/client":      "internal/exposition",
	"github.com/spf13/cobra":            "cmd/shiphabit",
}

func TestEveryImportFollowsTheRuleOfTheHouse(t *testing.T) {
	t.Parallel()
	checked := 0
	for file, imports := range sources(t) {
		checked++
		pkg := path.Dir(file)
		for _, imported := range imports {
			if fault := judge(pkg, imported, strings.HasSuffix(file, "_test.go")); fault != "" {
				t.Errorf("%s imports %s: %s", file, imported, fault)
			}
		}
	}
	if checked < len(mayImport) {
		t.Fatalf("read only %d files: the walk is broken", checked)
	}
}

func TestAForbiddenImportIsFound(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		pkg, imported string
		test, fine    bool
	}{
		"metrics imports the standard library":     {"metrics", "time", false, true},
		"metrics may not import the store":         {"metrics", "shiphabit/internal/store", false, false},
		"an unknown package is refused":            {"metrics/helpers", "time", false, false},
		"nobody imports cmd":                       {"api", "shiphabit/cmd/shiphabit", false, false},
		"gorm lives in the store alone":            {"api", "gorm.io/gorm", false, false},
		"gorm lives in the store":                  {"internal/store", "gorm.io/gorm", false, true},
		"a library without a home is refused":      {"api", "github.com/pkg/errors", false, false},
		"api may not see the store":                {"api", "shiphabit/internal/store", false, false},
		"a test of api may use the real store":     {"api", "shiphabit/internal/store", true, true},
		"a test may compare values with go-cmp":    {"metrics", "github.com/google/go-cmp/cmp", true, true},
		"a test may not bring gorm into the house": {"metrics", "gorm.io/gorm", true, false},
	} {
		if got := judge(c.pkg, c.imported, c.test) == ""; got != c.fine {
			t.Errorf("%s: allowed is %v", sentence, got)
		}
	}
}

// judge returns why pkg may not import the given path, or "".
func judge(pkg, imported string, test bool) string {
	allowed, known := mayImport[pkg]
	if !known {
		return "package " + pkg + " is unknown to the house; add it to the table in internal/arch"
	}
	if own, ok := strings.CutPrefix(imported, "shiphabit/"); ok {
		if own == "cmd/shiphabit" {
			return "nobody imports cmd"
		}
		// Tests may stand several rooms together, as the program does.
		if test || slices.Contains(allowed, own) {
			return ""
		}
		return "the rule allows only " + strings.Join(allowed, ", ")
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return ""
	}
	if test && strings.HasPrefix(imported, "github.com/google/go-cmp/") {
		return ""
	}
	for library, home := range homes {
		if strings.HasPrefix(imported, library) {
			if home == pkg {
				return ""
			}
			return "its home is " + home
		}
	}
	return "the library has no home; give it one in internal/arch and a note in docs/decisions"
}

// sources returns the imports of every Go file of the module by its path.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		imports := []string{}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, imported)
		}
		found[filepath.ToSlash(relative)] = imports
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
