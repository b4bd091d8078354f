package iam

import (
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s policies) checkCreatePolicy(c *awsapi.Call, in *api.CreatePolicyInput) ([]authz.Request, error) {
	return creation(granary.PolicyARN(c.Caller.Account, pathOrRoot(in.Path), in.PolicyName), in.Tags, "")
}

func (s policies) createPolicy(c *awsapi.Call, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerPolicy")
	if err != nil {
		return nil, err
	}
	if _, err := checkDocument(policy.Identity, in.PolicyDocument, "PolicySize", maxManaged); err != nil {
		return nil, err
	}
	p := &granary.ManagedPolicy{Account: c.Caller.Account, Name: in.PolicyName, Path: pathOrRoot(in.Path),
		ID:          granary.UniqueID("ANPA"),
		Description: in.Description,
		Versions:    []granary.PolicyVersion{{ID: "v1", Document: in.PolicyDocument, Created: c.Now}}, DefaultVersion: "v1",
		NextVersion: 2, Tags: tags, Created: c.Now, Updated: c.Now}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.ManagedPolicies.Create(p)
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatePolicyOutput{Policy: policyShape(p, nil)}, nil
}

func policyShape(p *granary.ManagedPolicy, used policyUses) *api.Policy {
	yes, attached, boundaries := true, used.attached(), used.boundaries()
	return &api.Policy{Arn: string(p.ARN()), AttachmentCount: &attached, PermissionsBoundaryUsageCount: &boundaries,
		CreateDate:       p.Created,
		DefaultVersionId: p.DefaultVersion, Description: p.Description, IsAttachable: &yes, Path: p.Path, PolicyId: p.ID,
		PolicyName: p.Name,
		Tags:       tagShapes(p.Tags), UpdateDate: p.Updated}
}

func (s policies) getPolicy(c *awsapi.Call, in *api.GetPolicyInput) (*api.GetPolicyOutput, error) {
	out := &api.GetPolicyOutput{}
	err := s.DB.View(c, func(tx *store.Tx) error {
		used, err := findUses(tx, c.Caller.Account, granary.ARN(in.PolicyArn))
		if err != nil {
			return err
		}
		if m, ok := policy.Managed(granary.ARN(in.PolicyArn)); ok {
			out.Policy = builtinShape(m, used)
			return nil
		}
		p, err := findCustomerPolicy(tx, c, in.PolicyArn)
		if err == nil {
			out.Policy = policyShape(p, used)
		}
		return err
	})
	return out, err
}

func builtinShape(m *policy.ManagedPolicy, used policyUses) *api.Policy {
	yes, attached, boundaries := true, used.attached(), used.boundaries()
	return &api.Policy{Arn: string(m.ARN), AttachmentCount: &attached, PermissionsBoundaryUsageCount: &boundaries,
		DefaultVersionId: m.Version,
		Description:      m.Description, IsAttachable: &yes, Path: m.Path, PolicyId: m.ID, PolicyName: m.Name}
}

// findCustomerPolicy reads a customer-managed policy of the caller's account by its ARN, path included.
func findCustomerPolicy(tx *store.Tx, c *awsapi.Call, arn string) (*granary.ManagedPolicy, error) {
	p, ok := granary.ARN(arn).Parts()
	if !ok || p.Service != "iam" || !strings.HasPrefix(p.Resource, "policy/") {
		return nil, granary.Errorf(granary.Invalid, "ARN %s is not valid.", arn).WithCode("InvalidInput")
	}
	if p.Account == c.Caller.Account {
		m, err := tx.ManagedPolicies.Get(p.Account, lastPart(p.Resource))
		if err == nil && string(m.ARN()) == arn {
			return m, nil
		}
		if err != nil && !granary.Is(err, granary.NotFound) {
			return nil, err
		}
	}
	return nil, granary.Errorf(granary.NotFound, "Policy %s was not found.", arn)
}

// changePolicy reads, changes and writes a customer-managed policy in one transaction. It refuses AWS's own.
func (s policies) changePolicy(c *awsapi.Call, arn string, change func(*store.Tx, *granary.ManagedPolicy) error) error {
	if awsManaged(arn) {
		return granary.Errorf(granary.Denied, "The policy %s is AWS's own and cannot be changed.", arn)
	}
	return s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findCustomerPolicy(tx, c, arn)
		if err != nil {
			return err
		}
		if err := change(tx, p); err != nil {
			return err
		}
		return tx.ManagedPolicies.Update(p)
	})
}

func (s policies) deletePolicy(c *awsapi.Call, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	if awsManaged(in.PolicyArn) {
		return nil, granary.Errorf(granary.Denied, "The policy %s is AWS's own and cannot be deleted.", in.PolicyArn)
	}
	return &api.DeletePolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findCustomerPolicy(tx, c, in.PolicyArn)
		if err != nil {
			return err
		}
		used, err := findUses(tx, c.Caller.Account, p.ARN())
		if err != nil {
			return err
		}
		if len(used) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete a policy attached to entities.")
		}
		if len(p.Versions) > 1 {
			return granary.Errorf(granary.Conflict, "This policy has more than one version. Before you delete a policy, you "+
				"must delete the policy's versions. The default version is deleted with the policy.")
		}
		return tx.ManagedPolicies.Delete(p.Account, p.Name)
	})
}

// passesFilters applies ListPolicies' filters by use. A usage filter takes the place of OnlyAttached.
func passesFilters(in *api.ListPoliciesInput, attached, boundaries int64) bool {
	switch in.PolicyUsageFilter {
	case "PermissionsPolicy":
		return attached > 0
	case "PermissionsBoundary":
		return boundaries > 0
	}
	return in.OnlyAttached == nil || !*in.OnlyAttached || attached > 0
}

// listPolicies lists AWS's policies first, then those of the account.
func (s policies) listPolicies(c *awsapi.Call, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	after, limit, err := pageStart(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListPoliciesOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		used, err := findAllUses(tx, c.Caller.Account)
		if err != nil {
			return err
		}
		next := ""
		take := func(shape *api.Policy) {
			if passesFilters(in, *shape.AttachmentCount, *shape.PermissionsBoundaryUsageCount) {
				shape.Tags, shape.Description = nil, "" // AWS lists leave them out
				out.Policies = append(out.Policies, *shape)
			}
		}
		local, inLocal := strings.CutPrefix(after, "local ")
		if in.Scope != "Local" && !inLocal {
			for _, m := range policy.AllManaged() {
				if string(m.ARN) <= after || !strings.HasPrefix(m.Path, in.PathPrefix) {
					continue
				}
				if len(out.Policies) == limit {
					out.IsTruncated, out.Marker = pageEnd(next)
					return nil
				}
				take(builtinShape(m, used[m.ARN]))
				next = string(m.ARN)
			}
		}
		if in.Scope == "AWS" {
			out.IsTruncated, out.Marker = pageEnd("")
			return nil
		}
		if len(out.Policies) == limit {
			out.IsTruncated, out.Marker = pageEnd("local ")
			return nil
		}
		list, more, err := tx.ManagedPolicies.List(c.Caller.Account, in.PathPrefix, local, limit-len(out.Policies))
		for _, p := range list {
			take(policyShape(p, used[p.ARN()]))
		}
		if more != "" {
			more = "local " + more
		}
		out.IsTruncated, out.Marker = pageEnd(more)
		return err
	})
	return out, err
}

// awsManaged reports whether the ARN is one of AWS's own policies, which are built in and never change.
func awsManaged(arn string) bool {
	_, ok := policy.Managed(granary.ARN(arn))
	return ok
}

func noPolicy(arn string) error {
	return granary.Errorf(granary.NotFound, "Policy %s does not exist or is not attachable.", arn)
}
