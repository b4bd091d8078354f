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
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/awsapi"
	"granary/internal/corp"
	"granary/internal/front"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// apiAddress is the address that the API door listens on.
func apiAddress(w *world.World) string { return strings.TrimPrefix(w.Env.Get("HTTP_PROXY"), "http://") }

// metricsText is the metrics as the web door tells them to this machine.
func metricsText(t *testing.T, w *world.World) string {
	t.Helper()
	resp := worldtest.Must[*http.Response](t)(http.Get(w.Server.WebURL() + "/metrics"))
	defer resp.Body.Close()
	return string(worldtest.Must[[]byte](t)(io.ReadAll(resp.Body)))
}

// answerTo sends bytes to a door and reads the answer. The status is 0 when the connection ends without one.
func answerTo(t *testing.T, address string, request io.Reader) (status int, body string, took time.Duration) {
	t.Helper()
	c := worldtest.Must[net.Conn](t)(net.Dial("tcp", address))
	defer c.Close()
	began := time.Now()
	_ = c.SetDeadline(began.Add(40 * time.Second))
	go func() { _, _ = io.Copy(c, request) }() // the server may answer, or hang up, before it has read everything
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error(), time.Since(began)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), time.Since(began)
}

// A request's head is refused beyond 64 KiB, on each door, and its connection is closed when it does not arrive
// within ten seconds. So is the body of a document.
func TestHeadsAndDocumentsHaveLimits(t *testing.T) {
	t.Parallel()
	telemetry := worldtest.FreeAddress(t)
	c := worldtest.SettleWith(t, func(c *server.Config) { c.Telemetry.Listen = telemetry })
	doors := map[string]string{"api": apiAddress(c.World), "web": strings.TrimPrefix(c.Server.WebURL(), "http://"),
		"telemetry": telemetry}
	for name, at := range doors {
		for size, want := range map[int]int{front.MaxHead - 1<<10: 0, front.MaxHead +
			8<<10: http.StatusRequestHeaderFieldsTooLarge} {
			head := "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("a", size) + "\r\n\r\n"
			if status, _, _ := answerTo(t, at, strings.NewReader(head)); want != 0 && status != want || want == 0 &&
				(status == 0 || status == http.StatusRequestHeaderFieldsTooLarge) {
				t.Errorf("%s: a head of %d bytes: %d", name, size, status)
			}
		}
	}
	for name, at := range doors {
		t.Run("late head, "+name, func(t *testing.T) {
			t.Parallel()
			status, _, took := answerTo(t, at, strings.NewReader("GET /healthz HTTP/1.1\r\nHost: x\r\nX-"))
			if status != 0 && status/100 != 4 || took > front.HeadDeadline+10*time.Second {
				t.Errorf("%d after %s", status, took)
			}
		})
	}
	form := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
		"Content-Length: 100\r\n\r\nAction="
	for name, head := range map[string]string{
		"unsigned STS": form,
		"unsigned S3": "POST /bucket?delete HTTP/1.1\r\nHost: x\r\nContent-Md5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\n" +
			"Content-Length: 100\r\n\r\n<Delete>",
	} {
		t.Run("late document, "+name, func(t *testing.T) {
			t.Parallel()
			status, body, took := answerTo(t, doors["api"], strings.NewReader(head))
			if status/100 != 4 || took > front.DocumentDeadline+10*time.Second {
				t.Errorf("%d after %s: %s", status, took, body)
			}
		})
	}
}

// A sender who proved nothing sends no document of more than 64 KiB, whatever the operation takes from those who are
// known.
func TestUnsignedDocumentsAreSmall(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	for name, path := range map[string]string{"STS": "/", "S3's delete": "/" + corp.Bucket + "?delete", "S3's tags": "/" +
		corp.Bucket + "?tagging"} {
		method, kind := "POST", "application/xml"
		if path == "/" {
			kind = "application/x-www-form-urlencoded"
		}
		if strings.HasSuffix(path, "tagging") {
			method = "PUT"
		}
		for _, size := range []int{awsapi.MaxUnsignedBody, awsapi.MaxUnsignedBody + 1, 2 << 20} {
			sent := io.LimitReader(spaces{}, int64(size))
			head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\n"+
				"Content-Md5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nContent-Length: %d\r\n\r\n", method, path, kind, size)
			status, body, _ := answerTo(t, apiAddress(c.World), io.MultiReader(strings.NewReader(head), sent))
			if status/100 != 4 {
				t.Errorf("%s, %d bytes: %d %s", name, size, status, body)
			}
			if tooLarge := strings.Contains(body, "TooLarge"); tooLarge != (size > awsapi.MaxUnsignedBody) {
				t.Errorf("%s, %d bytes: %d %s", name, size, status, body)
			}
		}
	}
}

// signedHead is the head of a signed request, with the empty line after it.
func signedHead(t *testing.T, w *world.World, q worldtest.Request) string {
	t.Helper()
	r := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), q.Method, w.Env.Get("HTTP_PROXY")+q.Path,
		strings.NewReader(q.Body)))
	for k, v := range q.Header {
		r.Header.Set(k, v)
	}
	sum := sha256.Sum256([]byte(q.Body))
	hash := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", hash)
	cr := aws.Credentials{AccessKeyID: q.Key.ID, SecretAccessKey: q.Key.Secret, SessionToken: q.Key.Token}
	sign := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := sign.SignHTTP(t.Context(), cr, r, hash, "s3", w.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", q.Method, r.URL.RequestURI(), r.URL.Host,
		len(q.Body))
	_ = r.Header.Write(&b)
	return b.String() + "\r\n"
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// The documents of S3 have limits of their own. A caller who may do everything is refused beyond them before the rest
// is read.
func TestDocumentsOfS3HaveLimits(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	root, b := c.Root(), "/"+corp.Bucket
	upload := worldtest.Must[*s3.CreateMultipartUploadOutput](t)(c.S3(root).CreateMultipartUpload(t.Context(),
		&s3.CreateMultipartUploadInput{Bucket: aws.String(corp.Bucket), Key: aws.String("k")})).UploadId
	for name, x := range map[string]struct {
		method, path string
		limit        int
	}{
		"policy": {"PUT", b + "?policy", 20 << 10}, "tags": {"PUT", b + "?tagging", 64 << 10}, "encryption": {"PUT", b +
			"?encryption", 64 << 10},
		"tags of an object": {"PUT", b + "/shared/handbook.txt?tagging", 64 << 10}, "a new bucket": {"PUT",
			"/larkspur-limits", 64 << 10},
		"delete": {"POST", b + "?delete", 2 << 20}, "complete": {"POST", b + "/k?uploadId=" + *upload, 4 << 20},
	} {
		for _, more := range []int{0, 1} {
			body := strings.Repeat("<", x.limit+more)
			sum := md5.Sum([]byte(body))
			a := worldtest.Send(t, c.World, worldtest.Request{Method: x.method, Path: x.path, Service: "s3", Key: &root,
				Body: body,
				// A client that does not wait may be cut off before it reads the refusal.
				Header: map[string]string{"Content-Md5": base64.StdEncoding.EncodeToString(sum[:]), "Expect": "100-continue"}})
			if a.Status/100 != 4 || (a.Code == "EntityTooLarge") != (more > 0) {
				t.Errorf("%s, %d bytes: %d %s", name, len(body), a.Status, a.Body)
			}
		}
	}
}

// What documents of one source take of the memory has a bound, whoever sends them: a caller without any right, who
// holds the last byte of many back, is told to come again, and everybody else is served.
func TestDocumentsUnderWayShareABudget(t *testing.T) {
	c := worldtest.Settle(t)
	key := worldtest.MakeUser(t, c.World, "rightless", `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	body := `<Delete><Quiet>true</Quiet>` + strings.Repeat(" ", 2<<20-100) + `</Delete>`
	const fit = front.MaxBodiesOfSource / (2<<20 - 64<<10) // the first 64 KiB of each are free
	head := signedHead(t, c.World, worldtest.Request{Method: "POST", Path: "/" + corp.Bucket + "?delete", Key: &key,
		Body:   body,
		Header: map[string]string{"Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}})
	begin := func() {
		for range fit + 30 {
			conn := worldtest.Must[net.Conn](t)(net.Dial("tcp", apiAddress(c.World)))
			t.Cleanup(func() { conn.Close() })
			// Half of the document is enough to take memory for all of it. Whoever is refused is hung up on.
			go func() { _, _ = io.WriteString(conn, head+body[:1<<20+4<<10]) }()
		}
	}
	refusals := func() (n int) {
		for line := range strings.Lines(metricsText(t, c.World)) {
			if strings.HasPrefix(line, "granary_calls_total") && strings.Contains(line,
				`code="SlowDown",operation="DeleteObjects"`) {
				_, _ = fmt.Sscan(line[strings.LastIndex(line, " "):], &n)
			}
		}
		return n
	}
	for range 3 { // a slow machine may not read as many before the first ones are too late
		begin()
		for began := time.Now(); refusals() < 8 && time.Since(began) < front.DocumentDeadline; {
			time.Sleep(50 * time.Millisecond)
		}
		if refusals() >= 8 {
			break
		}
	}
	if n := refusals(); n < 8 {
		t.Errorf("%d of %d documents of 2 MiB were refused", n, fit+30)
	}
	root := c.Root()
	if a := worldtest.Send(t, c.World, worldtest.Request{Method: "GET", Path: "/", Service: "s3",
		Key: &root}); a.Status != http.StatusOK {
		t.Errorf("a small request beside them: %d %s", a.Status, a.Body)
	}
}

// Strangers add no series to the metrics, whatever names they make up.
func TestStrangersMakeNoMetrics(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	series := func() int { return strings.Count(metricsText(t, c.World), "\n") }
	at, web := apiAddress(c.World), strings.TrimPrefix(c.Server.WebURL(), "http://")
	send := func(method string) {
		for _, x := range []struct{ at, target, head string }{
			{at, "http://elsewhere.example/", ""}, {at, "/", ""}, {at, "/a/b?" + method, ""}, {at, "/", "Origin: https://" +
				method + ".example\r\n"},
			{at, "/", "X-Amz-Target: AWSIdentityStore." + method + "\r\nContent-Type: application/x-amz-json-1.1\r\n"},
			{web, "/" + method, ""}, {web, "/t/scim/v2/" + method, ""}, {web, "/authorize", ""}, {web, "/metrics", ""},
		} {
			answerTo(t, x.at,
				strings.NewReader(method+" "+x.target+" HTTP/1.1\r\nHost: x\r\n"+x.head+"Connection: close\r\n\r\n"))
		}
	}
	send("FIRST")
	send("GET")
	before := series()
	for i := range 20 {
		send(fmt.Sprintf("METHOD%d", i))
	}
	if after := series(); after > before {
		t.Errorf("%d lines of metrics became %d", before, after)
	}
}

// Each source may begin so many sign-ins and send so many requests that nobody signed. Beyond that it is told to wait.
func TestStrangersAreSlowedDown(t *testing.T) {
	w := worldtest.Start(t)
	many := func(most int, once func() bool) (slowed bool) {
		for range most {
			if once() {
				return true
			}
		}
		return false
	}
	hc := &http.Client{}
	get := func(r *http.Request) *http.Response {
		resp := worldtest.Must[*http.Response](t)(hc.Do(r))
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp
	}
	if !many(2000, func() bool {
		r := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "POST", "http://"+apiAddress(w)+"/",
			strings.NewReader("Action=AssumeRoleWithWebIdentity&Version=2011-06-15")))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp := worldtest.Must[*http.Response](t)(hc.Do(r))
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		return bytes.Contains(b, []byte("Throttling"))
	}) {
		t.Error("2000 unsigned requests of STS at once are all taken")
	}
	if !many(400, func() bool {
		return get(worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), "GET",
			w.Server.WebURL()+"/authorize",
			nil))).StatusCode == http.StatusTooManyRequests
	}) {
		t.Error("400 sign-ins at once are all taken")
	}
}
