package organizations_test

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
	"granary/internal/worldtest"
)

// The condition keys of AWS Organizations' own (Service Authorization Reference, "AWS Organizations"), each with the
// operations that have it: whom a policy lets in by one value is kept out by another.
func (x *tree) testConditionKeys(t *testing.T) {
	ctx := t.Context()
	with := func(name, key, value string) *organizations.Client {
		return x.employ(t, name, `{"Effect":"Allow","Action":"organizations:*","Resource":"*","Condition":{"StringEquals":{"`+
			key+`":"`+value+`"}}}`)
	}
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	own := map[orgtypes.PolicyType]*string{
		scp: aws.String(x.policy(t, scp, "s", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)),
		rcp: aws.String(x.policy(t, rcp, "r", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))}
	byType := func(org *organizations.Client, kind orgtypes.PolicyType) map[string]error {
		id, unit := own[kind], x.unit(t, x.root, "u"+*own[kind])
		content := `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`
		if kind == rcp {
			content = `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
		}
		return map[string]error{
			"CreatePolicy": worldtest.ErrorOf(org.CreatePolicy(ctx,
				&organizations.CreatePolicyInput{Type: kind, Name: aws.String("n"), Description: aws.String("d"),
					Content: aws.String(worldtest.Policy(content))})),
			"DescribePolicy": worldtest.ErrorOf(org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: id})),
			"UpdatePolicy": worldtest.ErrorOf(org.UpdatePolicy(ctx,
				&organizations.UpdatePolicyInput{PolicyId: id, Description: aws.String("d")})),
			"ListPolicies": worldtest.ErrorOf(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: kind})),
			"AttachPolicy": worldtest.ErrorOf(org.AttachPolicy(ctx,
				&organizations.AttachPolicyInput{PolicyId: id, TargetId: &unit})),
			"ListPoliciesForTarget": worldtest.ErrorOf(org.ListPoliciesForTarget(ctx,
				&organizations.ListPoliciesForTargetInput{TargetId: &unit, Filter: kind})),
			"ListTargetsForPolicy": worldtest.ErrorOf(org.ListTargetsForPolicy(ctx,
				&organizations.ListTargetsForPolicyInput{PolicyId: id})),
			"DetachPolicy": worldtest.ErrorOf(org.DetachPolicy(ctx,
				&organizations.DetachPolicyInput{PolicyId: id, TargetId: &unit})),
			"DisablePolicyType": worldtest.ErrorOf(org.DisablePolicyType(ctx,
				&organizations.DisablePolicyTypeInput{RootId: &x.root,
					PolicyType: kind})),
			"EnablePolicyType": worldtest.ErrorOf(org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &x.root,
				PolicyType: kind})),
			"DeletePolicy": worldtest.ErrorOf(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: id})),
		}
	}
	effective := func(org *organizations.Client, kind orgtypes.EffectivePolicyType) map[string]error {
		return map[string]error{
			"DescribeEffectivePolicy": worldtest.ErrorOf(org.DescribeEffectivePolicy(ctx,
				&organizations.DescribeEffectivePolicyInput{PolicyType: kind, TargetId: &m.ID})),
			"ListAccountsWithInvalidEffectivePolicy": worldtest.ErrorOf(org.ListAccountsWithInvalidEffectivePolicy(ctx,
				&organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: kind})),
		}
	}
	byService := func(org *organizations.Client, service string) map[string]error {
		return map[string]error{
			"EnableAWSServiceAccess": worldtest.ErrorOf(org.EnableAWSServiceAccess(ctx,
				&organizations.EnableAWSServiceAccessInput{ServicePrincipal: &service})),
			"RegisterDelegatedAdministrator": worldtest.ErrorOf(org.RegisterDelegatedAdministrator(ctx,
				&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID, ServicePrincipal: &service})),
			"ListDelegatedAdministrators": worldtest.ErrorOf(org.ListDelegatedAdministrators(ctx,
				&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: &service})),
			"DeregisterDelegatedAdministrator": worldtest.ErrorOf(org.DeregisterDelegatedAdministrator(ctx,
				&organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.ID, ServicePrincipal: &service})),
			"DisableAWSServiceAccess": worldtest.ErrorOf(org.DisableAWSServiceAccess(ctx,
				&organizations.DisableAWSServiceAccessInput{ServicePrincipal: &service})),
		}
	}
	scps, tags, sso := with("scps", "organizations:PolicyType", string(scp)),
		with("tags", "organizations:PolicyType", string(tagPolicy)),
		with("sso", "organizations:ServicePrincipal", "sso.amazonaws.com")
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
					worldtest.Refused(t, err, denied, "organizations:"+op)
				} else if errors.As(err, &e) && e.ErrorCode() == denied {
					t.Error(err)
				}
			})
		}
	}
	// Administrators of any service are not those of one.
	_, err := sso.ListDelegatedAdministrators(ctx, nil)
	worldtest.Refused(t, err, denied, "organizations:ListDelegatedAdministrators")
}

// employ is the client of a user of the management account with one statement for a policy.
func (x *tree) employ(t *testing.T, name, policy string) *organizations.Client {
	t.Helper()
	k := x.user(t, name)
	worldtest.Must[*iam.PutUserPolicyOutput](t)(iam.NewFromConfig(x.AWS(x.admin)).PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(worldtest.Policy(policy))}))
	return x.as(k)
}

// What is made is judged by what it will be: a statement that names where policies of a type are, and the resource
// policy, lets them be made.
func (x *tree) testResources(t *testing.T) {
	ctx := t.Context()
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	o := *worldtest.Must[*organizations.DescribeOrganizationOutput](t)(x.org.DescribeOrganization(ctx,
		nil)).Organization.Id
	arn := "arn:aws:organizations::" + x.Account + ":"
	create := func(org *organizations.Client, kind orgtypes.PolicyType, tags []orgtypes.Tag) error {
		content := `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`
		if kind == scp {
			content = `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`
		}
		return worldtest.ErrorOf(org.CreatePolicy(ctx,
			&organizations.CreatePolicyInput{Type: kind, Name: aws.String(granary.Hex(8)),
				Description: aws.String(""), Content: aws.String(worldtest.Policy(content)), Tags: tags}))
	}
	put := func(org *organizations.Client, tags []orgtypes.Tag) error {
		return worldtest.ErrorOf(org.PutResourcePolicy(ctx,
			&organizations.PutResourcePolicyInput{Tags: tags,
				Content: aws.String(worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"organizations:ListRoots",` +
					`"Resource":"*"}`))}))
	}
	scps := x.employ(t, "scps", `{"Effect":"Allow","Action":["organizations:CreatePolicy","organizations:TagResource"],`+
		`"Resource":"`+arn+`policy/`+o+`/service_control_policy/*"}`)
	typed := x.employ(t, "typed", `{"Effect":"Allow","Action":["organizations:CreatePolicy",`+
		`"organizations:TagResource"],"Resource":"*",`+
		`"Condition":{"StringEquals":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}`)
	resource := x.employ(t, "resource", `{"Effect":"Allow","Action":["organizations:PutResourcePolicy",`+
		`"organizations:TagResource"],"Resource":"`+arn+`resourcepolicy/`+o+`/*"}`)
	worldtest.CheckOutcomes(t, []outcome{
		{"a service control policy", create(scps, scp, orgTags("a", "b")), "", ""},
		{"a resource control policy", create(scps, rcp, nil), denied, "organizations:CreatePolicy"},
		{"a service control policy, by its type", create(typed, scp, orgTags("a", "b")), "", ""},
		{"a resource control policy, by its type", create(typed, rcp, nil), denied, "organizations:CreatePolicy"},
		{"the resource policy", put(resource, orgTags("a", "b")), "", ""},
		{"the resource policy that there is", put(resource, nil), "", ""},
		{"the resource policy, by who makes policies", put(scps, nil), denied, "organizations:PutResourcePolicy"},
	})
	// A member is let in to one type of policies, by the resources as AWS's guide names them.
	worldtest.Must[*organizations.PutResourcePolicyOutput](t)(x.org.PutResourcePolicy(ctx,
		&organizations.PutResourcePolicyInput{Content: aws.String(worldtest.Policy(`{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::` + m.ID + `:root"},
		"Action":["organizations:CreatePolicy","organizations:UpdatePolicy","organizations:DeletePolicy",
			"organizations:AttachPolicy","organizations:DetachPolicy","organizations:EnablePolicyType",
			"organizations:DisablePolicyType"],
		"Resource":["` + arn + `root/` + o + `/` + x.root + `","` + arn + `ou/` + o + `/*","` + arn + `account/` + o +
			`/*","` + arn + `policy/` + o + `/service_control_policy/*"],
		"Condition":{"StringLikeIfExists":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}`))}))
	member, unit := x.as(m.Key), x.unit(t, x.root, "u")
	made := worldtest.Must[*organizations.CreatePolicyOutput](t)(member.CreatePolicy(ctx,
		&organizations.CreatePolicyInput{Type: scp, Name: aws.String("theirs"), Description: aws.String(""),
			Content: aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))})).Policy.PolicySummary.Id
	theirs := aws.String(x.policy(t, rcp, "r", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`))
	worldtest.CheckOutcomes(t, []outcome{
		{"attach", worldtest.ErrorOf(member.AttachPolicy(ctx,
			&organizations.AttachPolicyInput{PolicyId: made, TargetId: &unit})), "", ""},
		{"attach to the root",
			worldtest.ErrorOf(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: made, TargetId: &x.root})), "",
			""},
		{"change", worldtest.ErrorOf(member.UpdatePolicy(ctx,
			&organizations.UpdatePolicyInput{PolicyId: made, Name: aws.String("ours")})),
			"", ""},
		{"detach from the root",
			worldtest.ErrorOf(member.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: made, TargetId: &x.root})), "",
			""},
		{"detach", worldtest.ErrorOf(member.DetachPolicy(ctx,
			&organizations.DetachPolicyInput{PolicyId: made, TargetId: &unit})), "", ""},
		{"delete", worldtest.ErrorOf(member.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: made})), "", ""},
		{"make one of the other type", create(member, rcp, nil), denied, "organizations:CreatePolicy"},
		{"attach one of the other type",
			worldtest.ErrorOf(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: theirs, TargetId: &unit})),
			denied,
			"organizations:AttachPolicy"},
		{"switch the other type off",
			worldtest.ErrorOf(member.DisablePolicyType(ctx,
				&organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: rcp})), denied,
			"organizations:DisablePolicyType"},
		{"attach AWS's own",
			worldtest.ErrorOf(member.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: aws.String("p-FullAWSAccess"),
				TargetId: &unit})), denied, "organizations:AttachPolicy"},
		{"tag", worldtest.ErrorOf(member.TagResource(ctx,
			&organizations.TagResourceInput{ResourceId: &unit, Tags: orgTags("a", "b")})),
			denied, "organizations:TagResource"},
	})

	// An account's own effective policy is about the account.
	name := "own"
	k := iam.NewFromConfig(x.AWS(m.Key))
	worldtest.Must[*iam.CreateUserOutput](t)(k.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}))
	key := worldtest.Must[*iam.CreateAccessKeyOutput](t)(k.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: &name})).
		AccessKey
	own := x.as(client.Key{ID: *key.AccessKeyId, Secret: *key.SecretAccessKey})
	effective := func() error {
		return worldtest.ErrorOf(own.DescribeEffectivePolicy(ctx,
			&organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy}))
	}
	worldtest.Refused(t, effective(), denied, "organizations:DescribeEffectivePolicy")
	worldtest.Must[*iam.PutUserPolicyOutput](t)(k.PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Action":"organizations:DescribeEffectivePolicy",` +
				`"Resource":"` + arn + `account/` + o + `/` + m.ID + `"}`))}))
	worldtest.Refused(t, effective(), "EffectivePolicyNotFoundException", "no effective policy")
}
