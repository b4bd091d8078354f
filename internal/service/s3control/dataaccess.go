package s3control

import (
	"encoding/json"
	"strconv"
	"time"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/audit"
	"granary/internal/awsapi"
	"granary/internal/grants"
)

const (
	defaultDuration = 3600 // seconds
	minDuration     = 900
	maxDuration     = 43200
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
	asked, _ := granary.ParsePermission(in.Permission)
	ids, app := access.Identities(s.Index, c.Caller, i)
	m, ok := i.Grants.Match(ids, app, target, asked)
	if !ok {
		e := granary.Errorf(granary.Denied, "You do not have %s permissions to the requested S3 Prefix: %s", in.Permission,
			in.Target)
		e.Why = access.WhyNoGrant(s.Index, c.Caller, i, ids, target, asked)
		return nil, e
	}
	location, ok := i.Location(m.Location)
	if !ok {
		return nil, errNoLocation // deleted this moment, with its grants
	}
	role, err := access.LocationRole(s.Authz, c.Caller, &c.Env, i, location)
	if err != nil {
		return nil, err
	}
	lifetime := int64(defaultDuration)
	if in.DurationSeconds != nil {
		lifetime = *in.DurationSeconds
	}
	if lifetime > int64(role.MaxSession) {
		return nil, granary.Errorf(granary.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for "+
			"this role.").WithCode("StsValidationError").
			At("duration", "too-long", "role", string(role.ARN), "asked", strconv.FormatInt(lifetime, 10), "limit",
				strconv.Itoa(role.MaxSession))
	}
	scope := grants.SessionScope(m, target, in.Privilege == "Minimal", asked)
	scope.GrantAccount, scope.Region = c.Account, c.Region
	session := &granary.Session{Account: role.Account, RoleID: role.ID, RoleARN: role.ARN,
		Name:           "access-grants-" + granary.UUID(),
		SourceIdentity: access.SourceIdentity(c.Caller), Context: c.Caller.OnBehalfOf(), Scope: &scope}
	k := s.Authn.Issue(session, time.Duration(lifetime)*time.Second)
	if len(k.Token) > maxToken {
		return nil, granary.Errorf(granary.Invalid, "Serialized token too large for session").
			WithCode("StsPackedPolicyTooLargeError")
	}
	recordAssumption(c, session, lifetime)
	return &api.GetDataAccessOutput{
		Credentials: &api.Credentials{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token,
			Expiration: k.Expires},
		Grantee:            granteeShape(m.Grantee),
		MatchedGrantTarget: grants.MatchedTarget(scope),
	}, nil
}

// recordAssumption is the event of the service assuming the role, beside the caller's own (access-grants §10).
func recordAssumption(c *awsapi.Call, s *granary.Session, lifetime int64) {
	parameters := map[string]any{"roleArn": s.RoleARN, "roleSessionName": s.Name, "durationSeconds": lifetime}
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
