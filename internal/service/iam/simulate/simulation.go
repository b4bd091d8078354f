// Package simulate evaluates policies that a request names or brings, for IAM's SimulatePrincipalPolicy,
// SimulateCustomPolicy and their lists of context keys. It reads no state: package iam gathers the policies of an
// entity and adds them to a Simulation.
package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/policy"
)

// The limits of a simulation, so that it stays small whatever the request asks for.
const (
	maxActions   = 200
	maxResources = 100
	maxPolicies  = 100
	maxResults   = 1000    // resource-specific results of a page
	maxWork      = 1 << 28 // steps that a page may take
	maxLevels    = 7       // of an organization: the root, five levels of units, the account
)

// source is one policy of a simulation, as the results name it. kind is AWS's PolicySourceType.
type source struct {
	id, kind, document string
	spans              []policy.Span
}

// Simulation is a set of policies, a caller, a resource and a context to evaluate actions with. Its zero value has no
// policies and denies everything.
type Simulation struct {
	Caller policy.Caller

	sources  []*source // a policy in set is named by the index of its source
	set      policy.Set
	owner    granary.AccountID // of resources whose ARN has no account
	context  policy.Values
	governed bool     // service control policies apply
	missing  []string // context keys that the policies test and the request does not give
}

// compile parses a policy and keeps it as a source.
func (m *Simulation) compile(kind policy.Kind, id, sourceKind, document string) (*policy.Policy, error) {
	p, err := policy.Parse(kind, document)
	if err != nil {
		return nil, granary.AsError(err).WithCode("InvalidInput")
	}
	m.sources = append(m.sources, &source{id: id, kind: sourceKind, document: document})
	return p.Named(strconv.Itoa(len(m.sources) - 1)), nil
}

// AddIdentity adds an identity policy, under the id and kind that results name it by.
func (m *Simulation) AddIdentity(id, kind, document string) error {
	p, err := m.compile(policy.Identity, id, kind, document)
	m.set.Identity = append(m.set.Identity, p)
	return err
}

// AddInline adds the inline policies of an entity; kind is "user", "group" or "role".
func (m *Simulation) AddInline(kind, owner string, documents map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if err := m.AddIdentity(kind+"_"+owner+"_"+name, kind, documents[name]); err != nil {
			return err
		}
	}
	return nil
}

// AddInputs adds the policies, and at most one boundary, that the request itself brings.
func (m *Simulation) AddInputs(policies, boundaries []string) error {
	if len(policies) > maxPolicies {
		return invalid("A simulation takes at most %d policies.", maxPolicies)
	}
	for i, document := range policies {
		if err := m.AddIdentity("PolicyInputList."+strconv.Itoa(i+1), "none", document); err != nil {
			return err
		}
	}
	if len(boundaries) > 1 {
		return invalid("PermissionsBoundaryPolicyInputList takes one policy.")
	}
	for _, document := range boundaries {
		p, err := m.compile(policy.Boundary, "PermissionsBoundaryPolicyInputList.1", "none", document)
		if err != nil {
			return err
		}
		m.set.Boundary = p
	}
	return nil
}

// SetBoundary sets the permissions boundary of the caller.
func (m *Simulation) SetBoundary(id, kind, document string) error {
	p, err := m.compile(policy.Boundary, id, kind, document)
	m.set.Boundary = p
	return err
}

// Govern has the service control policies of an account apply, which are already compiled. There may be none. Results
// then say whether the organization allows an action, and never which of its statements decided.
func (m *Simulation) Govern(levels [][]*policy.Policy) { m.governed, m.set.SCPs = true, levels }

// AddOrganization adds the service control policies of an organization's levels, its root first.
func (m *Simulation) AddOrganization(levels []api.OrderedOrganizationPolicyType) error {
	const name = "OrderedOrganizationPolicyInputList"
	if len(levels) > maxLevels {
		return invalid("%s takes at most %d levels: the root, organizational units and the account.", name, maxLevels)
	}
	n := len(m.sources)
	for i, level := range levels {
		if len(level.ServiceControlPolicyInputList) == 0 {
			return invalid("Each level of %s needs a service control policy, and level %d has none.", name, i+1)
		}
		if n += len(level.ServiceControlPolicyInputList); n > maxPolicies {
			return invalid("A simulation takes at most %d policies.", maxPolicies)
		}
		var compiled []*policy.Policy
		for j, document := range level.ServiceControlPolicyInputList {
			id := fmt.Sprintf("%s.%d.ServiceControlPolicyInputList.%d", name, i+1, j+1)
			p, err := m.compile(policy.SCP, id, "none", document)
			if err != nil {
				return err
			}
			compiled = append(compiled, p)
		}
		m.set.SCPs, m.governed = append(m.set.SCPs, compiled), true
	}
	return nil
}

// SetCaller sets the IAM user who calls in the simulation; "" changes nothing.
func (m *Simulation) SetCaller(callerARN string) error {
	if callerARN == "" {
		return nil
	}
	p, ok := granary.ARN(callerARN).Parts()
	if !ok || p.Service != "iam" || !p.Account.Valid() || !strings.HasPrefix(p.Resource, "user/") {
		return invalid("CallerArn must be the ARN of an IAM user, and is %s.", callerARN)
	}
	m.Caller = policy.Caller{Kind: policy.IAMUser, Account: p.Account, ARN: granary.ARN(callerARN)}
	return nil
}

// SetResource sets the resource's policy and its owner, an account's number or ARN. Both may be empty; the owner is
// then the caller's account. A document without resources is a role's trust policy.
func (m *Simulation) SetResource(document, owner string) error {
	m.owner = m.Caller.Account
	if owner != "" {
		p, _ := granary.ARN(owner).Parts()
		if m.owner = p.Account; !m.owner.Valid() {
			m.owner = granary.AccountID(owner)
		}
		if !m.owner.Valid() {
			return invalid("ResourceOwner must be an account's ARN or number, and is %s.", owner)
		}
	}
	if document == "" {
		return nil
	}
	p, err := m.compile(policy.Bucket, "ResourcePolicy", "resource", document)
	if err != nil {
		trust, terr := m.compile(policy.Trust, "ResourcePolicy", "resource", document)
		if terr != nil {
			return err
		}
		p, m.set.Trust = trust, true
	}
	m.set.Resource = p
	return nil
}

// SetContext sets the condition keys of the request. It comes after all policies: it works out which keys are missing.
func (m *Simulation) SetContext(list []api.ContextEntry) error {
	m.context = policy.Values{}
	for _, e := range list {
		name := strings.ToLower(e.ContextKeyName)
		if name == "" || m.context[name] != nil {
			return invalid("The context key %q is given twice, or has no name.", e.ContextKeyName)
		}
		if err := checkValues(e); err != nil {
			return err
		}
		m.context[name] = append([]string{}, e.ContextKeyValues...)
	}
	names := []string{}
	for _, s := range m.sources {
		names = append(names, policy.ContextKeys(s.document)...)
	}
	m.missing = uniqueNames(slices.DeleteFunc(names, func(n string) bool { return m.context[strings.ToLower(n)] != nil }))
	return nil
}

// ContextKeys lists the condition keys that the policies test, sorted.
func (m *Simulation) ContextKeys() []string {
	var names []string
	for _, s := range m.sources {
		names = append(names, policy.ContextKeys(s.document)...)
	}
	return uniqueNames(names)
}

// uniqueNames sorts names and keeps each once, whatever its case.
func uniqueNames(names []string) []string {
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}

func invalid(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidInput")
}
