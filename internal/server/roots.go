package server

import (
	"crypto/x509"
	"fmt"
	"os"
)

// issuerRoots are the certificate authorities that identity providers' certificates may come from: the system's, and
// those in a PEM file. nil stands for the system's alone.
func issuerRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("identity.issuer_certificates cannot be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("identity.issuer_certificates: %s has no certificate in PEM form", path)
	}
	return pool, nil
}
