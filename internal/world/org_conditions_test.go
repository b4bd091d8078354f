package world_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"granary"
	"granary/internal/client"
)

// The condition keys of AWS Organizations' own (Service Authorization Reference, "AWS Organizations"), each with the operations that have
// it: whom a policy lets in by one value is kept out by another.
func (x *tree) testConditionKeys(t *testing.T) {
	ctx := t.Context()
	with := func(name, key, value string) *organizations.Client {
		return x.employ(t, name, `{"Effect":"Allow","Action":"organizations:*","Resource":"*","Condition":{"StringEquals":{"`+key+`":"`+value+`"}}}`)
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

// employ is the client of a user of the management account with one statement for a policy.
func (x *tree) employ(t *testing.T, name, policy string) *organizations.Client {
	t.Helper()
	k := x.user(t, name)
	must[*iam.PutUserPolicyOutput](t)(iam.NewFromConfig(x.AWS(x.admin)).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(statement(policy))}))
	return x.as(k)
}

// What is made is judged by what it will be: a statement that names where policies of a type are, and the resource policy, lets them be made.
func (x *tree) testResources(t *testing.T) {
	ctx := t.Context()
	m := join(t, x.World, x.admin, "apps")
	o := *must[*organizations.DescribeOrganizationOutput](t)(x.org.DescribeOrganization(ctx, nil)).Organization.Id
	arn := "arn:aws:organizations::" + x.Account + ":"
	create := func(org *organizations.Client, kind orgtypes.PolicyType, tags []orgtypes.Tag) error {
		content := `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
		if kind == scp {
			content = `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`
		}
		return only(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: kind, Name: aws.String(granary.Hex(8)), Description: aws.String(""), Content: aws.String(statement(content)), Tags: tags}))
	}
	put := func(org *organizations.Client, tags []orgtypes.Tag) error {
		return only(org.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Tags: tags, Content: aws.String(statement(`{"Effect":"Deny","Principal":"*","Action":"organizations:ListRoots","Resource":"*"}`))}))
	}
	scps := x.employ(t, "scps", `{"Effect":"Allow","Action":["organizations:CreatePolicy","organizations:TagResource"],"Resource":"`+arn+`policy/`+o+`/service_control_policy/*"}`)
	typed := x.employ(t, "typed", `{"Effect":"Allow","Action":["organizations:CreatePolicy","organizations:TagResource"],"Resource":"*","Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}`)
	resource := x.employ(t, "resource", `{"Effect":"Allow","Action":["organizations:PutResourcePolicy","organizations:TagResource"],"Resource":"`+arn+`resourcepolicy/`+o+`/*"}`)
	check(t, []outcome{
		{"a service control policy", create(scps, scp, orgTags("a", "b")), "", ""},
		{"a resource control policy", create(scps, rcp, nil), denied, "organizations:CreatePolicy"},
		{"a service control policy, by its type", create(typed, scp, orgTags("a", "b")), "", ""},
		{"a resource control policy, by its type", create(typed, rcp, nil), denied, "organizations:CreatePolicy"},
		{"the resource policy", put(resource, orgTags("a", "b")), "", ""},
		{"the resource policy that there is", put(resource, nil), "", ""},
		{"the resource policy, by who makes policies", put(scps, nil), denied, "organizations:PutResourcePolicy"},
	})
	// A member is let in to one type of policies, by the resources as AWS's guide names them.
	must[*organizations.PutResourcePolicyOutput](t)(x.org.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Content: aws.String(statement(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + m.id + `:root"},
		"Action":["organizations:CreatePolicy","organizations:UpdatePolicy","organizations:DeletePolicy","organizations:AttachPolicy","organizations:DetachPolicy","organizations:EnablePolicyType","organizations:DisablePolicyType"],
		"Resource":["` + arn + `root/` + o + `/` + x.root + `","` + arn + `ou/` + o + `/*","` + arn + `account/` + o + `/*","` + arn + `policy/` + o + `/service_control_policy/*"],
		"Condition":{"StringLikeIfExists":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}`))}))
	member, unit := x.as(m.key), x.unit(t, x.root, "u")
	made := must[*organizations.CreatePolicyOutput](t)(member.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: aws.String("theirs"), Description: aws.String(""), Content: aws.String(statement(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))})).Policy.PolicySummary.Id
	theirs := aws.String(x.policy(t, rcp, "r", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))
	check(t, []outcome{
		{"attach", only(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: made, TargetId: &unit})), "", ""},
		{"attach to the root", only(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: made, TargetId: &x.root})), "", ""},
		{"change", only(member.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: made, Name: aws.String("ours")})), "", ""},
		{"detach from the root", only(member.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: made, TargetId: &x.root})), "", ""},
		{"detach", only(member.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: made, TargetId: &unit})), "", ""},
		{"delete", only(member.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: made})), "", ""},
		{"make one of the other type", create(member, rcp, nil), denied, "organizations:CreatePolicy"},
		{"attach one of the other type", only(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: theirs, TargetId: &unit})), denied, "organizations:AttachPolicy"},
		{"switch the other type off", only(member.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: rcp})), denied, "organizations:DisablePolicyType"},
		{"attach AWS's own", only(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: aws.String("p-FullAWSAccess"), TargetId: &unit})), denied, "organizations:AttachPolicy"},
		{"tag", only(member.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &unit, Tags: orgTags("a", "b")})), denied, "organizations:TagResource"},
	})

	// An account's own effective policy is about the account.
	name := "own"
	k := iam.NewFromConfig(x.AWS(m.key))
	must[*iam.CreateUserOutput](t)(k.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}))
	key := must[*iam.CreateAccessKeyOutput](t)(k.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
	own := x.as(client.Key{ID: *key.AccessKeyId, Secret: *key.SecretAccessKey})
	effective := func() error {
		return only(own.DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy}))
	}
	refused(t, effective(), denied, "organizations:DescribeEffectivePolicy")
	must[*iam.PutUserPolicyOutput](t)(k.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(statement(`{"Effect":"Allow","Action":"organizations:DescribeEffectivePolicy","Resource":"` + arn + `account/` + o + `/` + m.id + `"}`))}))
	refused(t, effective(), "EffectivePolicyNotFoundException", "no effective policy")
}
