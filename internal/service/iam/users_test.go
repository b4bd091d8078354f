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

var iamUserCases = []iamCase{
	{"users are made, renamed, listed and deleted", "CreateUser GetUser UpdateUser DeleteUser ListUsers",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			u := worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("Maud"),
				Path: aws.String("/people/"), PermissionsBoundary: aws.String(adminARN),
				Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("mill")},
					{Key: aws.String("empty"), Value: aws.String("")}}})).User
			if *u.Arn != w.arn("user/people/Maud") || !strings.HasPrefix(*u.UserId, "AIDA") || len(*u.UserId) != 21 ||
				*u.PermissionsBoundary.PermissionsBoundaryArn != adminARN || len(u.Tags) != 2 {
				t.Errorf("a user: %+v", u)
			}
			if got := worldtest.Must[*iam.GetUserOutput](t)(w.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Maud")})).
				User; *got.UserId != *u.UserId || got.PermissionsBoundary == nil || len(got.Tags) != 2 ||
				got.PasswordLastUsed != nil {
				t.Errorf("read again: %+v", got)
			}
			_, err := w.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("MAUD")})
			worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "User with name MAUD already exists.")
			_, err = w.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("nil")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user with name nil cannot be found.")
			for name, path := range map[string]string{strings.Repeat("u", 65): "/", "a/b": "/", "ok": "people/",
				"ok2": "/" + strings.Repeat("p", 511) + "/"} {
				_, err = w.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: &path})
				worldtest.Refused(t, err, "ValidationError", "1 validation error detected: Value '")
			}
			_, err = w.CreateUser(ctx,
				&iam.CreateUserInput{UserName: aws.String("ok"), PermissionsBoundary: aws.String(w.arn("policy/none"))})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Policy "+w.arn("policy/none")+
				" does not exist or is not attachable.")
			_, err = w.CreateUser(ctx,
				&iam.CreateUserInput{UserName: aws.String("ok"),
					Tags: []iamtypes.Tag{{Key: aws.String("k"), Value: aws.String("1")},
						{Key: aws.String("K"), Value: aws.String("2")}}})
			worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err,
				"Duplicate tag keys found. Please note that Tag keys are case "+
					"insensitive.")

			// a rename takes keys, groups, policies, boundary and tags along
			k := w.key(t, "Maud")
			worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("mauds")}))
			worldtest.Must[*iam.AddUserToGroupOutput](t)(w.AddUserToGroup(ctx,
				&iam.AddUserToGroupInput{GroupName: aws.String("mauds"),
					UserName: aws.String("Maud")}))
			worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
				&iam.PutGroupPolicyInput{GroupName: aws.String("mauds"),
					PolicyName: aws.String("p"), PolicyDocument: aws.String(worldtest.Policy(listUsers))}))
			worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("taken")}))
			_, err = w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("Maud"), NewUserName: aws.String("TAKEN")})
			worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "User with name TAKEN already exists.")
			worldtest.Must[*iam.UpdateUserOutput](t)(w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("Maud"),
				NewUserName: aws.String("Agnes"), NewPath: aws.String("/other/")}))
			w.may(t, k, true, "")
			got := worldtest.Must[*iam.GetUserOutput](t)(w.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("Agnes")})).User
			if *got.Arn != w.arn("user/other/Agnes") || *got.UserId != *u.UserId || got.PermissionsBoundary == nil ||
				len(got.Tags) != 2 {
				t.Errorf("renamed: %+v", got)
			}
			if out := worldtest.Must[*iam.ListGroupsForUserOutput](t)(w.ListGroupsForUser(ctx,
				&iam.ListGroupsForUserInput{UserName: aws.String("Agnes")})); len(out.Groups) != 1 {
				t.Errorf("groups after the rename: %+v", out.Groups)
			}
			if out := worldtest.Must[*iam.ListAccessKeysOutput](t)(w.ListAccessKeys(ctx,
				&iam.ListAccessKeysInput{UserName: aws.String("Agnes")})); len(out.AccessKeyMetadata) != 1 ||
				*out.AccessKeyMetadata[0].UserName != "Agnes" {
				t.Errorf("keys after the rename: %+v", out.AccessKeyMetadata)
			}
			worldtest.Must[*iam.UpdateUserOutput](t)(w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("Agnes"),
				NewUserName: aws.String("AGNES")}))
			w.may(t, k, true, "")

			_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("AGNES")})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
				"Cannot delete entity, must delete access keys first.")
			worldtest.Must[*iam.DeleteAccessKeyOutput](t)(w.DeleteAccessKey(ctx,
				&iam.DeleteAccessKeyInput{UserName: aws.String("AGNES"),
					AccessKeyId: &k.ID}))
			_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("AGNES")})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
				"Cannot delete entity, must remove users from group first.")
			worldtest.Must[*iam.RemoveUserFromGroupOutput](t)(w.RemoveUserFromGroup(ctx,
				&iam.RemoveUserFromGroupInput{GroupName: aws.String("mauds"), UserName: aws.String("AGNES")}))
			worldtest.Must[*iam.DeleteUserOutput](t)(w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("AGNES")}))
			_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("AGNES")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
			for i := range 3 {
				worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx,
					&iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("paged%d", i)), Path: aws.String("/paged/")}))
			}
			if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
				out, err := w.ListUsers(ctx, &iam.ListUsersInput{PathPrefix: aws.String("/paged/"), Marker: marker, MaxItems: two})
				if err != nil {
					return 0, false, nil, err
				}
				return len(out.Users), out.IsTruncated, out.Marker, nil
			}); n != 3 {
				t.Errorf("%d users under /paged/", n)
			}
			_, err = w.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1001)})
			worldtest.Refused(t, err, "ValidationError", "less than or equal to 1000")
		}},
	{"who asks without a name", "GetUser", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		if u := worldtest.Must[*iam.GetUserOutput](t)(w.GetUser(ctx, nil)).User; *u.Arn != w.arn("root") ||
			*u.UserId != w.Account {
			t.Errorf("the root user: %+v", u)
		}
		k := w.user(t, "asks", `{"Effect":"Allow","Action":["iam:GetUser"],"Resource":"*"}`)
		if u := worldtest.Must[*iam.GetUserOutput](t)(w.as(k).GetUser(ctx, nil)).User; *u.UserName != "asks" {
			t.Errorf("a user: %+v", u)
		}
		worldtest.MakeRole(t, w.World, w.Root(), "asks", `{"Effect":"Allow","Principal":{"AWS":"`+w.arn("user/asks")+
			`"},"Action":"sts:AssumeRole"}`, everyone)
		_, err := w.as(worldtest.Must[clientKey](t)(w.Assume(ctx, k, w.arn("role/asks"), "s1", ""))).GetUser(ctx, nil)
		worldtest.Refused(t, err, "ValidationError", "Must specify userName when calling with non-User credentials")
	}},
	{"tags of users", "TagUser UntagUser ListUserTags", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		w.user(t, "tagged")
		who := aws.String("tagged")
		tag := func(k, v string) error {
			_, err := w.TagUser(ctx, &iam.TagUserInput{UserName: who, Tags: []iamtypes.Tag{{Key: &k, Value: &v}}})
			return err
		}
		for i := range 50 {
			if err := tag(fmt.Sprintf("k%d", i), ""); err != nil {
				t.Fatal(err)
			}
		}
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, tag("k50", "v"), "Cannot exceed quota for TagsPerUser: 50")
		if err := tag("K0", "again"); err != nil {
			t.Fatal(err)
		}
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			out, err := w.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: who, Marker: marker, MaxItems: two})
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.Tags), out.IsTruncated, out.Marker, nil
		}); n != 50 {
			t.Errorf("%d tags", n)
		}
		worldtest.Must[*iam.UntagUserOutput](t)(w.UntagUser(ctx,
			&iam.UntagUserInput{UserName: who, TagKeys: []string{"k0", "k1", "absent"}}))
		if out := worldtest.Must[*iam.ListUserTagsOutput](t)(w.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: who})); len(
			out.Tags) != 48 {
			t.Errorf("%d tags left", len(out.Tags))
		}
		worldtest.RefusedAs[*iamtypes.InvalidInputException](t, tag("aws:mine", "v"), "")
		worldtest.Refused(t, tag(strings.Repeat("k", 129), "v"), "ValidationError", "")
		worldtest.Refused(t, tag("k", strings.Repeat("v", 257)), "ValidationError", "")
	}},
	{"keys of users", "CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey GetAccessKeyLastUsed",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			k := w.user(t, "keyed")
			_, err := w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("no-user")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user with name no-user cannot be found.")
			_, err = w.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("keyed"),
				AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA"), Status: iamtypes.StatusTypeInactive})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err,
				"The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.")
			_, err = w.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("keyed"), AccessKeyId: &k.ID,
				Status: "Sleeping"})
			worldtest.Refused(t, err, "ValidationError", "Member must satisfy enum value set")
			worldtest.Must[*iam.GetAccessKeyLastUsedOutput](t)(w.GetAccessKeyLastUsed(ctx,
				&iam.GetAccessKeyLastUsedInput{AccessKeyId: &k.ID}))
			worldtest.Must[*iam.UpdateAccessKeyOutput](t)(w.UpdateAccessKey(ctx,
				&iam.UpdateAccessKeyInput{UserName: aws.String("keyed"),
					AccessKeyId: &k.ID, Status: iamtypes.StatusTypeInactive}))
			if out := worldtest.Must[*iam.ListAccessKeysOutput](t)(w.ListAccessKeys(ctx,
				&iam.ListAccessKeysInput{
					UserName: aws.String("keyed")})); out.AccessKeyMetadata[0].Status != iamtypes.StatusTypeInactive {
				t.Errorf("listed: %+v", out.AccessKeyMetadata)
			}
			worldtest.Must[*iam.DeleteAccessKeyOutput](t)(w.DeleteAccessKey(ctx,
				&iam.DeleteAccessKeyInput{UserName: aws.String("keyed"),
					AccessKeyId: &k.ID}))
		}},
	{"policies of users", "PutUserPolicy GetUserPolicy DeleteUserPolicy ListUserPolicies AttachUserPolicy " +
		"DetachUserPolicy ListAttachedUserPolicies", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		k := w.user(t, "ruled", listUsers)
		who := aws.String("ruled")
		w.may(t, k, true, "")
		w.allow(t, "ruled", `{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}`) // overwrites
		w.may(t, k, false, "because no identity-based policy allows the iam:ListUsers action")
		if out := worldtest.Must[*iam.GetUserPolicyOutput](t)(w.GetUserPolicy(ctx,
			&iam.GetUserPolicyInput{UserName: who, PolicyName: aws.String("own")})); !strings.Contains(
			worldtest.UnescapePolicy(t, out.PolicyDocument), "iam:GetUser") {
			t.Errorf("the document: %s", *out.PolicyDocument)
		}
		_, err := w.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: who, PolicyName: aws.String("none")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user policy with name none cannot be found.")
		_, err = w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: who, PolicyName: aws.String("x"),
			PolicyDocument: aws.String(sized(2049))})
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "2048 bytes exceeded for user ruled")
		_, err = w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: who, PolicyName: aws.String("x"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Action":"iam:*","Resource":"*","Principal":"*"}`))})
		worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err,
			"Policy document should not specify a principal.")
		if out := worldtest.Must[*iam.ListUserPoliciesOutput](t)(w.ListUserPolicies(ctx,
			&iam.ListUserPoliciesInput{UserName: who})); fmt.Sprint(out.PolicyNames) != "[own]" {
			t.Errorf("inline: %v", out.PolicyNames)
		}
		_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: who})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete entity, must delete policies first.")
		worldtest.Must[*iam.DeleteUserPolicyOutput](t)(w.DeleteUserPolicy(ctx,
			&iam.DeleteUserPolicyInput{UserName: who, PolicyName: aws.String("own")}))
		_, err = w.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: who, PolicyName: aws.String("own")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user policy with name own cannot be found.")

		for i := range 11 {
			arn := w.policy(t, fmt.Sprintf("per-user-%d", i), listUsers)
			_, err := w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: who, PolicyArn: &arn})
			if i < 10 && err != nil {
				t.Fatal(err)
			}
			if i == 10 {
				worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for PoliciesPerUser: 10")
			}
		}
		w.may(t, k, true, "")
		if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
			out, err := w.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: who, Marker: marker,
				MaxItems: two})
			if err != nil {
				return 0, false, nil, err
			}
			return len(out.AttachedPolicies), out.IsTruncated, out.Marker, nil
		}); n != 10 {
			t.Errorf("%d attached", n)
		}
		_, err = w.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: who, PolicyArn: aws.String(w.arn("policy/none"))})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err,
			"Policy "+w.arn("policy/none")+" does not exist or is not attachable.")
		_, err = w.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: who, PolicyArn: aws.String("arn:aws:s3:::not-a-policy")})
		worldtest.RefusedAs[*iamtypes.InvalidInputException](t, err, "ARN arn:aws:s3:::not-a-policy is not valid.")
		worldtest.Must[*iam.DetachUserPolicyOutput](t)(w.DetachUserPolicy(ctx,
			&iam.DetachUserPolicyInput{UserName: who, PolicyArn: aws.String(w.arn("policy/per-user-3"))}))
		_, err = w.DetachUserPolicy(ctx,
			&iam.DetachUserPolicyInput{UserName: who, PolicyArn: aws.String(w.arn("policy/per-user-3"))})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Policy "+w.arn("policy/per-user-3")+" was not found.")
		_, err = w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: who})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
			"Cannot delete entity, must detach all policies first.")
	}},
	{"boundaries of users", "PutUserPermissionsBoundary DeleteUserPermissionsBoundary", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		k := w.user(t, "bounded", listUsers)
		who := aws.String("bounded")
		arn := w.policy(t, "narrow", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		worldtest.Must[*iam.PutUserPermissionsBoundaryOutput](t)(w.PutUserPermissionsBoundary(ctx,
			&iam.PutUserPermissionsBoundaryInput{UserName: who, PermissionsBoundary: &arn}))
		w.may(t, k, false, "because no permissions boundary allows the iam:ListUsers action")
		_, err := w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "")
		worldtest.Must[*iam.DeleteUserPermissionsBoundaryOutput](t)(w.DeleteUserPermissionsBoundary(ctx,
			&iam.DeleteUserPermissionsBoundaryInput{UserName: who}))
		w.may(t, k, true, "")
		_, err = w.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: who,
			PermissionsBoundary: aws.String(w.arn("policy/none"))})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
	}},
	{"what users do not have here", "ListMFADevices ListVirtualMFADevices ListSigningCertificates ListSSHPublicKeys " +
		"ListServiceSpecificCredentials GetLoginProfile DeleteLoginProfile", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		w.user(t, "bare")
		who := aws.String("bare")
		if out := worldtest.Must[*iam.ListMFADevicesOutput](t)(w.ListMFADevices(ctx,
			&iam.ListMFADevicesInput{UserName: who})); len(
			out.MFADevices) > 0 || out.IsTruncated {
			t.Errorf("MFA devices: %+v", out)
		}
		worldtest.Must[*iam.ListVirtualMFADevicesOutput](t)(w.ListVirtualMFADevices(ctx, nil))
		worldtest.Must[*iam.ListSigningCertificatesOutput](t)(w.ListSigningCertificates(ctx,
			&iam.ListSigningCertificatesInput{UserName: who}))
		worldtest.Must[*iam.ListSSHPublicKeysOutput](t)(w.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: who}))
		worldtest.Must[*iam.ListServiceSpecificCredentialsOutput](t)(w.ListServiceSpecificCredentials(ctx,
			&iam.ListServiceSpecificCredentialsInput{UserName: who}))
		_, err := w.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: who})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Login Profile for User bare cannot be found.")
		_, err = w.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: who})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Login Profile for User bare cannot be found.")
		_, err = w.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: aws.String("nobody-at-all")})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
		_, err = w.CreateLoginProfile(ctx,
			&iam.CreateLoginProfileInput{UserName: who, Password: aws.String("hunter2hunter2")})
		worldtest.Refused(t, err, "InvalidAction", "")
		_, err = w.ListSAMLProviders(ctx, nil)
		worldtest.Refused(t, err, "InvalidAction", "")
		_, err = w.GenerateCredentialReport(ctx, nil)
		worldtest.Refused(t, err, "InvalidAction", "")
		_, err = w.ListServerCertificates(ctx, nil)
		worldtest.Refused(t, err, "InvalidAction", "")
	}},
	{"a name in another case is the same name to the checks", "UpdateAccessKey", func(t *testing.T, w *iamWorld) {
		ctx := t.Context()
		worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("chief"),
			Path: aws.String("/chiefs/")}))
		victim := w.key(t, "chief")
		k := w.user(t, "clerk", `{"Effect":"Allow","Action":"iam:*","Resource":"*"}`,
			`{"Effect":"Deny","Action":"iam:*","Resource":"`+w.arn("user/chiefs/*")+`"}`)
		for _, name := range []string{"chief", "CHIEF"} {
			_, err := w.as(k).UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &name, AccessKeyId: &victim.ID,
				Status: iamtypes.StatusTypeInactive})
			worldtest.Refused(t, err, "AccessDenied", "user/chiefs/chief with an explicit deny")
		}
		_, err := w.as(k).UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("clerk"),
			NewPath: aws.String("/chiefs/")})
		worldtest.Refused(t, err, "AccessDenied", "user/chiefs/clerk with an explicit deny")
	}},
}
