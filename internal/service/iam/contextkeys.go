package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// onSource checks against the entity whose policies are asked about.
func onSource[In any](arn func(*In) string) awsapi.Checks[In] {
	return on(func(_ *awsapi.Call, in *In) authz.Request {
		r := authz.Request{Resource: arn(in)}
		if p, ok := granary.ARN(arn(in)).Parts(); ok && p.Account.Valid() {
			r.Owner = p.Account
		}
		return r
	})
}

func (m *simulation) contextKeys() []string {
	var names []string
	for _, s := range m.sources {
		names = append(names, policy.ContextKeys(s.document)...)
	}
	return unique(names)
}

func (s *service) contextKeysForCustom(_ *awsapi.Call, in *api.GetContextKeysForCustomPolicyInput) (*api.GetContextKeysForCustomPolicyOutput, error) {
	m := &simulation{}
	if err := m.inputs(in.PolicyInputList, nil); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForCustomPolicyOutput{ContextKeyNames: m.contextKeys()}, nil
}

func (s *service) contextKeysForPrincipal(c *awsapi.Call, in *api.GetContextKeysForPrincipalPolicyInput) (*api.GetContextKeysForPrincipalPolicyOutput, error) {
	m := &simulation{}
	if err := s.DB.View(c, func(tx *store.Tx) error { return m.entity(tx, c, in.PolicySourceArn) }); err != nil {
		return nil, err
	}
	if err := m.inputs(in.PolicyInputList, nil); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: m.contextKeys()}, nil
}
