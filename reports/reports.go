// Package reports turns figures, verdicts and answers into pages: values in, HTML out. It reads no store and makes no number;
// it rounds, words and draws what metrics, gate and assessments computed.
package reports

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

//go:embed templates
var templates embed.FS

// ContentSecurityPolicy is what every page is written for: nothing inline, nothing from another host.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Site renders pages and serves what they need. It is safe for concurrent use.
type Site struct {
	version string
	mark    string
	pages   map[string]func() (*template.Template, error)
	assets  *assets
	studio  *studio            // draws charts as pictures; nil without the chart library
	alone   *template.Template // a document as one file
	letter  *template.Template // a document as the page of a mail
}

// New parses what all pages share; each page is parsed when it is first shown, since each has all of that once more in memory. Version is printed at the foot of each page.
func New(version string) (*Site, error) {
	a, err := loadAssets(embedded)
	if err != nil {
		return nil, fmt.Errorf("page assets: %w", err)
	}
	s := &Site{version: version, pages: map[string]func() (*template.Template, error){}, assets: a}
	if s.Interactive() {
		if s.studio, err = newStudio(a); err != nil {
			return nil, err
		}
	}
	shared, err := template.New("shared").Funcs(s.funcs()).ParseFS(templates, "templates/base.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("shared templates: %w", err)
	}
	files, err := fs.Glob(templates, "templates/pages/*.html")
	if err != nil {
		return nil, err
	}
	if s.alone, err = template.Must(shared.Clone()).ParseFS(templates, "templates/document.html"); err != nil {
		return nil, fmt.Errorf("template of documents: %w", err)
	}
	if s.letter, err = template.Must(shared.Clone()).ParseFS(templates, "templates/letter.html"); err != nil {
		return nil, fmt.Errorf("template of mails: %w", err)
	}
	for _, file := range files {
		s.pages[strings.TrimSuffix(path.Base(file), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			page, err := template.Must(shared.Clone()).ParseFS(templates, file)
			if err != nil {
				return nil, fmt.Errorf("template %s: %w", file, err)
			}
			return page, nil
		})
	}
	return s, nil
}

// Notice is what Mark put on every page; empty for none.
func (s *Site) Notice() string { return s.mark }

// Mark puts a notice on every page: that the data are made up. It is to be called before the first page is rendered.
func (s *Site) Mark(notice string) { s.mark = notice }

// Interactive reports whether the chart library was built in.
func (s *Site) Interactive() bool { return s.assets.path("echarts.min.js") != "" }

// Page is a value that one of the templates shows.
type Page interface {
	template() string
	frame() Frame
}

// Render writes a page. It writes nothing when the template faults, so that a half page never looks like a whole one.
func (s *Site) Render(w io.Writer, p Page) error {
	t, err := s.page(p.template())
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, "base", p); err != nil {
		return fmt.Errorf("page %s: %w", p.template(), err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

func (s *Site) page(name string) (*template.Template, error) {
	parsed, known := s.pages[name]
	if !known {
		return nil, fmt.Errorf("no template for page %q", name)
	}
	return parsed()
}

func (s *Site) funcs() template.FuncMap {
	return template.FuncMap{
		"asset":            s.assets.path,
		"component":        s.component,
		"designpath":       func() string { return DesignPath },
		"interactive":      s.Interactive,
		"version":          func() string { return s.version },
		"mark":             func() string { return s.mark },
		"span":             Span,
		"percent":          Percent,
		"leadtime":         func(d metrics.Duration) string { return wordOr(d.Headline(), leadTimeWords(d), "—") },
		"recovery":         func(s metrics.Survival) string { return wordOr(s.Headline(), recoveryWords(s), "—") },
		"quantity":         Quantity,
		"evidencepath":     EvidencePath,
		"count":            Count,
		"plural":           plural,
		"date":             func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
		"lastday":          lastDay,
		"breakable":        breakable,
		"longday":          longDay,
		"instant":          func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"moment":           func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
		"second":           func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05 UTC") },
		"artifact":         artifactWords,
		"foundationinputs": foundationInputs,
		"inyears":          inYears,
		"sentence":         asSentence,
		"verdict":          verdictOf,
		"prose":            prose,
		"share":            share,
		"path":             segments,
		"bandscale":        bandScale,
		"bandword":         BandWord,
		"fraction":         fraction,
		"short":            Short,
		"decisionpath":     DecisionPath,
		"standingpath":     StandingPath,
		"gatetabs":         gateTabs,
		"recordpath":       RecordPath,
		"serviceyears":     gate.ServiceYears,
		"correction":       correctionWords,
		"teampath":         TeamPath,
		"modewords":        modeWords,
		"add":              func(a, b int) int { return a + b },
		"decimals": func(n int, v float64) string {
			return strings.Replace(strconv.FormatFloat(v, 'f', n, 64), "-", "−", 1)
		},
		"apart": func(v float64) string { return strconv.FormatFloat(math.Abs(v), 'f', 1, 64) },
		"int":   func(n int64) int { return int(n) },
	}
}
