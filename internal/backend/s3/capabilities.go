package s3

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Capabilities are what a store is known to do. What is not known to work is not relied on: the gateway refuses it by
// name.
type Capabilities struct {
	Kind string // of store; "" when it is not known

	// Keys says how the store reads a key: "exact" as bytes; "no-dot-segments" and "filesystem" as a path, in which other
	// keys are the same.
	Keys string
	// Trailer: the store verifies a checksum that follows an unsigned body.
	Trailer bool
	// SignedChunks: the store verifies the signature of each piece of a body.
	SignedChunks bool
	// Checksums: the store verifies and keeps x-amz-checksum- headers.
	Checksums bool
	// Tagging: the store keeps the tags of objects.
	Tagging bool
	// PrefixUploads: the store lists uploads by prefix.
	PrefixUploads bool
	// BareETag: If-Match of a write takes the ETag without quotes.
	BareETag bool

	// The conditions that are evaluated, by operation.
	PutIfNoneMatch, PutIfMatch           bool
	CompleteIfNoneMatch, CompleteIfMatch bool
	CopyIfNoneMatch, CopyIfMatch         bool // of the destination
	CopySourceIfMatch                    bool
	DeleteIfMatch                        bool
}

// profiles are what stores of a kind were measured to do (docs/backends.md).
var profiles = map[string]Capabilities{
	"": {Keys: "filesystem", SignedChunks: true},
	"granary": {Keys: "exact", Trailer: true, SignedChunks: true, Checksums: true, Tagging: true, PrefixUploads: true,
		PutIfNoneMatch: true, PutIfMatch: true, CompleteIfNoneMatch: true, CompleteIfMatch: true, CopyIfNoneMatch: true,
		CopyIfMatch: true, CopySourceIfMatch: true, DeleteIfMatch: true},
	"aws": {Keys: "exact", Trailer: true, SignedChunks: true, Checksums: true, Tagging: true, PrefixUploads: true,
		PutIfNoneMatch: true, PutIfMatch: true, CompleteIfNoneMatch: true, CompleteIfMatch: true, CopySourceIfMatch: true,
		DeleteIfMatch: true},
	"minio": {Keys: "no-dot-segments", Trailer: true, SignedChunks: true, Checksums: true, Tagging: true,
		PutIfNoneMatch: true, PutIfMatch: true, CompleteIfNoneMatch: true, CopySourceIfMatch: true},
	"versitygw": {Keys: "filesystem", Trailer: true, SignedChunks: true, Checksums: true, Tagging: true,
		PrefixUploads: true, PutIfNoneMatch: true, PutIfMatch: true, CompleteIfNoneMatch: true, CopySourceIfMatch: true,
		DeleteIfMatch: true},
	"ceph": {Keys: "exact", SignedChunks: true, Tagging: true, PrefixUploads: true, BareETag: true,
		PutIfNoneMatch: true, PutIfMatch: true},
}

// kindOf returns the kind of the store that sends a Server header, "" when it is not known.
func kindOf(server string) string {
	server = strings.ToLower(server)
	for _, k := range []struct{ mark, kind string }{{"minio", "minio"}, {"versitygw", "versitygw"}, {"ceph", "ceph"},
		{"amazons3", "aws"}, {"granary", "granary"}} {
		if strings.HasPrefix(server, k.mark) {
			return k.kind
		}
	}
	return ""
}

// Kinds returns the kinds of stores that are known, in order.
func Kinds() []string {
	kinds := slices.Sorted(maps.Keys(profiles))
	return kinds[1:]
}

// newCapabilities returns the profile of a kind of store. The operator's settings replace parts of it.
func newCapabilities(kind string, said map[string]string) (*Capabilities, error) {
	c, ok := profiles[kind]
	if !ok {
		return nil, fmt.Errorf("the kind of store %q is not known: it can be %s", kind, strings.Join(Kinds(), ", "))
	}
	c.Kind = kind
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if err := c.set(name, said[name]); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

// flags are the capabilities that a store has or has not, by the name in the configuration.
func (c *Capabilities) flags() map[string]*bool {
	return map[string]*bool{
		"payload.trailer": &c.Trailer, "payload.signedChunks": &c.SignedChunks, "checksum.store": &c.Checksums,
		"tagging": &c.Tagging, "listUploads.prefix": &c.PrefixUploads, "cond.put.bareETag": &c.BareETag,
		"cond.put.ifNoneMatchStar": &c.PutIfNoneMatch, "cond.put.ifMatch": &c.PutIfMatch,
		"cond.complete.ifNoneMatchStar": &c.CompleteIfNoneMatch, "cond.complete.ifMatch": &c.CompleteIfMatch,
		"cond.copyDest.ifNoneMatchStar": &c.CopyIfNoneMatch, "cond.copyDest.ifMatch": &c.CopyIfMatch,
		"cond.copySource": &c.CopySourceIfMatch, "cond.delete.ifMatch": &c.DeleteIfMatch,
	}
}

func (c *Capabilities) set(name, value string) error {
	if name == "keys" {
		if !slices.Contains([]string{"exact", "no-dot-segments", "filesystem"}, value) {
			return fmt.Errorf("capabilities.keys is %q, and can be exact, no-dot-segments or filesystem", value)
		}
		c.Keys = value
		return nil
	}
	flag, ok := c.flags()[name]
	if !ok {
		return fmt.Errorf("capabilities.%s is not known: there are keys, %s", name,
			strings.Join(slices.Sorted(maps.Keys(c.flags())), ", "))
	}
	switch value {
	case "yes", "true":
		*flag = true
	case "no", "false":
		*flag = false
	default:
		return fmt.Errorf("capabilities.%s is %q, and can be yes or no", name, value)
	}
	return nil
}
