package organizations

import (
	"fmt"
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// The limits of lists that the record of the organization holds. AWS has fewer services, and fewer administrators of
// each.
const (
	maxServices       = 200
	maxAdministrators = 10 // of a service
)

func (s delegation) enableServiceAccess(c *awsapi.Call, in *api.EnableAWSServiceAccessInput) (
	*api.EnableAWSServiceAccessOutput, error) {
	return &api.EnableAWSServiceAccessOutput{}, s.changeOrganization(c, func(_ *store.Tx, o *granary.Organization) error {
		return enableService(o, granary.ServiceAccess{Service: in.ServicePrincipal, Enabled: c.Now.UTC()})
	})
}

func enableService(o *granary.Organization, access granary.ServiceAccess) error {
	i, found := slices.BinarySearchFunc(o.Services, access,
		func(a, b granary.ServiceAccess) int { return strings.Compare(a.Service, b.Service) })
	switch {
	case found:
		return nil
	case len(o.Services) >= maxServices:
		return granary.Errorf(granary.Quota, "The organization has %d services enabled, and cannot have more: disable "+
			"one first.", maxServices)
	}
	o.Services = slices.Insert(o.Services, i, access)
	return nil
}

func (s delegation) disableServiceAccess(c *awsapi.Call,
	in *api.DisableAWSServiceAccessInput) (*api.DisableAWSServiceAccessOutput, error) {
	return &api.DisableAWSServiceAccessOutput{}, s.changeOrganization(c, func(_ *store.Tx, o *granary.Organization) error {
		if slices.ContainsFunc(o.Delegated, func(d granary.Delegation) bool { return d.Service == in.ServicePrincipal }) {
			return violation("DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE", "An account administers "+in.ServicePrincipal+
				" for the organization: deregister it first.")
		}
		o.Services = slices.DeleteFunc(o.Services,
			func(a granary.ServiceAccess) bool { return a.Service == in.ServicePrincipal })
		return nil
	})
}

func (s delegation) listServices(_ *awsapi.Call, in *api.ListAWSServiceAccessForOrganizationInput) (
	*api.ListAWSServiceAccessForOrganizationOutput, error) {
	list, next, err := paginate(awsapi.ListOf("organizations services"), s.Index.Org.Organization().Services,
		func(a granary.ServiceAccess) string { return a.Service }, in.MaxResults, in.NextToken)
	out := &api.ListAWSServiceAccessForOrganizationOutput{EnabledServicePrincipals: []api.EnabledServicePrincipal{},
		NextToken: next}
	for _, a := range list {
		out.EnabledServicePrincipals = append(out.EnabledServicePrincipals,
			api.EnabledServicePrincipal{ServicePrincipal: a.Service, DateEnabled: a.Enabled})
	}
	return out, err
}

// register lets a member account administer a service; Identity Center has one such account at most. It enables the
// service's access too, for which AWS requires a call of its own before.
func (s delegation) register(c *awsapi.Call, in *api.RegisterDelegatedAdministratorInput) (
	*api.RegisterDelegatedAdministratorOutput, error) {
	id := granary.AccountID(in.AccountId)
	out := &api.RegisterDelegatedAdministratorOutput{}
	return out, s.changeOrganization(c, func(tx *store.Tx, o *granary.Organization) error {
		a, err := tx.Accounts.Get(id)
		switch {
		case granary.Is(err, granary.NotFound):
			return noAccount(in.AccountId)
		case err != nil:
			return err
		case a.Closed:
			return violation("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", "The account "+in.AccountId+
				" is closed.")
		case a.Management:
			return violation("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
				"The management account cannot be a delegated administrator.")
		case o.Delegate(id, in.ServicePrincipal):
			return granary.Errorf(granary.Exists, "The account %s administers %s already.", id, in.ServicePrincipal).
				WithCode("AccountAlreadyRegisteredException")
		}
		most, others := maxAdministrators, 0
		if in.ServicePrincipal == granary.IdentityCenterService {
			most = 1
		}
		for _, d := range o.Delegated {
			if d.Service == in.ServicePrincipal {
				others++
			}
		}
		if others >= most {
			return violation("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
				fmt.Sprintf("%s has %d delegated administrators, and can have no more: deregister one first.", in.ServicePrincipal,
					others))
		}
		now := c.Now.UTC()
		o.Delegated = append(o.Delegated, granary.Delegation{Account: id, Service: in.ServicePrincipal, Enabled: now})
		slices.SortFunc(o.Delegated, func(a, b granary.Delegation) int {
			return strings.Compare(a.Service+" "+string(a.Account), b.Service+" "+string(b.Account))
		})
		return enableService(o, granary.ServiceAccess{Service: in.ServicePrincipal, Enabled: now})
	})
}

func (s delegation) deregister(c *awsapi.Call, in *api.DeregisterDelegatedAdministratorInput) (
	*api.DeregisterDelegatedAdministratorOutput, error) {
	id := granary.AccountID(in.AccountId)
	out := &api.DeregisterDelegatedAdministratorOutput{}
	return out, s.changeOrganization(c, func(tx *store.Tx, o *granary.Organization) error {
		if _, err := tx.Accounts.Get(id); granary.Is(err, granary.NotFound) {
			return noAccount(in.AccountId)
		}
		if !o.Delegate(id, in.ServicePrincipal) {
			return granary.Errorf(granary.NotFound, "The account %s does not administer %s.", id, in.ServicePrincipal).
				WithCode("AccountNotRegisteredException")
		}
		o.Delegated = slices.DeleteFunc(o.Delegated,
			func(d granary.Delegation) bool { return d.Account == id && d.Service == in.ServicePrincipal })
		return nil
	})
}

// listAdministrators lists each account once, with the time of its first delegation.
func (s delegation) listAdministrators(_ *awsapi.Call, in *api.ListDelegatedAdministratorsInput) (
	*api.ListDelegatedAdministratorsOutput, error) {
	since := map[granary.AccountID]granary.Delegation{}
	for _, d := range s.Index.Org.Organization().Delegated {
		if in.ServicePrincipal != "" && d.Service != in.ServicePrincipal {
			continue
		}
		if old, ok := since[d.Account]; !ok || d.Enabled.Before(old.Enabled) {
			since[d.Account] = d
		}
	}
	all := []api.DelegatedAdministrator{}
	for id, d := range since {
		a, ok := s.Index.Org.Account(id)
		if !ok {
			continue
		}
		x := s.accountShape(a)
		all = append(all, api.DelegatedAdministrator{Arn: x.Arn, DelegationEnabledDate: d.Enabled, Email: x.Email, Id: x.Id,
			JoinedMethod:    x.JoinedMethod,
			JoinedTimestamp: x.JoinedTimestamp, Name: x.Name, State: x.State, Status: x.Status})
	}
	key := func(d api.DelegatedAdministrator) string { return d.Id }
	slices.SortFunc(all, func(a, b api.DelegatedAdministrator) int { return strings.Compare(a.Id, b.Id) })
	list, next, err := paginate(awsapi.ListOf("organizations administrators", in.ServicePrincipal), all, key,
		in.MaxResults, in.NextToken)
	return &api.ListDelegatedAdministratorsOutput{DelegatedAdministrators: list, NextToken: next}, err
}

func (s delegation) listServicesOf(_ *awsapi.Call, in *api.ListDelegatedServicesForAccountInput) (
	*api.ListDelegatedServicesForAccountOutput, error) {
	if _, ok := s.Index.Org.Account(granary.AccountID(in.AccountId)); !ok {
		return nil, noAccount(in.AccountId)
	}
	var all []api.DelegatedService
	for _, d := range s.Index.Org.Organization().Delegated {
		if d.Account == granary.AccountID(in.AccountId) {
			all = append(all, api.DelegatedService{ServicePrincipal: d.Service, DelegationEnabledDate: d.Enabled})
		}
	}
	if len(all) == 0 {
		return nil, granary.Errorf(granary.NotFound, "The account %s administers no service for the organization.",
			in.AccountId).WithCode("AccountNotRegisteredException")
	}
	list, next, err := paginate(awsapi.ListOf("organizations services of", in.AccountId), all,
		func(d api.DelegatedService) string { return d.ServicePrincipal }, in.MaxResults, in.NextToken)
	return &api.ListDelegatedServicesForAccountOutput{DelegatedServices: list, NextToken: next}, err
}
