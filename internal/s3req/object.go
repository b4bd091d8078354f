package s3req

import (
	"slices"
	"strings"
)

// MaxPut is the most bytes of an object or part that one request sends or copies.
const MaxPut = 5 << 30

// Kept are the headers that are kept with an object, by their canonical names.
var Kept = []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type",
	"Expires"}

// Object is what a request says of an object to be made, besides its bytes and tags.
type Object struct {
	Headers      map[string]string // the headers that are kept, by canonical name
	Meta         map[string]string // of x-amz-meta-, names in lower case; nil when there are none
	StorageClass string            // "" for STANDARD
}

// parseObject reads the metadata of an object to be made.
func (r *Request) parseObject() error {
	o := Object{Headers: map[string]string{}}
	for _, name := range Kept {
		v := r.header.Get(name)
		if name == "Content-Encoding" {
			v = withoutChunked(v)
		}
		if v != "" {
			o.Headers[name] = v
		}
	}
	if o.Headers["Content-Type"] == "" {
		o.Headers["Content-Type"] = "binary/octet-stream"
	}
	size := 0
	for name, values := range r.header {
		if meta, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			if o.Meta == nil {
				o.Meta = map[string]string{}
			}
			o.Meta[meta] = strings.Join(values, ",")
			size += len(meta) + len(o.Meta[meta])
		}
	}
	if size > 2048 {
		return Invalid("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	if c := r.header.Get("X-Amz-Storage-Class"); c != "" && c != "STANDARD" {
		if !slices.Contains([]string{"REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"}, c) {
			return Invalid("InvalidStorageClass", "The storage class you specified is not valid")
		}
		o.StorageClass = c
	}
	r.Object = o
	return r.ACL.Check()
}

// withoutChunked removes the framing of the upload from the encoding of the object.
func withoutChunked(v string) string {
	var out []string
	for e := range strings.SplitSeq(v, ",") {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "aws-chunked") {
			out = append(out, e)
		}
	}
	return strings.Join(out, ",")
}

func parsePut(r *Request) error {
	if err := r.parseObject(); err != nil {
		return err
	}
	return r.parseWriteConditions()
}

// parseGet reads what GET and HEAD ask of an object.
func parseGet(r *Request) error {
	h := r.header
	r.Conditions = Conditions{IfMatch: h.Get("If-Match"), IfNoneMatch: h.Get("If-None-Match"),
		IfModifiedSince: h.Get("If-Modified-Since"), IfUnmodifiedSince: h.Get("If-Unmodified-Since")}
	r.Window = Window{Range: h.Get("Range"), IfRange: h.Get("If-Range")}
	r.Window.Part, r.Window.HasPart = r.query.Lookup("partNumber")
	r.Window.Checksums = strings.EqualFold(h.Get("X-Amz-Checksum-Mode"), "ENABLED")
	r.Overrides = r.parseOverrides()
	return parseVersion(r)
}

func parseDelete(r *Request) error {
	r.Conditions.IfMatch = r.header.Get("If-Match")
	return parseVersion(r)
}

func parseAttributes(r *Request) error {
	for _, v := range r.header.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(v, ",") {
			r.Attributes = append(r.Attributes, strings.TrimSpace(name))
		}
	}
	if strings.Join(r.header.Values("X-Amz-Object-Attributes"), ",") == "" {
		return Invalid("InvalidRequest", "The x-amz-object-attributes header specifying the attributes to be retrieved"+
			" is either missing or empty")
	}
	marker, limit := r.header.Get("X-Amz-Part-Number-Marker"), r.header.Get("X-Amz-Max-Parts")
	r.Parts = parsePartsPage("x-amz-part-number-marker", marker, "x-amz-max-parts", limit)
	return parseVersion(r)
}

// parseVersion refuses an empty version id. Whether there is such a version is for the gateway to find out.
func parseVersion(r *Request) error {
	if v, ok := r.query.Lookup("versionId"); ok && v == "" {
		return Invalid("InvalidArgument", "Version id cannot be the empty string")
	}
	return nil
}

// Overrides are the headers of the answer that the response-* parameters ask for.
type Overrides struct {
	Headers []Field
	Fault   error // why they cannot be given; told when the object is answered
}

// Field is one header, by its canonical name.
type Field struct{ Name, Value string }

// parseOverrides reads the response-* parameters, which only signed requests may use.
func (r *Request) parseOverrides() (o Overrides) {
	for _, p := range r.query.All() {
		lower, ok := strings.CutPrefix(p.Name, "response-")
		i := slices.IndexFunc(Kept, func(name string) bool { return strings.EqualFold(name, lower) })
		switch {
		case !ok || i < 0:
		case !r.Signed():
			o.Fault = Invalid("InvalidRequest",
				"Request specific response headers cannot be used for anonymous GET requests.")
			return o
		case strings.ContainsAny(p.Value, "\r\n"):
			o.Fault = Invalid("InvalidArgument", "The response header "+Kept[i]+" has a line break.")
			return o
		default:
			o.Headers = append(o.Headers, Field{Kept[i], p.Value})
		}
	}
	return o
}

// AES256 is the encryption that every object has, as S3 names it.
const AES256 = "AES256"

// CheckEncryption refuses every other way to encrypt an object. "" is none in particular.
func CheckEncryption(v string) error {
	switch v {
	case "", AES256:
		return nil
	case "aws:kms", "aws:kms:dsse":
		return NotImplemented("Server-side encryption with " + v +
			" (there is no key management service here: AES256 is every bucket's default)")
	}
	return Invalid("InvalidEncryptionAlgorithmError",
		"The encryption request you specified is not valid. The valid value is AES256.")
}
