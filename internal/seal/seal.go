// Package seal encrypts what Granary hands out and takes back: session tokens, identity contexts, refresh tokens. It is
// AES-256-GCM under a ring of keys, pure but for random nonces; keeping and rotating the keys is the store's and the
// index's business.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"time"
)

// Key is one key of a ring.
type Key struct {
	ID      [4]byte // stands in clear at the head of what it sealed
	Secret  [32]byte
	Created time.Time
}

// NewKey makes a random key.
func NewKey(now time.Time) Key {
	k := Key{Created: now}
	rand.Read(k.ID[:])
	rand.Read(k.Secret[:])
	return k
}

// Ring is an immutable set of keys: the newest seals, all open.
type Ring struct {
	newest *opener
	byID   map[[4]byte]*opener
}

type opener struct {
	Key
	aead   cipher.AEAD
	derive []byte
}

// NewRing makes a ring. It fails without keys, or when two keys share an id.
func NewRing(keys ...Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("a key ring needs a key")
	}
	r := &Ring{byID: map[[4]byte]*opener{}}
	keys = slices.Clone(keys)
	slices.SortStableFunc(keys, func(a, b Key) int { return a.Created.Compare(b.Created) })
	for _, k := range keys {
		if r.byID[k.ID] != nil {
			return nil, errors.New("two keys of the ring share an id")
		}
		o, err := newOpener(k)
		if err != nil {
			return nil, err
		}
		r.byID[k.ID], r.newest = o, o
	}
	return r, nil
}

// newOpener splits the secret into one key that seals and one that derives.
func newOpener(k Key) (*opener, error) {
	block, err := aes.NewCipher(mac(k.Secret[:], "granary seal"))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &opener{k, aead, mac(k.Secret[:], "granary derive")}, err
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// version is the first byte of everything sealed.
const version = 1

const headLen = 5

// errBroken is the one answer to anything that does not open, so that nobody learns why.
var errBroken = errors.New("it was not sealed here, or it was changed")

// Seal encrypts under the newest key. The purpose must be given again to open it.
func (r *Ring) Seal(purpose string, plain []byte) []byte {
	head := append([]byte{version}, r.newest.ID[:]...)
	return r.newest.aead.Seal(slices.Clone(head), nil, plain, additional(head, purpose))
}

// Open decrypts what Seal made for the same purpose, under any key of the ring.
func (r *Ring) Open(purpose string, sealed []byte) ([]byte, error) {
	k := r.keyOf(sealed)
	if k == nil {
		return nil, errBroken
	}
	plain, err := k.aead.Open(nil, nil, sealed[headLen:], additional(sealed[:headLen], purpose))
	if err != nil {
		return nil, errBroken
	}
	return plain, nil
}

func (r *Ring) keyOf(sealed []byte) *opener {
	if r == nil || len(sealed) < headLen || sealed[0] != version {
		return nil
	}
	return r.byID[[4]byte(sealed[1:headLen])]
}

func additional(head []byte, purpose string) []byte {
	return append(slices.Clone(head), purpose...)
}

// derive makes a secret for text under the key that sealed something.
func (o *opener) deriveFor(purpose, text string) []byte { return mac(o.derive, purpose+"\x00"+text) }
