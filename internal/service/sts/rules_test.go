package sts_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// rules is a settled company whose clock the test moves, with a role per rule.
type rules struct{ *worldtest.Tokens }

func (r *rules) role(t *testing.T, name, trust string) string {
	t.Helper()
	worldtest.MakeRole(t, r.World, r.Root(), name, trust, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	return "arn:aws:iam::" + r.Account + ":role/" + name
}

// assume tries once and changes the usual input first.
func (r *rules) assume(t *testing.T, k client.Key, role string,
	change ...func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("rules")}
	for _, fn := range change {
		fn(in)
	}
	return sts.NewFromConfig(r.AWS(k), func(o *sts.Options) { o.RetryMaxAttempts = 1 }).AssumeRole(t.Context(), in)
}

func contexts(list ...string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) {
		for _, a := range list {
			in.ProvidedContexts = append(in.ProvidedContexts,
				ststypes.ProvidedContext{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"),
					ContextAssertion: &a})
		}
	}
}

func newRules(t *testing.T, change ...func(*server.Config)) *rules {
	t.Helper()
	r := &rules{&worldtest.Tokens{}}
	r.Company = worldtest.SettleWith(t, func(s *server.Config) {
		s.Identity.ContextLifetime = 5 * time.Minute
		for _, fn := range change {
			fn(s)
		}
		s.Now = func() time.Time { return time.Now().Add(time.Duration(r.Ahead.Load())) }
	})
	r.App = worldtest.Must[client.Key](t)(r.Assume(t.Context(), r.Machine, r.WebApp, "app", ""))
	r.SSO = ssoadmin.NewFromConfig(r.AWS(r.Root()))
	return r
}

// trusts is a trust statement for a principal.
func trusts(principal, condition string, actions ...string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["` + strings.Join(actions, `","`) + `"]` +
		condition + `}`
}

func TestContextAssertions(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	both := []string{"sts:AssumeRole", "sts:SetContext"}
	open := r.role(t, "open", trusts(r.WebApp, "", both...))
	plain := r.role(t, "plain", trusts(r.WebApp, "", "sts:AssumeRole"))
	closed := r.role(t, "closed", trusts(r.WebApp, `,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`, both...))
	out := r.SignIn(t, worldtest.Alice)
	good := *out.AwsAdditionalDetails.IdentityContext
	claimed := worldtest.PayloadOf(t, *out.IdToken)
	audit := claimed["sts:audit_context"].(string)
	if claimed["sts:identity_context"] != good || !strings.HasPrefix(good, "AQoJb3JpZ2luX2Vj") ||
		!strings.HasPrefix(audit, "AQoJb3JpZ2luX2Vj") || len(good) > 2048 {
		t.Errorf("the assertions are %q and %q", good, audit)
	}
	changed := []byte(good)
	changed[len(changed)/2] ^= 1
	provider := func(arn string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.ProvidedContexts[0].ProviderArn = &arn }
	}
	for name, x := range map[string]struct {
		role        string
		change      []func(*sts.AssumeRoleInput)
		code, words string
	}{
		"no SetContext": {plain, []func(*sts.AssumeRoleInput){contexts(good)}, "AccessDenied",
			"is not authorized to perform: sts:SetContext on resource: " + plain},
		"3 characters": {open, []func(*sts.AssumeRoleInput){contexts("abc")}, "ValidationError",
			"at 'providedContexts.1.member.contextAssertion'"},
		"2049 characters": {open, []func(*sts.AssumeRoleInput){contexts(strings.Repeat("A", 2049))},
			"ValidationError", "Member must have length less than or equal to 2048"},
		"2048 characters": {open, []func(*sts.AssumeRoleInput){contexts(strings.Repeat("A", 2048))},
			"InvalidParameterValue", "The context assertion is not valid"},
		"tampered": {open, []func(*sts.AssumeRoleInput){contexts(string(changed))}, "InvalidParameterValue",
			"The context assertion is not valid"},
		"an identity token": {open, []func(*sts.AssumeRoleInput){contexts((*out.IdToken)[:1000])},
			"InvalidParameterValue", "The context assertion is not valid"},
		"an access token": {open, []func(*sts.AssumeRoleInput){contexts(*out.AccessToken)},
			"InvalidParameterValue", "The context assertion is not valid"},
		"a session token": {open, []func(*sts.AssumeRoleInput){contexts(r.App.Token)}, "InvalidParameterValue",
			"The context assertion is not valid"},
		"two": {open, []func(*sts.AssumeRoleInput){contexts(good, audit)}, "InvalidParameterValue",
			"one context assertion"},
		"six": {open, []func(*sts.AssumeRoleInput){contexts(good, good, good, good, good, good)},
			"ValidationError", "providedContexts"},
		"another provider": {open,
			[]func(*sts.AssumeRoleInput){contexts(good), provider("arn:aws:iam::aws:contextProvider/Other")},
			"InvalidParameterValue", "contextProvider/Other"},
		"a provider of another form": {open,
			[]func(*sts.AssumeRoleInput){contexts(good), provider("arn:aws:s3:::aws:contextProvider/IdentityCenter")},
			"InvalidParameterValue", ""},
		"denied, and tampered": {closed, []func(*sts.AssumeRoleInput){contexts(string(changed))}, "AccessDenied",
			"sts:AssumeRole on resource"},
		"no role, and tampered": {open + "x", []func(*sts.AssumeRoleInput){contexts(string(changed))}, "AccessDenied",
			"sts:AssumeRole on resource"},
		"no SetContext, tampered": {plain, []func(*sts.AssumeRoleInput){contexts(string(changed))},
			"InvalidParameterValue", "The context assertion is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.assume(t, r.App, x.role, x.change...)
			worldtest.Refused(t, err, x.code, x.words)
		})
	}
	for _, alias := range []string{"arn:aws:iam:aws::contextProvider/IdentityCenter",
		"arn:aws-cn:iam::aws:contextProvider/IdentityCenter", "arn:aws-us-gov:iam::aws:contextProvider/IdentityCenter"} {
		if _, err := r.assume(t, r.App, open, contexts(good), provider(alias)); err != nil {
			t.Errorf("%s: %v", alias, err)
		}
	}
	t.Run("a session for a person", func(t *testing.T) {
		key := worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open, contexts(good))).Credentials)
		if arn, _ := worldtest.CallerOf(t, r.World, key); arn != "arn:aws:sts::"+r.Account+":assumed-role/open/rules" {
			t.Errorf("who: %s", arn)
		}
		if _, _, err := r.Vend(t.Context(), key, "s3://"+corp.Bucket+"/finance/*", "READ"); err != nil {
			t.Error(err)
		}
		_, err := r.Read(t.Context(), key, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "explicit deny")
		_, err = r.S3(key).ListBuckets(t.Context(), nil)
		worldtest.Refused(t, err, "AccessDenied", "explicit deny")
		next := r.role(t, "next", trusts(open, "", both...))
		_, err = r.assume(t, key, next)
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
		_, err = iam.NewFromConfig(r.AWS(key)).ListUsers(t.Context(), nil)
		worldtest.Refused(t, err, "AccessDenied", "")
	})
	t.Run("a session for the log only", func(t *testing.T) {
		key := worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open,
			contexts(audit))).Credentials)
		_, _, err := r.Vend(t.Context(), key, "s3://"+corp.Bucket+"/finance/*", "READ")
		worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
		if _, err := r.Read(t.Context(), key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
			t.Errorf("the role itself may read: %v", err)
		}
	})
	t.Run("what trust policies see", func(t *testing.T) {
		for i, x := range []struct {
			condition string
			allowed   bool
		}{
			{`"StringEquals":{"sts:RequestContext/identitystore:UserId":"` + r.Users[worldtest.Alice] + `"}`, true},
			{`"StringEquals":{"sts:RequestContext/identitystore:UserId":"` + r.Users[worldtest.Bob] + `"}`, false},
			{`"ArnEquals":{"sts:RequestContext/identitycenter:InstanceArn":"` + r.Instance +
				`","sts:RequestContext/identitycenter:ApplicationArn":"` + r.Application + `"}`, true},
			{`"StringEquals":{"sts:RequestContext/identitycenter:CredentialId":"` + fmt.Sprint(claimed["aws:credential_id"]) +
				`"}`, true},
			{`"StringEquals":{"sts:RequestContext/identitystore:IdentityStoreArn":"` +
				fmt.Sprint(claimed["aws:identity_store_arn"]) + `"}`, true},
			{`"ForAllValues:ArnEquals":{"sts:RequestContextProviders":[` +
				`"arn:aws:iam::aws:contextProvider/IdentityCenter"]},` +
				`"Null":{"sts:RequestContextProviders":"false"}`, true},
			{`"ForAllValues:ArnEquals":{"sts:RequestContextProviders":[` +
				`"arn:aws:iam::aws:contextProvider/Other"]}`, false},
			{`"Null":{"sts:RequestContextProviders":"true"}`, false},
			{`"Null":{"sts:RequestContext/identitystore:GroupIds":"false"}`, false},
		} {
			name := fmt.Sprint("sees-", i)
			role := r.role(t, name, trusts(r.WebApp, `,"Condition":{`+x.condition+`}`, both...))
			_, err := r.assume(t, r.App, role, contexts(good))
			if x.allowed && err != nil {
				t.Errorf("%s: %v", x.condition, err)
			}
			if !x.allowed {
				worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
			}
			if strings.Contains(x.condition, "UserId") { // an audit context shows nothing
				_, err := r.assume(t, r.App, role, contexts(audit))
				worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
			}
		}
		bare := r.role(t, "bare",
			trusts(r.WebApp,
				`,"Condition":{"ForAllValues:ArnEquals":{"sts:RequestContextProviders":`+
					`["arn:aws:iam::aws:contextProvider/IdentityCenter"]}}`, both...))
		if _, err := r.assume(t, r.App, bare); err != nil { // true of a key that is not there
			t.Error(err)
		}
		null := r.role(t, "null", trusts(r.WebApp, `,"Condition":{"Null":{"sts:RequestContextProviders":"false"}}`, both...))
		_, err := r.assume(t, r.App, null)
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
	})
	t.Run("it does not outlive chaining, nor its end, nor the person", func(t *testing.T) {
		if _, err := r.assume(t, r.App, open, contexts(good)); err != nil { // reusable
			t.Fatal(err)
		}
		r.Ahead.Store(int64(4 * time.Minute))
		if _, err := r.assume(t, r.App, open, contexts(good)); err != nil {
			t.Error(err)
		}
		r.Ahead.Store(int64(6 * time.Minute))
		_, err := r.assume(t, r.App, open, contexts(good))
		worldtest.Refused(t, err, "ExpiredTokenException", "expired")
		r.Ahead.Store(0)
		if err := r.SetActive(t.Context(), worldtest.Alice, false); err != nil {
			t.Fatal(err)
		}
		_, err = r.assume(t, r.App, open, contexts(good))
		worldtest.Refused(t, err, "AccessDenied", "deactivated")
		_, err = r.assume(t, r.App, open, contexts(audit))
		worldtest.Refused(t, err, "AccessDenied", "deactivated")
		if _, err := r.SCIM.Do(t.Context(), "DELETE", "/Users/"+r.Users[worldtest.Alice], nil, nil); err != nil {
			t.Fatal(err)
		}
		_, err = r.assume(t, r.App, open, contexts(good))
		worldtest.Refused(t, err, "AccessDenied", "deleted")
	})
}

func TestAssumeRoleParameters(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	all := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
	open := r.role(t, "open", trusts(r.WebApp, "", all...))
	long := r.role(t, "long", trusts("arn:aws:iam::"+r.Account+":user/machine", "", all...))
	secret := r.role(t, "secret", trusts(r.WebApp, `,"Condition":{"StringEquals":{"sts:ExternalId":"right"}}`, all...))
	bare := r.role(t, "bare", trusts(r.WebApp, "", "sts:AssumeRole"))
	nobody := r.role(t, "nobody", trusts("arn:aws:iam::"+r.Account+":user/machine", "", "sts:AssumeRole"))
	worldtest.Must[*iam.UpdateRoleOutput](t)(iam.NewFromConfig(r.AWS(r.Root())).UpdateRole(t.Context(),
		&iam.UpdateRoleInput{RoleName: aws.String("long"), MaxSessionDuration: aws.Int32(43200)}))
	name := func(s string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.RoleSessionName = &s }
	}
	seconds := func(n int32) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.DurationSeconds = &n }
	}
	external := func(s string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.ExternalId = &s }
	}
	policy := func(s string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.Policy = &s }
	}
	managed := func(arns ...string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) {
			for _, a := range arns {
				in.PolicyArns = append(in.PolicyArns, ststypes.PolicyDescriptorType{Arn: &a})
			}
		}
	}
	tags := func(transitive []string, pairs ...string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) {
			in.TransitiveTagKeys = transitive
			for i := 0; i < len(pairs); i += 2 {
				in.Tags = append(in.Tags, ststypes.Tag{Key: &pairs[i], Value: &pairs[i+1]})
			}
		}
	}
	source := func(s string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.SourceIdentity = &s }
	}
	var many []string
	for i := range 51 {
		many = append(many, fmt.Sprint("k", i), "v")
	}
	read := "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	denied := func(action, role string) string {
		return "User: arn:aws:sts::" + r.Account + ":assumed-role/webapp/app is not authorized to perform: " + action +
			" on resource: " + role
	}
	for what, x := range map[string]struct {
		key         client.Key
		role        string
		change      func(*sts.AssumeRoleInput)
		code, words string
	}{
		"name of 1": {r.App, open, name("x"), "ValidationError",
			"1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: Member must have " +
				"length greater than or equal to 2"},
		"name of 65": {r.App, open, name(strings.Repeat("x", 65)), "ValidationError",
			"Member must have length less than or equal to 64"},
		"name with a colon": {r.App, open, name("Session1:2"), "ValidationError",
			`Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression ` +
				`pattern: [\w+=,.@-]*`},
		"several faults": {r.App, open, func(in *sts.AssumeRoleInput) { name("x")(in); seconds(899)(in) },
			"ValidationError", "2 validation errors detected: "},
		"899 seconds": {r.Machine, long, seconds(899), "ValidationError",
			"Member must have value greater than or equal to 900"},
		"43201 seconds": {r.Machine, long, seconds(43201), "ValidationError",
			"Member must have value less than or equal to 43200"},
		"beyond the role's": {r.Machine, nobody, seconds(3601), "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"chained for 3601": {r.App, open, seconds(3601), "ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"},
		"no role ARN": {r.App, "arn:aws:s3:::" + strings.Repeat("b", 20), nil, "ValidationError",
			"arn:aws:s3:::" + strings.Repeat("b", 20) + " is invalid"},
		"a short ARN":  {r.App, "arn:aws:iam", nil, "ValidationError", "greater than or equal to 20"},
		"a user's ARN": {r.App, "arn:aws:iam::" + r.Account + ":user/machine", nil, "ValidationError", " is invalid"},
		"no such role": {r.App, open + "x", nil, "AccessDenied", denied("sts:AssumeRole", open+"x")},
		"not trusted":  {r.App, nobody, nil, "AccessDenied", denied("sts:AssumeRole", nobody)},
		"another account's": {r.App, "arn:aws:iam::999999999999:role/open", nil, "AccessDenied",
			denied("sts:AssumeRole", "arn:aws:iam::999999999999:role/open")},
		"the root user":       {r.Root(), open, nil, "AccessDenied", "Roles may not be assumed by root accounts."},
		"no external id":      {r.App, secret, nil, "AccessDenied", denied("sts:AssumeRole", secret)},
		"a wrong external id": {r.App, secret, external("wrong"), "AccessDenied", denied("sts:AssumeRole", secret)},
		"external id of 1":    {r.App, secret, external("x"), "ValidationError", "externalId"},
		"external id, spaces": {r.App, secret, external("a b"), "ValidationError", "externalId"},
		"MFA": {r.App, open, func(in *sts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = aws.String("GAHT12345678"), aws.String("123456")
		}, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code"},
		"code of 5 digits": {r.App, open, func(in *sts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = aws.String("GAHT12345678"), aws.String("12345")
		}, "ValidationError", "tokenCode"},
		"keys of two cases": {r.App, open, tags(nil, "Dept", "a", "dept", "b"), "InvalidParameterValue",
			"Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"transitive not there": {r.App, open, tags([]string{"other"}, "Dept", "a"), "InvalidParameterValue",
			"The specified transitive tag key must be included in the requested tags."},
		"reserved key": {r.App, open, tags(nil, "aws:x", "a"), "InvalidParameterValue", "aws:"},
		"51 tags":      {r.App, open, tags(nil, many...), "ValidationError", "tags"},
		"key of 129": {r.App, open, tags(nil, strings.Repeat("k", 129), "v"), "ValidationError",
			"tags.1.member.key"},
		"value of 257": {r.App, open, tags(nil, "k", strings.Repeat("v", 257)), "ValidationError",
			"tags.1.member.value"},
		"key with a bang":      {r.App, open, tags(nil, "k!", "v"), "ValidationError", "tags.1.member.key"},
		"no TagSession":        {r.App, bare, tags(nil, "k", "v"), "AccessDenied", denied("sts:TagSession", bare)},
		"no SetSourceIdentity": {r.App, bare, source("alice"), "AccessDenied", denied("sts:SetSourceIdentity", bare)},
		"source aws:":          {r.App, open, source("aws:alice"), "ValidationError", ""},
		"source of 1":          {r.App, open, source("a"), "ValidationError", "sourceIdentity"},
		"policy no JSON":       {r.App, open, policy("{"), "MalformedPolicyDocument", ""},
		"policy no policy":     {r.App, open, policy(`{"a":1}`), "MalformedPolicyDocument", ""},
		"policy with principals": {r.App, open,
			policy(worldtest.Policy(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`)),
			"MalformedPolicyDocument", ""},
		"policy in Chinese": {r.App, open,
			policy(worldtest.Policy(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::粮仓"}`)), "ValidationError",
			"policy"},
		"policy of 2049": {r.App, open,
			policy(worldtest.Policy(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::` + strings.Repeat("b", 2049) +
				`"}`)),
			"PackedPolicyTooLarge", ""},
		"11 managed policies": {r.App, open, managed(slices.Repeat([]string{read}, 11)...), "ValidationError", ""},
		"unknown policy":      {r.App, open, managed(read + "x"), "MalformedPolicyDocument", "does not exist"},
		"another's policy": {r.App, open, managed("arn:aws:iam::999999999999:policy/p"), "MalformedPolicyDocument",
			"does not exist"},
		"too many tags to pack": {r.App, open, tags(nil, slices.Concat([]string{}, worldtest.LongTags())...),
			"PackedPolicyTooLarge",
			"Packed size of session tags consumes"},
	} {
		t.Run(what, func(t *testing.T) {
			change := x.change
			if change == nil {
				change = func(*sts.AssumeRoleInput) {}
			}
			_, err := r.assume(t, x.key, x.role, change)
			worldtest.Refused(t, err, x.code, x.words)
		})
	}
	for what, x := range map[string]struct {
		key    client.Key
		role   string
		change func(*sts.AssumeRoleInput)
		lasts  time.Duration
	}{
		"name of 2": {r.App, open, name("xy"), time.Hour}, "name of 64": {r.App, open, name(strings.Repeat("x", 64)),
			time.Hour}, "900 seconds": {r.Machine, long, seconds(900), 15 * time.Minute},
		"43200 seconds": {r.Machine, long, seconds(43200), 12 * time.Hour},
		"nothing asked": {r.Machine, long, seconds(3600), time.Hour},
		"external id":   {r.App, secret, external("right"), time.Hour},
		"policy in French": {r.App, open,
			policy(worldtest.Policy(`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::été"}`)), time.Hour},
		"10 policies": {r.App, open, managed(slices.Repeat([]string{read}, 10)...), time.Hour},
		"transitive":  {r.App, open, tags([]string{"DEPT"}, "Dept", "a", "Empty", ""), time.Hour},
	} {
		t.Run(what, func(t *testing.T) {
			out := worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, x.key, x.role, x.change))
			if left := time.Until(*out.Credentials.Expiration); left > x.lasts || left < x.lasts-time.Minute {
				t.Errorf("it lasts %s", left)
			}
			if len(*out.Credentials.SessionToken) > 4096 {
				t.Errorf("the token has %d characters", len(*out.Credentials.SessionToken))
			}
		})
	}
	t.Run("what is only answered when it was given", func(t *testing.T) {
		out := worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open))
		if out.PackedPolicySize != nil || out.SourceIdentity !=
			nil { //nolint:staticcheck // SDKs of before read the deprecated member
			t.Errorf("%+v", out)
		}
		out = worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open, tags(nil, "a", "b"), source("alice")))
		if out.PackedPolicySize == nil || *out.PackedPolicySize < 1 ||
			*out.SourceIdentity != "alice" { //nolint:staticcheck // SDKs of before read the deprecated member
			t.Errorf("%+v", out)
		}
	})
	t.Run("session policies narrow, and never widen", func(t *testing.T) {
		only := worldtest.Policy(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + corp.Bucket +
			`/shared/*"}`)
		k := worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open, policy(only))).Credentials)
		if _, err := r.Read(t.Context(), k, corp.Bucket, "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		_, err := r.Read(t.Context(), k, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "no session policy allows")
		// either of them allows
		k = worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open, policy(only),
			managed(read))).Credentials)
		if _, err := r.Read(t.Context(), k, corp.Bucket, "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}
		worldtest.MakeRole(t, r.World, r.Root(), "poor", trusts(r.WebApp, "", "sts:AssumeRole"),
			`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}`)
		k = worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App,
			"arn:aws:iam::"+r.Account+":role/poor", policy(only))).
			Credentials)
		_, err = r.Read(t.Context(), k, corp.Bucket, "shared/handbook.txt")
		worldtest.Refused(t, err, "AccessDenied", "no identity-based policy allows")
	})
	t.Run("what chaining keeps", func(t *testing.T) {
		next := r.role(t, "next",
			trusts(open, `,"Condition":{"StringEquals":{"aws:RequestTag/Dept":"a","sts:SourceIdentity":"alice"}}`, all...))
		mute := r.role(t, "mute", trusts(open, "", "sts:AssumeRole", "sts:TagSession"))
		first := worldtest.KeyOf(
			worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, open, tags([]string{"Dept"}, "Dept", "a", "Other", "o"),
				source("alice"))).Credentials)
		out := worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, first, next))
		if *out.SourceIdentity != "alice" {
			t.Errorf("%+v", out)
		}
		_, err := r.assume(t, first, next, tags(nil, "dept", "b"))
		worldtest.Refused(t, err, "InvalidParameterValue", "it conflicts with a transitive tag key from the calling session")
		_, err = r.assume(t, first, next, source("bob"))
		worldtest.Refused(t, err, "AccessDenied", "sts:SetSourceIdentity")
		_, err = r.assume(t, first, mute)
		worldtest.Refused(t, err, "AccessDenied", "sts:SetSourceIdentity")
		if _, err := r.assume(t, first, next, tags(nil, "Other", "again")); err != nil { // it was not transitive
			t.Error(err)
		}
	})
}

// What the query protocol does with requests that no SDK sends.
func TestSTSOnTheWire(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	query := func(body string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/", Service: "sts", Key: &r.Machine, Header: form, Body: body}
	}
	with := func(q worldtest.Request, change func(*worldtest.Request)) worldtest.Request { change(&q); return q }
	whoami := query("Action=GetCallerIdentity&Version=2011-06-15")
	expired := worldtest.Must[client.Key](t)(r.Assume(t.Context(), r.Machine, r.WebApp, "app", ""))
	for name, x := range map[string]struct {
		q           worldtest.Request
		status      int
		code, words string
	}{
		"not signed": {with(whoami, func(q *worldtest.Request) { q.Key = nil }), 403, "MissingAuthenticationToken", ""},
		"malformed header": {with(whoami, func(q *worldtest.Request) {
			q.Key = nil
			q.Header = map[string]string{"Content-Type": form["Content-Type"], "Authorization": "AWS4-HMAC-SHA256 Credential=x"}
		}), 400, "IncompleteSignature", ""},
		"sigv4a": {with(whoami, func(q *worldtest.Request) {
			q.Key = nil
			q.Header = map[string]string{"Content-Type": form["Content-Type"], "X-Amz-Date": "20261122T193528Z",
				"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/sts/aws4_request, " +
					"SignedHeaders=host, Signature=00"}
		}), 400, "IncompleteSignature", "use AWS4-HMAC-SHA256"},
		"unknown key": {with(whoami, func(q *worldtest.Request) {
			q.Key = &client.Key{ID: "AKIAIOSFODNN7EXAMPLE",
				Secret: "x"}
		}),
			403, "InvalidClientTokenId", "The security token included in the request is invalid"},
		"no token": {with(whoami, func(q *worldtest.Request) { q.Key = &client.Key{ID: r.App.ID, Secret: r.App.Secret} }),
			403,
			"InvalidClientTokenId", "The security token included in the request is invalid"},
		"another key's token": {
			with(whoami, func(q *worldtest.Request) {
				q.Key = &client.Key{ID: r.App.ID, Secret: r.App.Secret, Token: expired.Token}
			}), 403,
			"InvalidClientTokenId", "The security token included in the request is invalid"},
		"a token to a long key": {
			with(whoami, func(q *worldtest.Request) {
				q.Key = &client.Key{ID: r.Machine.ID, Secret: r.Machine.Secret, Token: r.App.Token}
			}),
			403, "InvalidClientTokenId", "The security token included in the request is invalid"},
		"wrong secret": {with(whoami, func(q *worldtest.Request) { q.Key = &client.Key{ID: r.Machine.ID, Secret: "x"} }), 403,
			"SignatureDoesNotMatch", ""},
		"an hour ago": {with(whoami, func(q *worldtest.Request) { q.At = time.Now().Add(-time.Hour) }), 403,
			"SignatureDoesNotMatch", "Signature expired: "},
		"another Region": {with(whoami, func(q *worldtest.Request) { q.Region = "eu-west-1" }), 403, "SignatureDoesNotMatch",
			"us-east-1"},
		"unknown action": {query("Action=Frobnicate&Version=2011-06-15"), 400, "InvalidAction", "Frobnicate"},
		"SAML": {query("Action=AssumeRoleWithSAML&Version=2011-06-15&RoleArn=" + url.QueryEscape(r.WebApp) +
			"&PrincipalArn=" + url.QueryEscape(r.WebApp) + "&SAMLAssertion=abcd"), 400, "InvalidAction", ""},
		"AssumeRoot": {query("Action=AssumeRoot&Version=2011-06-15"), 400, "InvalidAction", ""},
		"no action":  {query("Version=2011-06-15"), 400, "", ""},
		"no role": {query("Action=AssumeRole&Version=2011-06-15&RoleSessionName=xx"), 400, "ValidationError",
			"roleArn"},
		"twice escaped": {query("Action=AssumeRole&Version=2011-06-15&RoleSessionName=xx&RoleArn=" +
			url.QueryEscape(url.QueryEscape(r.WebApp))), 400, "ValidationError", "is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := worldtest.Send(t, r.World, x.q)
			if a.Status != x.status || x.code != "" && a.Code != x.code || !strings.Contains(a.Text, x.words) ||
				!strings.HasPrefix(a.Header.Get("Content-Type"), "text/xml") {
				t.Errorf("got %d %s\nwant %d %s %q", a.Status, a.Body, x.status, x.code, x.words)
			}
			checkEnvelope(t, a)
		})
	}
	t.Run("an expired key", func(t *testing.T) {
		r.Ahead.Store(int64(61 * time.Minute))
		defer r.Ahead.Store(0)
		a := worldtest.Send(t, r.World, with(whoami,
			func(q *worldtest.Request) { q.Key = &r.App; q.At = time.Now().Add(61 * time.Minute) }))
		if a.Status != 403 || a.Code != "ExpiredToken" ||
			!strings.Contains(a.Text, "The security token included in the request is expired") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	for name, q := range map[string]worldtest.Request{
		"as SDKs do": whoami, "another version": query("Action=GetCallerIdentity&Version=1999-01-01"),
		"no version": query("Action=GetCallerIdentity"),
		"by GET": {Method: "GET", Path: "/?Action=GetCallerIdentity&Version=2011-06-15", Service: "sts",
			Key: &r.Machine},
		"gaps in the lists": query("Action=AssumeRole&Version=2011-06-15&RoleSessionName=app&RoleArn=" +
			url.QueryEscape(r.WebApp) +
			"&PolicyArns.member.7.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess" +
			"&PolicyArns.member.20.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAmazonS3ReadOnlyAccess"),
	} {
		t.Run(name, func(t *testing.T) {
			a := worldtest.Send(t, r.World, q)
			if a.Status != 200 || !strings.Contains(a.Body, r.Account) ||
				!strings.Contains(a.Body, a.Header.Get("X-Amzn-Requestid")) || a.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
			}
		})
	}
}

// checkEnvelope looks at the error's form: namespace, kind, and the id that the header has too.
func checkEnvelope(t *testing.T, a worldtest.Answer) {
	t.Helper()
	var e struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
		Error     struct{ Type, Code, Message string }
		RequestID string `xml:"RequestId"`
	}
	if err := xml.Unmarshal([]byte(a.Body), &e); err != nil || e.Error.Type != "Sender" || e.RequestID == "" ||
		e.RequestID != a.Header.Get("X-Amzn-Requestid") || e.Error.Message == "" {
		t.Errorf("%v %s", err, a.Body)
	}
}

// GetCallerIdentity answers everybody who can prove a key, whatever policies say, and in a URL that was signed before.
func TestWhoAmI(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	x := iam.NewFromConfig(r.AWS(r.Root()))
	person := worldtest.Must[client.Key](t)(r.As(t.Context(), worldtest.Grace))
	worldtest.Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: aws.String("machine"),
			PolicyName:     aws.String("no"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"*","Resource":"*"}`))}))
	vended, _, err := r.Vend(t.Context(), person, "s3://"+corp.Bucket+"/finance/drafts/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]client.Key{"root": r.Root(), "user": r.Machine, "role": r.App, "person": person,
		"vended": vended} {
		arn, id := worldtest.CallerOf(t, r.World, k)
		want := map[string]string{"root": "arn:aws:iam::" + r.Account + ":root " + r.Account,
			"user": "arn:aws:iam::" + r.Account + ":user/machine AIDA", "role": "arn:aws:sts::" + r.Account +
				":assumed-role/webapp/app AROA",
			"person": "arn:aws:sts::" + r.Account + ":assumed-role/identity-bearer/TempDirectoryUserRole AROA",
			"vended": "arn:aws:sts::" + r.Account + ":assumed-role/s3ag-location/access-grants-"}[name]
		if !strings.HasPrefix(arn+" "+id, want) {
			t.Errorf("%s is %s %s", name, arn, id)
		}
		if got := presigned(t, r.World, k, time.Now(), 60, "c1"); got.Status != 200 ||
			!strings.Contains(got.Body, "<Arn>"+arn+"</Arn>") || !strings.Contains(got.Body, "<UserId>"+id+"</UserId>") ||
			!strings.Contains(got.Body, "<Account>"+r.Account+"</Account>") {
			t.Errorf("%s, presigned: %d %s", name, got.Status, got.Body)
		}
	}
	for name, x := range map[string]struct {
		at      time.Time
		seconds int
		header  string
	}{"past": {time.Now().Add(-2 * time.Minute), 60, "c1"}, "too long": {time.Now(), 604801, "c1"},
		"of another cluster": {time.Now(), 60, "c2"}} {
		if got := presigned(t, r.World, r.Machine, x.at, x.seconds, x.header); got.Status != 403 && got.Status != 400 ||
			got.Code == "" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	// The account stands in the key's id, whoever's it is and whether it exists.
	c := sts.NewFromConfig(r.AWS(r.Root()))
	for _, id := range []string{r.Machine.ID, r.App.ID, vended.ID, r.Root().ID} {
		if out := worldtest.Must[*sts.GetAccessKeyInfoOutput](t)(c.GetAccessKeyInfo(t.Context(),
			&sts.GetAccessKeyInfoInput{AccessKeyId: &id})); *out.Account != r.Account {
			t.Errorf("%s is of %s", id, *out.Account)
		}
	}
	for _, id := range []string{"AKIA", strings.Repeat("A", 129), "AKIA1189189189189189", "AKIA!!!!!!!!!!!!!!!!"} {
		_, err := c.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
		worldtest.Refused(t, err, "ValidationError", "")
	}
	_, err = sts.NewFromConfig(r.AWS(r.Machine)).GetAccessKeyInfo(t.Context(),
		&sts.GetAccessKeyInfoInput{AccessKeyId: &r.Machine.ID})
	worldtest.Refused(t, err, "AccessDenied", "sts:GetAccessKeyInfo")
}

// presigned asks by a URL as Kubernetes authenticators make it: one more header is signed, and named c1 when it was.
func presigned(t *testing.T, w *world.World, k client.Key, at time.Time, seconds int, cluster string) worldtest.Answer {
	t.Helper()
	q := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet,
		w.Env.Get("HTTP_PROXY")+fmt.Sprintf("/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=%d", seconds), nil))
	q.Header.Set("X-K8s-Aws-Id", "c1")
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	at1, _, err := v4.NewSigner().PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret,
		SessionToken: k.Token}, q, empty, "sts", w.Region, at)
	if err != nil {
		t.Fatal(err)
	}
	q = worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, at1, nil))
	q.Header.Set("X-K8s-Aws-Id", cluster)
	resp := worldtest.Must[*http.Response](t)((&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q))
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	var e struct{ Error struct{ Code string } }
	_ = xml.Unmarshal(b, &e) // a good answer has none
	return worldtest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(b), Code: e.Error.Code}
}
