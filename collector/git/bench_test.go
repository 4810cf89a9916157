package git_test

import (
	"context"
	"io"
	"os/exec"
	"testing"
	"time"

	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
)

// BenchmarkReading reads a history of 20,000 commits and 500 tags into events. The metric that matters is the ratio to what git
// log takes to print the same fields of the same history, measured in turn within the run; the goal is 3.
func BenchmarkReading(b *testing.B) {
	dir := gittest.Large(b, 20_000, 500)
	gitLog(b, dir) // warms the file cache
	var ours, theirs time.Duration
	for b.Loop() {
		began := time.Now()
		h, err := tryRead(context.Background(), source(b, git.Options{Path: dir}), "")
		ours += time.Since(began)
		if err != nil || len(h.events) != 20_500 {
			b.Fatalf("%d events, error %v", len(h.events), err)
		}
		theirs += gitLog(b, dir)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/reading")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "×git-log")
	b.ReportMetric(20_000*float64(b.N)/ours.Seconds(), "commits/s")
	b.ReportMetric(0, "ns/op") // both together say nothing
}

func gitLog(b *testing.B, dir string) time.Duration {
	b.Helper()
	began := time.Now()
	cmd := exec.Command("git", "-C", dir, "log", "--all", "--format=%H %P %at %ct %an %ae%n%B")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// BenchmarkReadingAgain reads a clone of that size in which nothing has changed.
func BenchmarkReadingAgain(b *testing.B) {
	o := git.Options{Path: gittest.Large(b, 20_000, 500)}
	cursor := read(b, o, "").cursor
	for b.Loop() {
		if h := read(b, o, cursor); len(h.events) != 0 {
			b.Fatalf("%d events", len(h.events))
		}
	}
}
