package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// maxAccessKeys is how many keys a user has: one in use, one to change over to (IAM quota AccessKeysPerUser).
const maxAccessKeys = 2

// createAccessKey makes a key. Its secret is in this answer and never again.
func (s *service) createAccessKey(c *awsapi.Call, in *api.CreateAccessKeyInput) (*api.CreateAccessKeyOutput, error) {
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	k := &granary.AccessKey{ID: granary.NewAccessKeyID("AKIA", c.Caller.Account), Account: c.Caller.Account, User: name,
		Secret: granary.NewSecret(), Active: true, Created: c.Now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if name != "" {
			u, err := user(tx, c, name)
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
			return quota("AccessKeysPerUser", maxAccessKeys)
		}
		return tx.AccessKeys.Create(k)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAccessKeyOutput{AccessKey: &api.AccessKey{AccessKeyId: k.ID, SecretAccessKey: k.Secret, Status: "Active", UserName: k.User, CreateDate: k.Created}}, nil
}

func (s *service) listAccessKeys(c *awsapi.Call, in *api.ListAccessKeysInput) (*api.ListAccessKeysOutput, error) {
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.ListAccessKeysOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if name != "" {
			if _, err := user(tx, c, name); err != nil {
				return err
			}
		}
		list, err := tx.AccessKeys.ListForUser(c.Caller.Account, name)
		for _, k := range list {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, api.AccessKeyMetadata{AccessKeyId: k.ID, CreateDate: k.Created, Status: status(k), UserName: k.User})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.AccessKeyMetadata, out.IsTruncated, out.Marker, err = cut(out.AccessKeyMetadata, func(k api.AccessKeyMetadata) string { return k.AccessKeyId }, in.Marker, in.MaxItems)
	return out, err
}

func status(k *granary.AccessKey) string {
	if k.Active {
		return "Active"
	}
	return "Inactive"
}

func (s *service) updateAccessKey(c *awsapi.Call, in *api.UpdateAccessKeyInput) (*api.UpdateAccessKeyOutput, error) {
	return &api.UpdateAccessKeyOutput{}, s.onKey(c, in.UserName, in.AccessKeyId, func(tx *store.Tx, k *granary.AccessKey) error {
		if in.Status == "Expired" {
			return granary.Errorf(granary.Invalid, "A key's status is set to Active or Inactive.")
		}
		k.Active = in.Status == "Active"
		return tx.AccessKeys.Update(k)
	})
}

func (s *service) deleteAccessKey(c *awsapi.Call, in *api.DeleteAccessKeyInput) (*api.DeleteAccessKeyOutput, error) {
	return &api.DeleteAccessKeyOutput{}, s.onKey(c, in.UserName, in.AccessKeyId, func(tx *store.Tx, k *granary.AccessKey) error {
		if err := s.Uses.Forget(tx, k.ID); err != nil {
			return err
		}
		return tx.AccessKeys.Delete(k.ID)
	})
}

// onKey finds a key of the named user, or of the caller, and changes it.
func (s *service) onKey(c *awsapi.Call, userName, id string, change func(*store.Tx, *granary.AccessKey) error) error {
	name, err := ownName(c, userName)
	if err != nil {
		return err
	}
	return s.DB.Update(c, func(tx *store.Tx) error {
		k, err := tx.AccessKeys.Get(id)
		if granary.Is(err, granary.NotFound) || err == nil && (k.Account != c.Caller.Account || store.Fold(k.User) != store.Fold(name)) {
			return granary.Errorf(granary.NotFound, "The Access Key with id %s cannot be found.", id)
		}
		if err != nil {
			return err
		}
		return change(tx, k)
	})
}
