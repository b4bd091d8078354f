package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"
)

// handshakes logs TLS handshakes that fail, a few in a minute: anybody can make them fail.
type handshakes struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	minute  time.Time // when the current count began
	written int
	left    int // not written in that minute
}

// maxHandshakes are logged in a minute.
const maxHandshakes = 10

func newHandshakes(log *slog.Logger, now func() time.Time) *handshakes {
	return &handshakes{log: log, now: now}
}

// failed logs a client that did not agree on TLS.
func (h *handshakes) failed(client net.Addr, err error) {
	source, why := client.String(), err.Error()
	if host, _, err := net.SplitHostPort(source); err == nil {
		source = host
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		h.log.Debug("a connection ended before the TLS handshake", "source",
			source) // a health check of a load balancer does that
		return
	}
	if left, ok := h.take(); ok {
		args := []any{"source", source, "error", clip(why, 300)}
		if hint := handshakeHint(why); hint != "" {
			args = append(args, "meaning", hint)
		}
		if left > 0 {
			args = append(args, "not_written", left)
		}
		h.log.Warn("a TLS handshake failed", args...)
	}
}

// take asks for one of the minute's lines, and tells how many the minute before were not written.
func (h *handshakes) take() (left int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := h.now(); now.Sub(h.minute) >= time.Minute || now.Before(h.minute) {
		left, h.left, h.written, h.minute = h.left, 0, 0, now
	}
	if h.written >= maxHandshakes {
		h.left++
		return 0, false
	}
	h.written++
	return left, true
}

// handshakeHint says what the usual errors mean.
func handshakeHint(why string) string {
	switch {
	case strings.Contains(why, "bad certificate"), strings.Contains(why, "unknown certificate"), strings.Contains(why,
		"certificate unknown"):
		return "the client does not trust the certificate: it needs the authority's certificate (AWS_CA_BUNDLE), or asked " +
			"for a name that the certificate is not for"
	case strings.Contains(why, "expired certificate"):
		return "the client says that the certificate has expired"
	case strings.Contains(why, "HTTP request to an HTTPS server"), strings.Contains(why,
		"does not look like a TLS handshake"):
		return "the client spoke plain HTTP: its endpoint must begin with https://"
	case strings.Contains(why, "protocol version"), strings.Contains(why, "unsupported versions"):
		return "the client speaks only versions of TLS before 1.2"
	}
	return ""
}

func clip(text string, most int) string {
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
