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
	g := &granary.Group{Store: d, ID: granary.GroupID(granary.UUID()), DisplayName: in.DisplayName,
		Description: in.Description,
		Created:     c.Now.UTC(), Updated: c.Now.UTC(), CreatedBy: string(c.Caller.ARN), UpdatedBy: string(c.Caller.ARN)}
	if err := g.Check(); err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if err := tx.IdentityCenters.ConfirmStore(d); err != nil {
			return orMissing(err, "IDENTITY_STORE")
		}
		return conflict(tx.Groups.Create(g))
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupOutput{IdentityStoreId: in.IdentityStoreId, GroupId: string(g.ID)}, nil
}

func groupShape(g *granary.Group) api.Group {
	return api.Group{IdentityStoreId: string(g.Store), GroupId: string(g.ID), DisplayName: g.DisplayName,
		Description: g.Description,
		ExternalIds: externalShapes(g.ExternalIDs), CreatedAt: g.Created, UpdatedAt: g.Updated, CreatedBy: g.CreatedBy,
		UpdatedBy: g.UpdatedBy}
}

func (s *service) describeGroup(c *awsapi.Call, in *api.DescribeGroupInput) (*api.DescribeGroupOutput, error) {
	g, err := describe(s, c, in.IdentityStoreId, "GROUP", func(tx *store.Tx, d granary.StoreID) (*granary.Group, error) {
		return tx.Groups.Get(d, granary.GroupID(in.GroupId))
	})
	if err != nil {
		return nil, err
	}
	out := api.DescribeGroupOutput(groupShape(g))
	return &out, nil
}

func (s *service) deleteGroup(c *awsapi.Call, in *api.DeleteGroupInput) (*api.DeleteGroupOutput, error) {
	err := s.deleteIdempotently(c, in.IdentityStoreId, func(tx *store.Tx, d granary.StoreID) error {
		return tx.Groups.Delete(d, granary.GroupID(in.GroupId))
	})
	return &api.DeleteGroupOutput{}, err
}

func (s *service) listGroups(c *awsapi.Call, in *api.ListGroupsInput) (*api.ListGroupsOutput, error) {
	list, next, err := listing[granary.Group]{name: "groups", store: in.IdentityStoreId, attribute: "DisplayName",
		filters: in.Filters, maxResults: in.MaxResults, nextToken: in.NextToken,
		byName: func(tx *store.Tx, d granary.StoreID, name string) (*granary.Group, error) {
			return tx.Groups.ByName(d, name)
		},
		list: func(tx *store.Tx, d granary.StoreID, after string, limit int) ([]*granary.Group, string, error) {
			return tx.Groups.List(d, granary.GroupID(after), limit)
		}}.page(s, c)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupsOutput{Groups: []api.Group{}, NextToken: next}
	for _, g := range list {
		out.Groups = append(out.Groups, groupShape(g))
	}
	return out, nil
}

// getGroupID finds one group by its name or by the id of a provisioning system.
func (s *service) getGroupID(c *awsapi.Call, in *api.GetGroupIdInput) (*api.GetGroupIdOutput, error) {
	g, err := alternates[granary.Group]{
		unique: map[string]func(*store.Tx, granary.StoreID, string) (*granary.Group, error){
			"displayname": func(tx *store.Tx, d granary.StoreID, name string) (*granary.Group, error) {
				return tx.Groups.ByName(d, name)
			}},
		byExternal: func(tx *store.Tx, d granary.StoreID, issuer, id string) ([]*granary.Group, error) {
			return tx.Groups.ByExternalID(d, issuer, id)
		}}.find(s, c, in.IdentityStoreId, "GROUP", in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	return &api.GetGroupIdOutput{IdentityStoreId: in.IdentityStoreId, GroupId: string(g.ID)}, nil
}
