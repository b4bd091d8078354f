package sts

import (
	"strings"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/policy"
	"granary/internal/seal"
)

// providerAlias is a misspelling that AWS's own workshop uses.
const providerAlias granary.ARN = "arn:aws:iam:aws::contextProvider/IdentityCenter"

// provider is the one context provider there is, whatever AWS partition it is named in; else what was given.
func provider(arn string) granary.ARN {
	p, ok := granary.ARN(arn).Parts()
	if p.Partition = "aws"; granary.ARN(arn) == providerAlias || ok && strings.HasPrefix(arn, "arn:aws") &&
		p.ARN() == granary.ContextProviderARN {
		return granary.ContextProviderARN
	}
	return granary.ARN(arn)
}

// openContext opens the one context assertion a session may have, and sees whether its person may still come in.
func (s *service) openContext(c *awsapi.Call, given []api.ProvidedContext) (*granary.IdentityContext, error) {
	if len(given) == 0 {
		return nil, nil
	}
	if len(given) > 1 {
		return nil, invalidContext("A session takes one context assertion, and %d were given.", len(given))
	}
	if arn := provider(given[0].ProviderArn); arn != granary.ContextProviderARN {
		return nil, invalidContext("The context provider %q is not known; it must be %s.", given[0].ProviderArn,
			granary.ContextProviderARN)
	}
	id, err := seal.OpenContext(s.Index.Keys.Ring(), given[0].ContextAssertion)
	if err != nil {
		return nil, invalidContext("The context assertion is not valid").At(cause.TokenInvalidContext)
	}
	if !c.Now.Before(id.Expires) {
		return nil, granary.Errorf(granary.Invalid, "The context assertion has expired.").WithCode("ExpiredTokenException").
			At(cause.TokenExpiredContext)
	}
	u, ok := s.Index.Directory.User(id.Store, id.User)
	if !ok {
		return nil, granary.Errorf(granary.Denied, "The directory user %s of the context assertion was deleted.",
			id.User).At(cause.UserDeleted, "user", string(id.User), "store", string(id.Store))
	}
	if u.Disabled {
		return nil, granary.Errorf(granary.Denied, "The directory user %s of the context assertion was deactivated.",
			id.User).At(cause.UserDisabled, "user", string(id.User), "store", string(id.Store), "userName", u.UserName)
	}
	return id, nil
}

func invalidContext(format string, args ...any) *granary.Error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidParameterValue")
}

// contextKeys are the assertion's contents as trust policies see them (sts:RequestContext/…).
func contextKeys(k policy.Values, id *granary.IdentityContext) {
	for name, v := range map[string]string{
		"identitystore:userid": string(id.User), "identitystore:identitystorearn": string(id.StoreARN),
		"identitycenter:applicationarn": string(id.Application), "identitycenter:instancearn": string(id.Instance),
		"identitycenter:credentialid": id.CredentialID,
	} {
		k["sts:requestcontext/"+name] = []string{v}
	}
}
