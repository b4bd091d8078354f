package iam

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/policy"
)

var actionForm = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9]+$`)

// run evaluates a page of the pairs of actions and resources. The results of an action for all resources stand with each.
func (s *service) run(m *simulation, actions, resources []string, markerText string, maxItems *int64) (out []api.EvaluationResult, truncated *bool, next string, err error) {
	given := len(resources) > 0
	if !given {
		resources = []string{"*"}
	}
	if len(actions) > maxSimulatedActions || len(resources) > maxSimulatedResources {
		return nil, nil, "", badInput("A simulation takes at most %d actions and %d resources.", maxSimulatedActions, maxSimulatedResources)
	}
	for _, a := range actions {
		if !actionForm.MatchString(a) {
			return nil, nil, "", badInput("Invalid ActionNames: %s is not of the form service:Action.", a)
		}
	}
	for _, r := range resources {
		if _, ok := granary.ARN(r).Parts(); !ok && r != "*" {
			return nil, nil, "", badInput("Invalid ResourceArns: %s is neither an ARN nor *.", r)
		}
	}
	after, limit, err := page(markerText, maxItems)
	if err != nil {
		return nil, nil, "", err
	}
	first, err := strconv.Atoi(or(after, "0"))
	if err != nil || first < 0 {
		return nil, nil, "", granary.Errorf(granary.Invalid, "Invalid Marker.")
	}
	limit = min(limit, max(maxPageOfResults/len(resources), 1))
	var all []api.ResourceSpecificResult
	var results []api.EvaluationResult
	done := -1
	each, spent := m.work(resources), 0
	for i := first; i < len(actions)*len(resources) && len(out) < limit; i++ {
		a := i / len(resources)
		if a != done {
			if spent += each; spent > maxWork {
				if len(out) == 0 {
					return nil, nil, "", badInput("The simulation is too large: give fewer resources at once, or shorter policies.")
				}
				break
			}
			all, results, done = nil, nil, a
			for _, r := range resources {
				e := m.evaluate(actions[a], r)
				results = append(results, e)
				all = append(all, api.ResourceSpecificResult{EvalResourceName: r, EvalResourceDecision: e.EvalDecision, MatchedStatements: e.MatchedStatements,
					MissingContextValues: e.MissingContextValues, EvalDecisionDetails: e.EvalDecisionDetails, PermissionsBoundaryDecisionDetail: e.PermissionsBoundaryDecisionDetail})
			}
		}
		e := results[i%len(resources)]
		if given {
			e.ResourceSpecificResults = all
		}
		out = append(out, e)
	}
	at := ""
	if end := first + len(out); end < len(actions)*len(resources) {
		at = strconv.Itoa(end)
	}
	truncated, next = marker(at)
	return out, truncated, next, nil
}

// work is what evaluating one action may take at worst, in comparisons of a byte.
func (m *simulation) work(resources []string) int {
	policies, compared := 0, 0
	for _, s := range m.sources {
		policies += len(s.document)
	}
	for _, values := range m.context {
		for _, v := range values {
			compared += len(v)
		}
	}
	compared *= len(resources)
	for _, r := range resources {
		compared += len(r)
	}
	return policies * compared
}

// evaluate asks the engine that decides every request.
func (m *simulation) evaluate(action, resource string) api.EvaluationResult {
	r := policy.Request{Caller: m.caller, Action: action, Resource: resource, Owner: m.caller.Account, Keys: m.context}
	if m.set.Resource != nil {
		r.Owner = m.owner
		if p, ok := granary.ARN(resource).Parts(); ok && p.Account.Valid() {
			r.Owner = p.Account
		}
	}
	d := policy.Evaluate(r, m.set)
	out := api.EvaluationResult{EvalActionName: action, EvalResourceName: resource, EvalDecision: verdict(d), MissingContextValues: m.needs, MatchedStatements: []api.Statement{}}
	if d.Allowed || d.Explicit {
		out.MatchedStatements = m.matched(d.Reasons)
	}
	bounded := m.set.Boundary == nil || m.alone(r, policy.Set{Boundary: m.set.Boundary}).Allowed
	out.PermissionsBoundaryDecisionDetail = &api.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: &bounded}
	if m.principal {
		governed := m.alone(r, policy.Set{SCPs: m.set.SCPs}).Allowed
		out.OrganizationsDecisionDetail = &api.OrganizationsDecisionDetail{AllowedByOrganizations: &governed}
	}
	if r.Owner != m.caller.Account {
		across := r
		across.Owner = m.caller.Account
		out.EvalDecisionDetails = map[string]string{"IAM Policy": verdict(policy.Evaluate(across, policy.Set{Identity: m.set.Identity, Boundary: m.set.Boundary})),
			"Resource Policy": verdict(m.alone(r, policy.Set{Resource: m.set.Resource, Trust: m.set.Trust}))}
	}
	return out
}

// alone is the decision of one layer, under an identity that may do everything.
func (m *simulation) alone(r policy.Request, set policy.Set) policy.Decision {
	if set.Resource == nil {
		r.Owner = r.Caller.Account
	}
	all, _ := policy.Managed(granary.AdministratorAccess)
	set.Identity = []*policy.Policy{all.Policy}
	return policy.Evaluate(r, set)
}

func verdict(d policy.Decision) string {
	switch {
	case d.Allowed:
		return "allowed"
	case d.Explicit:
		return "explicitDeny"
	}
	return "implicitDeny"
}

// matched says where the statements stand that decided. Those of the organization are not the request's to see.
func (m *simulation) matched(reasons []policy.Reason) []api.Statement {
	out := []api.Statement{}
	for _, r := range reasons {
		i, err := strconv.Atoi(r.Policy)
		if err != nil || r.Layer == policy.LayerSCP || r.Layer == policy.LayerBoundary && !r.Deny {
			continue
		}
		s := m.sources[i]
		if s.spans == nil {
			s.spans = policy.Spans(s.document)
		}
		span := s.spans[r.Statement-1]
		out = append(out, api.Statement{SourcePolicyId: s.id, SourcePolicyType: s.kind, StartPosition: position(span.Start), EndPosition: position(span.End)})
	}
	return out
}

func position(p policy.Position) *api.Position {
	line, column := int64(p.Line), int64(p.Column)
	return &api.Position{Line: &line, Column: &column}
}

// contextValues refuses values that are not of the type that they are said to be.
func contextValues(e api.ContextEntry) error {
	kind, list := strings.CutSuffix(e.ContextKeyType, "List")
	if !list && len(e.ContextKeyValues) > 1 {
		return badInput("The context key %s is of the type %s, and has %d values.", e.ContextKeyName, e.ContextKeyType, len(e.ContextKeyValues))
	}
	for _, v := range e.ContextKeyValues {
		var err error
		switch kind {
		case "numeric":
			_, err = strconv.ParseFloat(v, 64)
		case "boolean":
			if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
				err = strconv.ErrSyntax
			}
		case "ip":
			if _, err = netip.ParseAddr(v); err != nil {
				_, err = netip.ParsePrefix(v)
			}
		case "date":
			if _, err = strconv.ParseInt(v, 10, 64); err != nil {
				_, err = time.Parse(time.RFC3339Nano, v)
			}
			if err != nil {
				_, err = time.Parse(time.DateOnly, v)
			}
		}
		if err != nil {
			return badInput("The context key %s is of the type %s, and its value %s is not.", e.ContextKeyName, e.ContextKeyType, v)
		}
	}
	return nil
}
