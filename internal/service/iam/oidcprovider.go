package iam

import (
	"net/url"
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// Quotas of OpenID Connect providers (IAM guide, "IAM and AWS STS quotas").
const (
	maxProviders   = 100 // of an account
	maxClientIDs   = 100 // of a provider
	maxThumbprints = 5   // of a provider
)

func (s providers) checkCreateProvider(c *awsapi.Call, in *api.CreateOpenIDConnectProviderInput) ([]authz.Request,
	error) {
	return creation(granary.OIDCProviderARN(c.Caller.Account, granary.OIDCProviderName(in.Url)), in.Tags, "")
}

// providerARN selects the provider of an input.
func providerARN[In interface{ GetOpenIDConnectProviderArn() string }](in In) string {
	return in.GetOpenIDConnectProviderArn()
}

func (s providers) checkProvider(_ *awsapi.Call, arn string) ([]authz.Request, error) {
	return oneRequest(s.providerRequest(arn))
}

func (s providers) providerRequest(arn string) authz.Request {
	r := authz.Request{Resource: arn, Keys: policy.Values{}}
	if p, ok := s.Index.IAM.OIDCProvider(granary.ARN(arn)); ok {
		r.Owner = p.Account
		r.Keys.AddResourceTags(p.Tags, "iam")
	}
	return r
}

// checkURL refuses a text that is not the URL of an issuer: https (or plain HTTP where private issuers are allowed),
// without query, fragment and credentials.
func (s providers) checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(s.AllowPlain && u.Scheme == "http") {
		return granary.Errorf(granary.Invalid, "Invalid Open ID Connect Provider URL: it must begin with https://.").
			WithCode("InvalidInput")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
		return granary.Errorf(granary.Invalid, "Invalid Open ID Connect Provider URL: it must have no query, fragment or "+
			"credentials.").WithCode("InvalidInput")
	}
	return nil
}

func checkLists(clients, thumbprints []string) error {
	if len(clients) > maxClientIDs {
		return granary.Errorf(granary.Quota, "A provider has at most %d client IDs.", maxClientIDs)
	}
	if len(thumbprints) > maxThumbprints {
		return granary.Errorf(granary.Invalid, "Thumbprint list must contain fewer than %d entries.", maxThumbprints+1).
			WithCode("InvalidInput")
	}
	for _, t := range thumbprints {
		if strings.Trim(strings.ToLower(t), "0123456789abcdef") != "" {
			return granary.Errorf(granary.Invalid, "A thumbprint is 40 hexadecimal digits.").WithCode("InvalidInput")
		}
	}
	return nil
}

func (s providers) createProvider(c *awsapi.Call, in *api.CreateOpenIDConnectProviderInput) (
	*api.CreateOpenIDConnectProviderOutput, error) {
	if err := s.checkURL(in.Url); err != nil {
		return nil, err
	}
	if err := checkLists(in.ClientIDList, in.ThumbprintList); err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags, "TagsPerOpenIDConnectProvider")
	if err != nil {
		return nil, err
	}
	clients := slices.Compact(slices.Sorted(slices.Values(in.ClientIDList)))
	p := &granary.OIDCProvider{Account: c.Caller.Account, URL: in.Url, ClientIDs: clients, Thumbprints: in.ThumbprintList,
		Tags: tags, Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		list, err := tx.OIDCProviders.List(p.Account)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(list, func(o *granary.OIDCProvider) bool { return o.Name() == p.Name() }) {
			return granary.Errorf(granary.Exists, "Provider with url %s already exists.", in.Url)
		}
		if len(list) >= maxProviders {
			return granary.Errorf(granary.Quota, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d", maxProviders)
		}
		return tx.OIDCProviders.Create(p)
	})
	return &api.CreateOpenIDConnectProviderOutput{OpenIDConnectProviderArn: string(p.ARN()), Tags: sortedTags(p.Tags)}, err
}

// findProvider finds a provider of the caller's account by its ARN.
func findProvider(tx *store.Tx, c *awsapi.Call, arn string) (*granary.OIDCProvider, error) {
	parts, _ := granary.ARN(arn).Parts()
	name, ok := strings.CutPrefix(parts.Resource, "oidc-provider/")
	if !ok || parts.Service != "iam" || parts.Account != c.Caller.Account {
		return nil, noProvider(arn)
	}
	p, err := tx.OIDCProviders.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, noProvider(arn)
	}
	return p, err
}

func noProvider(arn string) error {
	return granary.Errorf(granary.NotFound, "OpenIDConnect Provider not found for arn %s", arn)
}

func (s providers) changeProvider(c *awsapi.Call, arn string, change func(*granary.OIDCProvider) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProvider(tx, c, arn)
		if err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		return tx.OIDCProviders.Update(p)
	})
}

func (s providers) readProvider(c *awsapi.Call, arn string) (p *granary.OIDCProvider, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err = findProvider(tx, c, arn)
		return err
	})
	return p, err
}

// getProvider returns the URL without its scheme, as AWS does.
func (s providers) getProvider(c *awsapi.Call, in *api.GetOpenIDConnectProviderInput) (
	*api.GetOpenIDConnectProviderOutput, error) {
	p, err := s.readProvider(c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	return &api.GetOpenIDConnectProviderOutput{Url: p.Name(), ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints,
		CreateDate: p.Created, Tags: sortedTags(p.Tags)}, nil
}

// deleteProvider deletes the provider. As on AWS, sessions that began with its tokens last until they expire.
func (s providers) deleteProvider(c *awsapi.Call, in *api.DeleteOpenIDConnectProviderInput) (
	*api.DeleteOpenIDConnectProviderOutput, error) {
	return &api.DeleteOpenIDConnectProviderOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProvider(tx, c, in.OpenIDConnectProviderArn)
		if err != nil {
			return err
		}
		return tx.OIDCProviders.Delete(p.Account, p.Name())
	})
}

func (s providers) listProviders(c *awsapi.Call, _ *api.ListOpenIDConnectProvidersInput) (
	*api.ListOpenIDConnectProvidersOutput, error) {
	out := &api.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []api.OpenIDConnectProviderListEntry{}}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		list, err := tx.OIDCProviders.List(c.Caller.Account)
		for _, p := range list {
			out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
				api.OpenIDConnectProviderListEntry{Arn: string(p.ARN())})
		}
		return err
	})
}

func (s providers) addClientID(c *awsapi.Call, in *api.AddClientIDToOpenIDConnectProviderInput) (
	*api.AddClientIDToOpenIDConnectProviderOutput, error) {
	return &api.AddClientIDToOpenIDConnectProviderOutput{},
		s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *granary.OIDCProvider) error {
			if !slices.Contains(p.ClientIDs, in.ClientID) {
				p.ClientIDs = append(p.ClientIDs, in.ClientID)
			}
			return checkLists(p.ClientIDs, nil)
		})
}

func (s providers) removeClientID(c *awsapi.Call, in *api.RemoveClientIDFromOpenIDConnectProviderInput) (
	*api.RemoveClientIDFromOpenIDConnectProviderOutput, error) {
	return &api.RemoveClientIDFromOpenIDConnectProviderOutput{},
		s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *granary.OIDCProvider) error {
			p.ClientIDs = slices.DeleteFunc(p.ClientIDs, func(id string) bool { return id == in.ClientID })
			return nil
		})
}

func (s providers) updateThumbprint(c *awsapi.Call, in *api.UpdateOpenIDConnectProviderThumbprintInput) (
	*api.UpdateOpenIDConnectProviderThumbprintOutput, error) {
	return &api.UpdateOpenIDConnectProviderThumbprintOutput{},
		s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *granary.OIDCProvider) error {
			p.Thumbprints = in.ThumbprintList
			return checkLists(nil, p.Thumbprints)
		})
}

func (s providers) checkTagProvider(_ *awsapi.Call, in *api.TagOpenIDConnectProviderInput) ([]authz.Request, error) {
	return withTags(s.providerRequest(in.OpenIDConnectProviderArn), in.Tags)
}

func (s providers) tagProvider(c *awsapi.Call, in *api.TagOpenIDConnectProviderInput) (
	*api.TagOpenIDConnectProviderOutput, error) {
	return &api.TagOpenIDConnectProviderOutput{},
		s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *granary.OIDCProvider) (err error) {
			p.Tags, err = addTags(p.Tags, in.Tags, "TagsPerOpenIDConnectProvider")
			return err
		})
}

func (s providers) checkUntagProvider(_ *awsapi.Call, in *api.UntagOpenIDConnectProviderInput) ([]authz.Request,
	error) {
	return withTagKeys(s.providerRequest(in.OpenIDConnectProviderArn), in.TagKeys)
}

func (s providers) untagProvider(c *awsapi.Call, in *api.UntagOpenIDConnectProviderInput) (
	*api.UntagOpenIDConnectProviderOutput, error) {
	return &api.UntagOpenIDConnectProviderOutput{},
		s.changeProvider(c, in.OpenIDConnectProviderArn, func(p *granary.OIDCProvider) error {
			p.Tags = removeTags(p.Tags, in.TagKeys)
			return nil
		})
}

func (s providers) listProviderTags(c *awsapi.Call, in *api.ListOpenIDConnectProviderTagsInput) (
	*api.ListOpenIDConnectProviderTagsOutput, error) {
	p, err := s.readProvider(c, in.OpenIDConnectProviderArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListOpenIDConnectProviderTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = paginate(sortedTags(p.Tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}
