package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/collector/gitlab/gitlabtest"
	"shiphabit/metrics"
)

func (p *program) benchBackfillCommand() *cobra.Command {
	b := benchBackfill{program: p}
	command := &cobra.Command{
		Use:   "backfill",
		Short: "Read an unreliable GitLab of our own into a database, killed half way, and compare",
		Long: `Starts a made-up GitLab on this machine that asks for pauses, breaks answers off, repeats and reorders pages and changes
while it is read; reads it with 'collect' in a process that is killed half way and started again; compares every deployment with
what the host holds; and says how long it took and how much memory it needed at most.`,
		Example: "  shiphabit bench backfill --db bench.db --deployments 100000",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return b.run(command.Context()) },
	}
	flags := command.Flags()
	flags.StringVar(&b.db, "db", "", "a database that does not exist yet: a file")
	flags.IntVar(&b.deployments, "deployments", 100_000, "deployments that the host holds")
	flags.Uint64Var(&b.seed, "seed", 1, "another seed makes another host with other faults")
	return command
}

// benchBackfill measures a first reading.
type benchBackfill struct {
	*program
	db          string
	deployments int
	seed        uint64

	host   *gitlabtest.Host
	config string
	peak   int64 // of all processes, in kB
}

func (b *benchBackfill) run(ctx context.Context) error {
	if _, err := os.Stat(b.db); b.db == "" || b.deployments < 100 || !errors.Is(err, fs.ErrNotExist) {
		return usage("--db names a file that does not exist yet, and --deployments are at least 100")
	}
	stop, err := b.serve(ctx)
	if err != nil {
		return err
	}
	defer stop()
	began := b.now()
	if err := b.collect(ctx, b.deployments/2); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "killed after %d of %d deployments\n", b.host.Served(), b.deployments)
	if err := b.collect(ctx, 0); err != nil {
		return err
	}
	took := b.now().Sub(began)
	b.host.Settle() // what changed behind the reading's back is for the next one, as it is for a server
	if err := b.collect(ctx, 0); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "read %d deployments in %s: %.0f a second, %d requests\n", b.deployments, took.Round(time.Millisecond), float64(b.deployments)/took.Seconds(), len(b.host.Asked()))
	fmt.Fprintf(b.out, "peak memory %.1f MB\n", float64(b.peak)/1000)
	return b.compare(ctx)
}

// serve starts the host and writes a configuration that reads it.
func (b *benchBackfill) serve(ctx context.Context) (stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.host = gitlabtest.Large(b.deployments, b.seed)
	b.host.Faults = gitlabtest.Unreliable(b.seed)
	server := &http.Server{Handler: b.host, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	folder, err := os.MkdirTemp("", "shiphabit-backfill-")
	if err != nil {
		return nil, err
	}
	b.config = filepath.Join(folder, "shiphabit.yaml")
	text := fmt.Sprintf("sources:\n  - name: gitlab\n    type: gitlab\n    settings: {url: \"http://%s\", projects: [%s]}\n", listener.Addr(), gitlabtest.ProjectPath)
	stop = func() { _, _ = server.Close(), os.RemoveAll(folder) }
	return stop, os.WriteFile(b.config, []byte(text), 0o600)
}

// collect reads the host in a process of its own, which is killed once the host has listed so many deployments; 0 lets it end.
func (b *benchBackfill) collect(ctx context.Context, kill int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "collect", "--config", b.config, "--db", b.db) // #nosec G204 -- it is this program
	child.Stderr = b.err
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case err := <-ended:
			if err == nil && kill > 0 {
				err = errors.New("the reading ended before it could be killed")
			}
			return err
		case <-time.After(20 * time.Millisecond):
			b.peak = max(b.peak, highWater(child.Process.Pid))
			if kill > 0 && b.host.Served() >= kill {
				return kill9(child, ended)
			}
		}
	}
}

// kill9 ends a process so that nothing is tidied up.
func kill9(child *exec.Cmd, ended <-chan error) error {
	if err := child.Process.Kill(); err != nil {
		return err
	}
	if err := <-ended; err == nil {
		return errors.New("the reading ended before it could be killed")
	}
	return nil
}

var highWaterLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// highWater is the most memory that a process has had so far, in kB; 0 where the system does not say.
func highWater(pid int) int64 {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if found := highWaterLine.FindSubmatch(text); found != nil {
		size, _ := strconv.ParseInt(string(found[1]), 10, 64)
		return size
	}
	return 0
}

// compare holds what is stored against what the host holds.
func (b *benchBackfill) compare(ctx context.Context) error {
	db, err := b.openExisting(ctx, databaseFlags{db: b.db, config: b.config})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	revisions := map[string][]metrics.Event{}
	err = db.Export(ctx, func(e metrics.Event) error {
		revisions[e.ID] = append(revisions[e.ID], e)
		return nil
	})
	if err != nil {
		return err
	}
	wrong := 0
	for _, d := range b.host.Truth() {
		id := strconv.FormatInt(d.ID, 10)
		got, err := metrics.Merge(revisions[id]).Deployment()
		if err != nil || !sameDeployment(got, d) {
			wrong++
		}
		delete(revisions, id)
	}
	if wrong+len(revisions) > 0 {
		return exitError{exitBug, fmt.Errorf("%d deployments are missing or differ, %d are invented", wrong, len(revisions))}
	}
	fmt.Fprintf(b.out, "all %d deployments are stored as the host holds them\n", b.deployments)
	return nil
}

func sameDeployment(got metrics.Deployment, d gitlabtest.Deployment) bool {
	statuses := map[string]metrics.Status{"success": metrics.Succeeded, "failed": metrics.Failed, "canceled": metrics.Cancelled, "running": metrics.Running}
	finish := time.Time{}
	if d.Deployable.FinishedAt != nil {
		finish = *d.Deployable.FinishedAt
	}
	return got.Status == statuses[d.Status] && got.FinishedAt.Equal(finish) && got.StartedAt.Equal(*d.Deployable.StartedAt) &&
		got.CreatedAt.Equal(d.CreatedAt) && got.Revision == d.SHA && got.Environment == d.Environment.Name
}
