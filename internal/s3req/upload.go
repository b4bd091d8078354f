package s3req

import (
	"slices"
	"strconv"
	"strings"
)

const maxParts = 10000 // of an upload

// Upload is what names a multipart upload and a part of it, or begins an upload.
type Upload struct {
	ID   string // "" when the request begins the upload
	Part int    // 1 to 10000; 0 when the request names none

	Algorithm    string // of the checksums of the parts; "" when none is announced
	ChecksumType string // FULL_OBJECT or COMPOSITE; "" when the request does not say
	// Given is what the request that begins an upload says of the object, by header name: policies test it on the parts
	// too.
	Given map[string]string
}

// Whole is what a client says of an object that is made of parts.
type Whole struct {
	Algorithm    string // of the checksum; "" when there is none
	Sum          string // base64
	ChecksumType string // "" when the client does not say
	Size         *int64 // bytes; nil when the client does not say
}

// algorithms are the checksums that are verified, stored and told again, with the bytes of their sums.
var algorithms = []struct {
	name string
	size int
}{{"CRC32", 4}, {"CRC32C", 4}, {"CRC64NVME", 8}, {"SHA1", 20}, {"SHA256", 32}}

func knownAlgorithm(name string) bool {
	for _, a := range algorithms {
		if a.name == name {
			return true
		}
	}
	return false
}

var errOneChecksum = Invalid("InvalidRequest",
	"Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")

func parseCreateUpload(r *Request) error {
	if err := r.parseObject(); err != nil {
		return err
	}
	u := Upload{Algorithm: strings.ToUpper(r.header.Get("X-Amz-Checksum-Algorithm")), Given: r.given(),
		ChecksumType: strings.ToUpper(r.header.Get("X-Amz-Checksum-Type"))}
	if u.Algorithm != "" && !knownAlgorithm(u.Algorithm) {
		return Invalid("InvalidRequest", "Checksum algorithm provided is unsupported."+
			" Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	r.Upload = u
	return checkChecksumType(u.Algorithm, u.ChecksumType)
}

var checksumTypes = []string{"", "FULL_OBJECT", "COMPOSITE"}

// checkChecksumType refuses a type of checksum that an algorithm does not have (S3 User Guide, "Checking object
// integrity").
func checkChecksumType(algorithm, kind string) error {
	sha := strings.HasPrefix(algorithm, "SHA")
	switch {
	case !slices.Contains(checksumTypes, kind):
		return Invalid("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
	case kind == "FULL_OBJECT" && sha, kind == "COMPOSITE" && algorithm == "CRC64NVME", kind != "" && algorithm == "":
		return Invalid("InvalidRequest", "The "+kind+" checksum type cannot be used with the "+strings.ToLower(algorithm)+
			" checksum algorithm.")
	}
	return nil
}

func parseUploadID(r *Request) error {
	r.Upload.ID = r.query.Get("uploadId")
	return nil
}

func parseUploadPart(r *Request) (err error) {
	r.Upload.ID = r.query.Get("uploadId")
	r.Upload.Part, err = parsePartNumber(r.query.Get("partNumber"))
	return err
}

func parsePartNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxParts {
		return 0, Invalid("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

// parseComplete reads what the client says the whole object is.
func parseComplete(r *Request) error {
	r.Upload.ID = r.query.Get("uploadId")
	w := &r.Whole
	for _, a := range algorithms {
		if v := r.header.Get("X-Amz-Checksum-" + a.name); v != "" {
			if w.Algorithm != "" {
				return errOneChecksum
			}
			w.Algorithm, w.Sum = a.name, v
		}
	}
	w.ChecksumType = strings.ToUpper(r.header.Get("X-Amz-Checksum-Type"))
	if !slices.Contains(checksumTypes, w.ChecksumType) {
		return Invalid("InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
	}
	if text := r.header.Get("X-Amz-Mp-Object-Size"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return Invalid("InvalidRequest", "Value for x-amz-mp-object-size header is invalid.")
		}
		w.Size = &n
	}
	return r.parseWriteConditions()
}
