package identitystore

import (
	"context"
	"strings"

	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/policy"
	"granary/internal/store"
)

// conditionKeys are what policies may ask of the user, group or membership that a request names (Service Authorization Reference,
// "Condition keys for AWS Identity Store"). What does not exist has none.
func (s *service) conditionKeys(ctx context.Context, d granary.StoreID, inside string, in any) (policy.Values, error) {
	keys := policy.Values{}
	if i, ok := s.Index.IdentityCenterOfStore(d); ok {
		keys["identitystore:primaryregion"] = []string{i.Region}
	}
	user := memberOf(in)
	switch kind, id, _ := strings.Cut(inside, "/"); kind {
	case "user":
		user = id
	case "membership":
		err := s.DB.View(ctx, func(tx *store.Tx) error {
			m, err := tx.Memberships.Get(d, id)
			if err == nil {
				user = string(m.User)
			}
			return unlessMissing(err)
		})
		if err != nil {
			return nil, err
		}
	case "group":
		err := s.DB.View(ctx, func(tx *store.Tx) error {
			g, err := tx.Groups.Get(d, granary.GroupID(id))
			if err == nil {
				issuersOf(keys, "identitystore:groupexternalidissuers", g.ExternalIDs)
			}
			return unlessMissing(err)
		})
		if err != nil {
			return nil, err
		}
	}
	if user != "" && user != "*" {
		keys["identitystore:userid"] = []string{user}
		if u, ok := s.Index.User(d, granary.UserID(user)); ok {
			issuersOf(keys, "identitystore:userexternalidissuers", u.ExternalIDs)
		}
	}
	return keys, nil
}

// memberOf is the user that an operation on a group's membership names beside the group.
func memberOf(in any) string {
	switch in := in.(type) {
	case *api.CreateGroupMembershipInput:
		return in.MemberId.UserId
	case *api.GetGroupMembershipIdInput:
		return in.MemberId.UserId
	}
	return ""
}

func issuersOf(keys policy.Values, key string, ids []granary.ExternalID) {
	for _, e := range ids {
		keys[key] = append(keys[key], e.Issuer)
	}
}

func unlessMissing(err error) error {
	if granary.Is(err, granary.NotFound) {
		return nil
	}
	return err
}
