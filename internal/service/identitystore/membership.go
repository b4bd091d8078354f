package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func memberShape(id granary.UserID) *api.MemberId { return &api.MemberId{UserId: string(id)} }

// userOf reads a MemberId, which is a union of one.
func userOf(m *api.MemberId) (granary.UserID, error) {
	if m.UserId == "" {
		return "", granary.Errorf(granary.Invalid, "The MemberId must have the member UserId.")
	}
	return granary.UserID(m.UserId), nil
}

func (s *service) createMembership(c *awsapi.Call,
	in *api.CreateGroupMembershipInput) (*api.CreateGroupMembershipOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	m := &granary.Membership{Store: d, ID: granary.UUID(), Group: granary.GroupID(in.GroupId), User: u,
		Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := tx.Groups.Get(d, m.Group); err != nil {
			return orMissing(err, "GROUP")
		}
		if _, err := tx.Users.Get(d, m.User); granary.Is(err, granary.NotFound) {
			return missing("USER", "Member does not exist")
		} else if err != nil {
			return err
		}
		return conflict(tx.Memberships.Create(m))
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateGroupMembershipOutput{IdentityStoreId: in.IdentityStoreId, MembershipId: m.ID}, nil
}

func membershipShape(m *granary.Membership) api.GroupMembership {
	return api.GroupMembership{IdentityStoreId: string(m.Store), MembershipId: m.ID, GroupId: string(m.Group),
		MemberId: memberShape(m.User), CreatedAt: m.Created}
}

func (s *service) describeMembership(c *awsapi.Call, in *api.DescribeGroupMembershipInput) (
	*api.DescribeGroupMembershipOutput, error) {
	m, err := describe(s, c, in.IdentityStoreId, "GROUP_MEMBERSHIP",
		func(tx *store.Tx, d granary.StoreID) (*granary.Membership, error) {
			return tx.Memberships.Get(d, in.MembershipId)
		})
	if err != nil {
		return nil, err
	}
	out := api.DescribeGroupMembershipOutput(membershipShape(m))
	return &out, nil
}

func (s *service) deleteMembership(c *awsapi.Call, in *api.DeleteGroupMembershipInput) (
	*api.DeleteGroupMembershipOutput, error) {
	err := s.deleteIdempotently(c, in.IdentityStoreId, func(tx *store.Tx, d granary.StoreID) error {
		return tx.Memberships.Delete(d, in.MembershipId)
	})
	return &api.DeleteGroupMembershipOutput{}, err
}

func (s *service) getMembershipID(c *awsapi.Call, in *api.GetGroupMembershipIdInput) (*api.GetGroupMembershipIdOutput,
	error) {
	if _, err := s.store(in.IdentityStoreId); err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	m, err := describe(s, c, in.IdentityStoreId, "GROUP_MEMBERSHIP",
		func(tx *store.Tx, d granary.StoreID) (*granary.Membership, error) {
			return tx.Memberships.Find(d, granary.GroupID(in.GroupId), u)
		})
	if err != nil {
		return nil, err
	}
	return &api.GetGroupMembershipIdOutput{IdentityStoreId: in.IdentityStoreId, MembershipId: m.ID}, nil
}

func (s *service) listMemberships(c *awsapi.Call, in *api.ListGroupMembershipsInput) (*api.ListGroupMembershipsOutput,
	error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	tokens := awsapi.ListOf("memberships of group", in.IdentityStoreId, in.GroupId)
	shapes, next, err := s.membershipPage(c, tokens, in.MaxResults, in.NextToken,
		func(tx *store.Tx, after string, limit int) ([]*granary.Membership, string, error) {
			group := granary.GroupID(in.GroupId)
			if _, err := tx.Groups.Get(d, group); err != nil {
				return nil, "", orMissing(err, "GROUP")
			}
			return tx.Memberships.ListOfGroup(d, group, after, limit)
		})
	return &api.ListGroupMembershipsOutput{GroupMemberships: shapes, NextToken: next}, err
}

func (s *service) listMembershipsOf(c *awsapi.Call, in *api.ListGroupMembershipsForMemberInput) (
	*api.ListGroupMembershipsForMemberOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	tokens := awsapi.ListOf("memberships of user", in.IdentityStoreId, string(u))
	shapes, next, err := s.membershipPage(c, tokens, in.MaxResults, in.NextToken,
		func(tx *store.Tx, after string, limit int) ([]*granary.Membership, string, error) {
			if _, err := tx.Users.Get(d, u); err != nil {
				return nil, "", orMissing(err, "USER")
			}
			return tx.Memberships.ListOfUser(d, u, after, limit)
		})
	return &api.ListGroupMembershipsForMemberOutput{GroupMemberships: shapes, NextToken: next}, err
}

// membershipPage returns a page of a list of memberships.
func (s *service) membershipPage(c *awsapi.Call, tokens awsapi.List, maxResults *int64, nextToken string,
	list func(tx *store.Tx, after string, limit int) ([]*granary.Membership, string, error)) (
	shapes []api.GroupMembership, next string, err error) {
	after, limit, err := tokens.Page(maxResults, nextToken, maxPage)
	if err != nil {
		return nil, "", err
	}
	shapes = []api.GroupMembership{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		page, after, err := list(tx, after, limit)
		for _, m := range page {
			shapes = append(shapes, membershipShape(m))
		}
		next = tokens.NextToken(after)
		return err
	})
	return shapes, next, err
}

func (s *service) isMember(_ *awsapi.Call, in *api.IsMemberInGroupsInput) (*api.IsMemberInGroupsOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	if _, ok := s.Index.Directory.User(d, u); !ok {
		return nil, missing("USER", "USER not found.")
	}
	out := &api.IsMemberInGroupsOutput{Results: []api.GroupMembershipExistenceResult{}}
	for _, g := range in.GroupIds {
		if !s.Index.Directory.GroupExists(d, granary.GroupID(g)) {
			return nil, missing("GROUP", "GROUP not found.")
		}
		is := s.Index.Directory.Member(d, u, granary.GroupID(g))
		out.Results = append(out.Results, api.GroupMembershipExistenceResult{GroupId: g, MemberId: in.MemberId,
			MembershipExists: &is})
	}
	return out, nil
}
