package gateway_test

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// presignedTo is a request by a URL that a key signed; header is sent beside it, unsigned.
func presignedTo(t *testing.T, w *world.World, k client.Key, method, path, body string, signed,
	header map[string]string) worldtest.Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.Env.Get("HTTP_PROXY")+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range signed {
		r.Header.Set(name, v)
	}
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = q.Encode()
	cr := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}
	u, h, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).PresignHTTP(t.Context(), cr,
		r, "UNSIGNED-PAYLOAD", "s3", w.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name := range h {
		if name != "Host" {
			all[name] = h.Get(name)
		}
	}
	maps.Copy(all, header)
	return worldtest.Send(t, w, worldtest.Request{Method: method, Path: strings.TrimPrefix(u, w.Env.Get("HTTP_PROXY")),
		Body: body, Header: all})
}

// s3write is a request that changes something: of each operation there is.
type s3write struct{ name, method, path, body string }

// s3writes is every write that the gateway has, on a bucket with an object "k" and an upload.
func s3writes(b, upload string) []s3write {
	part := "?partNumber=1&uploadId=" + upload
	list := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>"
	return []s3write{
		{"PutObject", "PUT", "/" + b + "/new", "text"}, {"CopyObject", "PUT", "/" + b + "/new", ""},
		{"UploadPart", "PUT", "/" + b + "/k" + part, "text"},
		{"UploadPartCopy", "PUT", "/" + b + "/k" + part, ""}, {"CreateMultipartUpload", "POST", "/" + b + "/new?uploads", ""},
		{"CompleteMultipartUpload", "POST", "/" + b + "/k?uploadId=" + upload, list},
		{"AbortMultipartUpload", "DELETE", "/" + b + "/k?uploadId=" + upload, ""},
		{"DeleteObject", "DELETE", "/" + b + "/k", ""},
		{"DeleteObjects", "POST", "/" + b + "?delete", "<Delete><Object><Key>k</Key></Object></Delete>"},
		{"CreateBucket", "PUT", "/larkspur-new", ""}, {"DeleteBucket", "DELETE", "/" + b, ""},
		{"PutBucketPolicy", "PUT", "/" + b + "?policy", "{}"},
		{"DeleteBucketPolicy", "DELETE", "/" + b + "?policy", ""},
	}
}

func (x s3write) header(b string) map[string]string {
	h := map[string]string{}
	switch x.name {
	case "CopyObject", "UploadPartCopy":
		h["X-Amz-Copy-Source"] = "/" + b + "/k"
	case "DeleteObjects":
		h["X-Amz-Checksum-Crc32"] = crcOf(x.body)
	}
	return h
}

func crcOf(text string) string {
	n := crc32.ChecksumIEEE([]byte(text))
	return base64.StdEncoding.EncodeToString([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// A write is what all of its headers and parameters say, or it is not done.
func TestWritesRefuseWhatTheyDoNotHeed(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	worldtest.PutText(t, c, b, "k", "0123456789")
	up := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(c.CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")}))
	root := w.Root()
	strange := map[string]string{"X-Amz-Write-Offset-Bytes": "5", "X-Amz-If-Match-Size": "3",
		"X-Amz-If-Match-Last-Modified-Time": "Tue, 01 Dec 2020 00:00:00 GMT",
		"X-Amz-If-Match-Initiated-Time":     "Tue, 01 Dec 2020 00:00:00 GMT", "X-Amz-Checksum-Sha512": "AAAA",
		"X-Amz-Checksum-Md5": "AAAA", "X-Amz-Checksum-Xxhash64": "AAAA", "X-Amz-Checksum-Xxhash3": "AAAA",
		"X-Amz-Checksum-Xxhash128": "AAAA", "X-Amz-Bypass-Governance-Retention": "true", "X-Amz-Mfa": "1 2",
		"X-Amz-Object-Lock-Mode": "GOVERNANCE", "X-Amz-Rename-Source": "/a/b",
		"X-Amz-Server-Side-Encryption-Customer-Algorithm": "AES256", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "k",
		"X-Amz-Website-Redirect-Location": "/x", "X-Amz-Nobody-Knows": "1",
		"If-Modified-Since": "Tue, 01 Dec 2020 00:00:00 GMT", "If-Unmodified-Since": "Tue, 01 Dec 2020 00:00:00 GMT",
		"Content-Range": "bytes 5-9/10", "Range": "bytes=0-1", "If-Range": `"x"`}
	harmless := map[string]string{"X-Amz-User-Agent": "sdk", "Amz-Sdk-Request": "attempt=1; max=3",
		"Amz-Sdk-Invocation-Id": "a", "X-Amz-Te": "append-md5", "X-Amz-Request-Payer": "requester",
		"X-Amz-Expected-Bucket-Owner": w.Account, "X-Amz-Checksum-Mode": "ENABLED",
		"X-Amz-Bypass-Governance-Retention": "false", "X-Amzn-Trace-Id": "Root=1"}
	for _, x := range s3writes(b, *up.UploadId) {
		for _, name := range slices.Sorted(maps.Keys(strange)) {
			h := x.header(b)
			h[name] = strange[name]
			a := worldtest.Send(t, w, worldtest.Request{Method: x.method, Path: x.path, Body: x.body, Key: &root, Service: "s3",
				Header: h})
			if a.Status != 501 || a.Code != "NotImplemented" || !strings.Contains(a.Text, strings.ToLower(name)) {
				t.Errorf("%s with %s: %d %s %s", x.name, name, a.Status, a.Code, a.Text)
			}
		}
		sep := "?"
		if strings.Contains(x.path, "?") {
			sep = "&"
		}
		for _, param := range []string{"nobodyKnows=1", "annotation", "prefix=a", "x-amz-acl=private", "max-keys=1"} {
			a := worldtest.Send(t, w, worldtest.Request{Method: x.method, Path: x.path + sep + param, Body: x.body, Key: &root,
				Service: "s3",
				Header:  x.header(b)})
			if name, _, _ := strings.Cut(param, "="); a.Status != 501 || !strings.Contains(a.Text, name) {
				t.Errorf("%s with ?%s: %d %s %s", x.name, param, a.Status, a.Code, a.Text)
			}
		}
	}
	if text, err := w.Read(t.Context(), root, b, "k"); err != nil || text != "0123456789" {
		t.Errorf("the object is %q, %v", text, err)
	}
	for _, x := range s3writes(b, *up.UploadId) {
		for _, name := range slices.Sorted(maps.Keys(harmless)) {
			h := x.header(b)
			h[name] = harmless[name]
			if x.name == "CreateBucket" && name == "X-Amz-Expected-Bucket-Owner" {
				continue
			}
			a := worldtest.Send(t, w, worldtest.Request{Method: x.method, Path: x.path + "", Body: x.body, Key: &root,
				Service: "s3", Header: h})
			if a.Status == 501 || a.Status == 403 {
				t.Errorf("%s with %s: %d %s %s", x.name, name, a.Status, a.Code, a.Text)
			}
		}
	}
}

// What a document asks for beyond what is done is refused by its name.
func TestDocumentsAreReadWhole(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	worldtest.PutText(t, c, b, "k", "0123456789")
	root := w.Root()
	object := func(inside string) string { return "<Delete><Object><Key>k</Key>" + inside + "</Object></Delete>" }
	for _, x := range []struct {
		path, method, body, name string
		status                   int
	}{
		{"?delete", "POST", object("<Size>3</Size>"), "Size", 501},
		{"?delete", "POST", object("<LastModifiedTime>Tue, 01 Dec 2020 00:00:00 GMT</LastModifiedTime>"), "LastModifiedTime",
			501},
		{"?delete", "POST", object("<Key>other</Key>"), "", 400}, {"?delete", "POST", object("") + object(""), "", 400},
		{"?delete", "POST", "<!-- -->\n" + object("") + "\n<!-- end -->\n", "", 200},
		{"/k?uploadId=x", "POST",
			"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag>" +
				"<ChecksumSHA512>x</ChecksumSHA512></Part></CompleteMultipartUpload>", "ChecksumSHA512", 501},
		{"x", "PUT",
			"<CreateBucketConfiguration><Location><Type>AvailabilityZone</Type></Location></CreateBucketConfiguration>",
			"Location", 501},
	} {
		h := map[string]string{}
		if x.path == "?delete" {
			h["X-Amz-Checksum-Crc32"] = crcOf(x.body)
		}
		a := worldtest.Send(t, w, worldtest.Request{Method: x.method, Path: "/" + b + x.path, Body: x.body, Key: &root,
			Service: "s3", Header: h})
		if a.Status != x.status || !strings.Contains(a.Text, x.name) {
			t.Errorf("%s: %d %s %s", x.body, a.Status, a.Code, a.Text)
		}
	}
}

// A presigned URL does what its signature covers: what is added to it is refused or changes nothing.
func TestNothingIsAddedToPresignedURLs(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	worldtest.PutText(t, c, b, "k", "0123456789")
	deny := worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + b +
		`/hashed/*","Condition":{"StringNotLike":{"s3:x-amz-content-sha256":"` + strings.Repeat("?", 64) + `"}}}`)
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(c.PutBucketPolicy(t.Context(),
		&s3.PutBucketPolicyInput{Bucket: &b, Policy: &deny}))
	user := worldtest.MakeUser(t, w, "signer", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	put := func(path string, signed, added map[string]string) worldtest.Answer {
		return presignedTo(t, w, user, "PUT", "/"+b+path, "text", signed, added)
	}
	zeros := strings.Repeat("0", 64)
	for _, x := range []struct {
		what          string
		path          string
		signed, added map[string]string
		status        int
		code          string
	}{
		{"a plain one", "/p", nil, nil, 200, ""},
		{"a hash that nobody signed", "/p", nil, map[string]string{"X-Amz-Content-Sha256": zeros}, 403, "AccessDenied"},
		{"the same, where a policy wants one", "/hashed/p", nil, map[string]string{"X-Amz-Content-Sha256": zeros}, 403,
			"AccessDenied"},
		{"none, where a policy wants one", "/hashed/p", nil, nil, 403, "AccessDenied"},
		{"a hash in the signed query, where a policy wants one in the header", "/hashed/p?X-Amz-Content-Sha256=" + zeros, nil,
			nil, 403, ""},
		{"the declaration that is signed anyway", "/p", nil, map[string]string{"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"},
			200, ""},
		{"an access control list", "/p", nil, map[string]string{"X-Amz-Acl": "public-read"}, 403, "AccessDenied"},
		{"a copy source", "/p", nil, map[string]string{"X-Amz-Copy-Source": "/" + b + "/k"}, 403, "AccessDenied"},
		{"metadata", "/p", nil, map[string]string{"X-Amz-Meta-A": "1"}, 403, "AccessDenied"},
		{"what nobody knows", "/p", nil, map[string]string{"X-Amz-Nobody-Knows": "1"}, 403, "AccessDenied"},
		{"an access control list in the query", "/p?X-Amz-Acl=public-read", nil, nil, 400, "AccessControlListNotSupported"},
		{"what nobody knows in the query", "/p?X-Amz-Write-Offset-Bytes=5", nil, nil, 501, "NotImplemented"},
		{"one header in two spellings", "/p?X-Amz-Acl=private&x-amz-acl=public-read", nil, nil, 400, "InvalidRequest"},
		{"a copy, the source in the query", "/copied?X-Amz-Copy-Source=/" + b + "/k", nil, nil, 400, "UnexpectedContent"},
	} {
		if a := put(x.path, x.signed, x.added); a.Status != x.status || x.code != "" && a.Code != x.code {
			t.Errorf("%s: %d %s %s", x.what, a.Status, a.Code, a.Text)
		}
	}
	if a := presignedTo(t, w, user, "PUT", "/"+b+"/copied?X-Amz-Copy-Source=/"+b+"/k", "", nil, nil); a.Status != 200 ||
		!strings.Contains(a.Body, "CopyObjectResult") {
		t.Errorf("a copy by a presigned URL: %d %s", a.Status, a.Body)
	}
	if text, err := w.Read(t.Context(), w.Root(), b, "copied"); text != "0123456789" {
		t.Errorf("it copied %q, %v", text, err)
	}
}

// conditioned is a condition key with a request that gives it a value, the value, and what is sent beside it to
// mislead.
type conditioned struct {
	key, action, method, path string
	header                    map[string]string
	value                     string // that the request gives
	number                    bool
	decoys                    []string // further parameters
}

func conditionCases(b, upload string) []conditioned {
	put := func(key, header, value string) conditioned {
		return conditioned{key: "s3:" + key, action: "s3:PutObject", method: "PUT", path: "/" + b + "/new",
			header: map[string]string{header: value}, value: value}
	}
	list := []string{"max-uploads=1", "prefixes=z", "X-Amz-Prefix=z", "max-parts=1", "uploadIdMarker=z", "x-prefix=z",
		"x-max-keys=1"}
	cases := []conditioned{
		{key: "s3:max-keys", action: "s3:ListBucket", method: "GET", path: "/" + b + "?list-type=2&max-keys=1000",
			value: "1000", number: true, decoys: list},
		{key: "s3:max-keys", action: "s3:ListBucket", method: "GET", path: "/" + b + "?max-keys=%2B1000", value: "1000",
			number: true, decoys: list},
		{key: "s3:max-keys", action: "s3:ListBucket", method: "GET", path: "/" + b + "?list-type=2&max-keys=0001000",
			value: "1000", number: true, decoys: list},
		{key: "s3:max-keys", action: "s3:ListBucket", method: "GET", path: "/" + b + "?list-type=2", value: "1000",
			number: true, decoys: list},
		{key: "s3:max-keys", action: "s3:ListBucketMultipartUploads", method: "GET", path: "/" + b + "?uploads&max-uploads=7",
			value: "7", number: true, decoys: []string{"max-keys=1000"}},
		{key: "s3:prefix", action: "s3:ListBucket", method: "GET", path: "/" + b + "?list-type=2&prefix=a%2F", value: "a/",
			decoys: list},
		{key: "s3:prefix", action: "s3:ListBucketMultipartUploads", method: "GET", path: "/" + b + "?uploads&prefix=a%2F",
			value: "a/", decoys: list[1:]},
		{key: "s3:delimiter", action: "s3:ListBucket", method: "GET", path: "/" + b + "?delimiter=%2F", value: "/",
			decoys: list},
		put("x-amz-acl", "X-Amz-Acl", "bucket-owner-full-control"),
		put("x-amz-storage-class", "X-Amz-Storage-Class", "STANDARD_IA"),
		put("if-none-match", "If-None-Match", "*"), put("x-amz-grant-read", "X-Amz-Grant-Read", "id=1"),
		{key: "s3:x-amz-acl", action: "s3:PutObjectAcl", method: "PUT", path: "/" + b + "/new",
			header: map[string]string{"X-Amz-Acl": "private"}, value: "private"},
		{key: "s3:x-amz-acl", action: "s3:PutObject", method: "POST", path: "/" + b + "/new?uploads",
			header: map[string]string{"X-Amz-Acl": "private"}, value: "private"},
		{key: "s3:x-amz-copy-source", action: "s3:PutObject", method: "PUT", path: "/" + b + "/new",
			header: map[string]string{"X-Amz-Copy-Source": "/" + b + "/%6b"}, value: b + "/k"},
		{key: "s3:x-amz-metadata-directive", action: "s3:PutObject", method: "PUT", path: "/" + b + "/new",
			header: map[string]string{"X-Amz-Copy-Source": "/" + b + "/k", "X-Amz-Metadata-Directive": "REPLACE"},
			value:  "REPLACE"},
		{key: "s3:x-amz-copy-source", action: "s3:PutObject", method: "PUT", path: "/" + b + "/k?partNumber=1&uploadId=" +
			upload, header: map[string]string{"X-Amz-Copy-Source": b + "/k"}, value: b + "/k"},
		{key: "s3:ObjectCreationOperation", action: "s3:PutObject", method: "PUT", path: "/" + b + "/new", value: "true"},
		{key: "s3:ObjectCreationOperation", action: "s3:PutObject", method: "PUT",
			path: "/" + b + "/k?partNumber=1&uploadId=" + upload, value: "false"},
		{key: "s3:x-amz-object-ownership", action: "s3:CreateBucket", method: "PUT", path: "/larkspur-owned",
			header: map[string]string{"X-Amz-Object-Ownership": "BucketOwnerEnforced"}, value: "BucketOwnerEnforced"},
		{key: "s3:if-match", action: "s3:DeleteObject", method: "DELETE", path: "/" + b + "/none",
			header: map[string]string{"If-Match": `"x"`}, value: `"x"`},
	}
	return cases
}

// A policy tests the value that the operation uses: a deny of that value refuses, a deny of another does not, and
// nothing that is sent beside it changes which is which.
func TestPoliciesTestTheValueThatIsUsed(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	c, b := bucketOf(t, w)
	worldtest.PutText(t, c, b, "k", "0123456789")
	up := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(c.CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")}))
	for i, x := range conditionCases(b, *up.UploadId) {
		operator, beside := "StringEquals", "StringNotEquals"
		if x.number {
			operator, beside = "NumericEquals", "NumericNotEquals"
		}
		value := strings.ReplaceAll(x.value, `"`, `\"`)
		if strings.HasPrefix(x.value, "*") {
			value = "${*}"
		}
		allow := `{"Effect":"Allow","Action":"s3:*","Resource":"*"},`
		denied := worldtest.MakeUser(t, w, fmt.Sprint("denied", i), allow+`{"Effect":"Deny","Action":"`+x.action+
			`","Resource":"*","Condition":{"`+operator+`":{"`+x.key+`":"`+value+`"}}}`)
		other := worldtest.MakeUser(t, w, fmt.Sprint("other", i), allow+`{"Effect":"Deny","Action":"`+x.action+
			`","Resource":"*","Condition":{"`+beside+`":{"`+x.key+`":"`+value+`"}}}`)
		for _, decoy := range append([]string{""}, x.decoys...) {
			path := x.path
			if decoy != "" && strings.Contains(path, "?") {
				path += "&" + decoy
			} else if decoy != "" {
				path += "?" + decoy
			}
			q := worldtest.Request{Method: x.method, Path: path, Service: "s3", Header: x.header}
			q.Key = &denied
			if a := worldtest.Send(t, w, q); a.Status != 403 || a.Code != "AccessDenied" {
				t.Errorf("deny %s = %s, %s %s: %d %s", x.key, x.value, x.method, path, a.Status, a.Body)
			}
			q.Key = &other
			if a := worldtest.Send(t, w, q); a.Status == 403 && !strings.Contains(x.path, "/none") {
				t.Errorf("deny %s other than %s, %s %s: %d %s", x.key, x.value, x.method, path, a.Status, a.Body)
			}
		}
	}
}
