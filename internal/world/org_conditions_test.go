package world_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
)

// The condition keys of AWS Organizations' own (Service Authorization Reference, "AWS Organizations"), each with the operations that have
// it: whom a policy lets in by one value is kept out by another.
func (x *tree) testConditionKeys(t *testing.T) {
	ctx := t.Context()
	with := func(name, key, value string) *organizations.Client {
		k := x.user(t, name)
		must[*iam.PutUserPolicyOutput](t)(iam.NewFromConfig(x.AWS(x.admin)).PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(statement(`{"Effect":"Allow","Action":"organizations:*","Resource":"*","Condition":{"StringEquals":{"` + key + `":"` + value + `"}}}`))}))
		return x.as(k)
	}
	m := join(t, x.World, x.admin, "apps")
	own := map[orgtypes.PolicyType]*string{scp: aws.String(x.policy(t, scp, "s", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)),
		rcp: aws.String(x.policy(t, rcp, "r", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))}
	byType := func(org *organizations.Client, kind orgtypes.PolicyType) map[string]error {
		id, unit := own[kind], x.unit(t, x.root, "u"+*own[kind])
		content := `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`
		if kind == rcp {
			content = `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
		}
		return map[string]error{
			"CreatePolicy":          only(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: kind, Name: aws.String("n"), Description: aws.String("d"), Content: aws.String(statement(content))})),
			"DescribePolicy":        only(org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: id})),
			"UpdatePolicy":          only(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: id, Description: aws.String("d")})),
			"ListPolicies":          only(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: kind})),
			"AttachPolicy":          only(org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: id, TargetId: &unit})),
			"ListPoliciesForTarget": only(org.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &unit, Filter: kind})),
			"ListTargetsForPolicy":  only(org.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: id})),
			"DetachPolicy":          only(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: id, TargetId: &unit})),
			"DisablePolicyType":     only(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: kind})),
			"EnablePolicyType":      only(org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &x.root, PolicyType: kind})),
			"DeletePolicy":          only(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: id})),
		}
	}
	effective := func(org *organizations.Client, kind orgtypes.EffectivePolicyType) map[string]error {
		return map[string]error{
			"DescribeEffectivePolicy":                only(org.DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: kind, TargetId: &m.id})),
			"ListAccountsWithInvalidEffectivePolicy": only(org.ListAccountsWithInvalidEffectivePolicy(ctx, &organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: kind})),
		}
	}
	byService := func(org *organizations.Client, service string) map[string]error {
		return map[string]error{
			"EnableAWSServiceAccess":           only(org.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: &service})),
			"RegisterDelegatedAdministrator":   only(org.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &m.id, ServicePrincipal: &service})),
			"ListDelegatedAdministrators":      only(org.ListDelegatedAdministrators(ctx, &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: &service})),
			"DeregisterDelegatedAdministrator": only(org.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.id, ServicePrincipal: &service})),
			"DisableAWSServiceAccess":          only(org.DisableAWSServiceAccess(ctx, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: &service})),
		}
	}
	scps, tags, sso := with("scps", "organizations:PolicyType", string(scp)), with("tags", "organizations:PolicyType", string(tagPolicy)), with("sso", "organizations:ServicePrincipal", "sso.amazonaws.com")
	for _, c := range []struct {
		about string
		calls map[string]error
		may   bool
	}{
		{"resource control policies", byType(scps, rcp), false},
		{"service control policies", byType(scps, scp), true},
		{"effective backup policies", effective(tags, "BACKUP_POLICY"), false},
		{"effective tag policies", effective(tags, tagPolicy), true},
		{"another service", byService(sso, "s3.amazonaws.com"), false},
		{"the service", byService(sso, "sso.amazonaws.com"), true},
	} {
		for op, err := range c.calls {
			t.Run(c.about+"/"+op, func(t *testing.T) {
				var e smithy.APIError
				if !c.may {
					refused(t, err, denied, "organizations:"+op)
				} else if errors.As(err, &e) && e.ErrorCode() == denied {
					t.Error(err)
				}
			})
		}
	}
	// Administrators of any service are not those of one.
	_, err := sso.ListDelegatedAdministrators(ctx, nil)
	refused(t, err, denied, "organizations:ListDelegatedAdministrators")
}
