package granary

import (
	"crypto/rand"
	"slices"
	"time"

	"granary"
	api "granary/internal/api/granary"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/store"
)

// keptFor is how long a key opens or verifies after its successor came: longer than anything made with it lives. The
// longest are refresh tokens, and for signing keys the identity tokens, which live for an hour.
var keptFor = map[string]time.Duration{index.RingSeal: 91 * 24 * time.Hour, index.RingSign: 24 * time.Hour}

// checkRotateKey is for the management account: the keys are the whole installation's.
func (s *service) checkRotateKey(*awsapi.Call, *api.RotateKeyInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*", Owner: s.Index.Org.Organization().Management}}, nil
}

// rotateKey makes a new key, which signs or seals from now on. What the older ones made stays good until it expires;
// then they go.
func (s *service) rotateKey(c *awsapi.Call, in *api.RotateKeyInput) (*api.RotateKeyOutput, error) {
	secret := make([]byte, 32)
	rand.Read(secret)
	if in.Purpose == index.RingSign {
		var err error
		if secret, err = idtoken.NewSigningKey(); err != nil {
			return nil, err
		}
	}
	k := &store.Key{Purpose: in.Purpose, ID: granary.Hex(16), Secret: secret, Created: c.Now.UTC()}
	var kept int
	err := s.DB.Update(c, func(tx *store.Tx) error {
		list, err := tx.Keys.List(in.Purpose)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b *store.Key) int { return a.Created.Compare(b.Created) })
		kept = 1
		for i, old := range list {
			successor := k.Created
			if i+1 < len(list) {
				successor = list[i+1].Created
			}
			if c.Now.Sub(successor) <= keptFor[in.Purpose] {
				kept++
				continue
			}
			if err := tx.Keys.Delete(old.Purpose, old.ID); err != nil {
				return err
			}
		}
		return tx.Keys.Create(k)
	})
	if err != nil {
		return nil, err
	}
	n := int64(kept)
	return &api.RotateKeyOutput{Purpose: k.Purpose, KeyId: k.ID, CreatedAt: k.Created, Keys: &n}, nil
}
