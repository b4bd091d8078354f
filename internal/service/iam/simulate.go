package iam

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// The limits of a simulation, so that it stays small however it is asked.
const (
	maxSimulatedActions   = 200
	maxSimulatedResources = 100
	maxSimulatedPolicies  = 100
	maxPageOfResults      = 1000 // resource-specific results of a page
	maxWork               = 4e9  // of a page: bytes of policies times bytes of what they are compared with, which patterns may take
)

// source is one policy of a simulation, as its answer names it. kind is AWS's PolicySourceType.
type source struct {
	id, kind, document string
	spans              []policy.Span
}

// simulation is what SimulatePrincipalPolicy and SimulateCustomPolicy have in common.
type simulation struct {
	sources   []*source // reasons carry the number of one as their policy's name
	set       policy.Set
	caller    policy.Caller
	owner     granary.AccountID // of resources that do not say
	context   policy.Values
	principal bool     // the policies are those of a principal, whose account's organization has its say
	needs     []string // context keys that the policies ask for and the request does not give
}

// add compiles a policy of the simulation.
func (m *simulation) add(kind policy.Kind, id, sourceKind, document string) (*policy.Policy, error) {
	p, err := policy.Parse(kind, document)
	if err != nil {
		return nil, granary.AsError(err).WithCode("InvalidInput")
	}
	m.sources = append(m.sources, &source{id: id, kind: sourceKind, document: document})
	return p.Named(strconv.Itoa(len(m.sources) - 1)), nil
}

func (m *simulation) identity(id, kind, document string) error {
	p, err := m.add(policy.Identity, id, kind, document)
	m.set.Identity = append(m.set.Identity, p)
	return err
}

// inline adds the inline policies of an entity; kind is "user", "group" or "role".
func (m *simulation) inline(kind, owner string, documents map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if err := m.identity(kind+"_"+owner+"_"+name, kind, documents[name]); err != nil {
			return err
		}
	}
	return nil
}

func (m *simulation) managed(tx *store.Tx, a granary.AccountID, attached []granary.ARN) error {
	for _, arn := range attached {
		if id, kind, document, ok := managedDocument(tx, a, arn); ok {
			if err := m.identity(id, kind, document); err != nil {
				return err
			}
		}
	}
	return nil
}

// managedDocument is the default version of a managed policy; ok is false when it was deleted.
func managedDocument(tx *store.Tx, a granary.AccountID, arn granary.ARN) (id, kind, document string, ok bool) {
	if m, ok := policy.Managed(arn); ok {
		return m.Name, "aws-managed", m.Document, true
	}
	p, _ := arn.Parts()
	m, err := tx.ManagedPolicies.Get(a, p.Resource[strings.LastIndexByte(p.Resource, '/')+1:])
	if err != nil || m.ARN() != arn {
		return "", "", "", false
	}
	return m.Name, "user-managed", m.Default(), true
}

// inputs adds the policies that the request brings itself.
func (m *simulation) inputs(policies, boundaries []string) error {
	if len(policies) > maxSimulatedPolicies {
		return badInput("A simulation takes at most %d policies.", maxSimulatedPolicies)
	}
	for i, document := range policies {
		if err := m.identity("PolicyInputList."+strconv.Itoa(i+1), "none", document); err != nil {
			return err
		}
	}
	if len(boundaries) > 1 {
		return badInput("PermissionsBoundaryPolicyInputList takes one policy.")
	}
	for _, document := range boundaries {
		p, err := m.add(policy.Boundary, "PermissionsBoundaryPolicyInputList.1", "none", document)
		if err != nil {
			return err
		}
		m.set.Boundary = p
	}
	return nil
}

// as sets who is simulated to call: an IAM user, when the request names one.
func (m *simulation) as(callerARN string) error {
	if callerARN == "" {
		return nil
	}
	p, ok := granary.ARN(callerARN).Parts()
	if !ok || p.Service != "iam" || !p.Account.Valid() || !strings.HasPrefix(p.Resource, "user/") {
		return badInput("CallerArn must be the ARN of an IAM user, and is %s.", callerARN)
	}
	m.caller = policy.Caller{Kind: policy.IAMUser, Account: p.Account, ARN: granary.ARN(callerARN)}
	return nil
}

// resource adds the resource's policy. A document without resources is a role's trust policy.
func (m *simulation) resource(document, owner string) error {
	m.owner = m.caller.Account
	if owner != "" {
		p, _ := granary.ARN(owner).Parts()
		if m.owner = p.Account; !m.owner.Valid() {
			m.owner = granary.AccountID(owner)
		}
		if !m.owner.Valid() {
			return badInput("ResourceOwner must be an account's ARN or number, and is %s.", owner)
		}
	}
	if document == "" {
		return nil
	}
	p, err := m.add(policy.Bucket, "ResourcePolicy", "resource", document)
	if err != nil {
		trust, terr := m.add(policy.Trust, "ResourcePolicy", "resource", document)
		if terr != nil {
			return err
		}
		p, m.set.Trust = trust, true
	}
	m.set.Resource = p
	return nil
}

func (m *simulation) entries(list []api.ContextEntry) error {
	m.context = policy.Values{}
	for _, e := range list {
		name := strings.ToLower(e.ContextKeyName)
		if name == "" || m.context[name] != nil {
			return badInput("The context key %q is given twice, or has no name.", e.ContextKeyName)
		}
		if err := contextValues(e); err != nil {
			return err
		}
		m.context[name] = append([]string{}, e.ContextKeyValues...)
	}
	names := []string{}
	for _, s := range m.sources {
		names = append(names, policy.ContextKeys(s.document)...)
	}
	m.needs = unique(slices.DeleteFunc(names, func(n string) bool { return m.context[strings.ToLower(n)] != nil }))
	return nil
}

// unique is the names in order, each once whatever its case.
func unique(names []string) []string {
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}

func badInput(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidInput")
}

// simulateCustom simulates policies that nobody has.
func (s *service) simulateCustom(c *awsapi.Call, in *api.SimulateCustomPolicyInput) (*api.SimulateCustomPolicyOutput, error) {
	m := &simulation{caller: policy.Caller{Kind: policy.IAMUser, Account: c.Caller.Account}}
	if err := m.inputs(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	if err := m.as(in.CallerArn); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != "" && in.CallerArn == "" {
		return nil, badInput("CallerArn is required when ResourcePolicy is given.")
	}
	if err := m.resource(in.ResourcePolicy, in.ResourceOwner); err != nil {
		return nil, err
	}
	if err := m.entries(in.ContextEntries); err != nil {
		return nil, err
	}
	out := &api.SimulateCustomPolicyOutput{}
	var err error
	out.EvaluationResults, out.IsTruncated, out.Marker, err = s.run(m, in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems)
	return out, err
}

// simulatePrincipal simulates the policies that a user, group or role has, with those that the request brings.
func (s *service) simulatePrincipal(c *awsapi.Call, in *api.SimulatePrincipalPolicyInput) (*api.SimulatePrincipalPolicyOutput, error) {
	m := &simulation{principal: true}
	if err := s.DB.View(c, func(tx *store.Tx) error { return m.entity(tx, c, in.PolicySourceArn) }); err != nil {
		return nil, err
	}
	if o := s.Index.Organization(); o != nil && c.Caller.Account != o.Management {
		if k := s.Index.Controls(c.Caller.Account); k != nil {
			m.set.SCPs = k.SCPs // of this account, whomever the request imagines to call
		}
	}
	if err := m.inputs(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != "" && in.CallerArn == "" && m.caller.Kind != policy.IAMUser {
		return nil, badInput("CallerArn is required when ResourcePolicy is given and PolicySourceArn is not a user.")
	}
	if err := m.as(in.CallerArn); err != nil {
		return nil, err
	}
	if err := m.resource(in.ResourcePolicy, in.ResourceOwner); err != nil {
		return nil, err
	}
	if err := m.entries(in.ContextEntries); err != nil {
		return nil, err
	}
	out := &api.SimulatePrincipalPolicyOutput{}
	var err error
	out.EvaluationResults, out.IsTruncated, out.Marker, err = s.run(m, in.ActionNames, in.ResourceArns, in.Marker, in.MaxItems)
	return out, err
}

// entity gathers what a user, group or role of the caller's account has.
func (m *simulation) entity(tx *store.Tx, c *awsapi.Call, text string) error {
	arn := granary.ARN(text)
	p, ok := arn.Parts()
	kind, _, _ := strings.Cut(p.Resource, "/")
	name := p.Resource[strings.LastIndexByte(p.Resource, '/')+1:]
	if !ok || p.Service != "iam" || name == "" || kind != "user" && kind != "group" && kind != "role" {
		return badInput("Invalid Entity Arn: %s does not clearly define entity type and name.", text)
	}
	missing := granary.Errorf(granary.NotFound, "The %s with name %s cannot be found.", kind, name)
	if p.Account != c.Caller.Account {
		return missing
	}
	m.caller = policy.Caller{Kind: policy.IAMUser, Account: p.Account}
	var boundary granary.ARN
	switch kind {
	case "user":
		u, err := user(tx, c, name)
		if err != nil || u.ARN() != arn {
			return cmp.Or(err, error(missing))
		}
		m.caller.ARN, boundary = arn, u.Boundary
		if err := m.ofUser(tx, u); err != nil {
			return err
		}
	case "group":
		g, err := group(tx, c, name)
		if err != nil || g.ARN() != arn {
			return cmp.Or(err, error(missing))
		}
		return m.ofGroup(tx, g)
	case "role":
		r, err := role(tx, c, name)
		if err != nil || r.ARN() != arn {
			return cmp.Or(err, error(missing))
		}
		m.caller = policy.Caller{Kind: policy.RoleSession, Account: p.Account, Role: arn, ARN: granary.SessionARN(p.Account, r.Name, "simulation")}
		boundary = r.Boundary
		if err := m.inline("role", r.Name, r.Inline); err != nil {
			return err
		}
		if err := m.managed(tx, r.Account, r.Attached); err != nil {
			return err
		}
	}
	return m.bound(tx, p.Account, boundary)
}

func (m *simulation) ofUser(tx *store.Tx, u *granary.IAMUser) error {
	if err := m.inline("user", u.Name, u.Inline); err != nil {
		return err
	}
	if err := m.managed(tx, u.Account, u.Attached); err != nil {
		return err
	}
	groups, err := groupsOf(tx, u)
	for _, g := range groups {
		if err := m.ofGroup(tx, g); err != nil {
			return err
		}
	}
	return err
}

func (m *simulation) ofGroup(tx *store.Tx, g *granary.IAMGroup) error {
	if err := m.inline("group", g.Name, g.Inline); err != nil {
		return err
	}
	return m.managed(tx, g.Account, g.Attached)
}

// bound adds the entity's boundary; one that was deleted denies everything, as it does outside of simulations.
func (m *simulation) bound(tx *store.Tx, a granary.AccountID, arn granary.ARN) error {
	if arn == "" {
		return nil
	}
	id, kind, document, ok := managedDocument(tx, a, arn)
	if !ok {
		id, kind, document = string(arn), "none", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	}
	p, err := m.add(policy.Boundary, id, kind, document)
	m.set.Boundary = p
	return err
}
