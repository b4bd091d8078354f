package signin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/cause"
	"granary/internal/front"
	"granary/internal/idtoken"
	"granary/internal/seal"
)

// callback takes the browser back from the company's provider. Only the browser that set out can come back: it alone
// has the cookie (RFC 6749 §10.12).
func (b *browser) callback() front.Outcome {
	q := b.request.HTTP.URL.Query()
	v, err := b.underWay(b.request.HTTP, q.Get("state"))
	if err != nil {
		return b.page(http.StatusBadRequest, "", err)
	}
	b.setCookie(signInCookie+v.ID, "", 0)
	a, app, err := b.application(url.Values{"client_id": {string(v.Application)}, "redirect_uri": {v.RedirectURI},
		"state": {v.State}})
	if err != nil { // changed meanwhile
		return b.page(http.StatusBadRequest, app, err)
	}
	user, err := b.person(a, v, q)
	if err != nil {
		o := b.back(a, "access_denied", err)
		if b.proved {
			o.Events = []*audit.Event{b.event(a, user)}
		}
		o.Show = func(answer *front.Answer, decision string) { // the person can show it to an administrator
			b.redirect(
				a.address(url.Values{"error": {"access_denied"},
					"error_description": {answer.Message + " (decision " + decision + ")"}}))
		}
		return o
	}
	o := b.back(a, "server_error", nil)
	o.Events = []*audit.Event{b.event(a, user)}
	o.Actor = string(a.app.ARN)
	code := seal.SealCode(b.Index.Keys.Ring(), &granary.AuthorizationCode{ID: granary.Hex(32), Application: a.app.ARN,
		RedirectURI: v.RedirectURI, Challenge: v.Challenge,
		Store: a.center.Store, User: user.ID, Scopes: v.Scopes, Session: access.NewCredentialID(),
		Expires: b.Now().Add(codeLife)})
	o.Answer = b.redirect(a.address(url.Values{"code": {code}}))
	return o
}

// underWay opens the cookie of the sign-in that the provider's state names.
func (s *Handler) underWay(r *http.Request, state string) (*granary.SignIn, error) {
	lost := granary.Errorf(granary.Invalid, "This browser has no such sign-in under way, or it took longer than ten "+
		"minutes. Go back to the application and sign in again.").At(cause.BrowserLost)
	if len(state) != 32 || strings.Trim(state, "0123456789abcdef") != "" {
		return nil, lost
	}
	cookie, err := r.Cookie(signInCookie + state)
	if err != nil {
		return nil, lost
	}
	v, err := seal.OpenSignIn(s.Index.Keys.Ring(), cookie.Value)
	if err != nil || v.ID != state || !s.Now().Before(v.Expires) {
		return nil, lost
	}
	return v, nil
}

// person redeems the provider's code and finds whom its identity token means.
func (b *browser) person(a *asked, v *granary.SignIn, q url.Values) (*granary.User, error) {
	if e := q.Get("error"); e != "" {
		return nil, granary.Errorf(granary.Denied, "The identity provider refused the sign-in (%.100s): %.300s", e,
			q.Get("error_description")).At(cause.IssuerRefused)
	}
	if q.Get("code") == "" {
		return nil, granary.Errorf(granary.Invalid, "The identity provider sent the browser back without a code.").
			At(cause.IssuerRefused)
	}
	rp, issuer, err := b.relyingParty(a.center)
	if err != nil {
		return nil, err
	}
	if iss := q.Get("iss"); iss != "" && iss != rp.Issuer { // RFC 9207
		return nil, granary.Errorf(granary.Invalid, "The sign-in came back from another identity provider.").
			At(cause.IssuerOther, "issuer", rp.Issuer)
	}
	ctx, cancel := b.request.Context()
	defer cancel()
	claims, err := b.Issuers.Redeem(ctx, rp, q.Get("code"), v.Verifier, v.Nonce, issuer.Claim,
		idtoken.Expect{Now: b.Now(), Skew: b.Issuers.Skew})
	if err != nil {
		return nil, providerError(err, issuer)
	}
	b.proved = true
	user, err := access.PersonOf(b.Index, a.center.Store, issuer, claims, b.VerifiedEmail)
	if err != nil {
		return nil, err
	}
	return user, access.Admit(b.Index, a.app, a.center, user)
}

// providerError adds to an error at which link of the chain the provider, or its answer, failed.
func providerError(err error, issuer *granary.Issuer) error {
	broke := cause.TokenSignIn
	switch {
	case errors.Is(err, idtoken.ErrUnreachable):
		broke = cause.IssuerUnreachable
	case errors.Is(err, idtoken.ErrAudience):
		broke = cause.AudienceSignIn
	}
	return granary.AsError(err).At(broke, "issuer", issuer.URL, "issuerArn", string(issuer.ARN()))
}

// event records the person and the application of a sign-in, as CloudTrail does for Identity Center (user guide,
// "Understanding sign-in events").
func (b *browser) event(a *asked, user *granary.User) *audit.Event {
	e := &audit.Event{EventSource: "signin.amazonaws.com", EventName: "UserAuthentication", AWSRegion: a.center.Region,
		EventType: "AwsServiceEvent", ManagementEvent: true, EventCategory: "Management",
		RecipientAccountID: string(a.center.Account),
		UserIdentity:       &audit.UserIdentity{Type: "IdentityCenterUser", AccountID: string(a.center.Account)}}
	if user != nil {
		e.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{UserID: string(user.ID), UserName: user.UserName,
			IdentityStoreARN: string(a.center.StoreARN())}
	}
	// texts only
	e.AdditionalEventData, _ = json.Marshal(map[string]string{"applicationArn": string(a.app.ARN),
		"CredentialType": "EXTERNAL_IDP"})
	return e
}
