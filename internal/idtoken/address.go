package idtoken

import "net/netip"

// specialAddresses lists the addresses that do not belong to hosts on the public Internet: every entry of IANA's
// registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and its updates, as of October 2025), multicast
// (RFC 5771, RFC 4291), and deprecated ranges that are not routed (RFC 3879, RFC 4291 §2.5.5.1, RFC 7526). It also has
// the entries that IANA calls globally reachable, since they lead to services of the network and not to identity
// providers.
var specialAddresses = []struct{ prefix, name string }{
	{"0.0.0.0/8", "this network"},
	{"10.0.0.0/8", "private use"},
	{"100.64.0.0/10", "shared address space of carriers"},
	{"127.0.0.0/8", "loopback"},
	{"169.254.0.0/16", "link-local"},
	{"172.16.0.0/12", "private use"},
	{"192.0.0.0/24", "IETF protocol assignments"},
	{"192.0.2.0/24", "documentation"},
	{"192.31.196.0/24", "AS112"},
	{"192.52.193.0/24", "automatic multicast tunnelling"},
	{"192.88.99.0/24", "6to4 relays, deprecated"},
	{"192.168.0.0/16", "private use"},
	{"192.175.48.0/24", "AS112, delegated"},
	{"198.18.0.0/15", "benchmarking"},
	{"198.51.100.0/24", "documentation"},
	{"203.0.113.0/24", "documentation"},
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved, and broadcast"},

	{"::/128", "unspecified"},
	{"::1/128", "loopback"},
	{"::/96", "IPv4-compatible, deprecated"},
	{"::ffff:0:0/96", "IPv4-mapped"}, // isPublic judges these as the IPv4 address
	{"64:ff9b::/96", "IPv4/IPv6 translation"},
	{"64:ff9b:1::/48", "IPv4/IPv6 translation, local"},
	{"100::/64", "discard only"},
	{"100:0:0:1::/64", "dummy"},
	{"2001::/23", "IETF protocol assignments"},
	{"2001::/32", "Teredo"},
	{"2001:1::1/128", "port control protocol anycast"},
	{"2001:1::2/128", "TURN anycast"},
	{"2001:1::3/128", "DNS-SD service registration anycast"},
	{"2001:2::/48", "benchmarking"},
	{"2001:3::/32", "automatic multicast tunnelling"},
	{"2001:4:112::/48", "AS112"},
	{"2001:10::/28", "ORCHID, deprecated"},
	{"2001:20::/28", "ORCHIDv2"},
	{"2001:30::/28", "drone remote identification"},
	{"2001:db8::/32", "documentation"},
	{"2002::/16", "6to4"},
	{"2620:4f:8000::/48", "AS112, delegated"},
	{"3fff::/20", "documentation"},
	{"5f00::/16", "segment routing identifiers"},
	{"fc00::/7", "unique local"},
	{"fe80::/10", "link-local"},
	{"fec0::/10", "site-local, deprecated"},
	{"ff00::/8", "multicast"},
}

var specialPrefixes = func() []netip.Prefix {
	list := make([]netip.Prefix, len(specialAddresses))
	for i, s := range specialAddresses {
		list[i] = netip.MustParsePrefix(s.prefix)
	}
	return list
}()

// globalUnicast is the part of IPv6 that is assigned to networks so far (IANA, "IPv6 Global Unicast Address Space").
var globalUnicast = netip.MustParsePrefix("2000::/3")

// isPublic reports whether an address may be that of a host on the public Internet. An IPv4-mapped address
// (::ffff:1.2.3.4) is judged as its IPv4 address, since the network treats it so. The other formats that contain an
// IPv4 address are special.
func isPublic(a netip.Addr) bool {
	if a.Zone() != "" { // an address on a link; also, prefixes never contain an address with a zone
		return false
	}
	a = a.Unmap()
	if !a.IsValid() || a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range specialPrefixes {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
