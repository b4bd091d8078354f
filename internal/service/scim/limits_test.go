package scim

import (
	"strings"
	"testing"

	"granary"
	"granary/internal/limit"
)

// The document of a search is small, and requests of many stores do not take more memory together than there is for
// all.
func TestSearchesHaveALimit(t *testing.T) {
	d := open(t, nil)
	for path, status := range map[string]int{"/.search": 413, "/Users/.search": 413} {
		d.do(status, "POST", path, `{"filter":"`+strings.Repeat("x", maxSearchBody)+`"}`)
	}
	stores := 0
	for ; stores < 100; stores++ {
		id := granary.StoreID(strings.Repeat("d", stores+1))
		share := limit.Share[granary.StoreID]{Memory: d.h.holding, Key: id}
		if !share.Take(1) || !share.Take(maxHeldOfStore-1) {
			break
		}
	}
	if bytes, _ := d.h.holding.InUse(); stores != maxHeld/maxHeldOfStore || bytes > maxHeld+1 {
		t.Errorf("%d stores hold %d bytes", stores, bytes)
	}
}
