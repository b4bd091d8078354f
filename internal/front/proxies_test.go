package front

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestOnlyTrustedProxiesAreBelieved(t *testing.T) {
	proxies, err := ParseProxies([]string{"10.0.0.0/8", "192.168.1.1", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		peer                  string
		header                map[string][]string
		source, host, refused string
		secure                bool
	}{
		"a stranger": {"203.0.113.9", map[string][]string{"X-Forwarded-For": {"10.0.0.1"},
			"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil"}, "Forwarded": {"for=1.2.3.4;proto=https"}},
			"203.0.113.9", "own", "", false},
		"a proxy that says nothing": {"10.0.0.1", nil, "10.0.0.1", "own", "", false},
		"one hop": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"},
			"X-Forwarded-Proto": {"https"}}, "203.0.113.9", "own", "", true},
		"what the client wrote": {"10.0.0.1",
			map[string][]string{"X-Forwarded-For": {"10.9.9.9, 1.1.1.1, 203.0.113.9"}}, "203.0.113.9", "own", "", false},
		"several proxies": {"10.0.0.1",
			map[string][]string{"X-Forwarded-For": {"1.1.1.1", "203.0.113.9, 10.0.0.2", "192.168.1.1"}}, "203.0.113.9", "own",
			"", false},
		"a proxy as client": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"10.0.0.2, 10.0.0.3"}},
			"10.0.0.2", "own", "", false},
		"with ports": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9:1234"}},
			"203.0.113.9", "own", "", false},
		"IPv6": {"fd00::1", map[string][]string{"X-Forwarded-For": {"2001:db8::9"}}, "2001:db8::9",
			"own", "", false},
		"mapped": {"::ffff:10.0.0.1", map[string][]string{"X-Forwarded-For": {"::ffff:203.0.113.9"}},
			"203.0.113.9", "own", "", false},
		"unknown": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9, unknown"}}, "",
			"own", "", false},
		"Forwarded": {"10.0.0.1",
			map[string][]string{"Forwarded": {`for=1.1.1.1;proto=http, For="[2001:db8::9]:47";Proto=https;host=files.example`}},
			"2001:db8::9", "files.example", "", true},
		"Forwarded, unknown": {"10.0.0.1", map[string][]string{"Forwarded": {"for=_hidden"}}, "", "own", "", false},
		"both, the same": {"10.0.0.1", map[string][]string{"Forwarded": {"for=203.0.113.9"},
			"X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9", "own", "", false},
		"both, not the same": {"10.0.0.1", map[string][]string{"Forwarded": {"for=10.1.1.1"},
			"X-Forwarded-For": {"203.0.113.9"}}, "", "", "different things", false},
		"both, another scheme": {"10.0.0.1", map[string][]string{"Forwarded": {"for=203.0.113.9;proto=https"},
			"X-Forwarded-For": {"203.0.113.9"}}, "", "", "different things", false},
		"a host": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"},
			"X-Forwarded-Host": {"files.example:8443"}}, "203.0.113.9", "files.example:8443", "", false},
		"a scheme that is none": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"},
			"X-Forwarded-Proto": {"gopher"}}, "", "", "scheme", false},
		"a host that is none": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"},
			"X-Forwarded-Host": {"a/b"}}, "", "", "host", false},
		"the last scheme and host": {"10.0.0.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"},
			"X-Forwarded-Proto": {"https, http"}, "X-Forwarded-Host": {"a, b"}}, "203.0.113.9", "b", "", false},
		"a single address as a proxy": {"192.168.1.1", map[string][]string{"X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9",
			"own", "", false},
		"an address beside it": {"192.168.1.2", map[string][]string{"X-Forwarded-For": {"203.0.113.9"}}, "192.168.1.2",
			"own", "", false},
	} {
		hr := &http.Request{Host: "own", Header: http.Header{}}
		for k, v := range x.header {
			hr.Header[k] = v
		}
		r := &Request{HTTP: hr, Source: netip.MustParseAddr(x.peer).Unmap()}
		err := proxies.identify(r)
		switch {
		case x.refused != "":
			if err == nil {
				t.Errorf("%s: taken as %s", name, r.Source)
			}
		case err != nil || r.SourceText() != x.source || r.Secure != x.secure || hr.Host != x.host:
			t.Errorf("%s: %q, secure %t, host %q, %v", name, r.SourceText(), r.Secure, hr.Host, err)
		}
	}
}

func TestProxiesThatAreNoAddressesAreRefused(t *testing.T) {
	for _, text := range []string{"", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "fe80::1%eth0", "*", "10.0.0"} {
		if _, err := ParseProxies([]string{text}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
