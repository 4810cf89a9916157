package store

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// address is a parsed data source name: a file of SQLite, or a PostgreSQL address as its driver takes it.
type address struct {
	path     string
	postgres string
}

// parseDSN reads "sqlite:PATH", a plain path, or "postgres://…". Its errors never repeat a PostgreSQL address, which may hold
// a password.
func parseDSN(dsn string) (address, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgres(dsn)
	case found && scheme == "sqlite":
		return parsePath(strings.TrimPrefix(rest, "//"))
	case found && strings.HasPrefix(rest, "//"):
		return address{}, fmt.Errorf("database address begins with %q: use sqlite:PATH, a path, or postgres://…", scheme+"://")
	default:
		return parsePath(dsn)
	}
}

func parsePostgres(dsn string) (address, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return address{}, errors.New("database address cannot be read: it must look like postgres://user:password@host:5432/name, " +
			"with special characters in the password written as %XX")
	}
	if u.Opaque != "" {
		return address{}, fmt.Errorf("database address must begin with %s://", u.Scheme)
	}
	return address{postgres: dsn}, nil
}

func parsePath(path string) (address, error) {
	switch {
	case path == "":
		return address{}, errors.New("database address names no file: use sqlite:PATH or postgres://…")
	case strings.ContainsRune(path, 0):
		return address{}, errors.New("database path contains a zero byte")
	case path == ":memory:" || strings.HasPrefix(path, "file:"):
		return address{}, fmt.Errorf("database path %q: give the path of a file; databases in memory are not supported", path)
	}
	return address{path: filepath.Clean(path)}, nil
}

// fileURI is the path as SQLite takes it together with settings.
func (a address) fileURI(settings url.Values) string {
	u := url.URL{Path: a.path}
	return "file:" + strings.ReplaceAll(u.EscapedPath(), "?", "%3F") + "?" + settings.Encode()
}
