package reports

import (
	"bytes"
	"cmp"
	"container/list"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// picturesKept bounds the memory of pictures drawn lately, in bytes: some hundreds of them.
const picturesKept = 16 << 20

// picture is what an SVG depends on.
type picture struct {
	Themes  []map[string]string `json:"themes"` // of colours by the names of the style sheet: one, or the light one and the dark one
	Font    string              `json:"font"`
	Width   int                 `json:"width"`
	Height  int                 `json:"height"`
	Title   string              `json:"title"`
	Label   string              `json:"label"`
	Prefix  string              `json:"prefix"` // of ids and classes, so that several pictures may stand in one document
	options json.RawMessage
}

// studio draws charts as pictures and keeps those drawn lately.
type studio struct {
	engines     *engines
	light, dark map[string]string
	font        string

	mu     sync.Mutex
	drawn  map[string]*list.Element // of kept, the latest used at the front of order
	order  list.List
	weight int
}

type kept struct {
	key string
	svg []byte
}

// newStudio takes colours and font from the style sheet, which stays the one place that names them.
func newStudio(a *assets) (*studio, error) {
	s := &studio{engines: newEngines(a.byName["echarts.min.js"].plain, a.byName["chart.js"].plain), drawn: map[string]*list.Element{}}
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(a.byName["page.css"].plain, 2)
	if len(roots) < 2 {
		return nil, fmt.Errorf("page.css has no :root of the light and the dark theme")
	}
	s.light, s.dark = tokens(roots[0][1]), tokens(roots[1][1])
	s.font = s.light["sans"]
	return s, nil
}

var token = regexp.MustCompile(`--([a-z-]+): ([^;]+);`)

func tokens(block []byte) map[string]string {
	out := map[string]string{}
	for _, m := range token.FindAllSubmatch(block, -1) {
		out[string(m[1])] = string(m[2])
	}
	return out
}

// picture draws, or remembers.
func (s *studio) picture(ctx context.Context, c Chart, theme Theme, width, height int) ([]byte, error) {
	p := picture{Font: s.font, Width: width, Height: height, Title: c.Title, Label: cmp.Or(c.Label, c.Title), options: c.Options}
	p.Themes = map[Theme][]map[string]string{Light: {s.light}, Dark: {s.dark}, Auto: {s.light, s.dark}}[theme]
	if c.Empty != "" || len(c.Options) == 0 {
		return p.sentence(cmp.Or(c.Empty, c.Title)), nil
	}
	given, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bytes.Join([][]byte{given, p.options}, []byte{0}))
	key := hex.EncodeToString(sum[:])
	if svg := s.recall(key); svg != nil {
		return svg, nil
	}
	p.Prefix = "p" + key[:10]
	svg, err := s.engines.draw(ctx, p)
	if err != nil {
		return nil, err
	}
	s.keep(key, svg)
	return svg, nil
}

// sentence is the picture of a chart that has nothing to show.
func (p picture) sentence(says string) []byte {
	var out bytes.Buffer
	escaped := func(text string) string {
		var safe strings.Builder
		_ = xml.EscapeText(&safe, []byte(text)) // a builder takes every write
		return safe.String()
	}
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%s">`, p.Width, p.Height, escaped(says))
	fmt.Fprintf(&out, `<title>%s</title><rect width="%d" height="%d" fill="%s"/>`, escaped(p.Title), p.Width, p.Height, p.Themes[0]["card"])
	fmt.Fprintf(&out, `<text x="12" y="28" font-size="12" font-family="%s" fill="%s">%s</text></svg>`+"\n", escaped(p.Font), p.Themes[0]["quiet"], escaped(says))
	return out.Bytes()
}

func (s *studio) recall(key string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.drawn[key]
	if !ok {
		return nil
	}
	s.order.MoveToFront(found)
	return found.Value.(kept).svg
}

func (s *studio) keep(key string, svg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.drawn[key]; there {
		return
	}
	s.drawn[key] = s.order.PushFront(kept{key: key, svg: svg})
	s.weight += len(svg)
	for s.weight > picturesKept && s.order.Len() > 1 {
		last := s.order.Remove(s.order.Back()).(kept)
		s.weight -= len(last.svg)
		delete(s.drawn, last.key)
	}
}
