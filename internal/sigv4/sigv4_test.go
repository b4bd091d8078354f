package sigv4

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"
)

const (
	vectorSecret = "GranaryExampleSecretKey/0123456789+abcd"
	vectorToken  = "FwoGRANARY//////////EXAMPLETOKEN=="
)

var vectorTime = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// raw parses a request as Go's server would give it.
func raw(t testing.TB, text string) *Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	q, err := FromHTTP(r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func check(r *Request, rules Rules, secret, bodyHash string, now time.Time) error {
	a, err := Parse(r, rules)
	if err != nil {
		return err
	}
	var c KeyCache
	if err := a.Verify(c.SigningKey(a, secret), bodyHash); err != nil {
		return err
	}
	return a.CheckTime(now)
}

var s3Rules = Rules{S3: true, Services: []string{"s3"}, Regions: []string{"us-east-1"}}

func vector(line, service, signed, signature, headers string) string {
	return line + " HTTP/1.1\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIAGRANARYEXAMPLE01/20260115/us-east-1/" +
		service +
		"/aws4_request, SignedHeaders=" + signed + ", Signature=" + signature +
		"\nX-Amz-Date: 20260115T120000Z\nX-Amz-Security-Token: " + vectorToken + "\n" + headers
}

func TestVectorsVerify(t *testing.T) {
	s3Headers := "Host: s3.granary.test:9000\nX-Amz-Content-Sha256: " + emptyHash
	signed := "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
	stsBody := sha256.Sum256([]byte("Action=GetCallerIdentity&Version=2011-06-15"))
	for _, tt := range []struct {
		name, text, hash string
		rules            Rules
	}{
		{"listing with an escaped prefix",
			vector("GET /data-bucket?list-type=2&prefix=team%20a%2Bb%2F&delimiter=%2F&encoding-type=url", "s3", signed,
				"2a3e80c0240683f812911ff9ae85dd896e67194597736cf541fc06d8a31ed3a4", s3Headers), emptyHash, s3Rules},
		{"a form to sts", vector("POST /", "sts", "content-type;host;x-amz-date;x-amz-security-token",
			"d589058f9cf1ba67f41975c45e933d2cce338928c2f345844a38d5982d72c38d",
			"Host: granary.test:9000\nContent-Type: application/x-www-form-urlencoded; charset=utf-8"),
			hex.EncodeToString(stsBody[:]), Rules{Services: []string{"sts"}, Regions: []string{"us-east-1"}}},
		{"a presigned URL",
			"GET /data-bucket/a%20b.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
				"&X-Amz-Credential=AKIAGRANARYEXAMPLE01%2F20260115%2Fus-east-1%2Fs3%2Faws4_request" +
				"&X-Amz-Date=20260115T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host" +
				"&X-Amz-Security-Token=FwoGRANARY%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FEXAMPLETOKEN%3D%3D" +
				"&X-Amz-Signature=2c78951da0473ad89dd4c7d1d827d7e8912d3ce067af1fb0541714b3bdb44c94 HTTP/1.1\nHost: " +
				"s3.granary.test:9000", "", s3Rules},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := check(raw(t, tt.text), tt.rules, vectorSecret, tt.hash, vectorTime); err != nil {
				t.Error(err)
			}
			if err := check(raw(t, tt.text), tt.rules, vectorSecret+"x", tt.hash, vectorTime); err == nil {
				t.Error("another secret verified it too")
			}
		})
	}
}

func TestTheSigningKeyIsAWSs(t *testing.T) {
	if k := hex.EncodeToString(SigningKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1",
		"s3")); k != "dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378" {
		t.Error(k)
	}
}

// sign makes a request with the SDK's signer.
func sign(t testing.TB, r *http.Request, service string, at time.Time) *Request {
	t.Helper()
	r.Header.Set("X-Amz-Content-Sha256", emptyHash)
	s := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if err := s.SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret"}, r,
		emptyHash, service, "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	r.RequestURI = r.URL.RequestURI()
	r.Host = r.URL.Host
	q, err := FromHTTP(r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestTheSDKsSignaturesVerify(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		key := rapid.StringOf(rapid.RuneFrom([]rune("ab/+ é%~*'(;.&="))).Draw(rt, "key")
		value := rapid.StringOf(rapid.RuneFrom([]rune("ab/+ é%~*'(;.&="))).Draw(rt, "value")
		r, err := http.NewRequest("GET", "http://granary.localhost:9600/b/"+escape(key, true)+"?prefix="+escape(value, false)+
			"&uploads", nil)
		if err != nil {
			rt.Skip()
		}
		r.Header.Set("X-Amz-Meta-A", "  a   b ")
		if err := check(sign(t, r, "s3", vectorTime), s3Rules, "secret", emptyHash, vectorTime); err != nil {
			rt.Fatalf("%q %q: %v", key, value, err)
		}
	})
}

func TestAttacksAreRefused(t *testing.T) {
	fresh := func() *Request {
		r, _ := http.NewRequest("PUT", "http://granary.localhost:9600/b/k?partNumber=1", nil)
		return sign(t, r, "s3", vectorTime)
	}
	for _, tt := range []struct {
		name   string
		change func(*Request)
		now    time.Time
		reason Reason
	}{
		{"another key of the bucket", func(r *Request) { r.Target = "/b/other?partNumber=1" }, vectorTime, BadSignature},
		{"another method", func(r *Request) { r.Method = "DELETE" }, vectorTime, BadSignature},
		{"a parameter more", func(r *Request) { r.Target += "&acl" }, vectorTime, BadSignature},
		{"another host", func(r *Request) { r.Host = "elsewhere" }, vectorTime, BadSignature},
		{"an unsigned x-amz header", func(r *Request) { r.Header.Set("X-Amz-Acl", "public-read") }, vectorTime, NotSigned},
		{"a second mechanism", func(r *Request) { r.Target += "&X-Amz-Signature=00" }, vectorTime, TwoMechanisms},
		{"sixteen minutes late", func(r *Request) {}, vectorTime.Add(16 * time.Minute), Skewed},
		{"sixteen minutes early", func(r *Request) {}, vectorTime.Add(-16 * time.Minute), Skewed},
		{"a scope of another service", func(r *Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/s3/", "/sts/", 1))
		}, vectorTime, Malformed},
		{"another region", func(r *Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "us-east-1", "eu-west-1", 1))
		}, vectorTime, Malformed},
		{"a payload hash that is no hash", func(r *Request) { r.Header.Set("X-Amz-Content-Sha256", "STREAMING-NOTHING") },
			vectorTime, BadPayloadHash},
		{"the first version's scheme", func(r *Request) { r.Header.Set("Authorization", "AWS AKID:sig") }, vectorTime,
			OldVersion},
		{"an upper-case signature", func(r *Request) {
			h := r.Header.Get("Authorization")
			i := strings.Index(h, "Signature=") + 10
			r.Header.Set("Authorization", h[:i]+strings.ToUpper(h[i:]))
		}, vectorTime, Malformed},
		{"a header repeated", func(r *Request) { r.Header.Add("X-Amz-Date", "20260115T120000Z") }, vectorTime, TwoMechanisms},
		{"a malformed escape", func(r *Request) { r.Target = "/b/k?x=%zz" }, vectorTime, BadURI},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := fresh()
			tt.change(r)
			err := check(r, s3Rules, "secret", emptyHash, tt.now)
			var e *Error
			if !errors.As(err, &e) || e.Reason != tt.reason {
				t.Errorf("got %v", err)
			}
			if e != nil {
				if status, code := e.Reason.S3(); status < 400 || code == "" {
					t.Errorf("no S3 code for %v", e.Reason)
				}
			}
		})
	}
	if err := check(fresh(), s3Rules, "secret", strings.Repeat("0", 64), vectorTime); err == nil {
		t.Error("a changed body passed")
	}
}

func TestEveryReasonHasItsCodes(t *testing.T) {
	for r := MissingToken; r <= NoLength; r++ {
		s, c := r.S3()
		q, d := r.Query()
		_, j := r.JSON()
		if s == 0 || c == "" || q == 0 || d == "" || j == "" {
			t.Errorf("reason %d has no code", r)
		}
	}
}

func TestTheQueryKeepsWhatOthersDrop(t *testing.T) {
	p, err := ParseQuery("prefix=a;b&x=1+2&flag&x=%2B")
	if err != nil || p.Get("prefix") != "a;b" || p.Get("x") != "1+2" || !p.Has("flag") || p.Count("x") != 2 {
		t.Errorf("%+v %v", p, err)
	}
	if c := p.canonical(""); c != "flag=&prefix=a%3Bb&x=%2B&x=1%2B2" {
		t.Error(c)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("/b/k?X-Amz-Expires=1", "AWS4-HMAC-SHA256 Credential=a/20260115/us-east-1/s3/aws4_request, "+
		"SignedHeaders=host, Signature=00")
	f.Fuzz(func(t *testing.T, target, auth string) {
		r := &Request{Method: "GET", Target: target, Host: "h",
			Header: http.Header{"Authorization": {auth}, "X-Amz-Date": {"20260115T120000Z"},
				"X-Amz-Content-Sha256": {emptyHash}}}
		if err := check(r, s3Rules, "secret", emptyHash, vectorTime); err == nil && auth != "" &&
			!strings.HasPrefix(auth, algorithm) {
			t.Error("it verified")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	r, _ := http.NewRequest("GET",
		"http://granary.localhost:9600/v20180820/accessgrantsinstance/dataaccess?target=s3%3A%2F%2Fb%2F%2A&permission=READ",
		nil)
	q := sign(b, r, "s3", vectorTime)
	var c KeyCache
	for b.Loop() {
		q.query = nil
		a, err := Parse(q, s3Rules)
		if err != nil || a.Verify(c.SigningKey(a, "secret"), emptyHash) != nil {
			b.Fatal(err)
		}
	}
}
