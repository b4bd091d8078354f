package world_test

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
)

const customProvider = "arn:aws:sso::aws:applicationProvider/custom"

var refreshGrant = &ssotypes.GrantMemberRefreshToken{Value: ssotypes.RefreshTokenGrant{}}

// issuing is a trusted token issuer's configuration.
func issuing(url, claim, attribute string) ssotypes.TrustedTokenIssuerConfiguration {
	return &ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{Value: ssotypes.OidcJwtConfiguration{IssuerUrl: &url, ClaimAttributePath: &claim,
		IdentityStoreAttributePath: &attribute, JwksRetrievalOption: ssotypes.JwksRetrievalOptionOpenIdDiscovery}}
}

// actors is an authentication method whose policy has one statement.
func actors(statement map[string]any) ssotypes.AuthenticationMethod {
	return &ssotypes.AuthenticationMethodMemberIam{Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(
		map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})}}
}

func anyActor() map[string]any {
	return map[string]any{"Effect": "Allow", "Principal": "*", "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}
}

// by is an alternate identifier of a unique attribute.
func by(path string, value any) idtypes.AlternateIdentifier {
	return &idtypes.AlternateIdentifierMemberUniqueAttribute{Value: idtypes.UniqueAttribute{AttributePath: &path, AttributeValue: iddoc.NewLazyDocument(value)}}
}

func person(id string) idtypes.MemberId { return &idtypes.MemberIdMemberUserId{Value: id} }

// tagged is one tag.
func tagged(key, value string) []ssotypes.Tag { return []ssotypes.Tag{{Key: &key, Value: &value}} }

// calls is one valid call of every operation, on an application, an issuer and people of the company's.
func (o *office) calls(ctx context.Context, sso *ssoadmin.Client, ids *identitystore.Client) map[string]error {
	app, tti, in, store := &o.Application, &o.Issuer, &o.Instance, &o.Store
	user, group := aws.String(o.Users[bob]), aws.String(o.Groups["Legal"])
	iamMethod, anyone := ssotypes.AuthenticationMethodTypeIam, ssotypes.PrincipalTypeUser
	return map[string]error{
		"CreateInstance":                         only(sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{})),
		"DescribeInstance":                       only(sso.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: in})),
		"ListInstances":                          only(sso.ListInstances(ctx, nil)),
		"UpdateInstance":                         only(sso.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: in, Name: aws.String("n")})),
		"DeleteInstance":                         only(sso.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: in})),
		"ListRegions":                            only(sso.ListRegions(ctx, &ssoadmin.ListRegionsInput{InstanceArn: in})),
		"DescribeRegion":                         only(sso.DescribeRegion(ctx, &ssoadmin.DescribeRegionInput{InstanceArn: in, RegionName: &o.Region})),
		"CreateApplication":                      only(sso.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: in, Name: aws.String("a"), ApplicationProviderArn: aws.String(customProvider)})),
		"DescribeApplication":                    only(sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})),
		"UpdateApplication":                      only(sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: app, Description: aws.String("d")})),
		"DeleteApplication":                      only(sso.DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: app})),
		"ListApplications":                       only(sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: in})),
		"ListApplicationProviders":               only(sso.ListApplicationProviders(ctx, nil)),
		"DescribeApplicationProvider":            only(sso.DescribeApplicationProvider(ctx, &ssoadmin.DescribeApplicationProviderInput{ApplicationProviderArn: aws.String(customProvider)})),
		"PutApplicationGrant":                    only(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token", Grant: refreshGrant})),
		"GetApplicationGrant":                    only(sso.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token"})),
		"DeleteApplicationGrant":                 only(sso.DeleteApplicationGrant(ctx, &ssoadmin.DeleteApplicationGrantInput{ApplicationArn: app, GrantType: "refresh_token"})),
		"ListApplicationGrants":                  only(sso.ListApplicationGrants(ctx, &ssoadmin.ListApplicationGrantsInput{ApplicationArn: app})),
		"PutApplicationAccessScope":              only(sso.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"GetApplicationAccessScope":              only(sso.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"DeleteApplicationAccessScope":           only(sso.DeleteApplicationAccessScope(ctx, &ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})),
		"ListApplicationAccessScopes":            only(sso.ListApplicationAccessScopes(ctx, &ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: app})),
		"PutApplicationAuthenticationMethod":     only(sso.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod, AuthenticationMethod: actors(anyActor())})),
		"GetApplicationAuthenticationMethod":     only(sso.GetApplicationAuthenticationMethod(ctx, &ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod})),
		"DeleteApplicationAuthenticationMethod":  only(sso.DeleteApplicationAuthenticationMethod(ctx, &ssoadmin.DeleteApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: iamMethod})),
		"ListApplicationAuthenticationMethods":   only(sso.ListApplicationAuthenticationMethods(ctx, &ssoadmin.ListApplicationAuthenticationMethodsInput{ApplicationArn: app})),
		"PutApplicationAssignmentConfiguration":  only(sso.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(true)})),
		"GetApplicationAssignmentConfiguration":  only(sso.GetApplicationAssignmentConfiguration(ctx, &ssoadmin.GetApplicationAssignmentConfigurationInput{ApplicationArn: app})),
		"CreateApplicationAssignment":            only(sso.CreateApplicationAssignment(ctx, &ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"DescribeApplicationAssignment":          only(sso.DescribeApplicationAssignment(ctx, &ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"DeleteApplicationAssignment":            only(sso.DeleteApplicationAssignment(ctx, &ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: anyone})),
		"ListApplicationAssignments":             only(sso.ListApplicationAssignments(ctx, &ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app})),
		"ListApplicationAssignmentsForPrincipal": only(sso.ListApplicationAssignmentsForPrincipal(ctx, &ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: in, PrincipalId: user, PrincipalType: anyone})),
		"PutApplicationSessionConfiguration":     only(sso.PutApplicationSessionConfiguration(ctx, &ssoadmin.PutApplicationSessionConfigurationInput{ApplicationArn: app, UserBackgroundSessionApplicationStatus: "ENABLED"})),
		"GetApplicationSessionConfiguration":     only(sso.GetApplicationSessionConfiguration(ctx, &ssoadmin.GetApplicationSessionConfigurationInput{ApplicationArn: app})),
		"CreateTrustedTokenIssuer":               only(sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: in, Name: aws.String("t"), TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing("https://t.example", "email", "emails.value")})),
		"DescribeTrustedTokenIssuer":             only(sso.DescribeTrustedTokenIssuer(ctx, &ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
		"UpdateTrustedTokenIssuer":               only(sso.UpdateTrustedTokenIssuer(ctx, &ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti, Name: aws.String("t")})),
		"DeleteTrustedTokenIssuer":               only(sso.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
		"ListTrustedTokenIssuers":                only(sso.ListTrustedTokenIssuers(ctx, &ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: in})),
		"TagResource":                            only(sso.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: app, Tags: tagged("a", "b")})),
		"UntagResource":                          only(sso.UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: app, TagKeys: []string{"a"}})),
		"ListTagsForResource":                    only(sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: app})),

		"CreateUser":                    only(ids.CreateUser(ctx, &identitystore.CreateUserInput{IdentityStoreId: store, UserName: aws.String("u"), DisplayName: aws.String("u"), Name: &idtypes.Name{GivenName: aws.String("u"), FamilyName: aws.String("u")}})),
		"DescribeUser":                  only(ids.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: store, UserId: user})),
		"UpdateUser":                    only(ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: store, UserId: user, Operations: to("title", "x")})),
		"DeleteUser":                    only(ids.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: store, UserId: user})),
		"ListUsers":                     only(ids.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: store})),
		"GetUserId":                     only(ids.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: store, AlternateIdentifier: by("userName", bob)})),
		"CreateGroup":                   only(ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: aws.String("g")})),
		"DescribeGroup":                 only(ids.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: store, GroupId: group})),
		"UpdateGroup":                   only(ids.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: store, GroupId: group, Operations: to("description", "x")})),
		"DeleteGroup":                   only(ids.DeleteGroup(ctx, &identitystore.DeleteGroupInput{IdentityStoreId: store, GroupId: group})),
		"ListGroups":                    only(ids.ListGroups(ctx, &identitystore.ListGroupsInput{IdentityStoreId: store})),
		"GetGroupId":                    only(ids.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: store, AlternateIdentifier: by("displayName", "Legal")})),
		"CreateGroupMembership":         only(ids.CreateGroupMembership(ctx, &identitystore.CreateGroupMembershipInput{IdentityStoreId: store, GroupId: group, MemberId: person(*user)})),
		"DescribeGroupMembership":       only(ids.DescribeGroupMembership(ctx, &identitystore.DescribeGroupMembershipInput{IdentityStoreId: store, MembershipId: user})),
		"DeleteGroupMembership":         only(ids.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: store, MembershipId: user})),
		"GetGroupMembershipId":          only(ids.GetGroupMembershipId(ctx, &identitystore.GetGroupMembershipIdInput{IdentityStoreId: store, GroupId: group, MemberId: person(*user)})),
		"ListGroupMemberships":          only(ids.ListGroupMemberships(ctx, &identitystore.ListGroupMembershipsInput{IdentityStoreId: store, GroupId: group})),
		"ListGroupMembershipsForMember": only(ids.ListGroupMembershipsForMember(ctx, &identitystore.ListGroupMembershipsForMemberInput{IdentityStoreId: store, MemberId: person(*user)})),
		"IsMemberInGroups":              only(ids.IsMemberInGroups(ctx, &identitystore.IsMemberInGroupsInput{IdentityStoreId: store, GroupIds: []string{*group}, MemberId: person(*user)})),
	}
}

// orgReads are what another account of the organization may do with its instance and directory when its own policies let it.
var orgReads = map[string]bool{"DescribeInstance": true, "ListInstances": true, "ListRegions": true, "DescribeRegion": true, "ListApplicationProviders": true,
	"DescribeApplicationProvider": true, "ListTrustedTokenIssuers": true, "DescribeUser": true, "ListUsers": true, "GetUserId": true, "DescribeGroup": true, "ListGroups": true,
	"GetGroupId": true, "ListGroupMemberships": true, "ListGroupMembershipsForMember": true, "IsMemberInGroups": true}

// orgCreates are what it may make there for itself.
var orgCreates = map[string]bool{"CreateInstance": true, "CreateApplication": true, "CreateTrustedTokenIssuer": true}

// Without a policy every operation is denied by its own name. To another account the organization's instance, applications, issuers and
// people are there to be read, and its own to be made.
func (o *office) testNobody(t *testing.T) {
	ctx := t.Context()
	for name, err := range o.calls(ctx, o.sso(o.nobody), o.ids(o.nobody)) {
		prefix := "identitystore:"
		if firstRelease()[name] {
			prefix = "sso:"
		}
		t.Run("nobody/"+name, func(t *testing.T) { refused(t, err, denied, "is not authorized to perform: "+prefix+name) })
	}
	for name, err := range o.calls(ctx, o.sso(o.other.key), o.ids(o.other.key)) {
		t.Run("member/"+name, func(t *testing.T) {
			switch {
			case orgReads[name] || orgCreates[name]:
				if err != nil {
					t.Error(err)
				}
			case strings.HasPrefix(name, "ListApplication"): // whatever it may see, it asks for its own
				refused(t, err, denied, "")
			case name == "DescribeGroupMembership" || name == "GetGroupMembershipId": // reads; there is none
				refused(t, err, missing, "GROUP_MEMBERSHIP not found")
			default:
				refused(t, err, denied, "is not authorized to perform")
			}
		})
	}
}
