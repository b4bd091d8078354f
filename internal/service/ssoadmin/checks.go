package ssoadmin

import (
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssoadmin"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/store"
)

// anything is the check of operations on no resource.
func anything[In any](*awsapi.Call, In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}

// seesInstance reports whether an account sees an instance: its own, or its organization's.
func seesInstance(i *granary.IdentityCenter, a granary.AccountID) bool {
	return i.Organization || i.Account == a
}

// onInstance is a request on an instance. Owned by another account it is denied across accounts, unless open says that
// the members of the organization may do this too.
func (s *service) onInstance(c *awsapi.Call, arn string, open bool) authz.Request {
	r := authz.Request{Resource: arn, Keys: policy.Values{}}
	if i, ok := s.Index.Center.Instance(granary.ARN(arn)); ok {
		if !access.Administers(s.Index, i, c.Caller.Account) && !(open && seesInstance(i, c.Caller.Account)) {
			r.Owner = i.Account
		}
		r.Keys.AddResourceTags(i.Tags)
		r.Keys[primaryRegion] = []string{i.Region}
	}
	return r
}

// The condition keys of Identity Center's own (Service Authorization Reference, "AWS IAM Identity Center").
const (
	primaryRegion      = "sso:primaryregion"
	applicationAccount = "sso:applicationaccount"
)

// checkOwnersInstance is for the instance's own account, and not for a delegated administrator.
func (s *service) checkOwnersInstance(c *awsapi.Call, arn string) ([]authz.Request, error) {
	r := s.onInstance(c, arn, false)
	if i, ok := s.Index.Center.Instance(granary.ARN(arn)); ok {
		r.Owner = i.Account
	}
	return []authz.Request{r}, nil
}

// checkInstance is for the instance's own account and for a delegated administrator.
func (s *service) checkInstance(c *awsapi.Call, arn string) ([]authz.Request, error) {
	return []authz.Request{s.onInstance(c, arn, false)}, nil
}

// checkReadInstance is for every account that sees the instance.
func (s *service) checkReadInstance(c *awsapi.Call, arn string) ([]authz.Request, error) {
	return []authz.Request{s.onInstance(c, arn, true)}, nil
}

// checkApp is for the application's own account, which manages it, and for the account of its instance.
func (s *service) checkApp(c *awsapi.Call, arn string) ([]authz.Request, error) {
	return []authz.Request{s.onApplication(c, arn)}, nil
}

func (s *service) onApplication(c *awsapi.Call, arn string) authz.Request {
	r := authz.Request{Resource: arn, Owner: s.ownerOf(c, arn), Keys: policy.Values{}}
	if a, ok := s.Index.Center.Application(granary.ARN(arn)); ok {
		r.Keys.AddResourceTags(a.Tags)
		r.Keys[applicationAccount] = []string{string(a.Account)}
		s.inRegion(r.Keys, a.Instance)
	}
	return r
}

func (s *service) inRegion(k policy.Values, instance string) {
	if i, ok := s.Index.Center.InstanceByID(instance); ok {
		k[primaryRegion] = []string{i.Region}
	}
}

// ownerOf is the account that an application's or issuer's ARN names, "" when the caller's manages it. What is not
// there is judged in the same way: a stranger does not learn which of another account's there are.
func (s *service) ownerOf(c *awsapi.Call, arn string) granary.AccountID {
	_, rest, _ := strings.Cut(arn, ":sso::")
	account, rest, _ := strings.Cut(rest, ":")
	_, rest, _ = strings.Cut(rest, "/")
	instance, _, _ := strings.Cut(rest, "/")
	owner := granary.AccountID(account)
	if _, ours := s.Index.Org.Account(owner); !ours || s.manages(c, owner, instance) {
		return ""
	}
	return owner
}

// checkIssuer is for the accounts that decide for which people an issuer vouches: those that may make one for its
// instance.
func (s *service) checkIssuer(c *awsapi.Call, arn string) ([]authz.Request, error) {
	return []authz.Request{s.onTrustedIssuer(c, arn)}, nil
}

// checkReadIssuer is for every account that sees the issuer's instance: it may name the issuer in grants.
func (s *service) checkReadIssuer(c *awsapi.Call, arn string) ([]authz.Request, error) {
	r := s.onTrustedIssuer(c, arn)
	if t, ok := s.Index.Center.Issuer(granary.ARN(arn)); ok {
		if i, ok := s.Index.Center.InstanceByID(t.Instance); ok && seesInstance(i, c.Caller.Account) {
			r.Owner = ""
		}
	}
	return []authz.Request{r}, nil
}

func (s *service) onTrustedIssuer(c *awsapi.Call, arn string) authz.Request {
	r := authz.Request{Resource: arn, Owner: s.ownerOf(c, arn), Keys: policy.Values{}}
	if t, ok := s.Index.Center.Issuer(granary.ARN(arn)); ok {
		if i, ok := s.Index.Center.InstanceByID(t.Instance); ok && r.Owner == "" && !s.Issuers.MayMake(i, c.Caller.Account) {
			r.Owner = i.Account // it was made before its account ceased to decide
		}
		r.Keys.AddResourceTags(t.Tags)
		s.inRegion(r.Keys, t.Instance)
	}
	return r
}

func (s *service) manages(c *awsapi.Call, owner granary.AccountID, instance string) bool {
	if owner == c.Caller.Account {
		return true
	}
	i, ok := s.Index.Center.InstanceByID(instance)
	return ok && access.Administers(s.Index, i, c.Caller.Account)
}

func addRequestTags(k policy.Values, tags []api.Tag) {
	for _, t := range tags {
		k.AddRequestTag(t.Key, t.Value)
	}
}

// creating is what a create needs: each of its resources, the last being what is made, which tags need an action for.
func creating(tags []api.Tag, list ...authz.Request) []authz.Request {
	for _, r := range list {
		addRequestTags(r.Keys, tags)
	}
	if len(tags) > 0 {
		tag := list[len(list)-1]
		tag.Action = "sso:TagResource"
		list = append(list, tag)
	}
	return list
}

// made is a request on what does not exist yet, which the caller's account will own.
func (s *service) made(c *awsapi.Call, instance, kind string) authz.Request {
	r := authz.Request{Resource: "arn:aws:sso::" + string(c.Caller.Account) + ":" + kind, Keys: policy.Values{}}
	if i, ok := s.Index.Center.Instance(granary.ARN(instance)); ok {
		r.Resource = strings.Replace(r.Resource, "/", "/"+i.ID+"/", 1)
		r.Keys[primaryRegion] = []string{i.Region}
	}
	return r
}

func (s *service) checkCreateInstance(c *awsapi.Call, in *api.CreateInstanceInput) ([]authz.Request, error) {
	return creating(in.Tags, authz.Request{Resource: "arn:aws:sso:::instance/ssoins-*",
		Keys: policy.Values{primaryRegion: {c.Region}}}), nil
}

func checkProvider(_ *awsapi.Call, in *api.DescribeApplicationProviderInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: in.ApplicationProviderArn}}, nil
}

func (s *service) checkCreateApplication(c *awsapi.Call, in *api.CreateApplicationInput) ([]authz.Request, error) {
	app := s.made(c, in.InstanceArn, "application/apl-*")
	app.Keys[applicationAccount] = []string{string(c.Caller.Account)}
	return creating(in.Tags, s.onInstance(c, in.InstanceArn, true), authz.Request{Resource: in.ApplicationProviderArn,
		Keys: policy.Values{}}, app), nil
}

func (s *service) checkCreateIssuer(c *awsapi.Call, in *api.CreateTrustedTokenIssuerInput) ([]authz.Request, error) {
	return creating(in.Tags, s.onInstance(c, in.InstanceArn, s.Issuers.Members),
		s.made(c, in.InstanceArn, "trustedTokenIssuer/tti-*")), nil
}

// instance finds an instance the caller's account sees.
func (s *service) instance(c *awsapi.Call, arn string) (*granary.IdentityCenter, error) {
	i, ok := s.Index.Center.Instance(granary.ARN(arn))
	if !ok || !seesInstance(i, c.Caller.Account) {
		return nil, granary.Errorf(granary.Denied, "There is no Identity Center instance %s that this account can use.", arn)
	}
	return i, nil
}

// confirmInstance refuses to add to an instance that was deleted since the request found it. It asks in the
// transaction: what is made after the instance is gone is never removed.
func confirmInstance(tx *store.Tx, i *granary.IdentityCenter) error {
	_, err := tx.IdentityCenters.Get(i.ID)
	if granary.Is(err, granary.NotFound) {
		return granary.Errorf(granary.NotFound, "The Identity Center instance %s was deleted.", i.ARN())
	}
	return err
}

func (s *service) application(arn string) (*index.Application, error) {
	a, ok := s.Index.Center.Application(granary.ARN(arn))
	if !ok {
		return nil, noApplication(arn)
	}
	return a, nil
}

func noApplication(arn string) error {
	return granary.Errorf(granary.NotFound, "Application with ARN %s not found.", arn)
}
