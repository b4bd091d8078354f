package s3control

import (
	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/wire"
)

var errNoInstance = granary.Errorf(granary.NotFound, "Access Grants Instance does not exist").
	WithCode("AccessGrantsInstanceNotExistsError").At(cause.InstanceMissing)

// instance is the instance of the account and Region a call addresses.
func (s *service) instance(c *awsapi.Call) (*index.GrantsInstance, error) {
	i, ok := s.Index.Grants.Instance(c.Account, c.Region)
	if !ok {
		return nil, errNoInstance
	}
	return i, nil
}

// on is a request on a resource of the addressed account, with its tags in the context. The event of the call is about
// the account's instance.
func (s *service) on(c *awsapi.Call, arn granary.ARN, tags []granary.Tag) authz.Request {
	about(c, c.Account)
	r := authz.Request{Resource: string(arn), Owner: c.Account, Keys: policy.Values{}}
	r.Keys.AddResourceTags(tags)
	return r
}

// about makes the call's event one about an account's instance, which its owner finds too.
func about(c *awsapi.Call, owner granary.AccountID) {
	c.Event.Resources = []audit.Resource{{AccountID: string(owner), Type: "AWS:S3::AccessGrantsInstance",
		ARN: string(granary.GrantsInstanceARN(c.Region, owner))}}
}

// ours refuses other accounts: all but five operations are for the owner alone (access-grants §3).
func ours(c *awsapi.Call) error {
	if c.Account != c.Caller.Account {
		return granary.Errorf(granary.Denied, "Access Denied: only callers of account %s may do this to its Access Grants "+
			"instance, and %s is of account %s.",
			c.Account, c.Caller.ARN, c.Caller.Account).At(cause.PolicyOwner, "owner", string(c.Account))
	}
	return nil
}

func (s *service) onInstance(c *awsapi.Call) authz.Request {
	about(c, c.Account)
	return access.OnInstance(s.Index, c.Caller.Account, c.Account, c.Region, "")
}

// onOwnInstance is a row for an operation on the instance that only callers of its owner's account may use.
func onOwnInstance[In, Out any](s instances, op wire.Operation[In, Out],
	run func(*awsapi.Call, *In) (*Out, error)) awsapi.Row {
	return awsapi.On(op, func(c *awsapi.Call, _ *In) ([]authz.Request, error) {
		return []authz.Request{s.onInstance(c)}, ours(c)
	}, run)
}

func (s *service) checkListInstances(c *awsapi.Call, in *api.ListAccessGrantsInstancesInput) ([]authz.Request, error) {
	if _, err := page(c, in.MaxResults, in.NextToken, "instances"); err != nil {
		return nil, err
	}
	return []authz.Request{{Resource: "*", Owner: c.Account}}, ours(c)
}

func (s *service) checkDataAccess(c *awsapi.Call, in *api.GetDataAccessInput) ([]authz.Request, error) {
	if err := checkDuration(in.DurationSeconds); err != nil {
		return nil, err
	}
	if err := checkAuditContext(in.AuditContext); err != nil {
		return nil, err
	}
	if _, err := grants.ParseTarget(in.Target, in.TargetType == "Object"); err != nil {
		return nil, err
	}
	return []authz.Request{s.onInstance(c)}, nil
}

// either allows when one of the requests is allowed and none is explicitly denied.
func either(c *awsapi.Call, requests ...authz.Request) error {
	var first *authz.Decision
	allowed := false
	for _, r := range requests {
		d := c.Decide(r)
		if d.Explicit {
			return c.Refuse(&d)
		}
		allowed = allowed || d.Allowed
		if first == nil {
			first = &d
		}
	}
	if allowed {
		return nil
	}
	return c.Refuse(first)
}

// tagging is what a caller who makes a resource with tags needs beside.
func tagging(arn granary.ARN, owner granary.AccountID, tags []api.Tag) []authz.Request {
	if len(tags) == 0 {
		return nil
	}
	r := authz.Request{Action: "s3:TagResource", Resource: string(arn), Owner: owner, Keys: policy.Values{}}
	addRequestTags(r.Keys, tags)
	return []authz.Request{r}
}

// addRequestTags sets the condition keys of the tags that a request gives.
func addRequestTags(k policy.Values, tags []api.Tag) {
	for _, t := range tags {
		k.AddRequestTag(t.Key, t.Value)
	}
}
