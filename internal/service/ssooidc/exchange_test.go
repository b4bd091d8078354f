package ssooidc_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// wrong is an exchange that is refused, on the wire: SDKs go by the header, the oldest of them by the body.
type wrong struct {
	change func(body map[string]any, q *worldtest.Request)
	status int
	code   string // x-amzn-ErrorType
	oauth  string // error; "": any, OAuth has no word for it
	says   string // error_description
}

// demandRefusal sends an exchange with a change, and demands how it is refused.
func demandRefusal(t *testing.T, c *worldtest.Tokens, x wrong) {
	t.Helper()
	token := worldtest.Must[string](t)(c.Provider.SignIn(t.Context(), worldtest.Alice))
	body := map[string]any{"clientId": c.Application, "grantType": world.JWTBearer, "assertion": token}
	q := worldtest.Request{Method: "POST", Path: "/token?aws_iam=t", Service: "sso-oauth", Key: &c.App,
		Header: map[string]string{"Content-Type": "application/json"}}
	x.change(body, &q)
	if q.Body == "" {
		b, _ := json.Marshal(body) // texts only
		q.Body = string(b)
	}
	a := worldtest.Send(t, c.World, q)
	var said struct{ Error, Error_description, Message string }
	_ = json.Unmarshal([]byte(a.Body), &said) // a body that is none has no members
	if a.Status != x.status || a.Header.Get("X-Amzn-Errortype") != x.code || x.oauth != "" && said.Error != x.oauth ||
		!strings.Contains(said.Error_description, x.says) || said.Message == "" {
		t.Errorf("got %d %s %s\nwant %d %s %s %q", a.Status, a.Header.Get("X-Amzn-Errortype"), a.Body, x.status, x.code,
			x.oauth, x.says)
	}
}

// The order in which an exchange is judged: each request has every later fault too, and gets the first (identity-center
// §8).
func TestTheOrderOfAnExchange(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	mine := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	with := func(pairs ...any) func(map[string]any, *worldtest.Request) {
		return func(b map[string]any, _ *worldtest.Request) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i+1] == nil {
					delete(b, pairs[i].(string))
				} else {
					b[pairs[i].(string)] = pairs[i+1]
				}
			}
		}
	}
	signed := func(change func(*worldtest.Request),
		also func(map[string]any, *worldtest.Request)) func(map[string]any, *worldtest.Request) {
		return func(b map[string]any, q *worldtest.Request) { also(b, q); change(q) }
	}
	nonsense := with("clientId", nil, "grantType", nil)
	unknown := "arn:aws:sso::" + c.Account + ":application/" + worldtest.InstanceID(c.Instance) + "/apl-0123456789abcdef"
	seed := "arn:aws:sso::123456789012:application/ssoins-ssoins-1234567890abcdef/apl-abcd1234a1b2c3d"
	nobody := client.Key{}
	x := iam.NewFromConfig(c.AWS(c.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("nobody")}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: aws.String("nobody")}))
	nobody.ID, nobody.Secret = *k.AccessKey.AccessKeyId, *k.AccessKey.SecretAccessKey

	for name, x := range map[string]wrong{
		"not signed": {signed(func(q *worldtest.Request) { q.Key = nil }, nonsense), 403,
			"MissingAuthenticationTokenException", "",
			""},
		"unknown key": {signed(func(q *worldtest.Request) { q.Key = &client.Key{ID: "AKIAIOSFODNN7EXAMPLE", Secret: "x"} },
			nonsense),
			403, "UnrecognizedClientException", "", ""},
		"wrong secret": {signed(func(q *worldtest.Request) {
			q.Key = &client.Key{ID: c.App.ID, Secret: "x",
				Token: c.App.Token}
		},
			nonsense), 403, "InvalidSignatureException", "", ""},
		"wrong time": {signed(func(q *worldtest.Request) { q.At = time.Now().Add(-time.Hour) }, nonsense), 403,
			"InvalidSignatureException", "", ""},
		"not JSON": {func(_ map[string]any, q *worldtest.Request) { q.Body = "{" }, 400, "InvalidRequestException",
			"invalid_request", ""},
		"of other types": {with("scope", "openid aws"), 400, "InvalidRequestException", "invalid_request", ""},
		"no client": {with("clientId", nil, "grantType", "x"), 400, "InvalidRequestException", "invalid_request",
			"clientId"},
		"no grant type": {with("clientId", unknown, "grantType", nil), 400, "InvalidRequestException", "invalid_request",
			"grantType"},
		"unknown client": {with("clientId", unknown, "grantType", "x"), 401, "InvalidClientException", "invalid_client",
			unknown},
		"the guide's": {with("clientId", seed, "grantType", "x"), 401, "InvalidClientException", "invalid_client", ""},
		"no ARN": {with("clientId", "client", "grantType", "x"), 401, "InvalidClientException", "invalid_client",
			""},
		"grant type": {signed(func(q *worldtest.Request) { q.Key = &nobody }, with("grantType", "password")), 400,
			"UnsupportedGrantTypeException", "unsupported_grant_type", "password"},
		"caller": {signed(func(q *worldtest.Request) { q.Key = &nobody },
			with("grantType", "urn:ietf:params:oauth:grant-type:token-exchange")), 400, "AccessDeniedException", "access_denied",
			"actor policy"},
		"Region": {signed(func(q *worldtest.Request) { q.Region = "eu-west-1" },
			with("grantType", "urn:ietf:params:oauth:grant-type:token-exchange")), 400, "InvalidRequestRegionException",
			"invalid_request", "us-east-1"},
		"no such grant": {with("grantType", "urn:ietf:params:oauth:grant-type:token-exchange"), 400,
			"UnauthorizedClientException", "unauthorized_client", "token-exchange"},
		"no such grant, 2": {with("grantType", "authorization_code"), 400, "UnauthorizedClientException",
			"unauthorized_client", "authorization_code"},
		"no assertion": {with("assertion", nil, "scope", []string{"x"}), 400, "InvalidRequestException",
			"invalid_request", "assertion"},
		"assertion": {with("assertion", "x.y.z", "scope", []string{"x"}), 400, "InvalidGrantException",
			"invalid_grant", ""},
		"a long one": {with("assertion", strings.Repeat("a", 16<<10)+".b.c", "scope", []string{"x"}), 400,
			"InvalidGrantException", "invalid_grant", "16384"},
		"scope": {with("scope", []string{"openid", "x"}), 400, "InvalidScopeException", "invalid_scope", "x"},
		// not the same as no member scope
		"no scopes": {with("scope", []string{}), 400, "InvalidScopeException", "invalid_scope", "is empty"},
		"doubled scope": {with("scope", []string{"openid", "openid", "x"}), 400, "InvalidScopeException", "invalid_scope",
			"x"},
	} {
		t.Run(name, func(t *testing.T) { demandRefusal(t, c, x) })
	}
	t.Run("where the Region is", func(t *testing.T) {
		a := worldtest.Send(t, c.World, worldtest.Request{Method: "POST", Path: "/token?aws_iam=t", Service: "sso-oauth",
			Region: "eu-west-1",
			Key:    &c.App, Header: map[string]string{"Content-Type": "application/json"},
			Body: `{"clientId":"` + c.Application + `","grantType":"` + world.JWTBearer + `","assertion":"x"}`})
		var said struct{ Endpoint, Region string }
		if err := json.Unmarshal([]byte(a.Body), &said); err != nil || said.Region != "us-east-1" ||
			said.Endpoint != c.Env.Get("AWS_ENDPOINT_URL") {
			t.Errorf("%s, %v", a.Body, err)
		}
	})
	t.Run("a refusal does not use the token up", func(t *testing.T) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		_, err := c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
			Assertion: &token,
			Scope:     []string{"x"}})
		worldtest.Refused(t, err, "InvalidScopeException", "")
		worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
			c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token,
				Scope: []string{"openid", "openid"}}))
	})
	t.Run("the doubled prefix of the guide", func(t *testing.T) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
			c.CreateToken(ctx,
				&ssooidc.CreateTokenWithIAMInput{ClientId: aws.String(strings.Replace(c.Application, "ssoins-", "ssoins-ssoins-",
					1)),
					GrantType: aws.String(world.JWTBearer), Assertion: &token}))
	})
	t.Run("the answer is kept by nobody", func(t *testing.T) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		// texts only
		b, _ := json.Marshal(map[string]any{"clientId": c.Application, "grantType": world.JWTBearer, "assertion": token})
		a := worldtest.Send(t, c.World, worldtest.Request{Method: "POST", Path: "/token?aws_iam=t", Service: "sso-oauth",
			Key:    &c.App,
			Header: map[string]string{"Content-Type": "application/json"}, Body: string(b)})
		if a.Status != 200 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
	})
	t.Run("a person who is not assigned hears of that before scopes", func(t *testing.T) {
		require := func(on bool) {
			worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
				mine.PutApplicationAssignmentConfiguration(ctx,
					&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application, AssignmentRequired: &on}))
		}
		require(true)
		defer require(false)
		demandRefusal(t, c, wrong{with("scope", []string{"x"}), 400, "AccessDeniedException", "access_denied",
			"not assigned"})
	})
	t.Run("a disabled application", func(t *testing.T) {
		set := func(s ssotypes.ApplicationStatus) {
			worldtest.Must[*ssoadmin.UpdateApplicationOutput](t)(mine.UpdateApplication(ctx,
				&ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application, Status: s}))
		}
		set(ssotypes.ApplicationStatusDisabled)
		defer set(ssotypes.ApplicationStatusEnabled)
		demandRefusal(t, c, wrong{with("grantType", "authorization_code"), 400, "AccessDeniedException", "access_denied",
			"disabled"})
	})
	t.Run("without an authentication method nobody may exchange", func(t *testing.T) {
		worldtest.Must[*ssoadmin.DeleteApplicationAuthenticationMethodOutput](t)(
			mine.DeleteApplicationAuthenticationMethod(ctx,
				&ssoadmin.DeleteApplicationAuthenticationMethodInput{ApplicationArn: &c.Application,
					AuthenticationMethodType: "IAM"}))
		demandRefusal(t, c, wrong{with(), 400, "AccessDeniedException", "access_denied", "no authentication method"})
		root := c.Root()
		demandRefusal(t, c, wrong{signed(func(q *worldtest.Request) { q.Key = &root }, with()), 400, "AccessDeniedException",
			"access_denied",
			"no authentication method"})
		worldtest.Must[*ssoadmin.DeleteApplicationOutput](t)(mine.DeleteApplication(ctx,
			&ssoadmin.DeleteApplicationInput{ApplicationArn: &c.Application}))
		demandRefusal(t, c, wrong{with(), 401, "InvalidClientException", "invalid_client", ""})
	})
}

// putActors gives an application an actor policy.
func putActors(t *testing.T, sso *ssoadmin.Client, app string, statements ...string) {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(worldtest.Policy(strings.Join(statements, ","))), &doc); err != nil {
		t.Fatal(err)
	}
	worldtest.Must[*ssoadmin.PutApplicationAuthenticationMethodOutput](t)(
		sso.PutApplicationAuthenticationMethod(t.Context(),
			&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &app,
				AuthenticationMethodType: "IAM",
				AuthenticationMethod: &ssotypes.AuthenticationMethodMemberIam{
					Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(doc)}}}))
}

// Which half refuses is told to callers of the application's account, and to nobody else (identity-center §8).
func TestWhoMayExchange(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	admin := worldtest.MakeAdministrator(t, c.World)
	other := worldtest.JoinAccount(t, c.World, admin, "elsewhere")
	app := func(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }
	const action = `"Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"`
	role := func(in worldtest.Member, name, policy string) client.Key {
		t.Helper()
		from := app(in.ID, "OrganizationAccountAccessRole")
		if in.ID == c.Account {
			from = "arn:aws:iam::" + c.Account + ":user/admin"
		}
		worldtest.MakeRole(t, c.World, in.Key, name,
			`{"Effect":"Allow","Principal":{"AWS":"`+from+`"},"Action":"sts:AssumeRole"}`,
			policy)
		k := in.Key
		if in.ID == c.Account {
			k = admin
		}
		return worldtest.Must[client.Key](t)(c.Assume(ctx, k, app(in.ID, name), "app", ""))
	}
	home := worldtest.Member{ID: c.Account, Key: c.Root()}
	allow, deny, nothing := `{"Effect":"Allow",`+action+`}`, `{"Effect":"Deny",`+action+`}`,
		`{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}`
	free, poor, barred := role(home, "free", allow), role(home, "poor", nothing), role(home, "barred", deny)
	far, farPoor := role(other, "far", allow), role(other, "far-poor", nothing)
	named := func(arns ...string) string {
		return `{"Effect":"Allow","Principal":{"AWS":["` + strings.Join(arns, `","`) + `"]},` + action + `}`
	}
	all := []string{app(c.Account, "poor"), app(c.Account, "barred"), app(other.ID, "far"), app(other.ID, "far-poor")}
	for name, x := range map[string]struct {
		actors []string
		key    client.Key
		says   string // "" is let in
	}{
		"named": {[]string{named(all...)}, poor, ""},
		"not named": {[]string{named(all...)}, free,
			"the application's actor policy does not name the caller"},
		"named, and denied by its own": {[]string{named(all...)}, barred,
			"the caller's own policies deny it explicitly"},
		"its account, and allowed": {[]string{named("arn:aws:iam::" + c.Account + ":root")}, free, ""},
		"its account, and not allowed": {[]string{named(c.Account)}, poor,
			"the caller's own policies must allow it too"},
		"denied": {[]string{named(all...), `{"Effect":"Deny","Principal":"*",` + action + `}`},
			poor, "the application's actor policy denies it explicitly"},
		"another account's, both":           {[]string{named(all...)}, far, ""},
		"another account's, not its own":    {[]string{named(all...)}, farPoor, "Access denied."},
		"another account's, not the policy": {[]string{named(all[:2]...)}, far, "Access denied."},
		"with a condition": {[]string{strings.TrimSuffix(named(all...), "}") +
			`,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`}, poor,
			"the application's actor policy does not name the caller"},
		"another action": {
			[]string{`{"Effect":"Allow","Principal":"*","Action":"sso-oauth:IntrospectTokenWithIAM","Resource":"*"}`}, poor,
			"the application's actor policy does not name the caller"},
	} {
		t.Run(name, func(t *testing.T) {
			putActors(t, c.SSO, c.Application, x.actors...)
			token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
			_, err := c.Exchange(ctx, x.key, token)
			if x.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			worldtest.Refused(t, err, "AccessDeniedException", x.says)
		})
	}
}

// Applications that ask too often are told to slow down, when there is a limit; others are not held up by them.
func TestExchangesMayBeLimited(t *testing.T) {
	c := &worldtest.Tokens{Company: worldtest.SettleWith(t, func(s *server.Config) { s.Quotas.Exchanges = 1 })}
	c.App = worldtest.Must[client.Key](t)(c.Assume(t.Context(), c.Machine, c.WebApp, "app", ""))
	c.SSO = ssoadmin.NewFromConfig(c.AWS(c.Root()))
	second := c.AnotherApplication(t)
	refresh := func(app string) error {
		_, err := ssooidc.NewFromConfig(c.AWS(c.App), func(o *ssooidc.Options) { o.RetryMaxAttempts = 1 }).
			CreateTokenWithIAM(t.Context(),
				&ssooidc.CreateTokenWithIAMInput{ClientId: &app, GrantType: aws.String("refresh_token"),
					RefreshToken: aws.String("x")})
		return err
	}
	for range 500 {
		if err := refresh(c.Application); strings.Contains(err.Error(), "SlowDownException") {
			worldtest.Refused(t, err, "SlowDownException", "1 exchanges a second")
			worldtest.Refused(t, refresh(second), "InvalidGrantException", "")
			return
		}
	}
	t.Error("500 exchanges were answered")
}
