package s3control

import (
	"encoding/json"
	"time"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/grants"
)

// The shortest and the longest life of a key that can be asked for, in seconds.
const (
	minDuration = 900
	maxDuration = 43200
)

func checkDuration(d *int64) error {
	if d != nil && (*d < minDuration || *d > maxDuration) {
		return granary.Errorf(granary.Invalid, "durationSeconds must be between %d and %d, and is %d.", minDuration,
			maxDuration, *d)
	}
	return nil
}

// checkAuditContext is the pattern of the model, which Go's regular expressions cannot say: printable characters and
// tabs.
func checkAuditContext(s string) error {
	for _, r := range s {
		if r < ' ' && r != '\t' || r == '\ufffe' || r == '\uffff' {
			return granary.Errorf(granary.Invalid, "The auditContext has a control character, %U.", r)
		}
	}
	return nil
}

// maxToken keeps session tokens within the headers that clients and proxies take, in bytes.
const maxToken = 8 << 10

// getDataAccess vends a key that opens what the narrowest matching grant covers (access-grants §5 and §9).
func (s accessGrants) getDataAccess(c *awsapi.Call, in *api.GetDataAccessInput) (*api.GetDataAccessOutput, error) {
	target, err := grants.ParseTarget(in.Target, in.TargetType == "Object")
	if err != nil {
		return nil, err
	}
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	q := access.DataRequest{Caller: c.Caller, Env: &c.Env, Instance: i, Target: target, TargetText: in.Target,
		Minimal: in.Privilege == "Minimal"}
	q.Permission, _ = granary.ParsePermission(in.Permission)
	if in.DurationSeconds != nil {
		q.Duration = *in.DurationSeconds
	}
	v, err := access.Vend(s.Authz, &q, nil)
	if err != nil {
		return nil, err
	}
	session := v.Session(c.Caller, "access-grants-"+granary.UUID())
	k := s.Authn.Issue(session, v.Lifetime)
	if len(k.Token) > maxToken {
		return nil, granary.Errorf(granary.Invalid, "Serialized token too large for session").
			WithCode("StsPackedPolicyTooLargeError")
	}
	recordAssumption(c, session, v.Lifetime)
	return &api.GetDataAccessOutput{
		Credentials: &api.Credentials{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token,
			Expiration: k.Expires},
		Grantee:            granteeShape(v.Match.Grantee),
		MatchedGrantTarget: grants.MatchedTarget(v.Scope),
	}, nil
}

// recordAssumption records the event of the service assuming the role, beside the caller's own event (access-grants
// §10).
func recordAssumption(c *awsapi.Call, s *granary.Session, lifetime time.Duration) {
	parameters := map[string]any{"roleArn": s.RoleARN, "roleSessionName": s.Name,
		"durationSeconds": int64(lifetime.Seconds())}
	if s.SourceIdentity != "" {
		parameters["sourceIdentity"] = s.SourceIdentity
	}
	e := &audit.Event{UserIdentity: &audit.UserIdentity{Type: "AWSService", InvokedBy: access.VendingService},
		EventSource: "sts.amazonaws.com",
		EventName:   "AssumeRole", ReadOnly: true, ManagementEvent: true, EventCategory: "Management",
		RecipientAccountID: string(s.Account),
		SourceIPAddress:    access.VendingService, SharedEventID: c.RequestID,
		Resources: []audit.Resource{{AccountID: string(s.Account), Type: "AWS::IAM::Role", ARN: string(s.RoleARN)}}}
	e.RequestParameters, _ = json.Marshal(parameters)
	e.ResponseElements, _ = json.Marshal(map[string]any{"credentials": map[string]string{"accessKeyId": s.AccessKeyID,
		"expiration": s.Expires.Format(time.RFC3339)},
		"assumedRoleUser": map[string]string{"assumedRoleId": s.RoleID + ":" + s.Name}})
	c.Record(e)
}
