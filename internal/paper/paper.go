// Package paper prints one HTML file as PDF through a Chromium that the machine has. The file must need no other: the browser gets no
// network, and no folder but its own.
package paper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrNoBrowser says that there is nothing to print with, and what to do.
var ErrNoBrowser = errors.New("PDF needs Chromium, and none of chromium, chromium-browser, google-chrome is on the PATH: install one of them (Debian: apt-get install chromium), " +
	"or ask for HTML and print it from any browser: it prints the same")

// ErrTooLong says that the browser did not come to an end.
var ErrTooLong = errors.New("printing took too long; ask again, or ask for HTML and print it from any browser: it prints the same")

// patience is how long a browser may take.
const patience = 2 * time.Minute

// Browsers are the programs that can print, in the order in which they are looked for.
func Browsers() []string { return []string{"chromium", "chromium-browser", "google-chrome"} }

// Find looks for a browser with look, which is exec.LookPath but in tests.
func Find(look func(string) (string, error)) (string, error) {
	for _, name := range Browsers() {
		if path, err := look(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoBrowser
}

// Browser is the program that Print would use.
func Browser() (string, error) { return Find(exec.LookPath) }

// Print turns one HTML file into PDF. It fails with ErrNoBrowser or ErrTooLong, and when ctx ends.
func Print(ctx context.Context, html []byte) ([]byte, error) {
	browser, err := Browser()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(short(os.TempDir()), "shiphabit-paper-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	page, pdf := filepath.Join(folder, "report.html"), filepath.Join(folder, "report.pdf")
	if err := os.WriteFile(page, html, 0o600); err != nil {
		return nil, err
	}
	limited, end := context.WithTimeout(ctx, patience)
	defer end()
	command := exec.CommandContext(limited, browser, arguments(folder, page, pdf)...) //nolint:gosec // one of three known names
	command.Dir, command.Env = folder, environment(folder)
	command.WaitDelay = 5 * time.Second // its children may hold the pipes
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err = command.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, ErrTooLong
	}
	printed, missing := os.ReadFile(pdf)
	if missing != nil {
		return nil, fmt.Errorf("%s printed nothing (%w): %s", filepath.Base(browser), errors.Join(err, missing), last(said.Bytes()))
	}
	return printed, nil
}

// longestBase is up to where the browser's socket below a folder keeps within the 104 bytes that some systems give a socket's name.
const longestBase = 24

// short is the folder for temporary files, or /tmp where that one's name is too long for the browser's socket and /tmp is there.
func short(base string) string {
	if info, err := os.Stat("/tmp"); len(base) > longestBase && err == nil && info.IsDir() {
		return "/tmp"
	}
	return base
}

// arguments keep the browser from the network, from other profiles and from adding a head and foot of its own.
func arguments(folder, page, pdf string) []string {
	list := []string{
		"--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-sync", "--disable-default-apps",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
		"--user-data-dir=" + filepath.Join(folder, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + pdf,
	}
	if os.Geteuid() == 0 {
		list = append(list, "--no-sandbox") // it refuses to run as root with one
	}
	address := url.URL{Scheme: "file", Path: page}
	return append(list, address.String())
}

// environment is what a browser needs, and none of our secrets.
func environment(folder string) []string {
	list := []string{"HOME=" + folder, "TMPDIR=" + folder, "XDG_CONFIG_HOME=" + folder, "XDG_CACHE_HOME=" + folder}
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "LD_LIBRARY_PATH"} {
		if value := os.Getenv(name); value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// last is the end of what the browser said.
func last(said []byte) string {
	if len(said) > 500 {
		said = said[len(said)-500:]
	}
	return string(bytes.TrimSpace(said))
}
