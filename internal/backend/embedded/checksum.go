package embedded

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"granary"
	"granary/internal/backend"
	"granary/internal/sigv4"
)

// whole compares an object that is made of parts with what the client says it is. A checksum of the whole is worked out
// of those of the parts: a composite one is the hash of theirs, and CRCs of adjacent bytes can be joined.
func whole(o *object, u *backend.Upload, c *backend.Complete, parts []*part) error {
	if c.Size != nil && *c.Size != o.Size {
		return granary.Errorf(granary.Invalid, "The provided 'x-amz-mp-object-size' header does not match what was "+
			"computed: the parts have %d bytes.", o.Size).
			WithCode("InvalidRequest")
	}
	if c.ChecksumType != "" && u.ChecksumType != "" && c.ChecksumType != u.ChecksumType {
		return granary.Errorf(granary.Invalid, "The upload was created using the %s checksum type, and x-amz-checksum-type "+
			"says %s.", u.ChecksumType, c.ChecksumType).
			WithCode("InvalidRequest")
	}
	for algorithm, said := range c.Checksums {
		kind := "FULL_OBJECT"
		if strings.Contains(said, "-") {
			kind = "COMPOSITE"
		}
		got, ok := joined(algorithm, kind, parts)
		switch {
		case !ok || c.ChecksumType != "" && c.ChecksumType != kind:
			return granary.Errorf(granary.Invalid, "A %s checksum of the whole object by %s cannot be compared: it needs "+
				"parts that were uploaded with that algorithm.", kind, algorithm).
				WithCode("InvalidRequest")
		case got != said:
			return granary.Errorf(granary.Invalid, "The %s you specified did not match the calculated checksum.", algorithm).
				WithCode("BadDigest")
		}
		o.Checksums, o.ChecksumType = map[string]string{algorithm: got}, kind
	}
	return nil
}

// joined is the checksum of all parts together. ok is false when a part has none, or when the algorithm has none of
// that kind.
func joined(algorithm, kind string, parts []*part) (sum string, ok bool) {
	h, known := sigv4.NewHash(algorithm)
	poly := polynomials[algorithm]
	if !known || kind == "FULL_OBJECT" && poly == 0 {
		return "", false
	}
	j := joiner{poly: poly, width: h.Size() * 8}
	for _, p := range parts {
		digest, err := base64.StdEncoding.DecodeString(p.Checksums[algorithm])
		if err != nil || len(digest) != h.Size() {
			return "", false
		}
		h.Write(digest)
		if kind == "FULL_OBJECT" {
			j.add(binary.BigEndian.Uint64(append(make([]byte, 8-len(digest)), digest...)), p.Size)
		}
	}
	if kind == "COMPOSITE" {
		return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(h.Sum(nil)), len(parts)), true
	}
	out := binary.BigEndian.AppendUint64(nil, j.sum)
	return base64.StdEncoding.EncodeToString(out[8-h.Size():]), true
}

// polynomials are those of the CRCs, with the bits in reverse.
var polynomials = map[string]uint64{"CRC32": 0xedb88320, "CRC32C": 0x82f63b78, "CRC64NVME": 0x9a6c9329ac4bc9b5}

// joiner joins the CRCs of adjacent bytes as zlib's crc32_combine does: shifting a CRC over n zero bytes is a linear
// map of its bits, made by squaring the map for one bit. Parts have mostly one length, so that the last map is kept.
type joiner struct {
	poly  uint64
	width int
	sum   uint64
	some  bool

	length int64
	shift  []uint64
}

func (j *joiner) add(crc uint64, length int64) {
	if !j.some {
		j.sum, j.some = crc, true
		return
	}
	if length == 0 {
		return
	}
	if j.shift == nil || j.length != length {
		j.length, j.shift = length, j.over(length)
	}
	j.sum = times(j.shift, j.sum) ^ crc
}

// over is the map for so many zero bytes.
func (j *joiner) over(length int64) []uint64 {
	power := make([]uint64, j.width) // one zero bit
	power[0] = j.poly
	for i := 1; i < j.width; i++ {
		power[i] = 1 << (i - 1)
	}
	out := make([]uint64, j.width)
	for i := range out {
		out[i] = 1 << i
	}
	for n := uint64(length) * 8; n > 0; n >>= 1 {
		if n&1 == 1 {
			out = compose(power, out)
		}
		power = compose(power, power)
	}
	return out
}

// times applies a map to a vector of bits.
func times(m []uint64, v uint64) (out uint64) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 == 1 {
			out ^= m[i]
		}
	}
	return out
}

// compose is the map that applies b and then a.
func compose(a, b []uint64) []uint64 {
	out := make([]uint64, len(b))
	for i, column := range b {
		out[i] = times(a, column)
	}
	return out
}
