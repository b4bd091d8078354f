package ssooidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/limit"
	"granary/internal/seal"
)

// SignInConfig is what the sign-in works with.
type SignInConfig struct {
	Index         *index.Index
	Issuers       *idtoken.Verifier
	Audit         *audit.Log
	Limit         *limit.BySource // browsers that nobody knows yet
	VerifiedEmail bool
	WebURL        func() string
	Now           func() time.Time
}

// callback takes the browser back from the company's provider. Only the browser that set out can come back: it alone has the
// cookie (RFC 6749 §10.12).
func (s *signIns) callback(w http.ResponseWriter, r *http.Request) {
	if !s.Limit.Allow(s.source(r)) {
		s.page(w, r, http.StatusTooManyRequests, "", errTooMany)
		return
	}
	q := r.URL.Query()
	v, err := s.underWay(r, q.Get("state"))
	if err != nil {
		s.page(w, r, http.StatusBadRequest, "", err)
		return
	}
	s.setCookie(w, signInCookie+v.ID, "", 0)
	a, app, err := s.application(url.Values{"client_id": {string(v.Application)}, "redirect_uri": {v.RedirectURI}, "state": {v.State}})
	if err != nil { // changed meanwhile
		s.page(w, r, http.StatusBadRequest, app, err)
		return
	}
	user, err := s.person(r, a, v, q)
	id, rerr := s.record(r, a, user, err)
	if rerr != nil {
		a.back(w, r, "server_error", "The sign-in could not be recorded.")
		return
	}
	if err != nil {
		why := granary.AsError(err).Message
		if id != "" { // for whoever the person asks
			w.Header().Set(awsapi.DecisionHeader, id)
			why += " (decision " + id + ")"
		}
		a.back(w, r, "access_denied", why)
		return
	}
	code := seal.SealCode(s.Index.Ring(), &granary.AuthorizationCode{ID: granary.Hex(32), Application: a.app.ARN, RedirectURI: v.RedirectURI, Challenge: v.Challenge,
		Store: a.center.Store, User: user.ID, Scopes: v.Scopes, Session: credentialID(), Expires: s.Now().Add(codeLife)})
	a.answer(w, r, url.Values{"code": {code}})
}

// underWay opens the cookie of the sign-in that the provider's state names.
func (s *signIns) underWay(r *http.Request, state string) (*granary.SignIn, error) {
	lost := granary.Errorf(granary.Invalid, "This browser has no such sign-in under way, or it took longer than ten minutes. Go back to the application and sign in again.").At("browser", "lost")
	if len(state) != 32 || strings.Trim(state, "0123456789abcdef") != "" {
		return nil, lost
	}
	cookie, err := r.Cookie(signInCookie + state)
	if err != nil {
		return nil, lost
	}
	v, err := seal.OpenSignIn(s.Index.Ring(), cookie.Value)
	if err != nil || v.ID != state || !s.Now().Before(v.Expires) {
		return nil, lost
	}
	return v, nil
}

// person redeems the provider's code and finds whom its identity token means.
func (s *signIns) person(r *http.Request, a *asked, v *granary.SignIn, q url.Values) (*granary.User, error) {
	if e := q.Get("error"); e != "" {
		return nil, granary.Errorf(granary.Denied, "The identity provider refused the sign-in (%.100s): %.300s", e, q.Get("error_description")).At("issuer", "refused")
	}
	if q.Get("code") == "" {
		return nil, granary.Errorf(granary.Invalid, "The identity provider sent the browser back without a code.").At("issuer", "refused")
	}
	rp, issuer, err := s.relyingParty(a.center)
	if err != nil {
		return nil, err
	}
	if iss := q.Get("iss"); iss != "" && iss != rp.Issuer { // RFC 9207
		return nil, granary.Errorf(granary.Invalid, "The sign-in came back from another identity provider.").At("issuer", "other", "issuer", rp.Issuer)
	}
	claims, err := s.Issuers.Redeem(r.Context(), rp, q.Get("code"), v.Verifier, v.Nonce, issuer.Claim, idtoken.Expect{Now: s.Now(), Skew: s.Issuers.Skew})
	if err != nil {
		return nil, signInWhy(err, issuer)
	}
	user, err := findPerson(s.Index, a.center.Store, issuer, claims, s.VerifiedEmail)
	if err != nil {
		return nil, err
	}
	return user, access.Admit(s.Index, a.app, a.center, user)
}

// signInWhy says at which link the provider, or what it answered, was not good enough.
func signInWhy(err error, issuer *granary.Issuer) error {
	link, cause := "token", "sign-in"
	switch {
	case errors.Is(err, idtoken.ErrUnreachable):
		link, cause = "issuer", "unreachable"
	case errors.Is(err, idtoken.ErrAudience):
		link, cause = "audience", "sign-in"
	}
	return granary.AsError(err).At(link, cause, "issuer", issuer.URL, "issuerArn", string(issuer.ARN()))
}

func (s *signIns) source(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr()
}

// record leaves who signed in to what, as CloudTrail has it for Identity Center (user guide, "Understanding sign-in events"). It returns
// the id that a refusal can be explained by.
func (s *signIns) record(r *http.Request, a *asked, user *granary.User, failed error) (decision string, err error) {
	e := &audit.Event{EventVersion: "1.11", EventTime: s.Now().UTC().Format(time.RFC3339), EventSource: "signin.amazonaws.com", EventName: "UserAuthentication",
		AWSRegion: a.center.Region, SourceIPAddress: s.source(r).Unmap().String(), UserAgent: r.UserAgent(), RequestID: granary.UUID(), EventID: granary.TimedUUID(s.Now()),
		EventType: "AwsServiceEvent", ManagementEvent: true, EventCategory: "Management", RecipientAccountID: string(a.center.Account),
		UserIdentity: &audit.UserIdentity{Type: "IdentityCenterUser", AccountID: string(a.center.Account)}}
	if user != nil {
		e.UserIdentity.OnBehalfOf = &audit.OnBehalfOf{UserID: string(user.ID), IdentityStoreARN: string(a.center.StoreARN())}
	}
	if failed != nil {
		e.ErrorCode, e.ErrorMessage = "AccessDenied", granary.AsError(failed).Message
		e.Decision = awsapi.DecisionOf(failed, nil, nil)
	}
	e.AdditionalEventData, _ = json.Marshal(map[string]string{"applicationArn": string(a.app.ARN), "CredentialType": "EXTERNAL_IDP"}) // texts only
	if e.Decision != nil {
		decision = e.EventID
	}
	return decision, s.Audit.Record(e)
}
