package server

import (
	"net/http"
	"strings"

	"granary"
	"granary/internal/disk"
	"granary/internal/front"
	"granary/internal/idtoken"
	"granary/internal/limit"
	"granary/internal/service/scim"
	"granary/internal/signin"
)

// webDoor answers identity providers, browsers and whoever watches the server: SCIM, sign-in, Granary's own issuer,
// health.
type webDoor struct {
	*Server
	scim   *scim.Handler
	signIn *signin.Handler
}

func (s *Server) newWebDoor() *webDoor {
	return &webDoor{Server: s,
		scim: scim.New(scim.Config{DB: s.db, Index: s.index, Now: s.config.Now, Log: s.log, Uses: &s.uses.Uses,
			Region: s.config.Region, Base: s.WebURL,
			Lenient: s.config.Scim.Lenient, HideMembers: s.config.Scim.GroupMembers == "aws",
			KeepAll: s.config.Scim.MultiValued == "keep",
			ETags:   s.config.Scim.ETags, Reads: s.config.Scim.Reads, Writes: s.config.Scim.Writes}),
		signIn: signin.New(signin.Config{Index: s.index, Issuers: s.issuers, Rule: s.rule,
			Limit:         limit.New(5, 100),
			VerifiedEmail: s.config.Identity.RequireVerifiedEmail, WebURL: s.WebURL, Now: s.config.Now})}
}

// door finds who answers a path. SCIM comes first, whose paths may have doubled slashes.
func (d *webDoor) door(r *http.Request) front.Door {
	switch path := r.URL.Path; {
	case scim.Match(path):
		return d.scim
	case path == "/authorize" || strings.HasPrefix(path, "/authorize/"):
		return d.signIn
	case path == "/metrics" && d.telemetry.listener == nil:
		return metricsPage{d.Server, true}
	default:
		return pages{d.Server}
	}
}

// Serve answers a request.
func (d *webDoor) Serve(r *front.Request) front.Outcome { return d.door(r.HTTP).Serve(r) }

// Refuse words a refusal of the reception's own.
func (d *webDoor) Refuse(r *front.Request, err error) front.Outcome {
	return d.door(r.HTTP).Refuse(r, err)
}

// AnswersAlways reports whether the path is answered on a node that is not up to date.
func (d *webDoor) AnswersAlways(r *http.Request) bool { return watched(r.URL.Path) }

// watched reports whether a path is one that watches the server.
func watched(path string) bool { return path == "/healthz" || path == "/readyz" || path == "/metrics" }

// pages are the small documents of the web door.
type pages struct{ *Server }

func (p pages) Serve(r *front.Request) front.Outcome {
	path := r.HTTP.URL.Path
	page, ok := map[string]func() (front.Answer, error){
		"/": p.about, "/healthz": p.alive, "/readyz": p.ready,
		"/.well-known/openid-configuration": p.discovery, "/.well-known/jwks.json": p.keys,
	}[path]
	if !ok {
		return refusePage(r, http.StatusNotFound, granary.Errorf(granary.NotFound, "There is nothing at this path."))
	}
	if m := r.HTTP.Method; m != http.MethodGet && m != http.MethodHead {
		return refusePage(r, http.StatusMethodNotAllowed, granary.Errorf(granary.Invalid, "Only GET is possible here."))
	}
	a, err := page()
	if err != nil {
		return p.Refuse(r, err)
	}
	return front.Outcome{Service: "web", Operation: path, Quiet: true, Answer: a}
}

func (p pages) Refuse(r *front.Request, err error) front.Outcome {
	status := http.StatusInternalServerError
	switch granary.KindOf(err) {
	case granary.Unavailable:
		status = http.StatusServiceUnavailable
	case granary.Invalid:
		status = http.StatusBadRequest
	}
	return refusePage(r, status, err)
}

// refusePage refuses in a text. The operation of a path that is not there is not named: metrics have no room for what
// strangers make up.
func refusePage(r *front.Request, status int, err error) front.Outcome {
	operation := "unknown"
	if watched(r.HTTP.URL.Path) {
		operation = r.HTTP.URL.Path
	}
	return front.Outcome{Service: "web", Operation: operation, Err: err, Word: func(err error) front.Answer {
		message := granary.AsError(err).Message
		a := front.Text(status, message+"\n")
		a.Code, a.Message = http.StatusText(status), message
		if status == http.StatusMethodNotAllowed {
			a.Header.Set("Allow", "GET, HEAD")
		}
		return a
	}}
}

func (p pages) about() (front.Answer, error) {
	return front.Text(http.StatusOK, "This is Granary's web door. SCIM answers at /{tenant}/scim/v2, the AWS APIs "+
		"and S3 at "+p.APIURL()+".\n"), nil
}

func (p pages) alive() (front.Answer, error) { return front.Text(http.StatusOK, "ok\n"), nil }

// ready is asked by load balancers. The doors open only when the index is built.
func (p pages) ready() (front.Answer, error) {
	if err := p.reception.Ready(); err != nil {
		return front.Answer{}, err
	}
	return front.Text(http.StatusOK, "ok\n"), p.room()
}

func (p pages) discovery() (front.Answer, error) {
	doc, err := idtoken.Discovery(p.WebURL())
	return document(doc), err
}

func (p pages) keys() (front.Answer, error) {
	doc, err := p.keySet()
	return document(doc), err
}

func document(doc []byte) front.Answer {
	return front.Answer{Status: http.StatusOK, Body: doc,
		Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {"max-age=300"},
			"X-Content-Type-Options": {"nosniff"}}}
}

// fullDisk is the room at which a disk is taken for full, in bytes.
const fullDisk = 1 << 20

// room says that the disk of the data directory is full, so that nothing can be stored.
func (s *Server) room() error {
	free, total, err := disk.Space(s.config.Data)
	if err == nil && total > 0 && free < fullDisk {
		return granary.Errorf(granary.Unavailable, "The disk of the data directory is full: what would have to be stored "+
			"is refused.")
	}
	return nil
}

// tokenIssuer is who identity tokens of an instance say that they are from: AWS's form, or this server, whose keys
// those are.
func (s *Server) tokenIssuer(instance string) string {
	if s.config.Identity.TokenIssuer == "web" {
		return s.WebURL()
	}
	return "https://identitycenter.amazonaws.com/" + instance
}

// keySet is what Granary's own tokens are verified with.
func (s *Server) keySet() ([]byte, error) {
	var signers []*idtoken.Signer
	for _, k := range s.index.Keys.Signing() {
		signer, err := idtoken.NewSigner(k.ID, k.Secret)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	return idtoken.KeySet(signers...)
}
