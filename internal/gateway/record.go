package gateway

import (
	"encoding/json"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/policy"
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
	e.EventID, e.RequestID, e.AWSRegion, e.UserAgent = granary.UUID(), q.in.RequestID, q.Region, q.env.UserAgent
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
	if failed != nil {
		_, e.ErrorCode, e.ErrorMessage, _ = words(failed)
	}
	if q.caller.Kind == policy.Anonymous && failed != nil {
		return nil // anybody could fill the log with these
	}
	return q.Audit.Record(e)
}
