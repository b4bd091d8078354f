package idtoken

import (
	"net/netip"
	"testing"
)

// lastAddress returns the last address of a prefix.
func lastAddress(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// TestSpecialAddressBoundaries checks that each row of the table is refused from its first address to its last, and
// that a neighbouring address is refused only if another row, or the unassigned part of IPv6, begins there.
func TestSpecialAddressBoundaries(t *testing.T) {
	beside := map[string]bool{ // public neighbours, listed by hand
		"1.0.0.0": true, "9.255.255.255": true, "11.0.0.0": true, "100.63.255.255": true, "100.128.0.0": true,
		"126.255.255.255": true, "128.0.0.0": true,
		"169.253.255.255": true, "169.255.0.0": true, "172.15.255.255": true, "172.32.0.0": true, "191.255.255.255": true,
		"192.0.1.0":   true,
		"192.0.1.255": true, "192.0.3.0": true, "192.31.195.255": true, "192.31.197.0": true, "192.52.192.255": true,
		"192.52.194.0":  true,
		"192.88.98.255": true, "192.88.100.0": true, "192.167.255.255": true, "192.169.0.0": true, "192.175.47.255": true,
		"192.175.49.0":   true,
		"198.17.255.255": true, "198.20.0.0": true, "198.51.99.255": true, "198.51.101.0": true, "203.0.112.255": true,
		"203.0.114.0": true, "223.255.255.255": true,
		"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "2001:200::": true, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": true,
		"2001:db9::": true,
		"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "2003::": true, "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff": true,
		"2620:4f:8001::": true, "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "3fff:1000::": true,
	}
	met := map[string]bool{}
	for i, row := range specialAddresses {
		p := specialPrefixes[i]
		if p != p.Masked() {
			t.Errorf("%s is not written as its first address", row.prefix)
		}
		first, end := p.Addr(), lastAddress(p)
		if row.prefix == "::ffff:0:0/96" {
			continue // see the next test
		}
		for _, a := range []netip.Addr{first, end} {
			if isPublic(a) {
				t.Errorf("%s of %s (%s) is taken for public", a, row.prefix, row.name)
			}
		}
		for _, a := range []netip.Addr{first.Prev(), end.Next()} {
			if !a.IsValid() {
				continue
			}
			if isPublic(a) != beside[a.String()] {
				t.Errorf("%s, beside %s: public is %v", a, row.prefix, isPublic(a))
			}
			met[a.String()] = true
		}
	}
	for a := range beside {
		if !met[a] {
			t.Errorf("no row begins or ends beside %s", a)
		}
	}
}

// TestEmbeddedIPv4Addresses checks that an IPv4 address inside an IPv6 one reaches nothing that it does not reach by
// itself.
func TestEmbeddedIPv4Addresses(t *testing.T) {
	for _, inner := range []string{"127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0",
		"8.8.8.8"} {
		v4 := netip.MustParseAddr(inner)
		b := v4.As4()
		put := func(prefix string, at int, invert bool) netip.Addr {
			a := netip.MustParseAddr(prefix).As16()
			for i, x := range b {
				if invert {
					x = ^x
				}
				a[at+i] = x
			}
			return netip.AddrFrom16(a)
		}
		for name, a := range map[string]netip.Addr{
			"IPv4-compatible": put("::", 12, false), "NAT64": put("64:ff9b::", 12, false),
			"local NAT64":                    put("64:ff9b:1::", 12, false),
			"local NAT64 of a longer prefix": put("64:ff9b:1:ffff::", 12, false), "6to4": put("2002::1", 2, false),
			"Teredo server": put("2001::", 4, false),
			"Teredo client": put("2001:0:808:808::", 12, true), "IPv4-translated": put("::ffff:0:0:0", 12, false),
			"ISATAP, link-local": put("fe80::5efe:0:0", 12, false),
		} {
			if isPublic(a) {
				t.Errorf("%s as %s (%s) is taken for public", inner, a, name)
			}
		}
		mapped := put("::ffff:0:0", 12, false)
		if isPublic(mapped) != isPublic(v4) {
			t.Errorf("%s is judged otherwise than %s", mapped, v4)
		}
	}
	for _, a := range []string{"2606:4700::1%eth0", "fec0::1%eth0", "fe80::1%1", "1fff:ffff::1", "4000::1", "8000::1",
		"fbff::1"} {
		if isPublic(netip.MustParseAddr(a)) {
			t.Errorf("%s is taken for public", a)
		}
	}
	for _, a := range []string{"8.8.8.8", "1.1.1.1", "2606:4700::1", "2a00:1450:4001::1", "2400:cb00::1", "3ffe::1"} {
		if !isPublic(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
}
