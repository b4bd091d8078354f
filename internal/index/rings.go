package index

import (
	"crypto/sha256"
	"slices"
	"sync/atomic"

	"granary/internal/seal"
	"granary/internal/store"
)

// The purposes of the key rings in the store.
const (
	RingSeal = "seal" // session tokens, identity contexts, refresh tokens: 32 bytes of secret
	RingSign = "sign" // identity tokens: PKCS #8 of an ECDSA P-256 key
)

// Keys holds the keys that seal and sign. The compiled ring is swapped whole, so that a request uses one throughout.
type Keys struct {
	sealing map[string]*store.Key
	signing map[string]*store.Key
	ring    atomic.Pointer[seal.Ring]
	signers atomic.Pointer[[]*store.Key]
}

func (r *Keys) apply(k *store.Key, gone bool) {
	if r.sealing == nil {
		r.sealing, r.signing = map[string]*store.Key{}, map[string]*store.Key{}
	}
	switch k.Purpose {
	case RingSeal:
		put(r.sealing, k.ID, k, gone)
		var keys []seal.Key
		for _, k := range r.sealing {
			keys = append(keys, sealKey(k))
		}
		slices.SortFunc(keys, func(a, b seal.Key) int { return a.Created.Compare(b.Created) })
		if ring, err := seal.NewRing(keys...); err == nil {
			r.ring.Store(ring)
		}
	case RingSign:
		put(r.signing, k.ID, k, gone)
		var keys []*store.Key
		for _, k := range r.signing {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b *store.Key) int { return b.Created.Compare(a.Created) })
		r.signers.Store(&keys)
	}
}

// sealKey gives the stored secret the ring's form; the ring's key id is the start of the stored id's hash.
func sealKey(k *store.Key) seal.Key {
	out := seal.Key{Secret: sha256.Sum256(k.Secret), Created: k.Created}
	id := sha256.Sum256([]byte(k.ID))
	copy(out.ID[:], id[:])
	return out
}

// Ring is the key ring that seals and opens session tokens and contexts; nil before the store is initialised.
func (r *Keys) Ring() *seal.Ring { return r.ring.Load() }

// Signing are the keys identity tokens are signed with, newest first: the newest signs, all are published.
func (r *Keys) Signing() []*store.Key {
	if p := r.signers.Load(); p != nil {
		return *p
	}
	return nil
}
