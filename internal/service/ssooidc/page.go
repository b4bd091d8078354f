package ssooidc

import (
	"html/template"
	"net/http"

	"granary"
	"granary/internal/awsapi"
	"granary/internal/seal"
)

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign-in failed</title>
<style>
 body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f1ea;color:#2b2a27;display:grid;place-items:center;min-height:100vh}
 main{background:#fff;padding:2rem 2.5rem;border-radius:12px;box-shadow:0 2px 24px #0001;max-width:30rem;width:calc(100% - 3rem);box-sizing:border-box}
 h1{font-size:1.25rem;margin:0 0 .5rem} p{margin:0;overflow-wrap:anywhere} small{display:block;margin-top:1.25rem;padding-top:.75rem;border-top:1px solid #e8e2d6;color:#6b675f}
 code{display:block;margin-top:.25rem;font-size:.75rem;overflow-wrap:anywhere}
 @media(prefers-color-scheme:dark){body{background:#1f1e1b;color:#ece8e0} main{background:#2b2a26;box-shadow:none} small{border-color:#45423b;color:#a8a294}}
</style></head><body><main><h1>You could not be signed in</h1><p>{{.Why}}</p><small>Nothing was given to the application. If this happens again, show this page to whoever runs it.{{with .Decision}} The decision id, which <b>granary explain</b> tells more of, is <code>{{.}}</code>{{end}}</small></main></body></html>
`))

// page tells the person in the browser what is wrong, where there is no application to send the browser back to.
func (s *signIns) page(w http.ResponseWriter, r *http.Request, status int, app granary.ARN, err error) {
	id := s.refused(w, r, app, err)
	noStore(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = errorPage.Execute(w, struct{ Why, Decision string }{granary.AsError(err).Message, id}) // the browser may be gone
}

// refused answers with a decision id, and returns it. Nobody is known yet whom an event could be about: what there is to explain is
// sealed into the id.
func (s *signIns) refused(w http.ResponseWriter, r *http.Request, app granary.ARN, err error) string {
	why := awsapi.WhyOf(err)
	if why == nil {
		return ""
	}
	id := seal.SealRefusal(s.Index.Ring(), &granary.Refusal{At: s.Now().UTC(), Service: "signin", Operation: "UserAuthentication", Code: "AccessDenied", Message: granary.AsError(err).Message,
		Link: why.Link, Cause: why.Cause, SourceAddr: s.source(r).Unmap().String(), Application: app})
	w.Header().Set(awsapi.DecisionHeader, id)
	return id
}

// noStore keeps codes out of caches and out of the next page's Referer.
func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
}
