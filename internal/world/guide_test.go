package world_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/world"
	"granary/internal/worldtest"
)

// AWS's guide page prints an application with an id of 15 characters, under a doubled prefix. It is looked up as it is
// given.
func TestTheGuidesApplicationIsNotFound(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	for _, id := range []string{"ssoins-ssoins-1234567890abcdef/apl-abcd1234a1b2c3d",
		worldtest.InstanceID(c.Instance) + "/apl-abcd1234a1b2c3d"} {
		app := aws.String("arn:aws:sso::" + c.Account + ":application/" + id)
		_, err := c.SSO.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})
		worldtest.Refused(t, err, "ResourceNotFoundException", "apl-abcd1234a1b2c3d not found")
		_, err = c.SSO.ListApplicationGrants(ctx, &ssoadmin.ListApplicationGrantsInput{ApplicationArn: app})
		worldtest.Refused(t, err, "ResourceNotFoundException", "")
		_, err = c.SSO.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app,
			Scope: aws.String("s3:access_grants:read_write"), AuthorizedTargets: []string{*app}})
		worldtest.Refused(t, err, "ResourceNotFoundException", "")
		_, err = c.SSO.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: app})
		worldtest.Refused(t, err, "ResourceNotFoundException", "")
		_, err = c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: app, GrantType: aws.String(world.JWTBearer),
			Assertion: aws.String("x")})
		worldtest.Refused(t, err, "InvalidClientException", "")
	}
	for _, id := range []string{"apl-abcd1234a1b2c3", "apl-abcd1234a1b2c3d4e"} {
		_, err := c.SSO.DescribeApplication(ctx,
			&ssoadmin.DescribeApplicationInput{ApplicationArn: aws.String("arn:aws:sso::" + c.Account + ":application/" +
				worldtest.InstanceID(c.Instance) + "/" + id)})
		worldtest.Refused(t, err, "ValidationException", "regular expression")
	}
}
