package organizations_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"granary"
	"granary/internal/server"
	"granary/internal/store"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// An organization with as many units, policies and accounts as it can have takes no more, and works as a small one
// does.
func TestAFullOrganization(t *testing.T) {
	t.Parallel()
	const most = 10_000
	ctx := t.Context()
	config := worldtest.Defaults(t)
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0",
		slog.New(slog.DiscardHandler)))
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	db := worldtest.Must[*store.DB](t)(server.OpenState(ctx, config))
	err := db.Update(ctx, func(tx *store.Tx) error {
		o, err := tx.Organization.Get()
		if err != nil {
			return err
		}
		for i := range most - 1 { // one of each can still be made
			unit := &granary.OrgUnit{ID: fmt.Sprintf("ou-%s-%08d", o.RootID[2:], i), Parent: o.RootID, Name: fmt.Sprint(i)}
			if err := tx.OrgUnits.Create(unit); err != nil {
				return err
			}
			if err := tx.OrgPolicies.Create(&granary.OrgPolicy{ID: fmt.Sprintf("p-%08d", i), Type: granary.ServiceControl,
				Name: fmt.Sprint(i), Content: worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)}); err != nil {
				return err
			}
			if i == 0 {
				continue // the management account is one
			}
			if err := tx.Accounts.Create(&granary.Account{ID: granary.AccountID(fmt.Sprintf("%012d", i)), Name: "a",
				Email: fmt.Sprintf("a%d@larkspur.example", i), Parent: unit.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	w = worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0",
		slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { w.Stop() })
	x := grow(t, w)
	m := worldtest.JoinAccount(t, w, x.admin, "last")
	unit := x.unit(t, x.root, "last")
	policy := x.policy(t, scp, "last", `{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}`)
	x.move(t, m.ID, x.root, unit)
	x.attach(t, policy, unit)
	_, err = iam.NewFromConfig(x.AWS(m.Key)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
	worldtest.Refused(t, err, "AccessDenied", "explicit deny in a service control policy")
	for _, more := range []struct {
		err    error
		reason orgtypes.ConstraintViolationExceptionReason
	}{
		{worldtest.ErrorOf(x.org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("n"),
			Email: aws.String("more@larkspur.example")})), "ACCOUNT_NUMBER_LIMIT_EXCEEDED"},
		{worldtest.ErrorOf(x.org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &x.root,
			Name: aws.String("more")})), "OU_NUMBER_LIMIT_EXCEEDED"},
		{worldtest.ErrorOf(x.org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: aws.String("more"),
			Description: aws.String(""),
			Content:     aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))})),
			"POLICY_NUMBER_LIMIT_EXCEEDED"},
	} {
		var e *orgtypes.ConstraintViolationException
		if !errors.As(more.err, &e) || e.Reason != more.reason {
			t.Errorf("got %v, want the reason %s", more.err, more.reason)
		}
	}
	x.policy(t, rcp, "of the other type", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)
}
