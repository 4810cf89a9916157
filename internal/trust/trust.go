// Package trust says which certificates are trusted beside those of the system: the one file that an operator names for an issuer, a host, a
// hook or a mail server. It connects to nothing.
package trust

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// TLS is how a connection is protected, from TLS 1.2 on. File holds certificates (PEM) to trust beside the system's, "" for none.
func TLS(file string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return c, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w; name a PEM file that the program may read", err)
	}
	if c.RootCAs, err = x509.SystemCertPool(); err != nil {
		c.RootCAs = x509.NewCertPool() // a machine without any trusts what the file holds
	}
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file: %s %s", file, fault(text))
	}
	return c, nil
}

// fault says why no certificate was found in a file, and what to do about it.
func fault(text []byte) string {
	if _, err := x509.ParseCertificate(text); err == nil {
		return "is a certificate in binary form (DER); turn it into PEM: openssl x509 -inform der -in FILE -out FILE.pem"
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Sprintf("holds a certificate that cannot be read (%v); export it once more from where it comes from", err)
		}
	}
	return "holds no certificate; name a PEM file that has one, which begins with -----BEGIN CERTIFICATE-----"
}
