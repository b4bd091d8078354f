package ssoadmin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	iddoc "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

var refreshGrant = &ssotypes.GrantMemberRefreshToken{Value: ssotypes.RefreshTokenGrant{}}

// issuing is a trusted token issuer's configuration.
func issuing(url, claim, attribute string) ssotypes.TrustedTokenIssuerConfiguration {
	return &ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{
		Value: ssotypes.OidcJwtConfiguration{IssuerUrl: &url, ClaimAttributePath: &claim,
			IdentityStoreAttributePath: &attribute, JwksRetrievalOption: ssotypes.JwksRetrievalOptionOpenIdDiscovery}}
}

// actors is an authentication method whose policy has one statement.
func actors(statement map[string]any) ssotypes.AuthenticationMethod {
	return &ssotypes.AuthenticationMethodMemberIam{
		Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(
			map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})}}
}

func anyActor() map[string]any {
	return map[string]any{"Effect": "Allow", "Principal": "*", "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}
}

// by is an alternate identifier of a unique attribute.
func by(path string, value any) idtypes.AlternateIdentifier {
	return &idtypes.AlternateIdentifierMemberUniqueAttribute{Value: idtypes.UniqueAttribute{AttributePath: &path,
		AttributeValue: iddoc.NewLazyDocument(value)}}
}

func person(id string) idtypes.MemberId { return &idtypes.MemberIdMemberUserId{Value: id} }

// tagged is one tag.
func tagged(key, value string) []ssotypes.Tag { return []ssotypes.Tag{{Key: &key, Value: &value}} }

// calls is one valid call of every operation, on an application, an issuer and people of the company's.
func (o *office) calls(ctx context.Context, sso *ssoadmin.Client, ids *identitystore.Client) map[string]error {
	app, tti, in, store := &o.Application, &o.Issuer, &o.Instance, &o.Store
	user, group := aws.String(o.Users[worldtest.Bob]), aws.String(o.Groups["Legal"])
	iamMethod, anyone := ssotypes.AuthenticationMethodTypeIam, ssotypes.PrincipalTypeUser
	return map[string]error{
		"CreateInstance": worldtest.ErrorOf(sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{})),
		"DescribeInstance": worldtest.ErrorOf(sso.DescribeInstance(ctx,
			&ssoadmin.DescribeInstanceInput{InstanceArn: in})),
		"ListInstances": worldtest.ErrorOf(sso.ListInstances(ctx, nil)),
		"UpdateInstance": worldtest.ErrorOf(sso.UpdateInstance(ctx,
			&ssoadmin.UpdateInstanceInput{InstanceArn: in, Name: aws.String("n")})),
		"DeleteInstance": worldtest.ErrorOf(sso.DeleteInstance(ctx,
			&ssoadmin.DeleteInstanceInput{InstanceArn: in})),
		"ListRegions": worldtest.ErrorOf(sso.ListRegions(ctx, &ssoadmin.ListRegionsInput{InstanceArn: in})),
		"DescribeRegion": worldtest.ErrorOf(sso.DescribeRegion(ctx,
			&ssoadmin.DescribeRegionInput{InstanceArn: in, RegionName: &o.Region})),
		"CreateApplication": worldtest.ErrorOf(sso.CreateApplication(ctx,
			&ssoadmin.CreateApplicationInput{InstanceArn: in, Name: aws.String("a"),
				ApplicationProviderArn: aws.String(worldtest.CustomProvider)})),
		"DescribeApplication": worldtest.ErrorOf(sso.DescribeApplication(ctx,
			&ssoadmin.DescribeApplicationInput{ApplicationArn: app})),
		"UpdateApplication": worldtest.ErrorOf(sso.UpdateApplication(ctx,
			&ssoadmin.UpdateApplicationInput{ApplicationArn: app, Description: aws.String("d")})),
		"DeleteApplication": worldtest.ErrorOf(sso.DeleteApplication(ctx,
			&ssoadmin.DeleteApplicationInput{ApplicationArn: app})),
		"ListApplications": worldtest.ErrorOf(sso.ListApplications(ctx,
			&ssoadmin.ListApplicationsInput{InstanceArn: in})),
		"ListApplicationProviders": worldtest.ErrorOf(sso.ListApplicationProviders(ctx, nil)),
		"DescribeApplicationProvider": worldtest.ErrorOf(sso.DescribeApplicationProvider(ctx,
			&ssoadmin.DescribeApplicationProviderInput{ApplicationProviderArn: aws.String(worldtest.CustomProvider)})),
		"PutApplicationGrant": worldtest.ErrorOf(sso.PutApplicationGrant(ctx,
			&ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token", Grant: refreshGrant})),
		"GetApplicationGrant": worldtest.ErrorOf(sso.GetApplicationGrant(ctx,
			&ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token"})),
		"DeleteApplicationGrant": worldtest.ErrorOf(sso.DeleteApplicationGrant(ctx,
			&ssoadmin.DeleteApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token"})),
		"ListApplicationGrants": worldtest.ErrorOf(sso.ListApplicationGrants(ctx,
			&ssoadmin.ListApplicationGrantsInput{ApplicationArn: app})),
		"PutApplicationAccessScope": worldtest.ErrorOf(sso.PutApplicationAccessScope(ctx,
			&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"GetApplicationAccessScope": worldtest.ErrorOf(sso.GetApplicationAccessScope(ctx,
			&ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"DeleteApplicationAccessScope": worldtest.ErrorOf(sso.DeleteApplicationAccessScope(ctx,
			&ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"ListApplicationAccessScopes": worldtest.ErrorOf(sso.ListApplicationAccessScopes(ctx,
			&ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: app})),
		"PutApplicationAuthenticationMethod": worldtest.ErrorOf(sso.PutApplicationAuthenticationMethod(ctx,
			&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod,
				AuthenticationMethod: actors(anyActor())})),
		"GetApplicationAuthenticationMethod": worldtest.ErrorOf(sso.GetApplicationAuthenticationMethod(ctx,
			&ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod})),
		"DeleteApplicationAuthenticationMethod": worldtest.ErrorOf(sso.DeleteApplicationAuthenticationMethod(ctx,
			&ssoadmin.DeleteApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod})),
		"ListApplicationAuthenticationMethods": worldtest.ErrorOf(sso.ListApplicationAuthenticationMethods(ctx,
			&ssoadmin.ListApplicationAuthenticationMethodsInput{ApplicationArn: app})),
		"PutApplicationAssignmentConfiguration": worldtest.ErrorOf(sso.PutApplicationAssignmentConfiguration(ctx,
			&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(true)})),
		"GetApplicationAssignmentConfiguration": worldtest.ErrorOf(sso.GetApplicationAssignmentConfiguration(ctx,
			&ssoadmin.GetApplicationAssignmentConfigurationInput{ApplicationArn: app})),
		"CreateApplicationAssignment": worldtest.ErrorOf(sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"DescribeApplicationAssignment": worldtest.ErrorOf(sso.DescribeApplicationAssignment(ctx,
			&ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"DeleteApplicationAssignment": worldtest.ErrorOf(sso.DeleteApplicationAssignment(ctx,
			&ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"ListApplicationAssignments": worldtest.ErrorOf(sso.ListApplicationAssignments(ctx,
			&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app})),
		"ListApplicationAssignmentsForPrincipal": worldtest.ErrorOf(sso.ListApplicationAssignmentsForPrincipal(ctx,
			&ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: in, PrincipalId: user, PrincipalType: anyone})),
		"PutApplicationSessionConfiguration": worldtest.ErrorOf(sso.PutApplicationSessionConfiguration(ctx,
			&ssoadmin.PutApplicationSessionConfigurationInput{ApplicationArn: app,
				UserBackgroundSessionApplicationStatus: "ENABLED"})),
		"GetApplicationSessionConfiguration": worldtest.ErrorOf(sso.GetApplicationSessionConfiguration(ctx,
			&ssoadmin.GetApplicationSessionConfigurationInput{ApplicationArn: app})),
		"CreateTrustedTokenIssuer": worldtest.ErrorOf(sso.CreateTrustedTokenIssuer(ctx,
			&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: in, Name: aws.String("t"), TrustedTokenIssuerType: "OIDC_JWT",
				TrustedTokenIssuerConfiguration: issuing("https://t.example", "email", "emails.value")})),
		"DescribeTrustedTokenIssuer": worldtest.ErrorOf(sso.DescribeTrustedTokenIssuer(ctx,
			&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
		"UpdateTrustedTokenIssuer": worldtest.ErrorOf(sso.UpdateTrustedTokenIssuer(ctx,
			&ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti, Name: aws.String("t")})),
		"DeleteTrustedTokenIssuer": worldtest.ErrorOf(sso.DeleteTrustedTokenIssuer(ctx,
			&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
		"ListTrustedTokenIssuers": worldtest.ErrorOf(sso.ListTrustedTokenIssuers(ctx,
			&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: in})),
		"TagResource": worldtest.ErrorOf(sso.TagResource(ctx,
			&ssoadmin.TagResourceInput{ResourceArn: app, Tags: tagged("a", "b")})),
		"UntagResource": worldtest.ErrorOf(sso.UntagResource(ctx,
			&ssoadmin.UntagResourceInput{ResourceArn: app, TagKeys: []string{"a"}})),
		"ListTagsForResource": worldtest.ErrorOf(sso.ListTagsForResource(ctx,
			&ssoadmin.ListTagsForResourceInput{ResourceArn: app})),

		"CreateUser": worldtest.ErrorOf(ids.CreateUser(ctx, &identitystore.CreateUserInput{IdentityStoreId: store,
			UserName: aws.String("u"), DisplayName: aws.String("u"),
			Name: &idtypes.Name{GivenName: aws.String("u"), FamilyName: aws.String("u")}})),
		"DescribeUser": worldtest.ErrorOf(ids.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: store,
			UserId: user})),
		"UpdateUser": worldtest.ErrorOf(ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: store,
			UserId: user, Operations: worldtest.AttributeUpdate("title", "x")})),
		"DeleteUser": worldtest.ErrorOf(ids.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: store,
			UserId: user})),
		"ListUsers": worldtest.ErrorOf(ids.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: store})),
		"GetUserId": worldtest.ErrorOf(ids.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: store,
			AlternateIdentifier: by("userName", worldtest.Bob)})),
		"CreateGroup": worldtest.ErrorOf(ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: store,
			DisplayName: aws.String("g")})),
		"DescribeGroup": worldtest.ErrorOf(ids.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: store,
			GroupId: group})),
		"UpdateGroup": worldtest.ErrorOf(ids.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: store,
			GroupId: group, Operations: worldtest.AttributeUpdate("description", "x")})),
		"DeleteGroup": worldtest.ErrorOf(ids.DeleteGroup(ctx, &identitystore.DeleteGroupInput{IdentityStoreId: store,
			GroupId: group})),
		"ListGroups": worldtest.ErrorOf(ids.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: store})),
		"GetGroupId": worldtest.ErrorOf(ids.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: store,
			AlternateIdentifier: by("displayName", "Legal")})),
		"CreateGroupMembership": worldtest.ErrorOf(ids.CreateGroupMembership(ctx,
			&identitystore.CreateGroupMembershipInput{IdentityStoreId: store, GroupId: group, MemberId: person(*user)})),
		"DescribeGroupMembership": worldtest.ErrorOf(ids.DescribeGroupMembership(ctx,
			&identitystore.DescribeGroupMembershipInput{IdentityStoreId: store, MembershipId: user})),
		"DeleteGroupMembership": worldtest.ErrorOf(ids.DeleteGroupMembership(ctx,
			&identitystore.DeleteGroupMembershipInput{IdentityStoreId: store, MembershipId: user})),
		"GetGroupMembershipId": worldtest.ErrorOf(ids.GetGroupMembershipId(ctx,
			&identitystore.GetGroupMembershipIdInput{IdentityStoreId: store, GroupId: group, MemberId: person(*user)})),
		"ListGroupMemberships": worldtest.ErrorOf(ids.ListGroupMemberships(ctx,
			&identitystore.ListGroupMembershipsInput{IdentityStoreId: store, GroupId: group})),
		"ListGroupMembershipsForMember": worldtest.ErrorOf(ids.ListGroupMembershipsForMember(ctx,
			&identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: store, MemberId: person(*user)})),
		"IsMemberInGroups": worldtest.ErrorOf(ids.IsMemberInGroups(ctx,
			&identitystore.IsMemberInGroupsInput{IdentityStoreId: store, GroupIds: []string{*group}, MemberId: person(*user)})),
	}
}

// orgReads are what another account of the organization may do with its instance and directory when its own policies
// let it.
var orgReads = map[string]bool{"DescribeInstance": true, "ListInstances": true, "ListRegions": true,
	"DescribeRegion": true, "ListApplicationProviders": true,
	"DescribeApplicationProvider": true, "ListTrustedTokenIssuers": true, "DescribeTrustedTokenIssuer": true,
	"DescribeUser": true, "ListUsers": true, "GetUserId": true, "DescribeGroup": true, "ListGroups": true,
	"GetGroupId": true, "ListGroupMemberships": true, "ListGroupMembershipsForMember": true, "IsMemberInGroups": true}

// orgCreates are what it may make there for itself.
var orgCreates = map[string]bool{"CreateInstance": true, "CreateApplication": true}

// Without a policy every operation is denied by its own name. To another account the organization's instance, issuers
// and people are there to be read, and applications of its own to be made.
func (o *office) testNobody(t *testing.T) {
	ctx := t.Context()
	for name, err := range o.calls(ctx, o.sso(o.nobody), o.ids(o.nobody)) {
		prefix := "identitystore:"
		if firstRelease()[name] {
			prefix = "sso:"
		}
		t.Run("nobody/"+name, func(t *testing.T) {
			worldtest.Refused(t, err, denied,
				"is not authorized to perform: "+prefix+name)
		})
	}
	for name, err := range o.calls(ctx, o.sso(o.other.Key), o.ids(o.other.Key)) {
		t.Run("member/"+name, func(t *testing.T) {
			switch {
			case orgReads[name] || orgCreates[name]:
				if err != nil {
					t.Error(err)
				}
			case strings.HasPrefix(name, "ListApplication"): // whatever it may see, it asks for its own
				worldtest.Refused(t, err, denied, "")
			case name == "DescribeGroupMembership" || name == "GetGroupMembershipId": // reads; there is none
				worldtest.Refused(t, err, missing, "GROUP_MEMBERSHIP not found")
			default:
				worldtest.Refused(t, err, denied, "is not authorized to perform")
			}
		})
	}
}
