package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"granary/internal/client"
)

// publicURL reads a URL that people and programs are told: a scheme, a host and perhaps a port. A slash at its end is
// dropped.
func publicURL(key, text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "":
		return nil, fmt.Errorf("%s is %q, and must be a URL such as https://granary.example.com", key, text)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%s is %q, and must be a scheme, a host and perhaps a port", key, text)
	case u.Path != "":
		return nil, fmt.Errorf("%s has the path %q, and must have none: Granary answers at the root of its host", key,
			u.Path)
	case u.Hostname() == "" || strings.ContainsAny(u.Hostname(), "*% ") || strings.HasSuffix(u.Host,
		":") || u.Port() != "" && !validPort(u.Port()):
		return nil, fmt.Errorf("%s is %q, which has no host name and port that a client could use", key, text)
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// checkURLs says what is wrong with the URLs that are told.
func (c *Config) checkURLs() error {
	var errs []error
	if c.WebURL != "" {
		_, err := publicURL("web_url", c.WebURL)
		errs = append(errs, err)
	}
	if c.APIURL != "" {
		u, err := publicURL("api_url", c.APIURL)
		if err == nil && u.Hostname() != strings.ToLower(c.Domain) {
			err = fmt.Errorf("api_url is for the host %s, and domain is %s: clients put accounts and buckets before the host, "+
				"so both must be the same",
				u.Hostname(), c.Domain)
		}
		errs = append(errs, err)
	}
	if c.TLS.CA != "" && c.TLS.Certificate == "" && !strings.HasPrefix(c.APIURL, "https:") {
		errs = append(errs,
			errors.New("tls.ca is what clients verify certificates by, and there is neither tls.certificate nor an https "+
				"api_url"))
	}
	return errors.Join(errs...)
}

// urls are where clients and people find the doors, as they are told.
type urls struct{ api, web string }

// findURLs works out what clients and people are told, from the settings and the addresses that the doors have taken.
func (s *Server) findURLs() {
	c := &s.config
	s.urls.api = fmt.Sprintf("%s://%s:%d", s.api.scheme, c.Domain, s.api.port())
	if u, err := publicURL("api_url", c.APIURL); c.APIURL != "" && err == nil {
		s.urls.api = u.String()
	}
	s.urls.web = s.web.scheme + "://" + s.web.address()
	if s.web.scheme == "https" || s.web.everywhere() && !client.IsLocalhost(c.Domain) {
		// A certificate is for a name, and an address of this machine leads nobody here from another.
		s.urls.web = fmt.Sprintf("%s://%s:%d", s.web.scheme, c.Domain, s.web.port())
	}
	if u, err := publicURL("web_url", c.WebURL); c.WebURL != "" && err == nil {
		s.urls.web = u.String()
	}
	if strings.HasPrefix(s.urls.web, "http:") && !isLoopbackURL(s.urls.web) {
		s.log.Warn("people are told a web_url without TLS; what they sign in with can be read on the way", "web_url",
			s.urls.web)
	}
}

// APIURL is the API door's URL under its own name, which account and bucket labels can stand before.
func (s *Server) APIURL() string { return s.urls.api }

// WebURL is the web door's URL, as people, identity providers and links are told it.
func (s *Server) WebURL() string { return s.urls.web }

// everywhere reports whether the door listens on all of the machine's addresses.
func (l *listening) everywhere() bool {
	a, ok := l.listener.Addr().(*net.TCPAddr)
	return ok && a.IP.IsUnspecified()
}

func isLoopbackURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return client.IsLocalhost(u.Hostname()) || ip != nil && ip.IsLoopback()
}
