package explain

import (
	"encoding/json"
	"strings"

	"granary"
	"granary/internal/access"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
)

const (
	chunk = 200 // grants or members read at once

	// maxVisited bounds the work for one page: what covers nobody, or with another permission, is passed over too. A page
	// may so be shorter than asked, and have a next one.
	maxVisited = 5000
)

// Holding is one grant by which somebody reaches something.
type Holding struct {
	User        *granary.User   // nil for IAM principals, and for people who are not in the directory
	Grantee     granary.Grantee // of the grant
	UserID      granary.UserID  // "" for IAM principals
	Group       *granary.Group  // through which the person has it; nil when by name
	Grant       *granary.Grant  // nil for who reaches it by policies
	Part        string          // what of the target is reached, "s3://…"; "" for all of it
	Effective   bool            // GetDataAccess vends by it to the person who signed in
	Note        string          // why it is not effective, or what else there is to know
	Narrower    granary.GrantID // the grant that Default vends by instead, "" when it is this one
	Application string          // "" for any

	Principal  granary.ARN        // by policies: the user, role, or other principal
	Permission granary.Permission // by policies
	Policy     string             // by policies: which let it in
}

// judge says of grants whether they are effective. Roles are asked once.
type judge struct {
	x        *Explainer
	instance *index.GrantsInstance   // nil when the account has none, and so no grants
	center   *granary.IdentityCenter // nil when the instance knows no directory
	env      authz.Env
	roles    map[roleQuestion]string
}

type roleQuestion struct {
	location granary.LocationID
	person   bool
}

func (x *Explainer) judge(account granary.AccountID, env authz.Env) *judge {
	env.Work = nil // each of the many decisions stands for a request of its own
	j := &judge{x: x, env: env, roles: map[roleQuestion]string{}}
	i, ok := x.Index.Grants.Instance(account, x.Region)
	if !ok {
		return j
	}
	j.instance = i
	if c, ok := x.Index.Center.Instance(i.IdentityCenter); ok {
		j.center = c
	}
	return j
}

// role says why a location's role cannot be assumed for a person, or for an IAM principal; "" when it can.
func (j *judge) role(id granary.LocationID, person bool) string {
	k := roleQuestion{id, person}
	why, known := j.roles[k]
	if known {
		return why
	}
	l, ok := j.instance.Location(id)
	if !ok {
		why = "its location is gone"
	} else {
		c := &authn.Caller{Kind: policy.RoleSession, Account: j.instance.Account, Session: &granary.Session{}}
		if person {
			c.Session.Context = &granary.IdentityContext{}
		}
		if _, err := access.LocationRole(j.x.Authz, c, &j.env, j.instance, l); err != nil {
			why = "the location's role " + string(l.Role) + " does not trust Access Grants"
		}
	}
	j.roles[k] = why
	return why
}

// of judges one person's, or principal's, grant. Target is nil when none was asked for.
func (j *judge) of(h *Holding, t *grants.Target, p granary.Permission) {
	g := h.Grant
	h.Application = string(g.Application)
	person := g.Grantee.Type != granary.GranteeIAM
	switch {
	case !person:
	case j.center == nil:
		h.Note = "the Access Grants instance is associated with no Identity Center"
	case h.User == nil:
		h.Note = "the user is not in the directory"
	case h.User.Disabled:
		h.Note = "deactivated"
	}
	if h.Note == "" && !person {
		h.Note = j.principal(granary.ARN(g.Grantee.ID))
	}
	if h.Note == "" {
		h.Note = j.role(g.Location, person)
	}
	h.Effective = h.Note == ""
	if t == nil || !h.Effective {
		return
	}
	ids := []granary.Grantee{g.Grantee}
	if person {
		ids, _ = j.x.Index.Directory.Grantees(j.center.Store, h.User.ID)
	}
	if m, ok := j.instance.Grants.Match(ids, g.Application, *t, p); ok && m.ID != g.ID {
		h.Narrower = m.ID
	}
}

// principal says why an IAM principal is none, "" when it is one. Those of other accounts are taken for granted: what
// these have is not told.
func (j *judge) principal(arn granary.ARN) string {
	parts, _ := arn.Parts()
	if parts.Account != j.instance.Account {
		return ""
	}
	if _, ok := j.x.Index.IAM.Role(arn); ok {
		return ""
	}
	name := string(arn[len(arn)-len(lastPart(string(arn))):])
	if u, ok := j.x.Index.IAM.User(parts.Account, name); ok && u.ARN() == arn {
		return ""
	}
	return "there is no such role or IAM user"
}

// token is where a list goes on. A scope may have 2000 characters, and with it the token 14,000 bytes.
func token(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // texts only
	return b.String()
}

func readToken(text string, v any) error {
	if text == "" {
		return nil
	}
	if json.Unmarshal([]byte(text), v) != nil {
		return granary.Errorf(granary.Invalid, "The NextToken is not one that this list gave.")
	}
	return nil
}
