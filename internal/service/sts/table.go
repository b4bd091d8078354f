// Package sts answers the Security Token Service: who am I, and let me be that role. It issues sessions and stores
// nothing; package seal makes the keys, package policy decides.
//
//	AssumeRoleWithWebIdentity: provider ─ token ─ the same, for the provider instead of a caller
//	AssumeRole: parameters ─ role ─ context assertion ─ trust (AssumeRole, TagSession, SetSourceIdentity, SetContext)
//	            ─ duration ─ session policies ─ issue
package sts

import (
	"granary"
	api "granary/internal/api/sts"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/idtoken"
	"granary/internal/index"
)

// Config is what the service works with.
type Config struct {
	Index *index.Index
	Authn *authn.Authenticator
	Authz *authz.Authorizer

	Issuers *idtoken.Verifier
}

type service struct{ Config }

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "ValidationError",
	granary.Denied:          "AccessDenied",
	granary.Unauthenticated: "InvalidClientTokenId",
	granary.NotFound:        "ValidationError",
	granary.NotImplemented:  "InvalidAction",
	granary.Throttled:       "Throttling",
	granary.Unavailable:     "ServiceUnavailable",
	granary.Internal:        "InternalFailure",
}

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "sts", Source: "sts.amazonaws.com",
		Codes: codes,
		Rows: []awsapi.Row{
			awsapi.OnInside(api.AssumeRole, s.assumeRole), // decided by the role's trust policy
			awsapi.OnUnsigned(api.AssumeRoleWithWebIdentity, s.assumeRoleWithWebIdentity),
			awsapi.OnAnyone(api.GetSessionToken, s.getSessionToken), // needs no permission and cannot be denied
			awsapi.On(api.GetFederationToken, checkFederation, s.getFederationToken),
			awsapi.On(api.DecodeAuthorizationMessage, anyResource[api.DecodeAuthorizationMessageInput],
				s.decodeAuthorizationMessage),
			awsapi.OnAnyone(api.GetCallerIdentity, s.getCallerIdentity),
			awsapi.On(api.GetAccessKeyInfo, anyResource[api.GetAccessKeyInfoInput], s.getAccessKeyInfo),
		},
	}
}

// anyResource is the check of an operation that no resource can be named for.
func anyResource[In any](*awsapi.Call, *In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}
