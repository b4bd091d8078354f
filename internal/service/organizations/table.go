// Package organizations answers AWS Organizations, as far as identity needs it: the one organization of the installation, its
// accounts under one root, and who administers a service for all of them. Other packages act on what it writes: package
// authn refuses closed accounts, package ssoadmin lets delegated administrators in.
package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB    *store.DB
	Index *index.Index
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "organizations", Source: "organizations.amazonaws.com",
		Codes: map[granary.Kind]string{
			granary.Invalid: "InvalidInputException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.NotFound: "AccountNotFoundException", granary.Exists: "ConstraintViolationException", granary.Conflict: "ConstraintViolationException",
			granary.Quota: "ConstraintViolationException", granary.Throttled: "TooManyRequestsException", granary.NotImplemented: "UnsupportedAPIEndpointException",
			granary.Unavailable: "ServiceException", granary.Internal: "ServiceException",
		},
		Rows: []awsapi.Row{
			awsapi.On(api.DescribeOrganization, everyMember[api.DescribeOrganizationInput], s.describeOrganization),
			awsapi.On(api.CreateOrganization, everyMember[api.CreateOrganizationInput], s.createOrganization),
			awsapi.On(api.ListRoots, readers[api.ListRootsInput](s), s.listRoots),
			awsapi.On(api.ListOrganizationalUnitsForParent, readers[api.ListOrganizationalUnitsForParentInput](s), s.listUnits),
			awsapi.On(api.ListParents, readers[api.ListParentsInput](s), s.listParents),
			awsapi.On(api.ListChildren, readers[api.ListChildrenInput](s), s.listChildren),

			awsapi.On(api.CreateAccount, management(s, func(*api.CreateAccountInput) string { return "" }), s.createAccount),
			awsapi.On(api.DescribeCreateAccountStatus, management(s, func(*api.DescribeCreateAccountStatusInput) string { return "" }), s.describeCreateAccountStatus),
			awsapi.On(api.ListAccounts, readers[api.ListAccountsInput](s), s.listAccounts),
			awsapi.On(api.ListAccountsForParent, readers[api.ListAccountsForParentInput](s), s.listAccountsForParent),
			awsapi.On(api.DescribeAccount, s.checkDescribeAccount, s.describeAccount),
			awsapi.On(api.CloseAccount, management(s, func(in *api.CloseAccountInput) string { return in.AccountId }), s.closeAccount),

			awsapi.On(api.EnableAWSServiceAccess, management(s, func(*api.EnableAWSServiceAccessInput) string { return "" }), s.enableAccess),
			awsapi.On(api.DisableAWSServiceAccess, management(s, func(*api.DisableAWSServiceAccessInput) string { return "" }), s.disableAccess),
			awsapi.On(api.ListAWSServiceAccessForOrganization, readers[api.ListAWSServiceAccessForOrganizationInput](s), s.listAccess),
			awsapi.On(api.RegisterDelegatedAdministrator, management(s, func(in *api.RegisterDelegatedAdministratorInput) string { return in.AccountId }), s.register),
			awsapi.On(api.DeregisterDelegatedAdministrator, management(s, func(in *api.DeregisterDelegatedAdministratorInput) string { return in.AccountId }), s.deregister),
			awsapi.On(api.ListDelegatedAdministrators, readers[api.ListDelegatedAdministratorsInput](s), s.listDelegated),
		},
	}
}

// everyMember lets every account ask about itself in the organization.
func everyMember[In any](*awsapi.Call, *In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}

// management is for the management account alone; account names the resource, "" stands for all.
func management[In any](s *service, account func(*In) string) awsapi.Checks[In] {
	return func(_ *awsapi.Call, in *In) ([]authz.Request, error) {
		o := s.Index.Organization()
		resource := "*"
		if a := granary.AccountID(account(in)); a != "" {
			resource = string(o.AccountARN(a))
		}
		return []authz.Request{{Resource: resource, Owner: o.Management}}, nil
	}
}

// readers are the management account and every account that administers a service for the organization.
func readers[In any](s *service) awsapi.Checks[In] {
	return func(c *awsapi.Call, _ *In) ([]authz.Request, error) {
		return []authz.Request{{Resource: "*", Owner: s.reader(c)}}, nil
	}
}

// reader is whom reads are decided as belonging to.
func (s *service) reader(c *awsapi.Call) granary.AccountID {
	o := s.Index.Organization()
	for _, d := range o.Delegated {
		if d.Account == c.Caller.Account {
			return c.Caller.Account
		}
	}
	return o.Management
}

func (s *service) checkDescribeAccount(c *awsapi.Call, in *api.DescribeAccountInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(s.Index.Organization().AccountARN(granary.AccountID(in.AccountId))), Owner: s.reader(c)}}, nil
}
