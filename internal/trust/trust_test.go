package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written is a file of the test's own with a text.
func written(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func block(kind string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
}

func TestOnlyWhoHasTheFileTrustsAServerWithACertificateOfItsOwn(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	own := block("CERTIFICATE", server.Certificate().Raw)
	for sentence, c := range map[string]struct {
		file    string
		trusted bool
	}{
		"without a file":             {"", false},
		"with its certificate":       {written(t, own), true},
		"among others, some damaged": {written(t, append(block("CERTIFICATE", []byte("no such thing")), append(block("EC PRIVATE KEY", []byte("k")), own...)...)), true},
	} {
		config, err := TLS(c.file)
		if err != nil {
			t.Fatalf("%s: %v", sentence, err)
		}
		transport := &http.Transport{TLSClientConfig: config}
		answer, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err == nil {
			_ = answer.Body.Close()
		}
		transport.CloseIdleConnections()
		if (err == nil) != c.trusted || err != nil && !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}

func TestWhatTheSystemTrustsIsTrustedAsWellAndNoOldTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	own := block("CERTIFICATE", server.Certificate().Raw)
	want, err := x509.SystemCertPool()
	if err != nil {
		t.Skipf("this machine trusts nobody: %v", err)
	}
	want.AppendCertsFromPEM(own)
	for _, file := range []string{"", written(t, own)} {
		config, err := TLS(file)
		if err != nil || config.MinVersion != tls.VersionTLS12 || file == "" && config.RootCAs != nil || file != "" && !config.RootCAs.Equal(want) {
			t.Errorf("%+v, %v", config, err)
		}
	}
}

func TestAFileWithoutACertificateIsNamedWithItsFaultAndWhatToDo(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	missing := filepath.Join(t.TempDir(), "none.pem")
	for file, says := range map[string]string{
		missing:                                       "no such file or directory; name a PEM file that the program may read",
		filepath.Dir(missing):                         "is a directory; name a PEM file",
		written(t, nil):                               "holds no certificate; name a PEM file",
		written(t, []byte("hello")):                   "holds no certificate; name a PEM file",
		written(t, block("KEY", nil)):                 "holds no certificate; name a PEM file",
		written(t, server.Certificate().Raw):          "is a certificate in binary form (DER); turn it into PEM: openssl",
		written(t, block("CERTIFICATE", []byte("x"))): "holds a certificate that cannot be read (x509: malformed certificate); export it once more",
	} {
		config, err := TLS(file)
		if config != nil || err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "ca_file: ") {
			t.Errorf("%v; want %q", err, says)
		}
	}
}
