package sts_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/worldtest"
)

// The configuration may leave more to sessions made with an identity context than AWS's list does; their role must
// still allow it.
func TestWhatElseSessionsForAPersonMay(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := newRules(t, func(c *server.Config) { c.Identity.ContextActions = []string{"s3:ListAllMyBuckets", "iam:List*"} })
	session := func(role string) client.Key {
		t.Helper()
		return worldtest.KeyOf(
			worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, role,
				contexts(*r.SignIn(t, worldtest.Alice).AwsAdditionalDetails.IdentityContext))).Credentials)
	}
	trust := trusts(r.WebApp, "", "sts:AssumeRole", "sts:SetContext")
	k := session(r.role(t, "open", trust))
	if _, err := r.S3(k).ListBuckets(ctx, nil); err != nil {
		t.Errorf("an action of the list: %v", err)
	}
	x := iam.NewFromConfig(r.AWS(k))
	if _, err := x.ListUsers(ctx, nil); err != nil {
		t.Errorf("a pattern of the list: %v", err)
	}
	if _, _, err := r.Vend(ctx, k, "s3://"+corp.Bucket+"/finance/*", "READ"); err != nil {
		t.Errorf("AWS's own list: %v", err)
	}
	_, err := x.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("machine")})
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	_, err = r.Read(ctx, k, corp.Bucket, "finance/2026-q3.csv")
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")

	worldtest.MakeRole(t, r.World, r.Root(), "bare", trust,
		`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`)
	bare := session("arn:aws:iam::" + r.Account + ":role/bare")
	_, err = r.S3(bare).ListBuckets(ctx, nil)
	worldtest.Refused(t, err, "AccessDenied", "no identity-based policy allows")
}
