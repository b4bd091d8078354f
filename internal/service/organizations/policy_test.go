package organizations_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

const (
	scp = orgtypes.PolicyTypeServiceControlPolicy
	rcp = orgtypes.PolicyTypeResourceControlPolicy
)

// tree is an organization with its administrator's client, and a ledger of what was answered.
type tree struct {
	*world.World
	ledger *worldtest.Ledger
	admin  client.Key
	org    *organizations.Client
	root   string
}

func grow(t *testing.T, w *world.World) *tree {
	t.Helper()
	return growInto(t, w, worldtest.NewLedger())
}

func growInto(t *testing.T, w *world.World, l *worldtest.Ledger) *tree {
	t.Helper()
	x := &tree{World: w, ledger: l, admin: worldtest.MakeAdministrator(t, w)}
	x.org = x.as(x.admin)
	x.root = *worldtest.Must[*organizations.ListRootsOutput](t)(x.org.ListRoots(t.Context(), nil)).Roots[0].Id
	return x
}

// as is a client of a key, whose calls the ledger keeps.
func (x *tree) as(k client.Key) *organizations.Client {
	c := x.AWS(k)
	c.APIOptions = append(c.APIOptions, x.ledger.Keep)
	return organizations.NewFromConfig(c)
}

func (x *tree) unit(t *testing.T, parent, name string) string {
	t.Helper()
	return *worldtest.Must[*organizations.CreateOrganizationalUnitOutput](t)(x.org.CreateOrganizationalUnit(t.Context(),
		&organizations.CreateOrganizationalUnitInput{ParentId: &parent, Name: &name})).OrganizationalUnit.Id
}

func (x *tree) move(t *testing.T, account, from, to string) {
	t.Helper()
	worldtest.Must[*organizations.MoveAccountOutput](t)(x.org.MoveAccount(t.Context(),
		&organizations.MoveAccountInput{AccountId: &account, SourceParentId: &from, DestinationParentId: &to}))
}

func (x *tree) policy(t *testing.T, kind orgtypes.PolicyType, name, statements string) string {
	t.Helper()
	return *worldtest.Must[*organizations.CreatePolicyOutput](t)(x.org.CreatePolicy(t.Context(),
		&organizations.CreatePolicyInput{Type: kind, Name: &name, Description: aws.String("d"),
			Content: aws.String(worldtest.Policy(statements))})).Policy.PolicySummary.Id
}

func (x *tree) attach(t *testing.T, policy, target string) {
	t.Helper()
	worldtest.Must[*organizations.AttachPolicyOutput](t)(x.org.AttachPolicy(t.Context(),
		&organizations.AttachPolicyInput{PolicyId: &policy, TargetId: &target}))
}

func (x *tree) detach(t *testing.T, policy, target string) {
	t.Helper()
	worldtest.Must[*organizations.DetachPolicyOutput](t)(x.org.DetachPolicy(t.Context(),
		&organizations.DetachPolicyInput{PolicyId: &policy, TargetId: &target}))
}

func (x *tree) testUnits(t *testing.T) {
	ctx := t.Context()
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	top := x.unit(t, x.root, "top")
	below := x.unit(t, top, "below")
	if !strings.HasPrefix(below, "ou-"+strings.TrimPrefix(x.root, "r-")+"-") {
		t.Errorf("a unit's id: %s", below)
	}

	u := worldtest.Must[*organizations.DescribeOrganizationalUnitOutput](t)(x.org.DescribeOrganizationalUnit(ctx,
		&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &below})).OrganizationalUnit
	if *u.Name != "below" || !strings.HasSuffix(*u.Arn, "/"+below) ||
		!strings.HasSuffix(*u.Path, "/"+x.root+"/"+top+"/"+below+"/") {
		t.Errorf("the unit: %s %s %s", *u.Name, *u.Arn, *u.Path)
	}
	_, err := x.org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &top,
		Name: aws.String("below")})
	worldtest.Refused(t, err, "DuplicateOrganizationalUnitException", "already")
	_, err = x.org.CreateOrganizationalUnit(ctx,
		&organizations.CreateOrganizationalUnitInput{ParentId: aws.String("r-zzzz"), Name: aws.String("n")})
	worldtest.Refused(t, err, "ParentNotFoundException", "list-roots")
	missing := "ou-" + strings.TrimPrefix(x.root, "r-") + "-00000000"
	_, err = x.org.DescribeOrganizationalUnit(ctx,
		&organizations.DescribeOrganizationalUnitInput{OrganizationalUnitId: &missing})
	worldtest.Refused(t, err, "OrganizationalUnitNotFoundException", missing)
	_, err = x.org.UpdateOrganizationalUnit(ctx,
		&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &missing, Name: aws.String("n")})
	worldtest.Refused(t, err, "OrganizationalUnitNotFoundException", missing)
	x.unit(t, top, "beside")
	_, err = x.org.UpdateOrganizationalUnit(ctx, &organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &below,
		Name: aws.String("beside")})
	worldtest.Refused(t, err, "DuplicateOrganizationalUnitException", "already")
	if got := worldtest.Must[*organizations.UpdateOrganizationalUnitOutput](t)(x.org.UpdateOrganizationalUnit(ctx,
		&organizations.UpdateOrganizationalUnitInput{OrganizationalUnitId: &below,
			Name: aws.String("renamed")})); *got.OrganizationalUnit.Name != "renamed" {
		t.Errorf("renamed: %+v", got.OrganizationalUnit)
	}
	deepest := below
	for range 3 {
		deepest = x.unit(t, deepest, "deeper")
	}
	_, err = x.org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &deepest,
		Name: aws.String("n")})
	worldtest.Refused(t, err, "ConstraintViolationException", "five deep")

	var names []string
	for pages := organizations.NewListOrganizationalUnitsForParentPaginator(x.org,
		&organizations.ListOrganizationalUnitsForParentInput{ParentId: &top,
			MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
		for _, u := range worldtest.Must[*organizations.ListOrganizationalUnitsForParentOutput](t)(pages.NextPage(ctx)).
			OrganizationalUnits {
			names = append(names, *u.Name)
		}
	}
	if slices.Sort(names); fmt.Sprint(names) != "[beside renamed]" {
		t.Errorf("units by page: %v", names)
	}

	x.move(t, m.ID, x.root, below)
	for _, c := range []struct{ account, from, to, code string }{
		{m.ID, x.root, top, "SourceParentNotFoundException"},
		{m.ID, missing, top, "SourceParentNotFoundException"},
		{m.ID, below, missing, "DestinationParentNotFoundException"},
		{m.ID, below, below, "DuplicateAccountException"},
		{"000000000001", below, top, "AccountNotFoundException"},
	} {
		_, err := x.org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &c.account, SourceParentId: &c.from,
			DestinationParentId: &c.to})
		worldtest.Refused(t, err, c.code, "")
	}
	parents := worldtest.Must[*organizations.ListParentsOutput](t)(x.org.ListParents(ctx,
		&organizations.ListParentsInput{ChildId: &m.ID})).Parents
	if len(parents) != 1 || *parents[0].Id != below || parents[0].Type != orgtypes.ParentTypeOrganizationalUnit {
		t.Errorf("the account's parents: %+v", parents)
	}
	if p := worldtest.Must[*organizations.ListParentsOutput](t)(x.org.ListParents(ctx,
		&organizations.ListParentsInput{ChildId: &top})).Parents; *p[0].Id != x.root || p[0].Type != orgtypes.ParentTypeRoot {
		t.Errorf("the unit's parents: %+v", p)
	}
	_, err = x.org.ListParents(ctx, &organizations.ListParentsInput{ChildId: &missing})
	worldtest.Refused(t, err, "ChildNotFoundException", missing)
	children := worldtest.Must[*organizations.ListChildrenOutput](t)(x.org.ListChildren(ctx,
		&organizations.ListChildrenInput{ParentId: &below, ChildType: orgtypes.ChildTypeAccount})).Children
	if len(children) != 1 || *children[0].Id != m.ID {
		t.Errorf("accounts in the unit: %+v", children)
	}
	if n := len(worldtest.Must[*organizations.ListChildrenOutput](t)(x.org.ListChildren(ctx,
		&organizations.ListChildrenInput{ParentId: &top, ChildType: orgtypes.ChildTypeOrganizationalUnit})).
		Children); n != 2 {
		t.Errorf("%d units in the unit", n)
	}
	if list := worldtest.Must[*organizations.ListAccountsForParentOutput](t)(x.org.ListAccountsForParent(ctx,
		&organizations.ListAccountsForParentInput{ParentId: &x.root})).Accounts; len(list) != 1 || *list[0].Id != x.Account {
		t.Errorf("accounts left under the root: %+v", list)
	}
	_, err = x.org.DeleteOrganizationalUnit(ctx,
		&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &below})
	worldtest.Refused(t, err, "OrganizationalUnitNotEmptyException", "move them out")
	worldtest.Must[*organizations.DeleteOrganizationalUnitOutput](t)(x.org.DeleteOrganizationalUnit(ctx,
		&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &deepest}))
	_, err = x.org.DeleteOrganizationalUnit(ctx,
		&organizations.DeleteOrganizationalUnitInput{OrganizationalUnitId: &deepest})
	worldtest.Refused(t, err, "OrganizationalUnitNotFoundException", deepest)
	_, err = x.as(m.Key).CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: &x.root,
		Name: aws.String("n")})
	worldtest.Refused(t, err, "AccessDeniedException", "organizations:CreateOrganizationalUnit")
}

func (x *tree) testTags(t *testing.T) {
	ctx := t.Context()
	tag := func(k, v string) []orgtypes.Tag { return []orgtypes.Tag{{Key: &k, Value: &v}} }
	unit := *worldtest.Must[*organizations.CreateOrganizationalUnitOutput](t)(x.org.CreateOrganizationalUnit(ctx,
		&organizations.CreateOrganizationalUnitInput{ParentId: &x.root, Name: aws.String("u"), Tags: tag("a", "1")})).
		OrganizationalUnit.Id
	policy := x.policy(t, scp, "p", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
	put := func(tags []orgtypes.Tag) (*organizations.PutResourcePolicyOutput, error) {
		return x.org.PutResourcePolicy(ctx, &organizations.PutResourcePolicyInput{Tags: tags,
			Content: aws.String(worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"organizations:ListRoots",` +
				`"Resource":"*"}`))})
	}
	resource := *worldtest.Must[*organizations.PutResourcePolicyOutput](t)(put(tag("a", "1"))).
		ResourcePolicy.ResourcePolicySummary.Id
	_, again := put(tag("b", "1"))
	worldtest.Refused(t, again, "InvalidInputException", resource)
	if got := *worldtest.Must[*organizations.PutResourcePolicyOutput](t)(put(nil)).
		ResourcePolicy.ResourcePolicySummary.Id; got != resource {
		t.Errorf("the resource policy became %s from %s", got, resource)
	}
	for _, id := range []string{x.root, unit, x.Account, policy, resource} {
		worldtest.Must[*organizations.TagResourceOutput](t)(x.org.TagResource(ctx,
			&organizations.TagResourceInput{ResourceId: &id, Tags: append(tag("a", "2"), tag("b", "")...)}))
		worldtest.Must[*organizations.UntagResourceOutput](t)(x.org.UntagResource(ctx,
			&organizations.UntagResourceInput{ResourceId: &id, TagKeys: []string{"b"}}))
		got := worldtest.Must[*organizations.ListTagsForResourceOutput](t)(x.org.ListTagsForResource(ctx,
			&organizations.ListTagsForResourceInput{ResourceId: &id})).Tags
		if len(got) != 1 || *got[0].Key != "a" || *got[0].Value != "2" {
			t.Errorf("tags of %s: %+v", id, got)
		}
	}
	for _, c := range []struct{ id, key, code string }{
		{"r-zzzz", "a", "TargetNotFoundException"}, {"000000000001", "a", "TargetNotFoundException"},
		{"p-00000000", "a", "TargetNotFoundException"},
		{"p-FullAWSAccess", "a", "InvalidInputException"}, {unit, "aws:a", "InvalidInputException"},
	} {
		_, err := x.org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &c.id, Tags: tag(c.key, "v")})
		worldtest.Refused(t, err, c.code, "")
	}
	_, err := x.org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &unit,
		Tags: append(tag("d", "1"), tag("d", "2")...)})
	worldtest.Refused(t, err, "InvalidInputException", "twice")
	_, err = x.org.TagResource(ctx, &organizations.TagResourceInput{ResourceId: &unit, Tags: manyTags(50)})
	worldtest.Refused(t, err, "ConstraintViolationException", "50 tags")
	// The policy's tags go with it.
	worldtest.Must[*organizations.DeleteResourcePolicyOutput](t)(x.org.DeleteResourcePolicy(ctx, nil))
	_, err = x.org.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &resource})
	worldtest.Refused(t, err, "TargetNotFoundException", resource)
	resource = *worldtest.Must[*organizations.PutResourcePolicyOutput](t)(put(nil)).ResourcePolicy.ResourcePolicySummary.Id
	if got := worldtest.Must[*organizations.ListTagsForResourceOutput](t)(x.org.ListTagsForResource(ctx,
		&organizations.ListTagsForResourceInput{ResourceId: &resource})).Tags; len(got) != 0 {
		t.Errorf("tags of the next: %+v", got)
	}
}

func (x *tree) testPolicies(t *testing.T) {
	ctx := t.Context()
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	deny := `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`
	p := x.policy(t, scp, "no ec2", deny)

	t.Run("attached from the beginning", func(t *testing.T) {
		unit := x.unit(t, x.root, "u")
		for _, target := range []string{x.root, x.Account, m.ID, unit} {
			for kind, want := range map[orgtypes.PolicyType]string{scp: "p-FullAWSAccess", rcp: "p-RCPFullAWSAccess"} {
				list := worldtest.Must[*organizations.ListPoliciesForTargetOutput](t)(x.org.ListPoliciesForTarget(ctx,
					&organizations.ListPoliciesForTargetInput{TargetId: &target, Filter: kind})).Policies
				if len(list) != 1 || *list[0].Id != want || !list[0].AwsManaged {
					t.Errorf("%s of %s: %+v", kind, target, list)
				}
			}
		}
		var targets []string
		for pages := organizations.NewListTargetsForPolicyPaginator(x.org,
			&organizations.ListTargetsForPolicyInput{PolicyId: aws.String("p-FullAWSAccess"),
				MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
			for _, a := range worldtest.Must[*organizations.ListTargetsForPolicyOutput](t)(pages.NextPage(ctx)).Targets {
				targets = append(targets, *a.TargetId+" "+string(a.Type))
			}
		}
		for _, want := range []string{x.root + " ROOT", unit + " ORGANIZATIONAL_UNIT", m.ID + " ACCOUNT",
			x.Account + " ACCOUNT"} {
			if !slices.Contains(targets, want) {
				t.Errorf("targets %v, and not %s", targets, want)
			}
		}
	})
	t.Run("read and change", func(t *testing.T) {
		got := worldtest.Must[*organizations.DescribePolicyOutput](t)(x.org.DescribePolicy(ctx,
			&organizations.DescribePolicyInput{PolicyId: &p})).Policy
		if *got.Content != worldtest.Policy(deny) || *got.PolicySummary.Name != "no ec2" || got.PolicySummary.AwsManaged ||
			!strings.HasSuffix(*got.PolicySummary.Arn, "/service_control_policy/"+p) {
			t.Errorf("the policy: %+v %s", got.PolicySummary, *got.Content)
		}
		full := worldtest.Must[*organizations.DescribePolicyOutput](t)(x.org.DescribePolicy(ctx,
			&organizations.DescribePolicyInput{PolicyId: aws.String("p-RCPFullAWSAccess")})).Policy
		if *full.PolicySummary.Arn != "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess" ||
			!strings.Contains(*full.Content, "Principal") {
			t.Errorf("AWS's policy: %+v %s", full.PolicySummary, *full.Content)
		}
		changed := worldtest.Must[*organizations.UpdatePolicyOutput](t)(x.org.UpdatePolicy(ctx,
			&organizations.UpdatePolicyInput{PolicyId: &p, Description: aws.String("new"),
				Content: aws.String(worldtest.Policy(deny + "," + deny))})).Policy
		if *changed.PolicySummary.Description != "new" || *changed.PolicySummary.Name != "no ec2" ||
			*changed.Content != worldtest.Policy(deny+","+deny) {
			t.Errorf("changed: %+v", changed)
		}
		changed = worldtest.Must[*organizations.UpdatePolicyOutput](t)(x.org.UpdatePolicy(ctx,
			&organizations.UpdatePolicyInput{PolicyId: &p, Name: aws.String("no ec2")})).Policy
		if *changed.PolicySummary.Description != "new" {
			t.Errorf("a description that nobody changed: %+v", changed.PolicySummary)
		}
		changed = worldtest.Must[*organizations.UpdatePolicyOutput](t)(x.org.UpdatePolicy(ctx,
			&organizations.UpdatePolicyInput{PolicyId: &p, Description: aws.String("")})).Policy
		if aws.ToString(changed.PolicySummary.Description) != "" {
			t.Errorf("a description taken away: %+v", changed.PolicySummary)
		}
		var names []string
		for pages := organizations.NewListPoliciesPaginator(x.org,
			&organizations.ListPoliciesInput{Filter: scp, MaxResults: aws.Int32(1)}); pages.HasMorePages(); {
			for _, p := range worldtest.Must[*organizations.ListPoliciesOutput](t)(pages.NextPage(ctx)).Policies {
				names = append(names, *p.Name)
			}
		}
		if fmt.Sprint(names) != "[FullAWSAccess no ec2]" {
			t.Errorf("policies by page: %v", names)
		}
		if list := worldtest.Must[*organizations.ListPoliciesOutput](t)(x.org.ListPolicies(ctx,
			&organizations.ListPoliciesInput{Filter: orgtypes.PolicyTypeTagPolicy})).Policies; len(list) != 0 {
			t.Errorf("tag policies: %+v", list)
		}
	})
	t.Run("what is no policy", func(t *testing.T) {
		for _, c := range []struct {
			kind                         orgtypes.PolicyType
			name, content, code, message string
		}{
			{scp, "no ec2", worldtest.Policy(deny), "DuplicatePolicyException", "no ec2"},
			{scp, "FullAWSAccess", worldtest.Policy(deny), "DuplicatePolicyException", "FullAWSAccess"},
			{orgtypes.PolicyTypeTagPolicy, "n", "{}", "PolicyTypeNotAvailableForOrganizationException",
				"SERVICE_CONTROL_POLICY"},
			{scp, "n", "{", "MalformedPolicyDocumentException", "Syntax errors"},
			{scp, "n", worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`),
				"MalformedPolicyDocumentException", "principal"},
			{scp, "n", worldtest.Policy(`{"Effect":"Deny","Action":"*"}`), "MalformedPolicyDocumentException",
				"must contain resources"},
			{scp, "n", worldtest.Policy(deny) + strings.Repeat(" ", 10240), "ConstraintViolationException", "10240 bytes"},
			{rcp, "n", worldtest.Policy(deny), "MalformedPolicyDocumentException", "Principal"},
			{rcp, "n", worldtest.Policy(`{"Effect":"Deny","Principal":{"AWS":"` + m.ID + `"},"Action":"s3:*","Resource":"*"}`),
				"MalformedPolicyDocumentException", `can only be "*"`},
			{rcp, "n", worldtest.Policy(`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`),
				"MalformedPolicyDocumentException", "can only deny"},
			{rcp, "n", worldtest.Policy(`{"Effect":"Deny","Principal":"*","Action":["s3:*","*"],"Resource":"*"}`),
				"MalformedPolicyDocumentException", "name the service"},
			{rcp, "n", worldtest.Policy(`{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}`),
				"MalformedPolicyDocumentException", "NotAction"},
		} {
			_, err := x.org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: c.kind, Name: &c.name,
				Description: aws.String(""), Content: &c.content})
			worldtest.Refused(t, err, c.code, c.message)
		}
		_, err := x.org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &p, Content: aws.String("[]")})
		worldtest.Refused(t, err, "MalformedPolicyDocumentException", "not a JSON object")
		_, err = x.org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: aws.String("p-FullAWSAccess"),
			Name: aws.String("mine")})
		worldtest.Refused(t, err, "InvalidInputException", "AWS's own")
		_, err = x.org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: aws.String("p-RCPFullAWSAccess")})
		worldtest.Refused(t, err, "InvalidInputException", "AWS's own")
		_, err = x.org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: aws.String("p-00000000")})
		worldtest.Refused(t, err, "PolicyNotFoundException", "p-00000000")
	})
	t.Run("attach", func(t *testing.T) {
		target := m.ID
		x.attach(t, p, target)
		for _, c := range []struct{ policy, target, code string }{
			{p, target, "DuplicatePolicyAttachmentException"}, {p, "r-zzzz", "TargetNotFoundException"},
			{p, "000000000001", "TargetNotFoundException"}, {"p-00000000", target, "PolicyNotFoundException"},
		} {
			_, err := x.org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &c.policy, TargetId: &c.target})
			worldtest.Refused(t, err, c.code, "")
		}
		_, err := x.org.DeletePolicy(ctx, &organizations.DeletePolicyInput{PolicyId: &p})
		worldtest.Refused(t, err, "PolicyInUseException", "detach it first")
		for i := range 3 {
			x.attach(t, x.policy(t, scp, fmt.Sprint("more ", i), deny), target)
		}
		sixth := x.policy(t, scp, "sixth", deny)
		_, err = x.org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &sixth, TargetId: &target})
		worldtest.Refused(t, err, "ConstraintViolationException", "at most five")
		var typed *orgtypes.ConstraintViolationException
		if !errors.As(err, &typed) ||
			typed.Reason != orgtypes.ConstraintViolationExceptionReasonMaxPolicyTypeAttachmentLimitExceeded {
			t.Errorf("the reason that the SDK knows: %+v", typed)
		}
		_, err = x.org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: &sixth, TargetId: &target})
		worldtest.Refused(t, err, "PolicyNotAttachedException", sixth)
		x.detach(t, p, target)
		worldtest.Must[*organizations.DeletePolicyOutput](t)(x.org.DeletePolicy(ctx,
			&organizations.DeletePolicyInput{PolicyId: &p}))
		_, err = x.org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: aws.String("p-FullAWSAccess"),
			TargetId: &x.root})
		worldtest.Refused(t, err, "ConstraintViolationException", "last of its type")
		_, err = x.org.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: aws.String("p-RCPFullAWSAccess"),
			TargetId: &x.root})
		worldtest.Refused(t, err, "InvalidInputException", "cannot be detached")
	})
	t.Run("types", func(t *testing.T) {
		enable := func(kind orgtypes.PolicyType) error {
			_, err := x.org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &x.root, PolicyType: kind})
			return err
		}
		if err := enable(scp); err != nil { // as scripts for AWS begin
			t.Error(err)
		}
		worldtest.Refused(t, enable(scp), "PolicyTypeAlreadyEnabledException", "already")
		worldtest.Refused(t, enable(orgtypes.PolicyTypeTagPolicy), "PolicyTypeNotAvailableForOrganizationException",
			"TAG_POLICY")
		_, err := x.org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: aws.String("r-zzzz"),
			PolicyType: scp})
		worldtest.Refused(t, err, "RootNotFoundException", "list-roots")
		off := worldtest.Must[*organizations.DisablePolicyTypeOutput](t)(x.org.DisablePolicyType(ctx,
			&organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: scp})).Root
		if len(off.PolicyTypes) != 1 || off.PolicyTypes[0].Type != rcp {
			t.Errorf("types that are on: %+v", off.PolicyTypes)
		}
		_, err = x.org.DisablePolicyType(ctx, &organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: scp})
		worldtest.Refused(t, err, "PolicyTypeNotEnabledException", "not switched on")
		q := x.policy(t, scp, "later", deny)
		_, err = x.org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &q, TargetId: &m.ID})
		worldtest.Refused(t, err, "PolicyTypeNotEnabledException", "enable-policy-type")
		if err := enable(scp); err != nil {
			t.Error(err)
		}
		list := worldtest.Must[*organizations.ListPoliciesForTargetOutput](t)(x.org.ListPoliciesForTarget(ctx,
			&organizations.ListPoliciesForTargetInput{TargetId: &m.ID, Filter: scp})).Policies
		if len(list) != 1 || *list[0].Id != "p-FullAWSAccess" {
			t.Errorf("after off and on again: %+v", list)
		}
		_, err = x.org.DescribeEffectivePolicy(ctx,
			&organizations.DescribeEffectivePolicyInput{PolicyType: orgtypes.EffectivePolicyTypeTagPolicy})
		worldtest.Refused(t, err, "EffectivePolicyNotFoundException", "TAG_POLICY")
	})
	t.Run("delegated", func(t *testing.T) {
		org := x.as(m.Key)
		q := x.policy(t, scp, "delegated", deny)
		rename := func() error {
			_, err := org.UpdatePolicy(ctx,
				&organizations.UpdatePolicyInput{PolicyId: &q, Description: aws.String("by a member")})
			return err
		}
		worldtest.Refused(t, rename(), "AccessDeniedException", "organizations:UpdatePolicy")
		_, err := x.org.DescribeResourcePolicy(ctx, nil)
		worldtest.Refused(t, err, "ResourcePolicyNotFoundException", "no resource policy")
		_, err = x.org.PutResourcePolicy(ctx,
			&organizations.PutResourcePolicyInput{Content: aws.String(worldtest.Policy(deny))})
		worldtest.Refused(t, err, "InvalidInputException", "Principal")
		worldtest.Must[*organizations.PutResourcePolicyOutput](t)(x.org.PutResourcePolicy(ctx,
			&organizations.PutResourcePolicyInput{Content: aws.String(worldtest.Policy(
				`{"Effect":"Allow","Principal":{"AWS":"` + m.ID + `"},"Action":"organizations:*","Resource":"*",` +
					`"Condition":{"StringLikeIfExists":{"organizations:PolicyType":"SERVICE_CONTROL_POLICY"}}}`))}))
		if err := rename(); err != nil {
			t.Error(err)
		}
		worldtest.Must[*organizations.ListAccountsOutput](t)(org.ListAccounts(ctx, nil))
		_, err = org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Type: rcp, Name: aws.String("n"),
			Description: aws.String(""), Content: aws.String("{}")})
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:CreatePolicy")
		_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &m.ID}) // nobody can be let in there
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:CloseAccount")
		worldtest.Must[*organizations.DeleteResourcePolicyOutput](t)(x.org.DeleteResourcePolicy(ctx, nil))
		worldtest.Refused(t, rename(), "AccessDeniedException", "organizations:UpdatePolicy")
	})
}
