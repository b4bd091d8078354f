package iam

import (
	"slices"
	"strconv"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s policies) createPolicyVersion(c *awsapi.Call, in *api.CreatePolicyVersionInput) (*api.CreatePolicyVersionOutput,
	error) {
	if _, err := checkDocument(policy.Identity, in.PolicyDocument, "PolicySize", maxManaged); err != nil {
		return nil, err
	}
	out := &api.CreatePolicyVersionOutput{}
	return out, s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) error {
		if len(p.Versions) >= maxVersions {
			return granary.Errorf(granary.Quota, "A managed policy can have up to %d versions. Before you create a new "+
				"version, you must delete an existing version.", maxVersions)
		}
		v := granary.PolicyVersion{ID: "v" + strconv.Itoa(p.NextVersion), Document: in.PolicyDocument, Created: c.Now}
		p.NextVersion++
		p.Versions = append(p.Versions, v)
		if in.SetAsDefault != nil && *in.SetAsDefault {
			p.DefaultVersion, p.Updated = v.ID, c.Now
		}
		shape := versionShape(p, v)
		shape.Document = "" // CreatePolicyVersion answers without it
		out.PolicyVersion = &shape
		return nil
	})
}

func versionShape(p *granary.ManagedPolicy, v granary.PolicyVersion) api.PolicyVersion {
	standard := v.ID == p.DefaultVersion
	return api.PolicyVersion{VersionId: v.ID, CreateDate: v.Created, IsDefaultVersion: &standard,
		Document: escapeDocument(v.Document)}
}

func (s policies) getPolicyVersion(c *awsapi.Call, in *api.GetPolicyVersionInput) (*api.GetPolicyVersionOutput, error) {
	out := &api.GetPolicyVersionOutput{}
	missing := granary.Errorf(granary.NotFound, "Policy %s version %s does not exist or is not attachable.", in.PolicyArn,
		in.VersionId)
	if m, ok := policy.Managed(granary.ARN(in.PolicyArn)); ok {
		if in.VersionId != m.Version {
			return nil, missing
		}
		yes := true
		out.PolicyVersion = &api.PolicyVersion{VersionId: m.Version, IsDefaultVersion: &yes,
			Document: escapeDocument(m.Document)}
		return out, nil
	}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		p, err := findCustomerPolicy(tx, c, in.PolicyArn)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(p.Versions, func(v granary.PolicyVersion) bool { return v.ID == in.VersionId })
		if i < 0 {
			return missing
		}
		shape := versionShape(p, p.Versions[i])
		out.PolicyVersion = &shape
		return nil
	})
}

func (s policies) listPolicyVersions(c *awsapi.Call, in *api.ListPolicyVersionsInput) (*api.ListPolicyVersionsOutput,
	error) {
	out := &api.ListPolicyVersionsOutput{}
	var all []api.PolicyVersion
	if m, ok := policy.Managed(granary.ARN(in.PolicyArn)); ok {
		yes := true
		all = []api.PolicyVersion{{VersionId: m.Version, IsDefaultVersion: &yes}}
	} else if err := s.DB.View(c, func(tx *store.Tx) error {
		p, err := findCustomerPolicy(tx, c, in.PolicyArn)
		if err != nil {
			return err
		}
		for _, v := range p.Versions {
			shape := versionShape(p, v)
			shape.Document = "" // listed without
			all = append(all, shape)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	var err error
	out.Versions, out.IsTruncated, out.Marker, err = paginate(all, versionOrder, in.Marker, in.MaxItems)
	return out, err
}

// versionOrder is the sort key of a version: v10 follows v9.
func versionOrder(v api.PolicyVersion) string {
	return strconv.Itoa(len(v.VersionId)) + v.VersionId
}

func (s policies) deletePolicyVersion(c *awsapi.Call, in *api.DeletePolicyVersionInput) (*api.DeletePolicyVersionOutput,
	error) {
	return &api.DeletePolicyVersionOutput{},
		s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) error {
			if in.VersionId == p.DefaultVersion {
				return granary.Errorf(granary.Conflict, "Cannot delete the default version of a policy.")
			}
			n := len(p.Versions)
			p.Versions = slices.DeleteFunc(p.Versions, func(v granary.PolicyVersion) bool { return v.ID == in.VersionId })
			if len(p.Versions) == n {
				return granary.Errorf(granary.NotFound, "Policy %s version %s does not exist or is not attachable.", in.PolicyArn,
					in.VersionId)
			}
			return nil
		})
}

func (s policies) setDefaultPolicyVersion(c *awsapi.Call,
	in *api.SetDefaultPolicyVersionInput) (*api.SetDefaultPolicyVersionOutput, error) {
	return &api.SetDefaultPolicyVersionOutput{},
		s.changePolicy(c, in.PolicyArn, func(_ *store.Tx, p *granary.ManagedPolicy) error {
			if !slices.ContainsFunc(p.Versions, func(v granary.PolicyVersion) bool { return v.ID == in.VersionId }) {
				return granary.Errorf(granary.NotFound, "Policy %s version %s does not exist or is not attachable.", in.PolicyArn,
					in.VersionId)
			}
			p.DefaultVersion, p.Updated = in.VersionId, c.Now
			return nil
		})
}
