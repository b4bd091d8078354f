package server

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"granary/internal/audit"
)

// metrics counts calls by operation and answer, and tells them in Prometheus' text format. Names of users, buckets and
// keys are no labels: they have no end. It is safe for concurrent use.
type metrics struct {
	mu     sync.RWMutex
	calls  map[answered]*atomic.Uint64
	took   map[operation]*histogram
	gauges []gauge
}

// operation is the labels of a histogram, answered those of a counter.
type operation struct{ service, name string }
type answered struct {
	operation
	code string
}

// gauge is one value that is asked for when the metrics are read.
type gauge struct {
	name, kind, help string
	value            func() float64
}

// histogram counts durations by upper bounds.
type histogram struct {
	counts [len(bounds) + 1]atomic.Uint64 // the last is of those beyond every bound
	nanos  atomic.Int64                   // sum
}

// bounds are the histogram's upper bounds in seconds: 0.1 ms, and three times as much each time.
var bounds = [...]float64{0.0001, 0.0003, 0.0009, 0.0027, 0.0081, 0.0243, 0.0729, 0.2187, 0.6561, 1.9683}

func newMetrics() *metrics {
	return &metrics{calls: map[answered]*atomic.Uint64{}, took: map[operation]*histogram{}, gauges: processGauges()}
}

// observe counts one answered call.
func (m *metrics) observe(service, name, code string, took time.Duration) {
	a := answered{operation{service, name}, code}
	m.mu.RLock()
	count, times := m.calls[a], m.took[a.operation]
	m.mu.RUnlock()
	if count == nil || times == nil {
		count, times = m.begin(a)
	}
	count.Add(1)
	times.nanos.Add(int64(took))
	i, _ := slices.BinarySearch(bounds[:], took.Seconds())
	times.counts[i].Add(1)
}

// begin makes the counter and the histogram of a call that is the first of its kind.
func (m *metrics) begin(a answered) (*atomic.Uint64, *histogram) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls[a] == nil {
		m.calls[a] = &atomic.Uint64{}
	}
	if m.took[a.operation] == nil {
		m.took[a.operation] = &histogram{}
	}
	return m.calls[a], m.took[a.operation]
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gauges = append(m.gauges, gauge{name, "gauge", help, value})
}

// registerStateAge exports how many seconds ago this node last confirmed that it is up to date.
func (m *metrics) registerStateAge(age func() time.Duration) {
	m.gauge("granary_state_age_seconds",
		"For how long this node has had no word from a database that nodes share; beyond 2 it refuses everything.",
		func() float64 { return age().Seconds() })
}

// registerAudit exports the state of the audit log.
func (m *metrics) registerAudit(stats func() audit.Stats) {
	yes := map[bool]float64{true: 1}
	for _, g := range []struct {
		name, help string
		value      func(audit.Stats) float64
	}{
		{"granary_audit_bytes", "Bytes of the audit log's files.", func(s audit.Stats) float64 { return float64(s.Bytes) }},
		{"granary_audit_dropped_bytes", "Bytes of events removed before audit.retention ended, because of audit.max_size, " +
			"since the start.", func(s audit.Stats) float64 { return float64(s.Dropped) }},
		{"granary_audit_counted", "Refused requests that were counted and not recorded one by one, since the start.",
			func(s audit.Stats) float64 { return float64(s.Strangers) }},
		{"granary_audit_short", "1 while the disk is short of room, and refusals are counted only.",
			func(s audit.Stats) float64 { return yes[s.Short] }},
		{"granary_audit_on_reserve", "1 while the disk is full, and events go to the reserve.",
			func(s audit.Stats) float64 { return yes[s.OnReserve] }},
		{"granary_audit_failing", "1 while events cannot be recorded, and requests are refused.",
			func(s audit.Stats) float64 { return yes[s.Failing] }},
	} {
		m.gauge(g.name, g.help, func() float64 { return g.value(stats()) })
	}
}

// text writes all metrics, those of a name together.
func (m *metrics) text() []byte {
	m.mu.RLock()
	calls, took, gauges := maps.Clone(m.calls), maps.Clone(m.took), slices.Clone(m.gauges)
	m.mu.RUnlock()
	b := appendHead(nil, "granary_call_seconds", "histogram", "Time to answer, by service and operation.")
	for _, o := range slices.SortedFunc(maps.Keys(took), compareOperations) {
		b = took[o].append(b, o)
	}
	b = appendHead(b, "granary_calls_total", "counter", "Calls answered, by service, operation and code.")
	for _, a := range slices.SortedFunc(maps.Keys(calls), compareAnswered) {
		b = appendSample(b, "granary_calls_total", float64(calls[a].Load()), "code", a.code, "operation", a.name,
			"service", a.service)
	}
	for _, g := range gauges {
		b = appendSample(appendHead(b, g.name, g.kind, g.help), g.name, g.value())
	}
	return b
}

func (h *histogram) append(b []byte, o operation) []byte {
	var count uint64
	labels := []string{"operation", o.name, "service", o.service}
	for i := range h.counts {
		count += h.counts[i].Load()
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		b = appendSample(b, "granary_call_seconds_bucket", float64(count), append(labels, "le", bound)...)
	}
	b = appendSample(b, "granary_call_seconds_sum", time.Duration(h.nanos.Load()).Seconds(), labels...)
	return appendSample(b, "granary_call_seconds_count", float64(count), labels...)
}
