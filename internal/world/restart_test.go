package world_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// A token and a code that were used are used after the server started anew, whoever tries, and sessions go on.
func TestWhatWasExchangedStaysSoOverARestart(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	config := worldtest.Defaults(t)
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0",
		slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { w.Stop() })
	company := worldtest.Must[*world.Company](t)(w.Settle(ctx))
	c := &worldtest.Tokens{Company: company,
		App: worldtest.Must[client.Key](t)(company.Assume(ctx, company.Machine, company.WebApp, "app", "")),
		SSO: ssoadmin.NewFromConfig(w.AWS(w.Root()))}
	c.PutGrant(t, c.Application, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	browsers := worldtest.AddBrowserSignIn(t, company)
	browsers.App = c.App

	token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	verifier := strings.Repeat("v", 43)
	code := browsers.SignIn(t, worldtest.NewBrowser(), browsers.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code")
	race := func(try func() error) int32 {
		t.Helper()
		var done sync.WaitGroup
		var succeeded atomic.Int32
		for range 32 {
			done.Go(func() {
				if err := try(); err == nil {
					succeeded.Add(1)
				} else if !strings.Contains(err.Error(), "InvalidGrantException") {
					t.Error(err)
				}
			})
		}
		done.Wait()
		return succeeded.Load()
	}
	exchange := func() error {
		_, err := c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
			Assertion: &token})
		return err
	}
	redeem := func() error { _, err := browsers.Redeem(ctx, code, verifier); return err }
	if n, m := race(exchange), race(redeem); n != 1 || m != 1 {
		t.Errorf("%d exchanges of a token and %d of a code succeeded", n, m)
	}
	kept := c.SignIn(t, worldtest.Alice)

	api, web := worldtest.Must[*url.URL](t)(url.Parse(w.Env.Get("HTTP_PROXY"))),
		worldtest.Must[*url.URL](t)(url.Parse(w.Server.WebURL()))
	config.API, config.Web, config.Identity.AllowPrivateIssuers = api.Host, web.Host, true
	if err := w.Server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Server = worldtest.Must[*server.Server](t)(server.Start(context.Background(), config, slog.New(slog.DiscardHandler)))
	if n, m := race(exchange), race(redeem); n+m != 0 {
		t.Errorf("after a restart %d exchanges of a token and %d of a code succeeded", n, m)
	}
	next := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, kept.RefreshToken))
	reads(t, c.Company, c.App, next)
}
