package s3control

import (
	"encoding/json"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

const (
	defaultDuration = 3600 // seconds
	minDuration     = 900
	maxDuration     = 43200
)

func checkDuration(d *int64) error {
	if d != nil && (*d < minDuration || *d > maxDuration) {
		return granary.Errorf(granary.Invalid, "durationSeconds must be between %d and %d, and is %d.", minDuration, maxDuration, *d)
	}
	return nil
}

// getDataAccess vends a key that opens what the narrowest matching grant covers (access-grants §5 and §9).
func (s *service) getDataAccess(c *awsapi.Call, in *api.GetDataAccessInput) (*api.GetDataAccessOutput, error) {
	target, err := grants.ParseTarget(in.Target, in.TargetType == "Object")
	if err != nil {
		return nil, err
	}
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	asked, _ := granary.ParsePermission(in.Permission)
	ids, app := s.identities(c, i)
	m, ok := i.Grants.Match(ids, app, target, asked)
	if !ok {
		return nil, granary.Errorf(granary.Denied, "You do not have %s permissions to the requested S3 Prefix: %s", in.Permission, in.Target)
	}
	location, ok := i.Location(m.Location)
	if !ok {
		return nil, errNoLocation // deleted this moment, with its grants
	}
	role, err := s.locationRole(c, i, location)
	if err != nil {
		return nil, err
	}
	lifetime := int64(defaultDuration)
	if in.DurationSeconds != nil {
		lifetime = *in.DurationSeconds
	}
	if lifetime > int64(role.MaxSession) {
		return nil, granary.Errorf(granary.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.").WithCode("StsValidationError")
	}
	scope := grants.SessionScope(m, target, in.Privilege == "Minimal", asked)
	scope.GrantAccount, scope.Region = c.Account, c.Region
	session := &granary.Session{Account: role.Account, RoleID: role.ID, RoleARN: role.ARN, Name: "access-grants-" + granary.UUID(),
		SourceIdentity: sourceIdentity(c), Context: c.Caller.OnBehalfOf(), Scope: &scope}
	k := s.Authn.Issue(session, time.Duration(lifetime)*time.Second)
	c.Event.Resources = []audit.Resource{{AccountID: string(c.Account), Type: "AWS:S3::AccessGrantsInstance", ARN: string(i.ARN)}}
	recordAssumption(c, session, lifetime)
	return &api.GetDataAccessOutput{
		Credentials:        &api.Credentials{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token, Expiration: k.Expires},
		Grantee:            granteeShape(m.Grantee),
		MatchedGrantTarget: grants.MatchedTarget(scope),
	}, nil
}

func sourceIdentity(c *awsapi.Call) string {
	if c.Caller.Session == nil {
		return ""
	}
	return c.Caller.Session.SourceIdentity
}

// locationRole is the role of a location, after its trust policy has let Access Grants assume it in this caller's name.
func (s *service) locationRole(c *awsapi.Call, i *index.GrantsInstance, l *granary.Location) (*index.Role, error) {
	role, ok := s.Index.Role(l.Role)
	if !ok {
		return nil, notTrusted("sts:AssumeRole", l.Role)
	}
	keys := policy.Values{"aws:sourceaccount": {string(c.Account)}, "aws:sourcearn": {string(i.ARN)}}
	actions := []string{"sts:AssumeRole"}
	if c.Caller.OnBehalfOf() != nil {
		actions = append(actions, "sts:SetContext")
		keys["sts:requestcontextproviders"] = []string{string(granary.ContextProviderARN)}
	}
	if id := sourceIdentity(c); id != "" {
		actions = append(actions, "sts:SetSourceIdentity")
		keys["sts:sourceidentity"] = []string{id}
	}
	for _, action := range actions {
		if !s.trusts(c, role, action, keys) {
			return nil, notTrusted(action, l.Role)
		}
	}
	return role, nil
}

// trusts asks the trust policy. AWS's own sample writes the instance's ARN without its Region: such a policy is met too,
// unless it denies.
func (s *service) trusts(c *awsapi.Call, role *index.Role, action string, keys policy.Values) bool {
	r := authz.Request{Action: action, Resource: string(role.ARN), Owner: role.Account, Policy: role.Trust, Trust: true, Keys: keys}
	d := s.Authz.DecideService(vendingService, &c.Env, r)
	if d.Allowed || d.Explicit {
		return d.Allowed
	}
	r.Keys = policy.Values{}
	for k, v := range keys {
		r.Keys[k] = v
	}
	r.Keys["aws:sourcearn"] = []string{strings.Replace(keys["aws:sourcearn"][0], ":s3:"+c.Region+":", ":s3::", 1)}
	return s.Authz.DecideService(vendingService, &c.Env, r).Allowed
}

func notTrusted(action string, role granary.ARN) error {
	return granary.Errorf(granary.Denied, "User: %s is not authorized to perform: %s on resource: %s", vendingService, action, role).WithCode("StsNotAuthorizedError")
}

// recordAssumption is the event of the service assuming the role, beside the caller's own (access-grants §10).
func recordAssumption(c *awsapi.Call, s *granary.Session, lifetime int64) {
	parameters := map[string]any{"roleArn": s.RoleARN, "roleSessionName": s.Name, "durationSeconds": lifetime}
	if s.SourceIdentity != "" {
		parameters["sourceIdentity"] = s.SourceIdentity
	}
	e := &audit.Event{UserIdentity: &audit.UserIdentity{Type: "AWSService", InvokedBy: vendingService}, EventSource: "sts.amazonaws.com",
		EventName: "AssumeRole", ReadOnly: true, ManagementEvent: true, EventCategory: "Management", RecipientAccountID: string(s.Account),
		SourceIPAddress: vendingService, SharedEventID: c.RequestID, Resources: []audit.Resource{{AccountID: string(s.Account), Type: "AWS::IAM::Role", ARN: string(s.RoleARN)}}}
	e.RequestParameters, _ = json.Marshal(parameters)
	e.ResponseElements, _ = json.Marshal(map[string]any{"credentials": map[string]string{"accessKeyId": s.AccessKeyID, "expiration": s.Expires.Format(time.RFC3339)},
		"assumedRoleUser": map[string]string{"assumedRoleId": s.RoleID + ":" + s.Name}})
	c.Record(e)
}
