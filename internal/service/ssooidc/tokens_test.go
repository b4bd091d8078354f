package ssooidc_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"

	"granary/internal/world"
	"granary/internal/worldtest"
)

// claims decodes an identity token as AWS's plugins do, without verifying it.
func claims(t *testing.T, token *string) (out map[string]any) {
	t.Helper()
	parts := strings.Split(*token, ".")
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(b, &out) != nil {
		t.Fatalf("the identity token %s: %v", *token, err)
	}
	return out
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)

	first := c.SignIn(t, worldtest.Alice)
	second := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, first.RefreshToken))
	if *second.RefreshToken == *first.RefreshToken || *second.AccessToken == *first.AccessToken {
		t.Error("a refresh gave the old tokens again")
	}
	if *second.IssuedTokenType != "urn:ietf:params:oauth:token-type:refresh_token" ||
		!slices.Equal(second.Scope, first.Scope) {
		t.Errorf("the refreshed answer: %s, %v", *second.IssuedTokenType, second.Scope)
	}
	before, after := claims(t, first.IdToken), claims(t, second.IdToken)
	for _, name := range []string{"sub", "aud", "aws:credential_id", "auth_time", "iss", "aws:identity_store_id"} {
		if before[name] != after[name] || before[name] == nil {
			t.Errorf("the claim %s was %v and is %v", name, before[name], after[name])
		}
	}
	if key, err := c.Assume(ctx, c.App, c.Bearer, "refreshed", *second.AwsAdditionalDetails.IdentityContext); err != nil {
		t.Error(err)
	} else if _, _, err := c.Vend(ctx, key, "s3://larkspur-reports/finance/*", "READ"); err != nil {
		t.Error(err)
	}
	// A lost answer: the token before works for a minute more, and the successor is the same generation.
	again := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, first.RefreshToken))
	if _, err := c.Refresh(ctx, second.RefreshToken); err != nil {
		t.Errorf("the successor after a late retry: %v", err)
	}
	_ = again
	// Two generations back: somebody else holds a token. The session ends for everybody.
	_, err := c.Refresh(ctx, first.RefreshToken)
	worldtest.Refused(t, err, "InvalidGrantException", "used before")
	_, err = c.Refresh(ctx, again.RefreshToken)
	worldtest.Refused(t, err, "InvalidGrantException", "revoked")

	t.Run("the grace ends", func(t *testing.T) {
		first := c.SignIn(t, worldtest.Alice)
		if _, err := c.Refresh(ctx, first.RefreshToken); err != nil {
			t.Fatal(err)
		}
		c.Ahead.Store(int64(61 * time.Second))
		defer c.Ahead.Store(0)
		_, err := c.Refresh(ctx, first.RefreshToken)
		worldtest.Refused(t, err, "InvalidGrantException", "used before")
	})
	t.Run("the session ends, however often it is refreshed", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice)
		c.Ahead.Store(int64(8 * time.Minute))
		defer c.Ahead.Store(0)
		tokens = worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, tokens.RefreshToken))
		c.Ahead.Store(int64(11 * time.Minute))
		_, err := c.Refresh(ctx, tokens.RefreshToken)
		worldtest.Refused(t, err, "ExpiredTokenException", "ended")
	})
	t.Run("scopes narrow and never widen", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice, "openid", "sts:identity_context")
		_, err := c.Refresh(ctx, tokens.RefreshToken, "s3:access_grants:read_write")
		worldtest.Refused(t, err, "InvalidScopeException", "never widen")
		narrow := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, tokens.RefreshToken, "openid"))
		if !slices.Equal(narrow.Scope, []string{"openid"}) || narrow.AwsAdditionalDetails != nil {
			t.Errorf("narrowed: %v, %v", narrow.Scope, narrow.AwsAdditionalDetails)
		}
		full := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, narrow.RefreshToken))
		if len(full.Scope) != 2 {
			t.Errorf("after a narrowed refresh the session has %v", full.Scope)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice)
		_, err := c.Refresh(ctx, nil)
		worldtest.Refused(t, err, "InvalidRequestException", "refreshToken")
		for _, bad := range []string{"x", "aor", "aorAAAA", *tokens.AccessToken, *tokens.RefreshToken + "A",
			strings.Repeat("a", 9000), "aor" + strings.TrimPrefix(*tokens.AccessToken, "aoa")} {
			_, err = c.Refresh(ctx, &bad)
			worldtest.Refused(t, err, "InvalidGrantException", "none that was issued")
		}
		other := c.AnotherApplication(t)
		_, err = c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &other, GrantType: aws.String("refresh_token"),
			RefreshToken: tokens.RefreshToken})
		worldtest.Refused(t, err, "InvalidGrantException", "none that was issued to this application")
	})
	t.Run("who is deactivated, and comes back", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice)
		if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
			t.Fatal(err)
		}
		_, err := c.Refresh(ctx, tokens.RefreshToken)
		worldtest.Refused(t, err, "AccessDeniedException", "deactivated")
		if err := c.SetActive(ctx, worldtest.Alice, true); err != nil {
			t.Fatal(err)
		}
		_, err = c.Refresh(ctx, tokens.RefreshToken)
		worldtest.Refused(t, err, "InvalidGrantException", "revoked")
	})
	t.Run("who is no longer assigned", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice)
		require := func(on bool) {
			if _, err := c.SSO.PutApplicationAssignmentConfiguration(ctx,
				&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application,
					AssignmentRequired: &on}); err != nil {
				t.Fatal(err)
			}
		}
		require(true)
		defer require(false)
		_, err := c.Refresh(ctx, tokens.RefreshToken)
		worldtest.Refused(t, err, "AccessDeniedException", "not assigned")
	})
	t.Run("without the grant", func(t *testing.T) {
		tokens := c.SignIn(t, worldtest.Alice)
		if _, err := c.SSO.DeleteApplicationGrant(ctx, &ssoadmin.DeleteApplicationGrantInput{ApplicationArn: &c.Application,
			GrantType: "refresh_token"}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Refresh(ctx, tokens.RefreshToken)
		worldtest.Refused(t, err, "ExpiredTokenException", "has no refresh_token grant")
		made := c.SignIn(t, worldtest.Alice) // without the grant a refresh token is issued all the same, as the guide shows
		c.PutGrant(t, c.Application, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
		_, err = c.Refresh(ctx, made.RefreshToken)
		worldtest.Refused(t, err, "ExpiredTokenException", "when this refresh token was issued")
	})
}

func TestTokenExchangeBetweenApplications(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	second := c.AnotherApplication(t)
	first := c.SignIn(t, worldtest.Alice)
	const kind, access, refresh = "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:refresh_token"
	input := func(change func(*ssooidc.CreateTokenWithIAMInput)) *ssooidc.CreateTokenWithIAMInput {
		in := &ssooidc.CreateTokenWithIAMInput{ClientId: &second, GrantType: aws.String(kind),
			SubjectToken: first.AccessToken, SubjectTokenType: aws.String(access)}
		if change != nil {
			change(in)
		}
		return in
	}
	_, err := c.CreateToken(ctx, input(nil))
	worldtest.Refused(t, err, "UnauthorizedClientException", "no grant of type")
	c.PutGrant(t, second, kind, &ssotypes.GrantMemberTokenExchange{})
	c.PutGrant(t, c.Application, kind, &ssotypes.GrantMemberTokenExchange{})

	out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.CreateToken(ctx, input(nil)))
	id := claims(t, out.IdToken)
	if id["sub"] != c.Users[worldtest.Alice] || id["act"].(map[string]any)["sub"] != c.Application {
		t.Errorf("the exchanged token is for %v through %v", id["sub"], id["act"])
	}
	if out.RefreshToken != nil || *out.IssuedTokenType != access {
		t.Errorf("no refresh token was asked for: %v, %s", out.RefreshToken, *out.IssuedTokenType)
	}
	out = worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
		c.CreateToken(ctx, input(func(in *ssooidc.CreateTokenWithIAMInput) { in.RequestedTokenType = aws.String(refresh) })))
	if out.RefreshToken == nil || *out.IssuedTokenType != refresh {
		t.Fatalf("a refresh token was asked for: %v, %s", out.RefreshToken, *out.IssuedTokenType)
	}
	if _, err := c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &second,
		GrantType:    aws.String("refresh_token"),
		RefreshToken: out.RefreshToken}); err != nil {
		t.Errorf("the second application's refresh token: %v", err)
	}

	idp := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	for _, r := range []struct {
		change      func(*ssooidc.CreateTokenWithIAMInput)
		code, words string
	}{
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectToken = nil }, "InvalidRequestException", "subjectToken"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectTokenType = nil }, "InvalidRequestException",
			"subjectTokenType"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectTokenType = aws.String(refresh) }, "InvalidRequestException",
			"subjectTokenType must be"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.RequestedTokenType = aws.String("x") }, "InvalidRequestException",
			"requestedTokenType must be"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectToken = &idp }, "InvalidGrantException",
			"identity provider's token goes into assertion"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectToken = first.RefreshToken }, "InvalidGrantException",
			"no access token"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.ClientId = &c.Application }, "InvalidGrantException",
			"this same application"},
		{func(in *ssooidc.CreateTokenWithIAMInput) { in.Scope = []string{"s3:access_grants:read_write"} },
			"InvalidScopeException", "not configured"},
	} {
		_, err := c.CreateToken(ctx, input(r.change))
		worldtest.Refused(t, err, r.code, r.words)
	}
	// The first application decides whom its tokens are for.
	target := func(arns ...string) {
		if _, err := c.SSO.PutApplicationAccessScope(ctx,
			&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &c.Application,
				Scope: aws.String("s3:access_grants:read_write"), AuthorizedTargets: arns}); err != nil {
			t.Fatal(err)
		}
	}
	target(c.Application)
	_, err = c.CreateToken(ctx, input(nil))
	worldtest.Refused(t, err, "InvalidGrantException", "AuthorizedTargets")
	target(second)
	if _, err = c.CreateToken(ctx, input(nil)); err != nil {
		t.Error(err)
	}
	target(c.Instance)
	if _, err = c.CreateToken(ctx, input(nil)); err != nil {
		t.Error(err)
	}
	bare := c.SignIn(t, worldtest.Alice, "openid")
	_, err = c.CreateToken(ctx, input(func(in *ssooidc.CreateTokenWithIAMInput) { in.SubjectToken = bare.AccessToken }))
	worldtest.Refused(t, err, "InvalidGrantException", "AuthorizedTargets")
	if _, err := c.SSO.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application,
		Status: ssotypes.ApplicationStatusDisabled}); err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateToken(ctx, input(nil))
	worldtest.Refused(t, err, "AccessDeniedException", "disabled")
	if _, err := c.SSO.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application,
		Status: ssotypes.ApplicationStatusEnabled}); err != nil {
		t.Fatal(err)
	}
	t.Run("a sign-in ends, whoever exchanges its tokens", func(t *testing.T) {
		first := c.SignIn(t, worldtest.Alice)
		in := input(func(in *ssooidc.CreateTokenWithIAMInput) {
			in.RequestedTokenType, in.SubjectToken = aws.String(refresh), first.AccessToken
		})
		c.Ahead.Store(int64(8 * time.Minute))
		defer c.Ahead.Store(0)
		next := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.CreateToken(ctx, in))
		if at, want := claims(t, next.IdToken)["auth_time"], claims(t, first.IdToken)["auth_time"]; at != want {
			t.Errorf("the person signed in at %v, not at %v", want, at)
		}
		c.Ahead.Store(int64(11 * time.Minute))
		in.SubjectToken, in.ClientId = next.AccessToken, &c.Application
		_, err := c.CreateToken(ctx, in)
		worldtest.Refused(t, err, "ExpiredTokenException", "session that the subject token is of has ended")
		_, err = c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &second,
			GrantType:    aws.String("refresh_token"),
			RefreshToken: next.RefreshToken})
		worldtest.Refused(t, err, "ExpiredTokenException", "ended")
	})
	if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateToken(ctx, input(nil))
	worldtest.Refused(t, err, "AccessDeniedException", "deactivated")
}

// The same token from 32 sides at once: one exchange succeeds.
func TestATokenIsExchangedOnce(t *testing.T) {
	t.Parallel()
	c := worldtest.SettleTokens(t)
	token := worldtest.Must[string](t)(c.Provider.SignIn(t.Context(), worldtest.Alice))
	var done sync.WaitGroup
	var succeeded, replayed atomic.Int32
	for range 32 {
		done.Go(func() {
			_, err := c.CreateToken(t.Context(), &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
				Assertion: &token})
			var invalid *oidctypes.InvalidGrantException
			switch {
			case err == nil:
				succeeded.Add(1)
			case errors.As(err, &invalid) && strings.Contains(*invalid.Error_description, "already been exchanged"):
				replayed.Add(1)
			}
		})
	}
	done.Wait()
	if succeeded.Load() != 1 || replayed.Load() != 31 {
		t.Errorf("%d exchanges succeeded and %d were called replays, of 32", succeeded.Load(), replayed.Load())
	}
}

// losing is an HTTP client that loses the first answers.
type losing struct {
	aws.HTTPClient
	lose atomic.Int32
}

func (l *losing) Do(r *http.Request) (*http.Response, error) {
	resp, err := l.HTTPClient.Do(r)
	if err == nil && l.lose.Add(-1) >= 0 {
		resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

// A client whose answer got lost retries by itself, and gets what was issued; the token is used all the same.
func TestAnSDKsRetryOfAnExchange(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	config := c.AWS(c.App)
	flaky := &losing{HTTPClient: config.HTTPClient}
	flaky.lose.Store(2)
	config.HTTPClient, config.RetryMaxAttempts = flaky, 4
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 4, time.Millisecond
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(error) aws.Ternary { return aws.TrueTernary }))
		})
	}
	in := &ssooidc.CreateTokenWithIAMInput{ClientId: &c.Application, GrantType: aws.String(world.JWTBearer),
		Assertion: &token}
	out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(ssooidc.NewFromConfig(config).CreateTokenWithIAM(ctx, in))
	if flaky.lose.Load() >= 0 {
		t.Fatal("no answer was lost: the test shows nothing")
	}
	if _, err := c.Refresh(ctx, out.RefreshToken); err != nil {
		t.Errorf("what the retry got is not what was issued: %v", err)
	}
	// The same token in another request is a replay, also after the retry.
	_, err := c.CreateToken(ctx, in)
	worldtest.Refused(t, err, "InvalidGrantException", "already been exchanged")
}
