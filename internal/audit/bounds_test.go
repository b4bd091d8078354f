package audit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/audit"
	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/wire"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// nobody is an IAM user who may do nothing.
func nobody(t *testing.T, w *world.World) client.Key {
	t.Helper()
	x := iam.NewFromConfig(w.AWS(w.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(t.Context(),
		&iam.CreateUserInput{UserName: aws.String("nobody")}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: aws.String("nobody")})).AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}

// auditSize is how many bytes the events of a server take.
func auditSize(t *testing.T, w *world.World) int64 {
	t.Helper()
	return int64(len(worldtest.AuditLog(t, w)))
}

// fat is a request with as much in it as its shape, or no shape at all, lets in.
func fat(q worldtest.Request, p wire.Protocol) worldtest.Request {
	header := map[string]string{"User-Agent": strings.Repeat("\"u", 15_000)}
	for k, v := range q.Header {
		header[k] = v
	}
	q.Header = header
	switch p {
	case wire.JSON11, wire.RestJSON1:
		var members map[string]any
		if json.Unmarshal([]byte(q.Body), &members) != nil {
			return q
		}
		for name, v := range members {
			switch v := v.(type) {
			case []any:
				for range 100 {
					v = append(v, v[0])
				}
				members[name] = v
			case string:
				if name == "Description" || name == "DisplayName" || name == "assertion" || name == "DecisionId" {
					members[name] = strings.Repeat("\u0001", 15_000)
				}
			}
		}
		b, _ := json.Marshal(members)
		q.Body = string(b)
	case wire.Query:
		v, _ := url.ParseQuery(q.Body)
		for i := range 100 {
			v.Set(fmt.Sprintf("PolicyArns.member.%d.arn", i+1), "arn:aws:iam::aws:policy/"+strings.Repeat("p", 1800))
			v.Set(fmt.Sprintf("Tags.member.%d.Key", i+1), fmt.Sprint("k", i))
			v.Set(fmt.Sprintf("Tags.member.%d.Value", i+1), strings.Repeat("v", 250))
			v.Set(fmt.Sprintf("ActionNames.member.%d", i+1), "s3:GetObject")
		}
		v.Set("Policy", strings.Repeat("x", 50_000))
		v.Set("WebIdentityToken", strings.Repeat("y", 19_000))
		q.Body = v.Encode()
	case wire.RestXML:
		if q.Body != "" {
			q.Body = strings.Replace(q.Body, "<Tag><Key>k</Key><Value>v</Value></Tag>",
				strings.Repeat("<Tag><Key>k</Key><Value>"+strings.Repeat("v", 250)+"</Value></Tag>", 100), 1)
		}
	}
	return q
}

// unsigned sends a request that nobody signed. The server may close the connection before it has read everything.
func unsigned(t *testing.T, w *world.World, q worldtest.Request) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.Method, w.Env.Get("HTTP_PROXY")+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.Header {
		r.Header.Set(k, v)
	}
	if resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r); err == nil {
		resp.Body.Close()
	}
}

// Whatever somebody without any right sends to whichever operation, one request adds no more to the audit log than one
// line of bounded length; and what nobody signed adds next to nothing, however often it comes.
func TestWhatARequestAddsToTheAuditLogHasABound(t *testing.T) {
	c := worldtest.Settle(t)
	key := nobody(t, c.World)
	requests := map[string]worldtest.Request{}
	for _, s := range c.Server.Rows() {
		for _, row := range s.Rows {
			q := worldtest.SampleRequest(c, s, &row)
			requests[s.Wire.Name+" "+row.Meta.Name] = q
			requests[s.Wire.Name+" "+row.Meta.Name+", fat"] = fat(q, s.Wire.Protocol)
		}
	}
	long := "/" + corp.Bucket + "/" + strings.Repeat("%01", 1000)
	agent := map[string]string{"User-Agent": strings.Repeat("\"u", 15_000)}
	var keys strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&keys, "<Object><Key>%d%s</Key></Object>", i, strings.Repeat("&quot;", 300))
	}
	requests["GetObject"] = worldtest.Request{Method: "GET", Path: long, Service: "s3", Header: agent}
	requests["PutObject"] = worldtest.Request{Method: "PUT", Path: long, Service: "s3", Header: agent, Body: "x"}
	requests["ListObjectsV2"] = worldtest.Request{Method: "GET", Path: "/" + corp.Bucket + "?list-type=2&prefix=" +
		strings.Repeat("%22", 1000), Service: "s3", Header: agent}
	requests["DeleteObjects"] = worldtest.Request{Method: "POST", Path: "/" + corp.Bucket + "?delete", Service: "s3",
		Header: map[string]string{"Content-Md5": "x"},
		Body:   "<Delete>" + keys.String() + "</Delete>"}
	before := auditSize(t, c.World)
	largest := int64(0)
	for name, q := range requests {
		q.Key = &key
		a := worldtest.Send(t, c.World, q)
		after := auditSize(t, c.World)
		if grown := after - before; grown > audit.MaxLine {
			t.Errorf("%s (%d) added %d bytes", name, a.Status, grown)
		} else {
			largest = max(largest, grown)
		}
		before = after
	}
	for range 3 {
		for _, q := range requests {
			unsigned(t, c.World, q)
		}
	}
	grown := auditSize(t, c.World) - before
	if grown > 3*audit.MaxLine {
		t.Errorf("%d requests that nobody signed added %d bytes", 3*len(requests), grown)
	}
	t.Logf("%d requests: %d bytes at most of a signed one, %d of all that were not signed", len(requests), largest, grown)
}

// On a full disk the server says that it is not ready, and why; whoever is known is served; nobody who is refused
// changes that; and when there is room it is ready again.
func TestAFullDiskIsToldAndSurvived(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("tmpfs: only root on Linux may mount one")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96m"); err != nil {
		t.Skipf("tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	config := worldtest.Defaults(t)
	config.Data = filepath.Join(dir, "data")
	w, err := world.Start(t.Context(), config, "127.0.0.1:0", slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Stop() })
	key := nobody(t, w)
	ready := func() (int, string) {
		resp, err := http.Get(w.Server.WebURL() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, string(worldtest.Must[[]byte](t)(io.ReadAll(resp.Body)))
	}
	wait := func(what string, holds func() bool) {
		t.Helper()
		for begun := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
			if time.Since(begun) > time.Minute {
				t.Fatal("never: " + what)
			}
		}
	}
	if code, text := ready(); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	wait("a reserve", func() bool { _, err := os.Stat(filepath.Join(config.Data, "audit", "reserve")); return err == nil })
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	for chunk := make([]byte, 64<<10); err == nil; {
		_, err = ballast.Write(chunk)
	}
	for err = nil; err == nil; {
		_, err = ballast.Write(make([]byte, 512))
	}
	if code, text := ready(); code != 503 || !strings.Contains(text, "disk of the data directory is full") {
		t.Errorf("%d %s", code, text)
	}
	x := sts.NewFromConfig(w.AWS(w.Root()))
	wait("short of room", func() bool { return strings.Contains(metricsOf(t, w), "granary_audit_short 1") })
	for i := range 300 {
		worldtest.Send(t, w, worldtest.Request{Method: "POST", Path: "/", Service: "iam", Key: &key,
			Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded",
				"User-Agent": strings.Repeat("u", 20_000)},
			Body: "Action=GetRole&Version=2010-05-08&RoleName=x"})
		if _, err := x.GetCallerIdentity(t.Context(), nil); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
	}
	worldtest.Must[*iam.ListUsersOutput](t)(iam.NewFromConfig(w.AWS(w.Root())).ListUsers(t.Context(), nil))
	ballast.Close()
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	wait("ready", func() bool { code, _ := ready(); return code == 200 })
	worldtest.Must[*iam.CreateUserOutput](t)(iam.NewFromConfig(w.AWS(w.Root())).CreateUser(t.Context(),
		&iam.CreateUserInput{UserName: aws.String("again")}))
}

func metricsOf(t *testing.T, w *world.World) string {
	t.Helper()
	resp, err := http.Get(w.Server.WebURL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return string(worldtest.Must[[]byte](t)(io.ReadAll(resp.Body)))
}
