package gateway

import (
	"encoding/xml"

	"granary"
	"granary/internal/audit"
	"granary/internal/authz"
)

const (
	maxDelete     = 2 << 20 // bytes of the document
	maxDeleteKeys = 1000
)

type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Object  []struct {
		Key       string
		VersionID string `xml:"VersionId"`
		ETag      string
	}
}

type deleted struct{ Key string }

type deleteError struct{ Key, Code, Message string }

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	NS      string   `xml:"xmlns,attr"`
	Deleted []deleted
	Error   []deleteError
}

var errMalformed = granary.Errorf(granary.Invalid, "The XML you provided was not well-formed or did not validate against our published schema").WithCode("MalformedXML")

// deleteObjects removes many, each authorised by itself: one that is refused or fails does not touch the others. Of those that are
// refused the first is explained.
func (q *request) deleteObjects() (*response, error) {
	b, err := q.newBody()
	if err != nil {
		return nil, err
	}
	if b.md5 == nil && b.sum == nil {
		return nil, badRequest("InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	text, err := q.small(maxDelete)
	if err != nil {
		return nil, err
	}
	var in deleteRequest
	if err := parseXML(text, &in); err != nil || len(in.Object) == 0 || len(in.Object) > maxDeleteKeys {
		return nil, errMalformed
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	out := deleteResult{NS: namespace}
	var denied *authz.Decision
	for _, o := range in.Object {
		err := q.deleteOne(o.Key, o.VersionID, o.ETag != "")
		if err == nil {
			err = s.Delete(q.ctx, remote(q.bucket), o.Key, unquote(o.ETag))
			q.event.Resources = append(q.event.Resources, audit.Resource{Type: "AWS::S3::Object", ARN: string(granary.ObjectARN(q.name, o.Key))})
		}
		if err != nil {
			_, code, message, _ := words(err)
			out.Error = append(out.Error, deleteError{o.Key, code, message})
			if q.partly == nil && granary.Is(err, granary.Denied) {
				q.partly, denied = err, q.denied
			}
		} else if !in.Quiet {
			out.Deleted = append(out.Deleted, deleted{o.Key})
		}
	}
	q.denied = denied
	return xmlResponse(out)
}

func (q *request) deleteOne(key, version string, conditional bool) error {
	if key == "" || len(key) > 1024 {
		return badRequest("KeyTooLongError", "Your key is too long")
	}
	if version != "" && version != "null" {
		if err := q.decide(q.on("s3:DeleteObjectVersion", q.name, q.bucket, key)); err != nil {
			return err
		}
		return notImplemented("Deleting a version")
	}
	if conditional {
		if err := q.decide(q.on("s3:GetObject", q.name, q.bucket, key)); err != nil {
			return err
		}
	}
	return q.decide(q.on("s3:DeleteObject", q.name, q.bucket, key))
}
