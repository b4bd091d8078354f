// Package identitystore answers the directory: people, groups, and who is in which. Package scim writes the same directory
// for provisioning systems.
package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/authz"
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
		Wire: api.Service, Prefix: "identitystore", Legacy: "sso-directory", Source: "identitystore.amazonaws.com", Tells: true,
		Codes: map[granary.Kind]string{
			granary.Invalid: "ValidationException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.NotFound: "ResourceNotFoundException", granary.Exists: "ConflictException", granary.Conflict: "ConflictException",
			granary.Quota: "ServiceQuotaExceededException", granary.Throttled: "ThrottlingException", granary.NotImplemented: "ValidationException",
			granary.Unavailable: "InternalServerException", granary.Internal: "InternalServerException",
		},
		Rows: []awsapi.Row{
			awsapi.On(api.CreateUser, onStore(s, func(in *api.CreateUserInput) (string, string) { return in.IdentityStoreId, "user/*" }), s.createUser),
			awsapi.On(api.DescribeUser, readStore(s, func(in *api.DescribeUserInput) (string, string) { return in.IdentityStoreId, "user/" + in.UserId }), s.describeUser),
			awsapi.On(api.UpdateUser, onStore(s, func(in *api.UpdateUserInput) (string, string) { return in.IdentityStoreId, "user/" + in.UserId }), s.updateUser),
			awsapi.On(api.DeleteUser, onStore(s, func(in *api.DeleteUserInput) (string, string) { return in.IdentityStoreId, "user/" + in.UserId }), s.deleteUser),
			awsapi.On(api.ListUsers, readStore(s, func(in *api.ListUsersInput) (string, string) { return in.IdentityStoreId, "user/*" }), s.listUsers),
			awsapi.On(api.GetUserId, readStore(s, func(in *api.GetUserIdInput) (string, string) { return in.IdentityStoreId, "user/*" }), s.getUserID),

			awsapi.On(api.CreateGroup, onStore(s, func(in *api.CreateGroupInput) (string, string) { return in.IdentityStoreId, "group/*" }), s.createGroup),
			awsapi.On(api.DescribeGroup, readStore(s, func(in *api.DescribeGroupInput) (string, string) { return in.IdentityStoreId, "group/" + in.GroupId }), s.describeGroup),
			awsapi.On(api.UpdateGroup, onStore(s, func(in *api.UpdateGroupInput) (string, string) { return in.IdentityStoreId, "group/" + in.GroupId }), s.updateGroup),
			awsapi.On(api.DeleteGroup, onStore(s, func(in *api.DeleteGroupInput) (string, string) { return in.IdentityStoreId, "group/" + in.GroupId }), s.deleteGroup),
			awsapi.On(api.ListGroups, readStore(s, func(in *api.ListGroupsInput) (string, string) { return in.IdentityStoreId, "group/*" }), s.listGroups),
			awsapi.On(api.GetGroupId, readStore(s, func(in *api.GetGroupIdInput) (string, string) { return in.IdentityStoreId, "group/*" }), s.getGroupID),

			awsapi.On(api.CreateGroupMembership, onStore(s, func(in *api.CreateGroupMembershipInput) (string, string) {
				return in.IdentityStoreId, "group/" + in.GroupId
			}), s.createMembership),
			awsapi.On(api.DescribeGroupMembership, readStore(s, func(in *api.DescribeGroupMembershipInput) (string, string) {
				return in.IdentityStoreId, "membership/" + in.MembershipId
			}), s.describeMembership),
			awsapi.On(api.DeleteGroupMembership, onStore(s, func(in *api.DeleteGroupMembershipInput) (string, string) {
				return in.IdentityStoreId, "membership/" + in.MembershipId
			}), s.deleteMembership),
			awsapi.On(api.GetGroupMembershipId, readStore(s, func(in *api.GetGroupMembershipIdInput) (string, string) {
				return in.IdentityStoreId, "group/" + in.GroupId
			}), s.getMembershipID),
			awsapi.On(api.ListGroupMemberships, readStore(s, func(in *api.ListGroupMembershipsInput) (string, string) {
				return in.IdentityStoreId, "group/" + in.GroupId
			}), s.listMemberships),
			awsapi.On(api.ListGroupMembershipsForMember, readStore(s, func(in *api.ListGroupMembershipsForMemberInput) (string, string) {
				return in.IdentityStoreId, "user/" + in.MemberId.UserId
			}), s.listMembershipsOf),
			awsapi.On(api.IsMemberInGroups, readStore(s, func(in *api.IsMemberInGroupsInput) (string, string) {
				return in.IdentityStoreId, "user/" + in.MemberId.UserId
			}), s.isMember),
		},
	}
}

// onStore checks a change against the identity store and what is in it: its account's, and for the organization's store the
// delegated administrator's.
func onStore[In any](s *service, of func(*In) (store, inside string)) awsapi.Checks[In] {
	return checks(s, of, false)
}

// readStore checks a read, which every account of the organization may do that its own policies allow (identity-center §2).
func readStore[In any](s *service, of func(*In) (store, inside string)) awsapi.Checks[In] {
	return checks(s, of, true)
}

func checks[In any](s *service, of func(*In) (store, inside string), open bool) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		id, inside := of(in)
		account, owner := c.Caller.Account, c.Caller.Account // the store's, and whom the decision takes for the owner
		if i, ok := s.Index.IdentityCenterOfStore(granary.StoreID(id)); ok {
			account = i.Account
			if !i.Organization || !open && !s.Index.Organization().Delegate(owner, granary.IdentityCenterService) {
				owner = account
			}
		}
		keys, err := s.conditionKeys(c, granary.StoreID(id), inside, in)
		if err != nil {
			return nil, err
		}
		return []authz.Request{
			{Resource: string(granary.IdentityStoreARN(account, granary.StoreID(id))), Owner: owner, Keys: keys},
			{Resource: "arn:aws:identitystore:::" + inside, Owner: owner, Keys: keys},
		}, nil
	}
}

// store finds an identity store.
func (s *service) store(id string) (granary.StoreID, error) {
	if _, ok := s.Index.IdentityCenterOfStore(granary.StoreID(id)); !ok {
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
	what := map[string]string{"user_name_fold": "UserName", "email_fold": "UserEmail", "display_name_fold": "GroupDisplayName", "user_id": "GroupMembership",
		"external_id": "ExternalId"}[granary.AsError(err).Detail["Unique"]]
	return granary.Errorf(granary.Exists, "Duplicate %s", what).With("Reason", "UNIQUENESS_CONSTRAINT_VIOLATION")
}
