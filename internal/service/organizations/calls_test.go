package organizations_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"granary"
	"granary/internal/worldtest"
)

const tagPolicy = orgtypes.EffectivePolicyTypeTagPolicy

// things are the ids that calls are about.
type things struct{ root, unit, policy, account string }

// calls is one well-formed call of every operation.
func (x *tree) calls(ctx context.Context, org *organizations.Client, on things) map[string]error {
	root, unit, policy, account, service := &on.root, &on.unit, &on.policy, &on.account, aws.String("x.amazonaws.com")
	name, email, shake, request := aws.String("n"), aws.String("called@larkspur.example"), aws.String("h-0123456789"),
		aws.String("car-0123456789abcdef")
	content, tags := aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)),
		[]orgtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
	return map[string]error{
		"CreateOrganization":   worldtest.ErrorOf(org.CreateOrganization(ctx, nil)),
		"DescribeOrganization": worldtest.ErrorOf(org.DescribeOrganization(ctx, nil)),
		"DeleteOrganization":   worldtest.ErrorOf(org.DeleteOrganization(ctx, nil)),
		"LeaveOrganization":    worldtest.ErrorOf(org.LeaveOrganization(ctx, nil)),
		"EnableAllFeatures":    worldtest.ErrorOf(org.EnableAllFeatures(ctx, nil)),
		"ListRoots":            worldtest.ErrorOf(org.ListRoots(ctx, nil)),
		"ListParents":          worldtest.ErrorOf(org.ListParents(ctx, &organizations.ListParentsInput{ChildId: account})),
		"ListChildren": worldtest.ErrorOf(org.ListChildren(ctx,
			&organizations.ListChildrenInput{ParentId: root, ChildType: orgtypes.ChildTypeAccount})),

		"CreateOrganizationalUnit": worldtest.ErrorOf(org.CreateOrganizationalUnit(ctx,
			&organizations.CreateOrganizationalUnitInput{ParentId: root, Name: name, Tags: tags})),
		"DescribeOrganizationalUnit": worldtest.ErrorOf(org.DescribeOrganizationalUnit(ctx,
			&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: unit})),
		"UpdateOrganizationalUnit": worldtest.ErrorOf(org.UpdateOrganizationalUnit(ctx,
			&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: unit, Name: aws.String("m")})),
		"DeleteOrganizationalUnit": worldtest.ErrorOf(org.DeleteOrganizationalUnit(ctx,
			&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: unit})),
		"ListOrganizationalUnitsForParent": worldtest.ErrorOf(org.ListOrganizationalUnitsForParent(ctx,
			&organizations.ListOrganizationalUnitsForParentInput{ParentId: root})),

		"CreateAccount": worldtest.ErrorOf(org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: name,
			Email: email, Tags: tags})),
		"DescribeCreateAccountStatus": worldtest.ErrorOf(org.DescribeCreateAccountStatus(ctx,
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: request})),
		"ListCreateAccountStatus": worldtest.ErrorOf(org.ListCreateAccountStatus(ctx, nil)),
		"ListAccounts":            worldtest.ErrorOf(org.ListAccounts(ctx, nil)),
		"ListAccountsForParent": worldtest.ErrorOf(org.ListAccountsForParent(ctx,
			&organizations.ListAccountsForParentInput{ParentId: root})),
		"DescribeAccount": worldtest.ErrorOf(org.DescribeAccount(ctx,
			&organizations.DescribeAccountInput{AccountId: account})),
		"MoveAccount": worldtest.ErrorOf(org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: account,
			SourceParentId: root, DestinationParentId: unit})),
		"CloseAccount": worldtest.ErrorOf(org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: account})),
		"RemoveAccountFromOrganization": worldtest.ErrorOf(org.RemoveAccountFromOrganization(ctx,
			&organizations.RemoveAccountFromOrganizationInput{AccountId: account})),

		"InviteAccountToOrganization": worldtest.ErrorOf(org.InviteAccountToOrganization(ctx,
			&organizations.InviteAccountToOrganizationInput{
				Target: &orgtypes.HandshakeParty{Type: orgtypes.HandshakePartyTypeAccount, Id: account}, Tags: tags})),
		"DescribeHandshake": worldtest.ErrorOf(org.DescribeHandshake(ctx,
			&organizations.DescribeHandshakeInput{HandshakeId: shake})),
		"AcceptHandshake": worldtest.ErrorOf(org.AcceptHandshake(ctx,
			&organizations.AcceptHandshakeInput{HandshakeId: shake})),
		"DeclineHandshake": worldtest.ErrorOf(org.DeclineHandshake(ctx,
			&organizations.DeclineHandshakeInput{HandshakeId: shake})),
		"CancelHandshake": worldtest.ErrorOf(org.CancelHandshake(ctx,
			&organizations.CancelHandshakeInput{HandshakeId: shake})),
		"ListHandshakesForAccount":      worldtest.ErrorOf(org.ListHandshakesForAccount(ctx, nil)),
		"ListHandshakesForOrganization": worldtest.ErrorOf(org.ListHandshakesForOrganization(ctx, nil)),

		"CreatePolicy": worldtest.ErrorOf(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: name,
			Description: name, Content: content, Tags: tags})),
		"DescribePolicy": worldtest.ErrorOf(org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: policy})),
		"UpdatePolicy": worldtest.ErrorOf(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: policy,
			Description: name})),
		"ListPolicies": worldtest.ErrorOf(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: scp})),
		"AttachPolicy": worldtest.ErrorOf(org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: policy,
			TargetId: account})),
		"ListPoliciesForTarget": worldtest.ErrorOf(org.ListPoliciesForTarget(ctx,
			&organizations.ListPoliciesForTargetInput{TargetId: root,
				Filter: scp})),
		"ListTargetsForPolicy": worldtest.ErrorOf(org.ListTargetsForPolicy(ctx,
			&organizations.ListTargetsForPolicyInput{PolicyId: policy})),
		"DetachPolicy": worldtest.ErrorOf(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: policy,
			TargetId: account})),
		"DeletePolicy": worldtest.ErrorOf(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: policy})),
		"DisablePolicyType": worldtest.ErrorOf(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: root,
			PolicyType: rcp})),
		"EnablePolicyType": worldtest.ErrorOf(org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: root,
			PolicyType: rcp})),

		"DescribeEffectivePolicy": worldtest.ErrorOf(org.DescribeEffectivePolicy(ctx,
			&organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy, TargetId: account})),
		"ListAccountsWithInvalidEffectivePolicy": worldtest.ErrorOf(org.ListAccountsWithInvalidEffectivePolicy(ctx,
			&organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: tagPolicy})),

		"TagResource": worldtest.ErrorOf(org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: root, Tags: tags})),
		"UntagResource": worldtest.ErrorOf(org.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: root,
			TagKeys: []string{"a"}})),
		"ListTagsForResource": worldtest.ErrorOf(org.ListTagsForResource(ctx,
			&organizations.ListTagsForResourceInput{ResourceId: root})),

		"EnableAWSServiceAccess": worldtest.ErrorOf(org.EnableAWSServiceAccess(ctx,
			&organizations.EnableAWSServiceAccessInput{ServicePrincipal: service})),
		"ListAWSServiceAccessForOrganization": worldtest.ErrorOf(org.ListAWSServiceAccessForOrganization(ctx, nil)),
		"RegisterDelegatedAdministrator": worldtest.ErrorOf(org.RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: account, ServicePrincipal: service})),
		"ListDelegatedAdministrators": worldtest.ErrorOf(org.ListDelegatedAdministrators(ctx, nil)),
		"ListDelegatedServicesForAccount": worldtest.ErrorOf(org.ListDelegatedServicesForAccount(ctx,
			&organizations.ListDelegatedServicesForAccountInput{AccountId: account})),
		"DeregisterDelegatedAdministrator": worldtest.ErrorOf(org.DeregisterDelegatedAdministrator(ctx,
			&organizations.DeregisterDelegatedAdministratorInput{AccountId: account, ServicePrincipal: service})),
		"DisableAWSServiceAccess": worldtest.ErrorOf(org.DisableAWSServiceAccess(ctx,
			&organizations.DisableAWSServiceAccessInput{ServicePrincipal: service})),

		// The resource policy last: it is what may have let the caller in.
		"DescribeResourcePolicy": worldtest.ErrorOf(org.DescribeResourcePolicy(ctx, nil)),
		"PutResourcePolicy": worldtest.ErrorOf(org.PutResourcePolicy(ctx,
			&organizations.PutResourcePolicyInput{
				Content: aws.String(worldtest.Policy(`{"Effect":"Deny","Principal":{"AWS":"` + x.Account +
					`"},"Action":"organizations:ListRoots","Resource":"*"}`))})),
		"DeleteResourcePolicy": worldtest.ErrorOf(org.DeleteResourcePolicy(ctx, nil)),
	}
}

// Whom the operations are for (AWS Organizations API, the last sentences of each description). Those in no set are the
// management account's.
var (
	orgEveryones = map[string]bool{"CreateOrganization": true, "DescribeOrganization": true, "LeaveOrganization": true,
		"DescribeHandshake": true, "AcceptHandshake": true,
		"DeclineHandshake": true, "CancelHandshake": true, "ListHandshakesForAccount": true}
	orgReaders = map[string]bool{"ListRoots": true, "ListParents": true, "ListChildren": true,
		"DescribeOrganizationalUnit": true, "ListOrganizationalUnitsForParent": true,
		"DescribeCreateAccountStatus": true, "ListCreateAccountStatus": true, "ListAccounts": true,
		"ListAccountsForParent": true, "DescribeAccount": true,
		"ListHandshakesForOrganization": true, "DescribePolicy": true, "ListPolicies": true, "ListPoliciesForTarget": true,
		"ListTargetsForPolicy":    true,
		"DescribeEffectivePolicy": true, "ListAccountsWithInvalidEffectivePolicy": true, "ListTagsForResource": true,
		"ListAWSServiceAccessForOrganization": true,
		"ListDelegatedAdministrators":         true, "ListDelegatedServicesForAccount": true, "DescribeResourcePolicy": true}
	orgDelegable = map[string]bool{"CreatePolicy": true, "UpdatePolicy": true, "AttachPolicy": true, "DetachPolicy": true,
		"DeletePolicy": true, "EnablePolicyType": true,
		"DisablePolicyType": true, "TagResource": true, "UntagResource": true}
)

// Who may do what: nobody without a policy, members what is their own, those who administer a service for the
// organization read, whom the resource policy lets in manages policies too, and the management account everything.
func (x *tree) testCallers(t *testing.T) {
	ctx := t.Context()
	member, lead, let := worldtest.JoinAccount(t, x.World, x.admin, "member"),
		worldtest.JoinAccount(t, x.World, x.admin, "lead"),
		worldtest.JoinAccount(t, x.World, x.admin, "let")
	on := func() things {
		return things{root: x.root, unit: x.unit(t, x.root, granary.Hex(8)),
			policy:  x.policy(t, scp, granary.Hex(8), `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`),
			account: worldtest.JoinAccount(t, x.World, x.admin, "of-"+granary.Hex(8)).ID}
	}
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(x.org.RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &lead.ID,
			ServicePrincipal: aws.String("audit.example.com")}))
	worldtest.Must[*organizations.PutResourcePolicyOutput](t)(x.org.PutResourcePolicy(ctx,
		&organizations.PutResourcePolicyInput{Content: aws.String(worldtest.Policy(
			`{"Effect":"Allow","Principal":{"AWS":"` + let.ID + `"},"Action":"organizations:*","Resource":"*"}`))}))
	nobody := x.user(t, "nobody")
	for _, who := range []struct {
		name string
		org  *organizations.Client
		may  func(operation string) bool
	}{
		{"nobody", x.as(nobody), func(string) bool { return false }},
		{"a member", x.as(member.Key), func(op string) bool { return orgEveryones[op] }},
		{"an administrator of a service", x.as(lead.Key), func(op string) bool { return orgEveryones[op] || orgReaders[op] }},
		{"whom the resource policy lets in", x.as(let.Key),
			func(op string) bool { return orgEveryones[op] || orgReaders[op] || orgDelegable[op] }},
		{"the management account", x.org, func(string) bool { return true }},
	} {
		calls := x.calls(ctx, who.org, on())
		if len(calls) != 55 {
			t.Errorf("%d operations, want 55", len(calls))
		}
		for op, err := range calls {
			t.Run(who.name+"/"+op, func(t *testing.T) {
				var e smithy.APIError
				if !who.may(op) {
					worldtest.Refused(t, err, denied, "is not authorized to perform: organizations:"+op)
				} else if errors.As(err, &e) && e.ErrorCode() == denied {
					t.Error(err)
				}
			})
		}
	}
	// A member may ask for its own effective policy, and for nobody else's.
	_, err := x.as(member.Key).DescribeEffectivePolicy(ctx,
		&organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy})
	worldtest.Refused(t, err, "EffectivePolicyNotFoundException", "no effective policy")
	_, err = x.as(member.Key).DescribeEffectivePolicy(ctx,
		&organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy, TargetId: &member.ID})
	worldtest.Refused(t, err, "EffectivePolicyNotFoundException", "no effective policy")
}
