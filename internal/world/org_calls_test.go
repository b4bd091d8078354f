package world_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"

	"granary"
)

const tagPolicy = orgtypes.EffectivePolicyTypeTagPolicy

// things are the ids that calls are about.
type things struct{ root, unit, policy, account string }

// calls is one well-formed call of every operation.
func (x *tree) calls(ctx context.Context, org *organizations.Client, on things) map[string]error {
	root, unit, policy, account, service := &on.root, &on.unit, &on.policy, &on.account, aws.String("x.amazonaws.com")
	name, email, shake, request := aws.String("n"), aws.String("called@larkspur.example"), aws.String("h-0123456789"), aws.String("car-0123456789abcdef")
	content, tags := aws.String(statement(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)), []orgtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
	return map[string]error{
		"CreateOrganization":   only(org.CreateOrganization(ctx, nil)),
		"DescribeOrganization": only(org.DescribeOrganization(ctx, nil)),
		"DeleteOrganization":   only(org.DeleteOrganization(ctx, nil)),
		"LeaveOrganization":    only(org.LeaveOrganization(ctx, nil)),
		"EnableAllFeatures":    only(org.EnableAllFeatures(ctx, nil)),
		"ListRoots":            only(org.ListRoots(ctx, nil)),
		"ListParents":          only(org.ListParents(ctx, &organizations.ListParentsInput{ChildId: account})),
		"ListChildren":         only(org.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: root, ChildType: orgtypes.ChildTypeAccount})),

		"CreateOrganizationalUnit":         only(org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: root, Name: name, Tags: tags})),
		"DescribeOrganizationalUnit":       only(org.DescribeOrganizationalUnit(ctx, &organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: unit})),
		"UpdateOrganizationalUnit":         only(org.UpdateOrganizationalUnit(ctx, &organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: unit, Name: aws.String("m")})),
		"DeleteOrganizationalUnit":         only(org.DeleteOrganizationalUnit(ctx, &organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: unit})),
		"ListOrganizationalUnitsForParent": only(org.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: root})),

		"CreateAccount":                 only(org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: name, Email: email, Tags: tags})),
		"DescribeCreateAccountStatus":   only(org.DescribeCreateAccountStatus(ctx, &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: request})),
		"ListCreateAccountStatus":       only(org.ListCreateAccountStatus(ctx, nil)),
		"ListAccounts":                  only(org.ListAccounts(ctx, nil)),
		"ListAccountsForParent":         only(org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: root})),
		"DescribeAccount":               only(org.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: account})),
		"MoveAccount":                   only(org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: account, SourceParentId: root, DestinationParentId: unit})),
		"CloseAccount":                  only(org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: account})),
		"RemoveAccountFromOrganization": only(org.RemoveAccountFromOrganization(ctx, &organizations.RemoveAccountFromOrganizationInput{AccountId: account})),

		"InviteAccountToOrganization":   only(org.InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{Target: &orgtypes.HandshakeParty{Type: orgtypes.HandshakePartyTypeAccount, Id: account}, Tags: tags})),
		"DescribeHandshake":             only(org.DescribeHandshake(ctx, &organizations.DescribeHandshakeInput{HandshakeId: shake})),
		"AcceptHandshake":               only(org.AcceptHandshake(ctx, &organizations.AcceptHandshakeInput{HandshakeId: shake})),
		"DeclineHandshake":              only(org.DeclineHandshake(ctx, &organizations.DeclineHandshakeInput{HandshakeId: shake})),
		"CancelHandshake":               only(org.CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: shake})),
		"ListHandshakesForAccount":      only(org.ListHandshakesForAccount(ctx, nil)),
		"ListHandshakesForOrganization": only(org.ListHandshakesForOrganization(ctx, nil)),

		"CreatePolicy":          only(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: name, Description: name, Content: content, Tags: tags})),
		"DescribePolicy":        only(org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: policy})),
		"UpdatePolicy":          only(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: policy, Description: name})),
		"ListPolicies":          only(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: scp})),
		"AttachPolicy":          only(org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: policy, TargetId: account})),
		"ListPoliciesForTarget": only(org.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: root, Filter: scp})),
		"ListTargetsForPolicy":  only(org.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: policy})),
		"DetachPolicy":          only(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: policy, TargetId: account})),
		"DeletePolicy":          only(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: policy})),
		"DisablePolicyType":     only(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: root, PolicyType: rcp})),
		"EnablePolicyType":      only(org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: root, PolicyType: rcp})),

		"DescribeEffectivePolicy":                only(org.DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy, TargetId: account})),
		"ListAccountsWithInvalidEffectivePolicy": only(org.ListAccountsWithInvalidEffectivePolicy(ctx, &organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: tagPolicy})),

		"TagResource":         only(org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: root, Tags: tags})),
		"UntagResource":       only(org.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: root, TagKeys: []string{"a"}})),
		"ListTagsForResource": only(org.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: root})),

		"EnableAWSServiceAccess":              only(org.EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: service})),
		"ListAWSServiceAccessForOrganization": only(org.ListAWSServiceAccessForOrganization(ctx, nil)),
		"RegisterDelegatedAdministrator":      only(org.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: account, ServicePrincipal: service})),
		"ListDelegatedAdministrators":         only(org.ListDelegatedAdministrators(ctx, nil)),
		"ListDelegatedServicesForAccount":     only(org.ListDelegatedServicesForAccount(ctx, &organizations.ListDelegatedServicesForAccountInput{AccountId: account})),
		"DeregisterDelegatedAdministrator":    only(org.DeregisterDelegatedAdministrator(ctx, &organizations.DeregisterDelegatedAdministratorInput{AccountId: account, ServicePrincipal: service})),
		"DisableAWSServiceAccess":             only(org.DisableAWSServiceAccess(ctx, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: service})),

		// The resource policy last: it is what may have let the caller in.
		"DescribeResourcePolicy": only(org.DescribeResourcePolicy(ctx, nil)),
		"PutResourcePolicy":      only(org.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Content: aws.String(statement(`{"Effect":"Deny","Principal":{"AWS":"` + x.Account + `"},"Action":"organizations:ListRoots","Resource":"*"}`))})),
		"DeleteResourcePolicy":   only(org.DeleteResourcePolicy(ctx, nil)),
	}
}

// Whom the operations are for (AWS Organizations API, the last sentences of each description). Those in no set are the management account's.
var (
	orgEveryones = map[string]bool{"CreateOrganization": true, "DescribeOrganization": true, "LeaveOrganization": true, "DescribeHandshake": true, "AcceptHandshake": true,
		"DeclineHandshake": true, "CancelHandshake": true, "ListHandshakesForAccount": true}
	orgReaders = map[string]bool{"ListRoots": true, "ListParents": true, "ListChildren": true, "DescribeOrganizationalUnit": true, "ListOrganizationalUnitsForParent": true,
		"DescribeCreateAccountStatus": true, "ListCreateAccountStatus": true, "ListAccounts": true, "ListAccountsForParent": true, "DescribeAccount": true,
		"ListHandshakesForOrganization": true, "DescribePolicy": true, "ListPolicies": true, "ListPoliciesForTarget": true, "ListTargetsForPolicy": true,
		"DescribeEffectivePolicy": true, "ListAccountsWithInvalidEffectivePolicy": true, "ListTagsForResource": true, "ListAWSServiceAccessForOrganization": true,
		"ListDelegatedAdministrators": true, "ListDelegatedServicesForAccount": true, "DescribeResourcePolicy": true}
	orgDelegable = map[string]bool{"CreatePolicy": true, "UpdatePolicy": true, "AttachPolicy": true, "DetachPolicy": true, "DeletePolicy": true, "EnablePolicyType": true,
		"DisablePolicyType": true, "TagResource": true, "UntagResource": true}
)

// Who may do what: nobody without a policy, members what is their own, those who administer a service for the organization read, whom
// the resource policy lets in manages policies too, and the management account everything.
func (x *tree) testCallers(t *testing.T) {
	ctx := t.Context()
	member, lead, let := join(t, x.World, x.admin, "member"), join(t, x.World, x.admin, "lead"), join(t, x.World, x.admin, "let")
	on := func() things {
		return things{root: x.root, unit: x.unit(t, x.root, granary.Hex(8)), policy: x.policy(t, scp, granary.Hex(8), `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`),
			account: join(t, x.World, x.admin, "of-"+granary.Hex(8)).id}
	}
	must[*organizations.RegisterDelegatedAdministratorOutput](t)(x.org.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{AccountId: &lead.id, ServicePrincipal: aws.String("audit.example.com")}))
	must[*organizations.PutResourcePolicyOutput](t)(x.org.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Content: aws.String(statement(
		`{"Effect":"Allow","Principal":{"AWS":"` + let.id + `"},"Action":"organizations:*","Resource":"*"}`))}))
	nobody := x.user(t, "nobody")
	for _, who := range []struct {
		name string
		org  *organizations.Client
		may  func(operation string) bool
	}{
		{"nobody", x.as(nobody), func(string) bool { return false }},
		{"a member", x.as(member.key), func(op string) bool { return orgEveryones[op] }},
		{"an administrator of a service", x.as(lead.key), func(op string) bool { return orgEveryones[op] || orgReaders[op] }},
		{"whom the resource policy lets in", x.as(let.key), func(op string) bool { return orgEveryones[op] || orgReaders[op] || orgDelegable[op] }},
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
					refused(t, err, denied, "is not authorized to perform: organizations:"+op)
				} else if errors.As(err, &e) && e.ErrorCode() == denied {
					t.Error(err)
				}
			})
		}
	}
	// A member may ask for its own effective policy, and for nobody else's.
	_, err := x.as(member.key).DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy})
	refused(t, err, "EffectivePolicyNotFoundException", "no effective policy")
	_, err = x.as(member.key).DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy, TargetId: &member.id})
	refused(t, err, "EffectivePolicyNotFoundException", "no effective policy")
}
