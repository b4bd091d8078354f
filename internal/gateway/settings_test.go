package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/worldtest"
)

// setting is a request about a bucket's setting, the action that it takes, and what comes of it.
type setting struct {
	method, query, body, action string
	status                      int
	code, text                  string
}

var settings = []setting{
	{"GET", "acl", "", "GetBucketAcl", 200, "", "<Permission>FULL_CONTROL</Permission>"},
	{"GET", "publicAccessBlock", "", "GetBucketPublicAccessBlock", 200, "", "<BlockPublicPolicy>true</BlockPublicPolicy>"},
	{"PUT", "publicAccessBlock", worldtest.AllBlocked, "PutBucketPublicAccessBlock", 200, "", ""},
	{"PUT", "publicAccessBlock", strings.Replace(worldtest.AllBlocked, "<BlockPublicAcls>true", "<BlockPublicAcls>false",
		1),
		"PutBucketPublicAccessBlock", 501, "NotImplemented", "always on"},
	{"PUT", "publicAccessBlock", strings.Replace(worldtest.AllBlocked, "<BlockPublicPolicy>true</BlockPublicPolicy>", "",
		1),
		"PutBucketPublicAccessBlock", 501, "NotImplemented", "BlockPublicPolicy"},
	{"DELETE", "publicAccessBlock", "", "PutBucketPublicAccessBlock", 204, "", ""},
	{"GET", "publicAccessBlock", "", "GetBucketPublicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration", ""},
	{"PUT", "publicAccessBlock", worldtest.AllBlocked, "PutBucketPublicAccessBlock", 200, "", ""},
	{"GET", "publicAccessBlock", "", "GetBucketPublicAccessBlock", 200, "",
		"<RestrictPublicBuckets>true</RestrictPublicBuckets>"},
	{"GET", "ownershipControls", "", "GetBucketOwnershipControls", 200, "", "BucketOwnerEnforced"},
	{"PUT", "ownershipControls", worldtest.OwnedBy("BucketOwnerEnforced"), "PutBucketOwnershipControls", 200, "", ""},
	{"PUT", "ownershipControls", worldtest.OwnedBy("ObjectWriter"), "PutBucketOwnershipControls", 501, "NotImplemented",
		"access control lists"},
	{"DELETE", "ownershipControls", "", "PutBucketOwnershipControls", 204, "", ""},
	{"GET", "ownershipControls", "", "GetBucketOwnershipControls", 404, "OwnershipControlsNotFoundError", ""},
	{"GET", "policyStatus", "", "GetBucketPolicyStatus", 404, "NoSuchBucketPolicy", ""},
	{"GET", "encryption", "", "GetEncryptionConfiguration", 200, "", "<SSEAlgorithm>AES256</SSEAlgorithm>"},
	{"PUT", "encryption", worldtest.EncryptionBy("AES256", ""), "PutEncryptionConfiguration", 200, "", ""},
	{"PUT", "encryption", worldtest.EncryptionBy("aws:kms", ""), "PutEncryptionConfiguration", 501, "NotImplemented",
		"aws:kms"},
	{"PUT", "encryption", worldtest.EncryptionBy("AES256", "<BucketKeyEnabled>true</BucketKeyEnabled>"),
		"PutEncryptionConfiguration", 501, "NotImplemented", "BucketKeyEnabled"},
	{"PUT", "encryption", worldtest.EncryptionBy("AES256", "<Other>1</Other>"), "PutEncryptionConfiguration", 501,
		"NotImplemented",
		"Other"},
	{"DELETE", "encryption", "", "PutEncryptionConfiguration", 204, "", ""},
	{"GET", "versioning", "", "GetBucketVersioning", 200, "", "<VersioningConfiguration"},
	{"PUT", "versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
		"PutBucketVersioning", 501, "NotImplemented", "Versioning"},
	{"PUT", "versioning", "<VersioningConfiguration/>", "PutBucketVersioning", 400,
		"IllegalVersioningConfigurationException", ""},
	{"GET", "requestPayment", "", "GetBucketRequestPayment", 200, "", "<Payer>BucketOwner</Payer>"},
	{"PUT", "requestPayment", "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
		"PutBucketRequestPayment", 200, "", ""},
	{"PUT", "requestPayment", "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>",
		"PutBucketRequestPayment", 501, "NotImplemented", "Requester Pays"},
	{"GET", "accelerate", "", "GetAccelerateConfiguration", 200, "", "<AccelerateConfiguration"},
	{"PUT", "accelerate", "<AccelerateConfiguration><Status>Enabled</Status></AccelerateConfiguration>",
		"PutAccelerateConfiguration", 501, "NotImplemented", "acceleration"},
	{"GET", "abac", "", "GetBucketAbac", 200, "", "<Status>Disabled</Status>"},
	{"PUT", "abac", "<AbacStatus><Status>Disabled</Status></AbacStatus>", "PutBucketAbac", 200, "", ""},
	{"PUT", "abac", "<AbacStatus><Status>Enabled</Status></AbacStatus>", "PutBucketAbac", 501, "NotImplemented",
		"tags of a bucket"},
	{"GET", "logging", "", "GetBucketLogging", 200, "", "<BucketLoggingStatus"},
	{"PUT", "logging", "<BucketLoggingStatus/>", "PutBucketLogging", 200, "", ""},
	{"PUT", "logging",
		"<BucketLoggingStatus><LoggingEnabled><TargetBucket>b</TargetBucket></LoggingEnabled></BucketLoggingStatus>",
		"PutBucketLogging", 501, "NotImplemented", "audit log"},
	{"GET", "notification", "", "GetBucketNotification", 200, "", "<NotificationConfiguration"},
	{"PUT", "notification", "<NotificationConfiguration/>", "PutBucketNotification", 200, "", ""},
	{"PUT", "notification", "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>",
		"PutBucketNotification", 501, "NotImplemented", "Event"},
	{"GET", "cors", "", "GetBucketCORS", 404, "NoSuchCORSConfiguration", ""},
	{"PUT", "cors", "<CORSConfiguration/>", "PutBucketCORS", 501, "NotImplemented", "cors.origins"},
	{"DELETE", "cors", "", "PutBucketCORS", 204, "", ""},
	{"GET", "lifecycle", "", "GetLifecycleConfiguration", 404, "NoSuchLifecycleConfiguration", ""},
	{"PUT", "lifecycle", "<LifecycleConfiguration/>", "PutLifecycleConfiguration", 501, "NotImplemented", "lifecycle"},
	{"DELETE", "lifecycle", "", "PutLifecycleConfiguration", 204, "", ""},
	{"GET", "website", "", "GetBucketWebsite", 404, "NoSuchWebsiteConfiguration", ""},
	{"PUT", "website", "<WebsiteConfiguration/>", "PutBucketWebsite", 501, "NotImplemented", "website"},
	{"DELETE", "website", "", "DeleteBucketWebsite", 204, "", ""},
	{"GET", "replication", "", "GetReplicationConfiguration", 404, "ReplicationConfigurationNotFoundError", ""},
	{"PUT", "replication", "<ReplicationConfiguration/>", "PutReplicationConfiguration", 501, "NotImplemented",
		"Replication"},
	{"DELETE", "replication", "", "PutReplicationConfiguration", 204, "", ""},
	{"GET", "object-lock", "", "GetBucketObjectLockConfiguration", 404, "ObjectLockConfigurationNotFoundError", ""},
	{"PUT", "object-lock", "<ObjectLockConfiguration/>", "PutBucketObjectLockConfiguration", 501, "NotImplemented",
		"Object lock"},
	{"GET", "analytics", "", "GetAnalyticsConfiguration", 200, "", "<IsTruncated>false"},
	{"GET", "metrics&id=x", "", "GetMetricsConfiguration", 404, "NoSuchConfiguration", ""},
	{"PUT", "inventory&id=x", "<InventoryConfiguration/>", "PutInventoryConfiguration", 501, "NotImplemented",
		"Inventory"},
	{"DELETE", "intelligent-tiering&id=x", "", "PutIntelligentTieringConfiguration", 404, "NoSuchConfiguration", ""},
	{"GET", "tagging", "", "GetBucketTagging", 404, "NoSuchTagSet", ""},
	{"PUT", "tagging", "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>",
		"PutBucketTagging", 204, "", ""},
	{"PUT", "tagging",
		"<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag>" +
			"<Tag><Key>Team</Key><Value>blue</Value></Tag></TagSet></Tagging>", "PutBucketTagging", 400, "InvalidTag", ""},
	{"PUT", "tagging", "<Tagging><TagSet><Tag><Key>aws:x</Key><Value>red</Value></Tag></TagSet></Tagging>",
		"PutBucketTagging", 400, "InvalidTag", ""},
	{"GET", "tagging", "", "GetBucketTagging", 200, "", "<Key>team</Key><Value>red</Value>"},
	{"DELETE", "tagging", "", "PutBucketTagging", 204, "", ""},
	{"GET", "tagging", "", "GetBucketTagging", 404, "NoSuchTagSet", ""},
	{"GET", "versions", "", "ListBucketVersions", 200, "", "<VersionId>null</VersionId>"},
}

// What is always so of a bucket is accepted and told, what would change it is refused in words, and each question has
// an action of its own that must be allowed.
func TestSettingsOfBucketsAreAnsweredTruly(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	worldtest.PutText(t, c, b, "k", "text")
	nobody := worldtest.MakeUser(t, w, "nobody", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)
	users := map[string]worldtest.Request{}
	for _, x := range settings {
		q := worldtest.Request{Method: x.method, Path: "/" + b + "?" + x.query, Body: x.body, Service: "s3", Key: &nobody}
		if a := worldtest.Send(t, w, q); x.code != "InvalidTag" && (a.Status != 403 || a.Code != "AccessDenied" ||
			!strings.Contains(a.Text, "s3:"+x.action)) {
			t.Errorf("%s ?%s by nobody: %d %s", x.method, x.query, a.Status, a.Text)
		}
		if _, ok := users[x.action]; !ok {
			k := worldtest.MakeUser(t, w, x.action,
				`{"Effect":"Allow","Action":"s3:`+x.action+`","Resource":"arn:aws:s3:::`+b+`"}`)
			users[x.action] = worldtest.Request{Key: &k}
		}
		q.Key = users[x.action].Key
		if a := worldtest.Send(t, w, q); a.Status != x.status || a.Code != x.code || !strings.Contains(a.Body, x.text) {
			t.Errorf("%s ?%s %s: %d %s", x.method, x.query, x.body, a.Status, a.Body)
		}
		q.Path = "/larkspur-nowhere?" + x.query
		q.Key = &nobody
		if a := worldtest.Send(t, w, q); x.code != "InvalidTag" && a.Status != 403 {
			t.Errorf("%s ?%s of no bucket: %d %s", x.method, x.query, a.Status, a.Body)
		}
	}
	for _, o := range []types.ObjectOwnership{types.ObjectOwnershipObjectWriter,
		types.ObjectOwnershipBucketOwnerPreferred} {
		_, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("larkspur-owned"), ObjectOwnership: o})
		worldtest.Refused(t, err, "NotImplemented", "BucketOwnerEnforced")
	}
	worldtest.Must[*s3.CreateBucketOutput](t)(c.CreateBucket(t.Context(),
		&s3.CreateBucketInput{Bucket: aws.String("larkspur-owned"),
			ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}))
}

// A bucket's tags are one set, whichever API tells of them.
func TestTagsOfBuckets(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	x := s3control.NewFromConfig(w.AWS(w.Root()))
	arn := "arn:aws:s3:::" + b
	list := func() string {
		out, err := x.ListTagsForResource(ctx, &s3control.ListTagsForResourceInput{AccountId: &w.Account, ResourceArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, tag := range out.Tags {
			text = append(text, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(text, " ")
	}
	if got := list(); got != "" {
		t.Errorf("a new bucket has %q", got)
	}
	worldtest.Must[*s3.PutBucketTaggingOutput](t)(c.PutBucketTagging(ctx,
		&s3.PutBucketTaggingInput{Bucket: &b,
			Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("red")}}}}))
	worldtest.Must[*s3control.TagResourceOutput](t)(x.TagResource(ctx, &s3control.TagResourceInput{AccountId: &w.Account,
		ResourceArn: &arn, Tags: []controltypes.Tag{{Key: aws.String("cost"), Value: aws.String("7")}}}))
	if got := list(); got != "team=red cost=7" {
		t.Errorf("they are %q", got)
	}
	got := worldtest.Must[*s3.GetBucketTaggingOutput](t)(c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b}))
	if len(got.TagSet) != 2 {
		t.Errorf("%+v", got)
	}
	_, err := x.TagResource(ctx, &s3control.TagResourceInput{AccountId: &w.Account, ResourceArn: &arn,
		Tags: []controltypes.Tag{{Key: aws.String("Team"), Value: aws.String("blue")}}})
	worldtest.Refused(t, err, "InvalidTag", "case of its letters")
	worldtest.Must[*s3control.UntagResourceOutput](t)(x.UntagResource(ctx,
		&s3control.UntagResourceInput{AccountId: &w.Account,
			ResourceArn: &arn, TagKeys: []string{"team", "cost"}}))
	_, err = c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &b})
	worldtest.Refused(t, err, "NoSuchTagSet", "")
	none := "arn:aws:s3:::larkspur-nowhere"
	_, err = x.ListTagsForResource(ctx, &s3control.ListTagsForResourceInput{AccountId: &w.Account, ResourceArn: &none})
	worldtest.Refused(t, err, "NoSuchBucket", "")

	// What tags a request gives is there for conditions, and tagging a new bucket is an action of its own.
	k := worldtest.MakeUser(t, w, "tagger",
		`{"Effect":"Allow","Action":["s3:PutBucketTagging","s3:TagResource","s3:CreateBucket"],"Resource":"*"},
		{"Effect":"Deny","Action":["s3:PutBucketTagging","s3:TagResource"],"Resource":"*",
			"Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}}`)
	tags := func(v string) []types.Tag { return []types.Tag{{Key: aws.String("team"), Value: &v}} }
	put := func(v string) error {
		_, err := w.S3(k).PutBucketTagging(ctx,
			&s3.PutBucketTaggingInput{Bucket: &b, Tagging: &types.Tagging{TagSet: tags(v)}})
		return err
	}
	worldtest.Refused(t, put("blue"), "AccessDenied", "explicit deny")
	worldtest.Allowed(t, "red", put("red"))
	create := func(name, v string) error {
		_, err := w.S3(k).CreateBucket(ctx,
			&s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{Tags: tags(v)}})
		return err
	}
	worldtest.Refused(t, create("larkspur-blue", "blue"), "AccessDenied", "s3:TagResource")
	worldtest.Allowed(t, "a red bucket", create("larkspur-red", "red"))
	red := worldtest.Must[*s3.GetBucketTaggingOutput](t)(c.GetBucketTagging(ctx,
		&s3.GetBucketTaggingInput{Bucket: aws.String("larkspur-red")}))
	if len(red.TagSet) != 1 || *red.TagSet[0].Value != "red" {
		t.Errorf("%+v", red)
	}
}

// AES256 is what every object has: asking for it is heard, told back and tested by policies, on each part of an upload
// too.
func TestEncryptionIsAES256(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	root, b := bucketOf(t, w)
	policy := worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + b +
		`/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"AES256"}}}`)
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(root.PutBucketPolicy(ctx,
		&s3.PutBucketPolicyInput{Bucket: &b, Policy: &policy}))
	c := w.S3(worldtest.MakeUser(t, w, "u", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`))
	put := func(e types.ServerSideEncryption) (*s3.PutObjectOutput, error) {
		return c.PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), Body: strings.NewReader("x"),
			ServerSideEncryption: e})
	}
	_, err := put("")
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	_, err = put(types.ServerSideEncryptionAwsKms)
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	out := worldtest.Must[*s3.PutObjectOutput](t)(put(types.ServerSideEncryptionAes256))
	head := worldtest.Must[*s3.HeadObjectOutput](t)(c.HeadObject(ctx,
		&s3.HeadObjectInput{Bucket: &b, Key: aws.String("k")}))
	if out.ServerSideEncryption != "AES256" || head.ServerSideEncryption != "AES256" {
		t.Errorf("%+v %+v", out, head)
	}
	copied := &s3.CopyObjectInput{Bucket: &b, Key: aws.String("c"), CopySource: aws.String(b + "/k")}
	_, err = c.CopyObject(ctx, copied)
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	copied.ServerSideEncryption = types.ServerSideEncryptionAes256
	if out := worldtest.Must[*s3.CopyObjectOutput](t)(c.CopyObject(ctx, copied)); out.ServerSideEncryption != "AES256" {
		t.Errorf("%+v", out)
	}
	begin := &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("m")}
	_, err = c.CreateMultipartUpload(ctx, begin)
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	begin.ServerSideEncryption = types.ServerSideEncryptionAes256
	up := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(c.CreateMultipartUpload(ctx, begin))
	part := worldtest.Must[*s3.UploadPartOutput](t)(c.UploadPart(ctx,
		&s3.UploadPartInput{Bucket: &b, Key: begin.Key, UploadId: up.UploadId, PartNumber: aws.Int32(1),
			Body: strings.NewReader("part")}))
	done := worldtest.Must[*s3.CompleteMultipartUploadOutput](t)(c.CompleteMultipartUpload(ctx,
		&s3.CompleteMultipartUploadInput{Bucket: &b, Key: begin.Key, UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{
				Parts: []types.CompletedPart{{ETag: part.ETag, PartNumber: aws.Int32(1)}}}}))
	if up.ServerSideEncryption != "AES256" || part.ServerSideEncryption != "AES256" ||
		done.ServerSideEncryption != "AES256" {
		t.Errorf("%+v %+v %+v", up, part, done)
	}
	worldtest.Must[*s3.DeleteBucketPolicyOutput](t)(root.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &b}))
	_, err = put(types.ServerSideEncryptionAwsKms)
	worldtest.Refused(t, err, "NotImplemented", "aws:kms")
	_, err = put("AES128")
	worldtest.Refused(t, err, "InvalidEncryptionAlgorithmError", "")
	got := worldtest.Must[*s3.GetBucketEncryptionOutput](t)(c.GetBucketEncryption(ctx,
		&s3.GetBucketEncryptionInput{Bucket: &b}))
	if r := got.ServerSideEncryptionConfiguration.Rules; len(r) != 1 ||
		r[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm != "AES256" {
		t.Errorf("%+v", r)
	}
}

// Tags of objects are kept, told, and tested by policies: those of the request, and those of the object that is there.
func TestTagsOfObjects(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	root, b := bucketOf(t, w)
	key := aws.String("k")
	worldtest.Must[*s3.PutObjectOutput](t)(root.PutObject(ctx,
		&s3.PutObjectInput{Bucket: &b, Key: key, Body: strings.NewReader("secret"),
			Tagging: aws.String("class=secret&a%20b=c+d")}))
	got := worldtest.Must[*s3.GetObjectTaggingOutput](t)(root.GetObjectTagging(ctx,
		&s3.GetObjectTaggingInput{Bucket: &b, Key: key}))
	if len(got.TagSet) != 2 || *got.TagSet[1].Key != "a b" || *got.TagSet[1].Value != "c d" {
		t.Errorf("%+v", got.TagSet)
	}
	all := `{"Effect":"Allow","Action":"s3:*","Resource":"*"},`
	reader := w.S3(worldtest.MakeUser(t, w, "reader", all+`{"Effect":"Deny","Action":["s3:GetObject*"],"Resource":"*",`+
		`"Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"secret"}}}`))
	writer := w.S3(worldtest.MakeUser(t, w, "writer",
		all+
			`{"Effect":"Deny","Action":["s3:PutObject*"],"Resource":"*",
				"Condition":{"StringEquals":{"s3:RequestObjectTag/class":"secret"}}},
		{"Effect":"Deny","Action":["s3:PutObject*"],"Resource":"*",
			"Condition":{"ForAnyValue:StringEquals":{"s3:RequestObjectTagKeys":["owner"]}}}`))
	untagging := w.S3(worldtest.MakeUser(t, w, "untagging", all+`{"Effect":"Deny","Action":["s3:PutObjectTagging",`+
		`"s3:GetObjectTagging","s3:DeleteObjectTagging"],"Resource":"*"}`))
	get := func(c *s3.Client) error {
		out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: key})
		if err == nil {
			out.Body.Close()
		}
		return err
	}
	copyBy := func(c *s3.Client) error {
		_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"),
			CopySource: aws.String(b + "/k")})
		return err
	}
	put := func(c *s3.Client, tags string) error {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: aws.String("new"), Body: strings.NewReader("x"),
			Tagging: &tags})
		return err
	}
	set := func(c *s3.Client, k, v string) error {
		_, err := c.PutObjectTagging(ctx,
			&s3.PutObjectTaggingInput{Bucket: &b, Key: key, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: &k, Value: &v}}}})
		return err
	}
	worldtest.Refused(t, get(reader), "AccessDenied", "explicit deny")
	worldtest.Refused(t, copyBy(reader), "AccessDenied", "explicit deny")
	_, err := reader.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b, Key: key,
		ObjectAttributes: []types.ObjectAttributes{"ETag"}})
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	worldtest.Refused(t, put(writer, "class=secret"), "AccessDenied", "explicit deny")
	worldtest.Refused(t, put(writer, "owner=me"), "AccessDenied", "explicit deny")
	worldtest.Refused(t, put(writer, "class=open&Class=secret"), "InvalidTag", "")
	worldtest.Refused(t, put(writer, strings.Repeat("a=1&", 2)), "InvalidTag", "")
	worldtest.Allowed(t, "another tag", put(writer, "class=open"))
	worldtest.Refused(t, set(writer, "class", "secret"), "AccessDenied", "explicit deny")
	_, err = writer.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: key,
		Tagging: aws.String("class=secret")})
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	// An upload that somebody else began has its own tags, which its parts are tested by.
	up := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(root.CreateMultipartUpload(ctx,
		&s3.CreateMultipartUploadInput{Bucket: &b, Key: key, Tagging: aws.String("class=secret")}))
	_, err = writer.UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: key, UploadId: up.UploadId,
		PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	worldtest.Refused(t, put(untagging, "class=open"), "AccessDenied", "s3:PutObjectTagging")
	worldtest.Refused(t, copyBy(untagging), "AccessDenied", "s3:GetObjectTagging")
	worldtest.Refused(t, set(untagging, "class", "open"), "AccessDenied", "s3:PutObjectTagging")

	head := worldtest.Must[*s3.HeadObjectOutput](t)(root.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: key}))
	hidden := worldtest.Must[*s3.HeadObjectOutput](t)(untagging.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: key}))
	if aws.ToInt32(head.TagCount) != 2 || hidden.TagCount != nil {
		t.Errorf("tags are counted %v, %v", head.TagCount, hidden.TagCount)
	}
	worldtest.Allowed(t, "a copy with its tags", copyBy(root))
	if got := worldtest.Must[*s3.GetObjectTaggingOutput](t)(root.GetObjectTagging(ctx,
		&s3.GetObjectTaggingInput{Bucket: &b, Key: aws.String("copy")})); len(got.TagSet) != 2 {
		t.Errorf("the copy has %+v", got.TagSet)
	}
	worldtest.Allowed(t, "other tags", set(root, "class", "open"))
	worldtest.Allowed(t, "a reader of what is no secret any more", get(reader))
	worldtest.Must[*s3.DeleteObjectTaggingOutput](t)(root.DeleteObjectTagging(ctx,
		&s3.DeleteObjectTaggingInput{Bucket: &b, Key: key}))
	if got := worldtest.Must[*s3.GetObjectTaggingOutput](t)(root.GetObjectTagging(ctx,
		&s3.GetObjectTaggingInput{Bucket: &b, Key: key})); len(got.TagSet) != 0 {
		t.Errorf("after: %+v", got.TagSet)
	}
}

// Whether a key is there is told to who may list, and to nobody else, by whatever operation could tell it.
func TestMissingKeysAreToldToWhoMayList(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	root, b := bucketOf(t, w)
	worldtest.PutText(t, root, b, "there", "text")
	worldtest.Must[*s3.CreateMultipartUploadOutput](t)(root.CreateMultipartUpload(ctx,
		&s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")}))
	up := worldtest.Must[*s3.ListMultipartUploadsOutput](t)(root.ListMultipartUploads(ctx,
		&s3.ListMultipartUploadsInput{Bucket: &b})).Uploads[0]
	part := worldtest.Must[*s3.UploadPartOutput](t)(root.UploadPart(ctx,
		&s3.UploadPartInput{Bucket: &b, Key: up.Key, UploadId: up.UploadId, PartNumber: aws.Int32(1),
			Body: strings.NewReader("x")}))
	complete := fmt.Sprintf(
		"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>",
		strings.Trim(*part.ETag, `"`))
	lister := worldtest.MakeUser(t, w, "lister", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	blind := worldtest.MakeUser(t, w, "blind", `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny",`+
		`"Action":"s3:ListBucket","Resource":"*"}`)
	from := map[string]string{"X-Amz-Copy-Source": "/" + b + "/none"}
	match := map[string]string{"If-Match": `"x"`}
	tagged := "<Tagging><TagSet/></Tagging>"
	remove := "<Delete><Object><Key>none</Key><ETag>x</ETag></Object></Delete>"
	for _, x := range []struct {
		method, path, body string
		header             map[string]string
	}{
		{"GET", "/none", "", nil}, {"HEAD", "/none", "", nil}, {"GET", "/none?partNumber=1", "", nil},
		{"GET", "/none", "", match}, {"GET", "/none", "", map[string]string{"Range": "bytes=0-1"}},
		{"GET", "/none?versionId=null", "", nil}, {"HEAD", "/none?versionId=x", "", nil},
		{"GET", "/there?versionId=x", "", nil}, {"DELETE", "/there?versionId=x", "", nil},
		{"GET", "/none?attributes", "", map[string]string{"X-Amz-Object-Attributes": "ETag"}},
		{"GET", "/none?tagging", "", nil}, {"PUT", "/none?tagging", tagged, nil}, {"DELETE", "/none?tagging", "", nil},
		{"GET", "/none?acl", "", nil}, {"PUT", "/none?acl", "", map[string]string{"X-Amz-Acl": "private"}},
		{"GET", "/none?retention", "", nil}, {"GET", "/none?legal-hold", "", nil},
		{"PUT", "/none?retention", "<Retention/>", nil}, {"PUT", "/none?legal-hold", "<LegalHold/>", nil},
		{"PUT", "/new", "", from}, {"PUT", "/k?partNumber=1&uploadId=" + *up.UploadId, "", from},
		{"PUT", "/none", "x", match},
		{"PUT", "/none", "", map[string]string{"X-Amz-Copy-Source": "/" + b + "/there", "If-Match": `"x"`}},
		{"DELETE", "/none", "", match}, {"POST", "/k?uploadId=" + *up.UploadId, complete, match},
		{"POST", "?delete", remove, map[string]string{"X-Amz-Checksum-Crc32": crcOf(remove)}},
	} {
		q := worldtest.Request{Method: x.method, Path: "/" + b + x.path, Body: x.body, Service: "s3", Header: x.header,
			Key: &lister}
		a := worldtest.Send(t, w, q)
		if many := x.path == "?delete"; !many && a.Status != 404 || many && !strings.Contains(a.Body, "NoSuchKey") {
			t.Errorf("%s %s %v by who may list: %d %s", x.method, x.path, x.header, a.Status, a.Body)
		}
		q.Key = &blind
		a = worldtest.Send(t, w, q)
		if many := x.path == "?delete"; !many && a.Status != 403 || strings.Contains(a.Body, "NoSuch") ||
			many && !strings.Contains(a.Body, "AccessDenied") {
			t.Errorf("%s %s %v by who may not: %d %s", x.method, x.path, x.header, a.Status, a.Body)
		}
	}
	nobody := worldtest.MakeUser(t, w, "nobody", `{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}`)
	for _, path := range []string{"/" + b, "/larkspur-nowhere"} {
		a := worldtest.Send(t, w, worldtest.Request{Method: "POST", Path: path + "?delete", Body: remove, Service: "s3",
			Header: map[string]string{"X-Amz-Checksum-Crc32": crcOf(remove)}, Key: &nobody})
		if !strings.Contains(a.Body, "AccessDenied") {
			t.Errorf("deleting many of %s by nobody: %d %s", path, a.Status, a.Body)
		}
	}
}

func TestAttributesAndVersions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	etag := worldtest.PutText(t, c, b, "k", "0123456789",
		func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 }).ETag
	got := worldtest.Must[*s3.GetObjectAttributesOutput](t)(c.GetObjectAttributes(ctx,
		&s3.GetObjectAttributesInput{Bucket: &b, Key: aws.String("k"),
			ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}}))
	if `"`+*got.ETag+`"` != *etag || got.Checksum.ChecksumSHA256 == nil || *got.ObjectSize != 10 ||
		got.StorageClass != "STANDARD" || got.ObjectParts != nil || got.LastModified == nil {
		t.Errorf("%+v", got)
	}
	kept := w.S3(worldtest.MakeUser(t, w, "kept", `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny",`+
		`"Action":"s3:GetObjectAttributes","Resource":"*"}`))
	_, err := kept.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &b, Key: aws.String("k"),
		ObjectAttributes: []types.ObjectAttributes{"ETag"}})
	worldtest.Refused(t, err, "AccessDenied", "s3:GetObjectAttributes")
	versions := worldtest.Must[*s3.ListObjectVersionsOutput](t)(c.ListObjectVersions(ctx,
		&s3.ListObjectVersionsInput{Bucket: &b}))
	if len(versions.Versions) != 1 || *versions.Versions[0].VersionId != "null" || !*versions.Versions[0].IsLatest {
		t.Errorf("%+v", versions)
	}
	only := w.S3(worldtest.MakeUser(t, w, "only",
		`{"Effect":"Allow","Action":["s3:GetObjectVersion","s3:DeleteObjectVersion"],`+
			`"Resource":"*","Condition":{"StringEquals":{"s3:versionid":"null"}}}`))
	_, err = only.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k")})
	worldtest.Refused(t, err, "Forbidden", "")
	_, err = only.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b, Key: aws.String("k"), VersionId: aws.String("null")})
	worldtest.Allowed(t, "the version", err)
	gone := worldtest.Must[*s3.DeleteObjectsOutput](t)(only.DeleteObjects(ctx,
		&s3.DeleteObjectsInput{Bucket: &b,
			Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k"), VersionId: aws.String("null")}}}}))
	if len(gone.Deleted) != 1 || aws.ToString(gone.Deleted[0].VersionId) != "null" {
		t.Errorf("%+v", gone)
	}
}
