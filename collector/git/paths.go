package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// touched finds the commits that touch one of the folders: for each such commit and folder, the first file touched there, which
// is all that deciding between services takes. Merges touch nothing of their own.
func touched(ctx context.Context, dir string, ids, folders []string) (map[string][]string, error) {
	args := append([]string{
		"diff-tree", "--stdin", "-z", "-r", "--root", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--",
	}, folders...)
	g, err := start(ctx, dir, strings.NewReader(strings.Join(ids, "\n")+"\n"), args...)
	if err != nil {
		return nil, err
	}
	found, err := parseTouched(g.out, folders)
	if err != nil {
		g.abandon()
		return nil, err
	}
	return found, g.finish()
}

// parseTouched reads, separated by zero bytes, the name of a commit and then the files it touches, the next commit, and so on.
// git gives no mark which is which, but a file below one of the folders is never a bare object name.
func parseTouched(r *bufio.Reader, folders []string) (map[string][]string, error) {
	found := map[string][]string{}
	commit := ""
	records := recordReader{in: r}
	for {
		record, err := records.next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read touched files: %w", err)
		}
		if isID(record) && folderOf(string(record), folders) == "" {
			commit = string(record)
			continue
		}
		folder := folderOf(string(record), folders)
		if commit == "" || folder == "" || folderNamed(found[commit], folder) {
			continue
		}
		found[commit] = append(found[commit], text(record))
	}
}

// folderOf is the innermost of the folders that holds the file, "" when none does.
func folderOf(file string, folders []string) string {
	best := ""
	for _, folder := range folders {
		if len(folder) > len(best) && (file == folder || strings.HasPrefix(file, folder+"/")) {
			best = folder
		}
	}
	return best
}

func folderNamed(files []string, folder string) bool {
	for _, file := range files {
		if file == folder || strings.HasPrefix(file, folder+"/") {
			return true
		}
	}
	return false
}
