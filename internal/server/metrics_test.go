package server

import (
	"strings"
	"sync"
	"testing"
	"time"

	"granary/internal/audit"
)

func TestMetricsAreToldAsPrometheusReadsThem(t *testing.T) {
	m := newMetrics()
	m.registerStateAge(func() time.Duration { return 1500 * time.Millisecond })
	m.registerAudit(func() audit.Stats { return audit.Stats{Bytes: 1 << 20, Short: true} })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				m.observe("s3", "GetObject", "OK", 200*time.Microsecond)
				m.observe("s3", "GetObject", "AccessDenied", 3*time.Second)
				m.observe("web", "a\"b\\c\nd", "OK", 100*time.Microsecond)
			}
		})
	}
	wg.Wait()
	page, err := m.text()
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	for _, line := range []string{
		"# TYPE granary_calls_total counter",
		`granary_calls_total{code="OK",operation="GetObject",service="s3"} 800`,
		`granary_calls_total{code="AccessDenied",operation="GetObject",service="s3"} 800`,
		`granary_calls_total{code="OK",operation="a\"b\\c\nd",service="web"} 800`,
		"# TYPE granary_call_seconds histogram",
		`granary_call_seconds_bucket{operation="GetObject",service="s3",le="0.0001"} 0`,
		`granary_call_seconds_bucket{operation="GetObject",service="s3",le="0.0003"} 800`,
		`granary_call_seconds_bucket{operation="GetObject",service="s3",le="1.9683"} 800`,
		`granary_call_seconds_bucket{operation="GetObject",service="s3",le="+Inf"} 1600`,
		`granary_call_seconds_sum{operation="GetObject",service="s3"} 2400.16`,
		`granary_call_seconds_count{operation="GetObject",service="s3"} 1600`,
		`granary_call_seconds_bucket{operation="a\"b\\c\nd",service="web",le="0.0001"} 800`,
		"granary_state_age_seconds 1.5", "granary_audit_bytes 1.048576e+06", "granary_audit_short 1",
		"granary_audit_failing 0",
	} {
		if strings.Count(text, line+"\n") != 1 {
			t.Errorf("%s stands there %d times", line, strings.Count(text, line+"\n"))
		}
	}
	for _, name := range []string{"go_goroutines ", "go_memstats_heap_alloc_bytes ", "go_memstats_sys_bytes ",
		"process_start_time_seconds "} {
		_, rest, found := strings.Cut(text, "\n"+name)
		if !found || strings.HasPrefix(rest, "0\n") {
			t.Errorf("%snot told", name)
		}
	}
}

func TestCountingACallAllocatesNothing(t *testing.T) {
	m := newMetrics()
	m.observe("s3", "GetObject", "OK", time.Millisecond)
	if n := testing.AllocsPerRun(100, func() { m.observe("s3", "GetObject", "OK", time.Millisecond) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
