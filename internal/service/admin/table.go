// Package admin answers Granary's own few operations, for which AWS has no public API: SCIM tokens, a role's session
// for the operator's machine, the check of a trusted token issuer, where people sign in, the rotation of keys, and why somebody is refused. They are signed and authorised like every other (actions "granary:…").
package admin

import (
	"granary"
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
	Explain *explain.Explainer
	WebURL  func() string // base of the SCIM endpoints, without a slash at its end
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "granary", Source: "granary",
		Codes: map[granary.Kind]string{
			granary.Invalid: "ValidationException", granary.Denied: "AccessDeniedException", granary.NotFound: "ResourceNotFoundException",
			granary.Exists: "ConflictException", granary.Conflict: "ConflictException", granary.Quota: "ServiceQuotaExceededException",
			granary.Unavailable: "ServiceUnavailableException", granary.Internal: "InternalServerException",
		},
		Rows: []awsapi.Row{
			awsapi.On(api.CreateScimToken, onStore(s, func(in *api.CreateScimTokenInput) string { return in.IdentityStoreId }), s.createScimToken),
			awsapi.On(api.ListScimTokens, onStore(s, func(in *api.ListScimTokensInput) string { return in.IdentityStoreId }), s.listScimTokens),
			awsapi.On(api.DeleteScimToken, onStore(s, func(in *api.DeleteScimTokenInput) string { return in.IdentityStoreId }), s.deleteScimToken),
			awsapi.On(api.DescribeProvisioning, onStore(s, func(in *api.DescribeProvisioningInput) string { return in.IdentityStoreId }), s.describeProvisioning),
			awsapi.On(api.PutProvisioning, onStore(s, func(in *api.PutProvisioningInput) string { return in.IdentityStoreId }), s.putProvisioning),
			awsapi.On(api.CreateRoleSession, roleChecks, s.createRoleSession),
			awsapi.On(api.PutSignInProvider, onInstance(s, func(in *api.PutSignInProviderInput) string { return in.InstanceArn }), s.putSignInProvider),
			awsapi.On(api.DescribeSignInProvider, onInstance(s, func(in *api.DescribeSignInProviderInput) string { return in.InstanceArn }), s.describeSignInProvider),
			awsapi.On(api.DeleteSignInProvider, onInstance(s, func(in *api.DeleteSignInProviderInput) string { return in.InstanceArn }), s.deleteSignInProvider),
			awsapi.On(api.RotateKey, ofManagement[api.RotateKeyInput](s), s.rotateKey),
			awsapi.On(api.TestTrustedTokenIssuer, s.issuerChecks, s.testIssuer),
			awsapi.On(api.ExplainDecision, onCaller[api.ExplainDecisionInput], s.explainDecision),
			awsapi.On(api.ExplainAccess, onGrants(s, func(in *api.ExplainAccessInput) string { return in.AccountId }), s.explainAccess),
			awsapi.On(api.ListWhoCanAccess, onGrants(s, func(in *api.ListWhoCanAccessInput) string { return in.AccountId }), s.listWhoCanAccess),
			awsapi.On(api.ListUserAccess, onGrants(s, func(in *api.ListUserAccessInput) string { return in.AccountId }), s.listUserAccess),
		},
	}
}

// onStore checks against the identity store, owned by its instance's account; one that does not exist stands in the caller's.
func onStore[In any](s *service, id func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		store, owner := granary.StoreID(id(in)), c.Caller.Account
		if ic, ok := s.Index.IdentityCenterOfStore(store); ok {
			owner = ic.Account
		}
		return []authz.Request{{Resource: string(granary.IdentityStoreARN(owner, store)), Owner: owner}}, nil
	}
}
