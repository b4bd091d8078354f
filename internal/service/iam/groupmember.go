package iam

import (
	"slices"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// usersIn lists the users of a group. It walks all users of the account, since groups are stored with the user, where
// every request of the user needs them.
func usersIn(tx *store.Tx, g *granary.IAMGroup) ([]*granary.IAMUser, error) {
	all, _, err := tx.IAMUsers.List(g.Account, "", "", 0)
	return slices.DeleteFunc(all, func(u *granary.IAMUser) bool { return !slices.Contains(u.Groups, g.ID) }), err
}

// groupsWith lists the groups of a user, by name.
func groupsWith(tx *store.Tx, u *granary.IAMUser) ([]*granary.IAMGroup, error) {
	if len(u.Groups) == 0 {
		return nil, nil
	}
	all, _, err := tx.IAMGroups.List(u.Account, "", "", 0)
	return slices.DeleteFunc(all, func(g *granary.IAMGroup) bool { return !slices.Contains(u.Groups, g.ID) }), err
}

func (s groups) addUserToGroup(c *awsapi.Call, in *api.AddUserToGroupInput) (*api.AddUserToGroupOutput, error) {
	return &api.AddUserToGroupOutput{},
		s.changeMembership(c, in.GroupName, in.UserName, func(g *granary.IAMGroup, u *granary.IAMUser) error {
			switch {
			case slices.Contains(u.Groups, g.ID):
			case len(u.Groups) >= maxGroups:
				return quotaExceeded("GroupsPerUser", maxGroups)
			default:
				u.Groups = append(u.Groups, g.ID)
			}
			return nil
		})
}

func (s groups) removeUserFromGroup(c *awsapi.Call, in *api.RemoveUserFromGroupInput) (*api.RemoveUserFromGroupOutput,
	error) {
	return &api.RemoveUserFromGroupOutput{},
		s.changeMembership(c, in.GroupName, in.UserName, func(g *granary.IAMGroup, u *granary.IAMUser) error {
			i := slices.Index(u.Groups, g.ID)
			if i < 0 {
				return granary.Errorf(granary.NotFound, "The user with name %s is not in the group with name %s.", u.Name, g.Name)
			}
			u.Groups = slices.Delete(u.Groups, i, i+1)
			return nil
		})
}

func (s groups) changeMembership(c *awsapi.Call, groupName, userName string,
	change func(*granary.IAMGroup, *granary.IAMUser) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		g, err := findGroup(tx, c, groupName)
		if err != nil {
			return err
		}
		u, err := findUser(tx, c, userName)
		if err != nil {
			return err
		}
		if err := change(g, u); err != nil {
			return err
		}
		return tx.IAMUsers.Update(u)
	})
}

func (s groups) listGroupsForUser(c *awsapi.Call, in *api.ListGroupsForUserInput) (*api.ListGroupsForUserOutput,
	error) {
	out := &api.ListGroupsForUserOutput{}
	var groups []api.Group
	err := s.DB.View(c, func(tx *store.Tx) error {
		u, err := findUser(tx, c, in.UserName)
		if err != nil {
			return err
		}
		list, err := groupsWith(tx, u)
		for _, g := range list {
			groups = append(groups, *groupShape(g))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Groups, out.IsTruncated, out.Marker, err = paginate(groups,
		func(g api.Group) string { return store.Fold(g.GroupName) }, in.Marker, in.MaxItems)
	return out, err
}
