package embedded

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"granary"
	"granary/internal/backend"
	"granary/internal/sigv4"
)

// The checksum of a whole is that of its bytes, whatever parts it is made of.
func TestChecksumsOfPartsMakeThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for algorithm := range polynomials {
		for range 50 {
			wholeHash, _ := sigv4.NewHash(algorithm)
			var parts []*part
			for range 1 + r.IntN(5) {
				data := make([]byte, r.IntN(300)*r.IntN(300))
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				h, _ := sigv4.NewHash(algorithm)
				h.Write(data)
				wholeHash.Write(data)
				parts = append(parts,
					&part{Part: backend.Part{Size: int64(len(data)),
						Checksums: map[string]string{algorithm: base64.StdEncoding.EncodeToString(h.Sum(nil))}}})
			}
			want := base64.StdEncoding.EncodeToString(wholeHash.Sum(nil))
			if got, ok := joined(algorithm, "FULL_OBJECT", parts); !ok || got != want {
				t.Fatalf("%s: %s, want %s", algorithm, got, want)
			}
			c := &backend.Complete{Checksums: map[string]string{algorithm: want}}
			o := &object{}
			if err := whole(o, &backend.Upload{}, c, parts); err != nil || o.Checksums[algorithm] != want ||
				o.ChecksumType != "FULL_OBJECT" {
				t.Errorf("%v %v", err, o)
			}
			c.Checksums[algorithm] = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil,
				r.Uint64())[:wholeHash.Size()])
			if err := whole(&object{}, &backend.Upload{}, c, parts); granary.AsError(err).Code != "BadDigest" {
				t.Errorf("another checksum: %v", err)
			}
		}
	}
	eight := int64(8)
	p := []*part{{Part: backend.Part{Size: 3, Checksums: map[string]string{"CRC32": "AAAAAA=="}}},
		{Part: backend.Part{Size: 4}}}
	for _, c := range []backend.Complete{{Checksums: map[string]string{"CRC32": "AAAAAA=="}},
		{Checksums: map[string]string{"SHA256": "AAAA"}}, {Size: &eight},
		{ChecksumType: "COMPOSITE"}} {
		if err := whole(&object{Object: backend.Object{Size: 7}},
			&backend.Upload{Attributes: backend.Attributes{ChecksumType: "FULL_OBJECT"}}, &c, p); granary.AsError(err).
			Code != "InvalidRequest" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
