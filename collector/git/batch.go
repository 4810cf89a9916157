package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxObject is how much of a commit or tag is read, in bytes. Nothing that matters stands further back.
const maxObject = 1 << 20

// batch reads single objects by name through one git process, which it starts again when git falls over a broken one.
type batch struct {
	dir   string
	git   *command
	input *os.File
}

// read returns the object; ok is false when it is missing or broken.
func (b *batch) read(ctx context.Context, id string) (o object, ok bool, err error) {
	if b.git == nil {
		if err := b.open(ctx); err != nil {
			return object{}, false, err
		}
	}
	if _, err = b.input.WriteString(id + "\n"); err == nil {
		o, ok, err = readBatch(b.git.out, id)
	}
	if err == nil {
		return o, ok, nil
	}
	b.close()
	return object{}, false, ctx.Err()
}

func (b *batch) open(ctx context.Context) error {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pipe to git: %w", err)
	}
	defer func() { _ = theirs.Close() }()
	if b.git, err = start(ctx, b.dir, theirs, "cat-file", "--batch"); err != nil {
		_ = ours.Close()
		return err
	}
	b.input = ours
	return nil
}

func (b *batch) close() {
	if b.git != nil {
		_ = b.input.Close()
		b.git.abandon()
		b.git = nil
	}
}

// readBatch reads one answer of git cat-file --batch: "name kind size", the body, a line end; or "name missing".
func readBatch(r *bufio.Reader, id string) (object, bool, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return object{}, false, fmt.Errorf("read answer for %s: %w", id, err)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return object{}, false, nil
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return object{}, false, fmt.Errorf("read answer for %s: size %q", id, fields[2])
	}
	body, err := io.ReadAll(io.LimitReader(r, min(size, maxObject)))
	if err != nil {
		return object{}, false, fmt.Errorf("read %s: %w", id, err)
	}
	if _, err := io.CopyN(io.Discard, r, size-int64(len(body))+1); err != nil {
		return object{}, false, fmt.Errorf("read %s: %w", id, err)
	}
	return parseObject(id, fields[1], body), true, nil
}
