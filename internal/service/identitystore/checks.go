package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/authz"
	"granary/internal/awsapi"
)

// resource is what an operation is on: an identity store, and in it a user, group or membership or all of a kind.
type resource struct {
	store  string
	inside string // such as "user/*" or "group/ID"
	member string // the user that the operation names beside a group, or ""
}

// The functions below select the resource of an input.

type inStore interface{ GetIdentityStoreId() string }

func anyUser[In inStore](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "user/*"}
}

func anyGroup[In inStore](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "group/*"}
}

func user[In interface {
	inStore
	GetUserId() string
}](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "user/" + in.GetUserId()}
}

func group[In interface {
	inStore
	GetGroupId() string
}](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "group/" + in.GetGroupId()}
}

func membership[In interface {
	inStore
	GetMembershipId() string
}](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "membership/" + in.GetMembershipId()}
}

func member[In interface {
	inStore
	GetMemberId() *api.MemberId
}](in In) resource {
	return resource{store: in.GetIdentityStoreId(), inside: "user/" + in.GetMemberId().UserId}
}

func groupAndMember[In interface {
	inStore
	GetGroupId() string
	GetMemberId() *api.MemberId
}](in In) resource {
	return resource{in.GetIdentityStoreId(), "group/" + in.GetGroupId(), in.GetMemberId().UserId}
}

// checkWrite checks a change against the identity store and what is in it: its account's, and for the organization's
// store the delegated administrator's.
func (s *service) checkWrite(c *awsapi.Call, on resource) ([]authz.Request, error) {
	return s.check(c, on, false)
}

// checkRead checks a read, which every account of the organization may do that its own policies allow (identity-center
// §2).
func (s *service) checkRead(c *awsapi.Call, on resource) ([]authz.Request, error) {
	return s.check(c, on, true)
}

func (s *service) check(c *awsapi.Call, on resource, read bool) ([]authz.Request, error) {
	id := granary.StoreID(on.store)
	account, owner := c.Caller.Account, c.Caller.Account // the store's, and whom the decision takes for the owner
	if i, ok := s.Index.Center.InstanceOfStore(id); ok {
		account = i.Account
		if !i.Organization || !read && !s.Index.Org.Organization().Delegate(owner, granary.IdentityCenterService) {
			owner = account
		}
	}
	keys, err := s.conditionKeys(c, on)
	if err != nil {
		return nil, err
	}
	return []authz.Request{
		{Resource: string(granary.IdentityStoreARN(account, id)), Owner: owner, Keys: keys},
		{Resource: "arn:aws:identitystore:::" + on.inside, Owner: owner, Keys: keys},
	}, nil
}
