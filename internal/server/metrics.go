package server

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"

	"granary/internal/audit"
)

// metrics counts calls by operation and answer, and tells them in Prometheus' text format. Names of users, buckets and
// keys are no labels: they have no end. It is safe for concurrent use.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *durations
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), took: newDurations(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "granary_calls_total",
			Help: "Calls answered, by service, operation and code."}, []string{"service", "operation", "code"})}
	m.registry.MustRegister(m.calls, m.took, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts one answered call.
func (m *metrics) observe(service, name, code string, took time.Duration) {
	m.calls.WithLabelValues(service, name, code).Inc()
	m.took.observe(operation{service, name}, took)
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
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
func (m *metrics) text() ([]byte, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	to := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := to.Encode(f); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// durations is a histogram of each operation's time to answer. It is a collector of our own, since the library's
// histograms add up floating numbers, of which small ones vanish beside a large sum.
type durations struct {
	mu   sync.RWMutex
	of   map[operation]*histogram
	desc *prometheus.Desc
}

// operation is the labels of a histogram.
type operation struct{ service, name string }

// histogram counts durations by upper bounds.
type histogram struct {
	counts [len(bounds) + 1]atomic.Uint64 // the last is of those beyond every bound
	nanos  atomic.Int64                   // sum
}

// bounds are the histogram's upper bounds in seconds: 0.1 ms, and three times as much each time.
var bounds = [...]float64{0.0001, 0.0003, 0.0009, 0.0027, 0.0081, 0.0243, 0.0729, 0.2187, 0.6561, 1.9683}

func newDurations() *durations {
	return &durations{of: map[operation]*histogram{}, desc: prometheus.NewDesc("granary_call_seconds",
		"Time to answer, by service and operation.", []string{"service", "operation"}, nil)}
}

func (d *durations) observe(o operation, took time.Duration) {
	d.mu.RLock()
	h := d.of[o]
	d.mu.RUnlock()
	if h == nil {
		h = d.begin(o)
	}
	h.nanos.Add(int64(took))
	i, _ := slices.BinarySearch(bounds[:], took.Seconds())
	h.counts[i].Add(1)
}

// begin makes the histogram of an operation that is the first of its kind.
func (d *durations) begin(o operation) *histogram {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.of[o] == nil {
		d.of[o] = &histogram{}
	}
	return d.of[o]
}

// Describe and Collect make it a collector of the library.
func (d *durations) Describe(to chan<- *prometheus.Desc) { to <- d.desc }

func (d *durations) Collect(to chan<- prometheus.Metric) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for o, h := range d.of {
		var count uint64
		below := make(map[float64]uint64, len(bounds))
		for i, bound := range bounds {
			count += h.counts[i].Load()
			below[bound] = count
		}
		count += h.counts[len(bounds)].Load()
		to <- prometheus.MustNewConstHistogram(d.desc, count, time.Duration(h.nanos.Load()).Seconds(), below, o.service,
			o.name)
	}
}
