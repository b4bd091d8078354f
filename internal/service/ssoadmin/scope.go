package ssoadmin

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const maxScopes = 25 // per application (identity-center §13)

func (s applications) putScope(c *awsapi.Call, in *api.PutApplicationAccessScopeInput) (
	*api.PutApplicationAccessScopeOutput, error) {
	return &api.PutApplicationAccessScopeOutput{},
		s.changeApplication(c, in.ApplicationArn, func(tx *store.Tx, a *granary.Application) error {
			scope := granary.AppScope{Name: in.Scope}
			for _, t := range in.AuthorizedTargets {
				if err := s.checkTarget(tx, a, t); err != nil {
					return err
				}
				scope.Targets = append(scope.Targets, granary.ARN(t))
			}
			i := slices.IndexFunc(a.Scopes, func(o granary.AppScope) bool { return o.Name == in.Scope })
			switch {
			case i >= 0:
				a.Scopes[i] = scope
			case len(a.Scopes) >= maxScopes:
				// no ServiceQuotaExceededException is declared here
				return granary.Errorf(granary.Invalid, "ServiceQuotaExceeded: an application has at most %d access scopes.",
					maxScopes)
			default:
				a.Scopes = append(a.Scopes, scope)
			}
			return nil
		})
}

// checkTarget takes the application's own instance and the applications in it.
func (s applications) checkTarget(tx *store.Tx, a *granary.Application, target string) error {
	if target == string(granary.IdentityCenterARN(a.Instance)) {
		return nil
	}
	if strings.Contains(target, ":application/") {
		t, err := tx.Applications.Get(granary.ARN(target))
		if err == nil && t.Instance == a.Instance {
			return nil
		}
		if err != nil && !granary.Is(err, granary.NotFound) {
			return err
		}
	}
	return granary.Errorf(granary.Invalid, "The authorized target %s is neither the application's instance nor an "+
		"application in it.", target)
}

func scopeShape(s granary.AppScope) api.ScopeDetails {
	out := api.ScopeDetails{Scope: s.Name}
	for _, t := range s.Targets {
		out.AuthorizedTargets = append(out.AuthorizedTargets, string(t))
	}
	return out
}

func (s applications) getScope(_ *awsapi.Call, in *api.GetApplicationAccessScopeInput) (
	*api.GetApplicationAccessScopeOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	for _, sc := range a.Scopes {
		if sc.Name == in.Scope {
			shape := scopeShape(sc)
			return &api.GetApplicationAccessScopeOutput{Scope: shape.Scope, AuthorizedTargets: shape.AuthorizedTargets}, nil
		}
	}
	return nil, granary.Errorf(granary.NotFound, "The application has no access scope %s.", in.Scope)
}

func (s applications) deleteScope(c *awsapi.Call, in *api.DeleteApplicationAccessScopeInput) (
	*api.DeleteApplicationAccessScopeOutput, error) {
	return &api.DeleteApplicationAccessScopeOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			a.Scopes = slices.DeleteFunc(a.Scopes, func(o granary.AppScope) bool { return o.Name == in.Scope })
			return nil
		})
}

func (s applications) listScopes(_ *awsapi.Call, in *api.ListApplicationAccessScopesInput) (
	*api.ListApplicationAccessScopesOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	var list []api.ScopeDetails
	for _, sc := range a.Scopes {
		list = append(list, scopeShape(sc))
	}
	slices.SortFunc(list, func(x, y api.ScopeDetails) int { return strings.Compare(x.Scope, y.Scope) })
	list, next, err := awsapi.CutOf(awsapi.ListOf("scopes", in.ApplicationArn), list,
		func(d api.ScopeDetails) string { return d.Scope }, in.MaxResults, in.NextToken, 10)
	return &api.ListApplicationAccessScopesOutput{Scopes: list, NextToken: next}, err
}
