package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"granary/internal/corp"
)

// storyCertificate makes, with certificates that live so long from now on, a certificate authority, a certificate of it
// for some names, and a configuration file that serves it: DIR/ca.pem, cert.pem, key.pem, tls.yaml.
func storyCertificate(life time.Duration) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		dir := ts.MkAbs(args[0])
		ts.Check(os.MkdirAll(dir, 0o700))
		ts.Check(corp.WriteCertificate(dir, time.Now().Add(life), args[1:]...))
		text := fmt.Sprintf("tls:\n  certificate: %s\n  key: %s\n", filepath.Join(dir, "cert.pem"),
			filepath.Join(dir, "key.pem"))
		ts.Check(os.WriteFile(filepath.Join(dir, "tls.yaml"), []byte(text), 0o600))
	}
}
