package ssoadmin_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/world"
	"granary/internal/worldtest"
)

// Tools that look for permission sets find none, and are told when they make one.
func TestThereAreNoPermissionSets(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Must[*world.Company](t)(worldtest.Start(t).Directory(ctx))
	sso := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	if list := worldtest.Must[*ssoadmin.ListPermissionSetsOutput](t)(sso.ListPermissionSets(ctx,
		&ssoadmin.ListPermissionSetsInput{InstanceArn: &c.Instance})); list.PermissionSets == nil ||
		len(list.PermissionSets) != 0 {
		t.Errorf("permission sets: %+v", list)
	}
	if list := worldtest.Must[*ssoadmin.ListAccountAssignmentsForPrincipalOutput](t)(
		sso.ListAccountAssignmentsForPrincipal(ctx,
			&ssoadmin.ListAccountAssignmentsForPrincipalInput{InstanceArn: &c.Instance,
				PrincipalId:   aws.String("94482488-3041-7030-9b21-0123456789ab"),
				PrincipalType: ssotypes.PrincipalTypeUser})); list.AccountAssignments == nil || len(list.AccountAssignments) != 0 {
		t.Errorf("assignments: %+v", list)
	}
	_, err := sso.ListPermissionSets(ctx,
		&ssoadmin.ListPermissionSetsInput{InstanceArn: aws.String("arn:aws:sso:::instance/ssoins-0000000000000000")})
	worldtest.Refused(t, err, "AccessDeniedException", "There is no Identity Center instance")
	_, err = sso.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: &c.Instance,
		Name: aws.String("Admins")})
	worldtest.Refused(t, err, "AccessDeniedException", "Permission sets and account assignments are not supported here")
	_, err = sso.AddRegion(ctx, &ssoadmin.AddRegionInput{InstanceArn: &c.Instance, RegionName: aws.String("eu-west-1")})
	worldtest.Refused(t, err, "ValidationException", "Further Regions")
}
