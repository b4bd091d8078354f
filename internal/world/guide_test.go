package world_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/world"
)

// AWS's guide page prints an application with an id of 15 characters, under a doubled prefix. It is looked up as it is given.
func TestTheGuidesApplicationIsNotFound(t *testing.T) {
	ctx := t.Context()
	c := withTokens(t)
	for _, id := range []string{"ssoins-ssoins-1234567890abcdef/apl-abcd1234a1b2c3d", instanceID(c.Instance) + "/apl-abcd1234a1b2c3d"} {
		app := aws.String("arn:aws:sso::" + c.Account + ":application/" + id)
		_, err := c.sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})
		refused(t, err, "ResourceNotFoundException", "apl-abcd1234a1b2c3d not found")
		_, err = c.sso.ListApplicationGrants(ctx, &ssoadmin.ListApplicationGrantsInput{ApplicationArn: app})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = c.sso.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("s3:access_grants:read_write"), AuthorizedTargets: []string{*app}})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = c.sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: app})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = c.ask(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: app, GrantType: aws.String(world.JWTBearer), Assertion: aws.String("x")})
		refused(t, err, "InvalidClientException", "")
	}
	for _, id := range []string{"apl-abcd1234a1b2c3", "apl-abcd1234a1b2c3d4e"} {
		_, err := c.sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: aws.String("arn:aws:sso::" + c.Account + ":application/" + instanceID(c.Instance) + "/" + id)})
		refused(t, err, "ValidationException", "regular expression")
	}
}
