package reports

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var embedded embed.FS

// assetRoot is the folder of the embedded files and, with a slash, the path they are served under.
const assetRoot = "assets"

// assets are the embedded files under names that carry their content's hash, so that they may be cached for ever.
type assets struct {
	byName map[string]*asset // "page.css" → file
	byPath map[string]*asset // "/assets/page.1f2e3d4c.css" → file
}

type asset struct {
	path, kind, tag string
	plain           []byte
	zipped          func() []byte
}

func loadAssets(files fs.FS) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	err := fs.WalkDir(files, assetRoot, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") || path.Ext(file) == ".md" {
			return err
		}
		content, err := fs.ReadFile(files, file)
		if err != nil {
			return err
		}
		one := newAsset(entry.Name(), content)
		a.byName[entry.Name()], a.byPath[one.path] = one, one
		return nil
	})
	return a, err
}

func newAsset(name string, content []byte) *asset {
	sum := sha256.Sum256(content)
	tag, ext := hex.EncodeToString(sum[:6]), path.Ext(name)
	kind := mime.TypeByExtension(ext)
	if ext == ".js" {
		kind = "text/javascript; charset=utf-8"
	}
	return &asset{
		path: fmt.Sprintf("/%s/%s.%s%s", assetRoot, strings.TrimSuffix(name, ext), tag, ext), kind: kind, tag: `"` + tag + `"`,
		plain: content, zipped: sync.OnceValue(func() []byte { return zip(content) }),
	}
}

// zip returns nil where compression gains nothing.
func zip(content []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid, and a buffer takes every write
	_, _ = w.Write(content)
	_ = w.Close()
	if out.Len() >= len(content) {
		return nil
	}
	return out.Bytes()
}

// path is the address of an embedded file, "" when it was not built in.
func (a *assets) path(name string) string {
	if one, ok := a.byName[name]; ok {
		return one.path
	}
	return ""
}

// Assets serves the embedded files below /assets/.
func (s *Site) Assets() http.Handler { return s.assets }

// ServeHTTP answers with the file, compressed where the browser takes it, and lets it be kept for ever: another content has
// another name.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	one, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", one.tag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Type", one.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("If-None-Match"), one.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := one.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && one.zipped() != nil {
		body = one.zipped()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a reader that left is no fault of ours
	}
}
