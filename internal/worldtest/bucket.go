package worldtest

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// PutText writes an object.
func PutText(t *testing.T, c *s3.Client, bucket, key, text string,
	opts ...func(*s3.PutObjectInput)) *s3.PutObjectOutput {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}
	for _, o := range opts {
		o(in)
	}
	out, err := c.PutObject(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// AllBlocked is the document that blocks all public access to a bucket.
const AllBlocked = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>" +
	"true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>" +
	"<RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"

// EncryptionBy returns the document that sets a bucket's default encryption. more is XML for the end of the rule.
func EncryptionBy(algorithm, more string) string {
	return "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>" + algorithm +
		"</SSEAlgorithm></ApplyServerSideEncryptionByDefault>" + more +
		"</Rule></ServerSideEncryptionConfiguration>"
}

// OwnedBy returns the document that sets a bucket's object ownership.
func OwnedBy(v string) string {
	return "<OwnershipControls><Rule><ObjectOwnership>" + v + "</ObjectOwnership></Rule></OwnershipControls>"
}
