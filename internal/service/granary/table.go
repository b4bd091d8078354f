// Package granary answers Granary's own few operations, for which AWS has no public API: SCIM tokens, a role's session
// for the operator's machine, the check of a trusted token issuer, where people sign in, the rotation of keys, and why
// somebody is refused. They are signed and authorised like every other (actions "granary:…").
package granary

import (
	"granary"
	"granary/internal/access"
	api "granary/internal/api/granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/explain"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB      *store.DB
	Index   *index.Index
	Authn   *authn.Authenticator
	Issuers *idtoken.Verifier // the companies' identity providers
	Rule    access.IssuerRule // who vouches for people
	Explain *explain.Explainer
	WebURL  func() string // base of the SCIM endpoints, without a slash at its end
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "granary", Source: "granary",
		Codes: codes,
		Rows: []awsapi.Row{
			awsapi.OnResource(api.CreateScimToken, s.checkStore, api.IdentityStoreId, s.createScimToken),
			awsapi.OnResource(api.ListScimTokens, s.checkStore, api.IdentityStoreId, s.listScimTokens),
			awsapi.OnResource(api.DeleteScimToken, s.checkStore, api.IdentityStoreId, s.deleteScimToken),
			awsapi.OnResource(api.DescribeProvisioning, s.checkStore, api.IdentityStoreId, s.describeProvisioning),
			awsapi.OnResource(api.PutProvisioning, s.checkStore, api.IdentityStoreId, s.putProvisioning),
			awsapi.On(api.CreateRoleSession, roleChecks, s.createRoleSession),
			awsapi.OnResource(api.PutSignInProvider, s.checkInstance, api.InstanceArn, s.putSignInProvider),
			awsapi.OnResource(api.DescribeSignInProvider, s.checkInstance, api.InstanceArn, s.describeSignInProvider),
			awsapi.OnResource(api.DeleteSignInProvider, s.checkInstance, api.InstanceArn, s.deleteSignInProvider),
			awsapi.On(api.RotateKey, s.checkRotateKey, s.rotateKey),
			awsapi.On(api.TestTrustedTokenIssuer, s.issuerChecks, s.testIssuer),
			awsapi.On(api.ExplainDecision, anyResource, s.explainDecision),
			awsapi.OnResource(api.ExplainAccess, s.checkGrants, api.AccountId, s.explainAccess),
			awsapi.OnResource(api.ListWhoCanAccess, s.checkGrants, api.AccountId, s.listWhoCanAccess),
			awsapi.OnResource(api.ListUserAccess, s.checkGrants, api.AccountId, s.listUserAccess),
		},
	}
}

// checkStore checks against the identity store, owned by its instance's account; one that does not exist stands in the
// caller's.
func (s *service) checkStore(c *awsapi.Call, id string) ([]authz.Request, error) {
	store, owner := granary.StoreID(id), c.Caller.Account
	if ic, ok := s.Index.Center.InstanceOfStore(store); ok {
		owner = ic.Account
	}
	return []authz.Request{{Resource: string(granary.IdentityStoreARN(owner, store)), Owner: owner}}, nil
}

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:     "ValidationException",
	granary.Denied:      "AccessDeniedException",
	granary.NotFound:    "ResourceNotFoundException",
	granary.Exists:      "ConflictException",
	granary.Conflict:    "ConflictException",
	granary.Quota:       "ServiceQuotaExceededException",
	granary.Unavailable: "ServiceUnavailableException",
	granary.Internal:    "InternalServerException",
}
