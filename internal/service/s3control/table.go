// Package s3control answers S3 Access Grants: instances, locations, grants, and the operation it is all for, GetDataAccess.
// It keeps settings in the store and vends from the index; package grants matches, package authn makes the keys.
//
//	GetDataAccess: authorise ─ identities of the caller ─ narrowest grant ─ location's role and its trust ─ session with the scope
package s3control

import (
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

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "s3", Source: "s3.amazonaws.com", Tells: true,
		Codes: map[granary.Kind]string{
			granary.Invalid: "InvalidRequest", granary.Denied: "AccessDenied", granary.Unauthenticated: "AccessDenied", granary.NotFound: "NoSuchResource",
			granary.Exists: "InvalidRequest", granary.Conflict: "InvalidRequest", granary.Quota: "InvalidRequest", granary.Throttled: "SlowDown",
			granary.NotImplemented: "NotImplemented", granary.Unavailable: "ServiceUnavailable", granary.Internal: "InternalError",
		},
		Violated: violated,
		Rows: []awsapi.Row{
			awsapi.On(api.CreateAccessGrantsInstance, s.checkCreateInstance, s.createInstance),
			awsapi.On(api.GetAccessGrantsInstance, own[api.GetAccessGrantsInstanceInput](s), s.getInstance),
			awsapi.On(api.ListAccessGrantsInstances, s.checkListInstances, s.listInstances),
			awsapi.On(api.DeleteAccessGrantsInstance, own[api.DeleteAccessGrantsInstanceInput](s), s.deleteInstance),
			awsapi.OnInside(api.GetAccessGrantsInstanceForPrefix, s.getInstanceForPrefix), // decided on the instance of the prefix's owner
			awsapi.On(api.AssociateAccessGrantsIdentityCenter, s.checkAssociate, s.associate),
			awsapi.On(api.DissociateAccessGrantsIdentityCenter, s.checkDissociate, s.dissociate),
			awsapi.On(api.PutAccessGrantsInstanceResourcePolicy, own[api.PutAccessGrantsInstanceResourcePolicyInput](s), s.putResourcePolicy),
			awsapi.On(api.GetAccessGrantsInstanceResourcePolicy, own[api.GetAccessGrantsInstanceResourcePolicyInput](s), s.getResourcePolicy),
			awsapi.On(api.DeleteAccessGrantsInstanceResourcePolicy, own[api.DeleteAccessGrantsInstanceResourcePolicyInput](s), s.deleteResourcePolicy),

			awsapi.OnInside(api.CreateAccessGrantsLocation, s.createLocation), // two resources, either of which may allow it
			awsapi.On(api.GetAccessGrantsLocation, s.checkGetLocation, s.getLocation),
			awsapi.On(api.UpdateAccessGrantsLocation, s.checkUpdateLocation, s.updateLocation),
			awsapi.On(api.DeleteAccessGrantsLocation, s.checkDeleteLocation, s.deleteLocation),
			awsapi.On(api.ListAccessGrantsLocations, s.checkListLocations, s.listLocations),

			awsapi.OnInside(api.CreateAccessGrant, s.createGrant), // two resources, either of which may allow it
			awsapi.On(api.GetAccessGrant, s.checkGetGrant, s.getGrant),
			awsapi.On(api.DeleteAccessGrant, s.checkDeleteGrant, s.deleteGrant),
			awsapi.On(api.ListAccessGrants, s.checkListGrants, s.listGrants),

			awsapi.On(api.GetDataAccess, s.checkDataAccess, s.getDataAccess),
			awsapi.On(api.ListCallerAccessGrants, s.checkListCaller, s.listCallerGrants),

			awsapi.On(api.TagResource, s.checkTag, s.tagResource),
			awsapi.On(api.UntagResource, s.checkUntag, s.untagResource),
			awsapi.On(api.ListTagsForResource, s.checkListTags, s.listTags),
		},
	}
}

// violated is the code of a member that its shape does not allow, where that is not InvalidRequest (access-grants §2.6 and §8).
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
