package granary

import (
	"testing"
	"time"
)

// TestTimedUUIDsSortByTime makes UUIDs of times within one millisecond, and at its end.
func TestTimedUUIDsSortByTime(t *testing.T) {
	begin := time.Date(2026, 1, 15, 12, 0, 0, 999_000_000, time.UTC)
	last := ""
	for at := begin; at.Before(begin.Add(2 * time.Millisecond)); at = at.Add(500 * time.Nanosecond) {
		id := TimedUUID(at)
		if id <= last {
			t.Fatalf("%s of %v is not after %s", id, at, last)
		}
		if got, ok := TimeOfUUID(id); !ok || got.UnixMilli() != at.UnixMilli() {
			t.Fatalf("%s tells %v, not %v", id, got, at)
		}
		last = id
	}
}
