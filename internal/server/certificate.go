package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// caPath is the file of certificates that clients of this server verify it by.
func caPath(dir string) string { return filepath.Join(dir, "ca.pem") }

// readPEM reads the certificates of a PEM file.
func readPEM(key, path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", key, err)
	}
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: a certificate in %s cannot be read: %w", key, path, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: %s has no certificate in PEM form", key, path)
	}
	return list, nil
}

// writeCA leaves DIR/ca.pem: what a client may verify this server's certificate by. It holds the authority, as tls.ca
// names it, as this machine knows it, or as the certificate file ends with it; and the served certificate itself, so
// that a client that takes a certificate for its own authority needs no more. Without TLS there is no such file.
func (s *Server) writeCA() error {
	c := &s.config
	var trusted []*x509.Certificate
	var err error
	if c.TLS.CA != "" {
		if trusted, err = readPEM("tls.ca", c.TLS.CA); err != nil {
			return err
		}
	}
	if s.certificate != nil {
		chain, err := parseChain(s.certificate)
		if err != nil {
			return err
		}
		known := s.checkCertificate(chain, trusted)
		if len(trusted) == 0 && known != nil {
			trusted = []*x509.Certificate{known}
		}
		trusted = append(trusted, chain...)
	}
	if len(trusted) == 0 {
		if err := os.Remove(caPath(c.Data)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var text bytes.Buffer
	for i, t := range trusted {
		if i > 0 && t.Equal(trusted[i-1]) {
			continue
		}
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: t.Raw}); err != nil {
			return err
		}
	}
	return writeFile(caPath(c.Data), text.String())
}

func parseChain(pair *tls.Certificate) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for _, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("tls.certificate cannot be read: %w", err)
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// checkCertificate warns of a certificate that clients will refuse, and gives the authority that the certificate comes
// from, if this machine or the chain itself knows it.
func (s *Server) checkCertificate(chain, trusted []*x509.Certificate) (authority *x509.Certificate) {
	leaf, now, domain := chain[0], time.Now(), s.config.Domain
	warn := func(what, todo string) {
		s.log.Warn("clients will refuse the TLS certificate: "+what, "what_to_do", todo, "certificate",
			s.config.TLS.Certificate)
	}
	if now.After(leaf.NotAfter) {
		warn("it expired on "+leaf.NotAfter.UTC().Format(time.DateOnly),
			"give tls.certificate a new one, and start again")
	}
	if now.Before(leaf.NotBefore) {
		warn("it is not valid before "+leaf.NotBefore.UTC().Format(time.DateTime), "look at the clock of this machine")
	}
	if leaf.VerifyHostname(domain) != nil {
		warn("it is not for the domain "+domain, "use a certificate for "+domain+" and *."+domain)
	} else if leaf.VerifyHostname("123456789012."+domain) != nil {
		s.log.Warn("the TLS certificate is not for *."+domain+": SDKs put the account and the bucket before the domain, "+
			"and refuse it then",
			"certificate", s.config.TLS.Certificate)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	for _, t := range trusted {
		roots.AddCert(t)
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	if now.After(leaf.NotAfter) { // that is told above; whom it comes from is another matter
		now = leaf.NotAfter
	}
	found, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	if err == nil {
		return found[0][len(found[0])-1]
	}
	if last := chain[len(chain)-1]; len(trusted) == 0 && last.CheckSignatureFrom(last) == nil {
		return last
	}
	if len(trusted) > 0 {
		warn("the authority in tls.ca did not issue it",
			"put the authority's own certificate into tls.ca, and the intermediate ones behind the certificate in "+
				"tls.certificate")
	} else {
		s.log.Warn("the TLS certificate comes from an authority that this machine does not know; the AWS CLI and SDKs need "+
			"the authority's certificate",
			"issuer", leaf.Issuer.String(), "what_to_do", "name the authority's PEM file in tls.ca")
	}
	return nil
}
