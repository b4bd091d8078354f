package ssoadmin

import (
	"encoding/json"
	"strings"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// maxActorPolicy bounds an actor policy, in bytes: it is kept compiled in memory.
const maxActorPolicy = 20 << 10

func (s applications) putMethod(c *awsapi.Call, in *api.PutApplicationAuthenticationMethodInput) (
	*api.PutApplicationAuthenticationMethodOutput, error) {
	if in.AuthenticationMethod.Iam == nil {
		return nil, granary.Errorf(granary.Invalid, "The AuthenticationMethod must have the member Iam with an ActorPolicy.")
	}
	doc := string(in.AuthenticationMethod.Iam.ActorPolicy)
	if len(doc) > maxActorPolicy {
		return nil, granary.Errorf(granary.Invalid, "The ActorPolicy is longer than %d bytes.", maxActorPolicy)
	}
	p, err := policy.Parse(policy.Actor, doc)
	if err != nil {
		return nil, granary.Errorf(granary.Invalid, "The ActorPolicy is invalid: %s", granary.AsError(err).Message)
	}
	if err := actorScope(doc, in.ApplicationArn); err != nil {
		return nil, err
	}
	return &api.PutApplicationAuthenticationMethodOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			a.ActorPolicy, a.Bound = doc, s.Index.IAM.Bound(p)
			return nil
		})
}

// actorScope refuses actions and resources that an actor policy cannot be about (identity-center §5.4).
func actorScope(doc, arn string) error {
	type statement struct{ Action, Resource texts }
	var p struct{ Statement json.RawMessage }
	_ = json.Unmarshal([]byte(doc), &p) // parsed a moment ago
	var list []statement
	if json.Unmarshal(p.Statement, &list) != nil {
		list = make([]statement, 1)
		_ = json.Unmarshal(p.Statement, &list[0])
	}
	for _, st := range list {
		for _, n := range st.Action {
			if n != "*" && !strings.HasPrefix(strings.ToLower(n), "sso-oauth:") {
				return granary.Errorf(granary.Invalid, "The ActorPolicy is invalid: the action %s is none of sso-oauth.", n)
			}
		}
		for _, r := range st.Resource {
			if r != arn && !strings.ContainsAny(r, "*?") {
				return granary.Errorf(granary.Invalid, "The ActorPolicy is invalid: the resource %s is not this application; "+
					"write * or its own ARN.", r)
			}
		}
	}
	return nil
}

// texts is one text or a list of them.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

func (s applications) method(a *granary.Application) *api.AuthenticationMethod {
	return &api.AuthenticationMethod{
		Iam: &api.IamAuthenticationMethod{ActorPolicy: json.RawMessage(s.Index.IAM.Shown(a.ActorPolicy, a.Bound))}}
}

func (s applications) getMethod(_ *awsapi.Call, in *api.GetApplicationAuthenticationMethodInput) (
	*api.GetApplicationAuthenticationMethodOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	if a.ActorPolicy == "" {
		return nil, granary.Errorf(granary.NotFound, "The application has no authentication method %s.",
			in.AuthenticationMethodType)
	}
	return &api.GetApplicationAuthenticationMethodOutput{AuthenticationMethod: s.method(a.Application)}, nil
}

func (s applications) deleteMethod(c *awsapi.Call, in *api.DeleteApplicationAuthenticationMethodInput) (
	*api.DeleteApplicationAuthenticationMethodOutput, error) {
	return &api.DeleteApplicationAuthenticationMethodOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			a.ActorPolicy, a.Bound = "", nil
			return nil
		})
}

func (s applications) listMethods(_ *awsapi.Call, in *api.ListApplicationAuthenticationMethodsInput) (
	*api.ListApplicationAuthenticationMethodsOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	if _, _, err := awsapi.ListOf("methods", in.ApplicationArn).Page(nil, in.NextToken, 1); err != nil {
		// there is one page
		return nil, err
	}
	out := &api.ListApplicationAuthenticationMethodsOutput{AuthenticationMethods: []api.AuthenticationMethodItem{}}
	if a.ActorPolicy != "" {
		out.AuthenticationMethods = append(out.AuthenticationMethods,
			api.AuthenticationMethodItem{AuthenticationMethodType: "IAM", AuthenticationMethod: s.method(a.Application)})
	}
	return out, nil
}
