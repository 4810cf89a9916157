package paper

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestWithoutABrowserTheErrorNamesWhatToInstallAndTheOtherWay(t *testing.T) {
	t.Parallel()
	_, err := Find(func(name string) (string, error) { return "", exec.ErrNotFound })
	if !errors.Is(err, ErrNoBrowser) || !strings.Contains(err.Error(), "apt-get install chromium") || !strings.Contains(err.Error(), "HTML") {
		t.Errorf("says %v", err)
	}
}

func TestTheFirstBrowserThatIsThereIsTaken(t *testing.T) {
	t.Parallel()
	path, err := Find(func(name string) (string, error) {
		if name == "google-chrome" {
			return "/opt/google-chrome", nil
		}
		return "", exec.ErrNotFound
	})
	if err != nil || path != "/opt/google-chrome" {
		t.Errorf("found %q, %v", path, err)
	}
}

func TestAFileIsPrintedAsPDFWithItsPages(t *testing.T) {
	t.Parallel()
	pdf, err := Print(t.Context(), []byte(`<!doctype html><title>Report</title><style>@page { size: A4 } p { break-after: page }</style><p>one</p><p>two</p>three`))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || !bytes.Contains(pdf, []byte("/Count 3")) {
		t.Errorf("no PDF of three pages: %.40q", pdf)
	}
}

func TestALongFolderForTemporaryFilesDoesNotKeepTheBrowserFromPrinting(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := Print(t.Context(), []byte("<title>Report</title><p>one")); err != nil {
		t.Error(err)
	}
}

func TestPrintingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	end()
	if _, err := Print(ctx, []byte("<p>one")); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
