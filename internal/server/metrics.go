package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts calls by operation and answer. Names of users, buckets and keys are no labels: they have no end.
type metrics struct {
	registry *prometheus.Registry
	calls    *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "granary_calls_total", Help: "Calls answered, by service, operation and code."}, []string{"service", "operation", "code"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "granary_call_seconds", Help: "Time to answer, by service and operation.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10)}, []string{"service", "operation"})}
	m.registry.MustRegister(m.calls, m.took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// age is how old what this node knows may be.
func (m *metrics) age(of func() time.Duration) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "granary_state_age_seconds",
		Help: "For how long this node has had no word from a database that nodes share; beyond 2 it refuses everything."}, func() float64 { return of().Seconds() }))
}

func (m *metrics) observe(service, operation, code string, took time.Duration) {
	m.calls.WithLabelValues(service, operation, code).Inc()
	m.took.WithLabelValues(service, operation).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
