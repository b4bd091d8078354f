package granary

import (
	"fmt"
	"slices"
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/granary"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/idtoken"
	"granary/internal/store"
)

// The results of a step.
const (
	passed = "PASSED"
	failed = "FAILED"
)

// issuerChecks lets the issuer's account ask, and those who administer its instance.
func (s *service) issuerChecks(c *awsapi.Call, in *api.TestTrustedTokenIssuerInput) ([]authz.Request, error) {
	arn := granary.ARN(granary.CollapseSSO(in.TrustedTokenIssuerArn))
	p, ok := arn.Parts()
	if !ok || p.Service != "sso" || !strings.HasPrefix(p.Resource, "trustedTokenIssuer/") {
		return nil,
			granary.Errorf(granary.Invalid, "%q is not the ARN of a trusted token issuer; aws sso-admin "+
				"list-trusted-token-issuers shows them.", in.TrustedTokenIssuerArn)
	}
	r := authz.Request{Resource: string(arn), Owner: p.Account}
	if issuer, ok := s.Index.Center.Issuer(arn); ok {
		if i, ok := s.Index.Center.InstanceByID(issuer.Instance); ok && access.Administers(s.Index, i, c.Caller.Account) {
			r.Owner = c.Caller.Account
		}
	}
	return []authz.Request{r}, nil
}

// testIssuer says step by step whether sign-ins of an issuer would be accepted, and with a token, whether that one
// would be and whom it means. It uses nothing up: the token can still be exchanged.
func (s *service) testIssuer(c *awsapi.Call, in *api.TestTrustedTokenIssuerInput) (*api.TestTrustedTokenIssuerOutput,
	error) {
	issuer, ok := s.Index.Center.Issuer(granary.ARN(granary.CollapseSSO(in.TrustedTokenIssuerArn)))
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "There is no trusted token issuer %s.", in.TrustedTokenIssuerArn)
	}
	center, ok := s.Index.Center.InstanceByID(issuer.Instance)
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "The Identity Center instance of %s is gone.", in.TrustedTokenIssuerArn)
	}
	apps, err := s.accepting(c, center, issuer)
	if err != nil {
		return nil, err
	}
	out := &api.TestTrustedTokenIssuerOutput{}
	if len(apps) == 0 {
		out.Steps = append(out.Steps, api.Step{Name: "grant", Result: failed,
			Detail: "No application's jwt-bearer grant names this issuer, of those that this account sees: put one with " +
				"sso-admin PutApplicationGrant."})
	} else {
		out.Steps = append(out.Steps,
			api.Step{Name: "grant", Result: passed, Detail: fmt.Sprintf("Accepted by %s.", names(apps))})
	}
	if err := s.Rule.Vouches(issuer); err != nil {
		out.Steps = append(out.Steps, api.Step{Name: "account", Result: failed, Detail: granary.AsError(err).Message})
	}
	want := s.Issuers.Person(issuer.URL, nil, c.Now)
	for _, a := range apps {
		want.Audiences = append(want.Audiences, a.audiences...)
	}
	steps, claims := s.Issuers.Explain(c, in.Token, want)
	for _, step := range steps {
		result := passed
		if step.Failed {
			result = failed
		}
		out.Steps = append(out.Steps, api.Step{Name: step.Name, Result: result, Detail: step.Detail})
	}
	if claims != nil {
		out.Steps = append(out.Steps, s.person(center, issuer, apps, claims)...)
	}
	return out, nil
}

// acceptor is an application that accepts an issuer's tokens.
type acceptor struct {
	*granary.Application
	audiences []string
}

func names(apps []acceptor) string {
	var out []string
	for _, a := range apps {
		out = append(out, fmt.Sprintf("%s (%s, audience %s)", a.Name, a.ARN(), strings.Join(a.audiences, " or ")))
	}
	return strings.Join(out, "; ")
}

// accepting lists the applications whose jwt-bearer grant names the issuer: the caller's account's own, unless it
// administers the instance, as when it lists them.
func (s *service) accepting(c *awsapi.Call, center *granary.IdentityCenter, issuer *granary.Issuer) (out []acceptor,
	err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, _, err := tx.Applications.List(issuer.Instance, "", 0)
		for _, a := range list {
			if a.Account != c.Caller.Account && !access.Administers(s.Index, center, c.Caller.Account) {
				continue
			}
			var audiences []string
			for _, e := range a.Grants.JWTBearer {
				if e.Issuer == issuer.ARN() {
					audiences = append(audiences, e.Audiences...)
				}
			}
			if audiences != nil {
				out = append(out, acceptor{a, audiences})
			}
		}
		return err
	})
	return out, err
}

// person maps verified claims as an exchange does, and says which applications would let the person in.
func (s *service) person(center *granary.IdentityCenter, issuer *granary.Issuer, apps []acceptor,
	claims *idtoken.Claims) (steps []api.Step) {
	value, err := claims.Lookup(issuer.Claim)
	if err != nil {
		return []api.Step{{Name: "claim", Result: failed, Detail: granary.AsError(err).Message}}
	}
	steps = append(steps,
		api.Step{Name: "claim", Result: passed, Detail: fmt.Sprintf("The claim %s is %q.", issuer.Claim, value)})
	found := s.Index.Directory.FindUsers(center.Store, issuer.Attribute, value)
	if len(found) != 1 {
		return append(steps, api.Step{Name: "user", Result: failed,
			Detail: fmt.Sprintf("%d users of %s have that as their %s, and it must be exactly one.", len(found), center.Store,
				issuer.Attribute)})
	}
	user, ok := s.Index.Directory.User(center.Store, found[0])
	if !ok || user.Disabled {
		return append(steps,
			api.Step{Name: "user", Result: failed, Detail: fmt.Sprintf("The user %s is deactivated in the directory.",
				found[0])})
	}
	steps = append(steps,
		api.Step{Name: "user", Result: passed, Detail: fmt.Sprintf("It is %s, %s (%s).", user.UserName, user.DisplayName,
			user.ID)})
	for _, a := range apps {
		step := api.Step{Name: "assignment", Result: passed, Detail: fmt.Sprintf("%s would let this user in.", a.Name)}
		switch {
		case !slices.ContainsFunc(a.audiences, claims.For):
			continue // this token is not for that application
		case a.Disabled:
			step.Result, step.Detail = failed, fmt.Sprintf("%s is disabled.", a.Name)
		case a.AssignmentRequired && !s.Index.Center.Assigned(a.ARN(), center.Store, user.ID):
			step.Result, step.Detail = failed,
				fmt.Sprintf("%s requires an assignment, and neither the user nor one of the user's groups has one.", a.Name)
		}
		steps = append(steps, step)
	}
	return steps
}
