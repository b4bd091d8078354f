package sts

import (
	"granary"
	api "granary/internal/api/sts"
	"granary/internal/awsapi"
)

// getCallerIdentity needs no permission and cannot be denied (STS API, GetCallerIdentity).
func (s *service) getCallerIdentity(c *awsapi.Call, _ *api.GetCallerIdentityInput) (*api.GetCallerIdentityOutput,
	error) {
	return &api.GetCallerIdentityOutput{Account: string(c.Caller.Account), Arn: string(c.Caller.ARN), UserId: c.Caller.ID},
		nil
}

// getAccessKeyInfo reads the account out of the key id itself, and so tells nothing about whether the key exists.
func (s *service) getAccessKeyInfo(_ *awsapi.Call, in *api.GetAccessKeyInfoInput) (*api.GetAccessKeyInfoOutput, error) {
	a, ok := granary.AccountOfAccessKey(in.AccessKeyId)
	if !ok {
		return nil, granary.Errorf(granary.Invalid, "The access key id %s is not of a form that names an account.",
			in.AccessKeyId)
	}
	return &api.GetAccessKeyInfoOutput{Account: string(a)}, nil
}
