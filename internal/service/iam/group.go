package iam

import (
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func groupShape(g *granary.IAMGroup) *api.Group {
	return &api.Group{Arn: string(g.ARN()), CreateDate: g.Created, GroupId: g.ID, GroupName: g.Name, Path: g.Path}
}

func (s *service) createGroup(c *awsapi.Call, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	g := &granary.IAMGroup{Account: c.Caller.Account, Name: in.GroupName, Path: path(in.Path), ID: granary.UniqueID("AGPA"), Created: c.Now}
	err := s.DB.Update(c, func(tx *store.Tx) error { return exists(tx.IAMGroups.Create(g), "Group", g.Name) })
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{Group: groupShape(g)}, nil
}

// getGroup pages the group's users.
func (s *service) getGroup(c *awsapi.Call, in *api.GetGroupInput) (*api.GetGroupOutput, error) {
	out := &api.GetGroupOutput{}
	var users []api.User
	err := s.DB.View(c, func(tx *store.Tx) error {
		g, err := group(tx, c, in.GroupName)
		if err != nil {
			return err
		}
		out.Group = groupShape(g)
		list, err := members(tx, g)
		for _, u := range list {
			shape := userShape(u)
			shape.Tags, shape.PermissionsBoundary = nil, nil // AWS lists leave them out
			users = append(users, *shape)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Users, out.IsTruncated, out.Marker, err = cut(users, func(u api.User) string { return store.Fold(u.UserName) }, in.Marker, in.MaxItems)
	return out, err
}

// members walks the account's users: who is in a group stands with them, where each of their requests needs it.
func members(tx *store.Tx, g *granary.IAMGroup) ([]*granary.IAMUser, error) {
	all, _, err := tx.IAMUsers.List(g.Account, "", "", 0)
	return slices.DeleteFunc(all, func(u *granary.IAMUser) bool { return !slices.Contains(u.Groups, g.ID) }), err
}

// updateGroup renames a group or moves it to another path. Its members and policies stay.
func (s *service) updateGroup(c *awsapi.Call, in *api.UpdateGroupInput) (*api.UpdateGroupOutput, error) {
	return &api.UpdateGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		g, err := group(tx, c, in.GroupName)
		if err != nil {
			return err
		}
		if in.NewPath != "" {
			g.Path = in.NewPath
		}
		if in.NewGroupName == "" || in.NewGroupName == g.Name {
			return tx.IAMGroups.Update(g)
		}
		if err := tx.IAMGroups.Delete(g.Account, g.Name); err != nil {
			return err
		}
		g.Name = in.NewGroupName
		return exists(tx.IAMGroups.Create(g), "Group", g.Name)
	})
}

func (s *service) deleteGroup(c *awsapi.Call, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	return &api.DeleteGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		g, err := group(tx, c, in.GroupName)
		if err != nil {
			return err
		}
		list, err := members(tx, g)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must remove users from group first.")
		}
		if err := unused(g.Inline, g.Attached); err != nil {
			return err
		}
		return tx.IAMGroups.Delete(g.Account, g.Name)
	})
}

func (s *service) listGroups(c *awsapi.Call, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.IAMGroups.List(c.Caller.Account, in.PathPrefix, after, limit)
		for _, g := range list {
			out.Groups = append(out.Groups, *groupShape(g))
		}
		out.IsTruncated, out.Marker = marker(next)
		return err
	})
	return out, err
}

func (s *service) addUserToGroup(c *awsapi.Call, in *api.AddUserToGroupInput) (*api.AddUserToGroupOutput, error) {
	return &api.AddUserToGroupOutput{}, s.onMember(c, in.GroupName, in.UserName, func(g *granary.IAMGroup, u *granary.IAMUser) error {
		switch {
		case slices.Contains(u.Groups, g.ID):
		case len(u.Groups) >= maxGroups:
			return quota("GroupsPerUser", maxGroups)
		default:
			u.Groups = append(u.Groups, g.ID)
		}
		return nil
	})
}

func (s *service) removeUserFromGroup(c *awsapi.Call, in *api.RemoveUserFromGroupInput) (*api.RemoveUserFromGroupOutput, error) {
	return &api.RemoveUserFromGroupOutput{}, s.onMember(c, in.GroupName, in.UserName, func(g *granary.IAMGroup, u *granary.IAMUser) error {
		i := slices.Index(u.Groups, g.ID)
		if i < 0 {
			return granary.Errorf(granary.NotFound, "The user with name %s is not in the group with name %s.", u.Name, g.Name)
		}
		u.Groups = slices.Delete(u.Groups, i, i+1)
		return nil
	})
}

func (s *service) onMember(c *awsapi.Call, groupName, userName string, change func(*granary.IAMGroup, *granary.IAMUser) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		g, err := group(tx, c, groupName)
		if err != nil {
			return err
		}
		u, err := user(tx, c, userName)
		if err != nil {
			return err
		}
		if err := change(g, u); err != nil {
			return err
		}
		return tx.IAMUsers.Update(u)
	})
}

func (s *service) listGroupsForUser(c *awsapi.Call, in *api.ListGroupsForUserInput) (*api.ListGroupsForUserOutput, error) {
	out := &api.ListGroupsForUserOutput{}
	var groups []api.Group
	err := s.DB.View(c, func(tx *store.Tx) error {
		u, err := user(tx, c, in.UserName)
		if err != nil {
			return err
		}
		list, err := groupsOf(tx, u)
		for _, g := range list {
			groups = append(groups, *groupShape(g))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Groups, out.IsTruncated, out.Marker, err = cut(groups, func(g api.Group) string { return store.Fold(g.GroupName) }, in.Marker, in.MaxItems)
	return out, err
}

// groupsOf is the groups a user is in, by name.
func groupsOf(tx *store.Tx, u *granary.IAMUser) ([]*granary.IAMGroup, error) {
	if len(u.Groups) == 0 {
		return nil, nil
	}
	all, _, err := tx.IAMGroups.List(u.Account, "", "", 0)
	return slices.DeleteFunc(all, func(g *granary.IAMGroup) bool { return !slices.Contains(u.Groups, g.ID) }), err
}

// group reads an IAM group of the caller's account.
func group(tx *store.Tx, c *awsapi.Call, name string) (*granary.IAMGroup, error) {
	g, err := tx.IAMGroups.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The group with name %s cannot be found.", name)
	}
	return g, err
}

// changeGroup reads, changes and writes a group in one transaction.
func (s *service) changeGroup(c *awsapi.Call, name string, change func(*store.Tx, *granary.IAMGroup) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		g, err := group(tx, c, name)
		if err != nil {
			return err
		}
		if err := change(tx, g); err != nil {
			return err
		}
		return tx.IAMGroups.Update(g)
	})
}

// readGroup reads a group.
func (s *service) readGroup(c *awsapi.Call, name string) (g *granary.IAMGroup, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		g, err = group(tx, c, name)
		return err
	})
	return g, err
}
