package s3control_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/worldtest"
)

// escape tries keys of every kind against scopes of every kind, through the gateway, where the location's role and the
// bucket's policy allow everything: nothing but the scope itself can hold. What succeeded is judged by what came back
// and by what the bucket holds afterwards, not by what the engine says.
type escape struct {
	*stage
	t      *testing.T
	r      *rand.Rand
	bucket string
	upload string          // an upload outside every scope
	there  []string        // keys in the bucket
	copied map[string]bool // keys whose bytes name another
	counts map[string]int
	story  string // of the case under way
}

// odd is what means something to somebody: wildcards, variables, paths, escapes, quotes, letters of all sizes,
// controls.
var odd = []string{"a", "b", "/", "a/", "//", "..", "../", "./", ".", "*", "?", "$", "${*}", "${aws:username}",
	"${aws:PrincipalTag/t, '*'}", "{}", `"`, "'", `\`, "%2F", "%", "%00", "+", " ", "&", "=", "#", ";", "é", "e\u0301",
	"／", "🌾", "\u202e", "A", "<", ">", "|", "~", "`", "^", "@", ":", ",", "\t", "\n", "\r", "\x01", "\x7f",
	strings.Repeat("x", 300)}

func (e *escape) key(most int) string {
	var b strings.Builder
	for range e.r.IntN(most + 1) {
		b.WriteString(odd[e.r.IntN(len(odd))])
	}
	if b.Len() > 900 {
		return b.String()[:300]
	}
	return b.String()
}

// near is a key inside the scope, beside it, or anywhere.
func (e *escape) near(scope string) string {
	prefix := strings.TrimPrefix(scope, "s3://"+e.bucket+"/")
	prefix = strings.TrimSuffix(prefix, "*")
	if len(e.there) > 0 && e.r.IntN(3) == 0 { // one that is there, rather inside
		k := ""
		for range 20 {
			if k = e.there[e.r.IntN(len(e.there))]; strings.HasPrefix(k, prefix) {
				break
			}
		}
		return k
	}
	k := prefix
	switch e.r.IntN(12) {
	case 0:
		k = strings.NewReplacer("*", "zz", "?", "b").Replace(prefix)
	case 1:
		k = strings.TrimRight(prefix, "/")
	case 2:
		k = prefix + "/../"
	case 3:
		k = "../" + prefix
	case 4:
		k = strings.ToUpper(prefix)
	case 5:
		k = url.PathEscape(prefix)
	case 6:
		k = prefix[:e.r.IntN(len(prefix)+1)]
	case 7:
		k = e.key(3)
	}
	k += e.key(2)
	if len(k) > 1000 || k == "" || strings.Contains(k, "\x00") {
		return "b"
	}
	return k
}

// path escapes a key for a request line: sparingly, thoroughly, or in another case of the same letters.
func (e *escape) path(key string) string {
	var b strings.Builder
	thorough := e.r.IntN(3)
	for i := range len(key) {
		c := key[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0
		switch {
		case plain && (thorough < 2 || c == '/' && i == 0):
			b.WriteByte(c)
		case thorough == 1:
			fmt.Fprintf(&b, "%%%02x", c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return "/" + e.bucket + "/" + b.String()
}

func (e *escape) do(k *client.Key, method, path, body string, header map[string]string) worldtest.Answer {
	return worldtest.Send(e.t, e.World, worldtest.Request{Method: method, Path: path, Body: body, Service: "s3", Key: k,
		Header: header})
}

// contents is what the bucket holds: keys and the bytes' hash, in the listing's own escapes.
func (e *escape) contents() map[string]string {
	out := map[string]string{}
	root := e.Root()
	for token := ""; ; {
		a := e.do(&root, "GET", "/"+e.bucket+"?list-type=2&encoding-type=url"+token, "", nil)
		var page struct {
			Contents              []struct{ Key, ETag string }
			IsTruncated           bool
			NextContinuationToken string
		}
		if err := xml.Unmarshal([]byte(a.Body), &page); err != nil || a.Status != 200 {
			e.t.Fatalf("the root's listing: %d %v", a.Status, err)
		}
		for _, o := range page.Contents {
			key, _ := url.PathUnescape(o.Key)
			out[key] = o.ETag
		}
		if !page.IsTruncated {
			return out
		}
		token = "&continuation-token=" + url.QueryEscape(page.NextContinuationToken)
	}
}

// scope is a vended key's, as this test understands it.
type scopeOf struct {
	uri         string
	exact       bool
	read, write bool
	key         client.Key
}

func (s *scopeOf) holds(bucket, key string) bool {
	uri := "s3://" + bucket + "/" + key
	if s.exact {
		return uri == s.uri
	}
	return strings.HasPrefix(uri, s.uri[:len(s.uri)-1])
}

// vend makes a grant of a generated scope and takes a key of it; nil when either is refused in words.
func (e *escape) vend() *scopeOf {
	e.t.Helper()
	c := s3control.NewFromConfig(e.AWS(e.Root()))
	permission := []s3ctypes.Permission{"READ", "WRITE", "READWRITE", "READWRITE"}[e.r.IntN(4)]
	object := e.r.IntN(5) == 0
	sub := e.key(3)
	if !object {
		sub += []string{"*", "*", "/*", ""}[e.r.IntN(4)]
	}
	in := &s3control.CreateAccessGrantInput{AccountId: &e.Account, AccessGrantsLocationId: aws.String("default"),
		Permission: permission, Grantee: e.grantee("R1"),
		AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
			S3SubPrefix: aws.String(e.bucket + "/" + sub)}}
	if object {
		in.S3PrefixType = s3ctypes.S3PrefixTypeObject
	}
	grant, err := c.CreateAccessGrant(e.t.Context(), in)
	if err != nil {
		e.mustSay(err)
		e.counts["grants refused"]++
		return nil
	}
	s := &scopeOf{uri: *grant.GrantScope, exact: object || !strings.HasSuffix(*grant.GrantScope, "*"),
		read: permission != "WRITE", write: permission != "READ"}
	ask := &s3control.GetDataAccessInput{AccountId: &e.Account, Permission: permission, Target: aws.String(s.uri)}
	if s.exact {
		ask.TargetType = s3ctypes.S3PrefixTypeObject
	}
	if e.r.IntN(2) == 0 && !s.exact {
		target := strings.TrimSuffix(s.uri, "*") + e.key(2) + []string{"*", ""}[e.r.IntN(2)]
		ask.Target, ask.Privilege = &target, s3ctypes.PrivilegeMinimal
		if e.r.IntN(2) == 0 {
			ask.TargetType = s3ctypes.S3PrefixTypeObject
		}
		s.exact = ask.TargetType != "" || !strings.HasSuffix(target, "*")
		s.uri = target
		if target == "s3://"+e.bucket+"/" { // the whole bucket, however it is asked for
			s.uri, s.exact = target+"*", false
		}
	}
	session := e.session(e.t, "R1")
	out, err := s3control.NewFromConfig(e.AWS(session)).GetDataAccess(e.t.Context(), ask)
	_, derr := c.DeleteAccessGrant(e.t.Context(), &s3control.DeleteAccessGrantInput{AccountId: &e.Account,
		AccessGrantId: grant.AccessGrantId})
	if derr != nil {
		e.t.Fatal(derr)
	}
	if err != nil {
		e.mustSay(err)
		e.counts["vends refused"]++
		return nil
	}
	if *out.MatchedGrantTarget != s.uri {
		e.t.Errorf("asked for %q, of the grant %q: the key is said to open %q", *ask.Target, *grant.GrantScope,
			*out.MatchedGrantTarget)
	}
	s.key = client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}
	e.story = fmt.Sprintf("grant %q %s, target %q (%s %s)", *grant.GrantScope, permission, *ask.Target, ask.Privilege,
		ask.TargetType)
	e.counts["keys vended"]++
	return s
}

// mustSay demands that a refusal is one of words, not an accident.
func (e *escape) mustSay(err error) {
	var a smithy.APIError
	if !errors.As(err, &a) ||
		!slices.Contains([]string{"InvalidRequest", "InvalidAccessGrant", "AccessDenied", "AccessGrantAlreadyExists"},
			a.ErrorCode()) {
		e.t.Errorf("%v", err)
	}
}

func (e *escape) failed(format string, args ...any) {
	e.t.Helper()
	e.t.Errorf("%s\n%s", e.story, fmt.Sprintf(format, args...))
}

// try sends one request with the key and judges what comes back.
func (e *escape) try(s *scopeOf) {
	key := e.near(s.uri)
	path := e.path(key)
	body := "written " + base64.StdEncoding.EncodeToString([]byte(key))
	inside := s.holds(e.bucket, key)
	open := func(a worldtest.Answer) bool { return a.Status < 300 }
	count := func(what string, a worldtest.Answer) {
		e.counts[what]++
		if open(a) {
			e.counts[what+" opened"]++
		}
	}
	switch n := e.r.IntN(11); n {
	case 0, 1: // an object comes back with its own name in it
		method := []string{"GET", "HEAD"}[n]
		a := e.do(&s.key, method, path, "", nil)
		count(method, a)
		if (open(a) || a.Code == "NoSuchKey" || method == "HEAD" && a.Status == 404) && !(inside && s.read) {
			e.failed("%s %q: %d %s", method, key, a.Status, a.Code)
		}
		if method == "GET" && open(a) && !e.copied[key] &&
			!strings.HasSuffix(a.Body, base64.StdEncoding.EncodeToString([]byte(key))) {
			e.failed("GET %q answered with another object: %s", key, a.Body)
		}
		if inside && s.read && a.Status == 403 {
			e.failed("%s %q: %d %s, and it lies inside", method, key, a.Status, a.Code)
		}
	case 2:
		a := e.do(&s.key, "PUT", path, body, nil)
		count("PUT", a)
		if open(a) != (inside && s.write) {
			e.failed("PUT %q: %d %s", key, a.Status, a.Code)
		}
	case 3:
		a := e.do(&s.key, "DELETE", path, "", nil)
		count("DELETE", a)
		if open(a) != (inside && s.write) {
			e.failed("DELETE %q: %d %s", key, a.Status, a.Code)
		}
	case 4, 5:
		e.tryList(s, count)
	case 6:
		var doc strings.Builder
		doc.WriteString("<Delete>")
		for range 4 {
			doc.WriteString("<Object><Key>")
			xml.EscapeText(&doc, []byte(e.near(s.uri)))
			doc.WriteString("</Key></Object>")
		}
		doc.WriteString("</Delete>")
		a := e.do(&s.key, "POST", "/"+e.bucket+"?delete", doc.String(), map[string]string{"Content-Md5": md5Of(doc.String())})
		count("multi-delete", a)
		var out struct{ Deleted []struct{ Key string } }
		if a.Status == 200 && xml.Unmarshal([]byte(a.Body), &out) != nil {
			e.failed("the answer to a multi-delete: %s", a.Body)
		}
		for _, d := range out.Deleted {
			e.counts["multi-delete keys opened"]++
			if !s.holds(e.bucket, d.Key) || !s.write {
				e.failed("multi-delete of %q", d.Key)
			}
		}
	case 7, 8: // from one key to another; the source in its own escapes
		from := e.near(s.uri)
		source := e.path(from)
		if n == 8 {
			source = "/" + e.bucket + "/" + url.PathEscape(from)
		}
		a := e.do(&s.key, "PUT", path, "", map[string]string{"X-Amz-Copy-Source": source})
		count("copy", a)
		if open(a) {
			e.copied[key] = true
		}
		if open(a) && !(inside && s.holds(e.bucket, from) && s.read && s.write) {
			e.failed("copy from %q to %q: %d", from, key, a.Status)
		}
		if (a.Code == "NoSuchKey") && !(s.holds(e.bucket, from) && s.read) {
			e.failed("copy from %q tells that it is not there", from)
		}
	case 9:
		a := e.do(&s.key, "POST", path+"?uploads", "", nil)
		count("multipart", a)
		if open(a) != (inside && s.write) {
			e.failed("CreateMultipartUpload %q: %d %s", key, a.Status, a.Code)
		}
		if open(a) {
			e.parts(s, key, path, between(a.Body, "<UploadId>", "</UploadId>"))
		}
	default: // somebody else's upload, by its id
		for _, q := range []struct{ method, query string }{{"GET", "?uploadId="}, {"DELETE", "?uploadId="},
			{"PUT", "?partNumber=1&uploadId="}, {"POST", "?uploadId="}} {
			a := e.do(&s.key, q.method, path+q.query+e.upload, "", nil)
			e.counts["others' uploads"]++
			if open(a) && q.method != "POST" {
				e.failed("%s %q of an upload that is another key's: %d", q.method, key, a.Status)
			}
		}
	}
}

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func (e *escape) parts(s *scopeOf, key, path, id string) {
	body := "in parts " + base64.StdEncoding.EncodeToString([]byte(key))
	put := e.do(&s.key, "PUT", path+"?partNumber=1&uploadId="+id, body, nil)
	if put.Status != 200 {
		e.failed("UploadPart %q: %d %s", key, put.Status, put.Code)
	}
	if other := e.near(s.uri); other != key {
		if a := e.do(&s.key, "PUT", e.path(other)+"?partNumber=2&uploadId="+id, body, nil); a.Status == 200 {
			e.failed("a part of %q was put under %q", key, other)
		}
	}
	if e.r.IntN(2) == 0 {
		if a := e.do(&s.key, "DELETE", path+"?uploadId="+id, "", nil); a.Status != 204 {
			e.failed("AbortMultipartUpload %q: %d %s", key, a.Status, a.Code)
		}
		return
	}
	doc := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + put.Header.Get("Etag") +
		"</ETag></Part></CompleteMultipartUpload>"
	if a := e.do(&s.key, "POST", path+"?uploadId="+id, doc, nil); a.Status != 200 || a.Code != "" {
		e.failed("CompleteMultipartUpload %q: %d %s", key, a.Status, a.Code)
	}
}

func (e *escape) tryList(s *scopeOf, count func(string, worldtest.Answer)) {
	prefix := e.near(s.uri)
	q := url.Values{"encoding-type": {"url"}}
	what := []string{"list", "list v2", "list uploads"}[e.r.IntN(3)]
	switch what {
	case "list v2":
		q.Set("list-type", "2")
	case "list uploads":
		q.Set("uploads", "")
	}
	if e.r.IntN(8) > 0 {
		q.Set("prefix", prefix)
	}
	switch e.r.IntN(4) {
	case 0:
		q.Set("delimiter", "/")
	case 1:
		q.Set("delimiter", []string{"a", "*", "é", ""}[e.r.IntN(4)])
	case 2:
		q.Set([]string{"marker", "start-after", "key-marker"}[e.r.IntN(3)], e.key(2))
	}
	a := e.do(&s.key, "GET", "/"+e.bucket+"?"+q.Encode(), "", nil)
	count(what, a)
	if a.Status != 200 {
		return
	}
	if !s.read || s.exact {
		e.failed("%s %v: a listing", what, q)
	}
	var out struct {
		Contents, Upload []struct{ Key string }
		CommonPrefixes   []struct{ Prefix string }
	}
	if err := xml.Unmarshal([]byte(a.Body), &out); err != nil {
		e.failed("%s %v: %v", what, q, err)
	}
	for _, o := range append(out.Contents, out.Upload...) {
		e.counts["keys listed"]++
		if k, _ := url.PathUnescape(o.Key); !s.holds(e.bucket, k) {
			e.failed("%s %v shows %q", what, q, k)
		}
	}
	for _, c := range out.CommonPrefixes {
		if k, _ := url.PathUnescape(c.Prefix); !s.holds(e.bucket, k) {
			e.failed("%s %v shows the prefix %q", what, q, k)
		}
	}
}

// No key, prefix or name, whatever its characters, widens what a vended key opens.
func TestNothingEscapesItsScope(t *testing.T) {
	t.Parallel()
	cases, seed := 120, uint64(1) // the same each time, until night
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		cases, seed = max(cases, n/500), rand.Uint64() // each is a dozen requests over HTTP
	}
	if text := os.Getenv("GRANARY_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("GRANARY_SEED=%d", seed)
	e := &escape{stage: newStage(t, func(c *server.Config) { c.Revocation = "aws" }), t: t,
		r: rand.New(rand.NewPCG(seed, 1)), bucket: "escape", copied: map[string]bool{}, counts: map[string]int{}}
	root := e.S3(e.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(root.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &e.bucket}))
	everything := worldtest.Policy(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::escape",
		"arn:aws:s3:::escape/*"]},
		{"Effect":"Allow","Principal":{"AWS":["` + e.Location + `","` + e.Account +
		`"]},"Action":"s3:*","Resource":["arn:aws:s3:::escape","arn:aws:s3:::escape/*"]}`)
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(root.PutBucketPolicy(t.Context(),
		&s3.PutBucketPolicyInput{Bucket: &e.bucket, Policy: &everything}))
	e.upload = *worldtest.Must[*s3.CreateMultipartUploadOutput](t)(root.CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: &e.bucket, Key: aws.String("somebody's")})).UploadId
	rootKey := e.Root()
	for range 150 {
		if k := e.key(3); k != "" {
			if a := e.do(&rootKey, "PUT", e.path(k), "there from the start "+base64.StdEncoding.EncodeToString([]byte(k)),
				nil); a.Status != 200 {
				t.Errorf("the root puts %q: %d %s", k, a.Status, a.Code)
			}
		}
	}
	before := e.contents()
	for range cases {
		e.there = slices.Sorted(maps.Keys(before))
		s := e.vend()
		if s == nil {
			continue
		}
		for range 10 {
			e.try(s)
		}
		after := e.contents()
		for k := range maps.Keys(merged(before, after)) {
			if before[k] != after[k] {
				e.counts["keys changed"]++
				if !s.write || !s.holds(e.bucket, k) {
					e.failed("the object %q was changed", k)
				}
			}
		}
		before = after
		if t.Failed() {
			break
		}
	}
	t.Logf("%v", e.counts)
	for _, what := range []string{"keys vended", "GET opened", "HEAD opened", "PUT opened", "DELETE opened", "keys listed",
		"keys changed", "multipart opened", "multi-delete keys opened", "copy opened", "grants refused"} {
		if e.counts[what] == 0 {
			t.Errorf("none of the cases was %q: they prove little", what)
		}
	}
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// Names that people, groups, sessions and tags may have never widen a policy that speaks of them by variable.
func TestNamesAreOnlyThemselves(t *testing.T) {
	t.Parallel()
	x := newStage(t, func(*server.Config) {})
	root := x.S3(x.Root())
	bucket := "names"
	worldtest.Must[*s3.CreateBucketOutput](t)(root.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}))
	worldtest.MakeRole(t, x.World, x.Root(), "tagged", `{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],`+
		`"Principal":{"AWS":"arn:aws:iam::`+x.Account+`:user/machine"}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::names/${aws:PrincipalTag/team}/*"},
			{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::names/${aws:userid}/*"},
		 {"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::names",
		 	"Condition":{"StringLike":{"s3:prefix":"${aws:PrincipalTag/team}/*"}}}`)
	keys := []string{"a/x", "b/x", "a", "ab/x", "a/b/x", "../x", "é/x", "e\u0301/x", "/x", "//x", ":/x", " /x", "A/x",
		"a.b/x", "axb/x", "=/x", "+/x", "@/x", "x"}
	opened := 0
	for _, tag := range []string{"a", "b", "a/b", "..", "é", "", "/", ":", " ", "A", "a.b", "=", "+", "@", "*", "?",
		"${*}", "${aws:username}", "a*", "a?b", "\n", `"`, "$"} {
		out, err := sts.NewFromConfig(x.AWS(x.Machine)).AssumeRole(t.Context(),
			&sts.AssumeRoleInput{RoleArn: aws.String(x.roleARNOf("tagged")), RoleSessionName: aws.String("a.b=c,d@e"),
				Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String(tag)}}})
		if strings.ContainsAny(tag, "*?$\"\n") {
			worldtest.Refused(t, err, "ValidationError", "")
			continue
		}
		if err != nil {
			t.Errorf("tag %q: %v", tag, err)
			continue
		}
		k := worldtest.KeyOf(out.Credentials)
		_, id := worldtest.CallerOf(t, x.World, k)
		for _, key := range append(keys, id+"/x", strings.ReplaceAll(id, ":", "/")+"/x") {
			inside := strings.HasPrefix(key, tag+"/") || strings.HasPrefix(key, id+"/")
			e := &escape{stage: x, t: t, r: rand.New(rand.NewPCG(1, 1)), bucket: bucket}
			a := e.do(&k, "GET", e.path(key), "", nil)
			// who may read and not list hears that it is refused either way; the object is put by who may
			if inside {
				worldtest.Must[*s3.PutObjectOutput](t)(root.PutObject(t.Context(),
					&s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(key)}))
				a = e.do(&k, "GET", e.path(key), "", nil)
				opened++
			}
			if (a.Status == 200) != inside {
				t.Errorf("tag %q, key %q: %d %s", tag, key, a.Status, a.Code)
			}
			list := e.do(&k, "GET", "/"+bucket+"?list-type=2&prefix="+url.QueryEscape(key), "", nil)
			if (list.Status == 200) != strings.HasPrefix(key, tag+"/") {
				t.Errorf("tag %q lists %q: %d %s", tag, key, list.Status, list.Code)
			}
		}
	}
	if opened < 10 {
		t.Errorf("only %d keys were ever opened", opened)
	}

	// A group's name and a person's are words; access goes by their ids.
	var made struct{ ID string }
	for _, name := range []string{"*", "larkspur-reports/*", "${identitystore:UserId}", "Finance*"} {
		if _, err := x.SCIM.Do(t.Context(), "POST", "/Groups",
			map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name,
				"members": []any{map[string]string{"value": x.Users[worldtest.Hugo]}}}, &made); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := x.Vend(t.Context(), worldtest.Must[client.Key](t)(x.As(t.Context(), worldtest.Hugo)),
		"s3://larkspur-reports/finance/*",
		"READ")
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
}

func (x *stage) roleARNOf(name string) string { return *x.grantee(name).GranteeIdentifier }
