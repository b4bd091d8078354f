package signin

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"

	"granary"
	"granary/internal/front"
)

var errorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
	<title>Sign-in failed</title>
<style>
 body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f1ea;color:#2b2a27;display:grid;place-items:center;
 	min-height:100vh}
 main{background:#fff;padding:2rem 2.5rem;border-radius:12px;box-shadow:0 2px 24px #0001;max-width:30rem;
 	width:calc(100% - 3rem);box-sizing:border-box}
 h1{font-size:1.25rem;margin:0 0 .5rem} p{margin:0;overflow-wrap:anywhere} small{display:block;margin-top:1.25rem;
 	padding-top:.75rem;border-top:1px solid #e8e2d6;color:#6b675f}
 code{display:block;margin-top:.25rem;font-size:.75rem;overflow-wrap:anywhere}
 @media(prefers-color-scheme:dark){body{background:#1f1e1b;color:#ece8e0} main{background:#2b2a26;box-shadow:none}
 	small{border-color:#45423b;color:#a8a294}}
</style></head><body><main><h1>You could not be signed in</h1><p>{{.Why}}</p><small>Nothing was given to the
	application. If this happens again, show this page to whoever runs it.{{with .Decision}} The decision id, which <b>
	granary explain</b> tells more of, is <code>{{.}}</code>{{end}}</small></main></body></html>
`))

// outcome is that of a browser's request, which went well as long as nothing is said.
func (b *browser) outcome(operation string) front.Outcome {
	return front.Outcome{Service: "signin", Operation: operation}
}

// refused is the outcome of a sign-in that failed. Nobody is known yet whom an event could be about: what there is to
// explain is sealed into the decision id.
func (b *browser) refused(app granary.ARN, err error) front.Outcome {
	o := b.outcome("UserAuthentication")
	o.Err, o.Note = err, granary.Refusal{Application: app}
	return o
}

// page tells the person in the browser what is wrong, where there is no application to send the browser back to.
func (b *browser) page(status int, app granary.ARN, err error) front.Outcome {
	o := b.refused(app, err)
	draw := func(a *front.Answer, decision string) {
		var text bytes.Buffer
		// a buffer never fails
		_ = errorPage.Execute(&text, struct{ Why, Decision string }{granary.AsError(o.Err).Message, decision})
		a.Body = text.Bytes()
	}
	o.Word = func(err error) front.Answer {
		b.header.Set("Content-Type", "text/html; charset=utf-8")
		b.header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		a := front.Answer{Status: status, Code: "AccessDenied", Message: granary.AsError(err).Message, Header: b.header}
		draw(&a, "")
		return a
	}
	o.Show = draw
	return o
}

// back sends the browser to the application with OAuth's word for an error.
func (b *browser) back(a *asked, oauth string, err error) front.Outcome {
	o := b.refused(a.app.ARN, err)
	o.Word = func(err error) front.Answer {
		why := granary.AsError(err).Message
		answer := b.redirect(a.address(url.Values{"error": {oauth}, "error_description": {why}}))
		answer.Code, answer.Message = "AccessDenied", why
		return answer
	}
	o.Show = func(*front.Answer, string) {} // the header tells the decision id; there is no page
	return o
}

func (b *browser) redirect(to string) front.Answer {
	b.header.Set("Location", to)
	return front.Answer{Status: http.StatusSeeOther, Header: b.header}
}
