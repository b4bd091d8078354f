package iam

import (
	"cmp"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s users) checkCreateUser(c *awsapi.Call, in *api.CreateUserInput) ([]authz.Request, error) {
	arn := granary.IAMUserARN(c.Caller.Account, pathOrRoot(in.Path), in.UserName)
	return creation(arn, in.Tags, in.PermissionsBoundary)
}

func (s users) createUser(c *awsapi.Call, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerUser")
	if err != nil {
		return nil, err
	}
	u := &granary.IAMUser{Account: c.Caller.Account, Name: in.UserName, Path: pathOrRoot(in.Path),
		ID:   granary.UniqueID("AIDA"),
		Tags: tags, Created: c.Now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if u.Boundary, err = findAttachable(tx, c, in.PermissionsBoundary); err != nil {
			return err
		}
		return nameTaken(tx.IAMUsers.Create(u), "User", u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateUserOutput{User: userShape(u)}, nil
}

// getUser returns the caller itself when no name is given.
func (s users) getUser(c *awsapi.Call, in *api.GetUserInput) (*api.GetUserOutput, error) {
	if in.UserName == "" && c.Caller.Kind == policy.Root {
		return &api.GetUserOutput{User: &api.User{Arn: string(c.Caller.ARN), UserId: c.Caller.ID, UserName: "root", Path: "/",
			CreateDate: s.accountCreated(c.Caller.Account)}}, nil
	}
	name, err := ownName(c, in.UserName)
	if err != nil {
		return nil, err
	}
	var out *api.GetUserOutput
	err = s.DB.View(c, func(tx *store.Tx) error {
		u, err := findUser(tx, c, name)
		if err == nil {
			out = &api.GetUserOutput{User: userShape(u)}
		}
		return err
	})
	return out, err
}

// checkUpdateUser asks for the user under its present and under its new ARN, so that a caller cannot move a user to a
// path where the caller has more permissions.
func (s users) checkUpdateUser(c *awsapi.Call, in *api.UpdateUserInput) ([]authz.Request, error) {
	present := s.userRequest(c, in.UserName)
	name, path := in.UserName, "/"
	if u, ok := s.Index.IAM.User(c.Caller.Account, in.UserName); ok {
		name, path = u.Name, u.Path
	}
	future := granary.IAMUserARN(c.Caller.Account, cmp.Or(in.NewPath, path), cmp.Or(in.NewUserName, name))
	return []authz.Request{present, {Resource: string(future), Keys: present.Keys}}, nil
}

// updateUser renames a user or moves it to another path. Its keys follow.
func (s users) updateUser(c *awsapi.Call, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	return &api.UpdateUserOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		u, err := findUser(tx, c, in.UserName)
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
		if err := nameTaken(tx.IAMUsers.Create(u), "User", u.Name); err != nil {
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

func (s users) deleteUser(c *awsapi.Call, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	return &api.DeleteUserOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		u, err := findUser(tx, c, in.UserName)
		if err != nil {
			return err
		}
		if err := checkNoPolicies(u.Inline, u.Attached); err != nil {
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

func (s users) listUsers(c *awsapi.Call, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	after, limit, err := pageStart(in.Marker, in.MaxItems)
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
		out.IsTruncated, out.Marker = pageEnd(next)
		return err
	})
	return out, err
}

func (s users) checkTagUser(c *awsapi.Call, in *api.TagUserInput) ([]authz.Request, error) {
	return withTags(s.userRequest(c, in.UserName), in.Tags)
}

func (s users) tagUser(c *awsapi.Call, in *api.TagUserInput) (*api.TagUserOutput, error) {
	return &api.TagUserOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) (err error) {
		u.Tags, err = addTags(u.Tags, in.Tags, "TagsPerUser")
		return err
	})
}

func (s users) checkUntagUser(c *awsapi.Call, in *api.UntagUserInput) ([]authz.Request, error) {
	return withTagKeys(s.userRequest(c, in.UserName), in.TagKeys)
}

func (s users) untagUser(c *awsapi.Call, in *api.UntagUserInput) (*api.UntagUserOutput, error) {
	return &api.UntagUserOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) error {
		u.Tags = removeTags(u.Tags, in.TagKeys)
		return nil
	})
}

func (s users) listUserTags(c *awsapi.Call, in *api.ListUserTagsInput) (out *api.ListUserTagsOutput, err error) {
	u, err := s.readUser(c, in.UserName)
	if err != nil {
		return nil, err
	}
	out = &api.ListUserTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = paginate(sortedTags(u.Tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}

// changeUser reads, changes and writes a user in one transaction.
func (s users) changeUser(c *awsapi.Call, name string, change func(*store.Tx, *granary.IAMUser) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		u, err := findUser(tx, c, name)
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
		u, err = findUser(tx, c, name)
		return err
	})
	return u, err
}

// findUser reads an IAM user of the caller's account.
func findUser(tx *store.Tx, c *awsapi.Call, name string) (*granary.IAMUser, error) {
	u, err := tx.IAMUsers.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The user with name %s cannot be found.", name)
	}
	return u, err
}

// ownName is the name, or that of the calling IAM user when it is empty. It is empty for the root user.
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

func userShape(u *granary.IAMUser) *api.User {
	return &api.User{Arn: string(u.ARN()), CreateDate: u.Created, Path: u.Path, UserId: u.ID, UserName: u.Name,
		Tags:                tagShapes(u.Tags),
		PermissionsBoundary: boundaryShape(u.Boundary)}
}
