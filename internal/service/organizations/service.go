// Package organizations answers AWS Organizations, as far as identity needs it: the one organization of the
// installation, its accounts in their units, the policies that bind them, and the accounts that administer a service
// for all of them. Other packages act on what it writes: package authz evaluates the policies, authn refuses closed
// accounts, and ssoadmin lets delegated administrators in.
package organizations

import (
	"slices"

	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB    *store.DB
	Index *index.Index
}

// service is what the resources share: the checks, look-ups and shapes that more than one of them needs.
type service struct{ Config }

// Each resource answers its own operations.
type (
	organization   struct{ *service }
	units          struct{ *service }
	accounts       struct{ *service }
	handshakes     struct{ *service }
	policies       struct{ *service }
	resourcePolicy struct{ *service }
	tags           struct{ *service }
	delegation     struct{ *service }
)

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "organizations", Source: "organizations.amazonaws.com", Tells: true,
		Reason: reason, Codes: codes,
		Rows: slices.Concat(organization{s}.operations(), units{s}.operations(), accounts{s}.operations(),
			handshakes{s}.operations(), policies{s}.operations(), resourcePolicy{s}.operations(), tags{s}.operations(),
			delegation{s}.operations()),
	}
}
