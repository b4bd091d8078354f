package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Connection is how a program reaches a running Granary.
type Connection struct {
	// Env has the endpoint, the Region, the key, and in AWS_CA_BUNDLE the certificates to trust beside the system's.
	Env Env
	// Door is the scheme and address of the API door, for a server on this machine. Certificates are still checked against
	// the endpoint's name. "" resolves that name.
	Door string
	// Proxy chooses a proxy. nil takes HTTP_PROXY of Env, for endpoints without TLS.
	Proxy func(*http.Request) (*url.URL, error)
}

// Local is the connection to the server that runs, or ran, with a data directory on this machine.
func Local(dir string) (Connection, error) {
	env, err := ReadEnv(dir)
	return Connection{Env: env, Door: ReadDoor(dir)}, err
}

// Key is the key that the connection asks with.
func (c Connection) Key() Key {
	return Key{ID: c.Env.Get("AWS_ACCESS_KEY_ID"), Secret: c.Env.Get("AWS_SECRET_ACCESS_KEY"),
		Token: c.Env.Get("AWS_SESSION_TOKEN")}
}

// HTTP is a client for requests to the web door: it trusts what the connection trusts.
func (c Connection) HTTP() (*http.Client, error) {
	t := &http.Transport{DisableKeepAlives: true}
	away := c
	away.Door = "" // that is the API door
	if err := away.Prepare(t); err != nil {
		return nil, err
	}
	t.Proxy = c.Proxy // the API door is no proxy for the web door
	return &http.Client{Transport: t}, nil
}

// Certificate is what the server presents to this connection, verified; nil without TLS.
func (c Connection) Certificate(ctx context.Context) (*x509.Certificate, error) {
	at, address, err := c.target()
	if err != nil || at.Scheme != "https" {
		return nil, err
	}
	t := &http.Transport{DisableKeepAlives: true}
	if err := c.Prepare(t); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, at.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return nil, unreachable(err, at, address)
	}
	resp.Body.Close()
	return resp.TLS.PeerCertificates[0], nil
}

// Endpoint is the server's URL, by which it is asked and its certificate is checked.
func (c Connection) Endpoint() (*url.URL, error) {
	text := c.Env.Get("AWS_ENDPOINT_URL")
	if text == "" {
		return nil, errors.New("it is not said where the server is: set AWS_ENDPOINT_URL, or give --endpoint or --data")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the endpoint %q is not a URL such as https://granary.example.com:9600", text)
	}
	return u, nil
}

// target is the URL that a request of our own goes to, and the address to dial instead of resolving its host; ""
// resolves it.
func (c Connection) target() (u *url.URL, address string, err error) {
	if u, err = c.Endpoint(); err != nil {
		return nil, "", err
	}
	u = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
	scheme, address, ok := strings.Cut(c.Door, "://")
	switch {
	case !ok:
		return u, "", nil
	case scheme == "http": // it answers by its address too, so no name is needed
		u.Scheme, u.Host = scheme, address
	default:
		u.Scheme = scheme
	}
	return u, address, nil
}

// Transport returns a new transport that goes where the connection leads, and trusts what it trusts.
func (c Connection) Transport() (*http.Transport, error) {
	t := &http.Transport{}
	return t, c.Prepare(t)
}

// Prepare makes a transport go where the connection leads, and trust what it trusts.
func (c Connection) Prepare(t *http.Transport) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	_, address, err := c.target()
	if err != nil {
		return err
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	t.Proxy = c.proxy
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(to)
		switch {
		case err != nil:
		case address != "":
			to = address
		case IsLocalhost(host): // not every resolver knows that these are this machine (RFC 6761)
			to = net.JoinHostPort("127.0.0.1", port)
		}
		return dialer.DialContext(ctx, network, to)
	}
	return nil
}

func (c Connection) proxy(r *http.Request) (*url.URL, error) {
	switch p := c.Env.Get("HTTP_PROXY"); {
	case c.Door != "":
		return nil, nil
	case c.Proxy != nil:
		return c.Proxy(r)
	case p != "" && r.URL.Scheme == "http":
		return url.Parse(p)
	}
	return nil, nil
}

// roots are the system's certificate authorities, or those of SSL_CERT_FILE, and those of AWS_CA_BUNDLE.
func (c Connection) roots() (*x509.CertPool, error) {
	path := c.Env.Get("AWS_CA_BUNDLE")
	if path == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE names a file that cannot be read: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("AWS_CA_BUNDLE names %s, which has no certificate in PEM form", path)
	}
	return pool, nil
}
