package iam_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// remake deletes a user that has a key and the inline policy own, and makes another under its name.
func (w *iamWorld) remake(t *testing.T, k client.Key, name string, statements ...string) client.Key {
	t.Helper()
	ctx := t.Context()
	worldtest.Must[*iam.DeleteAccessKeyOutput](t)(w.DeleteAccessKey(ctx,
		&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: &k.ID}))
	if len(statements) > 0 {
		worldtest.Must[*iam.DeleteUserPolicyOutput](t)(w.DeleteUserPolicy(ctx,
			&iam.DeleteUserPolicyInput{UserName: &name, PolicyName: aws.String("own")}))
	}
	worldtest.Must[*iam.DeleteUserOutput](t)(w.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name}))
	return w.user(t, name, statements...)
}

// A policy means the users and roles that had the names when it was written: who gets a name later gets no trust with
// it.
func TestPoliciesMeanWhoWasThere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := &iamWorld{World: worldtest.Start(t), called: map[string]bool{}}
	w.Client = w.as(w.Root())
	if err := w.Files(ctx); err != nil {
		t.Fatal(err)
	}
	trust := `{"Effect":"Allow","Principal":{"AWS":"` + w.arn("user/trusted") + `"},"Action":"sts:AssumeRole"}`
	shown := func() string {
		t.Helper()
		return worldtest.UnescapePolicy(t, worldtest.Must[*iam.GetRoleOutput](t)(w.GetRole(ctx,
			&iam.GetRoleInput{RoleName: aws.String("vault")})).
			Role.AssumeRolePolicyDocument)
	}
	k := w.user(t, "trusted")
	id := *worldtest.Must[*iam.GetUserOutput](t)(w.GetUser(ctx,
		&iam.GetUserInput{UserName: aws.String("trusted")})).User.UserId
	worldtest.MakeRole(t, w.World, w.Root(), "vault", trust, listUsers)
	worldtest.Must[client.Key](t)(w.Assume(ctx, k, w.arn("role/vault"), "s1", ""))
	if shown() != worldtest.Policy(trust) {
		t.Errorf("the trust policy: %s", shown())
	}

	t.Run("a user with the name of another", func(t *testing.T) {
		k = w.remake(t, k, "trusted")
		_, err := w.Assume(ctx, k, w.arn("role/vault"), "s1", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
		if want := strings.Replace(worldtest.Policy(trust), w.arn("user/trusted"), id, 1); shown() != want {
			t.Errorf("the trust policy:\n%s\nwant\n%s", shown(), want)
		}
		// written again it means the one that is there now
		worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(w.UpdateAssumeRolePolicy(ctx,
			&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("vault"),
				PolicyDocument: aws.String(worldtest.Policy(trust))}))
		worldtest.Must[client.Key](t)(w.Assume(ctx, k, w.arn("role/vault"), "s1", ""))
	})
	t.Run("a renamed user is still meant", func(t *testing.T) {
		worldtest.Must[*iam.UpdateUserOutput](t)(w.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("trusted"),
			NewUserName: aws.String("renamed")}))
		worldtest.Must[client.Key](t)(w.Assume(ctx, k, w.arn("role/vault"), "s1", ""))
		impostor := w.user(t, "trusted")
		_, err := w.Assume(ctx, impostor, w.arn("role/vault"), "s1", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
	})
	t.Run("a unique id written out", func(t *testing.T) {
		id := *worldtest.Must[*iam.GetUserOutput](t)(w.GetUser(ctx,
			&iam.GetUserInput{UserName: aws.String("renamed")})).User.UserId
		document := worldtest.Policy(strings.Replace(trust, w.arn("user/trusted"), id, 1))
		worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(w.UpdateAssumeRolePolicy(ctx,
			&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("vault"), PolicyDocument: &document}))
		worldtest.Must[client.Key](t)(w.Assume(ctx, k, w.arn("role/vault"), "s1", ""))
	})
	t.Run("a role with the name of another, in a bucket's policy", func(t *testing.T) {
		user := w.user(t, "reader")
		role := func() client.Key {
			t.Helper()
			worldtest.Must[*iam.CreateRoleOutput](t)(w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("reads"),
				AssumeRolePolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` +
					w.arn("user/reader") +
					`"},"Action":"sts:AssumeRole"}`))}))
			return worldtest.Must[client.Key](t)(w.Assume(ctx, user, w.arn("role/reads"), "s1", ""))
		}
		k := role()
		id := *worldtest.Must[*iam.GetRoleOutput](t)(w.GetRole(ctx,
			&iam.GetRoleInput{RoleName: aws.String("reads")})).Role.RoleId
		document := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":["` + w.arn("role/reads") +
			`"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + corp.Bucket + `/*"}`)
		root := w.S3(w.Root())
		worldtest.Must[*s3.PutBucketPolicyOutput](t)(root.PutBucketPolicy(ctx,
			&s3.PutBucketPolicyInput{Bucket: aws.String(corp.Bucket),
				Policy: &document}))
		worldtest.Must[string](t)(w.Read(ctx, k, corp.Bucket, "shared/handbook.txt"))
		worldtest.Must[*iam.DeleteRoleOutput](t)(w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("reads")}))
		k = role()
		_, err := w.Read(ctx, k, corp.Bucket, "shared/handbook.txt")
		worldtest.Refused(t, err, "AccessDenied", "s3:GetObject")
		got := *worldtest.Must[*s3.GetBucketPolicyOutput](t)(root.GetBucketPolicy(ctx,
			&s3.GetBucketPolicyInput{Bucket: aws.String(corp.Bucket)})).Policy
		if want := strings.Replace(document, w.arn("role/reads"), id, 1); got != want {
			t.Errorf("the bucket's policy: %s\nwant %s", got, want)
		}
		worldtest.Must[*s3.PutBucketPolicyOutput](t)(root.PutBucketPolicy(ctx,
			&s3.PutBucketPolicyInput{Bucket: aws.String(corp.Bucket),
				Policy: &document}))
		worldtest.Must[string](t)(w.Read(ctx, k, corp.Bucket, "shared/handbook.txt"))
	})
	t.Run("a user with the name of another, in the policy of an Access Grants instance", func(t *testing.T) {
		k := w.user(t, "lists")
		x := s3control.NewFromConfig(w.AWS(w.Root()))
		made := worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(x.CreateAccessGrantsInstance(ctx,
			&s3control.CreateAccessGrantsInstanceInput{AccountId: &w.Account}))
		document := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + w.arn("user/lists") +
			`"},"Action":"s3:ListCallerAccessGrants","Resource":"` + *made.AccessGrantsInstanceArn + `"}`)
		worldtest.Must[*s3control.PutAccessGrantsInstanceResourcePolicyOutput](t)(x.PutAccessGrantsInstanceResourcePolicy(ctx,
			&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &w.Account, Policy: &document}))
		list := func() error {
			_, err := s3control.NewFromConfig(w.AWS(k)).ListCallerAccessGrants(ctx,
				&s3control.ListCallerAccessGrantsInput{AccountId: &w.Account})
			return err
		}
		if err := list(); err != nil {
			t.Fatal(err)
		}
		k = w.remake(t, k, "lists")
		worldtest.Refused(t, list(), "AccessDenied", "s3:ListCallerAccessGrants")
		if got := *worldtest.Must[*s3control.GetAccessGrantsInstanceResourcePolicyOutput](t)(
			x.GetAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: &w.Account})).Policy; strings.Contains(got,
			"user/lists") || !strings.Contains(got, "AIDA") {
			t.Errorf("the instance's policy: %s", got)
		}
	})
	t.Run("who is not there yet is meant by name", func(t *testing.T) {
		worldtest.MakeRole(t, w.World, w.Root(), "early", strings.ReplaceAll(trust, "user/trusted", "user/later"), listUsers)
		k := w.user(t, "later")
		worldtest.Must[client.Key](t)(w.Assume(ctx, k, w.arn("role/early"), "s1", ""))
	})
}

// The application's actor policy means the role that it was written for.
func TestAnApplicationsActorIsWhoWasThere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	exchange := func() error {
		t.Helper()
		app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
		_, err := c.Exchange(ctx, app, worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice)))
		return err
	}
	if err := exchange(); err != nil {
		t.Fatal(err)
	}
	x, name := iam.NewFromConfig(c.AWS(c.Root())), aws.String("webapp")
	old := worldtest.Must[*iam.GetRoleOutput](t)(x.GetRole(ctx, &iam.GetRoleInput{RoleName: name})).Role
	worldtest.Must[*iam.DeleteRolePolicyOutput](t)(x.DeleteRolePolicy(ctx,
		&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("work")}))
	worldtest.Must[*iam.DeleteRoleOutput](t)(x.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))
	worldtest.MakeRole(t, c.World, c.Root(), "webapp", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+c.Account+
		`:user/machine"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"sts:*","Resource":"*"}`)
	worldtest.Refused(t, exchange(), "AccessDeniedException", "sso-oauth:CreateTokenWithIAM")
	got := worldtest.Must[*ssoadmin.GetApplicationAuthenticationMethodOutput](t)(ssoadmin.NewFromConfig(c.AWS(c.Root())).
		GetApplicationAuthenticationMethod(ctx,
			&ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: &c.Application,
				AuthenticationMethodType: ssotypes.AuthenticationMethodTypeIam}))
	text := worldtest.Must[[]byte](t)(got.AuthenticationMethod.(*ssotypes.AuthenticationMethodMemberIam).
		Value.ActorPolicy.MarshalSmithyDocument())
	if !strings.Contains(string(text), *old.RoleId) || strings.Contains(string(text), "role/webapp") {
		t.Errorf("the actor policy: %s", text)
	}
}
