package embedded

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"sync"
	"time"

	"granary/internal/sqlite"
)

// graceTime is how long a content stays at least after nothing is made of it any more: somebody may be about to open
// it.
const graceTime = time.Minute

// trash holds the contents that nothing is made of any more, until every reader that began before has ended.
type trash struct {
	remove  func(ids []string) error
	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
	list    []dropped // in the order of time
	readers map[*content]struct{}
}

type dropped struct {
	id string
	at time.Time
}

func (t *trash) put(ids []any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for _, id := range ids {
		t.list = append(t.list, dropped{id.(string), now})
	}
	t.arm()
}

// arm has the trash looked at after the grace time. The caller holds mu.
func (t *trash) arm() {
	if t.timer == nil && !t.stopped && len(t.list) > 0 {
		t.timer = time.AfterFunc(graceTime, t.empty)
	}
}

func (t *trash) begin(c *content) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.readers == nil {
		t.readers = map[*content]struct{}{}
	}
	c.since = time.Now()
	t.readers[c] = struct{}{}
}

func (t *trash) end(c *content) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.readers, c)
}

// due takes the contents that nobody can be reading.
func (t *trash) due(now time.Time) (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	until := now.Add(-graceTime)
	for c := range t.readers {
		if c.since.Before(until) {
			until = c.since
		}
	}
	n := slices.IndexFunc(t.list, func(d dropped) bool { return d.at.After(until) })
	if n < 0 {
		n = len(t.list)
	}
	for _, d := range t.list[:n] {
		ids = append(ids, d.id)
	}
	t.list = slices.Delete(t.list, 0, n)
	return ids
}

// atOnce is how many contents are forgotten in one update, so that others' wait a short time.
const atOnce = 500

func (t *trash) empty() {
	for list := range slices.Chunk(t.due(time.Now()), atOnce) {
		_ = t.remove(list) // the next Open tries again
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = nil
	t.arm()
}

func (t *trash) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
}

// forget removes contents that nothing is made of: from the index, then from the disk.
func (s *Store) forget(ids []string) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	err = s.engine.Update(context.Background(), func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM content WHERE refs <= 0 AND id IN (SELECT value FROM json_each($1))", string(list))
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		_ = os.Remove(s.path(id)) // small ones have no file
	}
	return nil
}
