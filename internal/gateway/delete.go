package gateway

import (
	"encoding/xml"
	"net/http"

	"granary"
	"granary/internal/audit"
	"granary/internal/backend"
	"granary/internal/guard"
	"granary/internal/s3req"
)

const maxDeleteKeys = 1000 // of one request

func (d deletes) object() (*response, error) {
	if err := d.version(d.req.Key, d.req.Version); err != nil {
		return nil, err
	}
	s, err := d.store()
	if err != nil {
		return nil, err
	}
	err = s.Delete(d.ctx, d.bucket.Place(), d.req.Key, s3req.Unquote(d.req.Conditions.IfMatch))
	return done(http.StatusNoContent, d.hide(err))
}

type deleted struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
}

type deleteError struct {
	Key           string
	VersionID     string `xml:"VersionId,omitempty"`
	Code, Message string
}

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	NS      string   `xml:"xmlns,attr"`
	Deleted []deleted
	Error   []deleteError
}

// objects removes many objects. Each is authorised by itself: one that is refused or fails does not touch the others.
// The first refusal is kept for the audit log.
func (d deletes) objects() (*response, error) {
	list := d.doc.Delete.Object
	if len(list) > maxDeleteKeys {
		return nil, s3req.ErrMalformedXML
	}
	s, err := d.store()
	if err != nil {
		return nil, err
	}
	out := deleteResult{NS: namespace}
	var removed []audit.Resource
	var denied error
	for _, o := range list {
		if err := d.deleteOne(s, o); err != nil {
			_, code, message, _ := words(err)
			out.Error = append(out.Error, deleteError{o.Key, o.VersionID, code, message})
			if denied == nil && granary.Is(err, granary.Denied) {
				denied = err
			}
			continue
		}
		arn := granary.ObjectARN(d.req.Bucket, o.Key)
		removed = append(removed, audit.Resource{Type: "AWS::S3::Object", ARN: string(arn)})
		if !d.doc.Delete.Quiet {
			out.Deleted = append(out.Deleted, deleted{o.Key, o.VersionID})
		}
	}
	r, err := xmlResponse(out)
	if err == nil {
		r.removed, r.denied = removed, denied
	}
	return r, err
}

// deleteOne decides on one object, and removes it if that is still allowed when it is removed.
func (d deletes) deleteOne(s backend.Store, o s3req.Deletion) error {
	now, err := d.now()
	if err != nil {
		return err
	}
	decided := d.known()
	if err := now.mayDelete(o); err != nil {
		return err
	}
	ctx := guard.With(d.ctx, d.guard(func() error {
		now, err := d.now()
		if err != nil || d.stands(decided) {
			return err
		}
		return now.mayDelete(o)
	}))
	err = s.Delete(ctx, d.bucket.Place(), o.Key, s3req.Unquote(o.ETag))
	return d.hideKey(err, d.req.Bucket, o.Key, false)
}

func (a *authority) mayDelete(o s3req.Deletion) error {
	if !s3req.ValidKey(o.Key) {
		return s3req.ErrKeyTooLong
	}
	for _, n := range a.req.NeedsOfDelete(o) {
		r := a.request(n)
		r.Repeated = true
		if err := a.decideRequest(r); err != nil {
			return err
		}
	}
	if o.VersionID == "" {
		return nil
	}
	return a.version(o.Key, &o.VersionID)
}
