package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/postgres/pgtest"
)

// The stories drive the built program as its users would. Their commands beside testscript's own:
//
//	certificate DIR NAME… / expired makes a certificate for names and a configuration that serves it
//	logged PATTERN                  finds a pattern in the server's log
//	page NAME SCRIPT                writes the commands that a page of docs/ has for the shell into a script
//	needs TOOL                      fails where the tool is missing and GRANARY_TEST_REQUIRE names it; a skip follows it
//	serve DIR / stop / crash        starts the server, ends it gently, or kills it
//	idp                             starts a company's identity provider: $ISSUER, $AUDIENCE
//	as NAME                         goes on with the key $NAME_KEY, $NAME_SECRET, $NAME_TOKEN; ROOT is the account's
//	json NAME path                  takes a member of the last output's JSON
//	session NAME / context NAME     takes credentials, or the identity context out of an ID token
//	idtoken NAME person audience [issuer|expired]
//	scim METHOD path [body]
//	subst FILE…                     fills $NAME in files
//	decision NAME                   takes the decision id out of the headers that aws --debug shows
//	fix NAME                        takes the command that an explanation says to run
func TestMain(m *testing.M) {
	if os.Getenv("GRANARY_TEST_MAIN") != "" { // this binary as the program, for tests that kill it
		main()
		return
	}
	testscript.Main(withDatabases{m}, map[string]func(){"granary": main})
}

// withDatabases ends what tests started of PostgreSQL.
type withDatabases struct{ *testing.M }

func (m withDatabases) Run() int { return pgtest.Run(m.M) }

func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", WorkdirRoot: t.TempDir(), Setup: setupStory,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"certificate": storyCertificate(24 * time.Hour), "expired": storyCertificate(-time.Hour), "logged": storyLogged,
			"page": storyPage, "needs": storyNeeds, "serve": storyServe, "stop": storyStop, "crash": storyCrash, "idp": storyIdP,
			"as": storyAs, "json": storyJSON,
			"session": storySession, "context": storyContext, "idtoken": storyIDToken, "scim": storySCIM, "subst": storySubst,
			"decision": storyFind(`(?i)x-granary-decision-id'?: '?([0-9A-Za-z_-]+)`, "stderr"),
			"fix":      storyFind(`fix: +[^\n]*Run:\n((?:.*\\\n)*.*)`, "stdout"),
		}})
}

// story is what a script's commands share.
type story struct {
	provider *corp.Provider
	server   *exec.Cmd
	log      *lockedBuffer
}

func setupStory(env *testscript.Env) error {
	s := &story{}
	env.Values["story"] = s
	env.Setenv("AWS_PAGER", "")
	env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	env.Setenv("AWS_MAX_ATTEMPTS", "1")
	env.Setenv("HOME", env.WorkDir)
	env.Defer(func() {
		if s.server != nil {
			s.server.Process.Kill()
			s.server.Wait()
		}
		if s.provider != nil {
			s.provider.Stop(context.Background())
		}
	})
	return nil
}

func of(ts *testscript.TestScript) *story { return ts.Value("story").(*story) }

// docs is where the pages are; stories run elsewhere.
var docs, _ = filepath.Abs("../../docs")

// tools are the names by which GRANARY_TEST_REQUIRE demands a tool.
var tools = map[string]string{"aws": "awscli", "terraform": "terraform"}

func storyNeeds(ts *testscript.TestScript, _ bool, args []string) {
	for _, tool := range args {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), tools[tool]) {
			ts.Fatalf("%s is required and not installed", tool)
		}
	}
}

func storyServe(ts *testscript.TestScript, _ bool, args []string) {
	s := of(ts)
	dir := ts.MkAbs(args[0])
	os.Remove(filepath.Join(dir, "client.env"))
	ready := filepath.Join(ts.MkAbs("."), "ready")
	os.Remove(ready)
	path, err := exec.LookPath("granary")
	ts.Check(err)
	api, web := ts.Getenv("API"), strings.TrimPrefix(ts.Getenv("GRANARY_WEB_URL"), "http://")
	if api == "" {
		api, web = "127.0.0.1:0", "127.0.0.1:0" // the first time; after a crash it is found where it was
	}
	s.server = exec.Command(path, append([]string{"serve", "--data", dir, "--api", api, "--web", web}, args[1:]...)...)
	s.log = &lockedBuffer{}
	s.server.Dir = ts.MkAbs(".")
	s.server.Env = append(os.Environ(), "GRANARY_ALLOW_PRIVATE_ISSUERS=true")
	for _, name := range []string{"GRANARY_WEB_URL", "GRANARY_ACCOUNT_ID"} { // as a shell that read a client.env has them
		s.server.Env = append(s.server.Env, name+"="+ts.Getenv(name))
	}
	s.server.Stderr = s.log
	out, err := s.server.StdoutPipe()
	ts.Check(err)
	ts.Check(s.server.Start())
	first := make([]byte, 16)
	if _, err := io.ReadFull(out, first); err != nil { // it speaks when it serves
		ts.Fatalf("the server does not start: %s", s.log)
	}
	go io.Copy(io.Discard, out)
	env, err := client.ReadEnv(dir)
	ts.Check(err)
	for _, kv := range env {
		ts.Setenv(kv[0], kv[1])
	}
	endpoint, err := url.Parse(env.Get("AWS_ENDPOINT_URL"))
	ts.Check(err)
	ts.Setenv("ENDPOINT", endpoint.String())
	ts.Setenv("PORT", endpoint.Port())
	if ts.Getenv("FIRST_ACCOUNT") == "" {
		ts.Setenv("FIRST_ACCOUNT", env.Get("GRANARY_ACCOUNT_ID"))
	}
	ts.Setenv("ROOT_KEY", env.Get("AWS_ACCESS_KEY_ID"))
	ts.Setenv("API", strings.TrimPrefix(env.Get("HTTP_PROXY"), "http://"))
	ts.Setenv("ROOT_SECRET", env.Get("AWS_SECRET_ACCESS_KEY"))
}

// storyPage leaves out what the reader fills in: the story sets it.
func storyPage(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(filepath.Join(docs, args[0]))
	ts.Check(err)
	var script strings.Builder
	for i, block := range strings.Split(string(text), "```") {
		if commands, ok := strings.CutPrefix(block, "sh\n"); ok && i%2 == 1 {
			script.WriteString(commands)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(script.String()), 0o600))
}

// storyLogged waits for a line of the server's log: it is written beside the answer.
func storyLogged(ts *testscript.TestScript, neg bool, args []string) {
	re := regexp.MustCompile(args[0])
	for range 50 {
		if re.MatchString(of(ts).log.String()) != neg {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("the log: %s", of(ts).log)
}

// lockedBuffer is a buffer that is read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func storyStop(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ts.Check(s.server.Process.Signal(syscall.SIGTERM))
	ts.Check(s.server.Wait())
	s.server = nil
}

func storyCrash(ts *testscript.TestScript, _ bool, _ []string) {
	s := of(ts)
	ts.Check(s.server.Process.Kill())
	s.server.Wait()
	s.server = nil
}

func storyIdP(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := corp.Start("127.0.0.1:0")
	ts.Check(err)
	of(ts).provider = p
	ts.Setenv("ISSUER", p.Issuer())
	ts.Setenv("AUDIENCE", corp.ClientID)
}

func storyAs(ts *testscript.TestScript, _ bool, args []string) {
	for name, part := range map[string]string{"AWS_ACCESS_KEY_ID": "_KEY", "AWS_SECRET_ACCESS_KEY": "_SECRET",
		"AWS_SESSION_TOKEN": "_TOKEN"} {
		ts.Setenv(name, ts.Getenv(args[0]+part))
	}
}

// last is the last command's output.
func last(ts *testscript.TestScript) string { return ts.ReadFile("stdout") }

func member(ts *testscript.TestScript, text, path string) string {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("the last output is not JSON: %s", text)
	}
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := v.([]any); ok {
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(list) {
				ts.Fatalf("there is no %s in %s", path, text)
			}
			v = list[n]
			continue
		}
		o, _ := v.(map[string]any)
		if v = o[name]; v == nil {
			ts.Fatalf("there is no %s in %s", path, text)
		}
	}
	return fmt.Sprint(v)
}

func storyJSON(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], member(ts, last(ts), args[1]))
}

func storySession(ts *testscript.TestScript, _ bool, args []string) {
	text := last(ts)
	for part, name := range map[string]string{"_KEY": "AccessKeyId", "_SECRET": "SecretAccessKey",
		"_TOKEN": "SessionToken"} {
		ts.Setenv(args[0]+part, member(ts, text, "Credentials."+name))
	}
}

// storyContext decodes the ID token as the guide says to.
func storyContext(ts *testscript.TestScript, _ bool, args []string) {
	token := member(ts, last(ts), "idToken")
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	ts.Check(err)
	for _, name := range []string{"aws:identity_store_arn", "aws:instance_arn", "aws:credential_id", "sts:audit_context",
		"auth_time", "sub", "act"} {
		var c map[string]any
		ts.Check(json.Unmarshal(claims, &c))
		if c[name] == nil {
			ts.Fatalf("the ID token has no claim %s: %s", name, claims)
		}
	}
	var c map[string]any
	ts.Check(json.Unmarshal(claims, &c))
	ts.Setenv(args[0], fmt.Sprint(c["sts:identity_context"]))
}

func storyIDToken(ts *testscript.TestScript, _ bool, args []string) {
	p := of(ts).provider
	token, err := p.Issue(args[1]+"@corp.example", args[2], func(c map[string]any) {
		switch strings.Join(args[3:], "") {
		case "issuer":
			c["iss"] = "https://elsewhere.example"
		case "expired":
			c["exp"] = time.Now().Add(-time.Hour).Unix()
		}
	})
	ts.Check(err)
	ts.Setenv(args[0], token)
}

func storySCIM(ts *testscript.TestScript, neg bool, args []string) {
	var body io.Reader
	if len(args) > 2 {
		text := args[2]
		if b, err := os.ReadFile(ts.MkAbs(text)); err == nil {
			text = string(b)
		}
		body = strings.NewReader(text)
	}
	r, err := http.NewRequest(args[0], ts.Getenv("SCIM")+args[1], body)
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+ts.Getenv("SCIM_TOKEN"))
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if (resp.StatusCode >= 400) != neg {
		ts.Fatalf("%s %s: %s: %s", args[0], args[1], resp.Status, b)
	}
	ts.Stdout().Write(b)
}

func storySubst(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// storyFind takes what a pattern's group matches last in the last command's output.
func storyFind(pattern, stream string) func(*testscript.TestScript, bool, []string) {
	re := regexp.MustCompile(pattern)
	return func(ts *testscript.TestScript, _ bool, args []string) {
		text := ts.ReadFile(stream)
		all := re.FindAllStringSubmatch(text, -1)
		if len(all) == 0 {
			ts.Fatalf("nothing like %s in %s", pattern, text[max(0, len(text)-2000):])
		}
		ts.Setenv(args[0], all[len(all)-1][1])
	}
}
