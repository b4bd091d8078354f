package granary

import (
	"strconv"
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/granary"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/explain"
	"granary/internal/grants"
)

// anyResource checks an operation that shows what belongs to the caller's account, whatever it turns out to be about.
func anyResource[In any](*awsapi.Call, In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}

// checkGrants checks against the Access Grants instance of an account, and the identity store whose people it is for:
// both of the caller's account, or of any when the caller is the management account. No resource policy opens either to
// others.
func (s *service) checkGrants(c *awsapi.Call, accountID string) ([]authz.Request, error) {
	account := accountOf(c, accountID)
	owner := account
	if c.Caller.Account == s.Index.Org.Organization().Management {
		owner = c.Caller.Account
	}
	instance := access.OnInstance(s.Index, c.Caller.Account, account, s.Explain.Region, "")
	instance.Owner, instance.Policy = owner, nil
	list := []authz.Request{instance}
	if center, ok := s.Explain.Center(account); ok {
		if center.Organization { // every account of the organization may read its people, as its own policies allow
			owner = c.Caller.Account
		}
		list = append(list, authz.Request{Resource: string(center.StoreARN()), Owner: owner})
	}
	return list, nil
}

func accountOf(c *awsapi.Call, given string) granary.AccountID {
	if given == "" {
		return c.Caller.Account
	}
	return granary.AccountID(given)
}

// explainDecision tells why a request was refused.
func (s *service) explainDecision(c *awsapi.Call, in *api.ExplainDecisionInput) (*api.ExplainDecisionOutput, error) {
	d, err := s.Explain.Decision(c, c.Caller.Account, in.DecisionId)
	if err != nil {
		return nil, err
	}
	return &api.ExplainDecisionOutput{DecisionId: d.ID, Operation: d.Operation, Caller: d.Caller, ErrorCode: d.Code,
		ErrorMessage: d.Message, RequestId: d.RequestID,
		Time: d.At, Recorded: &d.Recorded, Links: links(&d.Chain), Statements: statements(d.Statements), Now: d.Now,
		NowDetail: d.NowDetail}, nil
}

func links(c *explain.Chain) []api.Link {
	out := []api.Link{}
	for _, l := range c.Links {
		out = append(out, api.Link{Name: l.Name, Result: l.Result, Detail: l.Detail, Fix: l.Fix})
	}
	return out
}

func statements(list []audit.Statement) (out []api.PolicyStatement) {
	for _, st := range list {
		n := int64(st.Statement)
		out = append(out, api.PolicyStatement{Layer: st.Layer, Policy: st.Policy, Sid: st.Sid, Statement: &n,
			Effect: st.Effect})
	}
	return out
}

// wanted reads what is asked for; READ when nothing is said.
func wanted(target, kind, permission string) (grants.Target, granary.Permission, error) {
	t, err := grants.ParseTarget(target, kind == "Object")
	if err != nil {
		return t, 0, granary.Errorf(granary.Invalid, "%s", granary.AsError(err).Message)
	}
	p, ok := granary.ParsePermission(permission)
	if !ok {
		p = granary.Read
	}
	return t, p, nil
}

// explainAccess tells whether a person would reach a target, link by link.
func (s *service) explainAccess(c *awsapi.Call, in *api.ExplainAccessInput) (*api.ExplainAccessOutput, error) {
	t, p, err := wanted(in.Target, in.TargetType, in.Permission)
	if err != nil {
		return nil, err
	}
	q := explain.Question{Account: accountOf(c, in.AccountId), User: in.User, Target: t, Permission: p,
		Application: in.Application, Role: in.Role, Viewer: c.Caller.Account, Asker: c.Caller, Env: c.Env}
	if in.DurationSeconds != nil {
		q.Duration = *in.DurationSeconds
	}
	chain, err := s.Explain.Person(c, q)
	if err != nil {
		return nil, err
	}
	allowed := chain.Allowed()
	return &api.ExplainAccessOutput{Allowed: &allowed, Links: links(chain), Statements: statements(chain.Statements)}, nil
}

const usualHoldings = 100

// listWhoCanAccess lists who reaches a target.
func (s *service) listWhoCanAccess(c *awsapi.Call, in *api.ListWhoCanAccessInput) (*api.ListWhoCanAccessOutput, error) {
	t, p, err := wanted(in.Target, in.TargetType, in.Permission)
	if err != nil {
		return nil, err
	}
	account := accountOf(c, in.AccountId)
	whole := in.WholeTarget != nil && *in.WholeTarget
	pages := awsapi.ListOf("who", string(account), t.String(), in.TargetType, p.String(), strconv.FormatBool(whole))
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, usualHoldings)
	if err != nil {
		return nil, err
	}
	page, err := s.Explain.Who(c, explain.Who{Account: account, Target: t, Permission: p, Whole: whole, After: after,
		Limit: limit, Viewer: c.Caller.Account, Asker: c.Caller, Env: c.Env})
	if err != nil {
		return nil, err
	}
	return &api.ListWhoCanAccessOutput{Holdings: holdings(page.Holdings), NextToken: pages.NextToken(page.Next),
		LeftOut: page.LeftOut}, nil
}

// listUserAccess lists what a person reaches.
func (s *service) listUserAccess(c *awsapi.Call, in *api.ListUserAccessInput) (*api.ListUserAccessOutput, error) {
	account := accountOf(c, in.AccountId)
	if strings.HasPrefix(in.User, "arn:") {
		return s.listPrincipalAccess(c, account, in)
	}
	center, ok := s.Explain.Center(account)
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "The account sees no Identity Center, and so no directory of people.")
	}
	user, ok := s.Explain.FindUser(c, center.Store, in.User)
	if !ok {
		return nil,
			granary.Errorf(granary.NotFound, "The directory %s has no user whose id, user name or e-mail address is %q.",
				center.Store, in.User)
	}
	pages := awsapi.ListOf("can", string(account), string(user.ID))
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, usualHoldings)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Explain.Can(c, explain.Can{Account: account, User: user, After: after, Limit: limit, Env: c.Env})
	active := !user.Disabled
	return &api.ListUserAccessOutput{UserId: string(user.ID), UserName: user.UserName, Active: &active,
		Holdings: holdings(list), NextToken: pages.NextToken(next)}, err
}

// listPrincipalAccess lists what an IAM user, a role or the root user reaches.
func (s *service) listPrincipalAccess(c *awsapi.Call, account granary.AccountID,
	in *api.ListUserAccessInput) (*api.ListUserAccessOutput, error) {
	who, ok := s.Explain.Principal(account, granary.ARN(in.User))
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "The account %s has no IAM user or role %q.", account, in.User)
	}
	pages := awsapi.ListOf("can", string(account), in.User)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, usualHoldings)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Explain.Can(c, explain.Can{Account: account, Principal: who, After: after, Limit: limit,
		Env: c.Env})
	if err != nil {
		return nil, err
	}
	return &api.ListUserAccessOutput{PrincipalArn: in.User, Holdings: holdings(list), NextToken: pages.NextToken(next),
		LeftOut: []string{
			"Buckets of other accounts, whose policies may let it in, are not told.",
			"What it reaches through roles that it may assume is the roles': ask about those.",
			"Policies were asked for s3:GetObject (READ) and for s3:PutObject or s3:DeleteObject (WRITE), and for " +
				"nothing else."}}, nil
}

func holdings(list []explain.Holding) []api.Holding {
	out := []api.Holding{}
	for i := range list {
		h := &list[i]
		v := api.Holding{GranteeType: h.Grantee.Type.String(), UserId: string(h.UserID), ApplicationArn: h.Application,
			Effective: &h.Effective, Note: h.Note,
			NarrowerAccessGrantId: string(h.Narrower), Part: h.Part, Policy: h.Policy}
		if h.Grant != nil {
			v.AccessGrantId, v.GrantScope, v.Permission = string(h.Grant.ID), h.Grant.Scope, h.Grant.Permission.String()
		} else {
			v.Permission = h.Permission.String()
		}
		if h.Grantee.Type == granary.GranteeIAM {
			v.PrincipalArn = h.Grantee.ID
		}
		if h.User != nil {
			v.UserName, v.DisplayName = h.User.UserName, h.User.DisplayName
		}
		if h.Group != nil {
			v.GroupId, v.GroupName = string(h.Group.ID), h.Group.DisplayName
		}
		out = append(out, v)
	}
	return out
}
