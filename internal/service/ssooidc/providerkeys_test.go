package ssooidc_test

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// A provider as there are: a byte order mark before its documents, keys without ids, a certificate that no reader
// takes. When it changes its key, the next sign-in is accepted, of a person and of a workload; what the old key signs
// is not.
func TestAProviderMayChangeItsKeyWithoutAWord(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	h := newHostile(t, func(*server.Config) {})
	keys := []*rsa.PrivateKey{worldtest.NewRSAKey(t, 2048), worldtest.NewRSAKey(t, 2048)}
	var current atomic.Int32
	var issuer string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := publicJWK(keys[current.Load()], map[string]any{"x5c": []string{""}, "x5t": 7})
		if strings.HasSuffix(r.URL.Path, "/keys") {
			w.Write([]byte("\ufeff" + `{"keys":[` + k + `]}`))
			return
		}
		w.Write([]byte("\ufeff" + `{"issuer":"` + issuer + `","jwks_uri":"` + issuer + `/keys"}`))
	}))
	defer s.Close()
	issuer = s.URL
	h.issuers["/turning"] = h.AddIssuer(t, issuer, "preferred_username", "userName")
	h.trust(t, "preferred_username", "userName", "/turning")
	made := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(iam.NewFromConfig(h.AWS(h.Root())).
		CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"app"}}))
	name := strings.SplitN(*made.OpenIDConnectProviderArn, "/", 2)[1]
	worldtest.MakeRole(t, h.World, h.Root(), "turning", `{"Effect":"Allow","Principal":{"Federated":"`+
		*made.OpenIDConnectProviderArn+`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+name+
		`:sub":"s","`+name+`:aud":"app"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)
	token := func(which int) string {
		return worldtest.ForgeToken(keys[which], `{"alg":"RS256"}`, h.payload("", map[string]any{"iss": issuer}))
	}
	workload := func(token string) error {
		return worldtest.ErrorOf(sts.NewFromConfig(h.AWS(client.Key{})).AssumeRoleWithWebIdentity(ctx,
			&sts.AssumeRoleWithWebIdentityInput{
				RoleArn: aws.String("arn:aws:iam::" + h.Account + ":role/turning"), RoleSessionName: aws.String("workload"),
				WebIdentityToken: &token}))
	}
	worldtest.Allowed(t, "a person, by the first key", h.exchange(t, token(0)))
	worldtest.Allowed(t, "a workload, by the first key", workload(token(0)))
	worldtest.Refused(t, h.exchange(t, token(1)), "InvalidGrantException", "signature is wrong")
	h.Ahead.Add(int64(61e9))
	current.Store(1)
	worldtest.Allowed(t, "a person, by the second key", h.exchange(t, token(1)))
	worldtest.Allowed(t, "a workload, by the second key", workload(token(1)))
	worldtest.Refused(t, h.exchange(t, token(0)), "InvalidGrantException", "signature is wrong")
	worldtest.Refused(t, workload(token(0)), "InvalidIdentityToken", "signature is wrong")
}

func publicJWK(k *rsa.PrivateKey, extra map[string]any) string {
	b, _ := json.Marshal(worldtest.RSAJWK(&k.PublicKey, extra))
	return string(b)
}

// An issuer's address is refused when it is a special one, however it is written, and nothing is sent there.
func TestIssuersAtSpecialAddressesAreNotAsked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	config := worldtest.Defaults(t)
	config.Quotas.Issuers = 100
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0",
		slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { w.Stop() })
	company := worldtest.Must[*world.Company](t)(w.Settle(ctx))
	c := &worldtest.Tokens{Company: company, SSO: ssoadmin.NewFromConfig(w.AWS(w.Root()))}
	issuers := map[string]string{}
	for _, host := range []string{"127.0.0.1", "10.0.0.1", "0.0.0.0", "192.88.99.1", "198.19.255.255", "240.0.0.1",
		"203.0.113.9", "192.0.2.1", "100.64.0.1", "169.254.169.254"} {
		issuers[host] = c.AddIssuer(t, "https://"+host, "email", "emails.value")
	}
	// An issuer's address has no brackets (AWS's pattern): names lead to IPv6 addresses, and the table of package idtoken
	// has those.
	config.API, config.Web = worldtest.Must[*url.URL](t)(url.Parse(w.Env.Get("HTTP_PROXY"))).Host,
		worldtest.Must[*url.URL](t)(url.Parse(w.Server.WebURL())).Host
	config.Identity.AllowPrivateIssuers, config.ChangeSettings = false, true
	if err := w.Server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Server = worldtest.Must[*server.Server](t)(server.Start(context.Background(), config, slog.New(slog.DiscardHandler)))
	for host, arn := range issuers {
		var out struct {
			Steps []struct{ Name, Result, Detail string }
		}
		if err := client.Ask(ctx, w.Env, "TestTrustedTokenIssuer", map[string]string{"TrustedTokenIssuerArn": arn},
			&out); err != nil {
			t.Fatal(err)
		}
		if s := out.Steps[len(out.Steps)-1]; s.Name != "discovery" || s.Result != "FAILED" ||
			!strings.Contains(s.Detail, "not a public one") {
			t.Errorf("%s: %+v", host, out.Steps)
		}
	}
}
