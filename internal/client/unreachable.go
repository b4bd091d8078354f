package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"time"
)

// unreachable says why a server gave no answer, and what to do. at is the URL that was asked, address where it was
// dialled instead, or "".
func unreachable(err error, at *url.URL, address string) error {
	where := at.Scheme + "://" + at.Host
	if address != "" && address != at.Host {
		where += " (dialled at " + address + ")"
	}
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var op *net.OpError
	var inTime interface{ Timeout() bool }
	switch {
	case untrusted(err) != "":
		return fmt.Errorf("the certificate of the server at %s is not accepted: %s", where, untrusted(err))
	case errors.As(err, &record):
		return fmt.Errorf("the server at %s does not speak TLS; an endpoint that begins with http:// may be meant",
			where)
	case errors.As(err, &dns):
		return fmt.Errorf("the name %s does not resolve on this machine: add it to the DNS or the hosts file, or use "+
			"--data on the server's own machine", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s: the server does not answer; is it running? (granary serve)", where)
	case errors.Is(err, context.Canceled):
		return errors.New("the request was cancelled")
	case errors.As(err, &inTime) && inTime.Timeout():
		return fmt.Errorf("the server at %s does not answer in time; is a firewall in between?", where)
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return fmt.Errorf("the proxy on the way to %s refuses: %w; name the server's host in NO_PROXY if none is needed",
			where, op.Err)
	case errors.As(err, &op) && op.Op == "remote error":
		return fmt.Errorf("the server at %s ended the TLS handshake: %w", where, op.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the server at %s ended the connection without an answer", where)
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL, which stands in the sentence already
	}
	return fmt.Errorf("the server at %s does not answer: %w", where, err)
}

// untrusted says what is wrong with a certificate, or "" if the error is of something else.
func untrusted(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority):
		issuer := "an authority"
		if authority.Cert != nil {
			issuer = fmt.Sprintf("%q", authority.Cert.Issuer.String())
		}
		return "it comes from " + issuer + ", which this machine does not trust; name the authority's PEM file in " +
			"AWS_CA_BUNDLE (or SSL_CERT_FILE)"
	case errors.As(err, &name):
		return fmt.Sprintf("%v; the endpoint must have the name that the certificate is for", name)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		now := time.Now()
		if now.Before(invalid.Cert.NotBefore) {
			return "it is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339) +
				"; look at this machine's clock"
		}
		return "it expired at " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339) + "; give the server a new one"
	case errors.As(err, &other):
		return other.Err.Error()
	}
	return ""
}
