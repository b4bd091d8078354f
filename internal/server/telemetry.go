package server

import (
	"net/http"

	"granary"
	"granary/internal/front"
)

// telemetryDoor tells monitoring systems the metrics and the health of the server, on an address of its own.
type telemetryDoor struct{ *Server }

func (d telemetryDoor) door(r *http.Request) front.Door {
	if r.URL.Path == "/metrics" {
		return metricsPage{d.Server, false}
	}
	return pages(d)
}

func (d telemetryDoor) Serve(r *front.Request) front.Outcome {
	if !watched(r.HTTP.URL.Path) {
		return refusePage(r, http.StatusNotFound,
			granary.Errorf(granary.NotFound, "There is nothing at this path; /metrics, /healthz and /readyz are here."))
	}
	return d.door(r.HTTP).Serve(r)
}

func (d telemetryDoor) Refuse(r *front.Request, err error) front.Outcome {
	return d.door(r.HTTP).Refuse(r, err)
}

func (d telemetryDoor) AnswersAlways(*http.Request) bool { return true }

// metricsPage is the metrics in Prometheus' text format. On the web door, which strangers reach, it is for this machine
// only.
type metricsPage struct {
	*Server
	local bool
}

func (p metricsPage) Serve(r *front.Request) front.Outcome {
	h := r.HTTP.Header
	forwarded := len(h["Forwarded"])+len(h["X-Forwarded-For"])+len(h["X-Real-Ip"])+len(h["Via"]) > 0
	if p.local && (!r.Source.IsLoopback() || forwarded) {
		return refusePage(r, http.StatusNotFound, granary.Errorf(granary.NotFound, "There is nothing at this path."))
	}
	text, err := p.metrics.text()
	if err != nil {
		return refusePage(r, http.StatusInternalServerError,
			granary.Wrap(granary.Unavailable, "The metrics cannot be gathered.", err))
	}
	return front.Outcome{Service: "web", Operation: "/metrics", Quiet: true,
		Answer: front.Answer{Status: http.StatusOK, Body: text,
			Header: http.Header{"Content-Type": {"text/plain; version=0.0.4; charset=utf-8"}}}}
}

func (p metricsPage) Refuse(r *front.Request, err error) front.Outcome {
	return pages{p.Server}.Refuse(r, err)
}
