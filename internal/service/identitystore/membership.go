package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func member(id granary.UserID) *api.MemberId { return &api.MemberId{UserId: string(id)} }

// userOf reads a MemberId, which is a union of one.
func userOf(m *api.MemberId) (granary.UserID, error) {
	if m.UserId == "" {
		return "", granary.Errorf(granary.Invalid, "The MemberId must have the member UserId.")
	}
	return granary.UserID(m.UserId), nil
}

func (s *service) createMembership(c *awsapi.Call, in *api.CreateGroupMembershipInput) (*api.CreateGroupMembershipOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	m := &granary.Membership{Store: d, ID: granary.UUID(), Group: granary.GroupID(in.GroupId), User: u, Created: c.Now.UTC()}
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
	return api.GroupMembership{IdentityStoreId: string(m.Store), MembershipId: m.ID, GroupId: string(m.Group), MemberId: member(m.User), CreatedAt: m.Created}
}

func (s *service) describeMembership(c *awsapi.Call, in *api.DescribeGroupMembershipInput) (out *api.DescribeGroupMembershipOutput, err error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		m, err := tx.Memberships.Get(d, in.MembershipId)
		if err != nil {
			return orMissing(err, "GROUP_MEMBERSHIP")
		}
		shape := api.DescribeGroupMembershipOutput(membershipShape(m))
		out = &shape
		return nil
	})
	return out, err
}

func (s *service) deleteMembership(c *awsapi.Call, in *api.DeleteGroupMembershipInput) (*api.DeleteGroupMembershipOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	return &api.DeleteGroupMembershipOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.Memberships.Delete(d, in.MembershipId)
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		return err
	})
}

func (s *service) getMembershipID(c *awsapi.Call, in *api.GetGroupMembershipIdInput) (out *api.GetGroupMembershipIdOutput, err error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		m, err := tx.Memberships.Find(d, granary.GroupID(in.GroupId), u)
		if err != nil {
			return orMissing(err, "GROUP_MEMBERSHIP")
		}
		out = &api.GetGroupMembershipIdOutput{IdentityStoreId: in.IdentityStoreId, MembershipId: m.ID}
		return nil
	})
	return out, err
}

func (s *service) listMemberships(c *awsapi.Call, in *api.ListGroupMembershipsInput) (*api.ListGroupMembershipsOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	pages := awsapi.ListOf("memberships of group", in.IdentityStoreId, in.GroupId)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupMembershipsOutput{GroupMemberships: []api.GroupMembership{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if _, err := tx.Groups.Get(d, granary.GroupID(in.GroupId)); err != nil {
			return orMissing(err, "GROUP")
		}
		list, next, err := tx.Memberships.ListOfGroup(d, granary.GroupID(in.GroupId), after, limit)
		for _, m := range list {
			out.GroupMemberships = append(out.GroupMemberships, membershipShape(m))
		}
		out.NextToken = pages.NextToken(next)
		return err
	})
	return out, err
}

func (s *service) listMembershipsOf(c *awsapi.Call, in *api.ListGroupMembershipsForMemberInput) (*api.ListGroupMembershipsForMemberOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u, err := userOf(in.MemberId)
	if err != nil {
		return nil, err
	}
	pages := awsapi.ListOf("memberships of user", in.IdentityStoreId, string(u))
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, maxPage)
	if err != nil {
		return nil, err
	}
	out := &api.ListGroupMembershipsForMemberOutput{GroupMemberships: []api.GroupMembership{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if _, err := tx.Users.Get(d, u); err != nil {
			return orMissing(err, "USER")
		}
		list, next, err := tx.Memberships.ListOfUser(d, u, after, limit)
		for _, m := range list {
			out.GroupMemberships = append(out.GroupMemberships, membershipShape(m))
		}
		out.NextToken = pages.NextToken(next)
		return err
	})
	return out, err
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
	if _, ok := s.Index.User(d, u); !ok {
		return nil, missing("USER", "USER not found.")
	}
	out := &api.IsMemberInGroupsOutput{Results: []api.GroupMembershipExistenceResult{}}
	for _, g := range in.GroupIds {
		if !s.Index.GroupExists(d, granary.GroupID(g)) {
			return nil, missing("GROUP", "GROUP not found.")
		}
		is := s.Index.Member(d, u, granary.GroupID(g))
		out.Results = append(out.Results, api.GroupMembershipExistenceResult{GroupId: g, MemberId: in.MemberId, MembershipExists: &is})
	}
	return out, nil
}
