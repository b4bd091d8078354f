package identitystore

import (
	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// Users, groups and memberships are described, deleted, listed and looked up in the same ways, which are here. kind is
// AWS's ResourceType, such as "USER".

// describe reads one thing of an identity store.
func describe[T any](s *service, c *awsapi.Call, storeID, kind string,
	find func(*store.Tx, granary.StoreID) (*T, error)) (found *T, err error) {
	d, err := s.store(storeID)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		found, err = find(tx, d)
		return orMissing(err, kind)
	})
	return found, err
}

// deleteIdempotently deletes one thing of an identity store. It is no error when there is none.
func (s *service) deleteIdempotently(c *awsapi.Call, storeID string,
	remove func(*store.Tx, granary.StoreID) error) error {
	d, err := s.store(storeID)
	if err != nil {
		return err
	}
	return s.DB.Update(c, func(tx *store.Tx) error { return unlessMissing(remove(tx, d)) })
}

// listing is a request for a page of users or groups: all of a store, or the one of a name when the request filters.
type listing[T any] struct {
	name      string // of the list in tokens
	store     string
	attribute string // by which the list can be filtered
	filters   []api.Filter

	maxResults *int64
	nextToken  string

	byName func(tx *store.Tx, d granary.StoreID, name string) (*T, error)
	list   func(tx *store.Tx, d granary.StoreID, after string, limit int) (list []*T, next string, err error)
}

func (l listing[T]) page(s *service, c *awsapi.Call) (page []*T, nextToken string, err error) {
	d, err := s.store(l.store)
	if err != nil {
		return nil, "", err
	}
	name, err := filter(l.filters, l.attribute)
	if err != nil {
		return nil, "", err
	}
	tokens := awsapi.ListOf(l.name, l.store, name)
	after, limit, err := tokens.Page(l.maxResults, l.nextToken, maxPage)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if name != "" {
			v, err := l.byName(tx, d, name)
			if err == nil {
				page = []*T{v}
			}
			return unlessMissing(err)
		}
		list, next, err := l.list(tx, d, after, limit)
		page, nextToken = list, tokens.NextToken(next)
		return err
	})
	return page, nextToken, err
}

// alternates are the ways to find a user or group by something other than its id.
type alternates[T any] struct {
	unique     map[string]func(tx *store.Tx, d granary.StoreID, value string) (*T, error) // by attribute in lower case
	byExternal func(tx *store.Tx, d granary.StoreID, issuer, id string) ([]*T, error)
}

// find finds the one thing that an alternate identifier names.
func (a alternates[T]) find(s *service, c *awsapi.Call, storeID, kind string, id *api.AlternateIdentifier) (*T, error) {
	if _, err := s.store(storeID); err != nil {
		return nil, err
	}
	alternate, err := readAlternate(id)
	if err != nil {
		return nil, err
	}
	return describe(s, c, storeID, kind, func(tx *store.Tx, d granary.StoreID) (*T, error) {
		if alternate.path == "" {
			list, err := a.byExternal(tx, d, alternate.issuer, alternate.value)
			if err == nil && len(list) != 1 {
				err = missing(kind, kind+" not found.")
			}
			if err != nil {
				return nil, err
			}
			return list[0], nil
		}
		unique, ok := a.unique[alternate.path]
		if !ok {
			return nil, notUnique(alternate.given)
		}
		return unique(tx, d, alternate.value)
	})
}
