package gateway_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

func bucketOf(t *testing.T, w *world.World) (*s3.Client, string) {
	c := w.S3(w.Root())
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("things")}); err != nil {
		t.Fatal(err)
	}
	return c, "things"
}

func TestObjectsKeepWhatCameWithThem(t *testing.T) {
	t.Parallel()
	c, b := bucketOf(t, worldtest.Start(t))
	key := "odd key/+&%?#é/../x"
	out := worldtest.PutText(t, c, b, key, "hello world", func(in *s3.PutObjectInput) {
		in.ContentType, in.CacheControl, in.Metadata = aws.String("text/x"), aws.String("no-cache"),
			map[string]string{"Project": "Ünder"}
		in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256
	})
	if aws.ToString(out.ChecksumSHA256) == "" {
		t.Error("the checksum is not told back")
	}
	got, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
		ResponseContentType: aws.String("text/y")})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(got.Body)
	if err != nil || string(text) != "hello world" || *got.ContentType != "text/y" || *got.CacheControl != "no-cache" ||
		got.Metadata["project"] == "" || *got.ETag != *out.ETag ||
		*got.ChecksumSHA256 != *out.ChecksumSHA256 {
		t.Errorf("%q %v %+v", text, err, got)
	}
	copied, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"),
		CopySource: aws.String(b + "/odd%20key/%2B%26%25%3F%23%C3%A9/../x")})
	if err != nil || *copied.CopyObjectResult.ETag != *out.ETag {
		t.Errorf("%+v %v", copied, err)
	}
	h, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("copy")})
	if err != nil || *h.ContentLength != 11 || *h.ContentType != "text/x" {
		t.Errorf("%+v %v", h, err)
	}
	_, err = c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"),
		CopySource: aws.String(b + "/copy")})
	worldtest.Refused(t, err, "InvalidRequest", "itself")
	_, err = c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b, Key: aws.String("none")})
	worldtest.Refused(t, err, "NotFound", "")
}

func TestRangesAndConditions(t *testing.T) {
	t.Parallel()
	c, b := bucketOf(t, worldtest.Start(t))
	etag := worldtest.PutText(t, c, b, "k", "0123456789").ETag
	get := func(change func(*s3.GetObjectInput)) (string, error) {
		in := &s3.GetObjectInput{Bucket: &b, Key: aws.String("k")}
		change(in)
		out, err := c.GetObject(t.Context(), in)
		if err != nil {
			return "", err
		}
		defer out.Body.Close()
		text, err := io.ReadAll(out.Body)
		return string(text), err
	}
	for spec, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789",
		"bytes=0-99": "0123456789", "bytes=1-2,4-5": "0123456789", "lines=1": "0123456789"} {
		if got, err := get(func(in *s3.GetObjectInput) { in.Range = &spec }); got != want || err != nil {
			t.Errorf("%s: %q %v", spec, got, err)
		}
	}
	status := func(err error) int {
		var r interface{ HTTPStatusCode() int }
		if errors.As(err, &r) {
			return r.HTTPStatusCode()
		}
		return 0
	}
	if _, err := get(func(in *s3.GetObjectInput) { in.IfNoneMatch = etag }); status(err) != http.StatusNotModified {
		t.Error(err)
	}
	if _, err := get(func(in *s3.GetObjectInput) { in.IfMatch = aws.String(`"other"`) }); status(
		err) != http.StatusPreconditionFailed {
		t.Error(err)
	}
	put := func(change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"), Body: strings.NewReader("new")}
		change(in)
		_, err := c.PutObject(t.Context(), in)
		return err
	}
	worldtest.Refused(t, put(func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }), "PreconditionFailed", "")
	worldtest.Refused(t, put(func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"other"`) }), "PreconditionFailed", "")
	if err := put(func(in *s3.PutObjectInput) { in.IfMatch = etag }); err != nil {
		t.Error(err)
	}
	_, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b, Key: aws.String("k"), IfMatch: etag})
	worldtest.Refused(t, err, "PreconditionFailed", "")
}

func TestListingsPage(t *testing.T) {
	t.Parallel()
	c, b := bucketOf(t, worldtest.Start(t))
	for _, k := range []string{"a", "dir/1", "dir/2", "dir/sub/3", "é key", "z"} {
		worldtest.PutText(t, c, b, k, k)
	}
	var keys, prefixes []string
	p := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &b, Delimiter: aws.String("/"),
		MaxKeys: aws.Int32(1)})
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
		for _, o := range page.CommonPrefixes {
			prefixes = append(prefixes, *o.Prefix)
		}
	}
	if !slices.Equal(keys, []string{"a", "z", "é key"}) || !slices.Equal(prefixes, []string{"dir/"}) {
		t.Errorf("%q %q", keys, prefixes)
	}
	v1, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: &b, Prefix: aws.String("dir/"),
		Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)})
	if err != nil || len(v1.Contents) != 2 || !*v1.IsTruncated || *v1.NextMarker != "dir/2" {
		t.Errorf("%+v %v", v1, err)
	}
}

func TestDeletingManyIsDecidedKeyByKey(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Settle(t)
	bearer := worldtest.Must[client.Key](t)(w.As(ctx, worldtest.Grace))
	key, _, err := w.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/drafts/*", "READWRITE")
	if err != nil {
		t.Fatal(err)
	}
	c, b := w.S3(key), corp.Bucket
	worldtest.PutText(t, c, b, "finance/drafts/a", "a")
	out, err := c.DeleteObjects(ctx,
		&s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("finance/drafts/a")}, {Key: aws.String("payroll/2026-10.csv")},
			{Key: aws.String("finance/drafts/none")}}}})
	if err != nil || len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "AccessDenied" ||
		*out.Errors[0].Key != "payroll/2026-10.csv" {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := w.Read(ctx, w.Root(), b, "payroll/2026-10.csv"); err != nil {
		t.Errorf("it is gone: %v", err)
	}
	_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("finance/drafts/stolen"),
		CopySource: aws.String(b + "/payroll/2026-10.csv")})
	worldtest.Refused(t, err, "AccessDenied", "")
}

func TestPartsMakeAnObject(t *testing.T) {
	t.Parallel()
	c, b := bucketOf(t, worldtest.Start(t))
	data := make([]byte, 11<<20)
	rand.NewChaCha8([32]byte{1}).Read(data)
	up, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("big"),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i, at := range []int{0, 5 << 20, 10 << 20} {
		p, err := c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &b, Key: aws.String("big"), UploadId: up.UploadId,
			PartNumber: aws.Int32(int32(i + 1)),
			Body:       bytes.NewReader(data[at:min(at+5<<20, len(data))]), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: p.ETag, PartNumber: aws.Int32(int32(i + 1)),
			ChecksumCRC32: p.ChecksumCRC32})
	}
	listed, err := c.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &b, Key: aws.String("big"), UploadId: up.UploadId})
	if err != nil || len(listed.Parts) != 3 {
		t.Errorf("%+v %v", listed, err)
	}
	uploads, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b})
	if err != nil || len(uploads.Uploads) != 1 {
		t.Errorf("%+v %v", uploads, err)
	}
	done, err := c.CompleteMultipartUpload(t.Context(),
		&s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("big"), UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil || !strings.HasSuffix(*done.ETag, `-3"`) {
		t.Fatalf("%+v %v", done, err)
	}
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: aws.String("big")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes %v", len(got), err)
	}
	_, err = c.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: &b, Key: aws.String("big"),
		UploadId: up.UploadId})
	worldtest.Refused(t, err, "NoSuchUpload", "")
}

func TestPresignedURLsOpenWhatTheySay(t *testing.T) {
	t.Parallel()
	w := worldtest.Settle(t)
	p := s3.NewPresignClient(w.S3(w.Root()))
	u, err := p.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(corp.Bucket),
		Key: aws.String("shared/handbook.txt")})
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Replace(u.URL, w.Env.Get("AWS_ENDPOINT_URL"), w.Env.Get("HTTP_PROXY"), 1)
	fetch := func(method, address string) (int, string) {
		r, _ := http.NewRequestWithContext(t.Context(), method, address, nil)
		r.Host = strings.TrimPrefix(w.Env.Get("AWS_ENDPOINT_URL"), "http://")
		resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, text := fetch("GET", at); status != 200 || text != corp.Files["shared/handbook.txt"] {
		t.Errorf("%d %s", status, text)
	}
	if status, text := fetch("GET", strings.Replace(at, "shared/handbook.txt", "payroll/2026-10.csv", 1)); status != 403 ||
		!strings.Contains(text, "SignatureDoesNotMatch") {
		t.Errorf("another key: %d %s", status, text)
	}
	if status, text := fetch("PUT", at); status != 403 {
		t.Errorf("another method: %d %s", status, text)
	}
	if status, text := fetch("GET", strings.Split(at, "?")[0]); status != 403 || !strings.Contains(text, "AccessDenied") {
		t.Errorf("nobody: %d %s", status, text)
	}
}

func TestBucketPoliciesReachOtherPrincipals(t *testing.T) {
	t.Parallel()
	w := worldtest.Settle(t)
	c, b := w.S3(w.Root()), corp.Bucket
	machine := w.Machine
	_, err := w.Read(t.Context(), machine, b, "shared/handbook.txt")
	worldtest.Refused(t, err, "AccessDenied", "no identity-based policy allows")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + w.Account +
		`:user/machine"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + b + `/shared/*"}]}`
	if _, err := c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &b, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Read(t.Context(), machine, b, "shared/handbook.txt"); err != nil {
		t.Error(err)
	}
	_, err = w.Read(t.Context(), machine, b, "payroll/2026-10.csv")
	worldtest.Refused(t, err, "AccessDenied", "")
	// The ceiling of a vended key holds against a policy that opens the bucket to everybody.
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::` + b + `/*"}]}`
	if _, err := c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &b, Policy: &open}); err != nil {
		t.Fatal(err)
	}
	key, _, err := w.Vend(t.Context(), worldtest.Must[client.Key](t)(w.As(t.Context(), worldtest.Alice)),
		"s3://"+b+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Read(t.Context(), key, b, "payroll/2026-10.csv")
	worldtest.Refused(t, err, "AccessDenied", "no session policy allows")
	_, err = w.Read(t.Context(), client.Key{}, b, "shared/handbook.txt")
	worldtest.Refused(t, err, "AccessDenied", "") // public access is blocked
	if _, err := c.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &b}); err != nil {
		t.Fatal(err)
	}
	_, err = c.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b})
	worldtest.Refused(t, err, "NoSuchBucketPolicy", "")
}

// minio-go signs its uploads chunk by chunk, where the SDK sends them whole.
func TestMinioGoUploadsInSignedChunks(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	root := w.Root()
	_, b := bucketOf(t, w)
	c, err := minio.New(strings.TrimPrefix(w.Env.Get("HTTP_PROXY"), "http://"),
		&minio.Options{Creds: credentials.NewStaticV4(root.ID, root.Secret, ""), Region: w.Region,
			Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 300_000)
	rand.NewChaCha8([32]byte{2}).Read(data)
	if _, err := c.PutObject(t.Context(), b, "m", bytes.NewReader(data), int64(len(data)),
		minio.PutObjectOptions{ContentEncoding: "br"}); err != nil {
		t.Fatal(err)
	}
	o, err := c.GetObject(t.Context(), b, "m", minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes %v", len(got), err)
	}
	if s, _ := o.Stat(); s.Metadata.Get("Content-Encoding") != "br" {
		t.Errorf("the framing of the upload stands in the object's encoding: %q", s.Metadata.Get("Content-Encoding"))
	}
	n := 0
	for o := range c.ListObjects(t.Context(), b, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d objects listed", n)
	}
	_, err = c.StatObject(t.Context(), b, "none", minio.StatObjectOptions{})
	var e smithy.APIError
	if errors.As(err, &e) || minio.ToErrorResponse(err).StatusCode != 404 {
		t.Error(err)
	}
}
