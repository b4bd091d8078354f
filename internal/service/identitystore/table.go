// Package identitystore serves the directory: people, groups and memberships. Package scim writes the same
// directory for provisioning systems.
package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB    *store.DB
	Index *index.Index
}

type service struct{ Config }

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "identitystore", Legacy: "sso-directory", Source: "identitystore.amazonaws.com",
		Tells: true, Codes: codes,
		Rows: s.operations(),
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
	granary.NotImplemented:  "ValidationException",
	granary.Unavailable:     "InternalServerException",
	granary.Internal:        "InternalServerException",
}

func (s *service) operations() []awsapi.Row {
	return []awsapi.Row{
		awsapi.OnResource(api.CreateUser, s.checkWrite, anyUser, s.createUser),
		awsapi.OnResource(api.DescribeUser, s.checkRead, user, s.describeUser),
		awsapi.OnResource(api.UpdateUser, s.checkWrite, user, s.updateUser),
		awsapi.OnResource(api.DeleteUser, s.checkWrite, user, s.deleteUser),
		awsapi.OnResource(api.ListUsers, s.checkRead, anyUser, s.listUsers),
		awsapi.OnResource(api.GetUserId, s.checkRead, anyUser, s.getUserID),

		awsapi.OnResource(api.CreateGroup, s.checkWrite, anyGroup, s.createGroup),
		awsapi.OnResource(api.DescribeGroup, s.checkRead, group, s.describeGroup),
		awsapi.OnResource(api.UpdateGroup, s.checkWrite, group, s.updateGroup),
		awsapi.OnResource(api.DeleteGroup, s.checkWrite, group, s.deleteGroup),
		awsapi.OnResource(api.ListGroups, s.checkRead, anyGroup, s.listGroups),
		awsapi.OnResource(api.GetGroupId, s.checkRead, anyGroup, s.getGroupID),

		awsapi.OnResource(api.CreateGroupMembership, s.checkWrite, groupAndMember, s.createMembership),
		awsapi.OnResource(api.DescribeGroupMembership, s.checkRead, membership, s.describeMembership),
		awsapi.OnResource(api.DeleteGroupMembership, s.checkWrite, membership, s.deleteMembership),
		awsapi.OnResource(api.GetGroupMembershipId, s.checkRead, groupAndMember, s.getMembershipID),
		awsapi.OnResource(api.ListGroupMemberships, s.checkRead, group, s.listMemberships),
		awsapi.OnResource(api.ListGroupMembershipsForMember, s.checkRead, member, s.listMembershipsOf),
		awsapi.OnResource(api.IsMemberInGroups, s.checkRead, member, s.isMember),
	}
}

// store finds an identity store.
func (s *service) store(id string) (granary.StoreID, error) {
	if _, ok := s.Index.Center.InstanceOfStore(granary.StoreID(id)); !ok {
		return "", missing("IDENTITY_STORE", "IDENTITY_STORE not found.")
	}
	return granary.StoreID(id), nil
}

func missing(kind, message string) error {
	return granary.Errorf(granary.NotFound, "%s", message).With("ResourceType", kind)
}

// orMissing puts the store's NotFound into the service's words.
func orMissing(err error, kind string) error {
	if granary.Is(err, granary.NotFound) {
		return missing(kind, kind+" not found.")
	}
	return err
}

// conflict tells which attribute is taken.
func conflict(err error) error {
	if !granary.Is(err, granary.Exists) {
		return err
	}
	what := map[store.Column]string{store.UserNames: "UserName", store.Emails: "UserEmail",
		store.DisplayNames: "GroupDisplayName", store.Members: "GroupMembership",
		store.ExternalIDs: "ExternalId"}[store.ClashOf(err)]
	return granary.Errorf(granary.Exists, "Duplicate %s", what).With("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}
