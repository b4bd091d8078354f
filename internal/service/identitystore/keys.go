package identitystore

import (
	"context"
	"strings"

	"granary"
	"granary/internal/policy"
	"granary/internal/store"
)

// conditionKeys are what policies may ask of the user, group or membership that a request names (Service Authorization
// Reference, "Condition keys for AWS Identity Store"). What does not exist has none.
func (s *service) conditionKeys(ctx context.Context, on resource) (policy.Values, error) {
	d := granary.StoreID(on.store)
	keys := policy.Values{}
	if i, ok := s.Index.Center.InstanceOfStore(d); ok {
		keys["identitystore:primaryregion"] = []string{i.Region}
	}
	user := on.member
	switch kind, id, _ := strings.Cut(on.inside, "/"); kind {
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
		if u, ok := s.Index.Directory.User(d, granary.UserID(user)); ok {
			issuersOf(keys, "identitystore:userexternalidissuers", u.ExternalIDs)
		}
	}
	return keys, nil
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
