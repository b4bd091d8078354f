package limit

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestBySource(t *testing.T) {
	b := New(0.001, 3)
	for _, tt := range []struct {
		source string
		want   bool
	}{
		{"192.0.2.1", true}, {"192.0.2.1", true}, {"::ffff:192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", true}, {"2001:db8::4", false},
		{"2001:db8:0:1::1", true},
	} {
		if got := b.Allow(netip.MustParseAddr(tt.source)); got != tt.want {
			t.Errorf("%s: %v", tt.source, got)
		}
	}
	for i := range 4 {
		if got := b.Allow(netip.Addr{}); got != (i < 3) {
			t.Errorf("no address, request %d: %v", i, got)
		}
	}
}

func TestForgetsSources(t *testing.T) {
	b := New(0.001, 1)
	for i := range maxSources + 10 {
		b.Allow(netip.MustParseAddr(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)))
	}
	if len(b.limits.seen) > maxSources {
		t.Errorf("%d sources are remembered", len(b.limits.seen))
	}
}
