package s3req

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary"
	"granary/internal/sigv4"
)

// corpusCase is one case of testdata/requests.txt.
type corpusCase struct {
	line int
	sent Sent
	body string
	want string
}

func readCorpus(t *testing.T) (cases []corpusCase) {
	t.Helper()
	text, err := os.ReadFile("testdata/requests.txt")
	if err != nil {
		t.Fatal(err)
	}
	var c *corpusCase
	for i, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) == "":
			c = nil
		case c == nil:
			method, target, _ := strings.Cut(line, " ")
			cases = append(cases, corpusCase{line: i + 1, sent: newSent(method, target)})
			c = &cases[len(cases)-1]
		case strings.HasPrefix(line, "=> "):
			c.want = strings.TrimPrefix(line, "=> ") + "\n"
		case c.want != "":
			c.want += strings.TrimSpace(line) + "\n"
		case strings.HasPrefix(line, "body "):
			c.body = strings.TrimPrefix(line, "body ")
		default:
			name, value, _ := strings.Cut(line, ":")
			c.header(name, strings.TrimSpace(value))
		}
	}
	return cases
}

func (c *corpusCase) header(name, value string) {
	switch name {
	case "Host-Label":
		c.sent.Label = value
	case "Content-Length":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			n = -1
		}
		c.sent.Length = n
	default:
		c.sent.Header.Add(name, value)
	}
}

func newSent(method, target string) Sent {
	return Sent{Request: &sigv4.Request{Method: method, Target: target, Host: "s3.test", Header: http.Header{}},
		Region: "us-east-1"}
}

func codeOf(err error) string {
	var s *sigv4.Error
	if errors.As(err, &s) {
		_, code := s.Reason.S3()
		return code
	}
	return granary.AsError(err).Code
}

// parsed tells what a request is parsed as, in the words of the corpus.
func parsed(t *testing.T, sent Sent, body string) string {
	t.Helper()
	r, refusal := Parse(sent)
	switch {
	case refusal != nil && refusal.Proved:
		return "refused " + codeOf(refusal.Err) + " proved\n"
	case refusal != nil:
		return "refused " + codeOf(refusal.Err) + "\n"
	case r.Fault != nil:
		return "fault " + codeOf(r.Fault) + "\n"
	case r.Body.Fault != nil:
		return "body " + codeOf(r.Body.Fault) + "\n"
	}
	var d *Document
	if body != "" {
		var err error
		if d, err = r.Operation.ReadDocument([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	out := r.Operation.Name + "\n"
	for _, n := range r.Needs(d) {
		out += needText(n) + "\n"
	}
	return out
}

func needText(n Need) string {
	resource := n.Bucket
	switch {
	case n.Bucket == "":
		resource = "*"
	case n.Key != "":
		resource += "/" + n.Key
	}
	words := []string{n.Action, resource}
	if n.Source {
		words = append(words, "source")
	}
	for _, k := range slices.Sorted(maps.Keys(n.Keys)) {
		words = append(words, k+"="+strings.Join(n.Keys[k], ","))
	}
	return strings.Join(words, " ")
}

func TestRequestsAreParsedAsTheCorpusSays(t *testing.T) {
	cases := readCorpus(t)
	if len(cases) < 70 {
		t.Fatalf("the corpus has only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("line%d", c.line), func(t *testing.T) {
			if got := parsed(t, c.sent, c.body); got != c.want {
				t.Errorf("%s %s\n got %s\nwant %s", c.sent.Method, c.sent.Target, got, c.want)
			}
		})
	}
}

// A presigned URL carries headers in its query: the operation and the policies see them as headers, with one value.
func TestHeadersInAPresignedURLAreHeaders(t *testing.T) {
	presigned := "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20261201%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20261201T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + strings.Repeat("0", 64)
	sent := newSent("PUT", presigned+"&X-Amz-Acl=private")
	want := "PutObject\ns3:PutObject b/k s3:objectcreationoperation=true s3:x-amz-acl=private\n" +
		"s3:PutObjectAcl b/k s3:x-amz-acl=private\n"
	if got := parsed(t, sent, ""); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if r, refusal := Parse(sent); refusal != nil || r.ACL.Canned != "private" {
		t.Errorf("the operation reads the list %+v, %v", r.ACL, refusal)
	}
	sent = newSent("PUT", presigned+"&X-Amz-Acl=private&x-amz-acl=public-read")
	if got := parsed(t, sent, ""); got != "refused InvalidRequest\n" {
		t.Errorf("a header that is given twice: %s", got)
	}
	sent = newSent("PUT", presigned+"&X-Amz-Write-Offset-Bytes=5")
	if got := parsed(t, sent, ""); got != "refused NotImplemented proved\n" {
		t.Errorf("an unknown header in the query: %s", got)
	}
}

func TestWindowsOfAnObject(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	whole := Content{Size: 10, ETag: "e", Modified: at}
	parts := Content{Size: 10, ETag: "e", Modified: at, Parts: []int64{6, 4}}
	for _, c := range []struct {
		w    Window
		of   Content
		want string // "first length partial" or the code
	}{
		{Window{}, whole, "0 10 false"},
		{Window{Range: "bytes=0-0"}, whole, "0 1 true"},
		{Window{Range: "bytes=2-"}, whole, "2 8 true"},
		{Window{Range: "bytes=2-99"}, whole, "2 8 true"},
		{Window{Range: "bytes=-3"}, whole, "7 3 true"},
		{Window{Range: "bytes=-99"}, whole, "0 10 true"},
		{Window{Range: "bytes=10-"}, whole, "InvalidRange"},
		{Window{Range: "bytes=-0"}, whole, "InvalidRange"},
		{Window{Range: "bytes=--1"}, whole, "InvalidRange"},
		{Window{Range: "bytes=0-"}, Content{}, "InvalidRange"},
		{Window{Range: "bytes=-1"}, Content{}, "InvalidRange"},
		{Window{Range: "bytes=5-2"}, whole, "0 10 false"},
		{Window{Range: "bytes=a-b"}, whole, "0 10 false"},
		{Window{Range: "bytes=-x"}, whole, "0 10 false"},
		{Window{Range: "bytes=5"}, whole, "0 10 false"},
		{Window{Range: "lines=0-1"}, whole, "0 10 false"},
		{Window{Range: "bytes=0-1,3-4"}, whole, "0 10 false"},
		{Window{Range: "bytes=0-9223372036854775807"}, whole, "0 10 true"},
		{Window{Range: "bytes=99999999999999999999-"}, whole, "0 10 false"},
		{Window{Range: "bytes=0-1", IfRange: `"e"`}, whole, "0 2 true"},
		{Window{Range: "bytes=0-1", IfRange: `"other"`}, whole, "0 10 false"},
		{Window{Part: "1", HasPart: true}, whole, "0 10 true"},
		{Window{Part: "2", HasPart: true}, whole, "InvalidRange"},
		{Window{Part: "2", HasPart: true}, parts, "6 4 true"},
		{Window{Part: "3", HasPart: true}, parts, "InvalidRange"},
		{Window{Part: "0", HasPart: true}, parts, "InvalidArgument"},
		{Window{Part: "1", HasPart: true, Range: "bytes=0-1"}, parts, "InvalidRequest"},
	} {
		first, length, partial, err := c.w.Resolve(c.of)
		got := fmt.Sprint(first, length, partial)
		if err != nil {
			got = codeOf(err)
		}
		if got != c.want {
			t.Errorf("%+v of %+v: got %s, want %s", c.w, c.of, got, c.want)
		}
	}
}

func TestConditionsOnAnObject(t *testing.T) {
	at := time.Date(2026, 12, 1, 0, 0, 0, 500, time.UTC)
	same, before := at.Format(http.TimeFormat), at.Add(-time.Hour).Format(http.TimeFormat)
	for _, c := range []struct {
		c     Conditions
		fresh bool
		err   error
	}{
		{Conditions{}, true, nil},
		{Conditions{IfMatch: `"e"`}, true, nil},
		{Conditions{IfMatch: `"x", "e"`}, true, nil},
		{Conditions{IfMatch: "*"}, true, nil},
		{Conditions{IfMatch: `"x"`}, false, ErrPrecondition},
		{Conditions{IfMatch: `"e"`, IfUnmodifiedSince: before}, true, nil},
		{Conditions{IfUnmodifiedSince: before}, false, ErrPrecondition},
		{Conditions{IfNoneMatch: `W/"e"`}, false, nil},
		{Conditions{IfNoneMatch: `"x"`, IfModifiedSince: same}, true, nil},
		{Conditions{IfModifiedSince: same}, false, nil},
		{Conditions{IfModifiedSince: before}, true, nil},
		{Conditions{IfModifiedSince: "yesterday"}, true, nil},
	} {
		if fresh, err := c.c.Check("e", at); fresh != c.fresh || !errors.Is(err, c.err) {
			t.Errorf("%+v: got %v, %v", c.c, fresh, err)
		}
	}
}

func TestDocumentsWithMoreThanTheOperationReadsAreRefused(t *testing.T) {
	read := map[string]func(*Document) error{"delete": readDelete, "tags": readObjectTags, "location": readLocation}
	for _, c := range []struct{ kind, text, want string }{
		{"delete", "<Delete><Object><Key>a</Key></Object></Delete>\n<!-- end -->", ""},
		{"delete", "<Delete><Object><Key>a</Key><Size>1</Size></Object></Delete>", "NotImplemented"},
		{"delete", "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>", "MalformedXML"},
		{"delete", "<Delete></Delete>", "MalformedXML"},
		{"delete", "<Delete><Object><Key>a</Key></Object></Delete><Delete/>", "MalformedXML"},
		{"delete", `<!DOCTYPE d [<!ENTITY e "x">]><Delete><Object><Key>&e;</Key></Object></Delete>`, "MalformedXML"},
		{"delete", "<Delete>text<Object><Key>a</Key></Object></Delete>", "MalformedXML"},
		{"tags", "<Tagging><TagSet><Tag><Key>aws:x</Key><Value/></Tag></TagSet></Tagging>", "InvalidTag"},
		{"tags", "", "MalformedXML"},
		{"location", " \n", ""},
		{"location", "<CreateBucketConfiguration><Bucket/></CreateBucketConfiguration>", "NotImplemented"},
	} {
		err := read[c.kind](&Document{Text: []byte(c.text)})
		if got := ""; err != nil {
			got = codeOf(err)
			if got != c.want {
				t.Errorf("%s %s: got %s, want %s", c.kind, c.text, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%s %s: accepted, want %s", c.kind, c.text, c.want)
		}
	}
}

// Each operation names an action, or says in another way what it needs, and its names are well formed.
func TestEveryOperationNeedsSomething(t *testing.T) {
	for _, o := range Operations() {
		if o.action == "" && o.further == nil && o.Name != "DeleteObjects" {
			t.Errorf("%s needs nothing", o.Name)
		}
		if o.action != "" && !strings.HasPrefix(o.action, "s3:") {
			t.Errorf("%s needs %s", o.Name, o.action)
		}
		if o.Tested != (o.document != nil) {
			t.Errorf("%s: what is tested must be read", o.Name)
		}
		if o.ReadOnly && o.Body {
			t.Errorf("%s reads only, and takes a body", o.Name)
		}
	}
}

// What is parsed writes back to the same bucket and key, and nothing makes Parse panic.
func FuzzParse(f *testing.F) {
	f.Add("GET", "", "/b/k?versionId=null", "X-Amz-Acl", "private", int64(0))
	f.Add("PUT", "b", "/a//b/./../c%2F%20+", "X-Amz-Copy-Source", "/src/%zz?versionId=null", int64(5))
	f.Add("PUT", "", "/b/k?partNumber=1&uploadId=U", "X-Amz-Copy-Source-Range", "bytes=1-2", int64(-1))
	f.Add("POST", "", "/b?delete", "Content-Md5", "AAAAAAAAAAAAAAAAAAAAAA==", int64(1))
	f.Add("GET", "", "/b?list-type=2&continuation-token=YQ&max-keys=3", "Range", "bytes=-0", int64(0))
	f.Add("PUT", "", "/b/k?tagging", "X-Amz-Tagging", "a=1&b=%00", int64(10))
	f.Fuzz(func(t *testing.T, method, label, target, name, value string, length int64) {
		sent := newSent(method, target)
		sent.Label, sent.Length = label, length
		sent.Header.Add(name, value)
		r, refusal := Parse(sent)
		if refusal == nil {
			_ = r.Needs(nil)
			_, _, _, _ = r.Window.Resolve(Content{Size: 10, Parts: []int64{5, 5}})
			_, _ = r.Conditions.Check("e", time.Unix(0, 0))
		} else if refusal.Err == nil {
			t.Fatal("a refusal without an error")
		}
		if strings.ContainsAny(r.Bucket, "/\x00") || len(r.Key) > maxKey { // no host label has either
			return
		}
		back, err := ParseTarget("", r.Path())
		if err != nil || back != r.Target {
			t.Fatalf("%+v is written as %q, which is read as %+v (%v)", r.Target, r.Path(), back, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, target := range []string{"GET /b/finance/2026/report.csv", "GET /b?list-type=2&prefix=finance%2F&max-keys=2"} {
		b.Run(target, func(b *testing.B) {
			b.ReportAllocs()
			method, path, _ := strings.Cut(target, " ")
			for b.Loop() {
				if _, refusal := Parse(newSent(method, path)); refusal != nil {
					b.Fatal(refusal.Err)
				}
			}
		})
	}
}
