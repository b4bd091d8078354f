package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Failed handshakes are told with their source and their meaning, and nobody fills the log with them.
func TestFailedHandshakesAreLoggedAFewInAMinute(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1_800_000_000, 0)
	h := newHandshakes(slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	client := func(a string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a)) }
	for i := range 1000 {
		h.failed(client(fmt.Sprintf("192.0.2.%d:4711", i%250)),
			errors.New("remote error: tls: unknown certificate authority"))
		h.failed(client("[2001:db8::1]:4711"), io.EOF)
	}
	if n := strings.Count(out.String(), "\n"); n != maxHandshakes ||
		!strings.Contains(out.String(), "source=192.0.2.0 ") || strings.Contains(out.String(), "2001:db8") {
		t.Errorf("%d lines: %s", n, out.String())
	}
	if !strings.Contains(out.String(), "AWS_CA_BUNDLE") {
		t.Errorf("what it means is not told: %s", out.String())
	}
	out.Reset()
	now = now.Add(time.Minute)
	h.failed(client("192.0.2.9:1"),
		errors.New("tls: first record does not look like a TLS handshake "+strings.Repeat("x", 10_000)))
	if s := out.String(); !strings.Contains(s, "not_written=990") || !strings.Contains(s, "https://") || len(s) > 1000 {
		t.Errorf("%s", s)
	}
}
