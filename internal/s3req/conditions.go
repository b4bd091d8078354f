package s3req

import (
	"net/http"
	"strconv"
	"strings"

	"granary"
)

// source reads the values of a condition key from the request, from where the operation reads them. ok is false when
// the request has none. The document may be nil.
type source func(*Request, *Document) (values []string, ok bool)

// sources has every condition key whose value is in the request itself, and the one place where the value is read. The
// keys of circumstances and of the caller are authz's.
var sources = map[string]source{
	"s3:prefix":                       param("prefix"),
	"s3:delimiter":                    param("delimiter"),
	"s3:max-keys":                     maxKeys,
	"s3:x-amz-copy-source":            copySource,
	"s3:x-amz-acl":                    header("x-amz-acl"),
	"s3:x-amz-grant-read":             header("x-amz-grant-read"),
	"s3:x-amz-grant-write":            header("x-amz-grant-write"),
	"s3:x-amz-grant-read-acp":         header("x-amz-grant-read-acp"),
	"s3:x-amz-grant-write-acp":        header("x-amz-grant-write-acp"),
	"s3:x-amz-grant-full-control":     header("x-amz-grant-full-control"),
	"s3:x-amz-metadata-directive":     header("x-amz-metadata-directive"),
	"s3:x-amz-storage-class":          header("x-amz-storage-class"),
	"s3:x-amz-server-side-encryption": header("x-amz-server-side-encryption"),
	"s3:x-amz-object-ownership":       header("x-amz-object-ownership"),
	"s3:versionid":                    param("versionId"),
	"s3:if-match":                     header("if-match"),
	"s3:if-none-match":                header("if-none-match"),
	"s3:objectcreationoperation":      creates,
	"s3:locationconstraint":           location,
}

const (
	listKeys = "s3:prefix s3:delimiter s3:max-keys"
	aclKeys  = " s3:x-amz-acl s3:x-amz-grant-read s3:x-amz-grant-write s3:x-amz-grant-read-acp s3:x-amz-grant-write-acp" +
		" s3:x-amz-grant-full-control"
	objectKeys = "s3:x-amz-copy-source s3:x-amz-metadata-directive s3:x-amz-storage-class" +
		" s3:x-amz-server-side-encryption s3:if-match s3:if-none-match s3:objectcreationoperation" + aclKeys
	uploadKeys = "s3:x-amz-storage-class s3:x-amz-server-side-encryption" + aclKeys
)

// FromUpload reports whether a part of an upload has a condition key from the request that began the upload.
func FromUpload(name string) bool { return lists(uploadKeys, name) }

// OfUpload reports whether the operation works on an upload that another request began.
func (o *Operation) OfUpload() bool { return o.part }

// actionKeys says which of the sources an action has (Service Authorization Reference, "Actions defined by Amazon S3").
var actionKeys = map[string]string{
	"s3:ListBucket":                 listKeys,
	"s3:ListBucketVersions":         listKeys,
	"s3:ListBucketMultipartUploads": listKeys,
	"s3:PutObject":                  objectKeys,
	"s3:PutObjectAcl":               aclKeys,
	"s3:PutObjectVersionAcl":        "s3:versionid" + aclKeys,
	"s3:GetObjectVersion":           "s3:versionid",
	"s3:GetObjectVersionAcl":        "s3:versionid",
	"s3:GetObjectVersionAttributes": "s3:versionid",
	"s3:GetObjectVersionTagging":    "s3:versionid",
	"s3:PutObjectVersionTagging":    "s3:versionid",
	"s3:DeleteObjectVersionTagging": "s3:versionid",
	"s3:DeleteObjectVersion":        "s3:versionid s3:if-match",
	"s3:DeleteObject":               "s3:if-match",
	"s3:CreateBucket":               "s3:locationconstraint s3:x-amz-object-ownership" + aclKeys,
	"s3:PutBucketAcl":               aclKeys,
	"s3:PutBucketOwnershipControls": "s3:x-amz-object-ownership",
}

// tagKey names the condition keys of a request's tags: a prefix of the key of each tag, and the key of their names.
type tagKey struct{ tag, names string }

var (
	ofObjectTags = tagKey{"s3:requestobjecttag/", "s3:requestobjecttagkeys"}
	ofBucketTags = tagKey{"aws:requesttag/", "aws:tagkeys"}
)

// tagKeys are the actions that test the tags of the request.
var tagKeys = map[string]tagKey{
	"s3:PutObject":               ofObjectTags,
	"s3:PutObjectTagging":        ofObjectTags,
	"s3:PutObjectVersionTagging": ofObjectTags,
	"s3:CreateBucket":            ofBucketTags,
	"s3:PutBucketTagging":        ofBucketTags,
	"s3:TagResource":             ofBucketTags,
}

// tagsTested are the tags that the request gives, in its document or in x-amz-tagging.
func (r *Request) tagsTested(d *Document) []granary.Tag {
	if d != nil && d.Tags != nil {
		return d.Tags
	}
	return r.Tags
}

// header is the source of a header's value. An empty value is none.
func header(name string) source {
	name = http.CanonicalHeaderKey(name)
	return func(r *Request, _ *Document) ([]string, bool) {
		v := r.header.Get(name)
		return []string{v}, v != ""
	}
}

// param is the source of a query parameter's value. An empty value is one.
func param(name string) source {
	return func(r *Request, _ *Document) ([]string, bool) {
		v, ok := r.query.Lookup(name)
		return []string{v}, ok
	}
}

// maxKeys is the most keys that a listing is asked for, as a number, however the request writes it.
func maxKeys(r *Request, _ *Document) ([]string, bool) {
	if !r.Operation.listing {
		return []string{strconv.Itoa(MaxListed)}, true
	}
	return []string{strconv.Itoa(r.Listing.Asked)}, true
}

func copySource(r *Request, _ *Document) ([]string, bool) {
	if r.Copy == nil {
		return nil, false
	}
	return []string{r.Copy.Bucket + "/" + r.Copy.Key}, true
}

// creates tells the operations that make an object from those that prepare one.
func creates(r *Request, _ *Document) ([]string, bool) {
	return []string{strconv.FormatBool(r.Operation.creates)}, true
}

func location(_ *Request, d *Document) ([]string, bool) {
	if d == nil || d.Location == "" {
		return nil, false
	}
	return []string{d.Location}, true
}

// given is what a request that begins an upload says of the object, for the conditions that policies put on its parts.
func (r *Request) given() map[string]string {
	out := map[string]string{}
	for name := range strings.FieldsSeq(uploadKeys) {
		name = strings.TrimPrefix(name, "s3:")
		if v := r.header.Get(name); v != "" {
			out[name] = v
		}
	}
	return out
}
