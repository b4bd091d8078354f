package grants

import "hash/maphash"

// texts numbers distinct texts: one blob, offsets, and an open-addressing table; no pointers for the collector to follow.
type texts struct {
	blob  []byte
	off   []uint64 // len+1
	slots []uint32 // number + 1; 0 is free
}

var seed = maphash.MakeSeed()

func newTexts(n int) *texts {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &texts{off: make([]uint64, 1, n+1), slots: make([]uint32, size)}
}

func (t *texts) len() int { return len(t.off) - 1 }

func (t *texts) at(i uint32) string { return string(t.blob[t.off[i]:t.off[i+1]]) }

// is reports whether a number stands for a text.
func (t *texts) is(i uint32, tag byte, s string) bool {
	b := t.blob[t.off[i]:t.off[i+1]]
	return len(b) == len(s)+1 && b[0] == tag && string(b[1:]) == s
}

// find returns a text's number.
func (t *texts) find(tag byte, s string) (uint32, bool) {
	slot := t.slot(tag, s)
	return t.slots[slot] - 1, t.slots[slot] != 0
}

func hash(tag byte, s string) uint64 {
	return maphash.String(seed, s) + uint64(tag)*0x9e3779b97f4a7c15
}

// slot is where a text stands, or would. The tag keeps texts of different sorts apart.
func (t *texts) slot(tag byte, s string) uint64 {
	mask := uint64(len(t.slots) - 1)
	for i := hash(tag, s) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			return i
		}
		b := t.blob[t.off[n-1]:t.off[n]]
		if len(b) == len(s)+1 && b[0] == tag && string(b[1:]) == s {
			return i
		}
	}
}

// add numbers a text, once.
func (t *texts) add(tag byte, s string) uint32 {
	slot := t.slot(tag, s)
	if n := t.slots[slot]; n != 0 {
		return n - 1
	}
	if 2*(t.len()+1) > len(t.slots) {
		t.grow()
		slot = t.slot(tag, s)
	}
	t.blob = append(append(t.blob, tag), s...)
	t.off = append(t.off, uint64(len(t.blob)))
	t.slots[slot] = uint32(t.len())
	return uint32(t.len() - 1)
}

func (t *texts) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range uint32(t.len()) {
		s := t.at(i)
		t.slots[t.slot(s[0], s[1:])] = i + 1
	}
}

// trim gives back what growing left over.
func (t *texts) trim() { t.blob, t.off = exactly(t.blob), exactly(t.off) }
