// Package storetest gives tests a PostgreSQL of their own. It knows no table, and nothing but tests may use it.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// Postgres is the server that the tests of a package share; each test makes a database of its own in it. The package imports the
// driver called pgx, as internal/store does.
type Postgres struct {
	once sync.Once
	dsn  string
	stop func()
	err  error
	made atomic.Int64
}

// Run runs the tests of a package that may ask for a database, and takes down what they needed.
func (p *Postgres) Run(run func() int) int {
	if skipped() {
		fmt.Println("SHIPHABIT_SKIP_POSTGRES is set: NOTHING IS TESTED ON POSTGRESQL")
	}
	defer func() {
		if p.stop != nil {
			p.stop()
		}
	}()
	return run()
}

func skipped() bool { return os.Getenv("SHIPHABIT_SKIP_POSTGRES") != "" }

// find names the server of SHIPHABIT_TEST_POSTGRES, else makes a throwaway one.
func (p *Postgres) find() {
	if p.dsn = os.Getenv("SHIPHABIT_TEST_POSTGRES"); p.dsn == "" {
		p.stop, p.err = p.start()
	}
}

// start makes a cluster in a temporary folder, reached through a socket there and through nothing else.
func (p *Postgres) start() (stop func(), err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	if err := giveAway(dir); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	stop, err = stopAtTheEnd(filepath.Join(bin, "pg_ctl"), data, dir)
	if err != nil {
		return nil, err
	}
	err = asPostgres(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C", "-N")
	if err == nil {
		options := fmt.Sprintf("-k %s -c listen_addresses='' -c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c max_connections=300", dir)
		err = asPostgres(filepath.Join(bin, "pg_ctl"), "start", "-w", "-s", "-D", data, "-l", filepath.Join(dir, "log"), "-o", options)
	}
	if err != nil {
		stop()
		return nil, err
	}
	p.dsn = "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	return stop, nil
}

// stopAtTheEnd starts a guard that waits for the end of its input, which is ours to close and closes by itself when the tests
// are killed. It then stops the server and removes the folder. A session of its own keeps it from being killed with us.
func stopAtTheEnd(control, data, dir string) (stop func(), err error) {
	program, args := runAsPostgres(control, "stop", "-m", "immediate", "-s", "-D", data)
	guard := exec.CommandContext(context.Background(), "setsid", append([]string{"sh", "-c", `cat; "$@" 2>/dev/null; rm -rf "$0"`, dir, program}, args...)...)
	input, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	return func() {
		if err := errors.Join(input.Close(), guard.Wait()); err != nil {
			fmt.Println(err)
		}
	}, err
}

// postgresPrograms finds the folder with initdb and pg_ctl; Debian keeps them outside the search path.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("these tests need PostgreSQL: install the package postgresql, name a server in " +
			"SHIPHABIT_TEST_POSTGRES, or set SHIPHABIT_SKIP_POSTGRES to leave it untested")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// giveAway hands the folder to the user postgres when we are root, for the server refuses to run as root.
func giveAway(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, -1)
}

// runAsPostgres is the command run by the user postgres when we are root.
func runAsPostgres(program string, args ...string) (string, []string) {
	if os.Getuid() == 0 {
		return "runuser", append([]string{"-u", "postgres", "--", program}, args...)
	}
	return program, args
}

func asPostgres(program string, args ...string) error {
	program, args = runAsPostgres(program, args...)
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Dir = "/"
	// The server keeps the output open for as long as it runs, so it may not be a pipe that we wait for.
	out, err := os.CreateTemp("", "pg")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(out.Close(), os.Remove(out.Name())) }()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s %q: %w\n%s", program, args, err, said)
	}
	return nil
}

// New makes an empty database and returns its address. The first call finds the server or makes it.
func (p *Postgres) New(tb testing.TB) string {
	tb.Helper()
	if skipped() {
		tb.Skip("SHIPHABIT_SKIP_POSTGRES is set")
	}
	if p.once.Do(p.find); p.err != nil {
		tb.Fatal(p.err)
	}
	admin, err := sql.Open("pgx", p.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	name := fmt.Sprintf("shiphabit_test_%d_%d", os.Getpid(), p.made.Add(1))
	if _, err := admin.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		admin, err := sql.Open("pgx", p.dsn)
		if err == nil {
			_, err = admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
			err = errors.Join(err, admin.Close())
		}
		if err != nil {
			tb.Error(err)
		}
	})
	u, err := url.Parse(p.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
