package ssooidc

import (
	"encoding/json"
	"strings"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/index"
	"granary/internal/policy"
)

// The grant types (SSO OIDC API, CreateTokenWithIAM).
const (
	grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
	grantRefresh   = "refresh_token"
	grantCode      = "authorization_code"
)

// exchange is one CreateTokenWithIAM under way.
type exchange struct {
	call   *awsapi.Call
	in     *api.CreateTokenWithIAMInput
	app    *index.Application
	center *granary.IdentityCenter
	hash   []byte // tells a retry from another request; nil: nothing does
}

func (s *service) createTokenWithIAM(c *awsapi.Call, in *api.CreateTokenWithIAMInput) (*api.CreateTokenWithIAMOutput,
	error) {
	e := &exchange{call: c, in: in, hash: requestHash(c, in)}
	if err := c.Check(func(*awsapi.Call) error { return e.identify(s.Index) }); err != nil {
		return nil, err
	}
	switch in.GrantType {
	case grantJWTBearer, grantExchange, grantRefresh, grantCode:
	default:
		return nil, granary.Errorf(granary.Invalid, "The grant type %q is none of %s, %s, %s and %s.", in.GrantType,
			grantCode, grantRefresh, grantJWTBearer,
			grantExchange).WithCode("UnsupportedGrantTypeException")
	}
	if err := c.Check(func(c *awsapi.Call) error { return e.authorize(c, s.Endpoint()) }); err != nil {
		return nil, err
	}
	if e.in.Scope != nil && len(e.in.Scope) == 0 {
		return nil, granary.Errorf(granary.Invalid, "The list of scopes is empty: name those that are wanted, or leave the "+
			"member scope out for all of the application's.").
			WithCode("InvalidScopeException")
	}
	if s.limit != nil && !s.limit.Allow(e.app.ARN) {
		return nil, granary.Errorf(granary.Throttled, "The application asks for more than %d exchanges a second.",
			s.Exchanges)
	}
	switch in.GrantType {
	case grantJWTBearer:
		return s.outcomes.once(e, s.Index, func() (*api.CreateTokenWithIAMOutput, error) { return s.bearer(e) })
	case grantRefresh:
		return s.refresh(e)
	case grantExchange:
		return s.exchange(e)
	}
	return s.outcomes.once(e, s.Index, func() (*api.CreateTokenWithIAMOutput, error) { return s.code(e) })
}

func notConfigured(grant string) error {
	return granary.Errorf(granary.Invalid, "The application has no grant of type %s: put one with sso-admin "+
		"PutApplicationGrant.", grant).
		WithCode("UnauthorizedClientException").At(cause.ApplicationNoGrant, "grantType", grant)
}

// identify finds the application the client id names. An ARN that names none is an invalid client, as OAuth says it.
func (e *exchange) identify(x *index.Index) error {
	arn := granary.ARN(granary.CollapseSSO(e.in.ClientId))
	app, ok := x.Center.Application(arn)
	if ok {
		e.center, ok = x.Center.InstanceByID(app.Instance)
	}
	if !ok {
		return granary.Errorf(granary.NotFound, "There is no application %q; clientId must be the ARN of an Identity "+
			"Center application.", e.in.ClientId).
			WithCode("InvalidClientException").At(cause.ApplicationMissing, "application", e.in.ClientId)
	}
	e.app = app
	return nil
}

// authorize asks the application's actor policy, without which nobody may exchange, and the caller's own policies
// (identity-center §8). Which half failed is told only to callers in the application's account.
func (e *exchange) authorize(c *awsapi.Call, endpoint string) error {
	refused := granary.Errorf(granary.Denied, "Access denied.").At(cause.PolicyActor, "application", string(e.app.ARN),
		"owner", string(e.app.Account))
	same := c.Caller.Account == e.app.Account
	if e.app.Actor == nil {
		refused.Why.Cause = cause.ApplicationNoActors
		if same {
			refused.Message = "The application has no authentication method, so nobody may exchange tokens through it: put " +
				"one with sso-admin PutApplicationAuthenticationMethod."
		}
		return refused
	}
	d := c.Decide(authz.Request{Action: "sso-oauth:CreateTokenWithIAM", Resource: string(e.app.ARN), Owner: e.app.Account,
		Policy: e.app.Actor, Trust: true})
	if !d.Allowed {
		if same {
			refused.Message = "User: " + string(c.Caller.ARN) + " is not authorized to perform: sso-oauth:CreateTokenWithIAM " +
				"on resource: " +
				string(e.app.ARN) + ": " + half(&d) + "."
		}
		return refused
	}
	if e.app.Disabled {
		return granary.Errorf(granary.Denied, "The application %s is disabled.", e.app.ARN).At(cause.ApplicationDisabled,
			"application", string(e.app.ARN))
	}
	if e.call.Region != e.center.Region {
		return granary.Errorf(granary.Invalid, "The Identity Center instance is in %s, and the request was signed for %s.",
			e.center.Region, e.call.Region).
			WithCode("InvalidRequestRegionException").With("region", e.center.Region).With("endpoint", endpoint)
	}
	return nil
}

// half says which of the two sides refuses: the application's, or the caller's own.
func half(d *authz.Decision) string {
	side, verb := "the caller's own policies", " deny"
	if d.Layer == policy.LayerResource {
		side, verb = "the application's actor policy", " denies"
	}
	switch {
	case d.Explicit && d.Layer != policy.LayerIdentity && d.Layer != policy.LayerResource:
		return "a " + d.Layer.String() + " policy of the caller denies it"
	case d.Explicit:
		return side + verb + " it explicitly"
	case d.Layer == policy.LayerResource:
		return side + " does not name the caller"
	case d.Layer == policy.LayerIdentity:
		return "the application's actor policy names the caller's account, and so " + side + " must allow it too"
	}
	return "no " + d.Layer.String() + " policy of the caller allows it"
}

func missing(member string) error {
	return granary.Errorf(granary.Invalid, "The grant type needs the member %s.",
		member).WithCode("InvalidRequestException")
}

func invalidGrant(format string, args ...any) *granary.Error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidGrantException")
}

// record leaves who came, through what, with which scopes: never a token (identity-center §16). issuer is what vouched
// for the person; an earlier exchange did when it is empty.
func (e *exchange) record(session *session, issuer granary.ARN, scopes []string) {
	extra := map[string]string{"applicationArn": string(e.app.ARN), "userId": string(session.User),
		"identityStoreArn": string(e.center.StoreARN()), "credentialId": session.ID, "scope": strings.Join(scopes, " ")}
	if issuer != "" {
		extra["trustedTokenIssuerArn"] = string(issuer)
	}
	e.call.Event.AdditionalEventData, _ = json.Marshal(extra)
	e.call.ForPerson(e.center.Store, e.center.StoreARN(), session.User)
}
