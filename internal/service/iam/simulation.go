package iam

import (
	"cmp"
	"strconv"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/service/iam/simulate"
	"granary/internal/store"
)

// simulateCustom simulates the policies that the request brings, which belong to no entity.
func (s simulations) simulateCustom(c *awsapi.Call, in *api.SimulateCustomPolicyInput) (*api.SimulateCustomPolicyOutput,
	error) {
	m := &simulate.Simulation{Caller: policy.Caller{Kind: policy.IAMUser, Account: c.Caller.Account}}
	if err := m.AddInputs(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	if err := m.AddOrganization(in.OrderedOrganizationPolicyInputList); err != nil {
		return nil, err
	}
	if err := m.SetCaller(in.CallerArn); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != "" && in.CallerArn == "" {
		return nil, invalidInput("CallerArn is required when ResourcePolicy is given.")
	}
	if err := m.SetResource(in.ResourcePolicy, in.ResourceOwner); err != nil {
		return nil, err
	}
	if err := m.SetContext(in.ContextEntries); err != nil {
		return nil, err
	}
	out := &api.SimulateCustomPolicyOutput{}
	var err error
	out.EvaluationResults, out.IsTruncated, out.Marker, err = runPage(m, in.ActionNames, in.ResourceArns, in.Marker,
		in.MaxItems)
	return out, err
}

// simulatePrincipal simulates the policies that a user, group or role has, with those that the request brings.
func (s simulations) simulatePrincipal(c *awsapi.Call, in *api.SimulatePrincipalPolicyInput) (
	*api.SimulatePrincipalPolicyOutput, error) {
	m, err := s.simulateEntity(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	// The organization's policies are those of this account, whomever the request names as the caller.
	var controls [][]*policy.Policy
	if o := s.Index.Org.Organization(); o != nil && c.Caller.Account != o.Management {
		if k := s.Index.Org.Controls(c.Caller.Account); k != nil {
			controls = k.SCPs
		}
	}
	m.Govern(controls)
	if err := m.AddInputs(in.PolicyInputList, in.PermissionsBoundaryPolicyInputList); err != nil {
		return nil, err
	}
	if in.ResourcePolicy != "" && in.CallerArn == "" && m.Caller.Kind != policy.IAMUser {
		return nil, invalidInput("CallerArn is required when ResourcePolicy is given and PolicySourceArn is not a user.")
	}
	if err := m.SetCaller(in.CallerArn); err != nil {
		return nil, err
	}
	if err := m.SetResource(in.ResourcePolicy, in.ResourceOwner); err != nil {
		return nil, err
	}
	if err := m.SetContext(in.ContextEntries); err != nil {
		return nil, err
	}
	out := &api.SimulatePrincipalPolicyOutput{}
	out.EvaluationResults, out.IsTruncated, out.Marker, err = runPage(m, in.ActionNames, in.ResourceArns, in.Marker,
		in.MaxItems)
	return out, err
}

// runPage evaluates one page. The marker holds the number of the first pair of action and resource.
func runPage(m *simulate.Simulation, actions, resources []string, marker string, maxItems *int64) (
	page []api.EvaluationResult, truncated *bool, next string, err error) {
	if err := simulate.CheckNames(actions, resources); err != nil {
		return nil, nil, "", err
	}
	after, limit, err := pageStart(marker, maxItems)
	if err != nil {
		return nil, nil, "", err
	}
	first, err := strconv.Atoi(cmp.Or(after, "0"))
	if err != nil || first < 0 {
		return nil, nil, "", granary.Errorf(granary.Invalid, "Invalid Marker.")
	}
	page, pair, err := m.Run(actions, resources, first, limit)
	if err != nil {
		return nil, nil, "", err
	}
	if pair > 0 {
		next = strconv.Itoa(pair)
	}
	truncated, next = pageEnd(next)
	return page, truncated, next, nil
}

func (s simulations) contextKeysForCustom(_ *awsapi.Call, in *api.GetContextKeysForCustomPolicyInput) (
	*api.GetContextKeysForCustomPolicyOutput, error) {
	m := &simulate.Simulation{}
	if err := m.AddInputs(in.PolicyInputList, nil); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForCustomPolicyOutput{ContextKeyNames: m.ContextKeys()}, nil
}

func (s simulations) contextKeysForPrincipal(c *awsapi.Call, in *api.GetContextKeysForPrincipalPolicyInput) (
	*api.GetContextKeysForPrincipalPolicyOutput, error) {
	m, err := s.simulateEntity(c, in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	if err := m.AddInputs(in.PolicyInputList, nil); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: m.ContextKeys()}, nil
}

// simulateEntity makes a simulation with the policies of the user, group or role that an ARN names.
func (s simulations) simulateEntity(c *awsapi.Call, arn string) (*simulate.Simulation, error) {
	m := &simulate.Simulation{}
	return m, s.DB.View(c, func(tx *store.Tx) error {
		e := entity{m, tx}
		return e.gather(c, granary.ARN(arn))
	})
}

// entity adds the policies of a user, group or role to a simulation.
type entity struct {
	*simulate.Simulation
	tx *store.Tx
}

func (e *entity) gather(c *awsapi.Call, arn granary.ARN) error {
	p, ok := arn.Parts()
	kind, _, _ := strings.Cut(p.Resource, "/")
	name := lastPart(p.Resource)
	if !ok || p.Service != "iam" || name == "" || kind != "user" && kind != "group" && kind != "role" {
		return invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	missing := granary.Errorf(granary.NotFound, "The %s with name %s cannot be found.", kind, name)
	if p.Account != c.Caller.Account {
		return missing
	}
	e.Caller = policy.Caller{Kind: policy.IAMUser, Account: p.Account}
	switch kind {
	case "user":
		u, err := findUser(e.tx, c, name)
		if err != nil || u.ARN() != arn {
			return cmp.Or(err, error(missing))
		}
		e.Caller.ARN = arn
		if err := e.addUser(u); err != nil {
			return err
		}
		return e.setBoundary(p.Account, u.Boundary)
	case "group":
		g, err := findGroup(e.tx, c, name)
		if err != nil || g.ARN() != arn {
			return cmp.Or(err, error(missing))
		}
		return e.addGroup(g)
	}
	r, err := findRole(e.tx, c, name)
	if err != nil || r.ARN() != arn {
		return cmp.Or(err, error(missing))
	}
	e.Caller = policy.Caller{Kind: policy.RoleSession, Account: p.Account, Role: arn,
		ARN: granary.SessionARN(p.Account, r.Name, "simulation")}
	if err := e.addPolicies("role", r.Account, r.Name, r.Inline, r.Attached); err != nil {
		return err
	}
	return e.setBoundary(p.Account, r.Boundary)
}

func (e *entity) addUser(u *granary.IAMUser) error {
	if err := e.addPolicies("user", u.Account, u.Name, u.Inline, u.Attached); err != nil {
		return err
	}
	groups, err := groupsWith(e.tx, u)
	for _, g := range groups {
		if err := e.addGroup(g); err != nil {
			return err
		}
	}
	return err
}

func (e *entity) addGroup(g *granary.IAMGroup) error {
	return e.addPolicies("group", g.Account, g.Name, g.Inline, g.Attached)
}

// addPolicies adds inline policies and those of the attached policies that exist.
func (e *entity) addPolicies(kind string, account granary.AccountID, name string, inline map[string]string,
	attached []granary.ARN) error {
	if err := e.AddInline(kind, name, inline); err != nil {
		return err
	}
	for _, arn := range attached {
		if id, kind, document, ok := managedDocument(e.tx, account, arn); ok {
			if err := e.AddIdentity(id, kind, document); err != nil {
				return err
			}
		}
	}
	return nil
}

// setBoundary sets the entity's boundary. A boundary that was deleted denies everything, as it does outside of
// simulations.
func (e *entity) setBoundary(account granary.AccountID, arn granary.ARN) error {
	if arn == "" {
		return nil
	}
	id, kind, document, ok := managedDocument(e.tx, account, arn)
	if !ok {
		id, kind = string(arn), "none"
		document = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
	}
	return e.SetBoundary(id, kind, document)
}

// managedDocument returns the default version of a managed policy, with the id and kind that results name it by; ok is
// false when the policy was deleted.
func managedDocument(tx *store.Tx, a granary.AccountID, arn granary.ARN) (id, kind, document string, ok bool) {
	if m, ok := policy.Managed(arn); ok {
		return m.Name, "aws-managed", m.Document, true
	}
	p, _ := arn.Parts()
	m, err := tx.ManagedPolicies.Get(a, lastPart(p.Resource))
	if err != nil || m.ARN() != arn {
		return "", "", "", false
	}
	return m.Name, "user-managed", m.Default(), true
}
