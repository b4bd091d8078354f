package sts

import (
	"time"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
)

const (
	usualUserSession = 12 * time.Hour // GetSessionToken and GetFederationToken
	longestRoot      = time.Hour      // of the root user's, whatever is asked
)

// longTerm refuses callers other than a user or the root user with a key of its own.
func longTerm(c *awsapi.Call, operation string) error {
	if c.Caller.Session != nil || c.Caller.Kind != policy.IAMUser && c.Caller.Kind != policy.Root {
		return granary.Errorf(granary.Denied, "Cannot call %s with session credentials", operation)
	}
	return nil
}

// ownSession is a session of the calling user, and how long it lasts.
func ownSession(c *awsapi.Call, seconds *int64) (*granary.Session, time.Duration) {
	s, lifetime := &granary.Session{Account: c.Caller.Account}, usualUserSession
	if seconds != nil {
		lifetime = time.Duration(*seconds) * time.Second
	}
	if u := c.Caller.User; u != nil {
		s.User, s.UserID = u.Name, u.ID
	} else {
		lifetime = min(lifetime, longestRoot)
	}
	return s, lifetime
}

// getSessionToken makes a temporary key with the caller's own permissions, IAM and most of STS excepted (package
// authz).
func (s *service) getSessionToken(c *awsapi.Call, in *api.GetSessionTokenInput) (*api.GetSessionTokenOutput, error) {
	if err := longTerm(c, "GetSessionToken"); err != nil {
		return nil, err
	}
	if in.SerialNumber != "" || in.TokenCode != "" {
		return nil, errMFA
	}
	session, lifetime := ownSession(c, in.DurationSeconds)
	k := s.Authn.Issue(session, lifetime)
	c.Event.ResponseElements = recordKey(k, nil)
	return &api.GetSessionTokenOutput{Credentials: credentials(k)}, nil
}

func checkFederation(c *awsapi.Call, in *api.GetFederationTokenInput) ([]authz.Request, error) {
	if err := longTerm(c, "GetFederationToken"); err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags, nil)
	if err != nil {
		return nil, err
	}
	keys := policy.Values{}
	tags.keys(keys)
	r := authz.Request{Resource: string(granary.FederatedUserARN(c.Caller.Account, in.Name)), Keys: keys}
	list := []authz.Request{r}
	if len(in.Tags) > 0 {
		r.Action = "sts:TagSession"
		list = append(list, r)
	}
	return list, nil
}

// getFederationToken makes a temporary key that may do what both the calling user's policies and the session policies
// given here allow; without session policies, nothing but what resources' policies give the federated user by name.
func (s *service) getFederationToken(c *awsapi.Call, in *api.GetFederationTokenInput) (*api.GetFederationTokenOutput,
	error) {
	tags, err := mergeTags(nil, in.Tags, nil)
	if err != nil {
		return nil, err
	}
	packed, err := checkPolicies(s.Index, c.Caller.Account, in.Policy, in.PolicyArns, tags.all)
	if err != nil {
		return nil, err
	}
	session, lifetime := ownSession(c, in.DurationSeconds)
	session.Federated, session.Name, session.Tags = true, in.Name, tags.all
	limitTo(session, in.Policy, in.PolicyArns)
	k := s.Authn.Issue(session, lifetime)
	user := &api.FederatedUser{Arn: string(granary.FederatedUserARN(c.Caller.Account, in.Name)),
		FederatedUserId: string(c.Caller.Account) + ":" + in.Name}
	c.Event.ResponseElements = recordKey(k,
		map[string]any{"federatedUser": map[string]string{"arn": user.Arn, "federatedUserId": user.FederatedUserId}})
	return &api.GetFederationTokenOutput{Credentials: credentials(k), FederatedUser: user, PackedPolicySize: &packed}, nil
}
