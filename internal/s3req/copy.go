package s3req

import (
	"net/url"
	"strconv"
	"strings"

	"granary"
)

// NullVersion is the id of every object's only version: buckets here have no versions.
const NullVersion = "null"

// Copy is what a copy reads, and what it keeps of it.
type Copy struct {
	Bucket, Key string // of the source
	Versioned   bool   // the source is named with its version, which is NullVersion
	Owner       string // account that the client says owns the source's bucket; "" when it does not say

	IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince string // conditions on the source, as sent

	Algorithm       string // checksum asked for, in upper case; "" for the source's
	ReplaceMetadata bool   // the request's metadata instead of the source's
	ReplaceTags     bool   // the request's tags instead of the source's
	First, Last     int64  // bytes of the source, of UploadPartCopy; Last is -1 for all
}

// parseCopy reads x-amz-copy-source: bucket and key, escaped, perhaps with a slash before, perhaps with a version.
func parseCopy(r *Request) (*Copy, error) {
	h := r.header
	text, version, versioned := strings.Cut(h.Get("X-Amz-Copy-Source"), "?versionId=")
	if versioned && version != NullVersion {
		return nil, NotImplemented("A copy of a version")
	}
	decoded, err := url.PathUnescape(strings.TrimPrefix(text, "/"))
	c := &Copy{Versioned: versioned, Owner: h.Get("X-Amz-Source-Expected-Bucket-Owner"), Last: -1,
		IfMatch: h.Get("X-Amz-Copy-Source-If-Match"), IfNoneMatch: h.Get("X-Amz-Copy-Source-If-None-Match"),
		IfModifiedSince:   h.Get("X-Amz-Copy-Source-If-Modified-Since"),
		IfUnmodifiedSince: h.Get("X-Amz-Copy-Source-If-Unmodified-Since"),
		Algorithm:         strings.ToUpper(h.Get("X-Amz-Checksum-Algorithm")),
		ReplaceMetadata:   h.Get("X-Amz-Metadata-Directive") == "REPLACE",
		ReplaceTags:       h.Get("X-Amz-Tagging-Directive") == "REPLACE"}
	var ok bool
	c.Bucket, c.Key, ok = strings.Cut(decoded, "/")
	if err != nil || !ok || c.Bucket == "" || c.Key == "" || strings.HasPrefix(decoded, "arn:") {
		return nil, granary.Errorf(granary.Invalid,
			"Copy Source must mention the source bucket and key: sourcebucket/sourcekey").WithCode("InvalidArgument")
	}
	return c, nil
}

func parseCopyObject(r *Request) error {
	if err := r.parseWriteConditions(); err != nil {
		return err
	}
	switch r.header.Get("X-Amz-Metadata-Directive") {
	case "", "COPY":
		return r.ACL.Check()
	case "REPLACE":
		return r.parseObject()
	}
	return Invalid("InvalidArgument", "Unknown metadata directive.")
}

func parsePartCopy(r *Request) error {
	if err := parseUploadPart(r); err != nil {
		return err
	}
	text := r.header.Get("X-Amz-Copy-Source-Range")
	if text == "" {
		return nil
	}
	spec, ok := strings.CutPrefix(text, "bytes=")
	first, last, isRange := strings.Cut(spec, "-")
	a, err1 := strconv.ParseInt(first, 10, 64)
	z, err2 := strconv.ParseInt(last, 10, 64)
	if !ok || !isRange || err1 != nil || err2 != nil || z < a {
		return Invalid("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last"+
			" where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	r.Copy.First, r.Copy.Last = a, z
	return nil
}
