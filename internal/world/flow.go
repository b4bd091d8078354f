package world

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"granary/internal/client"
)

const contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"

// Assume lets a key assume a role; a context assertion, which may be empty, makes it a session in a person's name.
func (w *World) Assume(ctx context.Context, k client.Key, role, session, assertion string) (client.Key, error) {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &session}
	if assertion != "" {
		in.ProvidedContexts = []ststypes.ProvidedContext{{ProviderArn: aws.String(contextProvider),
			ContextAssertion: &assertion}}
	}
	out, err := sts.NewFromConfig(w.AWS(k)).AssumeRole(ctx, in)
	if err != nil {
		return client.Key{}, err
	}
	return client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}, nil
}

// Exchange trades a sign-in token for Identity Center's tokens.
func (c *Company) Exchange(ctx context.Context, k client.Key, token string) (*ssooidc.CreateTokenWithIAMOutput, error) {
	return ssooidc.NewFromConfig(c.AWS(k)).CreateTokenWithIAM(ctx,
		&ssooidc.CreateTokenWithIAMInput{ClientId: &c.Application, GrantType: aws.String(JWTBearer), Assertion: &token})
}

// As goes from a person's sign-in to a session in the person's name, through the application.
func (c *Company) As(ctx context.Context, login string) (client.Key, error) {
	app, err := c.Assume(ctx, c.Machine, c.WebApp, "app", "")
	if err != nil {
		return client.Key{}, err
	}
	token, err := c.Provider.SignIn(ctx, login)
	if err != nil {
		return client.Key{}, err
	}
	tokens, err := c.Exchange(ctx, app, token)
	if err != nil {
		return client.Key{}, err
	}
	return c.Assume(ctx, app, c.Bearer, "TempDirectoryUserRole", *tokens.AwsAdditionalDetails.IdentityContext)
}

// Vend asks for a key to a target, "s3://bucket/prefix/*".
func (c *Company) Vend(ctx context.Context, k client.Key, target, permission string) (client.Key,
	*s3control.GetDataAccessOutput, error) {
	out, err := s3control.NewFromConfig(c.AWS(k)).GetDataAccess(ctx, &s3control.GetDataAccessInput{AccountId: &c.Account,
		Target: &target, Permission: s3ctypes.Permission(permission)})
	if err != nil {
		return client.Key{}, nil, err
	}
	return client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}, out, nil
}

// Read reads an object.
func (w *World) Read(ctx context.Context, k client.Key, bucket, key string) (string, error) {
	out, err := w.S3(k).GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return string(b), err
}
