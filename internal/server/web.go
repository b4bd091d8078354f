package server

import (
	"net/http"

	"granary"
	"granary/internal/idtoken"
	"granary/internal/limit"
	"granary/internal/service/scim"
	"granary/internal/service/ssooidc"
)

// webHandler is the web door: SCIM, Granary's own issuer, health and metrics.
func (s *Server) webHandler() http.Handler {
	provisioning := scim.New(scim.Config{DB: s.db, Index: s.index, Audit: s.audit, Now: s.config.Now, Log: s.log, Region: s.config.Region, Base: s.WebURL,
		Lenient: s.config.Scim.Lenient, HideMembers: s.config.Scim.GroupMembers == "aws", KeepAll: s.config.Scim.MultiValued == "keep",
		ETags: s.config.Scim.ETags, Reads: s.config.Scim.Reads, Writes: s.config.Scim.Writes})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { // the doors open only when the index is built
		if err := s.index.Fresh(); err != nil {
			http.Error(w, granary.AsError(err).Message, http.StatusServiceUnavailable)
			return
		}
		w.Write([]byte("ok\n"))
	})
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		doc, err := idtoken.Discovery(s.WebURL())
		writeJSON(w, doc, err)
	})
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		doc, err := s.keySet()
		writeJSON(w, doc, err)
	})
	signIn := ssooidc.SignInHandler(ssooidc.SignInConfig{Index: s.index, Issuers: s.issuers, Audit: s.audit, Limit: limit.New(5, 100),
		VerifiedEmail: s.config.Identity.RequireVerifiedEmail, WebURL: s.WebURL, Now: s.config.Now})
	mux.Handle("GET /authorize", signIn)
	mux.Handle("GET /authorize/", signIn)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("This is Granary's web door. SCIM answers at /{tenant}/scim/v2, the AWS APIs and S3 at " + s.APIURL() + ".\n"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Granary")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if scim.Match(r.URL.Path) {
			provisioning.ServeHTTP(w, r) // before the mux, which would redirect doubled slashes
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// tokenIssuer is who identity tokens of an instance say that they are from: AWS's form, or this server, whose keys those are.
func (s *Server) tokenIssuer(instance string) string {
	if s.config.Identity.TokenIssuer == "web" {
		return s.WebURL()
	}
	return "https://identitycenter.amazonaws.com/" + instance
}

// keySet is what Granary's own tokens are verified with.
func (s *Server) keySet() ([]byte, error) {
	var signers []*idtoken.Signer
	for _, k := range s.index.SigningKeys() {
		signer, err := idtoken.NewSigner(k.ID, k.Secret)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	return idtoken.KeySet(signers...)
}

func writeJSON(w http.ResponseWriter, doc []byte, err error) {
	if err != nil {
		http.Error(w, "The document cannot be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Write(doc)
}
