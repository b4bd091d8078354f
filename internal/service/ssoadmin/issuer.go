package ssoadmin

import (
	"strings"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const issuerType = "OIDC_JWT"

// attributes are those of a directory user that a claim can be mapped to: the ones that are one person's.
var attributes = map[string]bool{"username": true, "emails.value": true, "externalids.value": true,
	"externalids.id": true, "externalid": true}

func checkAttribute(path string) error {
	if !attributes[strings.ToLower(path)] {
		return granary.Errorf(granary.Invalid, "The IdentityStoreAttributePath %q does not identify one user; it can be "+
			"userName, emails.value or externalIds.value.", path)
	}
	return nil
}

func (s issuers) createIssuer(c *awsapi.Call, in *api.CreateTrustedTokenIssuerInput) (
	out *api.CreateTrustedTokenIssuerOutput, err error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	o := in.TrustedTokenIssuerConfiguration.OidcJwtConfiguration
	if o == nil {
		return nil,
			granary.Errorf(granary.Invalid, "The TrustedTokenIssuerConfiguration must have the member OidcJwtConfiguration.")
	}
	if !s.Issuers.MayMake(i, c.Caller.Account) {
		return nil, granary.Errorf(granary.Denied, "Only the management account and the delegated administrator say who "+
			"vouches for the people of %s.", i.Store)
	}
	if err := checkAttribute(o.IdentityStoreAttributePath); err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		out, err = once(tx, c, "CreateTrustedTokenIssuer", in.ClientToken, in,
			func() (*api.CreateTrustedTokenIssuerOutput, error) {
				if err := confirmInstance(tx, i); err != nil {
					return nil, err
				}
				list, _, err := tx.Issuers.List(i.ID, "", 0)
				if err != nil {
					return nil, err
				}
				if len(list) >= s.MaxIssuers {
					return nil, granary.Errorf(granary.Quota, "The instance has %d trusted token issuers, which is the limit.",
						len(list))
				}
				for _, t := range list {
					if t.URL == o.IssuerUrl {
						return nil, granary.Errorf(granary.Conflict, "The instance has a trusted token issuer for %s already: %s.",
							o.IssuerUrl, t.ARN())
					}
				}
				t := &granary.Issuer{ID: "tti-" + granary.UUID(), Instance: i.ID, Account: c.Caller.Account, Name: in.Name,
					URL:   o.IssuerUrl,
					Claim: o.ClaimAttributePath, Attribute: o.IdentityStoreAttributePath, Tags: tags, Created: c.Now.UTC()}
				return &api.CreateTrustedTokenIssuerOutput{TrustedTokenIssuerArn: string(t.ARN())}, tx.Issuers.Create(t)
			})
		return err
	})
	return out, err
}

func noIssuer(arn string) error {
	return granary.Errorf(granary.NotFound, "There is no trusted token issuer %s.", arn)
}

func (s issuers) describeIssuer(_ *awsapi.Call, in *api.DescribeTrustedTokenIssuerInput) (
	*api.DescribeTrustedTokenIssuerOutput, error) {
	t, ok := s.Index.Center.Issuer(granary.ARN(in.TrustedTokenIssuerArn))
	if !ok {
		return nil, noIssuer(in.TrustedTokenIssuerArn)
	}
	return &api.DescribeTrustedTokenIssuerOutput{Name: t.Name, TrustedTokenIssuerArn: string(t.ARN()),
		TrustedTokenIssuerType: issuerType,
		TrustedTokenIssuerConfiguration: &api.TrustedTokenIssuerConfiguration{OidcJwtConfiguration: &api.OidcJwtConfiguration{
			IssuerUrl: t.URL, ClaimAttributePath: t.Claim, IdentityStoreAttributePath: t.Attribute,
			JwksRetrievalOption: "OPEN_ID_DISCOVERY"}}}, nil
}

func (s issuers) updateIssuer(c *awsapi.Call, in *api.UpdateTrustedTokenIssuerInput) (
	*api.UpdateTrustedTokenIssuerOutput, error) {
	return &api.UpdateTrustedTokenIssuerOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		t, err := tx.Issuers.Get(granary.ARN(in.TrustedTokenIssuerArn))
		if granary.Is(err, granary.NotFound) {
			return noIssuer(in.TrustedTokenIssuerArn)
		}
		if err != nil {
			return err
		}
		if in.Name != "" {
			t.Name = in.Name
		}
		if in.TrustedTokenIssuerConfiguration != nil && in.TrustedTokenIssuerConfiguration.OidcJwtConfiguration != nil {
			o := in.TrustedTokenIssuerConfiguration.OidcJwtConfiguration
			if o.ClaimAttributePath != "" {
				t.Claim = o.ClaimAttributePath
			}
			if o.IdentityStoreAttributePath != "" {
				if err := checkAttribute(o.IdentityStoreAttributePath); err != nil {
					return err
				}
				t.Attribute = o.IdentityStoreAttributePath
			}
		}
		return tx.Issuers.Update(t)
	})
}

func (s issuers) deleteIssuer(c *awsapi.Call, in *api.DeleteTrustedTokenIssuerInput) (
	*api.DeleteTrustedTokenIssuerOutput, error) {
	return &api.DeleteTrustedTokenIssuerOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.Issuers.Delete(granary.ARN(in.TrustedTokenIssuerArn))
		if granary.Is(err, granary.NotFound) {
			return noIssuer(in.TrustedTokenIssuerArn)
		}
		return err
	})
}

func (s issuers) listIssuers(c *awsapi.Call, in *api.ListTrustedTokenIssuersInput) (*api.ListTrustedTokenIssuersOutput,
	error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	pages := awsapi.ListOf("issuers", i.ID)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &api.ListTrustedTokenIssuersOutput{TrustedTokenIssuers: []api.TrustedTokenIssuerMetadata{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Issuers.List(i.ID, granary.ARN(after), limit)
		for _, t := range list {
			out.TrustedTokenIssuers = append(out.TrustedTokenIssuers,
				api.TrustedTokenIssuerMetadata{Name: t.Name, TrustedTokenIssuerArn: string(t.ARN()),
					TrustedTokenIssuerType: issuerType})
		}
		out.NextToken = pages.NextToken(next)
		return err
	})
	return out, err
}
