package explain_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/front"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// From the sign-in to the object, each link is broken and explained; what would mend it is said; mended, it is said
// that it would be allowed now, and it is.
func TestEachLinkIsExplainedAndMended(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := c.AWS(c.Root())
	sso, grants, x := ssoadmin.NewFromConfig(root), s3control.NewFromConfig(root), iam.NewFromConfig(root)
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	exchange := func(login string) error {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, login))
		_, err := c.Exchange(ctx, app, token)
		return err
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Error("mended, and refused:", err)
		}
	}

	t.Run("assignment", func(t *testing.T) {
		worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
			sso.PutApplicationAssignmentConfiguration(ctx,
				&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
					AssignmentRequired: aws.Bool(true)}))
		id := worldtest.DecisionID(t, exchange(worldtest.Hugo))
		worldtest.BrokenAt(t, c.World, id, "assignment", "create-application-assignment --application-arn "+c.Application+
			" --principal-type USER --principal-id "+c.Users[worldtest.Hugo], "REFUSED")
		worldtest.Must[*ssoadmin.CreateApplicationAssignmentOutput](t)(sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: &c.Application,
				PrincipalId:   aws.String(c.Users[worldtest.Hugo]),
				PrincipalType: ssotypes.PrincipalTypeUser}))
		worldtest.BrokenAt(t, c.World, id, "assignment", "", "ALLOWED")
		ok(exchange(worldtest.Hugo))
		worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
			sso.PutApplicationAssignmentConfiguration(ctx,
				&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
					AssignmentRequired: aws.Bool(false)}))
	})
	t.Run("user", func(t *testing.T) {
		id := worldtest.DecisionID(t, exchange(worldtest.Erin))
		worldtest.BrokenAt(t, c.World, id, "user", "active to true", "REFUSED")
		if err := c.SetActive(ctx, worldtest.Erin, true); err != nil {
			t.Fatal(err)
		}
		worldtest.BrokenAt(t, c.World, id, "user", "", "ALLOWED")
		ok(exchange(worldtest.Erin))
	})
	t.Run("token used twice", func(t *testing.T) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		if _, err := c.Exchange(ctx, app, token); err != nil {
			t.Fatal(err)
		}
		_, err := c.Exchange(ctx, app, token)
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "replay", "sign in again", "UNKNOWN")
	})
	t.Run("token, issuer and audience", func(t *testing.T) {
		for link, change := range map[string]func(map[string]any){
			"token":    func(m map[string]any) { m["exp"] = time.Now().Add(-time.Hour).Unix() },
			"issuer":   func(m map[string]any) { m["iss"] = "https://elsewhere.example" },
			"audience": func(m map[string]any) { m["aud"] = "another" },
			"user":     func(m map[string]any) { m["preferred_username"] = "stranger@larkspur.example" },
		} {
			audience := corp.ClientID
			token := worldtest.Must[string](t)(c.Provider.Issue(worldtest.Alice, audience, change))
			_, err := c.Exchange(ctx, app, token)
			now := map[string]string{"token": "UNKNOWN", "audience": "UNKNOWN"}[link]
			if now == "" {
				now = "REFUSED"
			}
			e := worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), link, "", now)
			if strings.Contains(e.ErrorMessage+e.NowDetail, token) {
				t.Error("the token is told")
			}
		}
	})
	t.Run("application", func(t *testing.T) {
		worldtest.Must[*ssoadmin.UpdateApplicationOutput](t)(sso.UpdateApplication(ctx,
			&ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application, Status: ssotypes.ApplicationStatusDisabled}))
		id := worldtest.DecisionID(t, exchange(worldtest.Alice))
		worldtest.BrokenAt(t, c.World, id, "application", "--status ENABLED", "REFUSED")
		worldtest.Must[*ssoadmin.UpdateApplicationOutput](t)(sso.UpdateApplication(ctx,
			&ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application, Status: ssotypes.ApplicationStatusEnabled}))
		worldtest.BrokenAt(t, c.World, id, "application", "", "ALLOWED")
		ok(exchange(worldtest.Alice))
	})
	t.Run("the caller may not exchange", func(t *testing.T) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		_, err := c.Exchange(ctx, c.Machine, token)
		e := worldtest.Explain(t, c.World, worldtest.DecisionID(t, err))
		if name, _, fix := e.Broken(); name != "resource-based policy" || !strings.Contains(fix, "actor policy") ||
			e.Now != "REFUSED" {
			t.Errorf("%q %q %s", name, fix, e.Now)
		}
	})
	t.Run("role", func(t *testing.T) {
		_, err := c.Assume(ctx, app, c.Location, "session", "")
		e := worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "role",
			"update-assume-role-policy --role-name s3ag-location",
			"REFUSED")
		if e.Caller == "" {
			t.Error("nobody called")
		}
		_, err = c.Assume(ctx, app, strings.Replace(c.Location, "s3ag-location", "none", 1), "session", "")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "role", "create-role", "REFUSED")
		_, err = c.Assume(ctx, app, c.Bearer, "session", "nonsense")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "token", "identityContext", "UNKNOWN")
	})

	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Hugo))
	target := "s3://" + corp.Bucket + "/finance/*"
	t.Run("grant", func(t *testing.T) {
		_, _, err := c.Vend(ctx, bearer, target, "READ")
		id := worldtest.DecisionID(t, err)
		name, _, fix := worldtest.Explain(t, c.World, id).Broken()
		if name != "grant" && name != "prefix" ||
			!strings.Contains(fix, "GranteeIdentifier="+c.Users[worldtest.Hugo]+" --permission READ") {
			t.Errorf("%s %s", name, fix)
		}
		whole := ""
		for _, l := range worldtest.Explain(t, c.World, id).Links {
			whole += l.Name + " "
		}
		for at, link := range []string{"token ", "issuer ", "audience ", "assignment ", "role ", "policy ", "scope ", "user ",
			"grant ", "prefix "} {
			if !strings.Contains(whole, link) {
				t.Errorf("link %d, %s, is not in %s", at, link, whole)
			}
		}
		made := worldtest.Must[*s3control.CreateAccessGrantOutput](t)(grants.CreateAccessGrant(ctx,
			&s3control.CreateAccessGrantInput{AccountId: &c.Account, AccessGrantsLocationId: aws.String("default"),
				AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
					S3SubPrefix: aws.String(strings.TrimPrefix(target, "s3://"))},
				Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryUser,
					GranteeIdentifier: aws.String(c.Users[worldtest.Hugo])}, Permission: s3ctypes.PermissionRead}))
		worldtest.BrokenAt(t, c.World, id, name, "", "ALLOWED")
		key, _, err := c.Vend(ctx, bearer, target, "READ")
		ok(err)
		_, _, err = c.Vend(ctx, bearer, target, "READWRITE")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "grant", "--permission READWRITE", "REFUSED")
		_, err = c.S3(key).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(corp.Bucket), Key: aws.String("finance/x"),
			Body: strings.NewReader("x")})
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "prefix", "GetDataAccess", "REFUSED")
		worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(grants.DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: made.AccessGrantId}))
		_, err = c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
		e := worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "session", "create-access-grant", "REFUSED")
		if !e.Recorded {
			t.Error("the use of a key whose grant is gone is not recorded")
		}
	})
	t.Run("a person who was deactivated", func(t *testing.T) {
		k := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Bob))
		if err := c.SetActive(ctx, worldtest.Bob, false); err != nil {
			t.Fatal(err)
		}
		_, _, err := c.Vend(ctx, k, target, "READ")
		id := worldtest.DecisionID(t, err)
		worldtest.BrokenAt(t, c.World, id, "session", "active to true", "REFUSED")
		if err := c.SetActive(ctx, worldtest.Bob, true); err != nil {
			t.Fatal(err)
		}
		if e := worldtest.Explain(t, c.World, id); e.Now == "UNKNOWN" {
			t.Errorf("%s: %s", e.Now, e.NowDetail)
		}
	})
	t.Run("scope", func(t *testing.T) {
		scope := "s3:access_grants:read_write"
		worldtest.Must[*ssoadmin.DeleteApplicationAccessScopeOutput](t)(sso.DeleteApplicationAccessScope(ctx,
			&ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: &c.Application, Scope: &scope}))
		k := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
		_, _, err := c.Vend(ctx, k, target, "READ")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "scope",
			"put-application-access-scope --application-arn "+c.Application+
				" --scope "+scope, "REFUSED")
		worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(sso.PutApplicationAccessScope(ctx,
			&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &c.Application, Scope: &scope}))
		_, _, err = c.Vend(ctx, worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice)), target, "READ")
		ok(err)
	})
	alices := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	t.Run("identity context is not for data", func(t *testing.T) {
		_, err := c.Read(ctx, alices, corp.Bucket, "finance/2026-q3.csv")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "session policy", "ask GetDataAccess for a key",
			"REFUSED")
	})
	t.Run("duration", func(t *testing.T) {
		ask := func() error {
			_, err := s3control.NewFromConfig(c.AWS(alices)).GetDataAccess(ctx,
				&s3control.GetDataAccessInput{AccountId: &c.Account, Target: &target, Permission: s3ctypes.PermissionRead,
					DurationSeconds: aws.Int32(7200)})
			return err
		}
		id := worldtest.DecisionID(t, ask())
		worldtest.BrokenAt(t, c.World, id, "duration", "update-role --role-name s3ag-location --max-session-duration 7200",
			"REFUSED")
		worldtest.Must[*iam.UpdateRoleOutput](t)(x.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: aws.String("s3ag-location"),
			MaxSessionDuration: aws.Int32(7200)}))
		worldtest.BrokenAt(t, c.World, id, "duration", "", "ALLOWED")
		ok(ask())
	})
	t.Run("the location's role", func(t *testing.T) {
		role := worldtest.Must[*iam.GetRoleOutput](t)(x.GetRole(ctx,
			&iam.GetRoleInput{RoleName: aws.String("s3ag-location")}))
		put := func(document string) {
			worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx,
				&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("s3ag-location"), PolicyDocument: &document}))
		}
		put(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:TagSession"}]}`)
		_, _, err := c.Vend(ctx, alices, target, "READ")
		id := worldtest.DecisionID(t, err)
		worldtest.BrokenAt(t, c.World, id, "trust", "update-assume-role-policy --role-name s3ag-location", "REFUSED")
		put(worldtest.Must[string](t)(url.QueryUnescape(*role.Role.AssumeRolePolicyDocument)))
		worldtest.BrokenAt(t, c.World, id, "trust", "", "ALLOWED")
		_, _, err = c.Vend(ctx, alices, target, "READ")
		ok(err)
	})
	t.Run("policies", func(t *testing.T) {
		machine := iam.NewFromConfig(c.AWS(c.Machine))
		_, err := machine.ListUsers(ctx, &iam.ListUsersInput{})
		id := worldtest.DecisionID(t, err)
		e := worldtest.BrokenAt(t, c.World, id, "identity-based policy",
			`aws iam put-user-policy --user-name machine --policy-name `+
				`allow --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers"`,
			"REFUSED")
		_, _, fix := e.Broken()
		_, document, _ := strings.Cut(fix, "--policy-document '")
		worldtest.Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(ctx,
			&iam.PutUserPolicyInput{UserName: aws.String("machine"),
				PolicyName: aws.String("allow"), PolicyDocument: aws.String(strings.TrimSuffix(document, "'"))}))
		worldtest.BrokenAt(t, c.World, id, "identity-based policy", "", "ALLOWED")
		_, err = machine.ListUsers(ctx, &iam.ListUsersInput{})
		ok(err)
		worldtest.Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(ctx,
			&iam.PutUserPolicyInput{UserName: aws.String("machine"),
				PolicyName: aws.String("deny"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"NoUsers","Effect":"Deny",` +
					`"Action":"iam:List*","Resource":"*"}]}`)}))
		_, err = machine.ListUsers(ctx, &iam.ListUsersInput{})
		e = worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "identity-based policy",
			"statement 1 of inline policy deny of user machine", "REFUSED")
		if len(e.Statements) == 0 || e.Statements[len(e.Statements)-1].Effect != "Deny" {
			t.Errorf("%+v", e.Statements)
		}
	})
	t.Run("keys", func(t *testing.T) {
		wrong := c.Machine
		wrong.Secret += "x"
		_, err := sts.NewFromConfig(c.AWS(wrong)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		e := worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "key", "secret", "UNKNOWN")
		if e.Recorded || !strings.Contains(e.Caller, wrong.ID) {
			t.Errorf("%+v", e)
		}
		wrong.ID = "AKIAIOSFODNN7EXAMPLE"
		_, err = c.Read(ctx, wrong, corp.Bucket, "finance/2026-q3.csv")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "key", "create-access-key", "UNKNOWN")
		wrong = bearer
		wrong.Token = "x" + wrong.Token[1:]
		_, _, err = c.Vend(ctx, wrong, target, "READ")
		worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "key", "session token", "UNKNOWN")
	})
	t.Run("no secret is kept", func(t *testing.T) {
		log := worldtest.AuditLog(t, c.World)
		for what, secret := range map[string]string{"a session token": bearer.Token, "a session's secret": bearer.Secret,
			"a user's secret": c.Machine.Secret, "the SCIM token": c.SCIM.Token} {
			if strings.Contains(log, secret) {
				t.Errorf("%s is in the audit log", what)
			}
		}
		if !strings.Contains(log, `"granaryDecision":{"link":`) || strings.Contains(log, "eyJhbGciOiJSUzI1NiI") {
			t.Error("the decisions are not in the audit log, or a token is")
		}
	})
	t.Run("membership", func(t *testing.T) {
		k, _, err := c.Vend(ctx, alices, target, "READ")
		ok(err)
		ids := identitystore.NewFromConfig(root)
		m := worldtest.Must[*identitystore.GetGroupMembershipIdOutput](t)(ids.GetGroupMembershipId(ctx,
			&identitystore.GetGroupMembershipIdInput{IdentityStoreId: &c.Store, GroupId: aws.String(c.Groups["Finance"]),
				MemberId: &idtypes.MemberIdMemberUserId{Value: c.Users[worldtest.Alice]}}))
		worldtest.Must[*identitystore.DeleteGroupMembershipOutput](t)(ids.DeleteGroupMembership(ctx,
			&identitystore.DeleteGroupMembershipInput{IdentityStoreId: &c.Store, MembershipId: m.MembershipId}))
		_, err = c.Read(ctx, k, corp.Bucket, "finance/2026-q3.csv")
		id := worldtest.DecisionID(t, err)
		worldtest.BrokenAt(t, c.World, id, "session", c.Groups["Finance"], "REFUSED")
		worldtest.Must[*identitystore.CreateGroupMembershipOutput](t)(ids.CreateGroupMembership(ctx,
			&identitystore.CreateGroupMembershipInput{IdentityStoreId: &c.Store, GroupId: aws.String(c.Groups["Finance"]),
				MemberId: &idtypes.MemberIdMemberUserId{Value: c.Users[worldtest.Alice]}}))
		worldtest.BrokenAt(t, c.World, id, "session", "", "ALLOWED")
		_, err = c.Read(ctx, k, corp.Bucket, "finance/2026-q3.csv")
		ok(err)
	})
}

// A person and a target are explained as the person's sign-in, exchange and request would go.
func TestAPersonIsExplainedLinkByLink(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := c.AWS(c.Root())
	sso, x := ssoadmin.NewFromConfig(root), iam.NewFromConfig(root)
	target := "s3://" + corp.Bucket + "/finance/*"
	ask := func(in map[string]any) *worldtest.Explained {
		t.Helper()
		if in["Target"] == nil {
			in["Target"] = target
		}
		var out worldtest.Explained
		if err := client.Ask(ctx, c.Env, "ExplainAccess", in, &out); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, l := range out.Links {
			if seen[l.Name] || (l.Result == "FAILED") != (l.Fix != "") || (l.Result == "NOT_REACHED") != (l.Detail == "") &&
				l.Result != "OK" {
				t.Errorf("%+v", out.Links)
			}
			seen[l.Name] = true
		}
		return &out
	}
	at := func(in map[string]any, link, words string) {
		t.Helper()
		e := ask(in)
		if name, detail, fix := e.Broken(); e.Allowed || name != link || !strings.Contains(detail+" "+fix, words) {
			t.Errorf("%v: allowed %v, broke at %q: %s / %s\nwant %q with %q", in, e.Allowed, name, detail, fix, link, words)
		}
	}
	for _, who := range []string{worldtest.Alice, strings.ToUpper(worldtest.Alice), c.Users[worldtest.Alice]} {
		if e := ask(map[string]any{"User": who, "Role": "identity-bearer", "Application": "LarkspurData"}); !e.Allowed {
			t.Errorf("%s: %+v", who, e.Links)
		}
	}
	at(map[string]any{"User": "nobody"}, "user", "list-users")
	at(map[string]any{"User": worldtest.Erin}, "user", "active to true")
	at(map[string]any{"User": worldtest.Hugo}, "grant", c.Users[worldtest.Hugo])
	at(map[string]any{"User": worldtest.Alice, "Permission": "READWRITE"}, "grant", "with READ only")
	at(map[string]any{"User": worldtest.Alice, "Target": "s3://" + corp.Bucket + "/payroll/*"}, "prefix", "covers")
	at(map[string]any{"User": worldtest.Alice, "Target": "s3://no-such-bucket/finance/*"}, "bucket",
		"There is no bucket no-such-bucket")
	at(map[string]any{"User": worldtest.Hugo, "Target": "s3://no-such-bucket/x"}, "bucket",
		"aws s3 mb s3://no-such-bucket")
	at(map[string]any{"User": worldtest.Erin, "Target": "s3://no-such-bucket/x"}, "user", "active to true")
	at(map[string]any{"User": worldtest.Alice, "Role": "nobodys"}, "role", "create-role")
	at(map[string]any{"User": worldtest.Alice, "Role": c.WebApp}, "identity-based policy", "s3:GetDataAccess")
	at(map[string]any{"User": worldtest.Alice, "Application": "Other"}, "application", `"Other"`)
	at(map[string]any{"User": worldtest.Alice, "DurationSeconds": 43200}, "duration", "max-session-duration 43200")

	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx,
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
			AssignmentRequired: aws.Bool(true)}))
	at(map[string]any{"User": worldtest.Alice}, "assignment", "create-application-assignment")
	// Another application gets further, and is the one that is told.
	other := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("Empty"),
			ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")}))
	at(map[string]any{"User": worldtest.Alice}, "assignment", "LarkspurData")
	at(map[string]any{"User": worldtest.Alice, "Application": *other.ApplicationArn}, "application", "authentication")
	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx,
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
			AssignmentRequired: aws.Bool(false)}))

	// What the location's role may do is the end of the chain.
	worldtest.Must[*iam.PutRolePolicyOutput](t)(x.PutRolePolicy(ctx,
		&iam.PutRolePolicyInput{RoleName: aws.String("s3ag-location"),
			PolicyName:     aws.String("no"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`))}))
	at(map[string]any{"User": worldtest.Alice}, "identity-based policy",
		"statement 1 of inline policy no of role s3ag-location")
	worldtest.Must[*iam.DeleteRolePolicyOutput](t)(x.DeleteRolePolicy(ctx,
		&iam.DeleteRolePolicyInput{RoleName: aws.String("s3ag-location"), PolicyName: aws.String("no")}))
	worldtest.Must[*iam.DeleteRolePolicyOutput](t)(x.DeleteRolePolicy(ctx,
		&iam.DeleteRolePolicyInput{RoleName: aws.String("identity-bearer"), PolicyName: aws.String("work")}))
	at(map[string]any{"User": worldtest.Alice, "Role": "identity-bearer"}, "identity-based policy",
		"put-role-policy --role-name identity-bearer")
	if e := ask(map[string]any{"User": worldtest.Alice}); !e.Allowed {
		t.Errorf("no role named: %+v", e.Links)
	}
	worldtest.Must[*ssoadmin.DeleteApplicationAccessScopeOutput](t)(sso.DeleteApplicationAccessScope(ctx,
		&ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: &c.Application,
			Scope: aws.String("s3:access_grants:read_write")}))
	at(map[string]any{"User": worldtest.Alice}, "scope", "put-application-access-scope")
	worldtest.Must[*ssoadmin.DeleteApplicationGrantOutput](t)(sso.DeleteApplicationGrant(ctx,
		&ssoadmin.DeleteApplicationGrantInput{ApplicationArn: &c.Application,
			GrantType: ssotypes.GrantType(world.JWTBearer)}))
	at(map[string]any{"User": worldtest.Alice}, "issuer", "put-application-grant")
}

// Refusals of senders who proved nothing, or not by a signature, are explained too.
func TestStrangersRefusalsAreExplained(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	get := func(method, address string, header ...string) *http.Response {
		t.Helper()
		r := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(ctx, method, address, nil))
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp := worldtest.Must[*http.Response](t)((&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r))
		resp.Body.Close()
		return resp
	}
	at := func(resp *http.Response, status int, link, fix string) {
		t.Helper()
		id := resp.Header.Get(front.DecisionHeader)
		if resp.StatusCode != status || id == "" {
			t.Errorf("%d with the decision id %q", resp.StatusCode, id)
			return
		}
		e := worldtest.Explain(t, c.World, id)
		if name, _, f := e.Broken(); name != link || !strings.Contains(f, fix) {
			t.Errorf("broke at %q: %s\nwant %q with %q", name, f, link, fix)
		}
	}
	api, scim := c.Env.Get("HTTP_PROXY"), c.SCIM.Endpoint
	at(get("GET", api+"/"+corp.Bucket+"/finance/2026-q3.csv"), 403, "resource-based policy", "Sign the request")
	at(get("HEAD", api+"/"+corp.Bucket+"/finance/2026-q3.csv"), 403, "resource-based policy", "Sign the request")
	at(get("GET", api+"/"+corp.Bucket+"/x?X-Amz-Algorithm=AWS4-HMAC-SHA256"), 400, "key", "Signature Version 4")
	at(get("GET", scim+"/Users", "Authorization", "Bearer nonsense"), 401, "key", "granary scim token create")
	at(get("GET", scim+"/Users/none", "Authorization", "Bearer "+c.SCIM.Token), 404, "request", "")
	if resp := get("GET", scim+"/Users", "Authorization", "Bearer "+c.SCIM.Token); resp.Header.Get(
		front.DecisionHeader) != "" {
		t.Error("an answer that refuses nothing has a decision id")
	}
	// What is sealed into an id is told to administrators only, and nobody else can read it or make one.
	id := get("GET", api+"/"+corp.Bucket+"/finance/2026-q3.csv").Header.Get(front.DecisionHeader)
	changed := id[:len(id)-3] + "AAA"
	for _, bad := range []string{changed, id + "A", "aod", id[3:]} {
		if err := client.Ask(ctx, c.Env, "ExplainDecision", map[string]string{"DecisionId": bad}, nil); err == nil {
			t.Errorf("explained %q", bad)
		}
	}
}

// That a bucket is not there, or is another account's, is told to those whom S3 would tell; to others a name is as good
// as any.
func TestBucketsThatAreNotThereAreToldToThoseWhoMayKnow(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	admin := worldtest.MakeAdministrator(t, c.World)
	m := worldtest.JoinAccount(t, c.World, admin, "other")
	worldtest.Must[*s3.CreateBucketOutput](t)(c.S3(m.Key).CreateBucket(ctx,
		&s3.CreateBucketInput{Bucket: aws.String("theirs-alone")}))
	at := func(k client.Key, target, link, words string) {
		t.Helper()
		var out worldtest.Explained
		if err := client.Ask(ctx, worldtest.EnvOf(c.World, k), "ExplainAccess",
			map[string]any{"User": worldtest.Alice, "Target": target},
			&out); err != nil {
			t.Error(err)
			return
		}
		if name, detail, fix := out.Broken(); name != link || !strings.Contains(detail+" "+fix, words) || link == "prefix" &&
			strings.Contains(detail+fix, m.ID) {
			t.Errorf("%s: broke at %q: %s / %s\nwant %q with %q", target, name, detail, fix, link, words)
		}
	}
	at(admin, "s3://theirs-alone/x", "bucket", "--account-id "+m.ID)
	at(admin, "s3://nobodys/x", "bucket", "There is no bucket nobodys")
	put := func(statements string) {
		worldtest.Must[*iam.PutUserPolicyOutput](t)(iam.NewFromConfig(c.AWS(admin)).PutUserPolicy(ctx,
			&iam.PutUserPolicyInput{UserName: aws.String("machine"), PolicyName: aws.String("explain"),
				PolicyDocument: aws.String(worldtest.Policy(statements))}))
	}
	explains := `{"Effect":"Allow","Action":"granary:ExplainAccess","Resource":"*"}`
	put(explains)
	at(c.Machine, "s3://nobodys/x", "prefix", "covers")
	at(c.Machine, "s3://theirs-alone/x", "prefix", "covers")
	put(explains + `,{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::nobodys"}`)
	at(c.Machine, "s3://nobodys/x", "bucket", "There is no bucket nobodys")
	at(c.Machine, "s3://nobodys-either/x", "prefix", "covers")
}
