package sigv4

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"hash/crc32"

	"github.com/minio/crc64nvme"
)

// NewHash returns the hash of a checksum algorithm as S3 names it (CRC32, CRC32C, CRC64NVME, SHA1, SHA256) or MD5 for
// Content-MD5. Sum gives the big-endian digest, which the wire carries in base64.
func NewHash(algorithm string) (hash.Hash, bool) {
	switch algorithm {
	case "CRC32":
		return crc32.NewIEEE(), true
	case "CRC32C":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli)), true
	case "CRC64NVME":
		return crc64nvme.New(), true
	case "SHA1":
		return sha1.New(), true
	case "SHA256":
		return sha256.New(), true
	case "MD5":
		return md5.New(), true
	}
	return nil, false
}
