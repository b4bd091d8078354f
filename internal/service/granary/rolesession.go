package granary

import (
	"strings"
	"time"

	"granary"
	api "granary/internal/api/granary"
	"granary/internal/authz"
	"granary/internal/awsapi"
)

// roleChecks asks for granary:CreateRoleSession on the role: it goes round the role's trust policy, as attaching the
// role to a machine does, and is meant for the account's administrators.
func roleChecks(c *awsapi.Call, in *api.CreateRoleSessionInput) ([]authz.Request, error) {
	p, ok := granary.ARN(in.RoleArn).Parts()
	if !ok || p.Service != "iam" || !strings.HasPrefix(p.Resource, "role/") {
		return nil, granary.Errorf(granary.Invalid, "%q is not the ARN of a role, such as arn:aws:iam::%s:role/webapp.",
			in.RoleArn, c.Caller.Account)
	}
	return []authz.Request{{Resource: in.RoleArn, Owner: p.Account}}, nil
}

// createRoleSession makes a session of a role of the caller's own account, as an instance profile would.
func (s *service) createRoleSession(c *awsapi.Call, in *api.CreateRoleSessionInput) (*api.CreateRoleSessionOutput,
	error) {
	r, ok := s.Index.IAM.Role(granary.ARN(in.RoleArn))
	if !ok || r.Account != c.Caller.Account {
		return nil, granary.Errorf(granary.NotFound, "The account %s has no role %s.", c.Caller.Account, in.RoleArn)
	}
	if sc := c.Caller.Session; sc != nil {
		return nil,
			granary.Errorf(granary.Denied, "A temporary key cannot make a role's session this way; use sts AssumeRole.")
	}
	name := in.RoleSessionName
	if name == "" {
		name = "granary-exec"
	}
	life := time.Hour
	if in.DurationSeconds != nil {
		life = time.Duration(*in.DurationSeconds) * time.Second
	}
	if limit := time.Duration(r.MaxSession) * time.Second; life > limit {
		return nil, granary.Errorf(granary.Invalid, "The role's sessions last at most %s.", limit)
	}
	k := s.Authn.Issue(&granary.Session{Account: r.Account, RoleID: r.ID, RoleARN: r.ARN, Name: name}, life)
	return &api.CreateRoleSessionOutput{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token,
		Expiration: k.Expires}, nil
}
