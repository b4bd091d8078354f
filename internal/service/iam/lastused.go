package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// onKeyOwner checks against the user that a key is of. A key that is not there, or another account's, is checked against all users.
func (s *service) onKeyOwner(c *awsapi.Call, in *api.GetAccessKeyLastUsedInput) ([]authz.Request, error) {
	k, ok := s.Index.AccessKey(in.AccessKeyId)
	switch {
	case !ok || k.Account != c.Caller.Account:
		return onAny[api.GetAccessKeyLastUsedInput]("user/*")(c, in)
	case k.User == "":
		return []authz.Request{{Resource: string(granary.RootARN(k.Account))}}, nil
	}
	return []authz.Request{s.userRequest(c, k.User)}, nil
}

func (s *service) getAccessKeyLastUsed(c *awsapi.Call, in *api.GetAccessKeyLastUsedInput) (*api.GetAccessKeyLastUsedOutput, error) {
	out := &api.GetAccessKeyLastUsedOutput{AccessKeyLastUsed: &api.AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		k, err := tx.AccessKeys.Get(in.AccessKeyId)
		if granary.Is(err, granary.NotFound) || err == nil && k.Account != c.Caller.Account {
			return granary.Errorf(granary.NotFound, "The Access Key with id %s cannot be found.", in.AccessKeyId)
		}
		if err != nil {
			return err
		}
		out.UserName = k.User
		use, ok, err := s.Uses.Last(tx, k.ID)
		if ok {
			out.AccessKeyLastUsed = &api.AccessKeyLastUsed{LastUsedDate: use.At, ServiceName: use.Service, Region: use.Region}
		}
		return err
	})
}

// roleLastUsed is empty when the role was never used.
func (s *service) roleLastUsed(tx *store.Tx, r *granary.Role) (*api.RoleLastUsed, error) {
	use, ok, err := s.Uses.Last(tx, r.ID)
	if !ok {
		return &api.RoleLastUsed{}, err
	}
	return &api.RoleLastUsed{LastUsedDate: use.At, Region: use.Region}, err
}
