package organizations_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

// user makes a user of the management account without any policy.
func (x *tree) user(t *testing.T, name string) client.Key {
	t.Helper()
	c := iam.NewFromConfig(x.AWS(x.admin))
	worldtest.Must[*iam.CreateUserOutput](t)(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(c.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: &name})).
		AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}

func orgTags(key, value string) []orgtypes.Tag { return []orgtypes.Tag{{Key: &key, Value: &value}} }

func manyTags(n int) (list []orgtypes.Tag) {
	for i := range n {
		list = append(list, orgTags(fmt.Sprint("k", i), "v")...)
	}
	return list
}

// What its shape does not allow is refused before anything is looked up.
func (x *tree) testMalformed(t *testing.T) {
	ctx, org := t.Context(), x.org
	bad, name, over, content := aws.String("no!id"), aws.String("n"), aws.Int32(21),
		aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))
	long := aws.String(strings.Repeat("n", 129))
	all := []outcome{
		{"CreateOrganization", worldtest.ErrorOf(org.CreateOrganization(ctx,
			&organizations.CreateOrganizationInput{FeatureSet: "SOME"})),
			badInput, "enum value set"},
		{"ListRoots", worldtest.ErrorOf(org.ListRoots(ctx, &organizations.ListRootsInput{MaxResults: over})), badInput,
			"less than or equal to 20"},
		{"ListParents", worldtest.ErrorOf(org.ListParents(ctx, &organizations.ListParentsInput{ChildId: bad})), badInput,
			"regular expression"},
		{"ListChildren",
			worldtest.ErrorOf(org.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: &x.root, ChildType: "POLICY"})),
			badInput,
			"enum value set"},
		{"CreateOrganizationalUnit",
			worldtest.ErrorOf(org.CreateOrganizationalUnit(ctx,
				&organizations.CreateOrganizationalUnitInput{ParentId: &x.root, Name: long})),
			badInput, "less than or equal to 128"},
		{"DescribeOrganizationalUnit",
			worldtest.ErrorOf(org.DescribeOrganizationalUnit(ctx,
				&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: bad})),
			badInput, "regular expression"},
		{"UpdateOrganizationalUnit",
			worldtest.ErrorOf(org.UpdateOrganizationalUnit(ctx,
				&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: bad,
					Name: name})), badInput, "regular expression"},
		{"DeleteOrganizationalUnit",
			worldtest.ErrorOf(org.DeleteOrganizationalUnit(ctx,
				&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: bad})),
			badInput, "regular expression"},
		{"ListOrganizationalUnitsForParent",
			worldtest.ErrorOf(org.ListOrganizationalUnitsForParent(ctx,
				&organizations.ListOrganizationalUnitsForParentInput{ParentId: bad})),
			badInput, "regular expression"},
		{"CreateAccount",
			worldtest.ErrorOf(org.CreateAccount(ctx,
				&organizations.CreateAccountInput{AccountName: name, Email: aws.String("a@b.c d")})),
			badInput, "'email'"},
		{"CreateAccount with a role's path",
			worldtest.ErrorOf(org.CreateAccount(ctx,
				&organizations.CreateAccountInput{AccountName: name, Email: aws.String("r@b.example"),
					RoleName: aws.String("a/b")})), badInput, "'roleName'"},
		{"DescribeCreateAccountStatus",
			worldtest.ErrorOf(org.DescribeCreateAccountStatus(ctx,
				&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: bad})), badInput, "regular expression"},
		{"ListCreateAccountStatus",
			worldtest.ErrorOf(org.ListCreateAccountStatus(ctx,
				&organizations.ListCreateAccountStatusInput{States: []orgtypes.CreateAccountState{"DONE"}})), badInput,
			"enum value set"},
		{"ListAccounts", worldtest.ErrorOf(org.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: over})),
			badInput,
			"less than or equal to 20"},
		{"ListAccountsForParent",
			worldtest.ErrorOf(org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: bad})),
			badInput,
			"regular expression"},
		{"DescribeAccount", worldtest.ErrorOf(org.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: bad})),
			badInput,
			"regular expression"},
		{"MoveAccount",
			worldtest.ErrorOf(org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: bad, SourceParentId: &x.root,
				DestinationParentId: &x.root})), badInput, "regular expression"},
		{"CloseAccount", worldtest.ErrorOf(org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: bad})), badInput,
			"regular expression"},
		{"RemoveAccountFromOrganization",
			worldtest.ErrorOf(org.RemoveAccountFromOrganization(ctx,
				&organizations.RemoveAccountFromOrganizationInput{AccountId: bad})),
			badInput, "regular expression"},
		{"InviteAccountToOrganization",
			worldtest.ErrorOf(org.InviteAccountToOrganization(ctx,
				&organizations.InviteAccountToOrganizationInput{Target: &orgtypes.HandshakeParty{Type: "PERSON", Id: name}})),
			badInput, "enum value set"},
		{"DescribeHandshake", worldtest.ErrorOf(org.DescribeHandshake(ctx,
			&organizations.DescribeHandshakeInput{HandshakeId: bad})),
			badInput, "regular expression"},
		{"AcceptHandshake", worldtest.ErrorOf(org.AcceptHandshake(ctx,
			&organizations.AcceptHandshakeInput{HandshakeId: bad})), badInput,
			"regular expression"},
		{"DeclineHandshake", worldtest.ErrorOf(org.DeclineHandshake(ctx,
			&organizations.DeclineHandshakeInput{HandshakeId: bad})),
			badInput, "regular expression"},
		{"CancelHandshake", worldtest.ErrorOf(org.CancelHandshake(ctx,
			&organizations.CancelHandshakeInput{HandshakeId: bad})), badInput,
			"regular expression"},
		{"ListHandshakesForAccount",
			worldtest.ErrorOf(org.ListHandshakesForAccount(ctx,
				&organizations.ListHandshakesForAccountInput{Filter: &orgtypes.HandshakeFilter{ActionType: "WAVE"}})), badInput,
			"enum value set"},
		{"ListHandshakesForOrganization",
			worldtest.ErrorOf(org.ListHandshakesForOrganization(ctx,
				&organizations.ListHandshakesForOrganizationInput{MaxResults: over})),
			badInput, "less than or equal to 20"},
		{"CreatePolicy",
			worldtest.ErrorOf(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: long, Description: name,
				Content: content})), badInput, "less than or equal to 128"},
		{"DescribePolicy", worldtest.ErrorOf(org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: bad})),
			badInput,
			"regular expression"},
		{"UpdatePolicy", worldtest.ErrorOf(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: bad})), badInput,
			"regular expression"},
		{"UpdatePolicy of AWS's own",
			worldtest.ErrorOf(org.UpdatePolicy(ctx,
				&organizations.UpdatePolicyInput{PolicyId: aws.String("p-FullAWSAccess"), Name: name})),
			badInput, "AWS's own"},
		{"DeletePolicy of AWS's own",
			worldtest.ErrorOf(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: aws.String("p-FullAWSAccess")})),
			badInput,
			"AWS's own"},
		{"ListPolicies", worldtest.ErrorOf(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: "SOME"})), badInput,
			"enum value set"},
		{"AttachPolicy", worldtest.ErrorOf(org.AttachPolicy(ctx,
			&organizations.AttachPolicyInput{PolicyId: bad, TargetId: &x.root})),
			badInput, "regular expression"},
		{"DetachPolicy",
			worldtest.ErrorOf(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: aws.String("p-FullAWSAccess"),
				TargetId: bad})), badInput, "regular expression"},
		{"ListPoliciesForTarget",
			worldtest.ErrorOf(org.ListPoliciesForTarget(ctx,
				&organizations.ListPoliciesForTargetInput{TargetId: bad, Filter: scp})),
			badInput, "regular expression"},
		{"ListTargetsForPolicy", worldtest.ErrorOf(org.ListTargetsForPolicy(ctx,
			&organizations.ListTargetsForPolicyInput{PolicyId: bad})),
			badInput, "regular expression"},
		{"EnablePolicyType",
			worldtest.ErrorOf(org.EnablePolicyType(ctx,
				&organizations.EnablePolicyTypeInput{RootId: &x.root, PolicyType: "SOME"})), badInput,
			"enum value set"},
		{"DisablePolicyType",
			worldtest.ErrorOf(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: bad, PolicyType: scp})),
			badInput,
			"regular expression"},
		{"DescribeEffectivePolicy",
			worldtest.ErrorOf(org.DescribeEffectivePolicy(ctx,
				&organizations.DescribeEffectivePolicyInput{PolicyType: "SERVICE_CONTROL_POLICY"})), badInput, "enum value set"},
		{"ListAccountsWithInvalidEffectivePolicy",
			worldtest.ErrorOf(org.ListAccountsWithInvalidEffectivePolicy(ctx,
				&organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: "SOME"})), badInput, "enum value set"},
		{"PutResourcePolicy",
			worldtest.ErrorOf(org.PutResourcePolicy(ctx,
				&organizations.PutResourcePolicyInput{Content: aws.String(strings.Repeat("x", 40_001))})), badInput,
			"less than or equal to 40000"},
		{"TagResource", worldtest.ErrorOf(org.TagResource(ctx,
			&organizations.TagResourceInput{ResourceId: bad, Tags: orgTags("a", "b")})),
			badInput, "regular expression"},
		{"TagResource with an odd key",
			worldtest.ErrorOf(org.TagResource(ctx,
				&organizations.TagResourceInput{ResourceId: &x.root, Tags: orgTags("a*", "b")})), badInput,
			"regular expression"},
		{"UntagResource",
			worldtest.ErrorOf(org.UntagResource(ctx,
				&organizations.UntagResourceInput{ResourceId: bad, TagKeys: []string{"a"}})), badInput,
			"regular expression"},
		{"ListTagsForResource", worldtest.ErrorOf(org.ListTagsForResource(ctx,
			&organizations.ListTagsForResourceInput{ResourceId: bad})),
			badInput, "regular expression"},
		{"EnableAWSServiceAccess",
			worldtest.ErrorOf(org.EnableAWSServiceAccess(ctx,
				&organizations.EnableAWSServiceAccessInput{ServicePrincipal: bad})), badInput,
			"regular expression"},
		{"DisableAWSServiceAccess",
			worldtest.ErrorOf(org.DisableAWSServiceAccess(ctx,
				&organizations.DisableAWSServiceAccessInput{ServicePrincipal: bad})), badInput,
			"regular expression"},
		{"ListAWSServiceAccessForOrganization",
			worldtest.ErrorOf(org.ListAWSServiceAccessForOrganization(ctx,
				&organizations.ListAWSServiceAccessForOrganizationInput{MaxResults: over})), badInput, "less than or equal to 20"},
		{"RegisterDelegatedAdministrator",
			worldtest.ErrorOf(org.RegisterDelegatedAdministrator(ctx,
				&organizations.RegisterDelegatedAdministratorInput{AccountId: bad,
					ServicePrincipal: name})), badInput, "regular expression"},
		{"DeregisterDelegatedAdministrator",
			worldtest.ErrorOf(org.DeregisterDelegatedAdministrator(ctx,
				&organizations.DeregisterDelegatedAdministratorInput{AccountId: bad,
					ServicePrincipal: name})), badInput, "regular expression"},
		{"ListDelegatedAdministrators",
			worldtest.ErrorOf(org.ListDelegatedAdministrators(ctx,
				&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: bad})),
			badInput, "regular expression"},
		{"ListDelegatedServicesForAccount",
			worldtest.ErrorOf(org.ListDelegatedServicesForAccount(ctx,
				&organizations.ListDelegatedServicesForAccountInput{AccountId: bad})),
			badInput, "regular expression"},
	}
	worldtest.CheckOutcomes(t, all)
	for _, o := range all {
		var e *orgtypes.InvalidInputException
		if !errors.As(o.Err, &e) || e.Reason == "" {
			t.Errorf("%s: %v has no reason", o.Does, o.Err)
		}
	}
	for want, err := range map[orgtypes.InvalidInputExceptionReason]error{
		"INVALID_PATTERN": worldtest.ErrorOf(org.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: bad})),
		"INVALID_ENUM":    worldtest.ErrorOf(org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: "SOME"})),
		"MAX_LENGTH_EXCEEDED": worldtest.ErrorOf(org.CreateOrganizationalUnit(ctx,
			&organizations.CreateOrganizationalUnitInput{ParentId: &x.root, Name: long})),
		"MIN_LENGTH_EXCEEDED": worldtest.ErrorOf(org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: name,
			Email: aws.String("a@b.c")})),
		"MAX_VALUE_EXCEEDED": worldtest.ErrorOf(org.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: over})),
		"MIN_VALUE_EXCEEDED": worldtest.ErrorOf(org.ListAccounts(ctx,
			&organizations.ListAccountsInput{MaxResults: aws.Int32(0)})),
	} {
		var e *orgtypes.InvalidInputException
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%v: want the reason %s", err, want)
		}
	}
}

// What is not there.
func (x *tree) testMissing(t *testing.T) {
	ctx, org := t.Context(), x.org
	unit, policy, account := aws.String("ou-"+strings.TrimPrefix(x.root, "r-")+"-00000000"), aws.String("p-00000000"),
		aws.String("000000000001")
	own := x.policy(t, scp, "own", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
	worldtest.CheckOutcomes(t, []outcome{
		{"units of no unit",
			worldtest.ErrorOf(org.ListOrganizationalUnitsForParent(ctx,
				&organizations.ListOrganizationalUnitsForParentInput{ParentId: unit})), "ParentNotFoundException", *unit},
		{"children of no unit",
			worldtest.ErrorOf(org.ListChildren(ctx,
				&organizations.ListChildrenInput{ParentId: unit, ChildType: orgtypes.ChildTypeAccount})),
			"ParentNotFoundException", *unit},
		{"parents of no account", worldtest.ErrorOf(org.ListParents(ctx, &organizations.ListParentsInput{ChildId: account})),
			"ChildNotFoundException", *account},
		{"no account to close", worldtest.ErrorOf(org.CloseAccount(ctx,
			&organizations.CloseAccountInput{AccountId: account})),
			noSuchAccount, *account},
		{"no account to deregister",
			worldtest.ErrorOf(org.DeregisterDelegatedAdministrator(ctx,
				&organizations.DeregisterDelegatedAdministratorInput{AccountId: account, ServicePrincipal: aws.String("x")})),
			noSuchAccount, *account},
		{"what no account administers",
			worldtest.ErrorOf(org.ListDelegatedServicesForAccount(ctx,
				&organizations.ListDelegatedServicesForAccountInput{AccountId: account})), noSuchAccount, *account},
		{"no policy to describe", worldtest.ErrorOf(org.DescribePolicy(ctx,
			&organizations.DescribePolicyInput{PolicyId: policy})),
			"PolicyNotFoundException", *policy},
		{"no policy to change", worldtest.ErrorOf(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: policy})),
			"PolicyNotFoundException", *policy},
		{"no policy to delete", worldtest.ErrorOf(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: policy})),
			"PolicyNotFoundException", *policy},
		{"no policy to attach",
			worldtest.ErrorOf(org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: policy, TargetId: &x.root})),
			"PolicyNotFoundException", *policy},
		{"no policy to detach",
			worldtest.ErrorOf(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: policy, TargetId: &x.root})),
			"PolicyNotFoundException", *policy},
		{"targets of no policy",
			worldtest.ErrorOf(org.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: policy})),
			"PolicyNotFoundException", *policy},
		{"nothing to attach to",
			worldtest.ErrorOf(org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &own, TargetId: unit})),
			"TargetNotFoundException", *unit},
		{"nothing to detach from",
			worldtest.ErrorOf(org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &own, TargetId: account})),
			"TargetNotFoundException", *account},
		{"policies of nothing",
			worldtest.ErrorOf(org.ListPoliciesForTarget(ctx,
				&organizations.ListPoliciesForTargetInput{TargetId: account, Filter: scp})),
			"TargetNotFoundException", *account},
		{"the effective policy of nothing",
			worldtest.ErrorOf(org.DescribeEffectivePolicy(ctx, &organizations.DescribeEffectivePolicyInput{PolicyType: tagPolicy,
				TargetId: account})), "TargetNotFoundException", *account},
		{"accounts with invalid policies",
			worldtest.ErrorOf(org.ListAccountsWithInvalidEffectivePolicy(ctx,
				&organizations.ListAccountsWithInvalidEffectivePolicyInput{PolicyType: tagPolicy})),
			"EffectivePolicyNotFoundException", "TAG_POLICY"},
		{"no root to enable a type of",
			worldtest.ErrorOf(org.EnablePolicyType(ctx,
				&organizations.EnablePolicyTypeInput{RootId: aws.String("r-zzzz"), PolicyType: scp})),
			"RootNotFoundException", "list-roots"},
		{"no root to disable a type of",
			worldtest.ErrorOf(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: aws.String("r-zzzz"),
				PolicyType: scp})), "RootNotFoundException", "list-roots"},
		{"a type that is not here to disable",
			worldtest.ErrorOf(org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &x.root,
				PolicyType: orgtypes.PolicyTypeTagPolicy})), "PolicyTypeNotEnabledException", "TAG_POLICY"},
		{"no resource policy to delete", worldtest.ErrorOf(org.DeleteResourcePolicy(ctx, nil)),
			"ResourcePolicyNotFoundException",
			"no resource policy"},
	})
	for _, id := range []string{*unit, *policy, *account, "r-zzzz", "rp-00000000"} {
		words := "nothing with the id " + id
		worldtest.CheckOutcomes(t, []outcome{
			{id + " to tag",
				worldtest.ErrorOf(org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &id, Tags: orgTags("a", "b")})),
				"TargetNotFoundException", words},
			{id + " to untag",
				worldtest.ErrorOf(org.UntagResource(ctx,
					&organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"a"}})),
				"TargetNotFoundException", words},
			{id + " to read the tags of",
				worldtest.ErrorOf(org.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &id})),
				"TargetNotFoundException", words},
		})
	}
}

// Requests for accounts can be looked up, by how they ended and by page.
func (x *tree) testRequests(t *testing.T) {
	ctx := t.Context()
	want := map[orgtypes.CreateAccountState][]string{}
	for i := range 7 {
		for range 2 { // the second is refused for its address
			s := worldtest.Must[*organizations.CreateAccountOutput](t)(x.org.CreateAccount(ctx,
				&organizations.CreateAccountInput{AccountName: aws.String("a"),
					Email: aws.String(fmt.Sprintf("a%d@larkspur.example", i))})).CreateAccountStatus
			want[s.State] = append(want[s.State], *s.Id)
		}
	}
	list := func(org *organizations.Client, size int32, states ...orgtypes.CreateAccountState) (ids []string) {
		t.Helper()
		for pages := organizations.NewListCreateAccountStatusPaginator(org,
			&organizations.ListCreateAccountStatusInput{MaxResults: &size, States: states}); pages.HasMorePages(); {
			page := worldtest.Must[*organizations.ListCreateAccountStatusOutput](t)(pages.NextPage(ctx)).CreateAccountStatuses
			if len(page) > int(size) || len(page) == 0 {
				t.Errorf("a page of %d, and %d were asked for", len(page), size)
			}
			for _, s := range page {
				ids = append(ids, *s.Id)
				if s.State == orgtypes.CreateAccountStateSucceeded && (aws.ToString(s.AccountId) == "" || *s.AccountName != "a" ||
					s.CompletedTimestamp == nil || s.FailureReason != "") ||
					s.State == orgtypes.CreateAccountStateFailed &&
						(s.AccountId != nil || s.FailureReason != orgtypes.CreateAccountFailureReasonEmailAlreadyExists) {
					t.Errorf("a status: %+v", s)
				}
			}
		}
		return ids
	}
	for _, states := range [][]orgtypes.CreateAccountState{nil, {"SUCCEEDED"}, {"FAILED"}, {"IN_PROGRESS", "FAILED"},
		{"SUCCEEDED", "FAILED"}} {
		var all []string
		for state, ids := range want {
			if len(states) == 0 || slices.Contains(states, state) {
				all = append(all, ids...)
			}
		}
		slices.Sort(all)
		for _, size := range []int32{1, 3, 7, 20} {
			if got := list(x.org, size, states...); !slices.Equal(got, all) {
				t.Errorf("%v by %d: %v, want %v", states, size, got, all)
			}
		}
	}
	none := worldtest.Must[*organizations.ListCreateAccountStatusOutput](t)(x.org.ListCreateAccountStatus(ctx,
		&organizations.ListCreateAccountStatusInput{States: []orgtypes.CreateAccountState{"IN_PROGRESS"}}))
	if none.CreateAccountStatuses == nil || len(none.CreateAccountStatuses) > 0 || none.NextToken != nil {
		t.Errorf("those in progress: %+v", none)
	}
	first := worldtest.Must[*organizations.ListCreateAccountStatusOutput](t)(x.org.ListCreateAccountStatus(ctx,
		&organizations.ListCreateAccountStatusInput{MaxResults: aws.Int32(1),
			States: []orgtypes.CreateAccountState{"FAILED"}}))
	_, err := x.org.ListCreateAccountStatus(ctx, &organizations.ListCreateAccountStatusInput{NextToken: first.NextToken})
	worldtest.Refused(t, err, badInput, "NextToken") // of another list
	// The management account's own address, which it was not created with, is taken too.
	master := worldtest.Must[*organizations.DescribeOrganizationOutput](t)(x.org.DescribeOrganization(ctx, nil)).
		Organization.MasterAccountEmail
	s := worldtest.Must[*organizations.CreateAccountOutput](t)(x.org.CreateAccount(ctx,
		&organizations.CreateAccountInput{AccountName: aws.String("m"), Email: aws.String(strings.ToUpper(*master))})).
		CreateAccountStatus
	if s.FailureReason != orgtypes.CreateAccountFailureReasonEmailAlreadyExists {
		t.Errorf("an account with the management account's address: %+v", s)
	}
}

// Every account stays in the organization, and it stays.
func (x *tree) testLeaving(t *testing.T) {
	ctx := t.Context()
	worldtest.Refused(t, worldtest.ErrorOf(x.org.DeleteOrganization(ctx, nil)), violated, "cannot be deleted")
	worldtest.Refused(t, worldtest.ErrorOf(x.org.LeaveOrganization(ctx, nil)), "MasterCannotLeaveOrganizationException",
		"management account")
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	remove := func(id string) error {
		return worldtest.ErrorOf(x.org.RemoveAccountFromOrganization(ctx,
			&organizations.RemoveAccountFromOrganizationInput{AccountId: &id}))
	}
	worldtest.Refused(t, worldtest.ErrorOf(x.org.DeleteOrganization(ctx, nil)), "OrganizationNotEmptyException",
		"member accounts")
	worldtest.Refused(t, remove(x.Account), "MasterCannotLeaveOrganizationException", "management account")
	worldtest.Refused(t, remove("000000000001"), noSuchAccount, "000000000001")
	worldtest.Refused(t, remove(m.ID), violated, "close-account")
	worldtest.Refused(t, worldtest.ErrorOf(x.as(m.Key).LeaveOrganization(ctx, nil)), violated, "close-account")
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(x.org.RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID,
			ServicePrincipal: aws.String("sso.amazonaws.com")}))
	worldtest.Refused(t, remove(m.ID), violated, "deregister it first")
	worldtest.Refused(t, worldtest.ErrorOf(x.as(m.Key).LeaveOrganization(ctx, nil)), violated, "deregister it first")
	worldtest.Must[*organizations.DeregisterDelegatedAdministratorOutput](t)(x.org.DeregisterDelegatedAdministrator(ctx,
		&organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.ID,
			ServicePrincipal: aws.String("sso.amazonaws.com")}))
	worldtest.Must[*organizations.CloseAccountOutput](t)(x.org.CloseAccount(ctx,
		&organizations.CloseAccountInput{AccountId: &m.ID}))
	worldtest.Refused(t, remove(m.ID), violated, "close-account")
	// closed ones too
	worldtest.Refused(t, worldtest.ErrorOf(x.org.DeleteOrganization(ctx, nil)), "OrganizationNotEmptyException",
		"member accounts")
	_, err := x.org.RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID,
			ServicePrincipal: aws.String("sso.amazonaws.com")})
	worldtest.Refused(t, err, violated, "closed")
}

// There is nothing to shake hands about.
func (x *tree) testHandshakes(t *testing.T) {
	ctx := t.Context()
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	invite := func(kind orgtypes.HandshakePartyType, id string) error {
		return worldtest.ErrorOf(x.org.InviteAccountToOrganization(ctx,
			&organizations.InviteAccountToOrganizationInput{Target: &orgtypes.HandshakeParty{Type: kind, Id: &id}}))
	}
	shake := aws.String("h-0123456789")
	worldtest.CheckOutcomes(t, []outcome{
		{"a member by its id", invite("ACCOUNT", m.ID), "HandshakeConstraintViolationException",
			"in the organization already"},
		{"a member by its address", invite("EMAIL", "APPS@larkspur.example"), "HandshakeConstraintViolationException",
			"in the organization already"},
		{"a stranger", invite("ACCOUNT", "000000000001"), badInput, "create-account"},
		{"a strange address", invite("EMAIL", "x@nowhere.example"), badInput, "create-account"},
		{"an organization", invite("ORGANIZATION", "o-abcdefghij"), badInput, "Only an account"},
		{"all features", worldtest.ErrorOf(x.org.EnableAllFeatures(ctx, nil)), "HandshakeConstraintViolationException",
			"all features already"},
		{"describe", worldtest.ErrorOf(x.org.DescribeHandshake(ctx,
			&organizations.DescribeHandshakeInput{HandshakeId: shake})),
			"HandshakeNotFoundException", *shake},
		{"accept", worldtest.ErrorOf(x.as(m.Key).AcceptHandshake(ctx,
			&organizations.AcceptHandshakeInput{HandshakeId: shake})),
			"HandshakeNotFoundException", *shake},
		{"decline", worldtest.ErrorOf(x.as(m.Key).DeclineHandshake(ctx,
			&organizations.DeclineHandshakeInput{HandshakeId: shake})),
			"HandshakeNotFoundException", *shake},
		{"cancel", worldtest.ErrorOf(x.org.CancelHandshake(ctx, &organizations.CancelHandshakeInput{HandshakeId: shake})),
			"HandshakeNotFoundException", *shake},
		{"a filter of both",
			worldtest.ErrorOf(x.org.ListHandshakesForAccount(ctx,
				&organizations.ListHandshakesForAccountInput{Filter: &orgtypes.HandshakeFilter{ActionType: "INVITE",
					ParentHandshakeId: shake}})), badInput, "one of them"},
	})
	mine := worldtest.Must[*organizations.ListHandshakesForAccountOutput](t)(x.as(m.Key).ListHandshakesForAccount(ctx,
		nil))
	all := worldtest.Must[*organizations.ListHandshakesForOrganizationOutput](t)(x.org.ListHandshakesForOrganization(ctx,
		&organizations.ListHandshakesForOrganizationInput{Filter: &orgtypes.HandshakeFilter{ActionType: "INVITE"}}))
	if mine.Handshakes == nil || len(mine.Handshakes) > 0 || mine.NextToken != nil || all.Handshakes == nil ||
		len(all.Handshakes) > 0 || all.NextToken != nil {
		t.Errorf("handshakes: %+v %+v", mine, all)
	}
}

// What there can be at most.
func (x *tree) testLimits(t *testing.T) {
	ctx, org := t.Context(), x.org
	name, content := aws.String("n"), aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))
	long := aws.String(*content + strings.Repeat(" ", 10_240))
	p := x.policy(t, scp, "p", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
	resource := aws.String(worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"organizations:ListRoots",` +
		`"Resource":"*"}`))
	worldtest.CheckOutcomes(t, []outcome{
		{"tags of an account",
			worldtest.ErrorOf(org.CreateAccount(ctx,
				&organizations.CreateAccountInput{AccountName: name, Email: aws.String("t@b.example"),
					Tags: manyTags(51)})), violated, "50 tags"},
		{"tags of a unit",
			worldtest.ErrorOf(org.CreateOrganizationalUnit(ctx,
				&organizations.CreateOrganizationalUnitInput{ParentId: &x.root, Name: name,
					Tags: manyTags(51)})), violated, "50 tags"},
		{"tags of a policy",
			worldtest.ErrorOf(org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: scp, Name: name, Description: name,
				Content: content, Tags: manyTags(51)})), violated, "50 tags"},
		{"tags of the resource policy",
			worldtest.ErrorOf(org.PutResourcePolicy(ctx,
				&organizations.PutResourcePolicyInput{Content: resource, Tags: manyTags(51)})),
			violated, "50 tags"},
		{"a longer policy", worldtest.ErrorOf(org.UpdatePolicy(ctx,
			&organizations.UpdatePolicyInput{PolicyId: &p, Content: long})),
			violated, "10240 bytes"},
		{"a policy that is none",
			worldtest.ErrorOf(org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &p, Content: aws.String("{}")})),
			"MalformedPolicyDocumentException", ""},
		{"as many tags as can be",
			worldtest.ErrorOf(org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &p, Tags: manyTags(50)})), "",
			""},
		{"the same again", worldtest.ErrorOf(org.TagResource(ctx,
			&organizations.TagResourceInput{ResourceId: &p, Tags: manyTags(50)})),
			"", ""},
		{"another",
			worldtest.ErrorOf(org.TagResource(ctx,
				&organizations.TagResourceInput{ResourceId: &p, Tags: orgTags("another", "v")})), violated,
			"50 tags"},
	})
	q := x.policy(t, scp, "q", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
	worldtest.Refused(t, worldtest.ErrorOf(org.UpdatePolicy(ctx,
		&organizations.UpdatePolicyInput{PolicyId: &q, Name: aws.String("p")})),
		"DuplicatePolicyException", "p")
	x.attach(t, q, x.root)
	worldtest.Refused(t, worldtest.ErrorOf(org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &q})),
		"PolicyInUseException",
		"detach it first")

	var accounts []string
	for i := range 11 {
		accounts = append(accounts, worldtest.JoinAccount(t, x.World, x.admin, fmt.Sprint("a", i)).ID)
	}
	register := func(account, service string) error {
		return worldtest.ErrorOf(org.RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: &account, ServicePrincipal: &service}))
	}
	for _, a := range accounts[:10] {
		worldtest.Allowed(t, "register", register(a, "many.amazonaws.com"))
	}
	worldtest.Refused(t, register(accounts[10], "many.amazonaws.com"), violated, "10 delegated administrators")
	enable := func(service string) error {
		return worldtest.ErrorOf(org.EnableAWSServiceAccess(ctx,
			&organizations.EnableAWSServiceAccessInput{ServicePrincipal: &service}))
	}
	for i := range 199 {
		worldtest.Allowed(t, "enable", enable(fmt.Sprintf("s%d.amazonaws.com", i)))
	}
	worldtest.Refused(t, enable("more.amazonaws.com"), violated, "200 services")
	worldtest.Refused(t, register(accounts[0], "more.amazonaws.com"), violated, "200 services")
	worldtest.Allowed(t, "enable again", enable("s0.amazonaws.com"))
	if list := worldtest.Must[*organizations.ListDelegatedServicesForAccountOutput](t)(
		org.ListDelegatedServicesForAccount(ctx,
			&organizations.ListDelegatedServicesForAccountInput{AccountId: &accounts[0]})).DelegatedServices; len(list) != 1 {
		t.Errorf("a registration that failed left %+v", list)
	}
}

// Every list, to its end by ones, twos and threes; and from tokens that are another list's, or nobody's.
func (x *tree) testPages(t *testing.T) {
	ctx, org := t.Context(), x.org
	unit := x.unit(t, x.root, "u")
	other := x.unit(t, x.root, "v")
	for i := range 5 {
		m := worldtest.JoinAccount(t, x.World, x.admin, fmt.Sprint("m", i))
		x.move(t, m.ID, x.root, unit)
		worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(org.RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID,
				ServicePrincipal: aws.String("x.amazonaws.com")}))
		x.unit(t, other, fmt.Sprint("u", i))
	}
	m := worldtest.Must[*organizations.ListAccountsForParentOutput](t)(org.ListAccountsForParent(ctx,
		&organizations.ListAccountsForParentInput{ParentId: &unit})).Accounts[0].Id
	policy := ""
	for i := range 4 {
		policy = x.policy(t, scp, fmt.Sprint("p", i), `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
		x.attach(t, policy, unit)
		worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(org.RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: m,
				ServicePrincipal: aws.String(fmt.Sprintf("y%d.amazonaws.com", i))}))
	}
	x.attach(t, policy, other)
	x.attach(t, policy, x.root)
	account := func(a orgtypes.Account) *string { return a.Id }
	children := func(kind orgtypes.ChildType, parent string) worldtest.Pager {
		return func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListChildren(ctx, &organizations.ListChildrenInput{ParentId: &parent, ChildType: kind,
				MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Children, func(c orgtypes.Child) *string { return c.Id }), out.NextToken, nil
		}
	}
	lists := map[string]struct {
		worldtest.Pager
		n int
	}{
		"accounts": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListAccounts(ctx, &organizations.ListAccountsInput{MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Accounts, account), out.NextToken, nil
		}, 6},
		"accounts of a unit": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &unit,
				MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Accounts, account), out.NextToken, nil
		}, 5},
		"units of a unit": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListOrganizationalUnitsForParent(ctx,
				&organizations.ListOrganizationalUnitsForParentInput{ParentId: &other, MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.OrganizationalUnits, func(u orgtypes.OrganizationalUnit) *string { return u.Id }),
				out.NextToken,
				nil
		}, 5},
		"units of the root": {children(orgtypes.ChildTypeOrganizationalUnit, x.root), 2},
		"requests": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListCreateAccountStatus(ctx, &organizations.ListCreateAccountStatusInput{MaxResults: &size,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.CreateAccountStatuses, func(s orgtypes.CreateAccountStatus) *string { return s.Id }),
				out.NextToken,
				nil
		}, 5},
		"policies": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: scp, MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Policies, func(p orgtypes.PolicySummary) *string { return p.Id }), out.NextToken, nil
		}, 5},
		"policies of a unit": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListPoliciesForTarget(ctx, &organizations.ListPoliciesForTargetInput{TargetId: &unit, Filter: scp,
				MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Policies, func(p orgtypes.PolicySummary) *string { return p.Id }), out.NextToken, nil
		}, 5},
		"targets of a policy": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &policy,
				MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Targets, func(p orgtypes.PolicyTargetSummary) *string { return p.TargetId }),
				out.NextToken, nil
		}, 3},
		"services": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListAWSServiceAccessForOrganization(ctx,
				&organizations.ListAWSServiceAccessForOrganizationInput{MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.EnabledServicePrincipals,
				func(s orgtypes.EnabledServicePrincipal) *string { return s.ServicePrincipal }), out.NextToken, nil
		}, 5},
		"administrators": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListDelegatedAdministrators(ctx, &organizations.ListDelegatedAdministratorsInput{MaxResults: &size,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.DelegatedAdministrators, func(d orgtypes.DelegatedAdministrator) *string { return d.Id }),
				out.NextToken, nil
		}, 5},
		"what an account administers": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListDelegatedServicesForAccount(ctx,
				&organizations.ListDelegatedServicesForAccountInput{AccountId: m, MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.DelegatedServices,
					func(d orgtypes.DelegatedService) *string { return d.ServicePrincipal }),
				out.NextToken, nil
		}, 5},
		"roots": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListRoots(ctx, &organizations.ListRootsInput{MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Roots, func(r orgtypes.Root) *string { return r.Id }), out.NextToken, nil
		}, 1},
		"parents": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListParents(ctx, &organizations.ListParentsInput{ChildId: m, MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return worldtest.Names(out.Parents, func(p orgtypes.Parent) *string { return p.Id }), out.NextToken, nil
		}, 1},
		"handshakes of an account": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListHandshakesForAccount(ctx, &organizations.ListHandshakesForAccountInput{MaxResults: &size,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return nil, out.NextToken, nil
		}, 0},
		"handshakes": {func(size int32, token *string) ([]string, *string, error) {
			out, err := org.ListHandshakesForOrganization(ctx,
				&organizations.ListHandshakesForOrganizationInput{MaxResults: &size, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return nil, out.NextToken, nil
		}, 0},
		"tags": {func(_ int32, token *string) ([]string, *string, error) {
			out, err := org.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &unit,
				NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return nil, out.NextToken, nil
		}, 0},
	}
	tokens := map[string]string{}
	for name, list := range lists {
		for size := range int32(3) {
			keys, given, err := worldtest.WalkPages(list.Pager, size+1)
			if err != nil || len(keys) != list.n {
				t.Errorf("%s by %d: %v %v", name, size+1, keys, err)
			}
			if len(given) > 0 {
				tokens[name] = given[0]
			}
		}
	}
	tokens["nobody"] = "AAAA"
	tokens["letters"] = "not a token!"
	for name, list := range lists {
		for of, token := range tokens {
			if of == name {
				continue
			}
			_, _, err := list.Pager(2, &token)
			t.Run(name+"/from "+of, func(t *testing.T) {
				worldtest.Refused(t, err, badInput, "NextToken")
				var e *orgtypes.InvalidInputException
				if !errors.As(err, &e) || e.Reason != orgtypes.InvalidInputExceptionReasonInvalidPaginationToken {
					t.Errorf("its reason: %+v", e)
				}
			})
		}
	}
}

// Those who ask for the same at once: one gets it, the others are told that it is taken.
func (x *tree) testRaces(t *testing.T) {
	ctx := t.Context()
	for about, try := range map[string]func() (taken bool, err error){
		"an address": func() (bool, error) {
			out, err := x.org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("a"),
				Email: aws.String("same@larkspur.example")})
			return err == nil && out.CreateAccountStatus.FailureReason == orgtypes.CreateAccountFailureReasonEmailAlreadyExists,
				err
		},
		"a unit's name": func() (bool, error) {
			err := worldtest.ErrorOf(x.org.CreateOrganizationalUnit(ctx,
				&organizations.CreateOrganizationalUnitInput{ParentId: &x.root,
					Name: aws.String("same")}))
			var e *orgtypes.DuplicateOrganizationalUnitException
			if errors.As(err, &e) {
				return true, nil
			}
			return false, err
		},
		"a policy's name": func() (bool, error) {
			err := worldtest.ErrorOf(x.org.CreatePolicy(ctx,
				&organizations.CreatePolicyInput{Type: scp, Name: aws.String("same"),
					Description: aws.String(""),
					Content:     aws.String(worldtest.Policy(`{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`))}))
			var e *orgtypes.DuplicatePolicyException
			if errors.As(err, &e) {
				return true, nil
			}
			return false, err
		},
	} {
		var got atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if taken, err := try(); err != nil {
					t.Errorf("%s: %v", about, err)
				} else if !taken {
					got.Add(1)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Errorf("%s was given %d times", about, got.Load())
		}
	}
}
