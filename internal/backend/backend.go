// Package backend defines what the gateway needs of a store of bytes. The gateway has authenticated, authorised and
// parsed; a store stores, finds and lists. Its errors are *granary.Error with S3's codes and words; callers tell them
// apart with errors.Is and the sentinels in errors.go.
package backend

import (
	"context"
	"io"
	"time"

	"granary"
)

// Store keeps buckets and objects. Implementations are safe for concurrent use, and what they acknowledge is durable.
//
// A bucket is known here by its Place, which stands for one bucket for good: a name may become another bucket's. Each
// method that changes something asks the guard of its context (guard.Hold) in the moment before the change takes
// effect, however long it has taken by then. It changes nothing, and returns the guard's error, when the guard refuses.
//
// Every method may fail with Unavailable, and with the context's error. Methods on something in a bucket that does not
// exist fail with ErrNoBucket, ErrNoKey or ErrNoUpload. The other errors stand beside the methods.
type Store interface {
	// CreateBucket makes a bucket. It succeeds when the bucket exists.
	CreateBucket(ctx context.Context, bucket string) error
	// DeleteBucket removes an empty bucket. It fails with ErrNoBucket, and with ErrNotEmpty when the bucket has objects or
	// uploads.
	DeleteBucket(ctx context.Context, bucket string) error

	// Put writes an object in the place of the one of its key. It fails with the error of p.Body, and with
	// ErrPrecondition, or ErrNoKey when p.IfMatch is given and there is no object; the object that exists stays then.
	Put(ctx context.Context, p *Put) (*Object, error)
	// Open returns an object and its bytes. The caller seeks to the first that it reads, and closes them. It fails with
	// ErrNoKey.
	Open(ctx context.Context, g *Get) (*Object, Content, error)
	// Stat returns an object without its bytes. It fails with ErrNoKey.
	Stat(ctx context.Context, bucket, key string) (*Object, error)
	// Delete removes an object. Removing one that does not exist succeeds, except when ifMatch is given: then it fails
	// with ErrNoKey. It fails with ErrPrecondition when the object has another ETag than ifMatch, which has no quotes.
	Delete(ctx context.Context, bucket, key, ifMatch string) error
	// Copy makes an object of another. It fails with ErrNoKey when there is no source, with the error of c.Check, and as
	// Put does.
	Copy(ctx context.Context, c *Copy) (*Object, error)
	// SetTags replaces the tags of an object. It fails with ErrNoKey, and with the error of t.Check.
	SetTags(ctx context.Context, t *SetTags) error
	// List returns a page of keys, in the order of their bytes. It fails with ErrNoBucket.
	List(ctx context.Context, l List) (*Page, error)

	// CreateUpload begins an upload and sets u.ID. It fails with ErrNoBucket.
	CreateUpload(ctx context.Context, u *Upload) error
	// Upload returns an upload. It fails with ErrNoUpload.
	Upload(ctx context.Context, bucket, key, id string) (*Upload, error)
	// PutPart writes a part in the place of the one of its number. It fails with ErrNoUpload and with the error of p.Body.
	PutPart(ctx context.Context, p *PutPart) (*Part, error)
	// CopyPart makes a part of an object's bytes. It fails with ErrNoUpload, with ErrNoKey when there is no source, with
	// the error of c.Check, and with the code InvalidRange when the object is shorter.
	CopyPart(ctx context.Context, c *CopyPart) (*Part, error)
	// Complete makes the object of the parts that c names, and removes the upload. It fails with ErrNoUpload, as Put does
	// for c's conditions, and with the codes InvalidPart, InvalidPartOrder, EntityTooSmall, InvalidRequest and BadDigest
	// when the parts are not what the client says.
	Complete(ctx context.Context, c *Complete) (*Object, error)
	// Abort removes an upload and its parts. It fails with ErrNoUpload.
	Abort(ctx context.Context, bucket, key, id string) error
	// ListParts returns at most limit parts whose numbers are greater than after, by number. more says that further parts
	// follow. It fails with ErrNoUpload.
	ListParts(ctx context.Context, bucket, key, id string, after, limit int) (parts []Part, more bool, err error)
	// ListUploads returns a page of uploads, by key and then by id. It fails with ErrNoBucket.
	ListUploads(ctx context.Context, l List) (*Page, error)

	// Close releases the store. No method is called after it.
	Close() error
}

// Object is what is known of an object beside its bytes.
type Object struct {
	Key      string
	Size     int64
	ETag     string // without quotes
	Modified time.Time
	Attributes
	Parts []int64 `json:",omitempty"` // sizes, of objects made of parts
	// PartCount is the number of parts of an object whose parts the store does not tell; 0 otherwise.
	PartCount int `json:",omitempty"`
}

// Get asks for an object and its bytes.
type Get struct {
	Bucket, Key string
	// Range is the Range header of the request, "" for the whole object. A store may fetch only this; it may also ignore
	// it.
	Range string
}

// Placer is a store in which buckets have names by rules of its own. Other stores keep a bucket by its id.
type Placer interface {
	// Place returns the name under which the store keeps a new bucket of a name. It fails with Invalid.
	Place(name string) (string, error)
}

// Attributes are what a client gives with the bytes.
type Attributes struct {
	Headers      map[string]string `json:",omitempty"` // Content-Type, Cache-Control …, by canonical name
	Meta         map[string]string `json:",omitempty"` // x-amz-meta-, names in lower case
	StorageClass string            `json:",omitempty"`
	Tags         []granary.Tag     `json:",omitempty"`
	Checksums    map[string]string `json:",omitempty"` // CRC32, … → base64
	ChecksumType string            `json:",omitempty"` // FULL_OBJECT or COMPOSITE
}

// Content is an object's bytes, to be read from any place.
type Content interface {
	io.ReadSeekCloser
}

// Conditions are what must hold of the object that exists when a write takes effect (RFC 9110 §13).
type Conditions struct {
	IfMatch     string // ETag without quotes, or "*"
	IfNoneMatch bool   // nothing may be there
}

// Put writes an object. Body returns io.EOF only when everything about it has been verified; then Checksums is asked.
// Any other error leaves nothing.
type Put struct {
	Bucket, Key string
	Body        io.Reader
	Size        int64  // -1 when not known
	Algorithm   string // of the checksum that the client declares; "" when there is none
	Attributes
	Conditions
	Verified func() map[string]string
	Now      time.Time
}

// Copy makes an object of another.
type Copy struct {
	FromBucket, FromKey string
	Bucket, Key         string
	Replace             *Attributes    // nil keeps the source's
	Tags                *[]granary.Tag // nil keeps the source's
	Conditions
	Check func(*Object) error // of the source; may be nil
	Now   time.Time
}

// SetTags gives an object other tags.
type SetTags struct {
	Bucket, Key string
	Tags        []granary.Tag
	Check       func(*Object) error // of the object that is there; may be nil
}

// List asks for a page of keys or uploads.
type List struct {
	Bucket, Prefix, Delimiter string
	After                     string // keys after this one
	AfterID                   string // uploads: ids after this one of the key After
	Limit                     int
}

// Page is a page of a listing. Next is the After of the following page; "" at the end.
type Page struct {
	Objects  []*Object
	Uploads  []*Upload
	Prefixes []string
	Next     string
	NextID   string
	More     bool
}

// Upload is a multipart upload under way.
type Upload struct {
	Bucket, Key, ID string
	Created         time.Time
	Algorithm       string // checksum algorithm announced, "" when none
	// Given is what the request that began the upload said of the object, by header: policies test it on the parts too.
	Given map[string]string `json:",omitempty"`
	Attributes
}

// Part is one part of an upload.
type Part struct {
	Number    int
	Size      int64
	ETag      string
	Modified  time.Time
	Checksums map[string]string
}

// PutPart writes a part. Body is as in Put.
type PutPart struct {
	Bucket, Key, ID string
	Number          int
	Body            io.Reader
	Size            int64
	Algorithm       string // as in Put
	Verified        func() map[string]string
	Now             time.Time
}

// CopyPart makes a part of an object, or of the bytes from First to Last of it; Last is -1 for all.
type CopyPart struct {
	FromBucket, FromKey string
	First, Last         int64
	Bucket, Key, ID     string
	Number              int
	Check               func(*Object) error
	Now                 time.Time
}

// Complete makes the object of its parts.
type Complete struct {
	Bucket, Key, ID string
	Parts           []CompletePart
	Checksums       map[string]string // of the whole object, as the client says; compared
	ChecksumType    string            // of the checksum, as the client says; "" when it does not
	Size            *int64            // of the whole object, as the client says; nil when it does not
	Conditions
	Now time.Time
}

// CompletePart names a part as the client knows it.
type CompletePart struct {
	Number    int
	ETag      string
	Checksums map[string]string
}
