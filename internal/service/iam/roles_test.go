package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

type clientKey = client.Key

// role makes a role that machines may assume, and returns its name for inputs.
func (w *iamWorld) role(t *testing.T, name string) *string {
	t.Helper()
	worldtest.Must[*iam.CreateRoleOutput](t)(w.CreateRole(t.Context(),
		&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(worldtest.Policy(anyTrust))}))
	return &name
}

var iamRoleCases = []iamCase{
	{"roles are made, changed, listed and deleted", "CreateRole GetRole UpdateRole UpdateRoleDescription " +
		"UpdateAssumeRolePolicy DeleteRole ListRoles", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		trust := "{\n \"Version\": \"2012-10-17\", \"Statement\": [" + anyTrust + "] }"
		r := worldtest.Must[*iam.CreateRoleOutput](t)(w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("Miller"),
			Path: aws.String("/mill/"), AssumeRolePolicyDocument: &trust,
			Description: aws.String("grinds"), PermissionsBoundary: aws.String(adminARN),
			Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})).Role
		if *r.Arn != w.arn("role/mill/Miller") || !strings.HasPrefix(*r.RoleId, "AROA") || *r.MaxSessionDuration != 3600 ||
			worldtest.UnescapePolicy(t, r.AssumeRolePolicyDocument) != trust || len(r.Tags) != 1 {
			t.Errorf("a role: %+v", r)
		}
		name := r.RoleName
		_, err := w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("MILLER"), AssumeRolePolicyDocument: &trust})
		worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "Role with name MILLER already exists.")
		for document, words := range map[string]string{
			"{": "This policy contains invalid Json",
			worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole",` +
				`"Resource":"*"}`): "Has prohibited field Resource.",
			worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"*"},` +
				`"Action":"s3:GetObject"}`): "AssumeRole policy may only specify STS AssumeRole actions.",
			worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/x*"},` +
				`"Action":"sts:AssumeRole"}`): `Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/x*"`,
		} {
			_, err = w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: &document})
			worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, words)
			_, err = w.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &document})
			worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, words)
		}
		_, err = w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: &trust,
			MaxSessionDuration: aws.Int32(3599)})
		worldtest.Refused(t, err, "ValidationError",
			"'maxSessionDuration' failed to satisfy constraint: Member must have value "+
				"greater than or equal to 3600")
		long := strings.Replace(trust, `"Effect"`, `"Sid":"`+strings.Repeat("x", 2048)+`","Effect"`, 1)
		_, err = w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: &long})
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for ACLSizePerRole: 2048")
		worldtest.Must[*iam.UpdateRoleOutput](t)(w.UpdateRole(ctx,
			&iam.UpdateRoleInput{RoleName: name, MaxSessionDuration: aws.Int32(43200)}))
		describe := func(text *string, want string) {
			t.Helper()
			worldtest.Must[*iam.UpdateRoleOutput](t)(w.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: text}))
			if got := worldtest.Must[*iam.GetRoleOutput](t)(w.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).
				Role; aws.ToString(got.Description) != want {
				t.Errorf("the description %q, want %q", aws.ToString(got.Description), want)
			}
		}
		describe(aws.String("changed"), "changed")
		describe(nil, "changed")
		describe(aws.String(""), "")
		describe(aws.String("again"), "again")
		if d := worldtest.Must[*iam.UpdateRoleDescriptionOutput](t)(w.UpdateRoleDescription(ctx,
			&iam.UpdateRoleDescriptionInput{RoleName: name, Description: aws.String("")})).
			Role; aws.ToString(d.Description) != "" {
			t.Errorf("a description taken away: %q", *d.Description)
		}
		other := worldtest.Policy(strings.Replace(anyTrust, "ec2", "lambda", 1))
		worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(w.UpdateAssumeRolePolicy(ctx,
			&iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &other}))
		got := worldtest.Must[*iam.GetRoleOutput](t)(w.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
		if *got.MaxSessionDuration != 43200 || aws.ToString(got.Description) != "" ||
			worldtest.UnescapePolicy(t, got.AssumeRolePolicyDocument) != other || got.PermissionsBoundary == nil ||
			len(got.Tags) != 1 {
			t.Errorf("changed: %+v", got)
		}
		worldtest.Must[*iam.DeleteRoleOutput](t)(w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
		_, err = w.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The role with name Miller cannot be found.")
		for i := range 3 {
			worldtest.Must[*iam.CreateRoleOutput](t)(w.CreateRole(ctx,
				&iam.CreateRoleInput{RoleName: aws.String(fmt.Sprintf("paged%d", i)), Path: aws.String("/paged/"),
					AssumeRolePolicyDocument: &trust}))
		}
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			out, err := w.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/paged/"), Marker: marker, MaxItems: two})
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.Roles), out.IsTruncated, out.Marker, nil
		}); n != 3 {
			t.Errorf("%d roles under /paged/", n)
		}
	}},
	{"policies, boundaries and tags of roles", "PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies " +
		"AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies PutRolePermissionsBoundary " +
		"DeleteRolePermissionsBoundary TagRole UntagRole ListRoleTags", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		user := w.user(t, "becomes")
		worldtest.MakeRole(t, w.World, w.Root(), "Becoming", `{"Effect":"Allow","Principal":{"AWS":"`+w.arn("user/becomes")+
			`"},"Action":"sts:AssumeRole"}`, listUsers)
		name := aws.String("Becoming")
		k := worldtest.Must[clientKey](t)(w.Assume(ctx, user, w.arn("role/Becoming"), "s1", ""))
		w.may(t, k, true, "")
		if out := worldtest.Must[*iam.GetRolePolicyOutput](t)(w.GetRolePolicy(ctx,
			&iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("work")})); worldtest.UnescapePolicy(t,
			out.PolicyDocument) != worldtest.Policy(listUsers) {
			t.Errorf("the document: %s", *out.PolicyDocument)
		}
		if out := worldtest.Must[*iam.ListRolePoliciesOutput](t)(w.ListRolePolicies(ctx,
			&iam.ListRolePoliciesInput{RoleName: name})); fmt.Sprint(out.PolicyNames) != "[work]" {
			t.Errorf("inline: %v", out.PolicyNames)
		}
		_, err := w.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("x"),
			PolicyDocument: aws.String(sized(10241))})
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "10240 bytes exceeded for role Becoming")
		_, err = w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete entity, must delete policies first.")
		worldtest.Must[*iam.DeleteRolePolicyOutput](t)(w.DeleteRolePolicy(ctx,
			&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("work")}))
		w.may(t, k, false, "because no identity-based policy allows")
		_, err = w.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("work")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The role policy with name work cannot be found.")

		arn := w.policy(t, "role-reads", listUsers)
		for range 2 {
			worldtest.Must[*iam.AttachRolePolicyOutput](t)(w.AttachRolePolicy(ctx,
				&iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn}))
		}
		w.may(t, k, true, "")
		if out := worldtest.Must[*iam.ListAttachedRolePoliciesOutput](t)(w.ListAttachedRolePolicies(ctx,
			&iam.ListAttachedRolePoliciesInput{RoleName: name})); len(out.AttachedPolicies) != 1 {
			t.Errorf("attached: %+v", out.AttachedPolicies)
		}
		_, err = w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
			"Cannot delete entity, must detach all policies first.")
		narrow := w.policy(t, "role-narrow", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		worldtest.Must[*iam.PutRolePermissionsBoundaryOutput](t)(w.PutRolePermissionsBoundary(ctx,
			&iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: &narrow}))
		w.may(t, k, false, "because no permissions boundary allows the iam:ListUsers action")
		worldtest.Must[*iam.DeleteRolePermissionsBoundaryOutput](t)(w.DeleteRolePermissionsBoundary(ctx,
			&iam.DeleteRolePermissionsBoundaryInput{RoleName: name}))
		w.may(t, k, true, "")
		worldtest.Must[*iam.DetachRolePolicyOutput](t)(w.DetachRolePolicy(ctx,
			&iam.DetachRolePolicyInput{RoleName: name, PolicyArn: &arn}))
		_, err = w.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: &arn})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Policy "+arn+" was not found.")
		for i := range 11 {
			arn := w.policy(t, fmt.Sprintf("per-role-%d", i), listUsers)
			_, err := w.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn})
			if i == 10 {
				worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for PoliciesPerRole: 10")
			}
		}

		worldtest.Must[*iam.TagRoleOutput](t)(w.TagRole(ctx,
			&iam.TagRoleInput{RoleName: name, Tags: []iamtypes.Tag{{Key: aws.String("b"), Value: aws.String("")},
				{Key: aws.String("a"), Value: aws.String("1")}}}))
		if out := worldtest.Must[*iam.ListRoleTagsOutput](t)(w.ListRoleTags(ctx,
			&iam.ListRoleTagsInput{RoleName: name})); len(
			out.Tags) != 2 || *out.Tags[0].Key != "a" || *out.Tags[1].Value != "" {
			t.Errorf("tags: %+v", out.Tags)
		}
		worldtest.Must[*iam.UntagRoleOutput](t)(w.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"A"}}))
		if out := worldtest.Must[*iam.ListRoleTagsOutput](t)(w.ListRoleTags(ctx,
			&iam.ListRoleTagsInput{RoleName: name})); len(
			out.Tags) != 1 {
			t.Errorf("tags left: %+v", out.Tags)
		}
	}},
	{"instance profiles", "CreateInstanceProfile GetInstanceProfile DeleteInstanceProfile ListInstanceProfiles " +
		"AddRoleToInstanceProfile RemoveRoleFromInstanceProfile ListInstanceProfilesForRole TagInstanceProfile " +
		"UntagInstanceProfile ListInstanceProfileTags", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		role, name := w.role(t, "machine"), aws.String("Machine")
		p := worldtest.Must[*iam.CreateInstanceProfileOutput](t)(w.CreateInstanceProfile(ctx,
			&iam.CreateInstanceProfileInput{InstanceProfileName: name, Path: aws.String("/m/"),
				Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})).InstanceProfile
		if *p.Arn != w.arn("instance-profile/m/Machine") || !strings.HasPrefix(*p.InstanceProfileId, "AIPA") ||
			len(p.Roles) != 0 || len(p.Tags) != 1 {
			t.Errorf("a profile: %+v", p)
		}
		_, err := w.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("MACHINE")})
		worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "Instance Profile MACHINE already exists.")
		_, err = w.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String("none")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Instance Profile none cannot be found.")
		add := &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: role}
		_, err = w.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name,
			RoleName: aws.String("none")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The role with name none cannot be found.")

		// who adds a role hands it to machines: iam:PassRole
		mayAdd := `{"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile","Resource":"` + w.arn("instance-profile/m/*") +
			`"}`
		pass := func(service string) string {
			return `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + w.arn("role/machine") +
				`","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
		}
		k := w.user(t, "passes", mayAdd, pass("lambda.amazonaws.com"))
		_, err = w.as(k).AddRoleToInstanceProfile(ctx, add)
		worldtest.Refused(t, err, "AccessDenied",
			"is not authorized to perform: iam:PassRole on resource: "+w.arn("role/machine"))
		w.allow(t, "passes", mayAdd, pass("ec2.amazonaws.com"))
		worldtest.Must[*iam.AddRoleToInstanceProfileOutput](t)(w.as(k).AddRoleToInstanceProfile(ctx, add))
		_, err = w.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name,
			RoleName: w.role(t, "second")})
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err,
			"Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
		if p := worldtest.Must[*iam.GetInstanceProfileOutput](t)(w.GetInstanceProfile(ctx,
			&iam.GetInstanceProfileInput{InstanceProfileName: name})).InstanceProfile; len(p.Roles) != 1 ||
			*p.Roles[0].RoleName != "machine" || p.Roles[0].AssumeRolePolicyDocument == nil {
			t.Errorf("with its role: %+v", p)
		}
		if out := worldtest.Must[*iam.ListInstanceProfilesForRoleOutput](t)(w.ListInstanceProfilesForRole(ctx,
			&iam.ListInstanceProfilesForRoleInput{RoleName: role})); len(out.InstanceProfiles) != 1 {
			t.Errorf("of the role: %+v", out.InstanceProfiles)
		}
		_, err = w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
			"Cannot delete entity, must remove roles from instance "+
				"profile first.")
		_, err = w.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: name})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
			"Cannot delete entity, must remove roles from instance "+
				"profile first.")
		worldtest.Must[*iam.RemoveRoleFromInstanceProfileOutput](t)(w.RemoveRoleFromInstanceProfile(ctx,
			&iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: role}))
		_, err = w.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name,
			RoleName: role})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")

		worldtest.Must[*iam.TagInstanceProfileOutput](t)(w.TagInstanceProfile(ctx,
			&iam.TagInstanceProfileInput{InstanceProfileName: name,
				Tags: []iamtypes.Tag{{Key: aws.String("c"), Value: aws.String("d")}}}))
		worldtest.Must[*iam.UntagInstanceProfileOutput](t)(w.UntagInstanceProfile(ctx,
			&iam.UntagInstanceProfileInput{InstanceProfileName: name, TagKeys: []string{"a"}}))
		if out := worldtest.Must[*iam.ListInstanceProfileTagsOutput](t)(w.ListInstanceProfileTags(ctx,
			&iam.ListInstanceProfileTagsInput{InstanceProfileName: name})); len(out.Tags) != 1 || *out.Tags[0].Key != "c" {
			t.Errorf("tags: %+v", out.Tags)
		}
		for i := range 3 {
			worldtest.Must[*iam.CreateInstanceProfileOutput](t)(w.CreateInstanceProfile(ctx,
				&iam.CreateInstanceProfileInput{InstanceProfileName: aws.String(fmt.Sprintf("paged%d", i)),
					Path: aws.String("/paged/")}))
		}
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			out, err := w.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{PathPrefix: aws.String("/paged/"),
				Marker: marker, MaxItems: two})
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.InstanceProfiles), out.IsTruncated, out.Marker, nil
		}); n != 3 {
			t.Errorf("%d profiles under /paged/", n)
		}
		worldtest.Must[*iam.DeleteInstanceProfileOutput](t)(w.DeleteInstanceProfile(ctx,
			&iam.DeleteInstanceProfileInput{InstanceProfileName: name}))
		worldtest.Must[*iam.DeleteRoleOutput](t)(w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role}))
	}},
}
