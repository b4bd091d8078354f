// Package seal encrypts values that Granary gives to clients and later takes back: session tokens, identity contexts,
// refresh tokens. It uses AES-256-GCM with a ring of keys. It is pure except for random nonces; packages store and
// index keep and rotate the keys.
//
//	seal.go      keys and rings
//	codec.go     the binary form of a message
//	session.go   session tokens, secret access keys, context assertions
//	token.go     tokens of Identity Center, codes and cookies of a browser sign-in
//	refusal.go   decision ids of refusals
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
	ID      [4]byte // in clear at the beginning of each text that the key sealed
	Secret  [32]byte
	Created time.Time
}

// NewKey returns a random key.
func NewKey(now time.Time) Key {
	k := Key{Created: now}
	rand.Read(k.ID[:])
	rand.Read(k.Secret[:])
	return k
}

// Ring is an immutable set of keys. The newest key seals; all of them open.
type Ring struct {
	newest *opener
	byID   map[[4]byte]*opener
}

// opener is a key with the ciphers derived from its secret.
type opener struct {
	Key
	aead   cipher.AEAD
	derive []byte
}

// NewRing returns a ring. It fails without keys, and when two keys have the same id.
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

// newOpener derives two keys from the secret: one for sealing, one for deriving other secrets.
func newOpener(k Key) (*opener, error) {
	block, err := aes.NewCipher(hmacSHA256(k.Secret[:], "granary seal"))
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &opener{k, aead, hmacSHA256(k.Secret[:], "granary derive")}, err
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// version is the first byte of every sealed message.
const version = 1

// headLength is the length of a version and a key id.
const headLength = 5

// errBroken is the only error for a message that does not open, so that a client cannot learn why.
var errBroken = errors.New("it was not sealed here, or it was changed")

// Seal encrypts plain under the newest key. The message opens only for the same purpose.
func (r *Ring) Seal(purpose string, plain []byte) []byte {
	head := append([]byte{version}, r.newest.ID[:]...)
	return r.newest.aead.Seal(slices.Clone(head), nil, plain, additionalData(head, purpose))
}

// Open decrypts a message that Seal made for the purpose, under any key of the ring. It fails alike for every other
// message.
func (r *Ring) Open(purpose string, sealed []byte) ([]byte, error) {
	k := r.keyOf(sealed)
	if k == nil {
		return nil, errBroken
	}
	plain, err := k.aead.Open(nil, nil, sealed[headLength:], additionalData(sealed[:headLength], purpose))
	if err != nil {
		return nil, errBroken
	}
	return plain, nil
}

// keyOf returns the key that sealed a message, nil when the ring does not have it.
func (r *Ring) keyOf(sealed []byte) *opener {
	if r == nil || len(sealed) < headLength || sealed[0] != version {
		return nil
	}
	return r.byID[[4]byte(sealed[1:headLength])]
}

// additionalData returns the data that GCM authenticates: the head and the purpose.
func additionalData(head []byte, purpose string) []byte {
	return append(slices.Clone(head), purpose...)
}

// deriveFor returns a secret for a purpose and a text under the key. It is always the same for one key.
func (o *opener) deriveFor(purpose, text string) []byte {
	return hmacSHA256(o.derive, purpose+"\x00"+text)
}
