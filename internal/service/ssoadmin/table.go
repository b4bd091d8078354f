// Package ssoadmin answers IAM Identity Center's administration: instances, applications and what hangs on them, trusted token
// issuers. It keeps settings; package ssooidc is where they are enforced.
package ssoadmin

import (
	"bytes"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB                 *store.DB
	Index              *index.Index
	AssignmentRequired bool // of new applications
	MaxIssuers         int  // per instance
}

type service struct{ Config }

// Mend takes the doubled prefix out that AWS's guide page prints in ARNs: the shapes' own patterns would refuse it.
func Mend(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte("ssoins-ssoins-"), []byte("ssoins-"))
}

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "sso", Source: "sso.amazonaws.com", Tells: true, Mend: Mend,
		Codes: map[granary.Kind]string{
			granary.Invalid: "ValidationException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.NotFound: "ResourceNotFoundException", granary.Exists: "ConflictException", granary.Conflict: "ConflictException",
			granary.Quota: "ServiceQuotaExceededException", granary.Throttled: "ThrottlingException", granary.NotImplemented: "AccessDeniedException",
			granary.Unavailable: "InternalServerException", granary.Internal: "InternalServerException",
		},
		Rows: append([]awsapi.Row{
			awsapi.On(api.CreateInstance, s.checkCreateInstance, s.createInstance),
			awsapi.On(api.ListInstances, anything[api.ListInstancesInput], s.listInstances),
			awsapi.On(api.DescribeInstance, openInstance(s, func(in *api.DescribeInstanceInput) string { return in.InstanceArn }), s.describeInstance),
			awsapi.On(api.UpdateInstance, ownInstance(s, func(in *api.UpdateInstanceInput) string { return in.InstanceArn }), s.updateInstance),
			awsapi.On(api.DeleteInstance, ownersInstance(s, func(in *api.DeleteInstanceInput) string { return in.InstanceArn }), s.deleteInstance),
			awsapi.On(api.ListRegions, openInstance(s, func(in *api.ListRegionsInput) string { return in.InstanceArn }), s.listRegions),
			awsapi.On(api.DescribeRegion, openInstance(s, func(in *api.DescribeRegionInput) string { return in.InstanceArn }), s.describeRegion),

			awsapi.On(api.CreateApplication, s.checkCreateApplication, s.createApplication),
			awsapi.On(api.DescribeApplication, onApp(s, func(in *api.DescribeApplicationInput) string { return in.ApplicationArn }), s.describeApplication),
			awsapi.On(api.UpdateApplication, onApp(s, func(in *api.UpdateApplicationInput) string { return in.ApplicationArn }), s.updateApplication),
			awsapi.On(api.DeleteApplication, onApp(s, func(in *api.DeleteApplicationInput) string { return in.ApplicationArn }), s.deleteApplication),
			awsapi.On(api.ListApplications, openInstance(s, func(in *api.ListApplicationsInput) string { return in.InstanceArn }), s.listApplications),
			awsapi.On(api.ListApplicationProviders, anything[api.ListApplicationProvidersInput], s.listProviders),
			awsapi.On(api.DescribeApplicationProvider, checkProvider, s.describeProvider),

			awsapi.On(api.PutApplicationGrant, onApp(s, func(in *api.PutApplicationGrantInput) string { return in.ApplicationArn }), s.putGrant),
			awsapi.On(api.GetApplicationGrant, onApp(s, func(in *api.GetApplicationGrantInput) string { return in.ApplicationArn }), s.getGrant),
			awsapi.On(api.DeleteApplicationGrant, onApp(s, func(in *api.DeleteApplicationGrantInput) string { return in.ApplicationArn }), s.deleteGrant),
			awsapi.On(api.ListApplicationGrants, onApp(s, func(in *api.ListApplicationGrantsInput) string { return in.ApplicationArn }), s.listGrants),

			awsapi.On(api.PutApplicationAccessScope, onApp(s, func(in *api.PutApplicationAccessScopeInput) string { return in.ApplicationArn }), s.putScope),
			awsapi.On(api.GetApplicationAccessScope, onApp(s, func(in *api.GetApplicationAccessScopeInput) string { return in.ApplicationArn }), s.getScope),
			awsapi.On(api.DeleteApplicationAccessScope, onApp(s, func(in *api.DeleteApplicationAccessScopeInput) string { return in.ApplicationArn }), s.deleteScope),
			awsapi.On(api.ListApplicationAccessScopes, onApp(s, func(in *api.ListApplicationAccessScopesInput) string { return in.ApplicationArn }), s.listScopes),

			awsapi.On(api.PutApplicationAuthenticationMethod, onApp(s, func(in *api.PutApplicationAuthenticationMethodInput) string { return in.ApplicationArn }), s.putMethod),
			awsapi.On(api.GetApplicationAuthenticationMethod, onApp(s, func(in *api.GetApplicationAuthenticationMethodInput) string { return in.ApplicationArn }), s.getMethod),
			awsapi.On(api.DeleteApplicationAuthenticationMethod, onApp(s, func(in *api.DeleteApplicationAuthenticationMethodInput) string { return in.ApplicationArn }), s.deleteMethod),
			awsapi.On(api.ListApplicationAuthenticationMethods, onApp(s, func(in *api.ListApplicationAuthenticationMethodsInput) string { return in.ApplicationArn }), s.listMethods),

			awsapi.On(api.PutApplicationAssignmentConfiguration, onApp(s, func(in *api.PutApplicationAssignmentConfigurationInput) string { return in.ApplicationArn }), s.putAssignmentConfiguration),
			awsapi.On(api.GetApplicationAssignmentConfiguration, onApp(s, func(in *api.GetApplicationAssignmentConfigurationInput) string { return in.ApplicationArn }), s.getAssignmentConfiguration),
			awsapi.On(api.CreateApplicationAssignment, onApp(s, func(in *api.CreateApplicationAssignmentInput) string { return in.ApplicationArn }), s.createAssignment),
			awsapi.On(api.DescribeApplicationAssignment, onApp(s, func(in *api.DescribeApplicationAssignmentInput) string { return in.ApplicationArn }), s.describeAssignment),
			awsapi.On(api.DeleteApplicationAssignment, onApp(s, func(in *api.DeleteApplicationAssignmentInput) string { return in.ApplicationArn }), s.deleteAssignment),
			awsapi.On(api.ListApplicationAssignments, onApp(s, func(in *api.ListApplicationAssignmentsInput) string { return in.ApplicationArn }), s.listAssignments),
			awsapi.On(api.ListApplicationAssignmentsForPrincipal, openInstance(s, func(in *api.ListApplicationAssignmentsForPrincipalInput) string { return in.InstanceArn }), s.listAssignmentsForPrincipal),
			awsapi.On(api.PutApplicationSessionConfiguration, onApp(s, func(in *api.PutApplicationSessionConfigurationInput) string { return in.ApplicationArn }), s.putSessionConfiguration),
			awsapi.On(api.GetApplicationSessionConfiguration, onApp(s, func(in *api.GetApplicationSessionConfigurationInput) string { return in.ApplicationArn }), s.getSessionConfiguration),

			awsapi.On(api.CreateTrustedTokenIssuer, s.checkCreateIssuer, s.createIssuer),
			awsapi.On(api.DescribeTrustedTokenIssuer, onIssuer(s, func(in *api.DescribeTrustedTokenIssuerInput) string { return in.TrustedTokenIssuerArn }), s.describeIssuer),
			awsapi.On(api.UpdateTrustedTokenIssuer, onIssuer(s, func(in *api.UpdateTrustedTokenIssuerInput) string { return in.TrustedTokenIssuerArn }), s.updateIssuer),
			awsapi.On(api.DeleteTrustedTokenIssuer, onIssuer(s, func(in *api.DeleteTrustedTokenIssuerInput) string { return in.TrustedTokenIssuerArn }), s.deleteIssuer),
			awsapi.On(api.ListTrustedTokenIssuers, openInstance(s, func(in *api.ListTrustedTokenIssuersInput) string { return in.InstanceArn }), s.listIssuers),

			awsapi.On(api.TagResource, s.checkTag, s.tagResource),
			awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
			awsapi.On(api.ListTagsForResource, s.checkListTags, s.listTags),
		}, s.permissionSetRows()...),
	}
}
