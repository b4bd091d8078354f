package organizations

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const (
	usualRole  = "OrganizationAccountAccessRole"
	statusLife = 90 * 24 * time.Hour // how long the status of a request is kept

	maxAccounts = 10_000 // with the management account and closed ones
)

func (s accounts) checkCreateAccount(_ *awsapi.Call, in *api.CreateAccountInput) ([]authz.Request, error) {
	return s.creationRequests(subject{}, nil, in.Tags), nil
}

// createAccount makes a member account with a role that the management account may assume. AWS works in the background;
// here the account exists before the answer is sent. As on AWS, the status reports a failure.
func (s accounts) createAccount(c *awsapi.Call, in *api.CreateAccountInput) (*api.CreateAccountOutput, error) {
	now := c.Now.UTC()
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	status := &api.CreateAccountStatus{Id: "car-" + granary.Hex(32), AccountName: in.AccountName, State: "SUCCEEDED",
		RequestedTimestamp: now, CompletedTimestamp: now}
	a := &granary.Account{ID: granary.NewAccountID(), Name: in.AccountName, Email: in.Email, Tags: tags, Created: now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if n, err := tx.Accounts.Count(); err != nil {
			return err
		} else if n >= maxAccounts {
			return violation("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "The organization has as many accounts as it can.")
		}
		_, err := tx.Accounts.ByEmail(a.Email)
		switch {
		case err != nil && !granary.Is(err, granary.NotFound):
			return err
		case err == nil || strings.EqualFold(a.Email, unknownEmail):
			status.State, status.FailureReason = "FAILED", "EMAIL_ALREADY_EXISTS"
		default:
			status.AccountId = string(a.ID)
			if err := tx.Accounts.Create(a); err != nil {
				return err
			}
			if err := tx.Roles.Create(s.accessRole(a, in.RoleName, now)); err != nil {
				return err
			}
		}
		doc, _ := json.Marshal(status) // strings and times only
		return tx.Idempotency.Put(statusKey(status.Id), string(doc), now.Add(statusLife))
	})
	return &api.CreateAccountOutput{CreateAccountStatus: status}, err
}

const statuses = "organizations CreateAccount "

func statusKey(request string) string { return statuses + request }

// accessRole is the role through which administrators of the management account reach the new account.
func (s accounts) accessRole(a *granary.Account, name string, now time.Time) *granary.Role {
	if name == "" {
		name = usualRole
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},`+
		`"Action":"sts:AssumeRole"}]}`,
		granary.RootARN(s.Index.Org.Organization().Management))
	return &granary.Role{Account: a.ID, Name: name, Path: "/", ID: granary.UniqueID("AROA"), Trust: trust,
		MaxSession: 3600, Attached: []granary.ARN{granary.AdministratorAccess}, Created: now}
}

func (s accounts) describeCreateAccountStatus(c *awsapi.Call, in *api.DescribeCreateAccountStatusInput) (
	*api.DescribeCreateAccountStatusOutput, error) {
	status := &api.CreateAccountStatus{}
	err := s.DB.View(c, func(tx *store.Tx) error {
		doc, ok, err := tx.Idempotency.Get(statusKey(in.CreateAccountRequestId))
		if err != nil {
			return err
		}
		if !ok {
			return granary.Errorf(granary.NotFound, "There was no request %s to create an account.", in.CreateAccountRequestId).
				WithCode("CreateAccountStatusNotFoundException")
		}
		return json.Unmarshal([]byte(doc), status)
	})
	return &api.DescribeCreateAccountStatusOutput{CreateAccountStatus: status}, err
}

// listCreateAccountStatus lists the requests of the last 90 days, by id. None is ever in progress.
func (s accounts) listCreateAccountStatus(c *awsapi.Call,
	in *api.ListCreateAccountStatusInput) (*api.ListCreateAccountStatusOutput, error) {
	l := awsapi.ListOf(append([]string{"organizations requests"}, in.States...)...)
	after, limit, err := pageStart(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListCreateAccountStatusOutput{CreateAccountStatuses: []api.CreateAccountStatus{}}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		for at := statusKey(after); ; {
			docs, err := tx.Idempotency.After(statuses, at, 100)
			if err != nil || len(docs) == 0 {
				return err
			}
			for _, doc := range docs {
				var status api.CreateAccountStatus
				if err := json.Unmarshal([]byte(doc), &status); err != nil {
					return err
				}
				at = statusKey(status.Id)
				if len(in.States) > 0 && !slices.Contains(in.States, status.State) {
					continue
				}
				if n := len(out.CreateAccountStatuses); n == limit {
					out.NextToken = l.NextToken(out.CreateAccountStatuses[n-1].Id)
					return nil
				}
				out.CreateAccountStatuses = append(out.CreateAccountStatuses, status)
			}
		}
	})
}
