package ssoadmin_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

// TestNothingIsMadeInADeletedInstance makes applications and issuers while their instance is being deleted. Those made
// before are deleted with it, and none is made after.
func TestNothingIsMadeInADeletedInstance(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
	made := 0
	for round := range 20 {
		instance := worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(sso.CreateInstance(ctx,
			&ssoadmin.CreateInstanceInput{})).InstanceArn
		var applications, issuers [8]*string
		var wait sync.WaitGroup
		for n := range applications {
			wait.Go(func() {
				out, err := sso.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: instance,
					ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom"),
					Name:                   aws.String(fmt.Sprintf("app-%d-%d", round, n))})
				if err == nil {
					applications[n] = out.ApplicationArn
				}
			})
			wait.Go(func() {
				out, err := sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: instance,
					Name:                   aws.String(fmt.Sprintf("issuer-%d-%d", round, n)),
					TrustedTokenIssuerType: ssotypes.TrustedTokenIssuerTypeOidcJwt,
					TrustedTokenIssuerConfiguration: &ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{
						Value: ssotypes.OidcJwtConfiguration{
							IssuerUrl:                  aws.String(fmt.Sprintf("https://id-%d.example", n)),
							ClaimAttributePath:         aws.String("email"),
							IdentityStoreAttributePath: aws.String("emails.value"),
							JwksRetrievalOption:        ssotypes.JwksRetrievalOptionOpenIdDiscovery}}})
				if err == nil {
					issuers[n] = out.TrustedTokenIssuerArn
				}
			})
		}
		wait.Go(func() {
			_, err := sso.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: instance})
			worldtest.Allowed(t, "delete the instance", err)
		})
		wait.Wait()
		for n := range applications {
			if arn := applications[n]; arn != nil {
				made++
				if _, err := sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: arn}); err == nil {
					t.Errorf("%s outlives its instance", *arn)
				}
			}
			if arn := issuers[n]; arn != nil {
				made++
				if _, err := sso.DescribeTrustedTokenIssuer(ctx,
					&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: arn}); err == nil {
					t.Errorf("%s outlives its instance", *arn)
				}
			}
		}
	}
	t.Logf("%d were made before their instance was deleted", made)
}
