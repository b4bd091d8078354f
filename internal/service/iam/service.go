// Package iam answers Identity and Access Management: IAM users, their keys and groups, roles, instance profiles,
// inline and managed policies, boundaries and tags, and simulations of them. It stores the policies that package policy
// evaluates, and refuses documents that do not parse. People of the directory are not IAM users: package identitystore
// answers for them.
package iam

import (
	"slices"

	api "granary/internal/api/iam"
	"granary/internal/authn"
	"granary/internal/awsapi"
	"granary/internal/index"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB         *store.DB
	Index      *index.Index
	Uses       *authn.Uses
	AllowPlain bool // OpenID Connect providers over plain HTTP
}

// service is what the resources share: the checks, look-ups and shapes that more than one of them needs.
type service struct{ Config }

// Each resource answers its own operations.
type (
	users       struct{ *service }
	accessKeys  struct{ *service }
	credentials struct{ *service }
	groups      struct{ *service }
	roles       struct{ *service }
	profiles    struct{ *service }
	policies    struct{ *service }
	providers   struct{ *service }
	account     struct{ *service }
	simulations struct{ *service }
)

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "iam", Source: "iam.amazonaws.com", Tells: true, Codes: codes,
		Rows: slices.Concat(users{s}.operations(), accessKeys{s}.operations(), credentials{s}.operations(),
			groups{s}.operations(), roles{s}.operations(), profiles{s}.operations(), policies{s}.operations(),
			providers{s}.operations(), account{s}.operations(), simulations{s}.operations()),
	}
}
