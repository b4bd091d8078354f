package front

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"granary"
	"granary/internal/audit"
)

// A source whose requests prove nothing gets so many lines in the log, however they fail; every request is counted.
func TestLogLinesOfStrangersAreLimited(t *testing.T) {
	l, err := audit.Open(audit.Config{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, err := range map[string]error{
		"refused": granary.Errorf(granary.Denied, "No. %s", strings.Repeat("x", 10_000)),
		"failed":  granary.Errorf(granary.Unavailable, "Not now."),
		"busy":    ErrBusy,
	} {
		var text bytes.Buffer
		samples := 0
		rc := (&Reception{Audit: l, Now: time.Now, Log: slog.New(slog.NewTextHandler(&text, nil)),
			Observe: func(string, string, string, time.Duration) { samples++ }}).Init()
		e := &entrance{rc, nil}
		const requests = linesAtOnce + 500
		for i := range requests {
			r := &Request{HTTP: httptest.NewRequest("GET", "/", nil), Started: time.Now(),
				Source: netip.MustParseAddr("192.0.2.7")}
			e.logLine(r, &Outcome{Service: "s3", Operation: fmt.Sprint(i), Err: err}, &Answer{Status: http.StatusForbidden,
				Message: err.Error()}, "")
		}
		lines := strings.Count(text.String(), "\n")
		if lines < linesAtOnce || lines > linesAtOnce+2*linesPerSecond || samples != requests {
			t.Errorf("%s: %d lines, %d samples of %d requests", name, lines, samples, requests)
		}
		if most := text.Len() / lines; most > 1<<10 {
			t.Errorf("%s: %d bytes a line", name, most)
		}
	}
}

// A name that the sender made up does not become a series of the metrics.
func TestMadeUpMethodsAreNoOperations(t *testing.T) {
	for _, x := range []struct{ operation, method, want string }{
		{"", "GET", "unknown"}, {"GET", "GET", "GET"}, {"BREW", "BREW", "unknown"}, {"GetObject", "BREW", "GetObject"},
	} {
		if got := knownOperation(x.operation, x.method); got != x.want {
			t.Errorf("%q of a request %s: %q", x.operation, x.method, got)
		}
	}
}
