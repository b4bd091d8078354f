package gateway_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

func TestBucketPoliciesAreHeldToTheirBucket(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	bucket := "larkspur-policies"
	s := w.S3(w.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}))
	put := func(k client.Key, text string) error {
		_, err := w.S3(k).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &text})
		return err
	}
	deny := func(resource string) string {
		return worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":` + resource + `}`)
	}
	for _, c := range []struct{ text, words string }{
		{deny(`"arn:aws:s3:::other/*"`), "Policy has invalid resource"},
		{deny(`["arn:aws:s3:::larkspur-policies","arn:aws:s3:::larkspur-*"]`), "Policy has invalid resource"},
		{deny(`"arn:aws:s3:::larkspur-policies-2/*"`), "Policy has invalid resource"},
		{deny(`"arn:aws:s3:::larkspur-policies${aws:username}"`), "Policy has invalid resource"},
		{deny(`"arn:aws:s3:*"`), "Policy has invalid resource"},
		{worldtest.Policy(`{"Effect":"Deny","Principal":{"AWS":"nobody"},"Action":"s3:*","Resource":"*"}`),
			"Invalid principal in policy"},
		{worldtest.Policy(`{"Effect":"deny","Principal":"*","Action":"s3:*","Resource":"*"}`), "legacy parsing"},
		{"{", "Syntax errors"},
	} {
		worldtest.Refused(t, put(w.Root(), c.text), "MalformedPolicy", c.words)
	}

	// Whoever locks everybody out has not locked out the root user.
	everything := worldtest.MakeUser(t, w, "all", `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	worldtest.Allowed(t, "a policy",
		put(everything,
			deny(`["arn:aws:s3:::larkspur-policies","arn:aws:s3:::larkspur-policies/${aws:PrincipalTag/team, 'all'}/*"]`)))
	_, err := w.S3(everything).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	worldtest.Refused(t, err, "AccessDenied", "with an explicit deny in a resource-based policy")
	_, err = s.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	worldtest.Refused(t, err, "AccessDenied", "with an explicit deny in a resource-based policy")
	_, err = s.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	worldtest.Allowed(t, "the root user reads the policy", err)
	worldtest.Allowed(t, "the root user writes the policy", put(w.Root(), deny(`"*"`)))
	_, err = s.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
	worldtest.Allowed(t, "the root user deletes the policy", err)
	_, err = w.S3(everything).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &bucket})
	worldtest.Allowed(t, "after", err)
}

// What a request says about the bucket to be made, and about the object to be copied, is there for conditions.
func TestConditionsOnBucketsAndCopies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	k := worldtest.MakeUser(t, w, "maker", `{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Effect":"Deny","Action":"s3:CreateBucket","Resource":"*","Condition":{"StringNotEquals":{"s3:LocationConstraint":"`+
		w.Region+`"}}},
		{"Effect":"Deny","Action":"s3:CreateBucket","Resource":"*",
			"Condition":{"StringEquals":{"s3:x-amz-object-ownership":"ObjectWriter"}}},
		{"Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::larkspur-made/*",
			"Condition":{"StringNotLike":{"s3:x-amz-copy-source":"/larkspur-made/public/*"},
			"Null":{"s3:x-amz-copy-source":"false"}}}`)
	s := w.S3(k)
	in := &s3.CreateBucketInput{Bucket: aws.String("larkspur-made")}
	_, err := s.CreateBucket(ctx, in)
	worldtest.Refused(t, err, "AccessDenied", "with an explicit deny in an identity-based policy")
	in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{
		LocationConstraint: s3types.BucketLocationConstraint(w.Region)}
	in.ObjectOwnership = s3types.ObjectOwnershipObjectWriter
	_, err = s.CreateBucket(ctx, in)
	worldtest.Refused(t, err, "AccessDenied", "s3:CreateBucket")
	in.ObjectOwnership = ""
	_, err = s.CreateBucket(ctx, in)
	worldtest.Allowed(t, "where it may be", err)

	for _, key := range []string{"public/a", "secret/a"} {
		_, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: in.Bucket, Key: &key, Body: strings.NewReader("x")})
		worldtest.Allowed(t, key, err)
	}
	from := func(key string) error {
		_, err := s.CopyObject(ctx, &s3.CopyObjectInput{Bucket: in.Bucket, Key: aws.String("copy"),
			CopySource: aws.String("larkspur-made/" + key)})
		return err
	}
	worldtest.Allowed(t, "a public object", from("public/a"))
	worldtest.Refused(t, from("secret/a"), "AccessDenied", "with an explicit deny in an identity-based policy")
}

// A policy tests one value, so that a request may not have two.
func TestNothingIsSaidTwice(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	worldtest.Must[*s3.CreateBucketOutput](t)(w.S3(w.Root()).CreateBucket(ctx,
		&s3.CreateBucketInput{Bucket: aws.String("larkspur-twice")}))
	k := worldtest.MakeUser(t, w, "u", `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"*",`+
		`"Condition":{"StringEquals":{"s3:prefix":"a/"}}},{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`)
	for _, c := range []struct {
		query string
		code  int
	}{{"?list-type=2&prefix=a%2F", 200}, {"?list-type=2&prefix=b%2F", 403}, {"?list-type=2&prefix=a%2F&prefix=b%2F", 400},
		{"?prefix=b%2F&prefix=a%2F", 400}, {"?list-type=2&list-type=2", 400}} {
		if a := worldtest.Send(t, w, worldtest.Request{Method: "GET", Path: "/larkspur-twice" + c.query, Key: &k,
			Service: "s3"}); a.Status != c.code {
			t.Errorf("%s: %d %s", c.query, a.Status, a.Body)
		}
	}
}
