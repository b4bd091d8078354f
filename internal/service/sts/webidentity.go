package sts

import (
	"errors"
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/authn"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/idtoken"
	"granary/internal/policy"
)

// Claims that AWS reads in tokens of workloads (IAM guide, "Pass session tags in AWS STS").
const (
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
	claimRoles          = "https://aws.amazon.com/roles"
)

// assumeRoleWithWebIdentity lets a workload be a role that trusts the OpenID Connect provider whose token it brings.
// The token is the proof, and works until it expires (sts.md §7).
func (s *service) assumeRoleWithWebIdentity(c *awsapi.Call, in *api.AssumeRoleWithWebIdentityInput) (
	*api.AssumeRoleWithWebIdentityOutput, error) {
	if in.ProviderId != "" {
		return nil, granary.Errorf(granary.Invalid, "ProviderId is for access tokens of OAuth 2.0 providers, which are not "+
			"known here: leave it out and give an OpenID Connect ID token.")
	}
	a := &assumption{call: c, arn: granary.ARN(in.RoleArn),
		in: &api.AssumeRoleInput{RoleArn: in.RoleArn, RoleSessionName: in.RoleSessionName,
			Policy: in.Policy, PolicyArns: in.PolicyArns, DurationSeconds: in.DurationSeconds}}
	parts, _ := a.arn.Parts()
	if !parts.Account.Valid() {
		return nil, granary.Errorf(granary.Invalid, "%s is invalid", a.arn)
	}
	p, claims, err := s.webIdentity(c, parts.Account, in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	audience := claims.Text("azp")
	if audience == "" {
		audience = claims.Audiences()[0]
	}
	c.Caller = &authn.Caller{Kind: policy.WebIdentity, Account: parts.Account, Provider: p.ARN(),
		ID: strings.Join([]string{string(p.ARN()), audience, claims.Subject}, ":")}
	if err := a.fromClaims(p, claims, audience); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	if r, ok := s.Index.IAM.Role(a.arn); ok {
		a.role = r
	}
	if a.authorize("sts:AssumeRoleWithWebIdentity") != nil {
		return nil, granary.Errorf(granary.Denied, "Not authorized to perform sts:AssumeRoleWithWebIdentity").
			At(a.cause(), "role", string(a.arn), "action", "sts:AssumeRoleWithWebIdentity")
	}
	if err := a.authorizeExtras(); err != nil {
		return nil, err
	}
	lifetime, err := a.lifetime()
	if err != nil {
		return nil, err
	}
	packed, err := checkPolicies(s.Index, a.role.Account, in.Policy, in.PolicyArns, a.tags.all)
	if err != nil {
		return nil, err
	}
	out := s.issue(a, lifetime, packed)
	return &api.AssumeRoleWithWebIdentityOutput{AssumedRoleUser: out.AssumedRoleUser, Audience: audience,
		Credentials: out.Credentials, PackedPolicySize: out.PackedPolicySize,
		Provider: string(p.ARN()), SourceIdentity: out.SourceIdentity, SubjectFromWebIdentityToken: claims.Subject}, nil
}

// webIdentity finds the account's provider that the token is from, and verifies it.
func (s *service) webIdentity(c *awsapi.Call, account granary.AccountID, token string) (*granary.OIDCProvider,
	*idtoken.Claims, error) {
	iss, err := idtoken.PeekIssuer(token)
	if err != nil {
		return nil, nil, badToken(err)
	}
	p, err := s.provider(account, iss)
	for err == nil {
		claims, verr := s.Issuers.Verify(c, token, idtoken.Expect{Issuer: p.URL, Audiences: p.ClientIDs,
			AuthorizedParty: true,
			Now:             c.Now, Skew: s.Issuers.Skew, Algorithms: idtoken.WorkloadAlgorithms})
		if verr != nil {
			return nil, nil, badToken(verr)
		}
		verified := p // the issuer may have taken its time
		if p, err = s.provider(account, iss); p == verified {
			return p, claims, nil
		}
	}
	return nil, nil, err
}

func (s *service) provider(account granary.AccountID, iss string) (*granary.OIDCProvider, error) {
	p, ok := s.Index.IAM.OIDCProvider(granary.OIDCProviderARN(account, granary.OIDCProviderName(iss)))
	if !ok || p.URL != iss {
		return nil, granary.Errorf(granary.Invalid, "No OpenIDConnect provider found in your account for %s",
			iss).WithCode("InvalidIdentityToken").At(cause.IssuerNoProvider, "issuer", iss)
	}
	return p, nil
}

func badToken(err error) error {
	switch {
	case errors.Is(err, idtoken.ErrExpired):
		return granary.AsError(err).WithCode("ExpiredTokenException").At(cause.TokenExpired)
	case errors.Is(err, idtoken.ErrUnreachable):
		return granary.AsError(err).WithCode("IDPCommunicationError").At(cause.IssuerUnreachable)
	case errors.Is(err, idtoken.ErrAudience):
		return granary.Errorf(granary.Invalid, "Incorrect token audience").WithCode("InvalidIdentityToken").
			At(cause.AudienceWeb)
	}
	return granary.AsError(err).WithCode("InvalidIdentityToken").At(cause.TokenInvalid)
}

// fromClaims takes from the token what AssumeRole has parameters for, and the condition keys of web identities.
func (a *assumption) fromClaims(p *granary.OIDCProvider, claims *idtoken.Claims, audience string) error {
	var tags struct {
		Principal  map[string][]string `json:"principal_tags"`
		Transitive []string            `json:"transitive_tag_keys"`
	}
	if !claims.Decode(claimTags, &tags) && claims.Has(claimTags) {
		return granary.Errorf(granary.Invalid, "The token's claim %s is not an object with principal_tags and "+
			"transitive_tag_keys.", claimTags).WithCode("InvalidIdentityToken")
	}
	for key, values := range tags.Principal {
		if len(values) != 1 || key == "" || len(key) > 128 || len(values[0]) > 256 {
			return granary.Errorf(granary.Invalid, "The token's session tag %.128q must have one value, of 256 characters "+
				"at most.", key).WithCode("InvalidIdentityToken")
		}
		a.in.Tags = append(a.in.Tags, api.Tag{Key: key, Value: values[0]})
	}
	slices.SortFunc(a.in.Tags, func(x, y api.Tag) int { return strings.Compare(x.Key, y.Key) })
	a.in.TransitiveTagKeys = tags.Transitive
	a.in.SourceIdentity = claims.Text(claimSourceIdentity)
	if n := len(a.in.SourceIdentity); n > 0 && (n < 2 || n > 64) || claims.Has(claimSourceIdentity) && n == 0 {
		return granary.Errorf(granary.Invalid, "The token's claim %s must be a text of 2 to 64 characters.",
			claimSourceIdentity).WithCode("InvalidIdentityToken")
	}
	byIDP, err := a.authorizedByIDP(claims)
	if err != nil {
		return err
	}
	name := strings.ToLower(p.Name())
	a.web = policy.Values{name + ":aud": {audience}, name + ":oaud": claims.Audiences(), name + ":sub": {claims.Subject},
		"sts:roleauthorizedbyidp": {byIDP}}
	var methods []string
	if claims.Decode("amr", &methods) {
		a.web[name+":amr"] = methods
	}
	addClaims(a.web, name, claims)
	return nil
}

// authorizedByIDP holds the token to the roles it names: a list of ARNs, or one text with semicolons between them.
func (a *assumption) authorizedByIDP(claims *idtoken.Claims) (string, error) {
	if !claims.Has(claimRoles) {
		return "false", nil
	}
	var roles []string
	if !claims.Decode(claimRoles, &roles) {
		roles = strings.Split(claims.Text(claimRoles), ";")
	}
	for _, r := range roles {
		if strings.TrimSpace(r) == string(a.arn) {
			return "true", nil
		}
	}
	return "", granary.Errorf(granary.Invalid, "The token does not name the role %s among those it is for (claim %s).",
		a.arn, claimRoles).WithCode("InvalidIdentityToken")
}
