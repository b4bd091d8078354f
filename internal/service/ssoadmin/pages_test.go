package ssoadmin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

// Every list, to its end by ones, twos and threes; and from tokens that are another list's, cut short, or nobody's.
func (o *office) testPages(t *testing.T) {
	ctx, sso, ids := t.Context(), o.sso(o.Root()), o.ids(o.Root())
	app, store := o.open(t, "paged"), &o.Store
	group := worldtest.Must[*identitystore.CreateGroupOutput](t)(ids.CreateGroup(ctx,
		&identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: aws.String("Paged")})).GroupId
	busy := o.hire(t, o.Root(), *store, "busy")
	for i := range 7 {
		name := fmt.Sprintf("page_%d", i)
		u := o.hire(t, o.Root(), *store, name)
		g := worldtest.Must[*identitystore.CreateGroupOutput](t)(ids.CreateGroup(ctx,
			&identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: &name})).GroupId
		worldtest.Must[*identitystore.CreateGroupMembershipOutput](t)(ids.CreateGroupMembership(ctx,
			&identitystore.CreateGroupMembershipInput{IdentityStoreId: store, GroupId: group, MemberId: person(u)}))
		worldtest.Must[*identitystore.CreateGroupMembershipOutput](t)(ids.CreateGroupMembership(ctx,
			&identitystore.CreateGroupMembershipInput{IdentityStoreId: store, GroupId: g, MemberId: person(busy)}))
		worldtest.Must[*ssoadmin.CreateApplicationAssignmentOutput](t)(sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: &u, PrincipalType: "USER"}))
		worldtest.Must[*ssoadmin.CreateApplicationAssignmentOutput](t)(sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: g, PrincipalType: "GROUP"}))
		worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(sso.PutApplicationAccessScope(ctx,
			&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: &name}))
		o.open(t, name)
		worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(o.sso(o.other.Key).CreateApplication(ctx,
			&ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: &name,
				ApplicationProviderArn: aws.String(worldtest.CustomProvider)}))
	}
	applications := func(f *ssotypes.ListApplicationsFilter) worldtest.Pager {
		return func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, MaxResults: &max,
				NextToken: token, Filter: f})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Applications, func(a ssotypes.Application) *string { return a.ApplicationArn }),
				out.NextToken, nil
		}
	}
	lists := map[string]worldtest.Pager{
		"applications":             applications(nil),
		"applications of a member": applications(&ssotypes.ListApplicationsFilter{ApplicationAccount: &o.other.ID}),
		"applications of customers": applications(
			&ssotypes.ListApplicationsFilter{ApplicationProvider: aws.String(worldtest.CustomProvider)}),
		"instances": func(max int32, token *string) ([]string, *string, error) {
			// two, of an account that has one beside the organization's
			out, err := o.sso(o.other.Key).ListInstances(ctx, &ssoadmin.ListInstancesInput{MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Instances, func(i ssotypes.InstanceMetadata) *string { return i.InstanceArn }),
				out.NextToken, nil
		},
		"providers": func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListApplicationProviders(ctx, &ssoadmin.ListApplicationProvidersInput{MaxResults: &max,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.ApplicationProviders,
				func(p ssotypes.ApplicationProvider) *string { return p.ApplicationProviderArn }), out.NextToken, nil
		},
		"issuers": func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListTrustedTokenIssuers(ctx, &ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: &o.Instance,
				MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.TrustedTokenIssuers,
				func(i ssotypes.TrustedTokenIssuerMetadata) *string { return i.TrustedTokenIssuerArn }), out.NextToken, nil
		},
		"scopes": func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListApplicationAccessScopes(ctx, &ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: app,
				MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Scopes, func(s ssotypes.ScopeDetails) *string { return s.Scope }), out.NextToken, nil
		},
		"assignments": func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListApplicationAssignments(ctx, &ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app,
				MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.ApplicationAssignments,
					func(a ssotypes.ApplicationAssignment) *string { return a.PrincipalId }),
				out.NextToken, nil
		},
		"assignments of a person": func(max int32, token *string) ([]string, *string, error) {
			out, err := sso.ListApplicationAssignmentsForPrincipal(ctx,
				&ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: &o.Instance, PrincipalId: &busy,
					PrincipalType: "USER", MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.ApplicationAssignments,
				func(a ssotypes.ApplicationAssignmentForPrincipal) *string { return a.PrincipalId }), out.NextToken, nil
		},
		"people": func(max int32, token *string) ([]string, *string, error) {
			out, err := ids.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: store, MaxResults: &max,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Users, func(u idtypes.User) *string { return u.UserId }), out.NextToken, nil
		},
		"groups": func(max int32, token *string) ([]string, *string, error) {
			out, err := ids.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: store, MaxResults: &max,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Groups, func(g idtypes.Group) *string { return g.GroupId }), out.NextToken, nil
		},
		"members": func(max int32, token *string) ([]string, *string, error) {
			out, err := ids.ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{IdentityStoreId: store,
				GroupId: group, MaxResults: &max, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.GroupMemberships, func(m idtypes.GroupMembership) *string { return m.MembershipId }),
				out.NextToken,
				nil
		},
		"memberships": func(max int32, token *string) ([]string, *string, error) {
			out, err := ids.ListGroupMembershipsForMember(ctx,
				&identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: store, MemberId: person(busy), MaxResults: &max,
					NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.GroupMemberships, func(m idtypes.GroupMembership) *string { return m.MembershipId }),
				out.NextToken,
				nil
		},
	}
	atLeast := map[string]int{"instances": 2, "providers": 2, "issuers": 10}
	exactly := map[string]int{"assignments": 14, "assignments of a person": 7, "members": 7, "memberships": 7, "scopes": 7,
		"instances": 2}
	foreign := map[string]string{}
	for name, list := range lists {
		all, _, err := worldtest.WalkPages(list, 10)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n, ok := exactly[name]; ok && len(all) != n || len(all) < max(2, atLeast[name]) {
			t.Errorf("%s: %d in all", name, len(all))
		}
		for n := range int32(3) {
			keys, tokens, err := worldtest.WalkPages(list, n+1)
			if err := same(err, keys, all); err != nil {
				t.Errorf("%s by %d: %v", name, n+1, err)
			}
			if len(tokens) > 0 {
				foreign[name] = tokens[0]
			}
		}
	}
	for name, list := range lists {
		own := foreign[name]
		for kind, token := range map[string]string{"cut short": own[:len(own)-5], "nobody's": "AAAA",
			"of letters": "abcdefghijklmnopqrstuvwx", "empty of place": own[:12]} {
			_, _, err := list(1, &token)
			t.Run(name+"/"+kind, func(t *testing.T) {
				if kind == "cut short" && err == nil {
					return // a place between two elements is a place
				}
				worldtest.Refused(t, err, invalid, "")
			})
		}
		for other, token := range foreign {
			if other != name {
				_, _, err := list(1, &token)
				t.Run(name+"/from "+other, func(t *testing.T) { worldtest.Refused(t, err, invalid, "NextToken") })
			}
		}
	}
	// What the token stands at may go: the page goes on after where it was.
	everybody := worldtest.Must[*identitystore.ListUsersOutput](t)(ids.ListUsers(ctx,
		&identitystore.ListUsersInput{IdentityStoreId: store})).Users
	last := slices.IndexFunc(everybody, func(u idtypes.User) bool { return strings.HasPrefix(*u.UserName, "page_") })
	first, token, err := lists["people"](int32(last+1), nil)
	if err != nil || token == nil {
		t.Fatal(err)
	}
	rest, _, err := worldtest.WalkPages(func(max int32, at *string) ([]string, *string, error) {
		if at == nil {
			at = token
		}
		return lists["people"](max, at)
	}, 100)
	if err != nil {
		t.Fatal(err)
	}
	worldtest.Must[*identitystore.DeleteUserOutput](t)(ids.DeleteUser(ctx,
		&identitystore.DeleteUserInput{IdentityStoreId: store,
			UserId: &first[last]}))
	again, _, err := lists["people"](100, token)
	if err := same(err, again, rest); err != nil {
		t.Errorf("the page after one that is gone: %v", err)
	}
}
