package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s accounts) listAccounts(c *awsapi.Call, in *api.ListAccountsInput) (*api.ListAccountsOutput, error) {
	l := awsapi.ListOf("organizations accounts")
	after, limit, err := pageStart(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	var list []*granary.Account
	next := ""
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err = tx.Accounts.List(granary.AccountID(after), limit)
		return err
	})
	return &api.ListAccountsOutput{Accounts: s.accountShapes(list), NextToken: l.NextToken(next)}, err
}

func (s accounts) listAccountsForParent(c *awsapi.Call,
	in *api.ListAccountsForParentInput) (*api.ListAccountsForParentOutput, error) {
	list, next, err := s.accountsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
	return &api.ListAccountsForParentOutput{Accounts: s.accountShapes(list), NextToken: next}, err
}

// accountsUnder lists the accounts of the root or a unit, by id.
func (s *service) accountsUnder(c *awsapi.Call, parent string, maxResults *int64,
	nextToken string) (list []*granary.Account, next string, err error) {
	l := awsapi.ListOf("organizations accounts", parent)
	after, limit, err := pageStart(l, maxResults, nextToken)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		unit, err := s.findParent(tx, parent, "ParentNotFoundException")
		if err != nil {
			return err
		}
		list, next, err = tx.Accounts.ListUnder(unit, granary.AccountID(after), limit)
		return err
	})
	return list, l.NextToken(next), err
}

func (s *service) accountShapes(list []*granary.Account) []api.Account {
	out := []api.Account{}
	for _, a := range list {
		out = append(out, s.accountShape(a))
	}
	return out
}

func (s *service) accountShape(a *granary.Account) api.Account {
	o := s.Index.Org.Organization()
	out := api.Account{Arn: string(o.AccountARN(a.ID)), Email: emailOf(a), Id: string(a.ID), JoinedMethod: "CREATED",
		JoinedTimestamp: a.Created, Name: a.Name,
		Paths: []string{s.unitPath(a.Parent) + string(a.ID) + "/"}, State: "ACTIVE", Status: "ACTIVE"}
	if a.Management {
		out.JoinedMethod = "INVITED"
	}
	if a.Closed {
		out.State, out.Status = "CLOSED", "SUSPENDED"
	}
	return out
}

// unknownEmail stands for the address of the management account, which was created without one: clients expect one.
const unknownEmail = "management@granary.invalid"

func emailOf(a *granary.Account) string {
	if a == nil || a.Email == "" {
		return unknownEmail
	}
	return a.Email
}

func (s accounts) describeAccount(_ *awsapi.Call, in *api.DescribeAccountInput) (*api.DescribeAccountOutput, error) {
	a, ok := s.Index.Org.Account(granary.AccountID(in.AccountId))
	if !ok {
		return nil, noAccount(in.AccountId)
	}
	shape := s.accountShape(a)
	return &api.DescribeAccountOutput{Account: &shape}, nil
}

func noAccount(id string) error {
	return granary.Errorf(granary.NotFound, "The organization has no account %s.", id)
}

// moveAccount puts an account under another parent. The policies there apply from the next request on.
func (s accounts) moveAccount(c *awsapi.Call, in *api.MoveAccountInput) (*api.MoveAccountOutput, error) {
	return &api.MoveAccountOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Accounts.Get(granary.AccountID(in.AccountId))
		if granary.Is(err, granary.NotFound) {
			return noAccount(in.AccountId)
		} else if err != nil {
			return err
		}
		from, err := s.findParent(tx, in.SourceParentId, "SourceParentNotFoundException")
		if err != nil {
			return err
		}
		to, err := s.findParent(tx, in.DestinationParentId, "DestinationParentNotFoundException")
		switch {
		case err != nil:
			return err
		case a.Parent == to:
			return granary.Errorf(granary.Exists, "The account %s is in %s already.", a.ID, in.DestinationParentId).
				WithCode("DuplicateAccountException")
		case a.Parent != from:
			return granary.Errorf(granary.NotFound, "The account %s is not in %s: list-parents shows where it is.", a.ID,
				in.SourceParentId).WithCode("SourceParentNotFoundException")
		}
		a.Parent = to
		return tx.Accounts.Update(a)
	})
}

// closeAccount ends every key and session of the account. Its resources stay.
func (s accounts) closeAccount(c *awsapi.Call, in *api.CloseAccountInput) (*api.CloseAccountOutput, error) {
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
			return granary.Errorf(granary.Conflict, "The account %s is closed already.",
				a.ID).WithCode("AccountAlreadyClosedException")
		}
		if err := administersNothing(tx, a.ID); err != nil {
			return err
		}
		a.Closed = true
		return tx.Accounts.Update(a)
	})
}

// administersNothing returns an error when the account is a delegated administrator of a service.
func administersNothing(tx *store.Tx, id granary.AccountID) error {
	o, err := tx.Organization.Get()
	if err != nil {
		return err
	}
	for _, d := range o.Delegated {
		if d.Account == id {
			return violation("CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG", "The account administers "+d.Service+
				" for the organization: deregister it first.")
		}
	}
	return nil
}

// removeAccount always refuses: an installation is one organization, and an account outside of it could do nothing. AWS
// refuses accounts that could not stand alone with the same error.
func (s accounts) removeAccount(c *awsapi.Call, in *api.RemoveAccountFromOrganizationInput) (
	*api.RemoveAccountFromOrganizationOutput, error) {
	return nil, s.refuseToLeave(c, granary.AccountID(in.AccountId))
}

// refuseToLeave returns the reason why an account cannot leave.
func (s *service) refuseToLeave(c *awsapi.Call, id granary.AccountID) error {
	return s.DB.View(c, func(tx *store.Tx) error {
		a, err := tx.Accounts.Get(id)
		switch {
		case granary.Is(err, granary.NotFound):
			return noAccount(string(id))
		case err != nil:
			return err
		case a.Management:
			return granary.Errorf(granary.Conflict, "The management account cannot leave its organization.").
				WithCode("MasterCannotLeaveOrganizationException")
		}
		if err := administersNothing(tx, id); err != nil {
			return err
		}
		return violation("ACCOUNT_CANNOT_LEAVE_ORGANIZATION", "The account "+string(id)+" cannot stand alone: every "+
			"account here belongs to the one organization. close-account ends its use.")
	})
}
