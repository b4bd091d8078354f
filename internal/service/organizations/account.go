package organizations

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const (
	usualRole  = "OrganizationAccountAccessRole"
	statusLife = 90 * 24 * time.Hour // how long a request's status can be asked for
	maxPage    = 20
)

// createAccount makes a member account with a role that the management account may assume. AWS does it in the background; here it
// is done when the answer comes, and a failure stands in the status as on AWS.
func (s *service) createAccount(c *awsapi.Call, in *api.CreateAccountInput) (*api.CreateAccountOutput, error) {
	now := c.Now.UTC()
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	status := &api.CreateAccountStatus{Id: "car-" + granary.Hex(32), AccountName: in.AccountName, State: "SUCCEEDED", RequestedTimestamp: now, CompletedTimestamp: now}
	a := &granary.Account{ID: granary.NewAccountID(), Name: in.AccountName, Email: in.Email, Tags: tags, Created: now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.Accounts.Create(a)
		switch {
		case granary.Is(err, granary.Exists):
			status.State, status.FailureReason = "FAILED", "EMAIL_ALREADY_EXISTS"
		case err != nil:
			return err
		default:
			status.AccountId = string(a.ID)
			if err := tx.Roles.Create(s.accessRole(a, in.RoleName, now)); err != nil {
				return err
			}
		}
		doc, _ := json.Marshal(status) // texts and times
		return tx.Idempotency.Put(statusKey(status.Id), string(doc), now.Add(statusLife))
	})
	return &api.CreateAccountOutput{CreateAccountStatus: status}, err
}

func statusKey(request string) string { return "organizations CreateAccount " + request }

// accessRole trusts the management account, whose administrators reach the new account through it.
func (s *service) accessRole(a *granary.Account, name string, now time.Time) *granary.Role {
	if name == "" {
		name = usualRole
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}]}`,
		granary.RootARN(s.Index.Organization().Management))
	return &granary.Role{Account: a.ID, Name: name, Path: "/", ID: granary.UniqueID("AROA"), Trust: trust, MaxSession: 3600, Attached: []granary.ARN{granary.AdministratorAccess}, Created: now}
}

func (s *service) describeCreateAccountStatus(c *awsapi.Call, in *api.DescribeCreateAccountStatusInput) (*api.DescribeCreateAccountStatusOutput, error) {
	status := &api.CreateAccountStatus{}
	err := s.DB.View(c, func(tx *store.Tx) error {
		doc, ok, err := tx.Idempotency.Get(statusKey(in.CreateAccountRequestId))
		if err != nil {
			return err
		}
		if !ok {
			return granary.Errorf(granary.NotFound, "There was no request %s to create an account.", in.CreateAccountRequestId).WithCode("CreateAccountStatusNotFoundException")
		}
		return json.Unmarshal([]byte(doc), status)
	})
	return &api.DescribeCreateAccountStatusOutput{CreateAccountStatus: status}, err
}

func (s *service) listAccounts(c *awsapi.Call, in *api.ListAccountsInput) (*api.ListAccountsOutput, error) {
	after, limit, err := page(in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	var list []*granary.Account
	next := ""
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err = tx.Accounts.List(granary.AccountID(after), limit)
		return err
	})
	return &api.ListAccountsOutput{Accounts: s.shapes(list), NextToken: awsapi.NextToken(next)}, err
}

// accountsUnder lists the accounts of the root or a unit, by id.
func (s *service) accountsUnder(c *awsapi.Call, parent string, maxResults *int64, nextToken string) (list []*granary.Account, next string, err error) {
	after, limit, err := page(maxResults, nextToken)
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
	return list, awsapi.NextToken(next), err
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

// email is the account's address. The management account was not created with one, and clients expect one.
func email(a *granary.Account) string {
	if a == nil || a.Email == "" {
		return "management@granary.invalid"
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
		o, err := tx.Organization.Get()
		if err != nil {
			return err
		}
		for _, d := range o.Delegated {
			if d.Account == a.ID {
				return violation("CANNOT_CLOSE_DELEGATED_ADMINISTRATOR", "The account administers "+d.Service+" for the organization: deregister it first.")
			}
		}
		a.Closed = true
		return tx.Accounts.Update(a)
	})
}

func violation(reason, message string) error {
	return granary.Errorf(granary.Conflict, "%s", strings.TrimSpace(message)).With("Reason", reason)
}
