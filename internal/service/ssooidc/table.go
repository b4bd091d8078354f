// Package ssooidc exchanges a person's corporate sign-in for tokens of Identity Center: CreateTokenWithIAM.
// It checks in AWS's order (token, person, assignment, scopes) and writes one thing, the record that a token was used.
package ssooidc

import (
	"time"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssooidc"
	"granary/internal/awsapi"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/limit"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB              *store.DB
	Index           *index.Index
	Issuers         *idtoken.Verifier // the companies' identity providers
	Rule            access.IssuerRule // who vouches for people
	ContextLifetime time.Duration     // of context assertions
	VerifiedEmail   bool              // tokens mapped by address must say email_verified
	Exchanges       int               // a second, of one application; 0: any number
	Endpoint        func() string     // of this API, for clients that ask in another Region
	TokenIssuer     func(instance string) string
	SessionLifetime time.Duration // from the exchange of a corporate token to the end of its refresh tokens
}

type service struct {
	Config
	signers  signers
	outcomes outcomes
	limit    *limit.By[granary.ARN] // nil: none
}

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "InvalidRequestException",
	granary.Denied:          "AccessDeniedException",
	granary.NotFound:        "InvalidClientException",
	granary.Unauthenticated: "InvalidClientException",
	granary.Throttled:       "SlowDownException",
	granary.NotImplemented:  "UnsupportedGrantTypeException",
	granary.Unavailable:     "InternalServerException",
	granary.Internal:        "InternalServerException",
}

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{Config: c}
	if c.Exchanges > 0 {
		s.limit = limit.NewBy[granary.ARN](float64(c.Exchanges), 2*c.Exchanges)
	}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "sso-oauth", Source: "sso-oauth.amazonaws.com",
		Codes:     codes,
		Malformed: "InvalidRequestException", AnyRegion: true,
		Rows: []awsapi.Row{
			awsapi.OnInside(api.CreateTokenWithIAM, s.createTokenWithIAM), // decided by the application's actor policy
		},
	}
}
