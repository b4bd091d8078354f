package granary

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// UUID returns a random UUID, version 4.
func UUID() string {
	var b [16]byte
	rand.Read(b[:])
	return uuid(b, 4)
}

// TimedUUID returns a UUID that sorts by time, version 7 (RFC 9562 §5.7): milliseconds, then the fraction of the
// millisecond in 12 bits (§6.2, method 3), then random bits. UUIDs of times less than 250 ns apart may sort either way.
func TimedUUID(t time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	fraction := uint64(t.Nanosecond()%1e6) << 12 / 1e6
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16|fraction)
	return uuid(b, 7)
}

// TimeOfUUID returns the time in a TimedUUID, to the millisecond; ok is false when id is no TimedUUID.
func TimeOfUUID(id string) (t time.Time, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[14] != '7' || id[18] != '-' || id[23] != '-' {
		return t, false
	}
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(b) != 16 || strings.ToLower(id) != id {
		return t, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b) >> 16)), true
}

func uuid(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	var d [36]byte
	hex.Encode(d[:8], b[:4])
	hex.Encode(d[9:13], b[4:6])
	hex.Encode(d[14:18], b[6:8])
	hex.Encode(d[19:23], b[8:10])
	hex.Encode(d[24:], b[10:])
	d[8], d[13], d[18], d[23] = '-', '-', '-', '-'
	return string(d[:])
}

// Hex returns n random lower-case hexadecimal digits.
func Hex(n int) string {
	b := make([]byte, (n+1)/2)
	rand.Read(b)
	return hex.EncodeToString(b)[:n]
}

// UniqueID returns an IAM unique id: the prefix of four letters (AIDA, AROA, ANPA …) and 17 random characters of
// A-Z2-7.
func UniqueID(prefix string) string {
	b := make([]byte, 11)
	rand.Read(b)
	return prefix + base32.StdEncoding.EncodeToString(b)[:17]
}

// NewAccessKeyID returns a 20-character key id with the prefix AKIA (long-term) or ASIA (temporary).
// It contains the account number as AWS's own keys do, so that sts:GetAccessKeyInfo and tools can read it.
func NewAccessKeyID(prefix string, account AccountID) string {
	n, _ := strconv.ParseUint(string(account), 10, 64)
	var b [10]byte
	rand.Read(b[:])
	// 48 bits big-endian: the top bit set as in current AWS keys, then the account in bits 46..7, 7 random bits.
	head := 1<<47 | (n<<7)&0x7fffffffff80 | uint64(b[5]&0x7f)
	var h [8]byte
	binary.BigEndian.PutUint64(h[:], head)
	copy(b[:6], h[2:])
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

// AccountOfAccessKey returns the account number in a key id; ok is false when the id is not of that form.
func AccountOfAccessKey(id string) (a AccountID, ok bool) {
	if len(id) != 20 {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return "", false
	}
	var h [8]byte
	copy(h[2:], b[:6])
	n := binary.BigEndian.Uint64(h[:]) & 0x7fffffffff80 >> 7
	s := strconv.FormatUint(n, 10)
	if len(s) > 12 {
		return "", false
	}
	return AccountID(strings.Repeat("0", 12-len(s)) + s), true
}

// NewSecret returns a secret access key: 30 random bytes in 40 characters.
func NewSecret() string {
	b := make([]byte, 30)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}
