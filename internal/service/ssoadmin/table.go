// Package ssoadmin answers IAM Identity Center's administration: instances, applications and what hangs on them,
// trusted token issuers. It keeps settings; package ssooidc is where they are enforced.
package ssoadmin

import (
	"bytes"
	"slices"

	"granary"
	"granary/internal/access"
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
	Issuers            access.IssuerRule
}

// service is what the resources share: the checks and look-ups that more than one of them needs.
type service struct{ Config }

// Each resource answers its own operations.
type (
	instances    struct{ *service }
	applications struct{ *service }
	issuers      struct{ *service }
	tags         struct{ *service }
)

// Mend takes the doubled prefix out that AWS's guide page prints in ARNs: the shapes' own patterns would refuse it.
func Mend(body []byte) []byte {
	return bytes.ReplaceAll(body, []byte("ssoins-ssoins-"), []byte("ssoins-"))
}

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "sso", Source: "sso.amazonaws.com", Tells: true, Mend: Mend, Codes: codes,
		Rows: slices.Concat(instances{s}.operations(), applications{s}.operations(), issuers{s}.operations(),
			tags{s}.operations(), permissionSetRows(s)),
	}
}

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "ValidationException",
	granary.Denied:          "AccessDeniedException",
	granary.Unauthenticated: "AccessDeniedException",
	granary.NotFound:        "ResourceNotFoundException",
	granary.Exists:          "ConflictException",
	granary.Conflict:        "ConflictException",
	granary.Quota:           "ServiceQuotaExceededException",
	granary.Throttled:       "ThrottlingException",
	granary.NotImplemented:  "AccessDeniedException",
	granary.Unavailable:     "InternalServerException",
	granary.Internal:        "InternalServerException",
}

func (s instances) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateInstance, s.checkCreateInstance, s.createInstance),
		awsapi.On(api.ListInstances, anything, s.listInstances),
		awsapi.OnResource(api.DescribeInstance, s.checkReadInstance, api.InstanceArn, s.describeInstance),
		awsapi.OnResource(api.UpdateInstance, s.checkInstance, api.InstanceArn, s.updateInstance),
		awsapi.OnResource(api.DeleteInstance, s.checkOwnersInstance, api.InstanceArn, s.deleteInstance),
		awsapi.OnResource(api.ListRegions, s.checkReadInstance, api.InstanceArn, s.listRegions),
		awsapi.OnResource(api.DescribeRegion, s.checkReadInstance, api.InstanceArn, s.describeRegion),
	}
}

func (s applications) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateApplication, s.checkCreateApplication, s.createApplication),
		awsapi.OnResource(api.DescribeApplication, s.checkApp, api.ApplicationArn, s.describeApplication),
		awsapi.OnResource(api.UpdateApplication, s.checkApp, api.ApplicationArn, s.updateApplication),
		awsapi.OnResource(api.DeleteApplication, s.checkApp, api.ApplicationArn, s.deleteApplication),
		awsapi.OnResource(api.ListApplications, s.checkReadInstance, api.InstanceArn, s.listApplications),
		awsapi.On(api.ListApplicationProviders, anything, s.listProviders),
		awsapi.On(api.DescribeApplicationProvider, checkProvider, s.describeProvider),

		awsapi.OnResource(api.PutApplicationGrant, s.checkApp, api.ApplicationArn, s.putGrant),
		awsapi.OnResource(api.GetApplicationGrant, s.checkApp, api.ApplicationArn, s.getGrant),
		awsapi.OnResource(api.DeleteApplicationGrant, s.checkApp, api.ApplicationArn, s.deleteGrant),
		awsapi.OnResource(api.ListApplicationGrants, s.checkApp, api.ApplicationArn, s.listGrants),

		awsapi.OnResource(api.PutApplicationAccessScope, s.checkApp, api.ApplicationArn, s.putScope),
		awsapi.OnResource(api.GetApplicationAccessScope, s.checkApp, api.ApplicationArn, s.getScope),
		awsapi.OnResource(api.DeleteApplicationAccessScope, s.checkApp, api.ApplicationArn, s.deleteScope),
		awsapi.OnResource(api.ListApplicationAccessScopes, s.checkApp, api.ApplicationArn, s.listScopes),

		awsapi.OnResource(api.PutApplicationAuthenticationMethod, s.checkApp, api.ApplicationArn, s.putMethod),
		awsapi.OnResource(api.GetApplicationAuthenticationMethod, s.checkApp, api.ApplicationArn, s.getMethod),
		awsapi.OnResource(api.DeleteApplicationAuthenticationMethod, s.checkApp, api.ApplicationArn, s.deleteMethod),
		awsapi.OnResource(api.ListApplicationAuthenticationMethods, s.checkApp, api.ApplicationArn, s.listMethods),

		awsapi.OnResource(api.PutApplicationAssignmentConfiguration, s.checkApp, api.ApplicationArn, s.putAssignmentConfig),
		awsapi.OnResource(api.GetApplicationAssignmentConfiguration, s.checkApp, api.ApplicationArn, s.getAssignmentConfig),
		awsapi.OnResource(api.CreateApplicationAssignment, s.checkApp, api.ApplicationArn, s.createAssignment),
		awsapi.OnResource(api.DescribeApplicationAssignment, s.checkApp, api.ApplicationArn, s.describeAssignment),
		awsapi.OnResource(api.DeleteApplicationAssignment, s.checkApp, api.ApplicationArn, s.deleteAssignment),
		awsapi.OnResource(api.ListApplicationAssignments, s.checkApp, api.ApplicationArn, s.listAssignments),
		awsapi.OnResource(api.ListApplicationAssignmentsForPrincipal, s.checkReadInstance, api.InstanceArn, s.listOf),
		awsapi.OnResource(api.PutApplicationSessionConfiguration, s.checkApp, api.ApplicationArn, s.putSessionConfig),
		awsapi.OnResource(api.GetApplicationSessionConfiguration, s.checkApp, api.ApplicationArn, s.getSessionConfig),
	}
}

func (s issuers) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateTrustedTokenIssuer, s.checkCreateIssuer, s.createIssuer),
		awsapi.OnResource(api.DescribeTrustedTokenIssuer, s.checkReadIssuer, api.TrustedTokenIssuerArn, s.describeIssuer),
		awsapi.OnResource(api.UpdateTrustedTokenIssuer, s.checkIssuer, api.TrustedTokenIssuerArn, s.updateIssuer),
		awsapi.OnResource(api.DeleteTrustedTokenIssuer, s.checkIssuer, api.TrustedTokenIssuerArn, s.deleteIssuer),
		awsapi.OnResource(api.ListTrustedTokenIssuers, s.checkReadInstance, api.InstanceArn, s.listIssuers),
	}
}

func (s tags) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.TagResource, s.checkTag, s.tagResource),
		awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
		awsapi.On(api.ListTagsForResource, s.checkListTags, s.listTags),
	}
}
