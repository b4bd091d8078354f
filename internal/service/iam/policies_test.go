package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"granary/internal/worldtest"
)

var iamPolicyCases = []iamCase{
	{"managed policies and their versions", "CreatePolicy GetPolicy DeletePolicy CreatePolicyVersion GetPolicyVersion " +
		"ListPolicyVersions DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy ListPolicyTags",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			document := "{\"Version\": \"2012-10-17\",\n\"Statement\":[" + listUsers + "]}"
			p := worldtest.Must[*iam.CreatePolicyOutput](t)(w.CreatePolicy(ctx,
				&iam.CreatePolicyInput{PolicyName: aws.String("Lists"),
					Path: aws.String("/p/"), PolicyDocument: &document, Description: aws.String("lists"),
					Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})).Policy
			if *p.Arn != w.arn("policy/p/Lists") || !strings.HasPrefix(*p.PolicyId, "ANPA") || *p.DefaultVersionId != "v1" ||
				*p.AttachmentCount != 0 || !p.IsAttachable {
				t.Errorf("a policy: %+v", p)
			}
			arn := p.Arn
			_, err := w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("lists"), PolicyDocument: &document})
			worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err,
				"A policy called lists already exists. Duplicate names are "+
					"not allowed.")
			_, err = w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("big"),
				PolicyDocument: aws.String(sized(6145))})
			worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for PolicySize: 6144")
			worldtest.Must[*iam.CreatePolicyOutput](t)(w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("big"),
				PolicyDocument: aws.String(sized(6144))}))
			for bad, words := range map[string]string{"{": "Syntax errors in policy.",
				strings.Replace(document, "2012-10-17", "2008-10-17", 1): "Policy document must be version 2012-10-17 or greater.",
				worldtest.Policy(`{"Effect":"Allow","Action":"iam","Resource":"*"}`): "Actions/Conditions must be prefaced by a " +
					"vendor, " +
					"e.g., iam, sdb, ec2, etc.",
				worldtest.Policy(`{"Effect":"Allow","Action":"iam:*"}`): "Policy statement must contain resources."} {
				_, err = w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("bad"), PolicyDocument: &bad})
				worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, words)
				_, err = w.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &bad})
				worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, words)
			}
			k := w.user(t, "versioned")
			worldtest.Must[*iam.AttachUserPolicyOutput](t)(w.AttachUserPolicy(ctx,
				&iam.AttachUserPolicyInput{UserName: aws.String("versioned"), PolicyArn: arn}))
			w.may(t, k, true, "")
			for i := 2; i <= 5; i++ {
				v := worldtest.Must[*iam.CreatePolicyVersionOutput](t)(w.CreatePolicyVersion(ctx,
					&iam.CreatePolicyVersionInput{PolicyArn: arn,
						PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"iam:*","Resource":"*"}`)),
						SetAsDefault:   i == 3})).PolicyVersion
				if *v.VersionId != fmt.Sprintf("v%d", i) || v.IsDefaultVersion != (i == 3) {
					t.Errorf("version %d: %+v", i, v)
				}
			}
			w.may(t, k, false, "with an explicit deny in an identity-based policy")
			_, err = w.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: &document})
			worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "A managed policy can have up to 5 versions.")
			_, err = w.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v3")})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete the default version of a policy.")
			worldtest.Must[*iam.SetDefaultPolicyVersionOutput](t)(w.SetDefaultPolicyVersion(ctx,
				&iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}))
			w.may(t, k, true, "")
			if v := worldtest.Must[*iam.GetPolicyVersionOutput](t)(w.GetPolicyVersion(ctx,
				&iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})).PolicyVersion; worldtest.UnescapePolicy(t,
				v.Document) != document || !v.IsDefaultVersion {
				t.Errorf("version 1: %+v", v)
			}
			_, err = w.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v9")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
			if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
				out, err := w.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn, Marker: marker, MaxItems: two})
				if err != nil {
					return 0, false, nil, err
				}
				return len(out.Versions), out.IsTruncated, out.Marker, nil
			}); n != 5 {
				t.Errorf("%d versions", n)
			}
			if got := worldtest.Must[*iam.GetPolicyOutput](t)(w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})).
				Policy; *got.AttachmentCount != 1 || *got.Description != "lists" || len(got.Tags) != 1 {
				t.Errorf("read again: %+v", got)
			}
			_, err = w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(w.arn("policy/Lists"))}) // another path
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Policy "+w.arn("policy/Lists")+" was not found.")
			_, err = w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete a policy attached to entities.")
			worldtest.Must[*iam.DetachUserPolicyOutput](t)(w.DetachUserPolicy(ctx,
				&iam.DetachUserPolicyInput{UserName: aws.String("versioned"), PolicyArn: arn}))
			_, err = w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "This policy has more than one version.")
			for _, v := range []string{"v2", "v3", "v4", "v5"} {
				worldtest.Must[*iam.DeletePolicyVersionOutput](t)(w.DeletePolicyVersion(ctx,
					&iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: &v}))
			}
			worldtest.Must[*iam.TagPolicyOutput](t)(w.TagPolicy(ctx,
				&iam.TagPolicyInput{PolicyArn: arn, Tags: []iamtypes.Tag{{Key: aws.String("c"), Value: aws.String("")}}}))
			worldtest.Must[*iam.UntagPolicyOutput](t)(w.UntagPolicy(ctx,
				&iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"a"}}))
			if out := worldtest.Must[*iam.ListPolicyTagsOutput](t)(w.ListPolicyTags(ctx,
				&iam.ListPolicyTagsInput{PolicyArn: arn})); len(
				out.Tags) != 1 || *out.Tags[0].Key != "c" {
				t.Errorf("tags: %+v", out.Tags)
			}
			worldtest.Must[*iam.DeletePolicyOutput](t)(w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn}))
			_, err = w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
			for _, try := range []func() error{
				func() error {
					_, err := w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(adminARN)})
					return err
				},
				func() error {
					_, err := w.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(adminARN),
						PolicyDocument: &document})
					return err
				},
			} {
				worldtest.Refused(t, try(), "AccessDenied", "AWS's own")
			}
		}},
	{"where policies are used", "ListPolicies ListEntitiesForPolicy", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		arn := w.policy(t, "everywhere", listUsers)
		bound := w.policy(t, "as-boundary", listUsers)
		w.policy(t, "nowhere", listUsers)
		for i := range 2 {
			name := aws.String(fmt.Sprintf("has%d", i))
			path := aws.String(fmt.Sprintf("/has%d/", i))
			worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx,
				&iam.CreateUserInput{UserName: name, Path: path, PermissionsBoundary: &bound}))
			worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: name, Path: path}))
			worldtest.Must[*iam.CreateRoleOutput](t)(w.CreateRole(ctx,
				&iam.CreateRoleInput{RoleName: name, Path: path, AssumeRolePolicyDocument: aws.String(worldtest.Policy(anyTrust))}))
			worldtest.Must[*iam.AttachUserPolicyOutput](t)(w.AttachUserPolicy(ctx,
				&iam.AttachUserPolicyInput{UserName: name, PolicyArn: &arn}))
			worldtest.Must[*iam.AttachGroupPolicyOutput](t)(w.AttachGroupPolicy(ctx,
				&iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: &arn}))
			worldtest.Must[*iam.AttachRolePolicyOutput](t)(w.AttachRolePolicy(ctx,
				&iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn}))
		}
		worldtest.Must[*iam.PutRolePermissionsBoundaryOutput](t)(w.PutRolePermissionsBoundary(ctx,
			&iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("has0"), PermissionsBoundary: &arn}))
		for _, c := range []struct {
			in                  iam.ListEntitiesForPolicyInput
			groups, roles, user int
		}{
			{iam.ListEntitiesForPolicyInput{PolicyArn: &arn}, 2, 2, 2},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &arn, EntityFilter: iamtypes.EntityTypeGroup}, 2, 0, 0},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &arn, EntityFilter: iamtypes.EntityTypeUser}, 0, 0, 2},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &arn, PathPrefix: aws.String("/has1/")}, 1, 1, 1},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &arn, PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsBoundary}, 0,
				1, 0},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &bound}, 0, 0, 2},
			{iam.ListEntitiesForPolicyInput{PolicyArn: &bound, PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsPolicy}, 0,
				0, 0},
		} {
			out := worldtest.Must[*iam.ListEntitiesForPolicyOutput](t)(w.ListEntitiesForPolicy(ctx, &c.in))
			if len(out.PolicyGroups) != c.groups || len(out.PolicyRoles) != c.roles || len(out.PolicyUsers) != c.user {
				t.Errorf("%+v: %d groups, %d roles, %d users", c.in, len(out.PolicyGroups), len(out.PolicyRoles),
					len(out.PolicyUsers))
			}
		}
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			out, err := w.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: &arn, Marker: marker,
				MaxItems: two})
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.PolicyGroups) + len(out.PolicyRoles) + len(out.PolicyUsers), out.IsTruncated, out.Marker, nil
		}); n != 6 {
			t.Errorf("%d entities", n)
		}
		if p := worldtest.Must[*iam.GetPolicyOutput](t)(w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &bound})).
			Policy; *p.AttachmentCount != 0 || *p.PermissionsBoundaryUsageCount != 2 {
			t.Errorf("counts: %d attached, %d boundaries", *p.AttachmentCount, *p.PermissionsBoundaryUsageCount)
		}
		if p := worldtest.Must[*iam.GetPolicyOutput](t)(w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})).
			Policy; *p.AttachmentCount != 6 || *p.PermissionsBoundaryUsageCount != 1 {
			t.Errorf("counts: %d attached, %d boundaries", *p.AttachmentCount, *p.PermissionsBoundaryUsageCount)
		}
		listed := func(in iam.ListPoliciesInput) string {
			t.Helper()
			var names []string
			for pager := iam.NewListPoliciesPaginator(w, &in,
				func(o *iam.ListPoliciesPaginatorOptions) { o.Limit = 3 }); pager.HasMorePages(); {
				out := worldtest.Must[*iam.ListPoliciesOutput](t)(pager.NextPage(ctx))
				for _, p := range out.Policies {
					names = append(names, *p.PolicyName)
				}
			}
			return " " + strings.Join(names, " ") + " "
		}
		for _, c := range []struct {
			about     string
			in        iam.ListPoliciesInput
			has, lack string
		}{
			{"all", iam.ListPoliciesInput{}, "AdministratorAccess everywhere nowhere as-boundary", "none"},
			{"AWS's", iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeAws}, "AdministratorAccess AWSDenyAll", "everywhere"},
			{"ours", iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal}, "everywhere nowhere", "AdministratorAccess"},
			{"attached", iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal, OnlyAttached: true}, "everywhere",
				"nowhere as-boundary"},
			{"boundaries", iam.ListPoliciesInput{PolicyUsageFilter: iamtypes.PolicyUsageTypePermissionsBoundary},
				"as-boundary everywhere", "nowhere"},
			{"another path", iam.ListPoliciesInput{PathPrefix: aws.String("/nothing/here/")}, "",
				"everywhere AdministratorAccess"},
		} {
			got := listed(c.in)
			for _, n := range strings.Fields(c.has) {
				if !strings.Contains(got, " "+n+" ") {
					t.Errorf("%s: no %s in%s", c.about, n, got)
				}
			}
			for _, n := range strings.Fields(c.lack) {
				if strings.Contains(got, " "+n+" ") {
					t.Errorf("%s: %s in%s", c.about, n, got)
				}
			}
		}
	}},
	{"conditions that AWS fills for IAM", "PutUserPermissionsBoundary AttachUserPolicy TagUser CreateUser DeletePolicy",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			arn := w.policy(t, "the-boundary", everyone)
			only := func(action, condition string) string {
				return `{"Effect":"Allow","Action":"iam:` + action + `","Resource":"*","Condition":{` + condition + `}}`
			}
			k := w.user(t, "delegate", only("CreateUser", `"StringEquals":{"iam:PermissionsBoundary":"`+arn+`"}`),
				only("PutUserPermissionsBoundary", `"StringEquals":{"iam:PermissionsBoundary":"`+arn+`"}`),
				only("AttachUserPolicy", `"ArnEquals":{"iam:PolicyARN":"`+arn+`"},"StringEquals":{"iam:PermissionsBoundary":"`+arn+
					`"}`),
				only("TagUser",
					`"StringEquals":{"aws:RequestTag/team":"mill"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`),
				only("UntagUser", `"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`),
				only("DeletePolicy", `"StringEquals":{"iam:ResourceTag/team":"mill"}`),
				only("DeleteUser", `"StringEquals":{"aws:ResourceTag/team":"mill"}`))
			x, name := w.as(k), aws.String("made")
			_, err := x.CreateUser(ctx, &iam.CreateUserInput{UserName: name})
			worldtest.Refused(t, err, "AccessDenied", "iam:CreateUser on resource: "+w.arn("user/made"))
			worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx,
				&iam.CreateUserInput{UserName: name, PermissionsBoundary: &arn}))
			_, err = x.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: name,
				PermissionsBoundary: aws.String(adminARN)})
			worldtest.Refused(t, err, "AccessDenied", "")
			worldtest.Must[*iam.PutUserPermissionsBoundaryOutput](t)(x.PutUserPermissionsBoundary(ctx,
				&iam.PutUserPermissionsBoundaryInput{UserName: name, PermissionsBoundary: &arn}))
			_, err = x.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: aws.String(adminARN)})
			worldtest.Refused(t, err, "AccessDenied", "")
			// without the boundary
			_, err = x.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("delegate"), PolicyArn: &arn})
			worldtest.Refused(t, err, "AccessDenied", "")
			worldtest.Must[*iam.AttachUserPolicyOutput](t)(x.AttachUserPolicy(ctx,
				&iam.AttachUserPolicyInput{UserName: name, PolicyArn: &arn}))
			tag := func(k, v string) error {
				_, err := x.TagUser(ctx,
					&iam.TagUserInput{UserName: name, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("mill")},
						{Key: &k, Value: &v}}[:1+len(v)]})
				return err
			}
			worldtest.Refused(t, tag("other", "x"), "AccessDenied", "")
			_, err = x.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
			worldtest.Refused(t, err, "AccessDenied", "")
			if err := tag("", ""); err != nil {
				t.Error(err)
			}
			_, err = x.UntagUser(ctx, &iam.UntagUserInput{UserName: name, TagKeys: []string{"team", "other"}})
			worldtest.Refused(t, err, "AccessDenied", "")
			_, err = x.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name})
			worldtest.Refused(t, err, "DeleteConflict", "")
			_, err = x.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
			worldtest.Refused(t, err, "AccessDenied", "iam:DeletePolicy on resource: "+arn)
			worldtest.Must[*iam.TagPolicyOutput](t)(w.TagPolicy(ctx,
				&iam.TagPolicyInput{PolicyArn: &arn, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("mill")}}}))
			_, err = x.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
			worldtest.Refused(t, err, "DeleteConflict", "")
		}},
	{"lists are on the collection", "ListUsers ListGroups ListRoles ListInstanceProfiles",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			x := w.as(w.user(t, "looks"))
			_, err := x.ListUsers(ctx, nil)
			worldtest.Refused(t, err, "AccessDenied",
				"User: "+w.arn("user/looks")+" is not authorized to perform: iam:ListUsers on "+
					"resource: "+w.arn("user/")+" because no identity-based policy allows the iam:ListUsers action")
			_, err = x.ListGroups(ctx, nil)
			worldtest.Refused(t, err, "AccessDenied", "on resource: "+w.arn("group/")+" because")
			_, err = x.ListRoles(ctx, nil)
			worldtest.Refused(t, err, "AccessDenied", "on resource: "+w.arn("role/")+" because")
			_, err = x.ListInstanceProfiles(ctx, nil)
			worldtest.Refused(t, err, "AccessDenied", "on resource: "+w.arn("instance-profile/")+" because")
			_, err = x.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("unknown")}) // not told that there is none
			worldtest.Refused(t, err, "AccessDenied", w.arn("group/unknown"))
		}},
}

var iamAccountCases = []iamCase{
	{"account aliases", "CreateAccountAlias DeleteAccountAlias ListAccountAliases", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		aliases := func(x *iam.Client) string {
			t.Helper()
			return fmt.Sprint(worldtest.Must[*iam.ListAccountAliasesOutput](t)(x.ListAccountAliases(ctx, nil)).AccountAliases)
		}
		if got := aliases(w.Client); got != "[]" {
			t.Errorf("before: %s", got)
		}
		for _, bad := range []string{"ab", "Upper", "-x-y", "a--b", "a_b", strings.Repeat("a", 64)} {
			_, err := w.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: &bad})
			worldtest.Refused(t, err, "ValidationError", "'accountAlias' failed to satisfy constraint")
		}
		_, err := w.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: aws.String("123456789012")})
		worldtest.Refused(t, err, "InvalidInput", "account number")
		for _, alias := range []string{"larkspur", "larkspur-mill"} { // the second takes the place of the first
			worldtest.Must[*iam.CreateAccountAliasOutput](t)(w.CreateAccountAlias(ctx,
				&iam.CreateAccountAliasInput{AccountAlias: &alias}))
		}
		if got := aliases(w.Client); got != "[larkspur-mill]" {
			t.Errorf("aliases: %s", got)
		}
		member := worldtest.JoinAccount(t, w.World, worldtest.MakeAdministrator(t, w.World), "aliased")
		x := w.as(member.Key)
		_, err = x.CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: aws.String("larkspur-mill")})
		worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "The account alias larkspur-mill already exists.")
		worldtest.Must[*iam.CreateAccountAliasOutput](t)(x.CreateAccountAlias(ctx,
			&iam.CreateAccountAliasInput{AccountAlias: aws.String("larkspur")}))
		// not its own
		_, err = x.DeleteAccountAlias(ctx, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("larkspur-mill")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
		worldtest.Must[*iam.DeleteAccountAliasOutput](t)(w.DeleteAccountAlias(ctx,
			&iam.DeleteAccountAliasInput{AccountAlias: aws.String("larkspur-mill")}))
		if a, b := aliases(w.Client), aliases(x); a != "[]" || b != "[larkspur]" {
			t.Errorf("after: %s, the member's: %s", a, b)
		}
	}},
	{"the account's summary", "GetAccountSummary", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		before := worldtest.Must[*iam.GetAccountSummaryOutput](t)(w.GetAccountSummary(ctx, nil)).SummaryMap
		w.user(t, "counted")
		w.role(t, "counted")
		worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("counted")}))
		worldtest.Must[*iam.CreateInstanceProfileOutput](t)(w.CreateInstanceProfile(ctx,
			&iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("counted")}))
		arn := w.policy(t, "counted", listUsers)
		worldtest.Must[*iam.CreatePolicyVersionOutput](t)(w.CreatePolicyVersion(ctx,
			&iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: aws.String(worldtest.Policy(listUsers))}))
		worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(w.CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://counted.example")}))
		after := worldtest.Must[*iam.GetAccountSummaryOutput](t)(w.GetAccountSummary(ctx, nil)).SummaryMap
		for name, more := range map[string]int32{"Users": 1, "Roles": 1, "Groups": 1, "InstanceProfiles": 1, "Policies": 1,
			"PolicyVersionsInUse": 2, "Providers": 1} {
			if after[name] != before[name]+more || before[name] == 0 && name == "Users" {
				t.Errorf("%s: %d, then %d", name, before[name], after[name])
			}
		}
		for name, want := range map[string]int32{"AccountAccessKeysPresent": 1, "AccessKeysPerUserQuota": 2,
			"GroupsPerUserQuota": 10, "AttachedPoliciesPerRoleQuota": 10, "UserPolicySizeQuota": 2048,
			"GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240, "PolicySizeQuota": 6144, "VersionsPerPolicyQuota": 5,
			"AssumeRolePolicySizeQuota": 2048, "MFADevices": 0} {
			if got, ok := after[name]; !ok || got != want {
				t.Errorf("%s: %d", name, got)
			}
		}
	}},
	{"all details of the account", "GetAccountAuthorizationDetails", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		w.user(t, "detailed", listUsers)
		worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx,
			&iam.CreateGroupInput{GroupName: aws.String("detailed")}))
		worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
			&iam.PutGroupPolicyInput{GroupName: aws.String("detailed"),
				PolicyName: aws.String("p"), PolicyDocument: aws.String(worldtest.Policy(listUsers))}))
		worldtest.Must[*iam.AddUserToGroupOutput](t)(w.AddUserToGroup(ctx,
			&iam.AddUserToGroupInput{GroupName: aws.String("detailed"),
				UserName: aws.String("detailed")}))
		worldtest.Must[*iam.AttachUserPolicyOutput](t)(w.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: aws.String("detailed"),
				PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}))
		role := w.role(t, "detailed")
		worldtest.Must[*iam.CreateInstanceProfileOutput](t)(w.CreateInstanceProfile(ctx,
			&iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("detailed")}))
		worldtest.Must[*iam.AddRoleToInstanceProfileOutput](t)(w.AddRoleToInstanceProfile(ctx,
			&iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("detailed"), RoleName: role}))
		w.policy(t, "detailed", listUsers)
		whole := func(limit int32, filter ...iamtypes.EntityType) (all iam.GetAccountAuthorizationDetailsOutput, pages int) {
			t.Helper()
			for p := iam.NewGetAccountAuthorizationDetailsPaginator(w, &iam.GetAccountAuthorizationDetailsInput{Filter: filter},
				func(o *iam.GetAccountAuthorizationDetailsPaginatorOptions) { o.Limit = limit }); p.HasMorePages(); pages++ {
				out := worldtest.Must[*iam.GetAccountAuthorizationDetailsOutput](t)(p.NextPage(ctx))
				if n := len(out.UserDetailList) + len(out.GroupDetailList) + len(out.RoleDetailList) +
					len(out.Policies); n > int(limit) {
					t.Errorf("a page of %d", n)
				}
				all.UserDetailList = append(all.UserDetailList, out.UserDetailList...)
				all.GroupDetailList = append(all.GroupDetailList, out.GroupDetailList...)
				all.RoleDetailList = append(all.RoleDetailList, out.RoleDetailList...)
				all.Policies = append(all.Policies, out.Policies...)
			}
			return all, pages
		}
		all, _ := whole(1000)
		small, n := whole(3)
		sizes := func(o iam.GetAccountAuthorizationDetailsOutput) string {
			return fmt.Sprint(len(o.UserDetailList), len(o.GroupDetailList), len(o.RoleDetailList), len(o.Policies))
		}
		if sizes(all) != sizes(small) || n < 4 {
			t.Errorf("at once %s, in %d pages %s", sizes(all), n, sizes(small))
		}
		shipped := len(
			worldtest.Must[*iam.ListPoliciesOutput](t)(w.ListPolicies(ctx,
				&iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeAws})).
				Policies)
		summary := worldtest.Must[*iam.GetAccountSummaryOutput](t)(w.GetAccountSummary(ctx, nil)).SummaryMap
		if want := fmt.Sprint(summary["Users"], summary["Groups"], summary["Roles"], int(summary["Policies"])+shipped); sizes(
			all) != want {
			t.Errorf("%s, and the summary counts %s", sizes(all), want)
		}
		found := 0
		for _, u := range all.UserDetailList {
			if *u.UserName == "detailed" {
				found++
				if fmt.Sprint(u.GroupList) != "[detailed]" || len(u.UserPolicyList) != 1 ||
					worldtest.UnescapePolicy(t, u.UserPolicyList[0].PolicyDocument) != worldtest.Policy(listUsers) ||
					len(u.AttachedManagedPolicies) != 1 {
					t.Errorf("a user's details: %+v", u)
				}
			}
		}
		for _, r := range all.RoleDetailList {
			if *r.RoleName == "detailed" {
				found++
				if len(r.InstanceProfileList) != 1 ||
					worldtest.UnescapePolicy(t, r.AssumeRolePolicyDocument) != worldtest.Policy(anyTrust) {
					t.Errorf("a role's details: %+v", r)
				}
			}
		}
		for _, p := range all.Policies {
			if *p.PolicyName == "detailed" || *p.PolicyName == "AmazonS3ReadOnlyAccess" && *p.AttachmentCount > 0 {
				if found++; len(p.PolicyVersionList) != 1 || p.PolicyVersionList[0].Document == nil {
					t.Errorf("a policy's details: %+v", p)
				}
			}
		}
		if found != 4 {
			t.Errorf("found %d of 4", found)
		}
		if o, _ := whole(1000, iamtypes.EntityTypeGroup, iamtypes.EntityTypeAWSManagedPolicy); len(o.UserDetailList) != 0 ||
			len(o.RoleDetailList) != 0 || len(o.GroupDetailList) == 0 || len(o.Policies) != shipped {
			t.Errorf("filtered: %s", sizes(o))
		}
	}},
	{"OpenID Connect providers", "CreateOpenIDConnectProvider GetOpenIDConnectProvider DeleteOpenIDConnectProvider " +
		"ListOpenIDConnectProviders AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider " +
		"UpdateOpenIDConnectProviderThumbprint TagOpenIDConnectProvider UntagOpenIDConnectProvider " +
		"ListOpenIDConnectProviderTags", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		p := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(w.CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://oidc.example/x"), ClientIDList: []string{"a"}})).
			OpenIDConnectProviderArn
		if *p != w.arn("oidc-provider/oidc.example/x") {
			t.Errorf("a provider: %s", *p)
		}
		_, err := w.CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://oidc.example/x")})
		worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "")
		worldtest.Must[*iam.AddClientIDToOpenIDConnectProviderOutput](t)(w.AddClientIDToOpenIDConnectProvider(ctx,
			&iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: p, ClientID: aws.String("b")}))
		worldtest.Must[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](t)(w.RemoveClientIDFromOpenIDConnectProvider(ctx,
			&iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: p, ClientID: aws.String("a")}))
		worldtest.Must[*iam.UpdateOpenIDConnectProviderThumbprintOutput](t)(w.UpdateOpenIDConnectProviderThumbprint(ctx,
			&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: p,
				ThumbprintList: []string{strings.Repeat("a", 40)}}))
		worldtest.Must[*iam.TagOpenIDConnectProviderOutput](t)(w.TagOpenIDConnectProvider(ctx,
			&iam.TagOpenIDConnectProviderInput{OpenIDConnectProviderArn: p,
				Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("")},
					{Key: aws.String("b"), Value: aws.String("c")}}}))
		worldtest.Must[*iam.UntagOpenIDConnectProviderOutput](t)(w.UntagOpenIDConnectProvider(ctx,
			&iam.UntagOpenIDConnectProviderInput{OpenIDConnectProviderArn: p, TagKeys: []string{"b"}}))
		if out := worldtest.Must[*iam.ListOpenIDConnectProviderTagsOutput](t)(w.ListOpenIDConnectProviderTags(ctx,
			&iam.ListOpenIDConnectProviderTagsInput{OpenIDConnectProviderArn: p})); len(out.Tags) != 1 {
			t.Errorf("tags: %+v", out.Tags)
		}
		got := worldtest.Must[*iam.GetOpenIDConnectProviderOutput](t)(w.GetOpenIDConnectProvider(ctx,
			&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p}))
		if *got.Url != "oidc.example/x" || fmt.Sprint(got.ClientIDList) != "[b]" || len(got.ThumbprintList) != 1 {
			t.Errorf("read again: %+v", got)
		}
		if out := worldtest.Must[*iam.ListOpenIDConnectProvidersOutput](t)(w.ListOpenIDConnectProviders(ctx, nil)); len(
			out.OpenIDConnectProviderList) == 0 {
			t.Error("none listed")
		}
		worldtest.Must[*iam.DeleteOpenIDConnectProviderOutput](t)(w.DeleteOpenIDConnectProvider(ctx,
			&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: p}))
		_, err = w.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: p})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
	}},
}
