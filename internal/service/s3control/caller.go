package s3control

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/grants"
)

func callerPage(c *awsapi.Call, in *api.ListCallerAccessGrantsInput) (p pages, scope string, err error) {
	if scope, err = callerScope(in.GrantScope); err != nil {
		return p, "", err
	}
	flag := "all"
	if in.AllowedByApplication != nil && *in.AllowedByApplication {
		flag = "allowed"
	}
	p, err = page(c, in.MaxResults, in.NextToken, "caller", scope, flag, string(c.Caller.PrincipalARN()))
	return p, scope, err
}

func (s *service) checkListCaller(c *awsapi.Call, in *api.ListCallerAccessGrantsInput) ([]authz.Request, error) {
	_, _, err := callerPage(c, in)
	return []authz.Request{s.onInstance(c)}, err
}

func (s *service) listCallerGrants(c *awsapi.Call, in *api.ListCallerAccessGrantsInput) (*api.ListCallerAccessGrantsOutput, error) {
	p, scope, err := callerPage(c, in)
	if err != nil {
		return nil, err
	}
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	allowedOnly := in.AllowedByApplication != nil && *in.AllowedByApplication
	ids, app := access.Identities(s.Index, c.Caller, i)
	out := &api.ListCallerAccessGrantsOutput{CallerAccessGrantsList: []api.ListCallerAccessGrantsEntry{}}
	last := ""
	list := i.Grants.ForGrantees(ids)
	slices.SortFunc(list, func(a, b grants.Match) int { return strings.Compare(callerKey(a), callerKey(b)) })
	for _, m := range list {
		key := callerKey(m)
		if !strings.HasPrefix(m.Scope, scope) || key <= p.after && p.after != "" || key == last ||
			allowedOnly && m.Application != "" && m.Application != app {
			continue
		}
		if len(out.CallerAccessGrantsList) == p.limit {
			out.NextToken = p.token(last)
			break
		}
		last = key
		out.CallerAccessGrantsList = append(out.CallerAccessGrantsList,
			api.ListCallerAccessGrantsEntry{Permission: m.Permission.String(), GrantScope: m.Scope, ApplicationArn: applicationOf(m)})
	}
	return out, nil
}

// callerKey orders what a caller is shown, and is the same for two grants that look the same.
func callerKey(m grants.Match) string {
	return m.Scope + "\x00" + m.Permission.String() + "\x00" + applicationOf(m)
}

// callerScope reads the grantscope filter: the leading characters of scopes.
func callerScope(s string) (string, error) {
	if s == "" || strings.HasPrefix(s, "s3://") {
		return strings.TrimSuffix(s, "*"), nil
	}
	return "", granary.Errorf(granary.Invalid, "The grant scope %q does not start with s3://.", s)
}

// applicationOf is AWS's word for the application of a grant: its ARN, ALL for a directory grant bound to none, NA for IAM.
func applicationOf(m grants.Match) string {
	switch {
	case m.Application != "":
		return string(m.Application)
	case m.Grantee.Type == granary.GranteeIAM:
		return "NA"
	}
	return "ALL"
}
