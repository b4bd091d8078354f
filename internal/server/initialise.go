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

// statePath is where the state is, for store.Open.
func (c *Config) statePath() string {
	if store.IsShared(c.State) {
		return c.State
	}
	return filepath.Join(c.Data, "state.db")
}

// kekPath is where the key-encryption key is kept, unless the environment gives it.
func (c *Config) kekPath() string { return filepath.Join(c.Data, "kek") }

// keyEncryptionKey takes the key that wraps secrets at rest from the environment, or from DIR/kek. Where there is none
// it makes one, which is written when the state proves to be new.
func keyEncryptionKey(c *Config) (key []byte, isNew bool, err error) {
	text := c.KEK
	if text == "" {
		b, err := os.ReadFile(c.kekPath())
		if errors.Is(err, fs.ErrNotExist) {
			key := make([]byte, 32)
			rand.Read(key)
			return key, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		text = strings.TrimSpace(string(b))
	}
	key, err = hex.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, false, errors.New("the key-encryption key must be 64 hexadecimal digits")
	}
	return key, false, nil
}

func (c *Config) errNoKey() error {
	if store.IsShared(c.State) {
		return fmt.Errorf("the state in PostgreSQL is in use, and this node does not have the key that opens it; put the "+
			"file kek of the node that was the first there into %s, or give what it holds in GRANARY_KEK", c.Data)
	}
	return fmt.Errorf("the key %s that opens the state is missing; put it back, or give it in GRANARY_KEK", c.kekPath())
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
// has an organization is left alone, and must not come with a new key. belongs is the installation that
// the data directory was used with before. It returns the management account.
func initialise(ctx context.Context, db *store.DB, c *Config, belongs string, newKey []byte,
	now time.Time) (management granary.AccountID, err error) {
	var id string
	err = db.Update(ctx, func(tx *store.Tx) error {
		org, err := tx.Organization.Get()
		if err == nil {
			management, id = org.Management, org.ID
			if err := c.checkInstallation(belongs, id); err != nil {
				return err
			}
			if newKey != nil {
				return c.errNoKey()
			}
			return nil
		}
		if !granary.Is(err, granary.NotFound) {
			return err
		}
		if err := c.checkInstallation(belongs, ""); err != nil {
			return err
		}
		management = granary.AccountID(c.AccountID)
		if management == "" {
			management = granary.NewAccountID()
		}
		if newKey != nil { // before anything is sealed with it
			if err := writeFile(c.kekPath(), hex.EncodeToString(newKey)+"\n"); err != nil {
				return err
			}
		}
		id = "o-" + granary.Hex(10)
		return fill(tx, management, id, now)
	})
	if err == nil && c.AccountID != "" && string(management) != c.AccountID {
		err = fmt.Errorf("this state belongs to account %s, not to %s; leave --account-id out or use another data directory",
			management, c.AccountID)
	}
	if err == nil {
		err = c.keepInstallation(belongs, id)
	}
	return management, err
}

func fill(tx *store.Tx, management granary.AccountID, organization string, now time.Time) error {
	secret := make([]byte, 32)
	rand.Read(secret)
	signing, err := idtoken.NewSigningKey()
	if err != nil {
		return err
	}
	steps := []error{
		tx.Accounts.Create(&granary.Account{ID: management, Name: "management", Management: true, Created: now}),
		tx.Organization.Put(&granary.Organization{ID: organization, RootID: "r-" + granary.Hex(4), Management: management,
			Created: now}),
		tx.AccessKeys.Create(&granary.AccessKey{ID: granary.NewAccessKeyID("AKIA", management), Account: management,
			Secret: granary.NewSecret(), Active: true, Created: now}),
		tx.Keys.Create(&store.Key{Purpose: index.RingSeal, ID: granary.Hex(16), Secret: secret, Created: now}),
		tx.Keys.Create(&store.Key{Purpose: index.RingSign, ID: granary.Hex(16), Secret: signing, Created: now}),
	}
	return errors.Join(steps...)
}

// OpenState opens the state of a server that is not running, for tools that work on it.
func OpenState(ctx context.Context, c Config) (*store.DB, error) {
	kek, isNew, err := keyEncryptionKey(&c)
	if err != nil {
		return nil, err
	}
	if isNew {
		return nil, c.errNoKey()
	}
	return store.Open(ctx, c.statePath(), kek)
}
