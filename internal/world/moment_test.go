package world_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/awsapi"
	"granary/internal/client"
	"granary/internal/gateway"
	"granary/internal/wire"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// held is a request whose last byte has not been sent.
type held struct {
	name string
	conn net.Conn
	last []byte
}

// hold begins a signed request and keeps the last byte of its body back.
func hold(t *testing.T, w *world.World, name string, q worldtest.Request) *held {
	t.Helper()
	base := w.Env.Get("HTTP_PROXY")
	r, err := http.NewRequestWithContext(t.Context(), q.Method, base+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.Header {
		r.Header.Set(k, v)
	}
	sum := sha256.Sum256([]byte(q.Body))
	hash := hex.EncodeToString(sum[:])
	if q.Service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	cr := aws.Credentials{AccessKeyID: q.Key.ID, SecretAccessKey: q.Key.Secret, SessionToken: q.Key.Token}
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = q.Service == "s3" }).SignHTTP(t.Context(),
		cr, r, hash, q.Service, w.Region, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return holdBody(t, name, r, q.Body)
}

// holdBody sends a request but for the last byte of its body.
func holdBody(t *testing.T, name string, r *http.Request, body string) *held {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n", r.Method,
		r.URL.RequestURI(), r.URL.Host, len(body))
	if err := r.Header.Write(&b); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\r\n")
	b.WriteString(body[:len(body)-1])
	conn, err := net.Dial("tcp", r.URL.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	return &held{name, conn, []byte(body[len(body)-1:])}
}

// finish sends the rest and reads the answer. A connection that was closed meanwhile did nothing.
func (h *held) finish(t *testing.T) (status int, body string) {
	t.Helper()
	_, _ = h.conn.Write(h.last)
	_ = h.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(h.conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

// moment is a world with a caller who may do everything, and what is taken from it.
type moment struct {
	*world.Company
	iam *iam.Client
	n   int
}

const everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`

// user is a new user with a key and a policy that allows everything.
func (m *moment) user(t *testing.T) (name string, k client.Key) {
	t.Helper()
	m.n++
	name = fmt.Sprintf("moment-%d", m.n)
	m.makeUser(t, name)
	made, err := m.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return name, client.Key{ID: *made.AccessKey.AccessKeyId, Secret: *made.AccessKey.SecretAccessKey}
}

func (m *moment) makeUser(t *testing.T, name string) {
	t.Helper()
	worldtest.Must[*iam.CreateUserOutput](t)(m.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	worldtest.Must[*iam.PutUserPolicyOutput](t)(m.iam.PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("all"),
			PolicyDocument: aws.String(worldtest.Policy(everything))}))
}

func (m *moment) dropPolicy(t *testing.T, name string) {
	worldtest.Must[*iam.DeleteUserPolicyOutput](t)(m.iam.DeleteUserPolicy(t.Context(),
		&iam.DeleteUserPolicyInput{UserName: &name, PolicyName: aws.String("all")}))
}

func (m *moment) dropUser(t *testing.T, name string, k client.Key) {
	worldtest.Must[*iam.DeleteAccessKeyOutput](t)(m.iam.DeleteAccessKey(t.Context(),
		&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: &k.ID}))
	m.dropPolicy(t, name)
	worldtest.Must[*iam.DeleteUserOutput](t)(m.iam.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: &name}))
}

// way is one way in which what a request was allowed by ends.
type way struct {
	name    string
	begin   func(t *testing.T) (client.Key, func()) // the caller, and what ends it
	objects bool                                    // the caller reaches objects alone
	anyone  bool                                    // the caller still is somebody
}

func (m *moment) ways(ctxBucket func() string) []way {
	ofUser := func(end func(*testing.T, string, client.Key)) func(*testing.T) (client.Key, func()) {
		return func(t *testing.T) (client.Key, func()) {
			name, k := m.user(t)
			return k, func() { end(t, name, k) }
		}
	}
	ofRole := func(end func(t *testing.T, name, trust string)) func(*testing.T) (client.Key, func()) {
		return func(t *testing.T) (client.Key, func()) {
			m.n++
			name := fmt.Sprintf("moment-role-%d", m.n)
			who, k := m.user(t)
			trust := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + m.Account + `:user/` + who +
				`"},"Action":"sts:AssumeRole"}`
			worldtest.MakeRole(t, m.World, m.Root(), name, trust, everything)
			session := worldtest.Must[client.Key](t)(m.Assume(t.Context(), k, "arn:aws:iam::"+m.Account+":role/"+name, "session",
				""))
			return session, func() { end(t, name, trust) }
		}
	}
	dropRole := func(t *testing.T, name string) {
		list := worldtest.Must[*iam.ListRolePoliciesOutput](t)(m.iam.ListRolePolicies(t.Context(),
			&iam.ListRolePoliciesInput{RoleName: &name}))
		for _, p := range list.PolicyNames {
			worldtest.Must[*iam.DeleteRolePolicyOutput](t)(m.iam.DeleteRolePolicy(t.Context(),
				&iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &p}))
		}
		worldtest.Must[*iam.DeleteRoleOutput](t)(m.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &name}))
	}
	vended := func(end func(t *testing.T, grant string)) func(*testing.T) (client.Key, func()) {
		return func(t *testing.T) (client.Key, func()) {
			bucket := ctxBucket()
			x := s3control.NewFromConfig(m.AWS(m.Root()))
			grant := m.grantOn(t, x, bucket)
			session := worldtest.Must[client.Key](t)(m.As(t.Context(), worldtest.Alice))
			k, _, err := m.Vend(t.Context(), session, "s3://"+bucket+"/*", "READWRITE")
			if err != nil {
				t.Fatal(err)
			}
			return k, func() { end(t, grant) }
		}
	}
	return []way{
		{name: "the key is deleted", begin: ofUser(func(t *testing.T, name string, k client.Key) {
			worldtest.Must[*iam.DeleteAccessKeyOutput](t)(m.iam.DeleteAccessKey(t.Context(),
				&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: &k.ID}))
		})},
		{name: "the key is switched off", begin: ofUser(func(t *testing.T, name string, k client.Key) {
			worldtest.Must[*iam.UpdateAccessKeyOutput](t)(m.iam.UpdateAccessKey(t.Context(),
				&iam.UpdateAccessKeyInput{UserName: &name, AccessKeyId: &k.ID, Status: iamtypes.StatusTypeInactive}))
		})},
		{name: "the user is deleted", begin: ofUser(m.dropUser)},
		{name: "the user is made anew", begin: ofUser(func(t *testing.T, name string, k client.Key) {
			m.dropUser(t, name, k)
			m.makeUser(t, name)
		})},
		{name: "the policy is taken away", anyone: true,
			begin: ofUser(func(t *testing.T, name string, _ client.Key) { m.dropPolicy(t, name) })},
		{name: "the role is deleted", begin: ofRole(func(t *testing.T, name, _ string) { dropRole(t, name) })},
		{name: "the role is made anew", begin: ofRole(func(t *testing.T, name, trust string) {
			dropRole(t, name)
			worldtest.MakeRole(t, m.World, m.Root(), name, trust, everything)
		})},
		{name: "the grant is deleted", objects: true, begin: vended(func(t *testing.T, grant string) {
			x := s3control.NewFromConfig(m.AWS(m.Root()))
			worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(t.Context(),
				&s3control.DeleteAccessGrantInput{AccountId: &m.Account, AccessGrantId: &grant}))
		})},
		{name: "the person is deactivated", objects: true, begin: vended(func(t *testing.T, _ string) {
			if err := m.SetActive(t.Context(), worldtest.Alice, false); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.SetActive(t.Context(), worldtest.Alice, true) })
		})},
	}
}

// documents is a document for each setting of a bucket or an object. What is refused in words whoever sends it is never
// done.
var documents = map[string]struct {
	query, body string
	never       bool
}{
	"PutBucketAbac":              {"abac", "<AbacStatus><Status>Disabled</Status></AbacStatus>", false},
	"PutBucketAcl":               {"acl", "  ", false},
	"PutBucketEncryption":        {"encryption", worldtest.EncryptionBy("AES256", ""), false},
	"PutBucketLogging":           {"logging", "<BucketLoggingStatus/>", false},
	"PutBucketNotification":      {"notification", "<NotificationConfiguration/>", false},
	"PutBucketOwnershipControls": {"ownershipControls", worldtest.OwnedBy("BucketOwnerEnforced"), false},
	"PutBucketPublicAccessBlock": {"publicAccessBlock", worldtest.AllBlocked, false},
	"PutBucketRequestPayment": {"requestPayment",
		"<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>", false},
	"PutBucketTagging": {"tagging",
		"<Tagging><TagSet><Tag><Key>planted</Key><Value>b</Value></Tag></TagSet></Tagging>", false},
	"PutBucketAccelerateConfiguration":         {"accelerate", "<AccelerateConfiguration/>", true},
	"PutBucketAnalyticsConfiguration":          {"analytics&id=x", "<AnalyticsConfiguration/>", true},
	"PutBucketCors":                            {"cors", "<CORSConfiguration/>", true},
	"PutBucketIntelligentTieringConfiguration": {"intelligent-tiering&id=x", "<IntelligentTieringConfiguration/>", true},
	"PutBucketInventoryConfiguration":          {"inventory&id=x", "<InventoryConfiguration/>", true},
	"PutBucketLifecycle":                       {"lifecycle", "<LifecycleConfiguration/>", true},
	"PutBucketMetricsConfiguration":            {"metrics&id=x", "<MetricsConfiguration/>", true},
	"PutBucketReplication":                     {"replication", "<ReplicationConfiguration/>", true},
	"PutBucketVersioning": {"versioning",
		"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", true},
	"PutBucketWebsite":           {"website", "<WebsiteConfiguration/>", true},
	"PutObjectLockConfiguration": {"object-lock", "<ObjectLockConfiguration/>", true},
	"PutObjectAcl":               {"acl", "  ", false},
	"PutObjectTagging": {"tagging",
		"<Tagging><TagSet><Tag><Key>planted</Key><Value>b</Value></Tag></TagSet></Tagging>", false},
	"PutObjectRetention": {"retention", "<Retention/>", true},
	"PutObjectLegalHold": {"legal-hold", "<LegalHold/>", true},
}

// inS3 is a request to each operation of S3 that has a body.
func (m *moment) inS3(t *testing.T, bucket, fresh string, k *client.Key) map[string]worldtest.Request {
	t.Helper()
	x := m.S3(m.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(x.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}))
	worldtest.PutText(t, x, bucket, "doomed", "before")
	upload := func(key string) (string, string) {
		u := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(x.CreateMultipartUpload(t.Context(),
			&s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}))
		p := worldtest.Must[*s3.UploadPartOutput](t)(x.UploadPart(t.Context(),
			&s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: u.UploadId, PartNumber: aws.Int32(1),
				Body: strings.NewReader("part")}))
		return *u.UploadId, *p.ETag
	}
	parts, _ := upload("parts")
	whole, etag := upload("whole")
	list := `<Delete><Object><Key>doomed</Key></Object></Delete>`
	sum := md5.Sum([]byte(list))
	open := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::` +
		bucket + `/*"}`)
	q := map[string]worldtest.Request{
		"PutObject": {Method: "PUT", Path: "/" + bucket + "/planted", Body: "planted"},
		"UploadPart": {Method: "PUT", Path: "/" + bucket + "/parts?partNumber=2&uploadId=" + parts,
			Body: "planted"},
		"CompleteMultipartUpload": {Method: "POST", Path: "/" + bucket + "/whole?uploadId=" + whole,
			Body: "<CompleteMultipartUpload><Part><ETag>" + etag +
				"</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"},
		"PutBucketPolicy": {Method: "PUT", Path: "/" + bucket + "?policy", Body: open},
		"DeleteObjects": {Method: "POST", Path: "/" + bucket + "?delete", Body: list,
			Header: map[string]string{"Content-Md5": base64.StdEncoding.EncodeToString(sum[:])}},
		"CreateBucket": {Method: "PUT", Path: "/" + fresh,
			Body: "<CreateBucketConfiguration></CreateBucketConfiguration>"},
	}
	for name, d := range documents {
		at := "/" + bucket
		if strings.HasPrefix(name, "PutObject") && name != "PutObjectLockConfiguration" {
			at += "/doomed"
		}
		q[name] = worldtest.Request{Method: "PUT", Path: at + "?" + d.query, Body: d.body}
	}
	for _, name := range []string{"PutBucketAcl", "PutObjectAcl"} {
		r := q[name]
		r.Header = map[string]string{"X-Amz-Acl": "private"}
		q[name] = r
	}
	for name, r := range q {
		r.Key, r.Service = k, "s3"
		q[name] = r
	}
	for _, name := range gateway.WithBodies() {
		if _, ok := q[name]; !ok {
			t.Errorf("%s has a body, and no request here", name)
		}
	}
	return q
}

// grantOn grants alice a bucket of the account, by the location of all buckets.
func (m *moment) grantOn(t *testing.T, x *s3control.Client, bucket string) string {
	t.Helper()
	user := m.Users[worldtest.Alice]
	made := worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.CreateAccessGrant(t.Context(),
		&s3control.CreateAccessGrantInput{AccountId: &m.Account,
			AccessGrantsLocationId: aws.String("default"),
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
				S3SubPrefix: aws.String(bucket + "/*")},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryUser,
				GranteeIdentifier: &user},
			Permission: s3ctypes.PermissionReadwrite}))
	return *made.AccessGrantId
}

func beginMoment(t *testing.T) *moment {
	c := worldtest.Settle(t)
	m := &moment{Company: c, iam: iam.NewFromConfig(c.AWS(c.Root()))}
	return m
}

// The requests that the tests here hold back are good ones.
func TestARequestThatWasHeldBackIsDone(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	_, k := m.user(t)
	requests := m.inS3(t, "in-time", "made-in-time", &k)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(requests)),
		func(name string) bool { return name == "DeleteObjects" })
	for _, name := range append(names, "DeleteObjects") { // which takes away what others change
		h := hold(t, m.World, name, requests[name])
		status, body := h.finish(t)
		if never := documents[name].never; !never && (status < 200 || status > 299 || strings.Contains(body, "<Error>")) ||
			never && (status < 400 || status == 403 || status == 404) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// What a request was allowed by ends while the end of its body is awaited, in every way in which it can: nothing is
// done.
func TestNothingIsDoneAfterTheRightToItEnded(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	bucket := ""
	for i, w := range m.ways(func() string { return bucket }) {
		t.Run("S3/"+w.name, func(t *testing.T) {
			bucket = fmt.Sprintf("moment-%d", i)
			fresh := fmt.Sprintf("fresh-%d", i)
			var k client.Key
			requests := m.inS3(t, bucket, fresh, &k)
			var end func()
			k, end = w.begin(t)
			var all []*held
			for name, q := range requests {
				if w.objects && !slices.Contains([]string{"PutObject", "UploadPart", "CompleteMultipartUpload", "DeleteObjects",
					"PutObjectAcl"}, name) {
					continue
				}
				all = append(all, hold(t, m.World, name, q))
			}
			end()
			for _, h := range all {
				status, body := h.finish(t)
				if status == 0 || status < 300 && (h.name != "DeleteObjects" || strings.Contains(body, "<Deleted>") ||
					!strings.Contains(body, "<Error>")) {
					t.Errorf("%s: %d %s", h.name, status, body)
				}
			}
			m.untouched(t, m.Root(), bucket, "before")
			if _, err := m.S3(m.Root()).HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &fresh}); err == nil {
				t.Error("a bucket was made")
			}
		})
	}
	for _, w := range m.ways(nil) {
		if !w.objects {
			t.Run("API/"+w.name, func(t *testing.T) { m.everyRow(t, w) })
		}
	}
}

// untouched sees that a bucket has its one object, and neither a policy nor another object.
func (m *moment) untouched(t *testing.T, k client.Key, bucket, text string) {
	t.Helper()
	x := m.S3(k)
	if got, err := m.Read(t.Context(), k, bucket, "doomed"); err != nil || got != text {
		t.Errorf("the object: %q %v", got, err)
	}
	list := worldtest.Must[*s3.ListObjectsV2Output](t)(x.ListObjectsV2(t.Context(),
		&s3.ListObjectsV2Input{Bucket: &bucket}))
	if len(list.Contents) != 1 {
		t.Errorf("there are %d objects", len(list.Contents))
	}
	if p, err := x.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &bucket}); err == nil {
		t.Errorf("there is a policy: %s", *p.Policy)
	}
	if tags, err := x.GetBucketTagging(t.Context(), &s3.GetBucketTaggingInput{Bucket: &bucket}); err == nil {
		t.Errorf("the bucket has tags: %+v", tags.TagSet)
	}
	if tags, err := x.GetObjectTagging(t.Context(),
		&s3.GetObjectTaggingInput{Bucket: &bucket, Key: aws.String("doomed")}); err != nil || len(tags.TagSet) > 0 {
		t.Errorf("the object has tags: %+v, %v", tags, err)
	}
}

// everyRow holds a request to each row of the API's tables.
func (m *moment) everyRow(t *testing.T, w way) {
	k, end := w.begin(t)
	var all []*held
	for _, s := range m.Server.Rows() {
		for _, r := range s.Rows {
			q := worldtest.SampleRequest(m.Company, s, &r)
			if r.Access == awsapi.Unsigned || w.anyone && r.Access == awsapi.Anyone || len(q.Body) == 0 ||
				s.Wire.Protocol == wire.RestXML && q.Method == "GET" {
				continue
			}
			q.Key = &k
			all = append(all, hold(t, m.World, s.Wire.Name+"/"+r.Meta.Name, q))
		}
	}
	if len(all) < 150 {
		t.Errorf("only %d rows have a body", len(all))
	}
	end()
	var done []string
	for _, h := range all {
		// PostgreSQL's nodes and slow machines may let a body be late: that is a refusal too.
		if status, body := h.finish(t); status < 400 {
			done = append(done, fmt.Sprintf("%s: %d %.200s", h.name, status, body))
		}
	}
	slices.Sort(done)
	for _, d := range done {
		t.Error(d)
	}
}

// A bucket is deleted and its name taken by another account while the ends of bodies are awaited: the other's bucket
// stays as it is.
func TestABucketIsNotTheOneThatHadItsNameBefore(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	b := worldtest.JoinAccount(t, m.World, worldtest.MakeAdministrator(t, m.World), "other")
	bucket := "changes-hands"
	_, k := m.user(t)
	requests := m.inS3(t, bucket, "never-made", &k)
	delete(requests, "CreateBucket")
	var all []*held
	for name, q := range requests {
		all = append(all, hold(t, m.World, name, q))
	}
	mine := m.S3(m.Root())
	uploads := worldtest.Must[*s3.ListMultipartUploadsOutput](t)(mine.ListMultipartUploads(t.Context(),
		&s3.ListMultipartUploadsInput{Bucket: &bucket}))
	for _, u := range uploads.Uploads {
		worldtest.Must[*s3.AbortMultipartUploadOutput](t)(mine.AbortMultipartUpload(t.Context(),
			&s3.AbortMultipartUploadInput{Bucket: &bucket, Key: u.Key, UploadId: u.UploadId}))
	}
	worldtest.Must[*s3.DeleteObjectOutput](t)(mine.DeleteObject(t.Context(),
		&s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("doomed")}))
	worldtest.Must[*s3.DeleteBucketOutput](t)(mine.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}))
	theirs := m.S3(b.Key)
	worldtest.Must[*s3.CreateBucketOutput](t)(theirs.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}))
	worldtest.PutText(t, theirs, bucket, "doomed", "theirs")
	for _, h := range all {
		status, body := h.finish(t)
		if status == 0 || status < 300 && (h.name != "DeleteObjects" || strings.Contains(body, "<Deleted>") ||
			!strings.Contains(body, "<Error>")) {
			t.Errorf("%s: %d %s", h.name, status, body)
		}
	}
	m.untouched(t, b.Key, bucket, "theirs")
}

// A download that goes on when the right to it ends is cut off, whether the client reads or waits.
func TestADownloadEndsWithTheRightToIt(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	root := m.S3(m.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(root.CreateBucket(t.Context(),
		&s3.CreateBucketInput{Bucket: aws.String("downloads")}))
	const size = 64 << 20 // more than sockets hold
	worldtest.Must[*s3.PutObjectOutput](t)(root.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("downloads"),
		Key: aws.String("long"), Body: bytes.NewReader(make([]byte, size))}))
	for _, kept := range []bool{false, true} {
		name, k := m.user(t)
		out := worldtest.Must[*s3.GetObjectOutput](t)(m.S3(k).GetObject(t.Context(),
			&s3.GetObjectInput{Bucket: aws.String("downloads"),
				Key: aws.String("long")}))
		if _, err := io.CopyN(io.Discard, out.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		if !kept {
			m.dropPolicy(t, name)
		}
		time.Sleep(2 * time.Second)
		n, err := io.Copy(io.Discard, out.Body)
		out.Body.Close()
		if whole := err == nil && n == size-1<<20; whole != kept {
			t.Errorf("the right was kept: %t; %d bytes more came, and then %v", kept, n, err)
		}
	}
}
