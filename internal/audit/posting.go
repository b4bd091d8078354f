package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary"
)

// key is an event's id in 16 bytes. Ids are UUIDs of version 7, so keys sort by the time of recording.
type key [16]byte

// keyAt returns the smallest key of a time.
func keyAt(t time.Time) (k key) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(t.UnixMilli(), 0))<<16)
	copy(k[:6], b[:6])
	return k
}

func (k key) compare(o key) int { return slices.Compare(k[:], o[:]) }

// after returns the smallest larger key.
func (k key) after() key {
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			break
		}
	}
	return k
}

var lastKey = key{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}

// keyOf returns the key of an event. An event whose id has no time gets a key of the event's time.
func keyOf(e *Event) key {
	if _, ok := granary.TimeOfUUID(e.EventID); ok {
		var k key
		if b, err := hex.DecodeString(strings.ReplaceAll(e.EventID, "-", "")); err == nil {
			copy(k[:], b)
			return k
		}
	}
	k := keyAt(e.At())
	sum := sha256.Sum256([]byte(e.EventID + "\x00" + e.RequestID + "\x00" + e.EventName))
	copy(k[6:], sum[:])
	return k
}

// entry says where an event is in its file.
type entry struct {
	key    key
	offset uint32
	size   uint32
	time   uint32 // of the request, in seconds
}

// post says that an event has an attribute.
type post struct {
	hash uint64
	at   uint32 // which entry
}

// The attributes by which events are found. The first eight are those of CloudTrail's LookupEvents.
const (
	ByEventID      = "EventId"
	ByEventName    = "EventName"
	ByReadOnly     = "ReadOnly"
	ByUsername     = "Username"
	ByResourceType = "ResourceType"
	ByResourceName = "ResourceName"
	ByEventSource  = "EventSource"
	ByAccessKeyID  = "AccessKeyId"
	byRequestID    = "RequestId"
	byNothing      = ""
)

// hashOf returns the hash of an attribute of the events that an account may see (FNV-1a). Different attributes may have
// the same hash, so a reader compares the attribute of the event itself; a page limits how many events are read.
func hashOf(attribute string, category byte, account, value string) uint64 {
	const basis, prime = 14695981039346656037, 1099511628211
	h := (basis ^ uint64(category)) * prime
	for _, s := range [...]string{account, attribute, value} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime // stands in no UTF-8 text
	}
	return h
}

func (e *Event) category() byte {
	if e.ManagementEvent {
		return 'M'
	}
	return 'D'
}

// accounts returns the accounts that may look the event up: its recipient's and those of its resources.
func (e *Event) accounts() []string {
	list := make([]string, 0, 2)
	if e.RecipientAccountID != "" {
		list = append(list, e.RecipientAccountID)
	}
	for i := range e.Resources {
		if a := e.Resources[i].AccountID; a != "" && !slices.Contains(list, a) {
			list = append(list, a)
		}
	}
	return list
}

// VisibleTo reports whether an account may look the event up.
func (e *Event) VisibleTo(account string) bool { return slices.Contains(e.accounts(), account) }

// At returns the time of the event, or the zero time when it cannot be parsed.
func (e *Event) At() time.Time {
	at, _ := time.Parse(time.RFC3339, e.EventTime)
	return at
}

// Username returns CloudTrail's name of the caller: the user's name, "root", or the session's name.
func (e *Event) Username() string {
	u := e.UserIdentity
	switch {
	case u == nil:
		return ""
	case u.UserName != "":
		return u.UserName
	case u.Type == "Root":
		return "root"
	}
	return u.ARN[strings.LastIndexByte(u.ARN, '/')+1:]
}

// values calls fn with each attribute by which an account can find the event, perhaps twice with the same.
func (e *Event) values(fn func(attribute, value string)) {
	fn(byNothing, "")
	fn(ByEventName, e.EventName)
	fn(ByReadOnly, strconv.FormatBool(e.ReadOnly))
	fn(ByEventSource, e.EventSource)
	fn(ByUsername, e.Username())
	if u := e.UserIdentity; u != nil {
		fn(ByAccessKeyID, u.AccessKeyID)
		if o := u.OnBehalfOf; o != nil { // the person, by name and by id
			fn(ByUsername, o.UserName)
			fn(ByUsername, o.UserID)
		}
	}
	if p := e.Person; p != nil {
		fn(ByUsername, p.UserName)
		fn(ByUsername, p.UserID)
	}
	for i := range e.Resources {
		fn(ByResourceName, e.Resources[i].ARN)
		fn(ByResourceType, e.Resources[i].Type)
	}
}

// has reports whether the event has an attribute.
func (e *Event) has(attribute, value string) (yes bool) {
	switch attribute {
	case ByEventID:
		return e.EventID == value
	case byRequestID:
		return e.RequestID == value
	}
	e.values(func(a, v string) { yes = yes || a == attribute && v == value })
	return yes
}

// postsOf returns the hashes by which the event is found.
func postsOf(e *Event) []uint64 {
	out := make([]uint64, 0, 16)
	out = append(out, hashOf(ByEventID, 0, "", e.EventID), hashOf(byRequestID, 0, "", e.RequestID))
	category := e.category()
	for _, account := range e.accounts() {
		e.values(func(attribute, value string) {
			if value != "" || attribute == byNothing {
				out = append(out, hashOf(attribute, category, account, value))
			}
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// record is an event on its way to the disk.
type record struct {
	class class
	line  []byte
	key   key
	time  uint32
	posts []uint64
	sync  bool // the answer waits for it to be on disk
}

func recordOf(e *Event, line []byte) record {
	return record{class: classOf(e), line: line, key: keyOf(e), time: uint32(max(e.At().Unix(), 0)), posts: postsOf(e)}
}

// tail is the content of a file in memory, in the order of writing. It only grows, so a copy of its slices can be read
// while more is added.
type tail struct {
	entries []entry
	posts   []post
}

func (t *tail) add(r *record, offset int64) {
	n := uint32(len(t.entries))
	t.entries = append(t.entries, entry{r.key, uint32(offset), uint32(len(r.line)), r.time})
	for _, h := range r.posts {
		t.posts = append(t.posts, post{h, n})
	}
}

// span has the smallest and largest keys and times of a file.
type span struct {
	first, last key
	from, to    uint32
}

func (t *tail) span() (s span) {
	for i, e := range t.entries {
		if i == 0 {
			s = span{e.key, e.key, e.time, e.time}
			continue
		}
		if e.key.compare(s.first) < 0 {
			s.first = e.key
		}
		if e.key.compare(s.last) > 0 {
			s.last = e.key
		}
		s.from, s.to = min(s.from, e.time), max(s.to, e.time)
	}
	return s
}
