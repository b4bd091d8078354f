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

var iamGroupCases = []iamCase{
	{"groups are made, renamed, listed and deleted", "CreateGroup GetGroup UpdateGroup ListGroups DeleteGroup",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			g := worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx,
				&iam.CreateGroupInput{GroupName: aws.String("Auditors"),
					Path: aws.String("/teams/")})).Group
			if *g.Arn != w.arn("group/teams/Auditors") || !strings.HasPrefix(*g.GroupId, "AGPA") || len(*g.GroupId) != 21 ||
				*g.Path != "/teams/" || g.CreateDate == nil {
				t.Errorf("a group: %+v", g)
			}
			_, err := w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("auditors")})
			worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "Group with name auditors already exists.")
			_, err = w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("a b")})
			worldtest.Refused(t, err, "ValidationError",
				"1 validation error detected: Value 'a b' at 'groupName' failed to satisfy "+
					"constraint: Member must satisfy regular expression pattern")
			_, err = w.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("nothing")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The group with name nothing cannot be found.")
			worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("taken")}))
			_, err = w.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("Auditors"),
				NewGroupName: aws.String("Taken")})
			worldtest.RefusedAs[*iamtypes.EntityAlreadyExistsException](t, err, "Group with name Taken already exists.")
			worldtest.Must[*iam.UpdateGroupOutput](t)(w.UpdateGroup(ctx, &iam.UpdateGroupInput{GroupName: aws.String("Auditors"),
				NewGroupName: aws.String("AUDITORS"), NewPath: aws.String("/x/")}))
			if got := worldtest.Must[*iam.GetGroupOutput](t)(w.GetGroup(ctx,
				&iam.GetGroupInput{GroupName: aws.String("AUDITORS")})).
				Group; *got.Arn != w.arn("group/x/AUDITORS") || *got.GroupId != *g.GroupId {
				t.Errorf("renamed: %+v", got)
			}
			for i := range 3 {
				worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx,
					&iam.CreateGroupInput{GroupName: aws.String(fmt.Sprintf("listed%d", i)), Path: aws.String("/listed/")}))
			}
			if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
				out, err := w.ListGroups(ctx, &iam.ListGroupsInput{PathPrefix: aws.String("/listed/"), Marker: marker,
					MaxItems: two})
				if err != nil {
					return 0, false, nil, err
				}
				return len(out.Groups), out.IsTruncated, out.Marker, nil
			}); n != 3 {
				t.Errorf("%d groups under /listed/", n)
			}
			worldtest.Must[*iam.DeleteGroupOutput](t)(w.DeleteGroup(ctx,
				&iam.DeleteGroupInput{GroupName: aws.String("AUDITORS")}))
			_, err = w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: aws.String("AUDITORS")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
		}},
	{"what a group may its members may at once", "AddUserToGroup RemoveUserFromGroup ListGroupsForUser PutGroupPolicy " +
		"GetGroupPolicy DeleteGroupPolicy ListGroupPolicies AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			k := w.user(t, "grouped")
			name := aws.String("Readers")
			worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: name}))
			document := `{"Version": "2012-10-17", "Statement": [` + listUsers + "]}"
			worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
				&iam.PutGroupPolicyInput{GroupName: name, PolicyName: aws.String("read"), PolicyDocument: &document}))
			none := "because no identity-based policy allows the iam:ListUsers action"
			w.may(t, k, false, none)
			member := func() {
				t.Helper()
				worldtest.Must[*iam.AddUserToGroupOutput](t)(w.AddUserToGroup(ctx,
					&iam.AddUserToGroupInput{GroupName: name, UserName: aws.String("grouped")}))
			}
			member()
			member() // again changes nothing
			w.may(t, k, true, "")
			if out := worldtest.Must[*iam.GetGroupOutput](t)(w.GetGroup(ctx,
				&iam.GetGroupInput{GroupName: name})); len(out.Users) != 1 ||
				*out.Users[0].UserName != "grouped" || out.IsTruncated {
				t.Errorf("members: %+v", out.Users)
			}
			if out := worldtest.Must[*iam.ListGroupsForUserOutput](t)(w.ListGroupsForUser(ctx,
				&iam.ListGroupsForUserInput{UserName: aws.String("grouped")})); len(out.Groups) != 1 ||
				*out.Groups[0].GroupName != "Readers" {
				t.Errorf("groups: %+v", out.Groups)
			}
			got := worldtest.Must[*iam.GetGroupPolicyOutput](t)(w.GetGroupPolicy(ctx,
				&iam.GetGroupPolicyInput{GroupName: name, PolicyName: aws.String("read")}))
			if worldtest.UnescapePolicy(t, got.PolicyDocument) != document {
				t.Errorf("the document came back as %s", *got.PolicyDocument)
			}
			if out := worldtest.Must[*iam.ListGroupPoliciesOutput](t)(w.ListGroupPolicies(ctx,
				&iam.ListGroupPoliciesInput{GroupName: name})); fmt.Sprint(out.PolicyNames) != "[read]" {
				t.Errorf("inline: %v", out.PolicyNames)
			}

			// a new name and path keep members and policies
			worldtest.Must[*iam.UpdateGroupOutput](t)(w.UpdateGroup(ctx,
				&iam.UpdateGroupInput{GroupName: name, NewGroupName: aws.String("Lookers"), NewPath: aws.String("/l/")}))
			name = aws.String("Lookers")
			w.may(t, k, true, "")
			worldtest.Must[*iam.DeleteGroupPolicyOutput](t)(w.DeleteGroupPolicy(ctx,
				&iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: aws.String("read")}))
			w.may(t, k, false, none)
			_, err := w.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: aws.String("read")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The group policy with name read cannot be found.")

			arn := w.policy(t, "group-reads", listUsers)
			worldtest.Must[*iam.AttachGroupPolicyOutput](t)(w.AttachGroupPolicy(ctx,
				&iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: &arn}))
			worldtest.Must[*iam.AttachGroupPolicyOutput](t)(w.AttachGroupPolicy(ctx,
				&iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: &arn}))
			w.may(t, k, true, "")
			if out := worldtest.Must[*iam.ListAttachedGroupPoliciesOutput](t)(w.ListAttachedGroupPolicies(ctx,
				&iam.ListAttachedGroupPoliciesInput{GroupName: name})); len(out.AttachedPolicies) != 1 ||
				*out.AttachedPolicies[0].PolicyName != "group-reads" {
				t.Errorf("attached: %+v", out.AttachedPolicies)
			}
			_, err = w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
				"Cannot delete entity, must remove users from group first.")
			_, err = w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete a policy attached to entities.")
			worldtest.Must[*iam.RemoveUserFromGroupOutput](t)(w.RemoveUserFromGroup(ctx,
				&iam.RemoveUserFromGroupInput{GroupName: name, UserName: aws.String("grouped")}))
			w.may(t, k, false, none)
			_, err = w.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: name, UserName: aws.String("grouped")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "")
			_, err = w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name})
			worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err,
				"Cannot delete entity, must detach all policies first.")
			worldtest.Must[*iam.DetachGroupPolicyOutput](t)(w.DetachGroupPolicy(ctx,
				&iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: &arn}))
			_, err = w.DetachGroupPolicy(ctx, &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: &arn})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "Policy "+arn+" was not found.")

			t.Run("a deny of a group's policy", func(t *testing.T) {
				w.allow(t, "grouped", listUsers)
				deny := worldtest.Policy(`{"Effect":"Deny","Action":"iam:List*","Resource":"*"}`)
				worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
					&iam.PutGroupPolicyInput{GroupName: name, PolicyName: aws.String("no"), PolicyDocument: &deny}))
				w.may(t, k, true, "")
				member()
				w.may(t, k, false, "with an explicit deny in an identity-based policy")
				_, err := w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("grouped")})
				worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "")
				worldtest.Must[*iam.RemoveUserFromGroupOutput](t)(w.RemoveUserFromGroup(ctx,
					&iam.RemoveUserFromGroupInput{GroupName: name, UserName: aws.String("grouped")}))
				_, err = w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name})
				worldtest.RefusedAs[*iamtypes.DeleteConflictException](t, err, "Cannot delete entity, must delete policies first.")
				worldtest.Must[*iam.DeleteGroupPolicyOutput](t)(w.DeleteGroupPolicy(ctx,
					&iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: aws.String("no")}))
				worldtest.Must[*iam.DeleteGroupOutput](t)(w.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: name}))
			})
		}},
	{"limits of groups", "AddUserToGroup AttachGroupPolicy PutGroupPolicy GetGroup ListGroupsForUser",
		func(t *testing.T, w *iamWorld) {
			ctx := t.Context()
			w.user(t, "joiner")
			for i := range 11 {
				name := fmt.Sprintf("limit%02d", i)
				worldtest.Must[*iam.CreateGroupOutput](t)(w.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: &name}))
				_, err := w.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: &name, UserName: aws.String("joiner")})
				if i < 10 && err != nil {
					t.Fatal(err)
				}
				if i == 10 {
					worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for GroupsPerUser: 10")
				}
			}
			if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
				out, err := w.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: aws.String("joiner"), Marker: marker,
					MaxItems: two})
				if err != nil {
					return 0, false, nil, err
				}
				return len(out.Groups), out.IsTruncated, out.Marker, nil
			}); n != 10 {
				t.Errorf("in %d groups", n)
			}
			group := aws.String("limit00")
			for i := range 3 {
				name := fmt.Sprintf("Member%d", i)
				w.user(t, name)
				worldtest.Must[*iam.AddUserToGroupOutput](t)(w.AddUserToGroup(ctx,
					&iam.AddUserToGroupInput{GroupName: group, UserName: &name}))
			}
			if n := pages(t, func(marker *string, two *int32) (int, bool, *string, error) {
				out, err := w.GetGroup(ctx, &iam.GetGroupInput{GroupName: group, Marker: marker, MaxItems: two})
				if err != nil {
					return 0, false, nil, err
				}
				return len(out.Users), out.IsTruncated, out.Marker, nil
			}); n != 4 {
				t.Errorf("%d members", n)
			}
			_, err := w.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: aws.String("nobody-here")})
			worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The user with name nobody-here cannot be found.")
			for i := range 11 {
				arn := w.policy(t, fmt.Sprintf("per-group-%d", i), listUsers)
				_, err := w.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group, PolicyArn: &arn})
				if i < 10 && err != nil {
					t.Fatal(err)
				}
				if i == 10 {
					worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for PoliciesPerGroup: 10")
				}
			}
			_, err = w.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("long"),
				PolicyDocument: aws.String(sized(5121))})
			worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "5120 bytes exceeded for group limit00")
			worldtest.Must[*iam.PutGroupPolicyOutput](t)(w.PutGroupPolicy(ctx,
				&iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("long"),
					PolicyDocument: aws.String(sized(5120))}))
			_, err = w.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("more"),
				PolicyDocument: aws.String(sized(200))})
			worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "")
			_, err = w.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("bad"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17"}`)})
			worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, "Syntax errors in policy.")
		}},
}

// sized is a policy of so many characters that are not white space, and some that are.
func sized(n int) string {
	head, tail := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Sid":"`,
		`"}}`
	return "\n  " + head + strings.Repeat("x", n-len(head)-len(tail)) + tail + " \r\n\t"
}
