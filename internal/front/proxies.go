package front

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"granary"
	"granary/internal/cause"
)

// Proxies are the addresses of reverse proxies whose Forwarded (RFC 7239) and X-Forwarded-For, -Proto and -Host headers
// are believed. Those headers of anybody else mean nothing.
type Proxies []netip.Prefix

// ParseProxies parses addresses and networks: "10.0.0.7", "10.1.0.0/16", "fd00::/8". The error quotes the text at
// fault.
func ParseProxies(list []string) (Proxies, error) {
	var out Proxies
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, aerr := netip.ParseAddr(text)
			if aerr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("trusted_proxies has %q, which is neither an address such as 10.0.0.7 nor a network such "+
					"as 10.1.0.0/16", text)
			}
			p = netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen())
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("trusted_proxies has %q, which has bits set beyond the length of its network; write %s", text,
				p.Masked())
		}
		out = append(out, p)
	}
	return out, nil
}

// Trusts reports whether an address is that of a trusted proxy.
func (p Proxies) Trusts(a netip.Addr) bool {
	a = a.Unmap()
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// clientInfo is what a proxy says of the client.
type clientInfo struct {
	source netip.Addr // invalid: unknown
	known  bool       // something is said of the source
	proto  string     // "http", "https" or ""
	host   string
}

// identify sets the request's source, scheme and host from the headers of a trusted proxy. It fails with Invalid when
// they contradict each other or cannot be read.
func (p Proxies) identify(r *Request) error {
	if len(p) == 0 || !p.Trusts(r.Source) {
		return nil
	}
	h := r.HTTP.Header
	one, err := p.forwarded(h)
	if err != nil {
		return err
	}
	other, err := p.xForwarded(h)
	if err != nil {
		return err
	}
	// A proxy that writes one kind of header passes on what the client sent of the other.
	if len(h["Forwarded"]) > 0 && other != (clientInfo{}) && one != other {
		return badProxy("Forwarded and X-Forwarded-* say different things of the client; let the proxy remove the kind " +
			"that it does not write")
	}
	if one == (clientInfo{}) {
		one = other
	}
	if one.known {
		r.Source = one.source
	}
	if one.proto != "" {
		r.Secure, r.TLSVersion = one.proto == "https", ""
	}
	if one.host != "" {
		r.HTTP.Host = one.host
	}
	return nil
}

func badProxy(what string) error {
	return granary.Errorf(granary.Invalid, "%s.", what).WithCode("InvalidRequest").At(cause.RequestForwarded)
}

// client returns the first address from the right that is not a trusted proxy's. The client may have written everything
// further left. known is false when there are no hops; source is invalid when its address is unknown.
func (p Proxies) client(hops []string) (source netip.Addr, known bool) {
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := parseAddress(hops[i])
		if !ok {
			return netip.Addr{}, true
		}
		if source = a.Unmap(); !p.Trusts(source) {
			return source, true
		}
	}
	return source, len(hops) > 0
}

func (p Proxies) xForwarded(h http.Header) (t clientInfo, err error) {
	t.source, t.known = p.client(splitList(h["X-Forwarded-For"]))
	if t.proto, err = parseScheme(lastElement(h["X-Forwarded-Proto"])); err != nil {
		return t, err
	}
	t.host, err = parseHost(lastElement(h["X-Forwarded-Host"]))
	return t, err
}

// forwarded reads RFC 7239's header. Of its elements, the one that the outermost trusted proxy wrote counts.
func (p Proxies) forwarded(h http.Header) (t clientInfo, err error) {
	parts := splitList(h["Forwarded"])
	var hops []string
	for _, e := range parts {
		hops = append(hops, parameter(e, "for"))
	}
	t.source, t.known = p.client(hops)
	if len(parts) == 0 {
		return t, nil
	}
	own := parts[len(parts)-1]
	if t.proto, err = parseScheme(parameter(own, "proto")); err != nil {
		return t, err
	}
	t.host, err = parseHost(parameter(own, "host"))
	return t, err
}

// splitList splits a header's values at their commas. Commas in quotes do not occur in the headers that it is used for.
func splitList(values []string) (out []string) {
	for _, v := range values {
		for e := range strings.SplitSeq(v, ",") {
			if e = strings.TrimSpace(e); e != "" {
				out = append(out, e)
			}
		}
	}
	return out
}

// lastElement returns the last element of a header's values, or "".
func lastElement(values []string) string {
	if l := splitList(values); len(l) > 0 {
		return l[len(l)-1]
	}
	return ""
}

// parameter returns a parameter of a Forwarded element without its quotes, or "".
func parameter(element, name string) string {
	for pair := range strings.SplitSeq(element, ";") {
		k, v, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if ok && strings.EqualFold(k, name) {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// parseAddress parses an element of X-Forwarded-For, or a "for" of Forwarded: an address, in brackets or not, with a
// port or without. "unknown" and hidden names are no addresses.
func parseAddress(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.WithZone(""), err == nil
}

// parseScheme returns "http", "https" or "" in lower case. It fails for any other scheme.
func parseScheme(text string) (string, error) {
	switch text = strings.ToLower(text); text {
	case "", "http", "https":
		return text, nil
	}
	return "", badProxy("The proxy says that the client's scheme is neither http nor https")
}

// parseHost returns a host, perhaps with a port, or "". It fails for a text that no host has.
func parseHost(text string) (string, error) {
	if strings.ContainsAny(text, "/@ \t\\") || len(text) > 261 {
		return "", badProxy("The proxy says that the client's host is something that is no host name")
	}
	return text, nil
}
