package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s *service) listAccounts(c *awsapi.Call, in *api.ListAccountsInput) (*api.ListAccountsOutput, error) {
	l := awsapi.ListOf("organizations accounts")
	after, limit, err := page(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	var list []*granary.Account
	next := ""
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err = tx.Accounts.List(granary.AccountID(after), limit)
		return err
	})
	return &api.ListAccountsOutput{Accounts: s.shapes(list), NextToken: l.NextToken(next)}, err
}

// accountsUnder lists the accounts of the root or a unit, by id.
func (s *service) accountsUnder(c *awsapi.Call, parent string, maxResults *int64, nextToken string) (list []*granary.Account, next string, err error) {
	l := awsapi.ListOf("organizations accounts", parent)
	after, limit, err := page(l, maxResults, nextToken)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		unit, err := s.parent(tx, parent, "ParentNotFoundException")
		if err != nil {
			return err
		}
		list, next, err = tx.Accounts.ListUnder(unit, granary.AccountID(after), limit)
		return err
	})
	return list, l.NextToken(next), err
}

func (s *service) listAccountsForParent(c *awsapi.Call, in *api.ListAccountsForParentInput) (*api.ListAccountsForParentOutput, error) {
	list, next, err := s.accountsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
	return &api.ListAccountsForParentOutput{Accounts: s.shapes(list), NextToken: next}, err
}

func (s *service) shapes(list []*granary.Account) []api.Account {
	out := []api.Account{}
	for _, a := range list {
		out = append(out, s.shape(a))
	}
	return out
}

func (s *service) shape(a *granary.Account) api.Account {
	o := s.Index.Organization()
	out := api.Account{Arn: string(o.AccountARN(a.ID)), Email: email(a), Id: string(a.ID), JoinedMethod: "CREATED", JoinedTimestamp: a.Created, Name: a.Name,
		Paths: []string{s.path(a.Parent) + string(a.ID) + "/"}, State: "ACTIVE", Status: "ACTIVE"}
	if a.Management {
		out.JoinedMethod = "INVITED"
	}
	if a.Closed {
		out.State, out.Status = "CLOSED", "SUSPENDED"
	}
	return out
}

// unsaid is the address of the management account, which was not created with one: clients expect one.
const unsaid = "management@granary.invalid"

func email(a *granary.Account) string {
	if a == nil || a.Email == "" {
		return unsaid
	}
	return a.Email
}

func (s *service) describeAccount(_ *awsapi.Call, in *api.DescribeAccountInput) (*api.DescribeAccountOutput, error) {
	a, ok := s.Index.Account(granary.AccountID(in.AccountId))
	if !ok {
		return nil, noAccount(in.AccountId)
	}
	shape := s.shape(a)
	return &api.DescribeAccountOutput{Account: &shape}, nil
}

func noAccount(id string) error {
	return granary.Errorf(granary.NotFound, "The organization has no account %s.", id)
}

// closeAccount ends every key and session of the account; what it owns stays.
func (s *service) closeAccount(c *awsapi.Call, in *api.CloseAccountInput) (*api.CloseAccountOutput, error) {
	return &api.CloseAccountOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Accounts.Get(granary.AccountID(in.AccountId))
		switch {
		case granary.Is(err, granary.NotFound):
			return noAccount(in.AccountId)
		case err != nil:
			return err
		case a.Management:
			return violation("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "The management account cannot be closed.")
		case a.Closed:
			return granary.Errorf(granary.Conflict, "The account %s is closed already.", a.ID).WithCode("AccountAlreadyClosedException")
		}
		if err := administersNothing(tx, a.ID); err != nil {
			return err
		}
		a.Closed = true
		return tx.Accounts.Update(a)
	})
}

// administersNothing refuses what would take a delegated administrator away from its services.
func administersNothing(tx *store.Tx, id granary.AccountID) error {
	o, err := tx.Organization.Get()
	if err != nil {
		return err
	}
	for _, d := range o.Delegated {
		if d.Account == id {
			return violation("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", "The account administers "+d.Service+" for the organization: deregister it first.")
		}
	}
	return nil
}

// removeAccount is refused always: an installation is one organization, and nothing in it works for an account outside. AWS's own
// refusal of accounts that could not stand alone says the same.
func (s *service) removeAccount(c *awsapi.Call, in *api.RemoveAccountFromOrganizationInput) (*api.RemoveAccountFromOrganizationOutput, error) {
	return nil, s.stay(c, granary.AccountID(in.AccountId))
}

func (s *service) leaveOrganization(c *awsapi.Call, _ *api.LeaveOrganizationInput) (*api.LeaveOrganizationOutput, error) {
	return nil, s.stay(c, c.Caller.Account)
}

// stay says why an account does not leave.
func (s *service) stay(c *awsapi.Call, id granary.AccountID) error {
	return s.DB.View(c, func(tx *store.Tx) error {
		a, err := tx.Accounts.Get(id)
		switch {
		case granary.Is(err, granary.NotFound):
			return noAccount(string(id))
		case err != nil:
			return err
		case a.Management:
			return granary.Errorf(granary.Conflict, "The management account cannot leave its organization.").WithCode("MasterCannotLeaveOrganizationException")
		}
		if err := administersNothing(tx, id); err != nil {
			return err
		}
		return violation("ACCOUNT_CANNOT_LEAVE_ORGANIZATION", "The account "+string(id)+" cannot stand alone: every account here belongs to the one organization. close-account ends its use.")
	})
}

func violation(reason, message string) error {
	return granary.Errorf(granary.Conflict, "%s", message).With("Reason", reason)
}
