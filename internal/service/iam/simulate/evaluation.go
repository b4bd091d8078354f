package simulate

import (
	"regexp"
	"strconv"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/policy"
)

var actionForm = regexp.MustCompile(`^[A-Za-z0-9-]+:[A-Za-z0-9]+$`)

// CheckNames refuses actions and resources that are too many or not of the form they must have.
func CheckNames(actions, resources []string) error {
	if len(actions) > maxActions || len(resources) > maxResources {
		return invalid("A simulation takes at most %d actions and %d resources.", maxActions, maxResources)
	}
	for _, a := range actions {
		if !actionForm.MatchString(a) {
			return invalid("Invalid ActionNames: %s is not of the form service:Action.", a)
		}
	}
	for _, r := range resources {
		if _, ok := granary.ARN(r).Parts(); !ok && r != "*" {
			return invalid("Invalid ResourceArns: %s is neither an ARN nor *.", r)
		}
	}
	return nil
}

// Run evaluates a page of the pairs of actions and resources, from the pair of number first, and at most limit of them.
// next is the number of the pair after the page, or 0 when there is none. When resources are given, the results of an
// action for all of them stand with each; none stand for "*".
func (m *Simulation) Run(actions, resources []string, first, limit int) (page []api.EvaluationResult, next int,
	err error) {
	given := len(resources) > 0
	if !given {
		resources = []string{"*"}
	}
	limit = min(limit, max(maxResults/len(resources), 1))
	var results []api.EvaluationResult // of one action, by resource
	var specific []api.ResourceSpecificResult
	evaluated := -1 // the action that results are of
	w := &policy.Work{Limit: maxWork}
	for i := first; i < len(actions)*len(resources) && len(page) < limit; i++ {
		action := i / len(resources)
		if action != evaluated {
			results, specific, evaluated = nil, nil, action
			for _, r := range resources {
				e := m.evaluate(actions[action], r, w)
				results = append(results, e)
				specific = append(specific, specificResult(e))
			}
		}
		if w.Over() {
			if len(page) == 0 {
				return nil, 0, invalid("The simulation is too large: give fewer resources at once, or shorter policies.")
			}
			break
		}
		e := results[i%len(resources)]
		if given {
			e.ResourceSpecificResults = specific
		}
		page = append(page, e)
	}
	if end := first + len(page); end < len(actions)*len(resources) {
		next = end
	}
	return page, next, nil
}

func specificResult(e api.EvaluationResult) api.ResourceSpecificResult {
	return api.ResourceSpecificResult{EvalResourceName: e.EvalResourceName, EvalResourceDecision: e.EvalDecision,
		MatchedStatements: e.MatchedStatements, MissingContextValues: e.MissingContextValues,
		EvalDecisionDetails: e.EvalDecisionDetails, PermissionsBoundaryDecisionDetail: e.PermissionsBoundaryDecisionDetail}
}

// evaluate decides one action on one resource with the engine that decides every request.
func (m *Simulation) evaluate(action, resource string, w *policy.Work) api.EvaluationResult {
	r := policy.Request{Caller: m.Caller, Action: action, Resource: resource, Owner: m.Caller.Account, Keys: m.context,
		Work: w}
	if m.set.Resource != nil {
		r.Owner = m.owner
		if p, ok := granary.ARN(resource).Parts(); ok && p.Account.Valid() {
			r.Owner = p.Account
		}
	}
	r.Group = action
	d := policy.Evaluate(r, m.set)
	r.Group = nil
	out := api.EvaluationResult{EvalActionName: action, EvalResourceName: resource, EvalDecision: verdict(d),
		MissingContextValues: m.missing, MatchedStatements: []api.Statement{}}
	if d.Allowed || d.Explicit {
		out.MatchedStatements = m.matchedStatements(d.Reasons)
	}
	bounded := m.set.Boundary == nil || m.decideLayer(r, policy.Set{Boundary: m.set.Boundary}).Allowed
	out.PermissionsBoundaryDecisionDetail = &api.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: &bounded}
	if m.governed {
		governed := m.decideLayer(r, policy.Set{SCPs: m.set.SCPs}).Allowed
		out.OrganizationsDecisionDetail = &api.OrganizationsDecisionDetail{AllowedByOrganizations: &governed}
	}
	if r.Owner != m.Caller.Account {
		across := r
		across.Owner = m.Caller.Account
		out.EvalDecisionDetails = map[string]string{
			"IAM Policy":      verdict(policy.Evaluate(across, policy.Set{Identity: m.set.Identity, Boundary: m.set.Boundary})),
			"Resource Policy": verdict(m.decideLayer(r, policy.Set{Resource: m.set.Resource, Trust: m.set.Trust}))}
	}
	return out
}

// decideLayer decides by one layer of policies, for a caller whose identity policies allow everything.
func (m *Simulation) decideLayer(r policy.Request, set policy.Set) policy.Decision {
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

// matchedStatements says where the statements stand that decided. It leaves out those of the account's own
// organization, which the request may not see.
func (m *Simulation) matchedStatements(reasons []policy.Reason) []api.Statement {
	out := []api.Statement{}
	for _, r := range reasons {
		i, err := strconv.Atoi(r.Policy)
		if err != nil || r.Layer == policy.LayerSCP && !r.Deny || r.Layer == policy.LayerBoundary && !r.Deny {
			continue
		}
		s := m.sources[i]
		if s.spans == nil {
			s.spans = policy.Spans(s.document)
		}
		span := s.spans[r.Statement-1]
		out = append(out, api.Statement{SourcePolicyId: s.id, SourcePolicyType: s.kind, StartPosition: position(span.Start),
			EndPosition: position(span.End)})
	}
	return out
}

func position(p policy.Position) *api.Position {
	line, column := int64(p.Line), int64(p.Column)
	return &api.Position{Line: &line, Column: &column}
}
