package idtoken

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"granary"
)

const (
	fetchTimeout = 5 * time.Second
	maxBody      = 1 << 20
)

// guardedClient is an HTTP client for URLs that others chose. Unless allowPrivate is set it connects only to public
// addresses. It does not follow redirects to other origins, and limits the time and size of every answer.
type guardedClient struct {
	client       *http.Client
	allowPrivate bool
}

// newGuardedClient returns a client; see NewKeyCache for its arguments.
func newGuardedClient(allowPrivate bool, roots *x509.CertPool) *guardedClient {
	g := &guardedClient{allowPrivate: allowPrivate}
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: g.checkAddress}
	g.client = &http.Client{
		Timeout: fetchTimeout,
		Transport: markRemover{&http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 3 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			// a proxy would resolve names itself, so that checkAddress would not see their addresses
			Proxy:               nil,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second}},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 || r.URL.Scheme != via[0].URL.Scheme || r.URL.Host != via[0].URL.Host {
				return errors.New("it redirects to another origin")
			}
			return nil
		},
	}
	return g
}

// markRemover removes a byte order mark at the beginning of answers. Some providers write one before their JSON, and a
// reader may ignore it (RFC 8259 §8.1).
type markRemover struct{ next http.RoundTripper }

func (w markRemover) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err == nil && resp.Body != nil {
		resp.Body = &markReader{ReadCloser: resp.Body}
	}
	return resp, err
}

var byteOrderMark = []byte("\ufeff")

// markReader is a body without the byte order mark that it may begin with.
type markReader struct {
	io.ReadCloser
	rest io.Reader // nil before the first read
}

// Read implements io.Reader. The first read takes the mark off.
func (u *markReader) Read(p []byte) (int, error) {
	if u.rest == nil {
		var head [3]byte
		n, err := io.ReadFull(u.ReadCloser, head[:])
		switch {
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			u.rest = bytes.NewReader(head[:n])
		case err != nil:
			return 0, err
		case bytes.Equal(head[:], byteOrderMark):
			u.rest = u.ReadCloser
		default:
			u.rest = io.MultiReader(bytes.NewReader(head[:]), u.ReadCloser)
		}
	}
	return u.rest.Read(p)
}

// checkAddress refuses addresses that are not public. The dialer calls it after it resolved the name, so that no name
// can lead to an internal address.
func (g *guardedClient) checkAddress(_, address string, _ syscall.RawConn) error {
	if g.allowPrivate {
		return nil
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !isPublic(a.Addr()) {
		return fmt.Errorf("its address %s is not a public one; set identity.allow_private_issuers to allow that", a.Addr())
	}
	return nil
}

// checkURL refuses URLs other than https and, if private addresses are allowed, http.
func (g *guardedClient) checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && g.allowPrivate) {
		return errors.New("only https is fetched; set identity.allow_private_issuers to allow plain http")
	}
	return nil
}

// get fetches a document of at most maxBody bytes. fresh is how long the answer may be cached.
func (g *guardedClient) get(ctx context.Context, address string) (body []byte, fresh time.Duration, err error) {
	return g.fetch(ctx, address, nil)
}

// fetch is get with request headers.
func (g *guardedClient) fetch(ctx context.Context, address string, header http.Header) (
	body []byte, fresh time.Duration, err error) {
	if err := g.checkURL(address); err != nil {
		return nil, 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, 0, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Accept", "application/json")
	resp, err := g.client.Do(req)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("it answered %s", resp.Status)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errors.New("it answered more than 1 MiB")
	}
	return body, cacheLifetime(resp.Header.Get("Cache-Control")), err
}

// cacheLifetime returns max-age, within minFresh and maxFresh, or usualFresh if there is none.
func cacheLifetime(cacheControl string) time.Duration {
	for d := range strings.SplitSeq(cacheControl, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(strings.ToLower(d)), "max-age="); ok {
			if n, err := strconv.Atoi(v); err == nil && n >= 0 {
				return min(max(time.Duration(min(n, 1e6))*time.Second, minFresh), maxFresh)
			}
		}
	}
	return usualFresh
}

// unreachableError returns an Invalid error that is ErrUnreachable.
func unreachableError(issuer, what string, err error) error {
	message := fmt.Sprintf("The issuer %s cannot be used: %s", issuer, what)
	if err != nil {
		message += ": " + err.Error()
	}
	return granary.Wrap(granary.Invalid, message+".", errors.Join(ErrUnreachable, err))
}
