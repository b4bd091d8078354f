package ssoadmin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/worldtest"
)

func (o *office) testGroups(t *testing.T) {
	ctx, ids, store := t.Context(), o.ids(o.Root()), o.Store
	create := func(store, name string) (string, error) {
		out, err := ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &store, DisplayName: &name,
			Description: aws.String("what for")})
		if err != nil {
			return "", err
		}
		return *out.GroupId, nil
	}
	describe := func(store, id string) (*identitystore.DescribeGroupOutput, error) {
		return ids.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &store, GroupId: &id})
	}
	update := func(store, id string, ops ...idtypes.AttributeOperation) error {
		return worldtest.ErrorOf(ids.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: &store, GroupId: &id,
			Operations: ops}))
	}
	drop := func(store, id string) error {
		return worldtest.ErrorOf(ids.DeleteGroup(ctx, &identitystore.DeleteGroupInput{IdentityStoreId: &store, GroupId: &id}))
	}
	lookup := func(store string, a idtypes.AlternateIdentifier) (string, error) {
		out, err := ids.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: &store, AlternateIdentifier: a})
		if err != nil {
			return "", err
		}
		return *out.GroupId, nil
	}
	list := func(store string, max int32, filters ...idtypes.Filter) (int, error) {
		out, err := ids.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: &store, MaxResults: &max,
			Filters: filters}) //nolint:staticcheck // deprecated, and clients send it
		if err != nil {
			return 0, err
		}
		return len(out.Groups), nil
	}
	named := func(path, value string) idtypes.Filter {
		return idtypes.Filter{AttributePath: &path, AttributeValue: &value}
	}
	id := worldtest.Must[string](t)(create(store, "Night Shift"))
	g := worldtest.Must[*identitystore.DescribeGroupOutput](t)(describe(store, id))
	if *g.DisplayName != "Night Shift" || *g.Description != "what for" || *g.IdentityStoreId != store ||
		g.CreatedAt == nil || g.UpdatedAt == nil || g.CreatedBy == nil || g.UpdatedBy == nil {
		t.Errorf("the group: %+v", g)
	}
	found, err := lookup(store, by("DISPLAYNAME", "night shift"))
	one, oneErr := list(store, 100, named("DisplayName", "NIGHT shift"))
	zero, zeroErr := list(store, 100, named("DisplayName", "No One"))
	worldtest.CheckOutcomes(t, []outcome{
		{"looked up", same(err, found, id), "", ""},
		{"one by name", same(oneErr, one, 1), "", ""},
		{"none by name", same(zeroErr, zero, 0), "", ""},
		{"the same name in other letters", worldtest.ErrorOf(create(store, "NIGHT SHIFT")), conflict,
			"Duplicate GroupDisplayName"},
		{"no name", worldtest.ErrorOf(ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &store})),
			invalid,
			"displayName is a required attribute"},
		{"an empty name", worldtest.ErrorOf(create(store, "")), invalid, "displayName"},
		{"a long name", worldtest.ErrorOf(create(store, strings.Repeat("n", 1025))), invalid, "1024"},
		{"in no store", worldtest.ErrorOf(create(noStore, "x")), missing, "IDENTITY_STORE not found"},
		{"in what is none", worldtest.ErrorOf(create("store", "x")), invalid, "identityStoreId"},
		{"describe nothing", worldtest.ErrorOf(describe(store, noID)), missing, "GROUP not found"},
		{"describe in no store", worldtest.ErrorOf(describe(noStore, id)), missing, "IDENTITY_STORE not found"},
		{"describe no id", worldtest.ErrorOf(describe(store, "night")), invalid, "groupId"},
		{"look up nothing", worldtest.ErrorOf(lookup(store, by("displayName", "No One"))), missing, "GROUP not found"},
		{"look up in no store", worldtest.ErrorOf(lookup(noStore, by("displayName", "x"))), missing,
			"IDENTITY_STORE not found"},
		{"look up what is not unique", worldtest.ErrorOf(lookup(store, by("description", "what for"))), invalid,
			"The attribute description is not a unique attribute"},
		{"list by another attribute", worldtest.ErrorOf(list(store, 100, named("Description", "x"))), invalid,
			"DisplayName only"},
		{"list in no store", worldtest.ErrorOf(list(noStore, 100)), missing, "IDENTITY_STORE not found"},
		{"list too many", worldtest.ErrorOf(list(store, 101)), invalid, "maxResults"},
		{"update", update(store, id, append(worldtest.AttributeUpdate("DisplayName", "Day Shift"),
			worldtest.AttributeUpdate("description", nil)...)...), "", ""},
		{"update to a taken name", update(store, id, worldtest.AttributeUpdate("displayName", "finance")...), conflict,
			"Duplicate GroupDisplayName"},
		{"update nothing", update(store, noID, worldtest.AttributeUpdate("displayName", "x")...), missing, "GROUP not found"},
		{"update what it has not", update(store, id, worldtest.AttributeUpdate("colour", "red")...), invalid,
			"does not exist"},
		{"update to an empty name", update(store, id, worldtest.AttributeUpdate("displayName", "")...), invalid,
			"must not be empty"},
		{"delete in no store", drop(noStore, id), missing, "IDENTITY_STORE not found"},
		{"delete no id", drop(store, "night"), invalid, "groupId"},
	})
	if g := worldtest.Must[*identitystore.DescribeGroupOutput](t)(describe(store, id)); *g.DisplayName != "Day Shift" ||
		g.Description != nil {
		t.Errorf("the group after its update: %+v", g)
	}
	o.testMemberships(t, id)
	worldtest.CheckOutcomes(t, []outcome{
		{"delete", drop(store, id), "", ""},
		{"delete again", drop(store, id), "", ""},
		{"the name is free", worldtest.ErrorOf(create(store, "Day Shift")), "", ""},
	})
}

// testMemberships works on a group that is the caller's to fill.
func (o *office) testMemberships(t *testing.T, group string) {
	ctx, ids, store := t.Context(), o.ids(o.Root()), o.Store
	leaver := o.hire(t, o.Root(), store, "night-leaver")
	add := func(store, group string, who idtypes.MemberId) (string, error) {
		out, err := ids.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: &store,
			GroupId: &group, MemberId: who})
		if err != nil {
			return "", err
		}
		return *out.MembershipId, nil
	}
	describe := func(store, id string) (*identitystore.DescribeGroupMembershipOutput, error) {
		return ids.DescribeGroupMembership(ctx, &identitystore.DescribeGroupMembershipInput{IdentityStoreId: &store,
			MembershipId: &id})
	}
	find := func(store, group, user string) (string, error) {
		out, err := ids.GetGroupMembershipId(ctx, &identitystore.GetGroupMembershipIdInput{IdentityStoreId: &store,
			GroupId: &group, MemberId: person(user)})
		if err != nil {
			return "", err
		}
		return *out.MembershipId, nil
	}
	drop := func(store, id string) error {
		return worldtest.ErrorOf(ids.DeleteGroupMembership(ctx,
			&identitystore.DeleteGroupMembershipInput{IdentityStoreId: &store,
				MembershipId: &id}))
	}
	in := func(store, group string, token *string) (int, error) {
		out, err := ids.ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{IdentityStoreId: &store,
			GroupId: &group, NextToken: token})
		if err != nil {
			return 0, err
		}
		return len(out.GroupMemberships), nil
	}
	of := func(store, user string, token *string) (int, error) {
		out, err := ids.ListGroupMembershipsForMember(ctx,
			&identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: &store, MemberId: person(user), NextToken: token})
		if err != nil {
			return 0, err
		}
		return len(out.GroupMemberships), nil
	}
	is := func(store, user string, groups ...string) (string, error) {
		out, err := ids.IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{IdentityStoreId: &store,
			MemberId: person(user), GroupIds: groups})
		if err != nil {
			return "", err
		}
		text := ""
		for _, r := range out.Results {
			text += fmt.Sprintf("%s %s %v\n", *r.GroupId, r.MemberId.(*idtypes.MemberIdMemberUserId).Value, r.MembershipExists)
		}
		return text, nil
	}
	id := worldtest.Must[string](t)(add(store, group, person(leaver)))
	worldtest.Must[string](t)(add(store, group, person(o.Users[worldtest.Alice])))
	m := worldtest.Must[*identitystore.DescribeGroupMembershipOutput](t)(describe(store, id))
	if *m.GroupId != group || m.MemberId.(*idtypes.MemberIdMemberUserId).Value != leaver || *m.MembershipId != id ||
		*m.IdentityStoreId != store {
		t.Errorf("the membership: %+v", m)
	}
	found, foundErr := find(store, group, leaver)
	legal := o.Groups["Legal"]
	both, bothErr := is(store, leaver, legal, group)
	two, twoErr := in(store, group, nil)
	hundred := strings.Fields(strings.Repeat(group+" ", 101))
	worldtest.CheckOutcomes(t, []outcome{
		{"found", same(foundErr, found, id), "", ""},
		{"in one of two groups", same(bothErr, both, legal+" "+leaver+" false\n"+group+" "+leaver+" true\n"), "", ""},
		{"two members", same(twoErr, two, 2), "", ""},
		{"again", worldtest.ErrorOf(add(store, group, person(leaver))), conflict, "Duplicate GroupMembership"},
		{"to no group", worldtest.ErrorOf(add(store, noID, person(leaver))), missing, "GROUP not found"},
		{"of nobody", worldtest.ErrorOf(add(store, group, person(noID))), missing, "Member does not exist"},
		{"of a group", worldtest.ErrorOf(add(store, group, person(legal))), missing, "Member does not exist"},
		{"of no id", worldtest.ErrorOf(add(store, group, person("alice"))), invalid, "memberId.userId"},
		{"in no store", worldtest.ErrorOf(add(noStore, group, person(leaver))), missing, "IDENTITY_STORE not found"},
		{"describe nothing", worldtest.ErrorOf(describe(store, noID)), missing, "GROUP_MEMBERSHIP not found"},
		{"describe no id", worldtest.ErrorOf(describe(store, "x")), invalid, "membershipId"},
		{"find nothing", worldtest.ErrorOf(find(store, legal, leaver)), missing, "GROUP_MEMBERSHIP not found"},
		{"find in no store", worldtest.ErrorOf(find(noStore, group, leaver)), missing, "IDENTITY_STORE not found"},
		{"find by no id", worldtest.ErrorOf(find(store, "x", leaver)), invalid, "groupId"},
		{"members of no group", worldtest.ErrorOf(in(store, noID, nil)), missing, "GROUP not found"},
		{"members from a bad token", worldtest.ErrorOf(in(store, group, aws.String("AAAA"))), invalid, "NextToken"},
		{"groups of nobody", worldtest.ErrorOf(of(store, noID, nil)), missing, "USER not found"},
		{"groups from a bad token", worldtest.ErrorOf(of(store, leaver, aws.String("AAAA"))), invalid, "NextToken"},
		{"is nobody in", worldtest.ErrorOf(is(store, noID, group)), missing, "USER not found"},
		{"in no group", worldtest.ErrorOf(is(store, leaver, group, noID)), missing, "GROUP not found"},
		{"in 101 groups", worldtest.ErrorOf(is(store, leaver, hundred...)), invalid, "100"},
		{"in 100 groups", worldtest.ErrorOf(is(store, leaver, hundred[:100]...)), "", ""},
		{"drop in no store", drop(noStore, id), missing, "IDENTITY_STORE not found"},
		{"drop no id", drop(store, "x"), invalid, "membershipId"},
		{"drop", drop(store, id), "", ""},
		{"drop again", drop(store, id), "", ""},
		{"add again", worldtest.ErrorOf(add(store, group, person(leaver))), "", ""},
		{"the leaver leaves",
			worldtest.ErrorOf(ids.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: &store, UserId: &leaver})), "",
			""},
	})
	if n, err := in(store, group, nil); err != nil || n != 1 {
		t.Errorf("%d members after one left, %v", n, err)
	}
	// A group goes with its memberships.
	before := worldtest.Must[int](t)(of(store, o.Users[worldtest.Alice], nil))
	worldtest.Must[*identitystore.DeleteGroupOutput](t)(ids.DeleteGroup(ctx,
		&identitystore.DeleteGroupInput{IdentityStoreId: &store,
			GroupId: &group}))
	if after := worldtest.Must[int](t)(of(store, o.Users[worldtest.Alice], nil)); after != before-1 {
		t.Errorf("alice is in %d groups, and was in %d", after, before)
	}
}
