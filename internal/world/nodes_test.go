package world_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/postgres/pgtest"
	"granary/internal/server"
	"granary/internal/store"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// shared is a company whose state is in PostgreSQL.
func shared(t *testing.T) *worldtest.Tokens {
	t.Helper()
	url := pgtest.URL(t)
	c := &worldtest.Tokens{Company: worldtest.SettleWith(t, func(s *server.Config) { s.State = url })}
	c.App = worldtest.Must[client.Key](t)(c.Assume(t.Context(), c.Machine, c.WebApp, "app", ""))
	c.SSO = ssoadmin.NewFromConfig(c.AWS(c.Root()))
	c.PutGrant(t, c.Application, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	return c
}

// kek is what an administrator copies from the first node to others.
func kek(t *testing.T, c *worldtest.Tokens) string {
	t.Helper()
	return strings.TrimSpace(string(worldtest.Must[[]byte](t)(os.ReadFile(filepath.Join(c.Config.Data, "kek")))))
}

// another is the same company through a second node, which has its own way to the database.
func another(t *testing.T, c *worldtest.Tokens, state string) *worldtest.Tokens {
	t.Helper()
	config := c.Config
	config.Data, config.State, config.KEK = t.TempDir(), state, kek(t, c)
	s := worldtest.Must[*server.Server](t)(server.Start(t.Context(), config, slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { s.Stop() })
	w := *c.World
	w.Server, w.Config, w.Env = s, config, worldtest.Must[client.Env](t)(s.Env())
	company := *c.Company
	company.World = &w
	return &worldtest.Tokens{Company: &company, App: c.App, SSO: ssoadmin.NewFromConfig(w.AWS(w.Root()))}
}

// A token, a code and a refresh token that were used on one node are used on all: whoever tries on whichever node at
// once, one succeeds.
func TestWhatIsUsedOnceIsUsedOnceOnAllNodes(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := shared(t)
	nodes := []*worldtest.Tokens{c, another(t, c, c.Config.State), another(t, c, c.Config.State)}
	browsers := worldtest.AddBrowserSignIn(t, c.Company)
	browsers.App = c.App
	race := func(what string, try func(*worldtest.Tokens) error) {
		t.Helper()
		var done sync.WaitGroup
		var succeeded atomic.Int32
		for i := range 32 {
			done.Go(func() {
				if err := try(nodes[i%len(nodes)]); err == nil {
					succeeded.Add(1)
				} else if !strings.Contains(err.Error(), "InvalidGrantException") {
					t.Errorf("%s: %v", what, err)
				}
			})
		}
		done.Wait()
		if n := succeeded.Load(); n != 1 {
			t.Errorf("%s was used %d times", what, n)
		}
	}
	for i := range 5 {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		race(fmt.Sprint("token ", i), func(n *worldtest.Tokens) error {
			_, err := n.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
				Assertion: &token})
			return err
		})
	}
	verifier := strings.Repeat("v", 43)
	code := browsers.SignIn(t, worldtest.NewBrowser(), browsers.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code")
	race("code", func(n *worldtest.Tokens) error {
		_, err := (&worldtest.BrowserApp{Company: n.Company, App: n.App}).Redeem(ctx, code, verifier)
		return err
	})

	// A family of refresh tokens goes from node to node, and an old one that comes back ends it everywhere.
	first := c.SignIn(t, worldtest.Alice)
	second := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(nodes[1].Refresh(ctx, first.RefreshToken))
	third := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(nodes[2].Refresh(ctx, second.RefreshToken))
	if _, err := nodes[0].Refresh(ctx, first.RefreshToken); err == nil {
		t.Error("an old refresh token was taken on another node")
	}
	_, err := nodes[1].Refresh(ctx, third.RefreshToken)
	worldtest.Refused(t, err, "InvalidGrantException", "")
}

// What was changed through one node holds on the other when the answer comes: made, it is there; taken away, it is
// gone.
func TestNodesAreOfOneMind(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := shared(t)
	far := another(t, c, c.Config.State)
	if far.Account != c.Account || far.Root() != c.Root() {
		t.Errorf("another node has its own account or root key")
	}
	for i := range 10 {
		name := fmt.Sprint("user", i)
		worldtest.Must[*iam.CreateUserOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).CreateUser(ctx,
			&iam.CreateUserInput{UserName: &name}))
		k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).CreateAccessKey(ctx,
			&iam.CreateAccessKeyInput{UserName: &name})).AccessKey
		key := client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
		who := sts.NewFromConfig(far.AWS(key))
		worldtest.Must[*sts.GetCallerIdentityOutput](t)(who.GetCallerIdentity(ctx, nil))
		worldtest.Must[*iam.DeleteAccessKeyOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).DeleteAccessKey(ctx,
			&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: k.AccessKeyId}))
		_, err := who.GetCallerIdentity(ctx, nil)
		worldtest.Refused(t, err, "InvalidClientTokenId", "")
	}
	person := worldtest.Must[client.Key](t)(far.As(ctx, worldtest.Alice))
	vended, _, err := c.Vend(ctx, person, "s3://larkspur-reports/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	asks := sts.NewFromConfig(far.AWS(vended))
	worldtest.Must[*sts.GetCallerIdentityOutput](t)(asks.GetCallerIdentity(ctx, nil))
	if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
		t.Fatal(err)
	}
	if _, err := asks.GetCallerIdentity(ctx, nil); err == nil {
		t.Error("a vended key lives on another node after the person was deactivated")
	}
	_, _, err = far.Vend(ctx, person, "s3://larkspur-reports/finance/*", "READ")
	if err == nil {
		t.Error("a person who was deactivated is given keys on another node")
	}
}

// A node that has no word from the database refuses everything, at every door and in the words of each, and comes back
// by itself.
func TestANodeWithoutTheDatabaseDecidesNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := shared(t)
	way := pgtest.Through(t, c.Config.State)
	far := another(t, c, way.URL)
	person := worldtest.Must[client.Key](t)(far.As(ctx, worldtest.Alice))
	retry := func(o *aws.Config) aws.Config { o.RetryMaxAttempts = 1; return *o }
	for _, breaks := range []func(){way.Cut, way.Stall} {
		breaks()
		time.Sleep(store.MaxStaleness + 100*time.Millisecond)
		cfg := far.AWS(person)
		cfg = retry(&cfg)
		root := far.AWS(far.Root())
		root = retry(&root)
		for name, call := range map[string]func() error{
			"sts":       func() error { _, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil); return err },
			"iam":       func() error { _, err := iam.NewFromConfig(root).ListUsers(ctx, nil); return err },
			"sso-admin": func() error { _, err := ssoadmin.NewFromConfig(root).ListInstances(ctx, nil); return err },
			"s3control": func() error {
				_, _, err := far.Vend(ctx, person, "s3://larkspur-reports/finance/*", "READ")
				return err
			},
			"s3": func() error { _, err := s3.NewFromConfig(root).ListBuckets(ctx, &s3.ListBucketsInput{}); return err },
			"web tokens": func() error {
				_, err := sts.NewFromConfig(root).AssumeRoleWithWebIdentity(ctx,
					&sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String("arn:aws:iam::" + c.Account + ":role/none"),
						RoleSessionName: aws.String("s"), WebIdentityToken: aws.String("a.b.c")})
				return err
			},
		} {
			if err := call(); err == nil || !strings.Contains(err.Error(), "503") ||
				!strings.Contains(err.Error(), "no word from the database") {
				t.Errorf("%s: %v", name, err)
			}
		}
		metrics := worldtest.Must[*http.Response](t)(http.Get(far.Server.WebURL() + "/metrics"))
		text := string(worldtest.Must[[]byte](t)(io.ReadAll(metrics.Body)))
		metrics.Body.Close()
		if m := regexp.MustCompile(`(?m)^granary_state_age_seconds (\S+)$`).FindStringSubmatch(text); m == nil ||
			len(m[1]) < 2 || m[1] < "2" || m[1][1] != '.' {
			t.Errorf("the metric says %v", m)
		}
		for _, path := range []string{"/readyz", "/authorize?client_id=" + c.Application} {
			resp := worldtest.Must[*http.Response](t)(http.Get(far.Server.WebURL() + path))
			text, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != 503 || !strings.Contains(string(text), "no word from the database") {
				t.Errorf("%s: %d %s", path, resp.StatusCode, text)
			}
		}
		scim := c.SCIM
		scim.Endpoint = strings.Replace(scim.Endpoint, c.Server.WebURL(), far.Server.WebURL(), 1)
		if _, err := scim.Do(ctx, "GET", "/Users", nil, nil); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("SCIM: %v", err)
		}
		if resp := worldtest.Must[*http.Response](t)(http.Get(far.Server.WebURL() + "/healthz")); resp.StatusCode != 200 {
			t.Errorf("the process lives, and says %d", resp.StatusCode)
		}
		way.Mend()
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
			if err == nil {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("it does not come back: %v", err)
			}
		}
	}
	grants := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(s3control.NewFromConfig(far.AWS(far.Root())).
		ListAccessGrants(ctx,
			&s3control.ListAccessGrantsInput{AccountId: &c.Account}))
	if len(grants.AccessGrantsList) == 0 {
		t.Error("no grants")
	}
}

// A node needs the key that the state was begun with, and says how to get it.
func TestANodeWithoutTheKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	c := shared(t)
	config := c.Config
	config.Data = t.TempDir()
	begin := func() error {
		s, err := server.Start(t.Context(), config, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Stop()
		}
		return err
	}
	if err := begin(); err == nil || !strings.Contains(err.Error(), "GRANARY_KEK") {
		t.Errorf("without a key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(config.Data, "kek")); err == nil {
		t.Error("a key that opens nothing was left behind")
	}
	config.KEK = strings.Repeat("ab", 32)
	if err := begin(); err == nil || !strings.Contains(err.Error(), "the key-encryption key is not the one") {
		t.Errorf("with another key: %v", err)
	}
	config.KEK = kek(t, c)
	if err := begin(); err != nil {
		t.Error(err)
	}
	config.State = "postgres:///none?host=" + t.TempDir() + "&user=granary&password=s3cret"
	if err := begin(); err == nil || !strings.Contains(err.Error(), "cannot be opened") ||
		strings.Contains(err.Error(), "s3cret") {
		t.Errorf("without a database: %v", err)
	}
}

// Two nodes that are started on an empty database at once make one account between them.
func TestNodesBeginTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var all sync.WaitGroup
	accounts := make([]string, 3)
	for i := range accounts {
		all.Go(func() {
			config := server.Defaults()
			config.Data, config.API, config.Web, config.State, config.KEK = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", url,
				strings.Repeat("cd", 32)
			s, err := server.Start(context.Background(), config, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Stop()
			accounts[i] = string(s.Account)
		})
	}
	all.Wait()
	if accounts[0] == "" || accounts[1] != accounts[0] || accounts[2] != accounts[0] {
		t.Errorf("accounts %v", accounts)
	}
}

// invoked makes a client's requests attempts of one invocation, as an SDK's own retries are.
func invoked(id string) func(*ssooidc.Options) {
	return func(o *ssooidc.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Build.Insert(middleware.BuildMiddlewareFunc("invocation",
				func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput,
					middleware.Metadata, error) {
					in.Request.(*smithyhttp.Request).Header.Set("Amz-Sdk-Invocation-Id", id)
					return next.HandleBuild(ctx, in)
				}), "ClientRequestID", middleware.After)
		})
	}
}

// The SDK's own retry of an exchange whose answer was lost is answered, to the letter by the node that did it, for the
// same session by another and after a restart; what differs in anything is a second use.
func TestAnExchangeIsRetriedOnAnyNode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := shared(t)
	far := another(t, c, c.Config.State)
	browsers := worldtest.AddBrowserSignIn(t, c.Company)
	browsers.App = c.App
	send := func(n *worldtest.Tokens, in ssooidc.CreateTokenWithIAMInput, id string) (*ssooidc.CreateTokenWithIAMOutput,
		error) {
		in.ClientId = &c.Application
		return ssooidc.NewFromConfig(n.AWS(c.App)).CreateTokenWithIAM(ctx, &in, invoked(id))
	}
	token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	verifier := strings.Repeat("v", 43)
	code := browsers.SignIn(t, worldtest.NewBrowser(), browsers.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code")
	for name, in := range map[string]ssooidc.CreateTokenWithIAMInput{
		"token": {GrantType: aws.String(world.JWTBearer), Assertion: &token},
		"code": {GrantType: aws.String("authorization_code"), Code: &code, CodeVerifier: &verifier,
			RedirectUri: aws.String(worldtest.BackTo)},
	} {
		first := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(send(c, in, name+" 1"))
		if again := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(send(c, in,
			name+" 1")); *again.AccessToken != *first.AccessToken || *again.RefreshToken != *first.RefreshToken {
			t.Errorf("%s: the same node answers a retry otherwise", name)
		}
		elsewhere := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(send(far, in, name+" 1"))
		if a, b := session(t, first), session(t, elsewhere); a == "" || a != b {
			t.Errorf("%s: another node began the session %s, and it was %s", name, b, a)
		}
		if name == "code" {
			continue // a second use would end the session
		}
		reads(t, c.Company, c.App, elsewhere)
		scoped := in
		scoped.Scope = []string{"openid"}
		for what, n := range map[string]func() error{
			"another invocation": func() error { _, err := send(far, in, name+" 2"); return err },
			"another input":      func() error { _, err := send(far, scoped, name+" 1"); return err },
			"another caller": func() error {
				_, err := ssooidc.NewFromConfig(far.AWS(far.Root())).CreateTokenWithIAM(ctx,
					&ssooidc.CreateTokenWithIAMInput{ClientId: &c.Application, GrantType: in.GrantType, Assertion: &token},
					invoked(name+" 1"))
				return err
			},
		} {
			if err := n(); err == nil || !strings.Contains(err.Error(), "InvalidGrantException") &&
				!strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		next := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(far.Refresh(ctx, elsewhere.RefreshToken))
		if _, err := c.Refresh(ctx, next.RefreshToken); err != nil {
			t.Error(err)
		}
		if _, err := c.Refresh(ctx, first.RefreshToken); err == nil { // an old one: the session ends
			t.Error("an old refresh token was taken")
		}
		if _, err := send(another(t, c, c.Config.State), in, name+" 1"); err == nil {
			t.Error("a retry brought a session back that was ended")
		}
	}
}

// session is the credential id in an answer's identity token.
func session(t *testing.T, out *ssooidc.CreateTokenWithIAMOutput) string {
	t.Helper()
	claims := worldtest.PayloadOf(t, *out.IdToken)
	id, _ := claims["aws:credential_id"].(string)
	return id
}
