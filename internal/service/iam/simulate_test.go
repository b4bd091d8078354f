package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"granary/internal/worldtest"
)

func (w *iamWorld) custom(t *testing.T, in iam.SimulateCustomPolicyInput) iamtypes.EvaluationResult {
	t.Helper()
	return worldtest.Must[*iam.SimulateCustomPolicyOutput](t)(w.SimulateCustomPolicy(t.Context(),
		&in)).EvaluationResults[0]
}

func (w *iamWorld) principal(t *testing.T, in iam.SimulatePrincipalPolicyInput) iamtypes.EvaluationResult {
	t.Helper()
	return worldtest.Must[*iam.SimulatePrincipalPolicyOutput](t)(w.SimulatePrincipalPolicy(t.Context(),
		&in)).EvaluationResults[0]
}

// matched writes the statements out: "id kind line:column-line:column".
func matched(list []iamtypes.Statement) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s %s %d:%d-%d:%d", *s.SourcePolicyId, s.SourcePolicyType, s.StartPosition.Line,
			s.StartPosition.Column, s.EndPosition.Line, s.EndPosition.Column))
	}
	return strings.Join(out, ", ")
}

func entry(name string, kind iamtypes.ContextKeyTypeEnum, values ...string) iamtypes.ContextEntry {
	return iamtypes.ContextEntry{ContextKeyName: &name, ContextKeyType: kind, ContextKeyValues: values}
}

var iamSimulationCases = []iamCase{
	{"policies that nobody has", "SimulateCustomPolicy", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		// The example of AWS's own command reference, with the places that it tells.
		dated := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",` +
			`"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}`
		in := iam.SimulateCustomPolicyInput{PolicyInputList: []string{dated}, ActionNames: []string{"dynamodb:CreateBackup"},
			ContextEntries: []iamtypes.ContextEntry{entry("aws:CurrentTime", iamtypes.ContextKeyTypeEnumDate,
				"2019-04-25T11:00:00Z")}}
		r := w.custom(t, in)
		if r.EvalDecision != "allowed" || *r.EvalActionName != "dynamodb:CreateBackup" || *r.EvalResourceName != "*" ||
			matched(r.MatchedStatements) != "PolicyInputList.1 none 1:38-1:167" || len(r.MissingContextValues) != 0 ||
			r.ResourceSpecificResults != nil {
			t.Errorf("after the date: %s, %s, %+v", r.EvalDecision, matched(r.MatchedStatements), r)
		}
		in.ContextEntries[0].ContextKeyValues = []string{"2014-04-25T11:00:00Z"}
		if r = w.custom(t, in); r.EvalDecision != "implicitDeny" || len(r.MatchedStatements) != 0 {
			t.Errorf("before the date: %+v", r)
		}
		in.ContextEntries = nil
		if r = w.custom(t, in); r.EvalDecision != "implicitDeny" ||
			fmt.Sprint(r.MissingContextValues) != "[aws:CurrentTime]" {
			t.Errorf("without a date: %+v", r)
		}

		two := "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\"Effect\": \"Allow\", \"Action\": \"s3:*\", " +
			"\"Resource\": [\"arn:aws:s3:::b/*\", \"arn:aws:s3:::${aws:username}\"]},\n    {\n      \"Effect\": \"Deny\",\n" +
			"      \"Action\": \"s3:DeleteObject\",\n      \"Resource\": \"*\"\n    }\n  ]\n}"
		in = iam.SimulateCustomPolicyInput{PolicyInputList: []string{dated, two},
			ActionNames:  []string{"s3:GetObject", "s3:DeleteObject", "s3:ListAllMyBuckets"},
			ResourceArns: []string{"arn:aws:s3:::b/k", "arn:aws:s3:::c/k"}}
		out := worldtest.Must[*iam.SimulateCustomPolicyOutput](t)(w.SimulateCustomPolicy(ctx, &in))
		var got []string
		for _, r := range out.EvaluationResults {
			got = append(got, fmt.Sprintf("%s %s %s [%s]", *r.EvalActionName, *r.EvalResourceName, r.EvalDecision,
				matched(r.MatchedStatements)))
			if len(r.ResourceSpecificResults) != 2 {
				t.Errorf("%d resource-specific results", len(r.ResourceSpecificResults))
			}
			for _, s := range r.ResourceSpecificResults {
				if *s.EvalResourceName == *r.EvalResourceName && s.EvalResourceDecision != r.EvalDecision {
					t.Errorf("%s: %s and %s", *s.EvalResourceName, s.EvalResourceDecision, r.EvalDecision)
				}
			}
		}
		want := "s3:GetObject arn:aws:s3:::b/k allowed [PolicyInputList.2 none 4:6-4:108]\n" +
			"s3:GetObject arn:aws:s3:::c/k implicitDeny []\n" +
			"s3:DeleteObject arn:aws:s3:::b/k explicitDeny [PolicyInputList.2 none 5:6-9:6]\n" +
			"s3:DeleteObject arn:aws:s3:::c/k explicitDeny [PolicyInputList.2 none 5:6-9:6]\n" +
			"s3:ListAllMyBuckets arn:aws:s3:::b/k allowed [PolicyInputList.2 none 4:6-4:108]\n" +
			"s3:ListAllMyBuckets arn:aws:s3:::c/k implicitDeny []"
		if g := strings.Join(got, "\n"); g != want {
			t.Errorf("got\n%s\nwant\n%s", g, want)
		}
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			in.Marker, in.MaxItems = marker, two
			out, err := w.SimulateCustomPolicy(ctx, &in)
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.EvaluationResults), out.IsTruncated, out.Marker, nil
		}); n != 6 {
			t.Errorf("%d results in pages", n)
		}

		narrow := worldtest.Policy(`{"Effect":"Allow","Action":"s3:List*","Resource":"*"}`)
		r = w.custom(t, iam.SimulateCustomPolicyInput{PolicyInputList: []string{two},
			PermissionsBoundaryPolicyInputList: []string{narrow}, ActionNames: []string{"s3:GetObject"},
			ResourceArns: []string{"arn:aws:s3:::b/k"}})
		if r.EvalDecision != "implicitDeny" || r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary {
			t.Errorf("beyond the boundary: %+v", r)
		}
	}},
	{"simulations with a resource's policy", "SimulateCustomPolicy", func(t *testing.T, w *iamWorld) {
		alice, other := w.arn("user/alice"), "arn:aws:iam::999999999999:root"
		gives := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + alice + `"},"Action":"s3:GetObject",` +
			`"Resource":"arn:aws:s3:::b/*"}`)
		in := iam.SimulateCustomPolicyInput{PolicyInputList: []string{worldtest.Policy(listUsers)},
			ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{"arn:aws:s3:::b/k"}, ResourcePolicy: &gives,
			CallerArn: &alice}
		if r := w.custom(t, in); r.EvalDecision != "allowed" || !strings.HasPrefix(matched(r.MatchedStatements),
			"ResourcePolicy resource 1:") || len(r.EvalDecisionDetails) != 0 {
			t.Errorf("in one account: %+v", r)
		}
		in.ResourceOwner = &other
		if r := w.custom(t, in); r.EvalDecision != "implicitDeny" || r.EvalDecisionDetails["IAM Policy"] != "implicitDeny" ||
			r.EvalDecisionDetails["Resource Policy"] != "allowed" {
			t.Errorf("across accounts, with the resource's consent only: %+v", r)
		}
		in.PolicyInputList = []string{worldtest.Policy(everyone)}
		if r := w.custom(t, in); r.EvalDecision != "allowed" || r.EvalDecisionDetails["IAM Policy"] != "allowed" ||
			len(r.MatchedStatements) != 2 {
			t.Errorf("across accounts, with both: %+v", r)
		}
		bob := w.arn("user/bob")
		in.CallerArn = &bob
		if r := w.custom(t, in); r.EvalDecision != "implicitDeny" ||
			r.EvalDecisionDetails["Resource Policy"] != "implicitDeny" {
			t.Errorf("another caller: %+v", r)
		}
		trust := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + bob + `"},"Action":"sts:AssumeRole"}`)
		in = iam.SimulateCustomPolicyInput{PolicyInputList: []string{worldtest.Policy(listUsers)},
			ActionNames: []string{"sts:AssumeRole"}, ResourceArns: []string{w.arn("role/r")}, ResourcePolicy: &trust,
			CallerArn: &bob}
		if r := w.custom(t, in); r.EvalDecision != "allowed" {
			t.Errorf("a trust policy: %+v", r)
		}
	}},
	{"what simulations refuse", "SimulateCustomPolicy SimulatePrincipalPolicy GetContextKeysForCustomPolicy",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			good := func() iam.SimulateCustomPolicyInput {
				return iam.SimulateCustomPolicyInput{PolicyInputList: []string{worldtest.Policy(everyone)},
					ActionNames: []string{"s3:GetObject"}}
			}
			for words, spoil := range map[string]func(*iam.SimulateCustomPolicyInput){
				"Syntax errors in policy.":  func(in *iam.SimulateCustomPolicyInput) { in.PolicyInputList = []string{"{"} },
				"Invalid ActionNames: s3":   func(in *iam.SimulateCustomPolicyInput) { in.ActionNames = []string{"s3*"} },
				"Invalid ResourceArns: b/k": func(in *iam.SimulateCustomPolicyInput) { in.ResourceArns = []string{"b/k"} },
				"CallerArn is required": func(in *iam.SimulateCustomPolicyInput) {
					in.ResourcePolicy = aws.String(worldtest.Policy(anyTrust))
				},
				"must be the ARN of an IAM user": func(in *iam.SimulateCustomPolicyInput) {
					in.CallerArn = aws.String(w.arn("role/r"))
				},
				"ResourceOwner must be": func(in *iam.SimulateCustomPolicyInput) { in.ResourceOwner = aws.String("me") },
				"takes one policy": func(in *iam.SimulateCustomPolicyInput) {
					in.PermissionsBoundaryPolicyInputList = []string{worldtest.Policy(everyone), worldtest.Policy(everyone)}
				},
				"of the type numeric, and its value": func(in *iam.SimulateCustomPolicyInput) {
					in.ContextEntries = []iamtypes.ContextEntry{entry("s3:max-keys", iamtypes.ContextKeyTypeEnumNumeric, "many")}
				},
				"of the type string, and has 2": func(in *iam.SimulateCustomPolicyInput) {
					in.ContextEntries = []iamtypes.ContextEntry{entry("s3:prefix", iamtypes.ContextKeyTypeEnumString, "a", "b")}
				},
				"is given twice": func(in *iam.SimulateCustomPolicyInput) {
					in.ContextEntries = []iamtypes.ContextEntry{entry("s3:prefix", iamtypes.ContextKeyTypeEnumString, "a"),
						entry("S3:Prefix", iamtypes.ContextKeyTypeEnumString, "b")}
				},
				"Each level of OrderedOrganizationPolicyInputList needs": func(in *iam.SimulateCustomPolicyInput) {
					in.OrderedOrganizationPolicyInputList = []iamtypes.OrderedOrganizationPolicyType{
						{ServiceControlPolicyInputList: []string{worldtest.Policy(everyone)}},
						{ServiceControlPolicyInputList: []string{}}}
				},
				"should not specify a principal": func(in *iam.SimulateCustomPolicyInput) {
					in.OrderedOrganizationPolicyInputList = []iamtypes.OrderedOrganizationPolicyType{
						{ServiceControlPolicyInputList: []string{
							worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`)}}}
				},
				"at most 7 levels": func(in *iam.SimulateCustomPolicyInput) {
					for range 8 {
						in.OrderedOrganizationPolicyInputList = append(in.OrderedOrganizationPolicyInputList,
							iamtypes.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: []string{worldtest.Policy(everyone)}})
					}
				},
				"The simulation is too large": func(in *iam.SimulateCustomPolicyInput) {
					slow := strings.Repeat(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::*`+strings.Repeat("a?", 240)+
						`b*"},`, 200)
					in.PolicyInputList = []string{worldtest.Policy(strings.TrimSuffix(slow, ","))}
					for range 50 {
						in.ResourceArns = append(in.ResourceArns, "arn:aws:s3:::"+strings.Repeat("a", 1000))
					}
				},
				"at most 200 actions and 100 resources": func(in *iam.SimulateCustomPolicyInput) {
					in.ActionNames = make([]string, 201)
					for i := range in.ActionNames {
						in.ActionNames[i] = "s3:GetObject"
					}
				},
			} {
				in := good()
				spoil(&in)
				_, err := w.SimulateCustomPolicy(ctx, &in)
				worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err, words)
			}
			for arn, words := range map[string]string{"arn:aws:sts::" + w.Account + ":assumed-role/r/s": "does not clearly " +
				"define entity type and name", w.arn("root"): "does not clearly define entity type and name"} {
				_, err := w.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn,
					ActionNames: []string{"s3:GetObject"}})
				worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err, words)
			}
			_, err := w.SimulatePrincipalPolicy(ctx,
				&iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(w.arn("user/ghost")),
					ActionNames: []string{"s3:GetObject"}})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user with name ghost cannot be found.")
			_, err = w.GetContextKeysForCustomPolicy(ctx,
				&iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{"[]"}})
			worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err, "")
			k := w.user(t, "curious", `{"Effect":"Allow","Action":"iam:SimulatePrincipalPolicy","Resource":"`+
				w.arn("user/curious")+`"}`)
			worldtest.Must[*iam.SimulatePrincipalPolicyOutput](t)(w.as(k).SimulatePrincipalPolicy(ctx,
				&iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(w.arn("user/curious")),
					ActionNames: []string{"s3:GetObject"}}))
			_, err = w.as(k).SimulatePrincipalPolicy(ctx,
				&iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(w.arn("user/other")),
					ActionNames: []string{"s3:GetObject"}})
			worldtest.Refused(t, err, "AccessDenied", w.arn("user/other"))
		}},
	{"an organization's policies", "SimulateCustomPolicy", func(t *testing.T, w *iamWorld) {
		level := func(documents ...string) iamtypes.OrderedOrganizationPolicyType {
			return iamtypes.OrderedOrganizationPolicyType{ServiceControlPolicyInputList: documents}
		}
		all := worldtest.Policy(`{"Effect":"Allow","Action":"*","Resource":"*"}`)
		ec2 := worldtest.Policy(`{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
		noS3 := worldtest.Policy(`{"Effect":"Deny","Action":"s3:*","Resource":"*"}`)
		for _, c := range []struct {
			levels   []iamtypes.OrderedOrganizationPolicyType
			decision iamtypes.PolicyEvaluationDecisionType
			governed bool
			matched  string
		}{
			{nil, "allowed", true, "PolicyInputList.1"},
			{[]iamtypes.OrderedOrganizationPolicyType{level(all), level(all)}, "allowed", true, "PolicyInputList.1"},
			{[]iamtypes.OrderedOrganizationPolicyType{level(all, noS3), level(all)}, "explicitDeny", false,
				"OrderedOrganizationPolicyInputList.1.ServiceControlPolicyInputList.2"},
			{[]iamtypes.OrderedOrganizationPolicyType{level(all), level(ec2), level(all)}, "implicitDeny", false, ""},
			{[]iamtypes.OrderedOrganizationPolicyType{level(all), level(ec2, all)}, "allowed", true, "PolicyInputList.1"},
			{[]iamtypes.OrderedOrganizationPolicyType{level(noS3)}, "explicitDeny", false,
				"OrderedOrganizationPolicyInputList.1.ServiceControlPolicyInputList.1"},
		} {
			r := w.custom(t, iam.SimulateCustomPolicyInput{PolicyInputList: []string{all}, ActionNames: []string{"s3:GetObject"},
				OrderedOrganizationPolicyInputList: c.levels})
			if r.EvalDecision != c.decision || !strings.HasPrefix(matched(r.MatchedStatements), c.matched) || c.matched == "" &&
				len(r.MatchedStatements) > 0 {
				t.Errorf("%d levels: %s by %s", len(c.levels), r.EvalDecision, matched(r.MatchedStatements))
			}
			switch detail := r.OrganizationsDecisionDetail; {
			case c.levels == nil && detail != nil,
				c.levels != nil && (detail == nil || detail.AllowedByOrganizations != c.governed):
				t.Errorf("%d levels: the organization: %+v", len(c.levels), detail)
			}
		}
	}},
	{"what a principal has", "SimulatePrincipalPolicy GetContextKeysForPrincipalPolicy GetContextKeysForCustomPolicy",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			w.user(t, "simulated", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}`)
			who := aws.String("simulated")
			arn := w.arn("user/simulated")
			worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx,
				&iam.CreateGroupInput{GroupName: aws.String("simulators")}))
			worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
				&iam.PutGroupPolicyInput{GroupName: aws.String("simulators"),
					PolicyName: aws.String("put"),
					PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*",` +
						`"Condition":{"StringEquals":{"s3:x-amz-acl":"private"}}}`))}))
			worldtest.Must[*iam.AddUserToGroupOutput](t)(w.AddUserToGroup(ctx,
				&iam.AddUserToGroupInput{GroupName: aws.String("simulators"),
					UserName: who}))
			own := w.policy(t, "simulated-managed", `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*"}`)
			worldtest.Must[*iam.AttachUserPolicyOutput](t)(w.AttachUserPolicy(ctx,
				&iam.AttachUserPolicyInput{UserName: who, PolicyArn: &own}))
			worldtest.Must[*iam.AttachGroupPolicyOutput](t)(w.AttachGroupPolicy(ctx,
				&iam.AttachGroupPolicyInput{GroupName: aws.String("simulators"),
					PolicyArn: aws.String("arn:aws:iam::aws:policy/IAMReadOnlyAccess")}))
			full := []iamtypes.ContextEntry{entry("aws:username", iamtypes.ContextKeyTypeEnumString, "simulated"),
				entry("s3:x-amz-acl", iamtypes.ContextKeyTypeEnumString, "private")}
			for _, c := range []struct{ action, resource, from string }{
				{"s3:GetObject", "arn:aws:s3:::b/simulated/k", "user_simulated_own user"},
				{"s3:PutObject", "arn:aws:s3:::b/k", "group_simulators_put group"},
				{"s3:ListBucket", "arn:aws:s3:::b", "simulated-managed user-managed"},
				{"iam:ListUsers", "*", "IAMReadOnlyAccess aws-managed"},
			} {
				r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn, ActionNames: []string{c.action},
					ResourceArns: []string{c.resource}, ContextEntries: full})
				if r.EvalDecision != "allowed" || !strings.HasPrefix(matched(r.MatchedStatements), c.from+" 1:") ||
					len(r.MissingContextValues) != 0 ||
					!r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary ||
					!r.OrganizationsDecisionDetail.AllowedByOrganizations {
					t.Errorf("%s: %s by %s, lacking %v", c.action, r.EvalDecision, matched(r.MatchedStatements),
						r.MissingContextValues)
				}
			}
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn,
				ActionNames: []string{"s3:GetObject"}}); r.EvalDecision != "implicitDeny" ||
				fmt.Sprint(r.MissingContextValues) != "[aws:username s3:x-amz-acl]" {
				t.Errorf("without context: %s, lacking %v", r.EvalDecision, r.MissingContextValues)
			}
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String(w.arn("group/simulators")),
				ActionNames: []string{"iam:ListUsers"}}); r.EvalDecision != "allowed" {
				t.Errorf("a group: %+v", r)
			}
			keys := worldtest.Must[*iam.GetContextKeysForPrincipalPolicyOutput](t)(w.GetContextKeysForPrincipalPolicy(ctx,
				&iam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: &arn,
					PolicyInputList: []string{
						worldtest.Policy(`{"Effect":"Deny","Action":"*","Resource":"*",` +
							`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)}}))
			if fmt.Sprint(keys.ContextKeyNames) != "[aws:SecureTransport aws:username s3:x-amz-acl]" {
				t.Errorf("context keys: %v", keys.ContextKeyNames)
			}
			custom := worldtest.Must[*iam.GetContextKeysForCustomPolicyOutput](t)(w.GetContextKeysForCustomPolicy(ctx,
				&iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{
					worldtest.Policy(`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team, 'x'}${*}",` +
						`"Condition":{"StringLike":{"aws:Userid":"${aws:username}","aws:userId":"x"}}}`)}}))
			if fmt.Sprint(custom.ContextKeyNames) != "[aws:PrincipalTag/team aws:Userid aws:username]" {
				t.Errorf("context keys: %v", custom.ContextKeyNames)
			}

			narrow := w.policy(t, "simulated-boundary", `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny",`+
				`"Action":"s3:ListBucket","Resource":"*"}`)
			worldtest.Must[*iam.PutUserPermissionsBoundaryOutput](t)(w.PutUserPermissionsBoundary(ctx,
				&iam.PutUserPermissionsBoundaryInput{UserName: who, PermissionsBoundary: &narrow}))
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn,
				ActionNames: []string{"iam:ListUsers"}}); r.EvalDecision != "implicitDeny" ||
				r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary {
				t.Errorf("beyond the boundary: %+v", r)
			}
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn,
				ActionNames: []string{"s3:ListBucket"}}); r.EvalDecision != "explicitDeny" ||
				!strings.HasPrefix(matched(r.MatchedStatements), "simulated-boundary user-managed") {
				t.Errorf("denied by the boundary: %s by %s", r.EvalDecision, matched(r.MatchedStatements))
			}
			wide := []string{worldtest.Policy(everyone)}
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &arn,
				ActionNames:                        []string{"s3:ListBucket"},
				PermissionsBoundaryPolicyInputList: wide}); r.EvalDecision != "allowed" {
				t.Errorf("with another boundary: %+v", r)
			}

			user := aws.String("asks-role")
			worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx, &iam.CreateUserInput{UserName: user}))
			worldtest.MakeRole(t, w.World, w.Root(), "simulated", anyTrust,
				`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)
			role := w.arn("role/simulated")
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role,
				ActionNames: []string{"s3:GetObject"}}); r.EvalDecision != "allowed" ||
				!strings.HasPrefix(matched(r.MatchedStatements), "role_simulated_work role") {
				t.Errorf("a role: %s by %s", r.EvalDecision, matched(r.MatchedStatements))
			}
			denies := worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)
			_, err := w.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role,
				ActionNames: []string{"s3:GetObject"}, ResourcePolicy: &denies})
			worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err, "CallerArn is required")
			if r := w.principal(t, iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role,
				ActionNames:    []string{"s3:GetObject"},
				ResourcePolicy: &denies, CallerArn: &arn}); r.EvalDecision != "explicitDeny" ||
				!strings.HasPrefix(matched(r.MatchedStatements), "ResourcePolicy resource") {
				t.Errorf("a role, with a resource's policy: %s by %s", r.EvalDecision, matched(r.MatchedStatements))
			}
		}},
	{"simulations under an organization's policies", "SimulatePrincipalPolicy", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("boss")}))
		worldtest.Must[*iam.AttachUserPolicyOutput](t)(w.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: aws.String("boss"),
				PolicyArn: aws.String(adminARN)}))
		admin := w.key(t, "boss")
		m := worldtest.JoinAccount(t, w.World, admin, "governed")
		x := w.as(m.Key)
		worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")}))
		worldtest.Must[*iam.AttachUserPolicyOutput](t)(x.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: aws.String("u"),
				PolicyArn: aws.String(adminARN)}))
		in := iam.SimulatePrincipalPolicyInput{PolicySourceArn: aws.String("arn:aws:iam::" + m.ID + ":user/u"),
			ActionNames: []string{"s3:DeleteBucket"}}
		simulate := func() iamtypes.EvaluationResult {
			return worldtest.Must[*iam.SimulatePrincipalPolicyOutput](t)(x.SimulatePrincipalPolicy(ctx,
				&in)).EvaluationResults[0]
		}
		if r := simulate(); r.EvalDecision != "allowed" || !r.OrganizationsDecisionDetail.AllowedByOrganizations {
			t.Errorf("before: %+v", r)
		}
		org := organizations.NewFromConfig(w.AWS(admin))
		roots := worldtest.Must[*organizations.ListRootsOutput](t)(org.ListRoots(ctx, nil)).Roots
		_, err := org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: roots[0].Id,
			PolicyType: orgtypes.PolicyTypeServiceControlPolicy})
		if err != nil && !strings.Contains(err.Error(), "PolicyTypeAlreadyEnabled") {
			t.Fatal(err)
		}
		p := worldtest.Must[*organizations.CreatePolicyOutput](t)(org.CreatePolicy(ctx,
			&organizations.CreatePolicyInput{Name: aws.String("keep"), Description: aws.String(""),
				Type:    orgtypes.PolicyTypeServiceControlPolicy,
				Content: aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`))})).
			Policy.PolicySummary
		worldtest.Must[*organizations.AttachPolicyOutput](t)(org.AttachPolicy(ctx,
			&organizations.AttachPolicyInput{PolicyId: p.Id, TargetId: &m.ID}))
		if r := simulate(); r.EvalDecision != "explicitDeny" || r.OrganizationsDecisionDetail.AllowedByOrganizations ||
			len(r.MatchedStatements) != 0 {
			t.Errorf("after: %+v", r)
		}
	}},
}
