package storetest

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Line is a connection to a database that tests can cut and mend, as a network does.
type Line struct {
	up   func() (net.Conn, error)
	path string

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	silent   bool
}

// Through returns an address of the database by way of a line.
func Through(tb testing.TB, dsn string) (string, *Line) {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pgl") //nolint:usetesting // the path of a socket has little room, and a test's folder is named for the test
	if err != nil {
		tb.Fatal(err)
	}
	network, address := "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "5432"))
	query := u.Query()
	if folder := query.Get("host"); folder != "" {
		network, address = "unix", filepath.Join(folder, ".s.PGSQL.5432")
	}
	l := &Line{
		up:   func() (net.Conn, error) { return (&net.Dialer{}).DialContext(context.Background(), network, address) },
		path: filepath.Join(dir, ".s.PGSQL.5432"), open: map[net.Conn]bool{},
	}
	if err := l.Mend(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		l.Cut()
		_ = os.RemoveAll(dir)
	})
	query.Set("host", dir)
	u.Host, u.RawQuery = "", query.Encode()
	return u.String(), l
}

// Cut ends all connections and refuses new ones.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
	}
	for c := range l.open {
		_ = c.Close()
	}
	l.listener, l.open = nil, map[net.Conn]bool{}
}

// Silence lets new connections through and nothing over them; those that are open end. A host that is gone looks like this.
func (l *Line) Silence() error {
	l.Cut()
	return l.listen(true)
}

// Mend lets everything through again.
func (l *Line) Mend() error {
	l.Cut()
	return l.listen(false)
}

func (l *Line) listen(silent bool) error {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", l.path)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.silent = listener, silent
	go l.accept(listener)
	return nil
}

func (l *Line) accept(listener net.Listener) {
	for {
		down, err := listener.Accept()
		if err != nil {
			return
		}
		if !l.holds(listener, down) {
			continue
		}
		up, err := l.up()
		if err != nil || !l.holds(listener, up) {
			_ = down.Close()
			continue
		}
		go l.copy(up, down)
		go l.copy(down, up)
	}
}

// holds keeps a connection to be cut with the line; false when it is closed, or carries nothing.
func (l *Line) holds(listener net.Listener, c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != listener {
		_ = c.Close()
		return false
	}
	l.open[c] = true
	return !l.silent
}

func (l *Line) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}
