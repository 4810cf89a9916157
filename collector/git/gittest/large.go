package gittest

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// Large builds a bare repository of the given size with git fast-import: a line of commits by twenty people, every fifth one a
// merge of the commit before last, with annotated release tags spread evenly over it. It returns the folder.
func Large(t testing.TB, commits, tags int) string {
	t.Helper()
	r := New(t)
	cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Env = r.Dir, r.Env()
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(in)
	at := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
	for i := 1; i <= commits; i++ {
		at += 2 * 3600
		writeCommit(out, i, at)
		if i%(commits/tags) == 0 {
			note := fmt.Sprintf("Release %d", i)
			fmt.Fprintf(out, "tag v1.%d.0\nfrom :%d\ntagger Ada <ada@example.org> %d +0000\ndata %d\n%s\n", i, i, at+60, len(note), note)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, complaint.String())
	}
	return r.Dir
}

// writeCommit writes the i-th commit, whose message is of the length that messages usually have.
func writeCommit(out *bufio.Writer, i int, at int64) {
	who := fmt.Sprintf("Person %d <person%d@example.org> %d +0000", i%20, i%20, at)
	message := fmt.Sprintf("Change number %d (#%d)\n\nWhy it was made, in two lines of prose that are as long as people\nwrite them on an ordinary working day, give or take a word.\n\nSigned-off-by: Person %d <person%d@example.org>\n", i, i, i%20, i%20)
	fmt.Fprintf(out, "commit refs/heads/main\nmark :%d\nauthor %s\ncommitter %s\ndata %d\n%s", i, who, who, len(message), message)
	if i > 1 {
		fmt.Fprintf(out, "from :%d\n", i-1)
	}
	if i%5 == 0 && i > 2 {
		fmt.Fprintf(out, "merge :%d\n", i-2)
	}
	content := fmt.Sprintf("content %d\n", i)
	fmt.Fprintf(out, "M 100644 inline folder%d/file%d\ndata %d\n%s\n", i%50, i%500, len(content), content)
}
