package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/smithy-go"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// victim is a server in a process of its own, to be killed.
type victim struct {
	t             *testing.T
	dir, api, web string
	env           []string
	cmd           *exec.Cmd
}

// newVictim starts a server with a data directory and ports of its own, which ends with the test. env is added to its
// environment.
func newVictim(t *testing.T, env ...string) *victim {
	t.Helper()
	v := &victim{t: t, dir: t.TempDir(), api: worldtest.FreeAddress(t), web: worldtest.FreeAddress(t), env: env}
	v.start()
	t.Cleanup(v.kill)
	return v
}

// world returns the server as the kit's clients know it.
func (v *victim) world(provider *corp.Provider) *world.World {
	v.t.Helper()
	env := worldtest.Must[client.Env](v.t)(client.ReadEnv(v.dir))
	return &world.World{Provider: provider, Env: env, Account: env.Get("GRANARY_ACCOUNT_ID"),
		Region: env.Get("AWS_REGION")}
}

// startProvider starts an identity provider, which ends with the test.
func startProvider(t *testing.T) *corp.Provider {
	t.Helper()
	p := worldtest.Must[*corp.Provider](t)(corp.Start("127.0.0.1:0"))
	t.Cleanup(func() { p.Stop(context.Background()) })
	return p
}

// another starts a second node on the state of the first.
func (v *victim) another() *victim {
	v.t.Helper()
	key := worldtest.Must[[]byte](v.t)(os.ReadFile(filepath.Join(v.dir, "kek")))
	return newVictim(v.t, append(v.env, "GRANARY_KEK="+strings.TrimSpace(string(key)))...)
}

func (v *victim) start() {
	v.t.Helper()
	v.cmd = exec.Command(os.Args[0], "serve", "--data", v.dir, "--api", v.api, "--web", v.web, "--log-level", "error")
	v.cmd.Env = append(os.Environ(), "GRANARY_TEST_MAIN=1", "GRANARY_ALLOW_PRIVATE_ISSUERS=true")
	v.cmd.Env = append(v.cmd.Env, v.env...)
	var stderr bytes.Buffer
	v.cmd.Stderr = &stderr
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	first := make([]byte, 16)
	if _, err := io.ReadFull(out, first); err != nil { // it speaks when it serves
		v.t.Fatalf("the server does not start again by itself: %s", stderr.String())
	}
	go io.Copy(io.Discard, out)
}

func (v *victim) kill() {
	v.cmd.Process.Kill()
	v.cmd.Wait()
}

// acknowledged is what the server said it did, kept by a check that it still is so.
type acknowledged struct {
	mu     sync.Mutex
	checks []func(context.Context) error
}

func (a *acknowledged) add(check func(context.Context) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.checks = append(a.checks, check)
}

// verify checks a sample of all, and everything of late.
func (a *acknowledged) verify(ctx context.Context, t *testing.T) {
	t.Helper()
	a.mu.Lock()
	checks := a.checks
	a.mu.Unlock()
	for i, check := range checks {
		if len(checks)-i < 120 || rand.IntN(len(checks)) < 60 {
			if err := check(ctx); err != nil {
				t.Errorf("something that was acknowledged is lost (%d of %d): %v", i, len(checks), err)
			}
		}
	}
}

// Ten times the server is killed while it is written to from all sides: objects, people, roles, grants, token
// exchanges. Each time it starts again by itself, and whatever it had acknowledged is there.
func TestNothingAcknowledgedIsLostToKill9(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	v := newVictim(t)
	w := v.world(startProvider(t))
	c := worldtest.Must[*world.Company](t)(w.Settle(ctx))
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, insider))
	data, _, err := c.Vend(ctx, bearer, target, "READ")
	if err != nil {
		t.Fatal(err)
	}
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))

	var log acknowledged
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for n, work := range []func(context.Context, *world.Company, client.Key, *acknowledged, string) error{writeObject,
		writePerson, writeRole, writeGrant, writeExchange} {
		for k := range 2 {
			workers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					short, cancel := context.WithTimeout(ctx, 5*time.Second)
					_ = work(short, c, app, &log, fmt.Sprintf("w%d-%d-%d", n, k, i)) // what fails was not acknowledged
					cancel()
				}
			})
		}
	}
	for crash := range 10 {
		time.Sleep(time.Duration(50+rand.IntN(400)) * time.Millisecond)
		v.kill()
		v.start()
		log.verify(ctx, t)
		if text, err := w.Read(ctx, data, corp.Bucket, inside); err != nil || text != corp.Files[inside] {
			t.Errorf("after crash %d the key vended before opens nothing: %v", crash, err)
		}
	}
	close(stop)
	workers.Wait()
	log.verify(ctx, t)
	log.mu.Lock()
	defer log.mu.Unlock()
	t.Logf("%d acknowledged writes over ten crashes", len(log.checks))
	if len(log.checks) < 100 {
		t.Errorf("only %d writes were acknowledged: the test proves little", len(log.checks))
	}
}

func writeObject(ctx context.Context, c *world.Company, _ client.Key, log *acknowledged, name string) error {
	text := strings.Repeat(name, 1+rand.IntN(8000))
	_, err := c.S3(c.Root()).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(corp.Bucket),
		Key: aws.String("crash/" + name), Body: strings.NewReader(text)})
	if err == nil {
		log.add(func(ctx context.Context) error {
			got, err := c.Read(ctx, c.Root(), corp.Bucket, "crash/"+name)
			if err == nil && got != text {
				err = fmt.Errorf("object %s has %d bytes instead of %d", name, len(got), len(text))
			}
			return err
		})
	}
	return err
}

func writePerson(ctx context.Context, c *world.Company, _ client.Key, log *acknowledged, name string) error {
	var made struct{ ID string }
	_, err := c.SCIM.Do(ctx, "POST", "/Users", map[string]any{"userName": name, "displayName": name,
		"name": map[string]string{"givenName": "g", "familyName": "f"}}, &made)
	if err == nil {
		log.add(func(ctx context.Context) error {
			_, err := c.SCIM.Do(ctx, "GET", "/Users/"+made.ID, nil, nil)
			return err
		})
	}
	return err
}

func writeRole(ctx context.Context, c *world.Company, _ client.Key, log *acknowledged, name string) error {
	x := iam.NewFromConfig(c.AWS(c.Root()))
	_, err := x.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err == nil {
		log.add(func(ctx context.Context) error {
			_, err := x.GetUser(ctx, &iam.GetUserInput{UserName: &name})
			return err
		})
	}
	return err
}

func writeGrant(ctx context.Context, c *world.Company, _ client.Key, log *acknowledged, name string) error {
	x := s3control.NewFromConfig(c.AWS(c.Root()))
	id := c.Groups["Legal"]
	out, err := x.CreateAccessGrant(ctx, &s3control.CreateAccessGrantInput{AccountId: &c.Account,
		AccessGrantsLocationId: aws.String("default"), Permission: s3ctypes.PermissionRead,
		AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
			S3SubPrefix: aws.String(corp.Bucket + "/" + name + "/*")},
		Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryGroup,
			GranteeIdentifier: &id}})
	if err == nil {
		log.add(func(ctx context.Context) error {
			_, err := x.GetAccessGrant(ctx, &s3control.GetAccessGrantInput{AccountId: &c.Account,
				AccessGrantId: out.AccessGrantId})
			return err
		})
	}
	return err
}

// writeExchange uses a sign-in token. That it was used must be remembered: it may not work again.
func writeExchange(ctx context.Context, c *world.Company, app client.Key, log *acknowledged, _ string) error {
	token, err := c.Provider.Issue(insider, corp.ClientID, nil)
	if err != nil {
		return err
	}
	if _, err = c.Exchange(ctx, app, token); err == nil {
		log.add(func(ctx context.Context) error {
			_, err := c.Exchange(ctx, app, token)
			var e smithy.APIError
			if errors.As(err, &e) && e.ErrorCode() == "InvalidGrantException" {
				return nil
			}
			return fmt.Errorf("a used token was not refused as such: %w", err)
		})
	}
	return err
}
