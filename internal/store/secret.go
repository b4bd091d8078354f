package store

import (
	"encoding/base64"
	"fmt"
	"time"

	"granary"
)

// Key is a secret key of the installation itself, such as one that seals sessions or signs tokens. The packages that
// use keys choose the purposes.
type Key struct {
	Purpose, ID string
	Secret      []byte // plain in memory, encrypted at rest
	Created     time.Time
}

// encrypt encrypts a secret under the key-encryption key, bound to its owner, so that it cannot be moved to another
// row.
func (db *DB) encrypt(secret []byte, owner string) string {
	return base64.RawStdEncoding.EncodeToString(db.seal.Seal(nil, nil, secret, []byte(owner)))
}

// decrypt reverses encrypt. It fails for another owner, and under another key-encryption key.
func (db *DB) decrypt(text, owner string) ([]byte, error) {
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil {
		b, err = db.seal.Open(nil, nil, b, []byte(owner))
	}
	if err != nil {
		return nil, fmt.Errorf("the secret of %s does not open: the key-encryption key is not the one it was written under",
			owner)
	}
	return b, nil
}

func sealAccessKey(db *DB, v *granary.AccessKey) (*granary.AccessKey, error) {
	c := *v
	c.Secret = db.encrypt([]byte(v.Secret), v.ID)
	return &c, nil
}

func openAccessKey(db *DB, v *granary.AccessKey) error {
	b, err := db.decrypt(v.Secret, v.ID)
	v.Secret = string(b)
	return err
}

func sealSignInProvider(db *DB, v *granary.SignInProvider) (*granary.SignInProvider, error) {
	c := *v
	c.ClientSecret = db.encrypt([]byte(v.ClientSecret), "sign-in "+v.Instance)
	return &c, nil
}

func openSignInProvider(db *DB, v *granary.SignInProvider) error {
	b, err := db.decrypt(v.ClientSecret, "sign-in "+v.Instance)
	v.ClientSecret = string(b)
	return err
}

func sealKey(db *DB, v *Key) (*Key, error) {
	c := *v
	c.Secret = []byte(db.encrypt(v.Secret, v.Purpose+"/"+v.ID))
	return &c, nil
}

func openKey(db *DB, v *Key) (err error) {
	v.Secret, err = db.decrypt(string(v.Secret), v.Purpose+"/"+v.ID)
	return err
}
