package grants

import "hash/maphash"

// texts numbers distinct texts from 0. It consists of one array of bytes, offsets and an open-addressing hash table,
// with no pointers for the garbage collector to follow. Each text has a tag, so that equal texts of different kinds
// have different numbers.
type texts struct {
	bytes   []byte
	offsets []uint64 // one for each text, plus one
	slots   []uint32 // hash table: number plus 1; 0 is free
}

var hashSeed = maphash.MakeSeed()

func newTexts(n int) *texts {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &texts{offsets: make([]uint64, 1, n+1), slots: make([]uint32, size)}
}

func (t *texts) count() int { return len(t.offsets) - 1 }

func (t *texts) textAt(i uint32) string { return string(t.bytes[t.offsets[i]:t.offsets[i+1]]) }

// equals reports whether a number is that of a text.
func (t *texts) equals(i uint32, tag byte, s string) bool {
	b := t.bytes[t.offsets[i]:t.offsets[i+1]]
	return len(b) == len(s)+1 && b[0] == tag && string(b[1:]) == s
}

// findNumber returns a text's number; ok is false when it has none.
func (t *texts) findNumber(tag byte, s string) (uint32, bool) {
	slot := t.slotOf(tag, s)
	return t.slots[slot] - 1, t.slots[slot] != 0
}

func hashText(tag byte, s string) uint64 {
	return maphash.String(hashSeed, s) + uint64(tag)*0x9e3779b97f4a7c15
}

// slotOf returns the slot of a text, or the free slot in which it belongs.
func (t *texts) slotOf(tag byte, s string) uint64 {
	mask := uint64(len(t.slots) - 1)
	for i := hashText(tag, s) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			return i
		}
		b := t.bytes[t.offsets[n-1]:t.offsets[n]]
		if len(b) == len(s)+1 && b[0] == tag && string(b[1:]) == s {
			return i
		}
	}
}

// intern returns a text's number and gives it one if it has none.
func (t *texts) intern(tag byte, s string) uint32 {
	slot := t.slotOf(tag, s)
	if n := t.slots[slot]; n != 0 {
		return n - 1
	}
	if 2*(t.count()+1) > len(t.slots) {
		t.doubleSlots()
		slot = t.slotOf(tag, s)
	}
	t.bytes = append(append(t.bytes, tag), s...)
	t.offsets = append(t.offsets, uint64(len(t.bytes)))
	t.slots[slot] = uint32(t.count())
	return uint32(t.count() - 1)
}

func (t *texts) doubleSlots() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range uint32(t.count()) {
		s := t.textAt(i)
		t.slots[t.slotOf(s[0], s[1:])] = i + 1
	}
}

// trimTexts frees unused capacity.
func (t *texts) trimTexts() { t.bytes, t.offsets = trimCapacity(t.bytes), trimCapacity(t.offsets) }
