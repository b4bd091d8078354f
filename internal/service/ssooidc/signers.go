package ssooidc

import (
	"sync/atomic"

	"granary"
	"granary/internal/idtoken"
	"granary/internal/index"
)

// signers keeps the newest signing key parsed, for as long as it is the newest.
type signers struct{ last atomic.Pointer[signer] }

type signer struct {
	id string
	*idtoken.Signer
}

func (s *signers) current(x *index.Index) (*idtoken.Signer, error) {
	keys := x.Keys.Signing()
	if len(keys) == 0 {
		return nil, granary.Errorf(granary.Unavailable, "There is no key to sign identity tokens with.")
	}
	if l := s.last.Load(); l != nil && l.id == keys[0].ID {
		return l.Signer, nil
	}
	parsed, err := idtoken.NewSigner(keys[0].ID, keys[0].Secret)
	if err != nil {
		return nil, granary.Wrap(granary.Internal, "The key that signs identity tokens cannot be read.", err)
	}
	s.last.Store(&signer{keys[0].ID, parsed})
	return parsed, nil
}
