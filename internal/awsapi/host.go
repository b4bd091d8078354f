package awsapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Hosts knows the names this installation answers to.
type Hosts struct {
	Domain string // "granary.localhost"
}

// Label is what stands before the own domain in a host name: a 12-digit account, a bucket, or nothing.
// own is false for names that are not ours; such hosts are read as the bare address.
func (h Hosts) Label(host string) (label string, own bool) {
	name := strings.ToLower(strings.TrimSuffix(hostname(host), "."))
	if name == h.Domain {
		return "", true
	}
	if l, ok := strings.CutSuffix(name, "."+h.Domain); ok {
		return l, true
	}
	return "", false
}

// Proxied reports whether a request in absolute form is for us. The door is a forward proxy for its own names only,
// and for its own address, which proxy-minded clients may write out; it never dials out.
func (h Hosts) Proxied(r *http.Request) (absolute, ours bool) {
	if r.Method == http.MethodConnect {
		return true, false
	}
	if !strings.HasPrefix(r.RequestURI, "http://") && !strings.HasPrefix(r.RequestURI, "https://") {
		return false, true
	}
	if _, own := h.Label(r.Host); own {
		return true, true
	}
	name := hostname(r.Host)
	if name == "localhost" {
		return true, true
	}
	ip, err := netip.ParseAddr(name)
	return true, err == nil && ip.IsLoopback()
}

func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}
