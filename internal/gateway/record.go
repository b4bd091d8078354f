package gateway

import (
	"encoding/json"
	"net/http"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/seal"
)

// record writes the request to the audit log before the answer goes out. Requests that never proved who sent them have
// nobody to be recorded under.
func (q *request) record(failed error) error {
	if q.caller == nil || q.op == nil {
		return nil
	}
	e := &q.event
	e.EventVersion, e.EventTime = "1.11", q.in.Started.UTC().Format(time.RFC3339)
	e.EventSource, e.EventName, e.EventType = "s3.amazonaws.com", q.op.name, "AwsApiCall"
	e.EventID, e.RequestID, e.AWSRegion, e.UserAgent = granary.TimedUUID(q.Now()), q.in.RequestID, q.Region, q.env.UserAgent
	e.ReadOnly, e.ManagementEvent, e.EventCategory = q.op.readOnly, q.op.manage, "Data"
	if q.op.manage {
		e.EventCategory = "Management"
	}
	if q.env.Source.IsValid() {
		e.SourceIPAddress = q.env.Source.Unmap().String()
	}
	e.UserIdentity = awsapi.IdentityOf(q.caller)
	e.RecipientAccountID = string(q.caller.Account)
	parameters := map[string]string{"Host": q.http.Host}
	if q.name != "" {
		parameters["bucketName"] = q.name
		r := audit.Resource{Type: "AWS::S3::Bucket", ARN: string(granary.BucketARN(q.name))}
		if q.bucket != nil {
			r.AccountID = string(q.bucket.Owner)
			e.RecipientAccountID = string(q.bucket.Owner)
		}
		e.Resources = append(e.Resources, r)
	}
	if q.key != "" {
		parameters["key"] = q.key
		e.Resources = append(e.Resources, audit.Resource{Type: "AWS::S3::Object", ARN: string(granary.ObjectARN(q.name, q.key))})
	}
	for _, name := range []string{"prefix", "uploadId", "partNumber"} {
		if v := q.query.Get(name); v != "" {
			parameters[name] = v
		}
	}
	e.RequestParameters, _ = json.Marshal(parameters)
	if s := q.caller.Scope(); s != nil {
		e.AdditionalEventData, _ = json.Marshal(map[string]string{"accessGrantsInstanceArn": string(s.Instance()), "accessGrantId": string(s.Grant)})
	}
	status := http.StatusOK
	if failed != nil {
		status, e.ErrorCode, e.ErrorMessage, _ = words(failed)
	}
	if q.caller.Kind == policy.Anonymous && failed != nil {
		return nil // anybody could fill the log with these
	}
	switch {
	case status >= http.StatusBadRequest:
		e.Decision = awsapi.DecisionOf(failed, q.denied, q.caller)
	case q.partly != nil && q.caller.Kind != policy.Anonymous:
		e.Decision = awsapi.DecisionOf(q.partly, q.denied, q.caller)
	}
	return q.Audit.Record(e)
}

// decisionID answers a refusal with the id it can be explained by: its event's, or where there is none a sealed note.
func (q *request) decisionID(h http.Header, status int, err error) {
	if q.event.Decision != nil {
		h.Set(awsapi.DecisionHeader, q.event.EventID)
		return
	}
	why := awsapi.WhyOf(err)
	if why == nil || status < http.StatusBadRequest {
		return
	}
	_, code, message, _ := words(err)
	f := &granary.Refusal{At: q.in.Started.UTC(), Service: "s3", Code: code, Message: message, Link: why.Link, Cause: why.Cause, KeyID: awsapi.KeyID(q.http),
		Bucket: q.name, Key: q.key, RequestID: q.in.RequestID}
	if q.op != nil {
		f.Operation = q.op.name
	}
	if q.env.Source.IsValid() {
		f.SourceAddr = q.env.Source.Unmap().String()
	}
	h.Set(awsapi.DecisionHeader, seal.SealRefusal(q.Authz.Index.Ring(), f))
}
