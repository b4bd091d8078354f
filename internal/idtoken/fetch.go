package idtoken

import (
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

// guarded is an HTTP client for addresses that others chose: it cannot be sent to this machine or its neighbours, to
// another origin, or into waiting.
type guarded struct {
	client       *http.Client
	allowPrivate bool
}

func newGuarded(allowPrivate bool, roots *x509.CertPool) *guarded {
	g := &guarded{allowPrivate: allowPrivate}
	dialer := &net.Dialer{Timeout: 3 * time.Second, Control: g.control}
	g.client = &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 3 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > 3 || r.URL.Scheme != via[0].URL.Scheme || r.URL.Host != via[0].URL.Host {
				return errors.New("it redirects to another origin")
			}
			return nil
		},
	}
	return g
}

// control refuses addresses after the name was resolved, so that no name can lead inside.
func (g *guarded) control(_, address string, _ syscall.RawConn) error {
	if g.allowPrivate {
		return nil
	}
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(a.Addr()) {
		return fmt.Errorf("its address %s is not a public one; set identity.allow_private_issuers to allow that", a.Addr())
	}
	return nil
}

var notPublic = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16")}

func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// allowed refuses addresses that are none of the web.
func (g *guarded) allowed(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && g.allowPrivate) {
		return errors.New("only https is fetched; set identity.allow_private_issuers to allow plain http")
	}
	return nil
}

// get fetches a small document; fresh is how long it may be kept.
func (g *guarded) get(ctx context.Context, address string) (body []byte, fresh time.Duration, err error) {
	return g.fetch(ctx, address, nil)
}

// fetch is get with headers.
func (g *guarded) fetch(ctx context.Context, address string, header http.Header) (body []byte, fresh time.Duration, err error) {
	if err := g.allowed(address); err != nil {
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
	return body, freshness(resp.Header.Get("Cache-Control")), err
}

// freshness reads max-age, within limits.
func freshness(cacheControl string) time.Duration {
	for d := range strings.SplitSeq(cacheControl, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(strings.ToLower(d)), "max-age="); ok {
			if n, err := strconv.Atoi(v); err == nil && n >= 0 {
				return min(max(time.Duration(min(n, 1e6))*time.Second, minFresh), maxFresh)
			}
		}
	}
	return usualFresh
}

func unreachable(issuer, what string, err error) error {
	message := fmt.Sprintf("The issuer %s cannot be used: %s", issuer, what)
	if err != nil {
		message += ": " + err.Error()
	}
	return granary.Wrap(granary.Invalid, message+".", errors.Join(ErrUnreachable, err))
}
