package s3control_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// What the owner's resource policy opens to another account, and what it never does (access-grants §7).
func TestAnInstanceSharedWithAnotherAccount(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	other := worldtest.JoinAccount(t, c.World, worldtest.MakeAdministrator(t, c.World), "other")
	worldtest.MakeRole(t, c.World, other.Key, "reader", `{"Effect":"Allow","Principal":{"AWS":"`+other.ID+
		`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	worldtest.MakeRole(t, c.World, other.Key, "nobody", `{"Effect":"Allow","Principal":{"AWS":"`+other.ID+
		`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}`)
	reader := worldtest.Must[client.Key](t)(c.Assume(ctx, other.Key, other.Role("reader"), "reader", ""))
	nobody := worldtest.Must[client.Key](t)(c.Assume(ctx, other.Key, other.Role("nobody"), "nobody", ""))
	x := controlOf(c, reader)
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/shared/*",
		grantee(types.GranteeTypeIam, other.Role("reader"))))
	share := func(organization *string, principal string, actions ...string) {
		t.Helper()
		list, _ := json.Marshal(actions)
		worldtest.Must[*s3control.PutAccessGrantsInstanceResourcePolicyOutput](t)(
			root.PutAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &c.Account, Organization: organization,
					Policy: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":` +
						string(list) +
						`,"Resource":"` + root.instance() + `"}`))}))
	}
	prefix := "s3://" + corp.Bucket + "/shared/handbook.txt"
	five := map[string]func(x *control) error{
		"s3:GetDataAccess": func(x *control) error {
			_, err := x.GetDataAccess(ctx, &s3control.GetDataAccessInput{AccountId: &c.Account, Target: &prefix,
				Permission: "READ"})
			return err
		},
		"s3:ListCallerAccessGrants": func(x *control) error {
			out, err := x.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: &c.Account})
			if err == nil && len(out.CallerAccessGrantsList) != 1 {
				t.Errorf("%+v", out.CallerAccessGrantsList)
			}
			return err
		},
		"s3:ListAccessGrants": func(x *control) error {
			_, err := x.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: &c.Account})
			return err
		},
		"s3:ListAccessGrantsLocations": func(x *control) error {
			_, err := x.ListAccessGrantsLocations(ctx, &s3control.ListAccessGrantsLocationsInput{AccountId: &c.Account})
			return err
		},
		"s3:GetAccessGrantsInstanceForPrefix": func(x *control) error {
			out, err := x.GetAccessGrantsInstanceForPrefix(ctx,
				&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: &other.ID, S3Prefix: &prefix})
			if err == nil && *out.AccessGrantsInstanceArn != root.instance() {
				t.Errorf("%+v", out)
			}
			return err
		},
	}
	for action, do := range five {
		denied := func(x *control, why string) {
			t.Helper()
			if code, _ := errorOf(do(x)); code != "AccessDenied" {
				t.Errorf("%s %s: %v", action, why, do(x))
			}
		}
		for shared := range five { // each action is opened by itself and by nothing else
			if shared != action {
				share(nil, other.ID, shared)
				denied(x, "while only "+shared+" is shared")
			}
		}
		share(nil, other.ID, action)
		if err := do(x); err != nil {
			t.Errorf("%s, shared with the account: %v", action, err)
		}
		denied(controlOf(c, nobody), "without a policy of its own")
		share(nil, other.Role("nobody"), action)
		denied(x, "while shared with another role")
		share(aws.String("o-abcdefghij"), other.ID, action)
		denied(x, "while shared within another organization")
		org := aws.ToString(organizationOf(t, c.World))
		share(&org, other.ID, action)
		if err := do(x); err != nil {
			t.Errorf("%s, shared within the organization: %v", action, err)
		}
	}
	t.Run("nothing else is shared", func(t *testing.T) {
		share(nil, other.ID, "s3:GetDataAccess", "s3:ListAccessGrants", "s3:ListAccessGrantsLocations",
			"s3:ListCallerAccessGrants", "s3:GetAccessGrantsInstanceForPrefix")
		for _, s := range c.Server.Rows() {
			for _, r := range s.Rows {
				if s.Wire.Name != "s3control" || five["s3:"+r.Meta.Name] != nil {
					continue
				}
				q := worldtest.SampleRequest(c, s, &r)
				q.Key = &reader
				if a := worldtest.Send(t, c.World, q); a.Status != 403 || a.Code != "AccessDenied" ||
					!strings.Contains(a.Text, "only callers of account "+c.Account) {
					t.Errorf("%s: %d %s", r.Meta.Name, a.Status, a.Body)
				}
			}
		}
	})
	t.Run("the key is of the owner's role", func(t *testing.T) {
		key, _, err := c.Vend(ctx, reader, prefix, "READ")
		if err != nil {
			t.Fatal(err)
		}
		me := worldtest.Must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(c.AWS(key)).GetCallerIdentity(ctx,
			&sts.GetCallerIdentityInput{}))
		if *me.Account != c.Account ||
			!regexp.MustCompile(`^arn:aws:sts::`+c.Account+`:assumed-role/s3ag-location/access-grants-[0-9a-f-]{36}$`).
				MatchString(*me.Arn) {
			t.Errorf("%s", *me.Arn)
		}
		if text, err := c.Read(ctx, key, corp.Bucket, "shared/handbook.txt"); err != nil ||
			text != corp.Files["shared/handbook.txt"] {
			t.Errorf("%q %v", text, err)
		}
	})
	t.Run("strangers learn nothing of buckets", func(t *testing.T) {
		worldtest.Must[*s3control.DeleteAccessGrantsInstanceResourcePolicyOutput](t)(
			root.DeleteAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: &c.Account}))
		ask := func(bucket string, k *client.Key) worldtest.Answer {
			return worldtest.Send(t, c.World, worldtest.Request{Method: "GET",
				Path: "/v20180820/accessgrantsinstance/prefix?s3prefix=s3%3A%2F%2F" +
					bucket + "%2Fx", Service: "s3", Key: k, Header: map[string]string{"X-Amz-Account-Id": other.ID}})
		}
		for _, k := range []*client.Key{&reader, &nobody} {
			there, missing := ask(corp.Bucket, k), ask("larkspur-missing", k)
			if there.Status != 403 || there.Code != "AccessDenied" || strings.ReplaceAll(there.Text, corp.Bucket,
				"larkspur-missing") != missing.Text || len(there.Header) != len(missing.Header) ||
				strings.Contains(there.Body, c.Account) {
				t.Errorf("%d %v %s\n%d %v %s", there.Status, there.Header, there.Body, missing.Status, missing.Header, missing.Body)
			}
		}
	})
	t.Run("both find the events", func(t *testing.T) {
		for name, k := range map[string]client.Key{"owner": c.Root(), "caller": other.Key} {
			out := worldtest.Must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(c.AWS(k)).LookupEvents(ctx,
				&cloudtrail.LookupEventsInput{
					LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName,
						AttributeValue: aws.String("GetDataAccess")}}}))
			if len(out.Events) == 0 || !strings.Contains(*out.Events[0].CloudTrailEvent, other.Role("reader")) {
				t.Errorf("the %s finds %d events", name, len(out.Events))
			}
		}
	})
}

// Grants of a directory sleep while it is not associated, and so do the keys they vended (access-grants §8).
func TestDirectoryGrantsSleepWithoutTheirDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	target := "s3://" + corp.Bucket + "/finance/*"
	key, _, err := c.Vend(ctx, bearer, target, "READ")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ssoadmin.NewFromConfig(c.AWS(c.Root())).DeleteApplication(ctx,
		&ssoadmin.DeleteApplicationInput{ApplicationArn: worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(
			root.GetAccessGrantsInstance(ctx, &s3control.GetAccessGrantsInstanceInput{AccountId: &c.Account})).
			IdentityCenterApplicationArn})
	if err == nil {
		t.Error("the application of an association was deleted by itself")
	}
	before := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(root.ListAccessGrants(ctx,
		&s3control.ListAccessGrantsInput{AccountId: &c.Account}))
	application := worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(root.GetAccessGrantsInstance(ctx,
		&s3control.GetAccessGrantsInstanceInput{AccountId: &c.Account})).IdentityCenterApplicationArn
	worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(root.DissociateAccessGrantsIdentityCenter(ctx,
		&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &c.Account}))
	_, _, err = c.Vend(ctx, bearer, target, "READ")
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
	_, err = c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
	worldtest.Refused(t, err, "AccessDenied", "no longer associated")
	asleep := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(root.ListAccessGrants(ctx,
		&s3control.ListAccessGrantsInput{AccountId: &c.Account}))
	if len(asleep.AccessGrantsList) != len(before.AccessGrantsList) {
		t.Errorf("%d grants are listed, of %d", len(asleep.AccessGrantsList), len(before.AccessGrantsList))
	}
	_, err = root.grant(ctx, corp.Bucket+"/new/*", grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Alice]))
	worldtest.Refused(t, err, "InvalidIdentityCenterInstance", "")
	worldtest.Must[*s3control.AssociateAccessGrantsIdentityCenterOutput](t)(root.AssociateAccessGrantsIdentityCenter(ctx,
		&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: &c.Account, IdentityCenterArn: &c.Instance}))
	if _, _, err := c.Vend(ctx, bearer, target, "READ"); err != nil {
		t.Errorf("after the directory came back: %v", err)
	}
	if _, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
		t.Errorf("after the directory came back: %v", err)
	}
	after := worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(root.GetAccessGrantsInstance(ctx,
		&s3control.GetAccessGrantsInstanceInput{AccountId: &c.Account})).IdentityCenterApplicationArn
	if *after == *application {
		t.Error("the application of the first association came back from the dead")
	}
}

// What a location's role must trust Access Grants with, and what the vended session carries (access-grants §9.1).
func TestLocationRolesAreAssumedInTheCallersName(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	roles := iam.NewFromConfig(c.AWS(c.Root()))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/finance/*",
		grantee(types.GranteeTypeIam, c.WebApp)))
	worldtest.AllowRole(t, c, "webapp", `{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`)
	trusted := func(actions string, condition ...string) {
		t.Helper()
		s := `{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":` + actions
		if len(condition) > 0 {
			s += `,"Condition":` + condition[0]
		}
		worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(roles.UpdateAssumeRolePolicy(ctx,
			&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("s3ag-location"),
				PolicyDocument: aws.String(worldtest.Policy(s + "}"))}))
	}
	worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(roles.UpdateAssumeRolePolicy(ctx,
		&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("webapp"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + c.Account +
				`:user/machine"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}`))}))
	worldtest.Must[*iam.PutUserPolicyOutput](t)(roles.PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: aws.String("machine"),
			PolicyName:     aws.String("p"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Action":"sts:*","Resource":"*"}`))}))
	plain := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "plain", ""))
	out := worldtest.Must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(c.AWS(c.Machine)).AssumeRole(ctx,
		&sts.AssumeRoleInput{RoleArn: &c.WebApp, RoleSessionName: aws.String("named"), SourceIdentity: aws.String("carol")}))
	named := client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}
	person := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	vend := func(k client.Key) error {
		_, _, err := c.Vend(ctx, k, "s3://"+corp.Bucket+"/finance/x", "READ")
		return err
	}
	source := func(account, arn string) string {
		return `{"StringEquals":{"aws:SourceAccount":"` + account + `"},"ArnLike":{"aws:SourceArn":"` + arn + `"}}`
	}
	for _, k := range []struct {
		name                 string
		trust                func()
		plain, named, person string // the action that is missing; "" vends
	}{
		{"AssumeRole alone", func() { trusted(`"sts:AssumeRole"`) }, "", "sts:SetSourceIdentity", "sts:SetContext"},
		{"with a source identity", func() { trusted(`["sts:AssumeRole","sts:SetSourceIdentity"]`) }, "", "",
			"sts:SetContext"},
		{"with a context", func() { trusted(`["sts:AssumeRole","sts:SetContext"]`) }, "", "sts:SetSourceIdentity", ""},
		{"of another account", func() { trusted(`"sts:*"`, source("444455556666", "*")) }, "sts:AssumeRole", "sts:AssumeRole",
			"sts:AssumeRole"},
		{"of another instance", func() {
			trusted(`"sts:*"`, source(c.Account, "arn:aws:s3:eu-west-9:"+c.Account+":access-grants/default"))
		}, "sts:AssumeRole", "sts:AssumeRole", "sts:AssumeRole"},
		{"of this one", func() { trusted(`"sts:*"`, source(c.Account, root.instance())) }, "", "", ""},
		{"from another provider", func() {
			trusted(`"sts:*"`,
				`{"ForAllValues:ArnEquals":{"sts:RequestContextProviders":"arn:aws:iam::aws:contextProvider/Other"}}`)
		}, "", "", "sts:"},
		{"for another name", func() { trusted(`"sts:*"`, `{"StringEqualsIfExists":{"sts:SourceIdentity":"dave"}}`) }, "",
			"sts:", ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			k.trust()
			for who, x := range map[string]struct {
				key  client.Key
				want string
			}{"plain": {plain, k.plain}, "named": {named, k.named}, "person": {person, k.person}} {
				err := vend(x.key)
				if x.want == "" {
					if err != nil {
						t.Errorf("%s: %v", who, err)
					}
					continue
				}
				var e smithy.APIError
				if !errors.As(err, &e) || e.ErrorCode() != "StsNotAuthorizedError" ||
					!strings.HasPrefix(e.ErrorMessage(), "User: access-grants.s3.amazonaws.com is not authorized to perform: "+
						x.want) || !strings.HasSuffix(e.ErrorMessage(), " on resource: "+c.Location) {
					t.Errorf("%s: %v", who, err)
				}
			}
		})
	}
	trusted(`"sts:*"`)
	key, _, err := c.Vend(ctx, named, "s3://"+corp.Bucket+"/finance/x", "READ")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
		t.Fatal(err)
	}
	log := worldtest.AuditLog(t, c.World)
	var vends, assumptions int
	for line := range strings.Lines(log) {
		var e struct {
			EventName, RequestID, SharedEventID, ErrorCode string
			UserIdentity                                   struct {
				InvokedBy      string
				SessionContext struct{ SourceIdentity string }
			}
			RequestParameters   map[string]any
			AdditionalEventData map[string]any
			Resources           []map[string]string
			ReadOnly            bool
			EventCategory       string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.EventName == "GetDataAccess":
			if e.ErrorCode == "" {
				vends++
			}
			if e.RequestParameters["Host"] == nil || e.RequestParameters["target"] == nil ||
				e.RequestParameters["permission"] != "READ" || e.RequestParameters["accountId"] != nil || len(e.Resources) != 1 ||
				e.Resources[0]["ARN"] != root.instance() ||
				e.Resources[0]["type"] != "AWS:S3::AccessGrantsInstance" || !e.ReadOnly || e.EventCategory != "Management" ||
				e.AdditionalEventData["SignatureVersion"] != "SigV4" ||
				e.AdditionalEventData["AuthenticationMethod"] != "AuthHeader" ||
				e.AdditionalEventData["x-amz-id-2"] == nil || e.AdditionalEventData["bytesTransferredOut"] == 0.0 {
				t.Errorf("%s", line)
			}
		case e.EventName == "AssumeRole" && e.UserIdentity.InvokedBy == "access-grants.s3.amazonaws.com":
			if assumptions++; e.SharedEventID != e.RequestID ||
				!strings.HasPrefix(e.RequestParameters["roleSessionName"].(string), "access-grants-") ||
				e.RequestParameters["roleArn"] != c.Location {
				t.Errorf("%s", line)
			}
		case e.EventName == "GetObject":
			if e.UserIdentity.SessionContext.SourceIdentity != "carol" {
				t.Errorf("the source identity does not reach the data: %s", line)
			}
		}
	}
	if vends == 0 || vends != assumptions {
		t.Errorf("%d vends and %d assumptions of the role", vends, assumptions)
	}
	worldtest.Must[*iam.DeleteRolePolicyOutput](t)(roles.DeleteRolePolicy(ctx,
		&iam.DeleteRolePolicyInput{RoleName: aws.String("s3ag-location"), PolicyName: aws.String("work")}))
	worldtest.Must[*iam.DeleteRoleOutput](t)(roles.DeleteRole(ctx,
		&iam.DeleteRoleInput{RoleName: aws.String("s3ag-location")}))
	worldtest.Refused(t, vend(plain), "StsNotAuthorizedError", "sts:AssumeRole on resource: "+c.Location)
	_, err = c.S3(key).GetObject(context.WithoutCancel(ctx), &s3.GetObjectInput{Bucket: aws.String(corp.Bucket),
		Key: aws.String("finance/2026-q3.csv")})
	worldtest.Refused(t, err, "AccessDenied", "was deleted")
}

// One role serves everybody's own area: its policy names the person, and is useless outside Access Grants
// (access-grants §9.5).
func TestLocationRolesKnowThePerson(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	own := func(login string) string { return "people/" + c.Users[login] + "/notes.txt" }
	for _, login := range []string{worldtest.Alice, worldtest.Grace} {
		worldtest.Must[*s3.PutObjectOutput](t)(c.S3(c.Root()).PutObject(ctx,
			&s3.PutObjectInput{Bucket: aws.String(corp.Bucket),
				Key: aws.String(own(login)), Body: strings.NewReader(login)}))
		worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/people/*",
			grantee(types.GranteeTypeDirectoryUser, c.Users[login])))
	}
	worldtest.Must[*iam.PutRolePolicyOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).PutRolePolicy(ctx,
		&iam.PutRolePolicyInput{RoleName: aws.String("s3ag-location"), PolicyName: aws.String("work"),
			PolicyDocument: aws.String(worldtest.Policy(
				`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + corp.Bucket +
					`/people/${identitystore:UserId}/*"},` +
					`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + corp.Bucket +
					`","Condition":{"StringLikeIfExists":{"s3:prefix":["people/${identitystore:UserId}",` +
					`"people/${identitystore:UserId}/*"]}}},` +
					`{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnNotEquals":{"s3:AccessGrantsInstanceArn":"` +
					root.instance() + `"},"StringNotEquals":{"aws:ResourceAccount":"444455556666"}}}`))}))
	list := func(k client.Key, prefix string) error {
		_, err := c.S3(k).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(corp.Bucket), Prefix: &prefix})
		return err
	}
	for me, other := range map[string]string{worldtest.Alice: worldtest.Grace, worldtest.Grace: worldtest.Alice} {
		key, out, err := c.Vend(ctx, worldtest.Must[client.Key](t)(c.As(ctx, me)), "s3://"+corp.Bucket+"/people/*", "READ")
		if err != nil || *out.MatchedGrantTarget != "s3://"+corp.Bucket+"/people/*" {
			t.Fatalf("%+v %v", out, err)
		}
		if text, err := c.Read(ctx, key, corp.Bucket, own(me)); err != nil || text != me {
			t.Errorf("%s reads her own: %q %v", me, text, err)
		}
		_, err = c.Read(ctx, key, corp.Bucket, own(other))
		worldtest.Refused(t, err, "AccessDenied", "no identity-based policy allows")
		if err := list(key, "people/"+c.Users[me]+"/"); err != nil {
			t.Errorf("%s lists her own: %v", me, err)
		}
		worldtest.Refused(t, list(key, "people/"+c.Users[other]+"/"), "AccessDenied", "s3:ListBucket")
		worldtest.Refused(t, list(key, "people/"), "AccessDenied", "s3:ListBucket")
	}
	worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).UpdateAssumeRolePolicy(ctx,
		&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("s3ag-location"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + c.WebApp +
				`"},"Action":"sts:AssumeRole"}`))}))
	worldtest.AllowRole(t, c, "webapp", `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`)
	direct := worldtest.Must[client.Key](t)(c.Assume(ctx,
		worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", "")),
		c.Location, "direct", ""))
	_, err := c.Read(ctx, direct, corp.Bucket, own(worldtest.Alice))
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
}

func organizationOf(t *testing.T, w *world.World) *string {
	t.Helper()
	return worldtest.Must[*organizations.DescribeOrganizationOutput](t)(organizations.NewFromConfig(w.AWS(w.Root())).
		DescribeOrganization(t.Context(), nil)).Organization.Id
}
