package world_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// proxied is a Granary with a reverse proxy before both doors, run from the example configuration of the documentation.
type proxied struct {
	*world.Company
	api, web string // addresses of the proxy
}

// certificateFiles makes a certificate and its key, and one file with both.
func certificateFiles(t *testing.T, dir string) (certificate, key, both string) {
	t.Helper()
	private := worldtest.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "granary.localhost"},
		NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"granary.localhost", "*.granary.localhost"}}
	der := worldtest.Must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY",
		Bytes: worldtest.Must[[]byte](t)(x509.MarshalPKCS8PrivateKey(private))})
	files := map[string][]byte{"tls.pem": text, "tls.key": secret, "tls-and-key.pem": append(append([]byte{}, text...),
		secret...)}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "tls.pem"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "tls-and-key.pem")
}

// behind starts a Granary and the proxy with the documentation's configuration, of which only addresses and files are
// changed.
func behind(t *testing.T, example string, command func(file, dir string) *exec.Cmd,
	change func(*server.Config)) *proxied {
	t.Helper()
	p := &proxied{Company: worldtest.SettleWith(t, func(c *server.Config) {
		c.TrustedProxies = []string{"127.0.0.1"}
		if change != nil {
			change(c)
		}
	}), api: worldtest.FreeAddress(t), web: worldtest.FreeAddress(t)}
	dir := t.TempDir()
	certificate, key, both := certificateFiles(t, dir)
	text := string(worldtest.Must[[]byte](t)(os.ReadFile(filepath.Join("..", "..", "docs", "proxies", example))))
	inner := strings.TrimPrefix(p.Env.Get("HTTP_PROXY"), "http://")
	text = strings.NewReplacer("127.0.0.1:9600", inner, "127.0.0.1:9601", strings.TrimPrefix(p.Server.WebURL(), "http://"),
		"listen 443 ssl", "listen "+p.api+" ssl", "listen 8443 ssl", "listen "+p.web+" ssl",
		"bind :443 ", "bind "+p.api+" ", "bind :8443 ", "bind "+p.web+" ",
		"/etc/granary/tls.pem", certificate, "/etc/granary/tls.key", key, "/etc/granary/tls-and-key.pem", both,
		"granary.example", "granary.localhost", "access_log off;",
		fmt.Sprintf("access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; "+
			"uwsgi_temp_path %s/u; scgi_temp_path %s/s;", dir, dir, dir, dir, dir)).Replace(text)
	file := filepath.Join(dir, example)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := command(file, dir)
	// a file: workers that outlive their master would hold a pipe open
	out := worldtest.Must[*os.File](t)(os.Create(filepath.Join(dir, "out")))
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", p.web); err == nil {
			conn.Close()
			return p
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%s does not listen: %s", example, worldtest.Must[[]byte](t)(os.ReadFile(out.Name())))
		}
	}
}

// from is a client whose connections come from an address of this machine, and which adds headers that it signs nothing
// of.
func from(address string, add http.Header) *http.Client {
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 10 * time.Second}
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: adding{add,
			&http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
				DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
					_, port, _ := net.SplitHostPort(at)
					return d.DialContext(ctx, "tcp", "127.0.0.1:"+port)
				}}}}
}

type adding struct {
	header http.Header
	http.RoundTripper
}

func (a adding) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for k, v := range a.header {
		r.Header[k] = v
	}
	return a.RoundTripper.RoundTrip(r)
}

func TestBehindAProxyTheClientIsWhoeverConnectedToTheProxy(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		tool, example string
		command       func(bin, file, dir string) *exec.Cmd
	}{
		{"nginx", "nginx.conf", func(bin, file, dir string) *exec.Cmd {
			return exec.Command(bin, "-c", file, "-p", dir, "-g", "daemon off; pid "+dir+"/pid; error_log stderr;")
		}},
		{"haproxy", "haproxy.cfg", func(bin, file, _ string) *exec.Cmd { return exec.Command(bin, "-db", "-f", file) }},
	} {
		t.Run(x.tool, func(t *testing.T) {
			bin, err := exec.LookPath(x.tool)
			if err != nil {
				if bin, err = exec.LookPath("/usr/sbin/" + x.tool); err != nil {
					worldtest.Absent(t, x.tool, x.tool+" is not on this machine")
				}
			}
			p := behind(t, x.example, func(file, dir string) *exec.Cmd { return x.command(bin, file, dir) }, nil)
			clientsBehind(t, p)
			cookiesBehind(t, p)
		})
	}
}

// clientsBehind tries a policy that tests address and TLS with clients that tell the truth and clients that do not.
func clientsBehind(t *testing.T, p *proxied) {
	ctx := t.Context()
	admin := iam.NewFromConfig(p.AWS(p.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("near")}))
	worldtest.Must[*iam.PutUserPolicyOutput](t)(admin.PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: aws.String("near"),
			PolicyName: aws.String("near"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",
			"Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.5"},"Bool":{"aws:SecureTransport":"true"}}}}`)}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(admin.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: aws.String("near")})).AccessKey
	list := func(address, endpoint string, add http.Header) error {
		c := p.AWS(client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey})
		c.HTTPClient, c.BaseEndpoint = from(address, add), &endpoint
		_, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{})
		return err
	}
	_, port, _ := net.SplitHostPort(p.api)
	proxy, direct := "https://granary.localhost:"+port, p.Env.Get("AWS_ENDPOINT_URL")
	if err := list("127.0.0.5", proxy, nil); err != nil {
		t.Errorf("the right client is refused: %v", err)
	}
	lies := []http.Header{nil, {"X-Forwarded-For": {"127.0.0.5"}}, {"Forwarded": {"for=127.0.0.5;proto=https"}},
		{"X-Forwarded-For": {"127.0.0.5"}, "Forwarded": {"for=127.0.0.5"}},
		{"X-Real-Ip": {"127.0.0.5"}, "X-Forwarded-Proto": {"https"}}}
	for _, lie := range lies {
		if err := list("127.0.0.6", proxy, lie); err == nil {
			t.Errorf("another client behind the proxy is believed: %v", lie)
		} else if !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%v: %v", lie, err)
		}
	}
	for _, lie := range append(lies, http.Header{"X-Forwarded-For": {"127.0.0.5"}, "X-Forwarded-Proto": {"https"}}) {
		for _, address := range []string{"127.0.0.5", "127.0.0.6"} {
			if err := list(address, direct, lie); err == nil {
				t.Errorf("a client that is no trusted proxy is believed: %v", lie)
			}
		}
	}
	if lines := p.audited(t, "ListBuckets", 2); !strings.Contains(lines, `"sourceIPAddress":"127.0.0.5"`) ||
		!strings.Contains(lines, `"sourceIPAddress":"127.0.0.6"`) ||
		strings.Contains(lines, `"sourceIPAddress":"127.0.0.1"`) {
		t.Errorf("the audit log has other addresses: %s", lines)
	}
}

// audited is the audit log's lines of an event.
func (p *proxied) audited(t *testing.T, name string, least int) string {
	t.Helper()
	var out []string
	for _, file := range worldtest.Must[[]string](t)(filepath.Glob(filepath.Join(p.Config.Data, "audit", "*.jsonl"))) {
		for line := range strings.Lines(string(worldtest.Must[[]byte](t)(os.ReadFile(file)))) {
			if strings.Contains(line, `"eventName":"`+name+`"`) {
				out = append(out, line)
			}
		}
	}
	if len(out) < least {
		t.Fatalf("%d events %s", len(out), name)
	}
	return strings.Join(out, "")
}

// cookiesBehind demands that the cookie of a sign-in over TLS is sent back over TLS only, and that metrics stay inside.
func cookiesBehind(t *testing.T, p *proxied) {
	w := worldtest.AddBrowserSignIn(t, p.Company)
	_, port, _ := net.SplitHostPort(p.web)
	outside := "https://granary.localhost:" + port
	r := worldtest.Must[*http.Response](t)(from("127.0.0.5",
		nil).Get(strings.Replace(w.AuthorizeURL(strings.Repeat("v", 43), nil),
		p.Server.WebURL(), outside, 1)))
	defer r.Body.Close()
	if c := r.Header.Get("Set-Cookie"); r.StatusCode != http.StatusSeeOther || !strings.Contains(c, "Secure") {
		t.Errorf("%d with the cookie %q", r.StatusCode, c)
	}
	m := worldtest.Must[*http.Response](t)(from("127.0.0.5", nil).Get(outside + "/metrics"))
	defer m.Body.Close()
	if text := string(worldtest.Must[[]byte](t)(io.ReadAll(m.Body))); m.StatusCode != http.StatusNotFound ||
		strings.Contains(text, "granary_") {
		t.Errorf("metrics through the proxy: %d %.200s", m.StatusCode, text)
	}
}

// The web door tells its metrics to this machine only; an address of their own tells them to whoever reaches it.
func TestMetricsAreNotForStrangers(t *testing.T) {
	t.Parallel()
	at := worldtest.FreeAddress(t)
	c := worldtest.SettleWith(t,
		func(c *server.Config) { c.Telemetry.Listen = at; c.TrustedProxies = []string{"127.0.0.9"} })
	get := func(hc *http.Client, url string) (int, string) {
		r := worldtest.Must[*http.Response](t)(hc.Get(url))
		defer r.Body.Close()
		return r.StatusCode, string(worldtest.Must[[]byte](t)(io.ReadAll(r.Body)))
	}
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, text := get(plain, "http://"+at+"/metrics"); status != 200 ||
		!strings.Contains(text, "granary_calls_total") {
		t.Errorf("%d %.100s", status, text)
	}
	for _, path := range []string{"/", "/authorize", "/t/scim/v2/Users", "/.well-known/jwks.json"} {
		if status, _ := get(plain, "http://"+at+path); status != 404 {
			t.Errorf("%s on the telemetry address: %d", path, status)
		}
	}
	if status, _ := get(plain, c.Server.WebURL()+"/metrics"); status != 404 {
		t.Errorf("the web door tells metrics beside telemetry.listen: %d", status)
	}
	own := worldtest.SettleWith(t, func(c *server.Config) { c.TrustedProxies = []string{"127.0.0.9"} })
	if status, _ := get(plain, own.Server.WebURL()+"/metrics"); status != 200 {
		t.Errorf("this machine is not told: %d", status)
	}
	for _, h := range []http.Header{{"X-Forwarded-For": {"198.51.100.7"}}, {"Forwarded": {"for=127.0.0.1"}},
		{"Via": {"1.1 x"}}} {
		if status, _ := get(from("127.0.0.9", h), own.Server.WebURL()+"/metrics"); status != 404 {
			t.Errorf("told through a proxy with %v: %d", h, status)
		}
	}
}
