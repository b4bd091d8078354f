package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s *service) createGroup(c *awsapi.Call, in *api.CreateGroupInput) (*api.CreateGroupOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	g := &granary.Group{Store: d, ID: granary.GroupID(granary.UUID()), DisplayName: in.DisplayName, Description: in.Description,
		Created: c.Now.UTC(), Updated: c.Now.UTC(), CreatedBy: string(c.Caller.ARN), UpdatedBy: string(c.Caller.ARN)}
	if err := g.Check(); err != nil {
		return nil, err
	}
	if err := s.DB.Update(c, func(tx *store.Tx) error { return conflict(tx.Groups.Create(g)) }); err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{IdentityStoreId: in.IdentityStoreId, GroupId: string(g.ID)}, nil
}

func groupShape(g *granary.Group) api.Group {
	return api.Group{IdentityStoreId: string(g.Store), GroupId: string(g.ID), DisplayName: g.DisplayName, Description: g.Description,
		ExternalIds: externalShapes(g.ExternalIDs), CreatedAt: g.Created, UpdatedAt: g.Updated, CreatedBy: g.CreatedBy, UpdatedBy: g.UpdatedBy}
}

func (s *service) describeGroup(c *awsapi.Call, in *api.DescribeGroupInput) (out *api.DescribeGroupOutput, err error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		g, err := tx.Groups.Get(d, granary.GroupID(in.GroupId))
		if err != nil {
			return orMissing(err, "GROUP")
		}
		shape := api.DescribeGroupOutput(groupShape(g))
		out = &shape
		return nil
	})
	return out, err
}

func (s *service) deleteGroup(c *awsapi.Call, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	return &api.DeleteGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.Groups.Delete(d, granary.GroupID(in.GroupId))
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		return err
	})
}

func (s *service) listGroups(c *awsapi.Call, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	name, err := filter(in.Filters, "DisplayName")
	if err != nil {
		return nil, err
	}
	pages := awsapi.ListOf("groups", in.IdentityStoreId, name)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsOutput{Groups: []api.Group{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		var list []*granary.Group
		var next string
		if name != "" {
			g, err := tx.Groups.ByName(d, name)
			if granary.Is(err, granary.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			list = []*granary.Group{g}
		} else if list, next, err = tx.Groups.List(d, granary.GroupID(after), limit); err != nil {
			return err
		}
		for _, g := range list {
			out.Groups = append(out.Groups, groupShape(g))
		}
		out.NextToken = pages.NextToken(next)
		return nil
	})
	return out, err
}

func (s *service) getGroupID(c *awsapi.Call, in *api.GetGroupIdInput) (out *api.GetGroupIdOutput, err error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	a, err := readAlternate(in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		var g *granary.Group
		switch a.path {
		case "displayname":
			g, err = tx.Groups.ByName(d, a.value)
		case "":
			list, lerr := tx.Groups.ByExternalID(d, a.issuer, a.value)
			if err = lerr; err == nil && len(list) != 1 {
				err = missing("GROUP", "GROUP not found.")
			} else if err == nil {
				g = list[0]
			}
		default:
			return notUnique(a.given)
		}
		if err != nil {
			return orMissing(err, "GROUP")
		}
		out = &api.GetGroupIdOutput{IdentityStoreId: in.IdentityStoreId, GroupId: string(g.ID)}
		return nil
	})
	return out, err
}
