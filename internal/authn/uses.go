package authn

import (
	"context"
	"sync"
	"time"

	"granary/internal/store"
)

// Uses remembers when each long-term key, role and provisioning token was used last. Every request tells it, so it
// keeps to memory, and Save writes what is new now and then: after a crash the last minute is forgotten.
type Uses struct {
	mu    sync.RWMutex
	last  map[string]store.Use
	fresh map[string]bool // not saved yet
}

// coarse is how often a use of the same kind is noted again.
const coarse = time.Second

// Saw notes a use of an access key, role or provisioning token, by its id.
func (u *Uses) Saw(id, service, region string, now time.Time) {
	u.mu.RLock()
	last, ok := u.last[id]
	u.mu.RUnlock()
	if ok && now.Sub(last.At) < coarse && last.Service == service && last.Region == region {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last, u.fresh = map[string]store.Use{}, map[string]bool{}
	}
	u.last[id] = store.Use{At: now.UTC().Truncate(time.Second), Service: service, Region: region}
	u.fresh[id] = true
}

// Last is the last use of an id; ok is false when it was never used. Other nodes' uses of the last minute are not known
// yet.
func (u *Uses) Last(tx *store.Tx, id string) (use store.Use, ok bool, err error) {
	u.mu.RLock()
	use, ok = u.last[id]
	u.mu.RUnlock()
	saved, there, err := tx.KeyUses.Get(id)
	if there && (!ok || saved.At.After(use.At)) {
		use = saved
	}
	return use, ok || there, err
}

// Forget drops an id that was deleted.
func (u *Uses) Forget(tx *store.Tx, id string) error {
	u.mu.Lock()
	delete(u.last, id)
	delete(u.fresh, id)
	u.mu.Unlock()
	return tx.KeyUses.Delete(id)
}

// Save writes what was seen since the last time. What cannot be written is tried again the next time.
func (u *Uses) Save(ctx context.Context, db *store.DB) error {
	u.mu.Lock()
	fresh := make(map[string]store.Use, len(u.fresh))
	for id := range u.fresh {
		fresh[id] = u.last[id]
	}
	clear(u.fresh)
	u.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	err := db.Update(ctx, func(tx *store.Tx) error {
		for id, use := range fresh {
			if err := tx.KeyUses.Put(id, use); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		u.mu.Lock()
		for id := range fresh {
			if _, ok := u.last[id]; ok {
				u.fresh[id] = true
			}
		}
		u.mu.Unlock()
	}
	return err
}
