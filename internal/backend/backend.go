// Package backend says what the gateway needs of whatever keeps the bytes. The gateway has authenticated, authorised and
// parsed; a backend stores, finds and lists. Errors are *granary.Error with S3's codes.
package backend

import (
	"context"
	"io"
	"time"
)

// Store keeps buckets and objects. Implementations are safe for concurrent use, and what they acknowledge is durable.
type Store interface {
	CreateBucket(ctx context.Context, bucket string) error
	DeleteBucket(ctx context.Context, bucket string) error // BucketNotEmpty when it has objects or uploads

	Put(ctx context.Context, p *Put) (*Object, error)
	Open(ctx context.Context, bucket, key string) (*Object, Content, error) // NoSuchKey
	Stat(ctx context.Context, bucket, key string) (*Object, error)          // NoSuchKey
	Delete(ctx context.Context, bucket, key, ifMatch string) error          // deleting what is not there succeeds
	Copy(ctx context.Context, c *Copy) (*Object, error)
	List(ctx context.Context, l List) (*Page, error)

	CreateUpload(ctx context.Context, u *Upload) error // sets the upload's ID
	Upload(ctx context.Context, bucket, key, id string) (*Upload, error)
	PutPart(ctx context.Context, p *PutPart) (*Part, error)
	CopyPart(ctx context.Context, c *CopyPart) (*Part, error)
	Complete(ctx context.Context, c *Complete) (*Object, error)
	Abort(ctx context.Context, bucket, key, id string) error
	ListParts(ctx context.Context, bucket, key, id string, after, limit int) (parts []Part, more bool, err error)
	ListUploads(ctx context.Context, l List) (*Page, error)
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
}

// Attributes are what a client gives with the bytes.
type Attributes struct {
	Headers      map[string]string `json:",omitempty"` // Content-Type, Cache-Control …, by canonical name
	Meta         map[string]string `json:",omitempty"` // x-amz-meta-, names in lower case
	StorageClass string            `json:",omitempty"`
	Checksums    map[string]string `json:",omitempty"` // CRC32, … → base64
	ChecksumType string            `json:",omitempty"` // FULL_OBJECT or COMPOSITE
}

// Content is an object's bytes, to be read from any place.
type Content interface {
	io.ReadSeekCloser
}

// Conditions are what must hold of the object that is there (RFC 9110 §13).
type Conditions struct {
	IfMatch     string // ETag without quotes, or "*"
	IfNoneMatch bool   // nothing may be there
}

// Put writes an object. Body returns io.EOF only when everything about it has been verified; then Checksums is asked. Any
// other error leaves nothing.
type Put struct {
	Bucket, Key string
	Body        io.Reader
	Size        int64 // -1 when not known
	Attributes
	Conditions
	Verified func() map[string]string
	Now      time.Time
}

// Copy makes an object of another.
type Copy struct {
	FromBucket, FromKey string
	Bucket, Key         string
	Replace             *Attributes // nil keeps the source's
	Conditions
	Check func(*Object) error // of the source; may be nil
	Now   time.Time
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
	Checksums       map[string]string // of the whole object, as the client gives them
	Conditions
	Now time.Time
}

// CompletePart names a part as the client knows it.
type CompletePart struct {
	Number    int
	ETag      string
	Checksums map[string]string
}
