package limit

import "testing"

func TestMemoryHasALimitForEachAndForAll(t *testing.T) {
	m := &Memory[string]{Total: 150, Each: 100}
	a, b := Share[string]{Memory: m, Key: "a"}, Share[string]{Memory: m, Key: "b"}
	for _, x := range []struct {
		of   *Share[string]
		n    int64
		want bool
	}{{&a, 100, true}, {&a, 1, false}, {&b, 51, false}, {&b, 50, true}, {&b, 1, false}} {
		if got := x.of.Take(x.n); got != x.want {
			t.Errorf("%s takes %d: %v", x.of.Key, x.n, got)
		}
	}
	a.Release()
	a.Release()
	if !b.Take(50) || m.total != 100 || len(m.held) != 1 {
		t.Errorf("after a release: %d held by %v", m.total, m.held)
	}
}

func TestALoneRequestMayExceedTheLimits(t *testing.T) {
	m := &Memory[string]{Total: 150, Each: 100, LoneMayExceed: true}
	a, again := Share[string]{Memory: m, Key: "a"}, Share[string]{Memory: m, Key: "a"}
	if !a.Take(90) || !a.Take(500) {
		t.Error("a request alone is refused")
	}
	if again.Take(1) {
		t.Error("a second of the same key exceeds its limit")
	}
	a.Release()
	if !again.Take(1) || !a.Take(99) || a.Take(1) {
		t.Error("two of one key share its limit")
	}
}
