package iam

import (
	"maps"
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// detailKinds are the kinds of GetAccountAuthorizationDetails, in the order of its pages.
var detailKinds = []string{"User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"}

// details fills one page of GetAccountAuthorizationDetails.
type details struct {
	service *service
	tx      *store.Tx
	account granary.AccountID
	out     *api.GetAccountAuthorizationDetailsOutput
	groups  map[string]string // id → name
	used    map[granary.ARN]policyUses
}

// getAuthorizationDetails lists all users, groups, roles and policies of the account, page by page. A page may end
// within a kind or go on with the next.
func (s account) getAuthorizationDetails(c *awsapi.Call, in *api.GetAccountAuthorizationDetailsInput) (
	*api.GetAccountAuthorizationDetailsOutput, error) {
	after, left, err := pageStart(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	from, after, _ := strings.Cut(after, " ")
	start := max(slices.Index(detailKinds, from), 0)
	out := &api.GetAccountAuthorizationDetailsOutput{}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		d := &details{service: s.service, tx: tx, account: c.Caller.Account, out: out, groups: map[string]string{}}
		if err := d.prepare(); err != nil {
			return err
		}
		for _, kind := range detailKinds[start:] {
			if len(in.Filter) > 0 && !slices.Contains(in.Filter, kind) {
				continue
			}
			if left == 0 {
				out.IsTruncated, out.Marker = pageEnd(kind + " " + after)
				return nil
			}
			n, next, err := d.addKind(kind, after, left)
			if err != nil {
				return err
			}
			if next != "" {
				out.IsTruncated, out.Marker = pageEnd(kind + " " + next)
				return nil
			}
			left, after = left-n, ""
		}
		out.IsTruncated, out.Marker = pageEnd("")
		return nil
	})
}

func (d *details) prepare() (err error) {
	groups, _, err := d.tx.IAMGroups.List(d.account, "", "", 0)
	if err != nil {
		return err
	}
	for _, g := range groups {
		d.groups[g.ID] = g.Name
	}
	d.used, err = findAllUses(d.tx, d.account)
	return err
}

// addKind puts up to limit of a kind into the page; next is where the kind goes on.
func (d *details) addKind(kind, after string, limit int) (n int, next string, err error) {
	switch kind {
	case "User":
		var list []*granary.IAMUser
		list, next, err = d.tx.IAMUsers.List(d.account, "", after, limit)
		for _, u := range list {
			d.out.UserDetailList = append(d.out.UserDetailList, d.userDetail(u))
		}
		n = len(list)
	case "Group":
		var list []*granary.IAMGroup
		list, next, err = d.tx.IAMGroups.List(d.account, "", after, limit)
		for _, g := range list {
			d.out.GroupDetailList = append(d.out.GroupDetailList, api.GroupDetail{Arn: string(g.ARN()), GroupId: g.ID,
				GroupName: g.Name, Path: g.Path, CreateDate: g.Created,
				AttachedManagedPolicies: attachedShapes(g.Attached, ""), GroupPolicyList: inlineShapes(g.Inline)})
		}
		n = len(list)
	case "Role":
		var list []*granary.Role
		list, next, err = d.tx.Roles.List(d.account, "", after, limit)
		for _, r := range list {
			shape, err := d.roleDetail(r)
			if err != nil {
				return 0, "", err
			}
			d.out.RoleDetailList = append(d.out.RoleDetailList, shape)
		}
		n = len(list)
	case "LocalManagedPolicy":
		var list []*granary.ManagedPolicy
		list, next, err = d.tx.ManagedPolicies.List(d.account, "", after, limit)
		for _, p := range list {
			var versions []api.PolicyVersion
			for _, v := range p.Versions {
				versions = append(versions, versionShape(p, v))
			}
			d.addPolicy(policyShape(p, d.used[p.ARN()]), versions)
		}
		n = len(list)
	default:
		for _, m := range policy.AllManaged() {
			if string(m.ARN) <= after {
				continue
			}
			if n == limit {
				return n, next, nil
			}
			yes := true
			d.addPolicy(builtinShape(m, d.used[m.ARN]),
				[]api.PolicyVersion{{VersionId: m.Version, IsDefaultVersion: &yes, Document: escapeDocument(m.Document)}})
			n, next = n+1, string(m.ARN)
		}
		next = ""
	}
	return n, next, err
}

func (d *details) userDetail(u *granary.IAMUser) api.UserDetail {
	out := api.UserDetail{Arn: string(u.ARN()), UserId: u.ID, UserName: u.Name, Path: u.Path, CreateDate: u.Created,
		Tags:                sortedTags(u.Tags),
		PermissionsBoundary: boundaryShape(u.Boundary), AttachedManagedPolicies: attachedShapes(u.Attached, ""),
		UserPolicyList: inlineShapes(u.Inline)}
	for _, id := range u.Groups {
		out.GroupList = append(out.GroupList, d.groups[id])
	}
	slices.Sort(out.GroupList)
	return out
}

func (d *details) roleDetail(r *granary.Role) (api.RoleDetail, error) {
	out := api.RoleDetail{Arn: string(r.ARN()), RoleId: r.ID, RoleName: r.Name, Path: r.Path, CreateDate: r.Created,
		Tags:                     sortedTags(r.Tags),
		AssumeRolePolicyDocument: escapeDocument(d.service.Index.IAM.Shown(r.Trust, r.Bound)),
		PermissionsBoundary:      boundaryShape(r.Boundary), AttachedManagedPolicies: attachedShapes(r.Attached, ""),
		RolePolicyList: inlineShapes(r.Inline)}
	var err error
	if out.RoleLastUsed, err = d.service.roleLastUsed(d.tx, r); err != nil {
		return out, err
	}
	profiles, _, err := d.tx.InstanceProfiles.ListForRole(r.Account, r.Name, "", 0)
	for _, p := range profiles {
		shape, err := d.service.profileShape(d.tx, p)
		if err != nil {
			return out, err
		}
		out.InstanceProfileList = append(out.InstanceProfileList, *shape)
	}
	return out, err
}

func (d *details) addPolicy(p *api.Policy, versions []api.PolicyVersion) {
	d.out.Policies = append(d.out.Policies, api.ManagedPolicyDetail{Arn: p.Arn, AttachmentCount: p.AttachmentCount,
		CreateDate: p.CreateDate, DefaultVersionId: p.DefaultVersionId,
		Description: p.Description, IsAttachable: p.IsAttachable, Path: p.Path,
		PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount, PolicyId: p.PolicyId,
		PolicyName: p.PolicyName, UpdateDate: p.UpdateDate, PolicyVersionList: versions})
}

func inlineShapes(documents map[string]string) []api.PolicyDetail {
	var out []api.PolicyDetail
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		out = append(out, api.PolicyDetail{PolicyName: name, PolicyDocument: escapeDocument(documents[name])})
	}
	return out
}
