package world_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// The guide's flow through the SDK's clients: from sign-in to the object, and each refusal.
func TestTheWholeFlow(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	as := worldtest.Must[client.Key](t)
	bearer := as(c.As(ctx, worldtest.Alice))
	key, answer, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	if *answer.MatchedGrantTarget != "s3://"+corp.Bucket+"/finance/*" || answer.Grantee.GranteeType != "DIRECTORY_GROUP" ||
		*answer.Grantee.GranteeIdentifier != c.Groups["Finance"] {
		t.Errorf("%+v %+v", *answer.MatchedGrantTarget, answer.Grantee)
	}
	if text, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil ||
		text != corp.Files["finance/2026-q3.csv"] {
		t.Errorf("%q %v", text, err)
	}
	list, err := c.S3(key).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(corp.Bucket),
		Prefix: aws.String("finance/"), Delimiter: aws.String("/")})
	if err != nil || len(list.Contents) != 1 || len(list.CommonPrefixes) != 1 {
		t.Errorf("%+v %v", list, err)
	}

	t.Run("the key opens nothing else", func(t *testing.T) {
		_, err := c.Read(ctx, key, corp.Bucket, "payroll/2026-10.csv")
		worldtest.Refused(t, err, "AccessDenied", "no session policy allows the s3:GetObject action")
		_, err = c.Read(ctx, key, corp.Bucket, "payroll/none.csv")
		worldtest.Refused(t, err, "AccessDenied", "")
		_, err = c.Read(ctx, key, corp.Bucket, "finance/none.csv")
		worldtest.Refused(t, err, "NoSuchKey", "")
		_, err = c.S3(key).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(corp.Bucket), Key: aws.String("finance/x"),
			Body: strings.NewReader("x")})
		worldtest.Refused(t, err, "AccessDenied", "s3:PutObject")
		_, err = c.S3(key).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(corp.Bucket)})
		worldtest.Refused(t, err, "AccessDenied", "s3:ListBucket")
		_, err = c.S3(key).ListBuckets(ctx, &s3.ListBucketsInput{})
		worldtest.Refused(t, err, "AccessDenied", "")
		_, _, err = c.Vend(ctx, key, "s3://"+corp.Bucket+"/finance/*", "READ")
		worldtest.Refused(t, err, "AccessDenied", "")
	})
	t.Run("a session in a person's name is not for data", func(t *testing.T) {
		_, err := c.Read(ctx, bearer, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	})
	t.Run("nobody gets what nobody granted", func(t *testing.T) {
		_, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/payroll/*", "READ")
		worldtest.Refused(t, err, "AccessDenied",
			"You do not have READ permissions to the requested S3 Prefix: s3://"+corp.Bucket+
				"/payroll/*")
		_, _, err = c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "WRITE")
		worldtest.Refused(t, err, "AccessDenied", "You do not have WRITE permissions")
		_, _, err = c.Vend(ctx, as(c.As(ctx, worldtest.Hugo)), "s3://"+corp.Bucket+"/finance/*", "READ")
		worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
		_, err = c.As(ctx, worldtest.Erin)
		worldtest.Refused(t, err, "AccessDeniedException", "deactivated")
	})
	t.Run("the narrowest grant decides", func(t *testing.T) {
		k := as(c.As(ctx, worldtest.Grace))
		_, a, err := c.Vend(ctx, k, "s3://"+corp.Bucket+"/finance/drafts/budget.csv", "READ")
		if err != nil || *a.MatchedGrantTarget != "s3://"+corp.Bucket+"/finance/drafts/*" ||
			a.Grantee.GranteeType != "DIRECTORY_USER" {
			t.Errorf("%+v %v", a, err)
		}
		out, err := s3control.NewFromConfig(c.AWS(k)).ListCallerAccessGrants(ctx,
			&s3control.ListCallerAccessGrantsInput{AccountId: &c.Account})
		if err != nil || len(out.CallerAccessGrantsList) != 3 || *out.CallerAccessGrantsList[0].ApplicationArn != "ALL" {
			t.Errorf("%+v %v", out, err)
		}
	})
	t.Run("recorded under the person's name", func(t *testing.T) {
		log := worldtest.AuditLog(t, c.World)
		for _, line := range []string{`"eventName":"GetDataAccess"`, `"eventName":"GetObject"`, `"onBehalfOf":{"userId":"` +
			c.Users[worldtest.Alice]} {
			if !strings.Contains(log, line) {
				t.Errorf("the audit log has no %s", line)
			}
		}
		for _, secret := range []string{key.Secret, key.Token, c.Machine.Secret, c.SCIM.Token} {
			if strings.Contains(log, secret) {
				t.Error("a secret stands in the audit log")
			}
		}
	})
	t.Run("the live key dies with the person's", func(t *testing.T) {
		if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
			t.Fatal(err)
		}
		_, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "deactivated")
		_, _, err = c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
		worldtest.Refused(t, err, "AccessDenied", "deactivated")
		if err := c.SetActive(ctx, worldtest.Alice, true); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
			t.Errorf("the person is back: %v", err)
		}
	})
	t.Run("and with the membership, and the grant", func(t *testing.T) {
		patch := func(op map[string]any) {
			if _, err := c.SCIM.Do(ctx, "PATCH", "/Groups/"+c.Groups["Finance"], map[string]any{"Operations": []any{op}},
				nil); err != nil {
				t.Fatal(err)
			}
		}
		patch(map[string]any{"op": "remove", "path": `members[value eq "` + c.Users[worldtest.Alice] + `"]`})
		_, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "no longer in group")
		patch(map[string]any{"op": "add", "path": "members",
			"value": []any{map[string]string{"value": c.Users[worldtest.Alice]}}})
		if _, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}
		id := c.Grants["Finance"]
		if _, err := s3control.NewFromConfig(c.AWS(c.Root())).DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: &id}); err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "was deleted")
	})
}

// Every way a token exchange is refused.
func TestExchangesAreRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	issue := func(person string, change func(map[string]any)) string {
		return worldtest.Must[string](t)(c.Provider.Issue(person, corp.ClientID, change))
	}
	set := func(name string, v any) func(map[string]any) {
		return func(m map[string]any) { m[name] = v }
	}
	used := issue(worldtest.Alice, nil)
	if _, err := c.Exchange(ctx, app, used); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct{ token, code, words string }{
		"replayed": {used, "InvalidGrantException", "already"},
		"wrong audience": {worldtest.Must[string](t)(c.Provider.Issue(worldtest.Alice, "other", nil)),
			"InvalidGrantException", "audience"},
		"wrong issuer": {issue(worldtest.Alice, set("iss", "http://elsewhere.example")), "InvalidGrantException", "issuer"},
		"expired":      {issue(worldtest.Alice, set("exp", time.Now().Unix()-120)), "InvalidGrantException", "expired"},
		"not yet": {issue(worldtest.Alice, set("nbf", time.Now().Unix()+600)), "InvalidGrantException",
			"not valid yet"},
		"unknown person": {issue("nobody@larkspur.example", nil), "InvalidGrantException", "no user"},
		"no such claim": {issue(worldtest.Alice, func(m map[string]any) { delete(m, "preferred_username") }),
			"InvalidGrantException",
			"preferred_username"},
		"tampered":    {issue(worldtest.Alice, nil) + "x", "InvalidGrantException", ""},
		"not a token": {"hello", "InvalidGrantException", ""},
		"deactivated": {issue(worldtest.Erin, nil), "AccessDeniedException", "deactivated"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Exchange(ctx, app, x.token)
			worldtest.Refused(t, err, x.code, x.words)
		})
	}
	t.Run("outside the actor policy", func(t *testing.T) {
		_, err := c.Exchange(ctx, c.Machine, issue(worldtest.Alice, nil))
		worldtest.Refused(t, err, "AccessDeniedException", "actor policy")
	})
	sso := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	t.Run("unassigned", func(t *testing.T) {
		if _, err := sso.PutApplicationAssignmentConfiguration(ctx,
			&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
				AssignmentRequired: aws.Bool(true)}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Exchange(ctx, app, issue(worldtest.Alice, nil))
		worldtest.Refused(t, err, "AccessDeniedException", "not assigned")
		if _, err := sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: &c.Application,
				PrincipalId: aws.String(c.Groups["Finance"]), PrincipalType: "GROUP"}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exchange(ctx, app, issue(worldtest.Alice, nil)); err != nil {
			t.Errorf("assigned through the group: %v", err)
		}
		_, err = c.Exchange(ctx, app, issue(worldtest.Bob, nil))
		worldtest.Refused(t, err, "AccessDeniedException", "not assigned")
	})
	t.Run("scope missing", func(t *testing.T) {
		if _, err := sso.DeleteApplicationAccessScope(ctx,
			&ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: &c.Application,
				Scope: aws.String("s3:access_grants:read_write")}); err != nil {
			t.Fatal(err)
		}
		tokens, err := c.Exchange(ctx, app, issue(worldtest.Alice, nil))
		if err != nil {
			t.Fatal(err)
		}
		k := worldtest.Must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "noscope",
			*tokens.AwsAdditionalDetails.IdentityContext))
		_, _, err = c.Vend(ctx, k, "s3://"+corp.Bucket+"/finance/*", "READ")
		worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
	})
	t.Run("keys that turn, and a provider that is down", func(t *testing.T) {
		if err := c.Provider.Rotate(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exchange(ctx, app, issue(worldtest.Alice, nil)); err != nil {
			t.Errorf("after a rotation: %v", err)
		}
		c.Provider.SetDown(true)
		defer c.Provider.SetDown(false)
		if _, err := c.Exchange(ctx, app, issue(worldtest.Alice, nil)); err != nil {
			t.Errorf("known keys serve while the provider is down: %v", err)
		}
	})
}
