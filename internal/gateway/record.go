package gateway

import (
	"encoding/json"

	"granary"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/front"
	"granary/internal/policy"
)

// events returns what the audit log keeps of the request. Requests whose sender was never known have nobody to be
// recorded under, and anybody could fill the log with refusals of anonymous ones. resp is nil when the request failed.
func (x *exchange) events(resp *response, failed error) []*audit.Event {
	op := x.req.Operation
	if x.caller == nil || op == nil || x.caller.Kind == policy.Anonymous && failed != nil {
		return nil
	}
	e := &audit.Event{EventSource: "s3.amazonaws.com", EventName: op.Event, AWSRegion: x.Region,
		ReadOnly: op.ReadOnly, ManagementEvent: op.Manage, EventCategory: "Data",
		UserIdentity: awsapi.IdentityOf(x.caller), RecipientAccountID: string(x.caller.Account)}
	if op.Manage {
		e.EventCategory = "Management"
	}
	if resp != nil {
		e.Resources = resp.removed
		e.FreeForAll = resp.denied != nil && len(resp.removed) == 0 // a list of keys, each of which was refused
	}
	parameters := map[string]string{"Host": x.in.HTTP.Host}
	if name := x.req.Bucket; name != "" {
		parameters["bucketName"] = name
		r := audit.Resource{Type: "AWS::S3::Bucket", ARN: string(granary.BucketARN(name))}
		if x.bucket != nil {
			r.AccountID = string(x.bucket.Owner)
			e.RecipientAccountID = string(x.bucket.Owner)
		}
		e.Resources = append(e.Resources, r)
	}
	if key := x.req.Key; key != "" {
		parameters["key"] = key
		e.Resources = append(e.Resources, audit.Resource{Type: "AWS::S3::Object",
			ARN: string(granary.ObjectARN(x.req.Bucket, key))})
	}
	for _, name := range []string{"prefix", "uploadId", "partNumber"} {
		if v := x.req.Param(name); v != "" {
			parameters[name] = v
		}
	}
	e.RequestParameters, _ = json.Marshal(parameters)
	if s := x.caller.Scope(); s != nil {
		e.AdditionalEventData, _ = json.Marshal(map[string]string{"accessGrantsInstanceArn": string(s.Instance()),
			"accessGrantId": string(s.Grant)})
	}
	if resp != nil && resp.denied != nil && x.caller.Kind != policy.Anonymous {
		e.Decision = front.DecisionOf(resp.denied, decisionOf(resp.denied), x.caller)
	}
	return []*audit.Event{e}
}
