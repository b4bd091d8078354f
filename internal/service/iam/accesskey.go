package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// maxAccessKeys is the largest number of keys of a user: one in use, and one to change over to (IAM quota
// AccessKeysPerUser).
const maxAccessKeys = 2

// createAccessKey makes a key. Only this answer ever carries its secret.
func (s accessKeys) createAccessKey(c *awsapi.Call, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	k := &granary.AccessKey{ID: granary.NewAccessKeyID("AKIA", c.Caller.Account), Account: c.Caller.Account, User: name,
		Secret: granary.NewSecret(), Active: true, Created: c.Now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if name != "" {
			u, err := findUser(tx, c, name)
			if err != nil {
				return err
			}
			k.User = u.Name
		}
		have, err := tx.AccessKeys.ListForUser(k.Account, k.User)
		if err != nil {
			return err
		}
		if len(have) >= maxAccessKeys {
			return quotaExceeded("AccessKeysPerUser", maxAccessKeys)
		}
		return tx.AccessKeys.Create(k)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAccessKeyOutput{AccessKey: &api.AccessKey{AccessKeyId: k.ID, SecretAccessKey: k.Secret,
		Status: "Active", UserName: k.User, CreateDate: k.Created}}, nil
}

func (s accessKeys) listAccessKeys(c *awsapi.Call, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccessKeysOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if name != "" {
			if _, err := findUser(tx, c, name); err != nil {
				return err
			}
		}
		list, err := tx.AccessKeys.ListForUser(c.Caller.Account, name)
		for _, k := range list {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, api.AccessKeyMetadata{AccessKeyId: k.ID, CreateDate: k.Created,
				Status: keyStatus(k), UserName: k.User})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.AccessKeyMetadata, out.IsTruncated, out.Marker, err = paginate(out.AccessKeyMetadata,
		func(k api.AccessKeyMetadata) string { return k.AccessKeyId }, in.Marker, in.MaxItems)
	return out, err
}

func keyStatus(k *granary.AccessKey) string {
	if k.Active {
		return "Active"
	}
	return "Inactive"
}

func (s accessKeys) updateAccessKey(c *awsapi.Call, in *api.UpdateAccessKeyInput) (*api.UpdateAccessKeyOutput, error) {
	return &api.UpdateAccessKeyOutput{},
		s.changeKey(c, in.UserName, in.AccessKeyId, func(tx *store.Tx, k *granary.AccessKey) error {
			if in.Status == "Expired" {
				return granary.Errorf(granary.Invalid, "A key's status is set to Active or Inactive.")
			}
			k.Active = in.Status == "Active"
			return tx.AccessKeys.Update(k)
		})
}

func (s accessKeys) deleteAccessKey(c *awsapi.Call, in *api.DeleteAccessKeyInput) (*api.DeleteAccessKeyOutput, error) {
	return &api.DeleteAccessKeyOutput{},
		s.changeKey(c, in.UserName, in.AccessKeyId, func(tx *store.Tx, k *granary.AccessKey) error {
			if err := s.Uses.Forget(tx, k.ID); err != nil {
				return err
			}
			return tx.AccessKeys.Delete(k.ID)
		})
}

// changeKey finds a key of the named user, or of the caller, and changes it.
func (s accessKeys) changeKey(c *awsapi.Call, userName, id string,
	change func(*store.Tx, *granary.AccessKey) error) error {
	name, err := ownName(c, userName)
	if err != nil {
		return err
	}
	return s.DB.Update(c, func(tx *store.Tx) error {
		k, err := tx.AccessKeys.Get(id)
		if granary.Is(err, granary.NotFound) || err == nil &&
			(k.Account != c.Caller.Account || store.Fold(k.User) != store.Fold(name)) {
			return granary.Errorf(granary.NotFound, "The Access Key with id %s cannot be found.", id)
		}
		if err != nil {
			return err
		}
		return change(tx, k)
	})
}

// checkKeyOwner checks an operation on the user whose key it is. A key that does not exist, or is another account's, is
// checked on all users.
func (s accessKeys) checkKeyOwner(c *awsapi.Call, in *api.GetAccessKeyLastUsedInput) ([]authz.Request, error) {
	k, ok := s.Index.IAM.AccessKey(in.AccessKeyId)
	switch {
	case !ok || k.Account != c.Caller.Account:
		return allOf(c, "user/*")
	case k.User == "":
		return oneRequest(authz.Request{Resource: string(granary.RootARN(k.Account))})
	}
	return s.checkUser(c, k.User)
}

func (s accessKeys) getAccessKeyLastUsed(c *awsapi.Call,
	in *api.GetAccessKeyLastUsedInput) (*api.GetAccessKeyLastUsedOutput, error) {
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
