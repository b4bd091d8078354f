package s3control

import (
	"encoding/json"
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

func (s accessGrants) checkListCaller(c *awsapi.Call, in *api.ListCallerAccessGrantsInput) ([]authz.Request, error) {
	_, _, err := callerPage(c, in)
	return []authz.Request{s.onInstance(c)}, err
}

func (s accessGrants) listCallerGrants(c *awsapi.Call,
	in *api.ListCallerAccessGrantsInput) (*api.ListCallerAccessGrantsOutput, error) {
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
	after, err := readLook(p.after)
	if err != nil {
		return nil, err
	}
	out := &api.ListCallerAccessGrantsOutput{CallerAccessGrantsList: []api.ListCallerAccessGrantsEntry{}}
	var last grants.Look
	seen := 0
	i.Grants.Looks(ids, scope, after, func(l grants.Look) bool {
		if len(out.CallerAccessGrantsList) == p.limit || seen == maxSeen {
			out.NextToken = p.token(writeLook(last))
			return false
		}
		twin := last
		twin.Object = l.Object
		if seen++; twin == l { // an exact key, given with and without S3PrefixType
			return true
		}
		if last = l; !allowedOnly || l.Application == "" || l.Application == app {
			out.CallerAccessGrantsList = append(out.CallerAccessGrantsList,
				api.ListCallerAccessGrantsEntry{Permission: l.Permission.String(), GrantScope: l.Scope,
					ApplicationArn: applicationOf(l)})
		}
		return true
	})
	return out, nil
}

// maxSeen bounds the grants that one page passes over; a page may be shorter than asked for and still not the last.
const maxSeen = 20_000

func writeLook(l grants.Look) string {
	b, _ := json.Marshal(l) // texts and numbers
	return string(b)
}

func readLook(s string) (*grants.Look, error) {
	if s == "" {
		return nil, nil
	}
	var l grants.Look
	if err := json.Unmarshal([]byte(s), &l); err != nil {
		return nil, errBadToken
	}
	return &l, nil
}

// callerScope reads the grantscope filter: the leading characters of scopes.
func callerScope(s string) (string, error) {
	if s == "" || strings.HasPrefix(s, "s3://") {
		return strings.TrimSuffix(s, "*"), nil
	}
	return "", granary.Errorf(granary.Invalid, "The grant scope %q does not start with s3://.", s)
}

// applicationOf is AWS's word for the application of a grant: its ARN, ALL for a directory grant bound to none, NA for
// IAM.
func applicationOf(l grants.Look) string {
	switch {
	case l.Application != "":
		return string(l.Application)
	case l.IAM:
		return "NA"
	}
	return "ALL"
}
