package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"granary"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/store"
)

// keyEncryptionKey takes the key that wraps secrets at rest from the configuration, or from DIR/kek, which it makes when
// the directory is new.
func keyEncryptionKey(c *Config) ([]byte, error) {
	text := c.KEK
	path := filepath.Join(c.Data, "kek")
	if text == "" {
		b, err := os.ReadFile(path)
		if err == nil {
			text = strings.TrimSpace(string(b))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if text == "" {
		if _, err := os.Stat(filepath.Join(c.Data, "state.db")); err == nil {
			return nil, fmt.Errorf("the key %s that opens the state is missing; put it back, or give it in GRANARY_KEK", path)
		}
		key := make([]byte, 32)
		rand.Read(key)
		return key, writeFile(path, hex.EncodeToString(key)+"\n")
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, errors.New("the key-encryption key must be 64 hexadecimal digits")
	}
	return key, nil
}

// writeFile writes a private file so that a crash leaves the old one or the new one.
func writeFile(path, text string) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// initialise fills an empty store: management account, its organization, a root access key, the key rings. A store that
// has an organization is left alone. It returns the management account.
func initialise(ctx context.Context, db *store.DB, c *Config, now time.Time) (management granary.AccountID, err error) {
	err = db.Update(ctx, func(tx *store.Tx) error {
		org, err := tx.Organization.Get()
		if err == nil {
			management = org.Management
			return nil
		}
		if !granary.Is(err, granary.NotFound) {
			return err
		}
		management = granary.AccountID(c.AccountID)
		if management == "" {
			management = granary.NewAccountID()
		}
		return fill(tx, management, now)
	})
	if err == nil && c.AccountID != "" && string(management) != c.AccountID {
		err = fmt.Errorf("this data directory belongs to account %s, not to %s; leave --account-id out or use another directory", management, c.AccountID)
	}
	return management, err
}

func fill(tx *store.Tx, management granary.AccountID, now time.Time) error {
	secret := make([]byte, 32)
	rand.Read(secret)
	signing, err := idtoken.NewSigningKey()
	if err != nil {
		return err
	}
	steps := []error{
		tx.Accounts.Create(&granary.Account{ID: management, Name: "management", Management: true, Created: now}),
		tx.Organization.Put(&granary.Organization{ID: "o-" + granary.Hex(10), RootID: "r-" + granary.Hex(4), Management: management, Created: now}),
		tx.AccessKeys.Create(&granary.AccessKey{ID: granary.NewAccessKeyID("AKIA", management), Account: management,
			Secret: granary.NewSecret(), Active: true, Created: now}),
		tx.Keys.Create(&store.Key{Purpose: index.RingSeal, ID: granary.Hex(16), Secret: secret, Created: now}),
		tx.Keys.Create(&store.Key{Purpose: index.RingSign, ID: granary.Hex(16), Secret: signing, Created: now}),
	}
	return errors.Join(steps...)
}

// OpenState opens the state of a server that is not running, for tools that work on it.
func OpenState(ctx context.Context, c Config) (*store.DB, error) {
	kek, err := keyEncryptionKey(&c)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, filepath.Join(c.Data, "state.db"), kek)
}
