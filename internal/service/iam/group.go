package iam

import (
	"cmp"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func groupShape(g *granary.IAMGroup) *api.Group {
	return &api.Group{Arn: string(g.ARN()), CreateDate: g.Created, GroupId: g.ID, GroupName: g.Name, Path: g.Path}
}

func (s groups) checkCreateGroup(c *awsapi.Call, in *api.CreateGroupInput) ([]authz.Request, error) {
	return creation(granary.IAMGroupARN(c.Caller.Account, pathOrRoot(in.Path), in.GroupName), nil, "")
}

func (s groups) createGroup(c *awsapi.Call, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	g := &granary.IAMGroup{Account: c.Caller.Account, Name: in.GroupName, Path: pathOrRoot(in.Path),
		ID: granary.UniqueID("AGPA"), Created: c.Now}
	err := s.DB.Update(c, func(tx *store.Tx) error { return nameTaken(tx.IAMGroups.Create(g), "Group", g.Name) })
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{Group: groupShape(g)}, nil
}

// getGroup returns the group and a page of its users.
func (s groups) getGroup(c *awsapi.Call, in *api.GetGroupInput) (*api.GetGroupOutput, error) {
	out := &api.GetGroupOutput{}
	var users []api.User
	err := s.DB.View(c, func(tx *store.Tx) error {
		g, err := findGroup(tx, c, in.GroupName)
		if err != nil {
			return err
		}
		out.Group = groupShape(g)
		list, err := usersIn(tx, g)
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
	out.Users, out.IsTruncated, out.Marker, err = paginate(users,
		func(u api.User) string { return store.Fold(u.UserName) }, in.Marker, in.MaxItems)
	return out, err
}

// checkUpdateGroup asks for the group under its present and under its new ARN, as checkUpdateUser does.
func (s groups) checkUpdateGroup(c *awsapi.Call, in *api.UpdateGroupInput) ([]authz.Request, error) {
	name, path := in.GroupName, "/"
	if g, ok := s.Index.IAM.GroupByName(c.Caller.Account, in.GroupName); ok {
		name, path = g.Name, g.Path
	}
	future := granary.IAMGroupARN(c.Caller.Account, cmp.Or(in.NewPath, path), cmp.Or(in.NewGroupName, name))
	return []authz.Request{
		{Resource: string(granary.IAMGroupARN(c.Caller.Account, path, name))},
		{Resource: string(future)},
	}, nil
}

// updateGroup renames a group or moves it to another path. Its members and policies stay.
func (s groups) updateGroup(c *awsapi.Call, in *api.UpdateGroupInput) (*api.UpdateGroupOutput, error) {
	return &api.UpdateGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		g, err := findGroup(tx, c, in.GroupName)
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
		return nameTaken(tx.IAMGroups.Create(g), "Group", g.Name)
	})
}

func (s groups) deleteGroup(c *awsapi.Call, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	return &api.DeleteGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		g, err := findGroup(tx, c, in.GroupName)
		if err != nil {
			return err
		}
		list, err := usersIn(tx, g)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must remove users from group first.")
		}
		if err := checkNoPolicies(g.Inline, g.Attached); err != nil {
			return err
		}
		return tx.IAMGroups.Delete(g.Account, g.Name)
	})
}

func (s groups) listGroups(c *awsapi.Call, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	after, limit, err := pageStart(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.IAMGroups.List(c.Caller.Account, in.PathPrefix, after, limit)
		for _, g := range list {
			out.Groups = append(out.Groups, *groupShape(g))
		}
		out.IsTruncated, out.Marker = pageEnd(next)
		return err
	})
	return out, err
}

// findGroup reads an IAM group of the caller's account.
func findGroup(tx *store.Tx, c *awsapi.Call, name string) (*granary.IAMGroup, error) {
	g, err := tx.IAMGroups.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The group with name %s cannot be found.", name)
	}
	return g, err
}
