// Package s3control answers S3 Access Grants: instances, locations, grants, and the operation it is all for,
// GetDataAccess. It keeps settings in the store and vends from the index; package grants matches, package authn makes
// the keys.
//
//	GetDataAccess: authorise ─ identities of the caller ─ narrowest grant ─ location's role and its trust ─ session with
//
// the scope
package s3control

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with. Quotas are counts per instance.
type Config struct {
	DB           *store.DB
	Index        *index.Index
	Authn        *authn.Authenticator
	Authz        *authz.Authorizer
	MaxGrants    int
	MaxLocations int
}

// service is what the resources share: the checks and look-ups that more than one of them needs.
type service struct{ Config }

// Each resource answers its own operations.
type (
	instances    struct{ *service }
	locations    struct{ *service }
	accessGrants struct{ *service }
	tags         struct{ *service }
)

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "s3", Source: "s3.amazonaws.com", S3: true, Tells: true,
		Codes: codes, Violated: violated,
		Rows: slices.Concat(instances{s}.operations(), locations{s}.operations(), accessGrants{s}.operations(),
			tags{s}.operations()),
	}
}

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "InvalidRequest",
	granary.Denied:          "AccessDenied",
	granary.Unauthenticated: "AccessDenied",
	granary.NotFound:        "NoSuchResource",
	granary.Exists:          "InvalidRequest",
	granary.Conflict:        "InvalidRequest",
	granary.Quota:           "InvalidRequest",
	granary.Throttled:       "SlowDown",
	granary.NotImplemented:  "NotImplemented",
	granary.Unavailable:     "ServiceUnavailable",
	granary.Internal:        "InternalError",
}

func (s instances) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.CreateAccessGrantsInstance, s.checkCreateInstance, s.createInstance),
		onOwnInstance(s, api.GetAccessGrantsInstance, s.getInstance),
		awsapi.On(api.ListAccessGrantsInstances, s.checkListInstances, s.listInstances),
		onOwnInstance(s, api.DeleteAccessGrantsInstance, s.deleteInstance),
		// decided on the instance of the prefix's owner
		awsapi.OnInside(api.GetAccessGrantsInstanceForPrefix, s.getInstanceForPrefix),
		awsapi.On(api.AssociateAccessGrantsIdentityCenter, s.checkAssociate, s.associate),
		awsapi.On(api.DissociateAccessGrantsIdentityCenter, s.checkDissociate, s.dissociate),
		onOwnInstance(s, api.PutAccessGrantsInstanceResourcePolicy, s.putResourcePolicy),
		onOwnInstance(s, api.GetAccessGrantsInstanceResourcePolicy, s.getResourcePolicy),
		onOwnInstance(s, api.DeleteAccessGrantsInstanceResourcePolicy, s.deleteResourcePolicy),
	}
}

func (s locations) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnInside(api.CreateAccessGrantsLocation, s.createLocation), // two resources, either of which may allow it
		awsapi.On(api.GetAccessGrantsLocation, s.checkGetLocation, s.getLocation),
		awsapi.On(api.UpdateAccessGrantsLocation, s.checkUpdateLocation, s.updateLocation),
		awsapi.On(api.DeleteAccessGrantsLocation, s.checkDeleteLocation, s.deleteLocation),
		awsapi.On(api.ListAccessGrantsLocations, s.checkListLocations, s.listLocations),
	}
}

func (s accessGrants) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnInside(api.CreateAccessGrant, s.createGrant), // two resources, either of which may allow it
		awsapi.On(api.GetAccessGrant, s.checkGetGrant, s.getGrant),
		awsapi.On(api.DeleteAccessGrant, s.checkDeleteGrant, s.deleteGrant),
		awsapi.On(api.ListAccessGrants, s.checkListGrants, s.listGrants),

		awsapi.On(api.GetDataAccess, s.checkDataAccess, s.getDataAccess),
		awsapi.On(api.ListCallerAccessGrants, s.checkListCaller, s.listCallerGrants),
	}
}

func (s tags) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.On(api.TagResource, s.checkTag, s.tagResource),
		awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
		awsapi.On(api.ListTagsForResource, s.checkListTags, s.listTags),
	}
}

// violated is the code of a member that its shape does not allow, where that is not InvalidRequest (access-grants §2.6
// and §8).
func violated(path string) string {
	switch {
	case path == "tags#length":
		return "TooManyTags"
	case strings.HasPrefix(path, "tags.") || strings.HasPrefix(path, "tagKeys."):
		return "InvalidTag"
	case strings.HasPrefix(path, "identityCenterArn"):
		return "InvalidIdentityCenterInstance"
	}
	return ""
}
