package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s *service) createUser(c *awsapi.Call, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerUser")
	if err != nil {
		return nil, err
	}
	u := &granary.IAMUser{Account: c.Caller.Account, Name: in.UserName, Path: path(in.Path), ID: granary.UniqueID("AIDA"),
		Tags: tags, Created: c.Now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if u.Boundary, err = s.attachable(tx, c, in.PermissionsBoundary); err != nil {
			return err
		}
		return exists(tx.IAMUsers.Create(u), "User", u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateUserOutput{User: userShape(u)}, nil
}

// getUser without a name is about the caller itself.
func (s *service) getUser(c *awsapi.Call, in *api.GetUserInput) (*api.GetUserOutput, error) {
	if in.UserName == "" && c.Caller.Kind == policy.Root {
		return &api.GetUserOutput{User: &api.User{Arn: string(c.Caller.ARN), UserId: c.Caller.ID, UserName: "root", Path: "/", CreateDate: s.born(c.Caller.Account)}}, nil
	}
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	var out *api.GetUserOutput
	err = s.DB.View(c, func(tx *store.Tx) error {
		u, err := user(tx, c, name)
		if err == nil {
			out = &api.GetUserOutput{User: userShape(u)}
		}
		return err
	})
	return out, err
}

// ownName is the name given, or the calling IAM user's.
func ownName(c *awsapi.Call, name string) (string, error) {
	switch {
	case name != "":
		return name, nil
	case c.Caller.User != nil:
		return c.Caller.User.Name, nil
	case c.Caller.Kind == policy.Root:
		return "", nil
	}
	return "", granary.Errorf(granary.Invalid, "Must specify userName when calling with non-User credentials")
}

// updateUser renames a user or moves it to another path. Its keys follow.
func (s *service) updateUser(c *awsapi.Call, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	return &api.UpdateUserOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		u, err := user(tx, c, in.UserName)
		if err != nil {
			return err
		}
		if in.NewPath != "" {
			u.Path = in.NewPath
		}
		if in.NewUserName == "" || in.NewUserName == u.Name {
			return tx.IAMUsers.Update(u)
		}
		old := u.Name
		if err := tx.IAMUsers.Delete(u.Account, old); err != nil {
			return err
		}
		u.Name = in.NewUserName
		if err := exists(tx.IAMUsers.Create(u), "User", u.Name); err != nil {
			return err
		}
		keys, err := tx.AccessKeys.ListForUser(u.Account, old)
		for _, k := range keys {
			k.User = u.Name
			if err := tx.AccessKeys.Update(k); err != nil {
				return err
			}
		}
		return err
	})
}

func (s *service) deleteUser(c *awsapi.Call, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	return &api.DeleteUserOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		u, err := user(tx, c, in.UserName)
		if err != nil {
			return err
		}
		if err := unused(u.Inline, u.Attached); err != nil {
			return err
		}
		keys, err := tx.AccessKeys.ListForUser(u.Account, u.Name)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must delete access keys first.")
		}
		if len(u.Groups) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must remove users from group first.")
		}
		return tx.IAMUsers.Delete(u.Account, u.Name)
	})
}

func (s *service) listUsers(c *awsapi.Call, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListUsersOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.IAMUsers.List(c.Caller.Account, in.PathPrefix, after, limit)
		for _, u := range list {
			shape := userShape(u)
			shape.Tags, shape.PermissionsBoundary = nil, nil // AWS lists leave them out
			out.Users = append(out.Users, *shape)
		}
		out.IsTruncated, out.Marker = marker(next)
		return err
	})
	return out, err
}

// user reads an IAM user of the caller's account.
func user(tx *store.Tx, c *awsapi.Call, name string) (*granary.IAMUser, error) {
	u, err := tx.IAMUsers.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The user with name %s cannot be found.", name)
	}
	return u, err
}

// changeUser reads, changes and writes a user in one transaction.
func (s *service) changeUser(c *awsapi.Call, name string, change func(*store.Tx, *granary.IAMUser) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		u, err := user(tx, c, name)
		if err != nil {
			return err
		}
		if err := change(tx, u); err != nil {
			return err
		}
		return tx.IAMUsers.Update(u)
	})
}

// readUser reads a user.
func (s *service) readUser(c *awsapi.Call, name string) (u *granary.IAMUser, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		u, err = user(tx, c, name)
		return err
	})
	return u, err
}
