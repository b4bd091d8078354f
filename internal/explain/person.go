package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/store"
)

// Question asks whether a person could reach a target, and by which grants and policies.
type Question struct {
	Account     granary.AccountID // of the Access Grants instance
	User        string            // user name, e-mail address or id
	Target      grants.Target
	Permission  granary.Permission
	Application string // ARN or name; "" tries each of the directory
	Role        string // ARN or name of the role that carries the identity context; "" takes it for granted
	Duration    int64  // seconds; 0 is the usual
	Viewer      granary.AccountID
	Asker       *authn.Caller // the caller who asks
	Env         authz.Env
}

// signInLinks come before the role.
var signInLinks = []granary.Link{granary.LinkToken, granary.LinkApplication, granary.LinkIssuer, granary.LinkAudience,
	granary.LinkUser, granary.LinkAssignment, granary.LinkScope}

// Center is the Identity Center whose people an Access Grants instance is for: the one it is associated with, else the
// one that the account sees. ok is false when there is none.
func (x *Explainer) Center(account granary.AccountID) (*granary.IdentityCenter, bool) {
	if i, ok := x.Index.Grants.Instance(account, x.Region); ok && i.IdentityCenter != "" {
		if c, ok := x.Index.Center.Instance(i.IdentityCenter); ok {
			return c, true
		}
	}
	list := x.Index.Center.Instances(account)
	if len(list) == 0 {
		return nil, false
	}
	slices.SortFunc(list, func(a, b *granary.IdentityCenter) int { return strings.Compare(a.ID, b.ID) })
	return list[0], true
}

// FindUser finds a person by id, user name, e-mail address, or by what stands before the @ of a user name where that is
// one person's alone.
func (x *Explainer) FindUser(ctx context.Context, s granary.StoreID, text string) (*granary.User, bool) {
	if u, ok := x.Index.Directory.User(s, granary.UserID(text)); ok {
		return u, true
	}
	for _, attribute := range []string{"userName", "emails.value"} {
		if found := x.Index.Directory.FindUsers(s, attribute, text); len(found) == 1 {
			return x.Index.Directory.User(s, found[0])
		}
	}
	if strings.Contains(text, "@") {
		return nil, false
	}
	var found []*granary.User
	err := x.DB.View(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Users.ByLocalPart(s, text)
		return err
	})
	if err != nil || len(found) != 1 {
		return nil, false
	}
	return x.Index.Directory.User(s, found[0].ID)
}

// Person explains whether a person reaches a target, as the person's sign-in, exchange and request would go.
func (x *Explainer) Person(ctx context.Context, q Question) (*Chain, error) {
	center, ok := x.Center(q.Account)
	if !ok {
		c := &Chain{}
		c.fail(granary.LinkUser, "The account sees no Identity Center, and so no directory of people.",
			"Run: aws sso-admin create-instance --name NAME")
		return c, nil
	}
	user, ok := x.FindUser(ctx, center.Store, q.User)
	if !ok {
		c := &Chain{}
		c.fail(granary.LinkUser,
			fmt.Sprintf("The directory %s has no user whose id, user name or e-mail address is %q.", center.Store,
				q.User), mend(cause.UserUnknown, nil, principal{}))
		return c, nil
	}
	apps, err := x.applications(ctx, center, &q)
	if err != nil {
		return nil, err
	}
	if len(apps) == 0 {
		c := &Chain{}
		c.add(granary.LinkToken, Assumed, signedIn(user))
		c.fail(granary.LinkApplication,
			fmt.Sprintf("The directory's Identity Center has no application%s.", named(q.Application)),
			"Make one: aws sso-admin create-application, or name one that aws sso-admin list-applications shows.")
		c.rest(append(linksAfter(granary.LinkApplication, signInLinks), dataLinks...)...)
		return c, nil
	}
	var best *Chain
	for _, app := range apps {
		c := x.through(&q, center, app, user)
		if best == nil || c.reach() > best.reach() {
			best = c
		}
	}
	return best, nil
}

func named(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" %q", s)
}

// reach is how many links hold.
func (c *Chain) reach() int {
	for i, l := range c.Links {
		if l.Result == Failed {
			return i
		}
	}
	return len(c.Links) + 1
}

// applications are those that a person may come through: one that was named, or all that people use. They are the
// asking account's own unless it administers the instance, as when it lists them.
func (x *Explainer) applications(ctx context.Context, center *granary.IdentityCenter,
	q *Question) (out []*index.Application, err error) {
	name := q.Application
	all := x.mayRead(q.Viewer, center.Account) || center.Organization && x.Index.Org.Organization().Delegate(q.Viewer,
		granary.IdentityCenterService)
	err = x.DB.View(ctx, func(tx *store.Tx) error {
		out = nil
		list, _, err := tx.Applications.List(center.ID, "", 0)
		for _, a := range list {
			arn := a.ARN()
			if a.Managed || !all && a.Account != q.Viewer || name != "" && name != a.Name &&
				granary.ARN(granary.CollapseSSO(name)) != arn {
				continue
			}
			if app, ok := x.Index.Center.Application(arn); ok {
				out = append(out, app)
			}
		}
		return err
	})
	return out, err
}

func signedIn(u *granary.User) string {
	return fmt.Sprintf("That %s signs in at the company's identity provider is taken for granted.", u.UserName)
}

// through walks the chain by one application.
func (x *Explainer) through(q *Question, center *granary.IdentityCenter, app *index.Application,
	user *granary.User) *Chain {
	c := &Chain{}
	c.add(granary.LinkToken, Assumed, signedIn(user))
	if w, detail := x.signIn(c, center, app, user); w != nil {
		c.fail(w.Cause.Link(), detail, x.fix(recordOf(w),
			principal{account: q.Account}))
		c.rest(append(append(linksAfter(w.Cause.Link(), signInLinks), granary.LinkRole), dataLinks...)...)
		return c
	}
	scopes, _ := access.Scopes(app, nil) // nothing particular is asked for
	now := x.Now()
	session := &granary.Session{Account: q.Account, Name: "explained", Issued: now, Expires: now.Add(time.Hour),
		Context: &granary.IdentityContext{User: user.ID, Store: center.Store,
			StoreARN: center.StoreARN(), Instance: center.ARN(), Application: app.ARN, Scopes: scopes,
			Expires: now.Add(time.Hour)}}
	q.Env.Work = nil // each decision stands for a request of its own
	r := &request{env: q.Env, account: q.Account, target: q.Target, asked: q.Permission, duration: q.Duration,
		viewer: q.Viewer, anyRole: q.Role == "", asker: q.Asker,
		caller: &authn.Caller{Kind: policy.RoleSession, Account: q.Account, Session: session}}
	if q.Role == "" {
		c.add(granary.LinkRole, Assumed,
			"No role was named (--role): one that the application assumes with the identity context and "+
				"that may call s3:GetDataAccess is taken for granted.")
	} else {
		role, ok := x.role(q)
		if !ok {
			c.fail(granary.LinkRole, fmt.Sprintf("The account %s has no role %q.", q.Viewer, q.Role),
				mend(cause.RoleNone, map[string]string{"role": q.Role}, principal{}))
			c.rest(dataLinks...)
			return c
		}
		session.Account, session.RoleID, session.RoleARN = role.Account, role.ID, role.ARN
		r.caller.Account, r.caller.Role, r.caller.ARN, r.caller.ID = role.Account, role,
			granary.SessionARN(role.Account, role.Name, session.Name), role.ID+":"+session.Name
		c.ok(granary.LinkRole,
			fmt.Sprintf("The role %s carries the identity context; who may assume it, its trust policy says.",
				role.ARN))
	}
	d := &dataChain{Explainer: x, Chain: c, q: r}
	if s, role := d.vend(); s != nil {
		d.open(s, role)
	}
	return c
}

// role finds the role of the question, in the asking account only.
func (x *Explainer) role(q *Question) (*index.Role, bool) {
	if !strings.HasPrefix(q.Role, "arn:") {
		return x.Index.IAM.RoleByName(q.Viewer, q.Role)
	}
	r, ok := x.Index.IAM.Role(granary.ARN(q.Role))
	return r, ok && x.mayRead(q.Viewer, r.Account)
}

// signIn adds the links from the application to the scope. It returns what broke.
func (x *Explainer) signIn(c *Chain, center *granary.IdentityCenter, app *index.Application,
	user *granary.User) (*granary.Why, string) {
	broke := func(c granary.Cause, detail string, facts ...string) (*granary.Why, string) {
		return granary.Errorf(granary.Denied, "").At(c, append(facts, "application", string(app.ARN), "user",
			string(user.ID), "userName", user.UserName, "store", string(center.Store))...).Why, detail
	}
	switch {
	case app.Disabled:
		return broke(cause.ApplicationDisabled, fmt.Sprintf("The application %s is disabled.", app.Name))
	case x.Index.Org.Closed(app.Account):
		return broke(cause.ApplicationClosed, fmt.Sprintf("The application %s belongs to the account %s, which was closed.",
			app.Name, app.Account))
	case app.Actor == nil:
		return broke(cause.ApplicationNoActors,
			fmt.Sprintf("The application %s has no authentication method, so that nobody may exchange tokens through it.",
				app.Name))
	}
	c.ok(granary.LinkApplication, fmt.Sprintf("Through %s (%s).", app.Name, app.ARN))
	issuers, audiences, closed := x.issuers(app)
	if len(issuers) == 0 && closed != nil {
		return closed.Why, closed.Message
	}
	if len(issuers) == 0 {
		return broke(cause.IssuerNone, fmt.Sprintf("No grant of %s names a trusted token issuer that exists.", app.Name))
	}
	c.ok(granary.LinkIssuer, fmt.Sprintf("It accepts sign-ins of %s.", issuers[0].URL))
	if len(audiences) == 0 {
		return broke(cause.AudienceNone, fmt.Sprintf("The jwt-bearer grant of %s accepts no audience.", app.Name),
			"issuerArn", string(issuers[0].ARN()))
	}
	c.ok(granary.LinkAudience, "For the audience "+strings.Join(audiences, " or ")+".")
	if user.Disabled {
		return broke(cause.UserDisabled,
			sentence(&granary.Why{Cause: cause.UserDisabled,
				Facts: map[string]string{"user": string(user.ID), "userName": user.UserName}}))
	}
	by := slices.IndexFunc(issuers, func(i *granary.Issuer) bool { return x.maps(center.Store, i, user) })
	if by < 0 {
		return broke(cause.UserUnmapped,
			fmt.Sprintf("No sign-in of %s can mean %s: the user has no %s that is the user's alone.", issuers[0].URL,
				user.UserName, issuers[0].Attribute), "attribute", issuers[0].Attribute)
	}
	c.ok(granary.LinkUser,
		fmt.Sprintf("The token's %s is to be the %s of %s (%s).", issuers[by].Claim, issuers[by].Attribute,
			user.UserName, user.ID))
	if err := access.Admit(x.Index, app, center, user); err != nil {
		e := granary.AsError(err)
		return e.Why, fmt.Sprintf("%s requires an assignment, and neither %s nor a group the person is in has one.", app.Name,
			user.UserName)
	}
	if app.AssignmentRequired {
		c.ok(granary.LinkAssignment,
			fmt.Sprintf("%s is assigned to %s, by name or through a group.", user.UserName, app.Name))
	} else {
		c.ok(granary.LinkAssignment, fmt.Sprintf("%s lets everyone in.", app.Name))
	}
	if _, err := access.Scopes(app, []string{access.ScopeGrants}); err != nil {
		return granary.AsError(err).Why,
			fmt.Sprintf("%s does not have the scope %s, without which the person's grants do not count.", app.Name,
				access.ScopeGrants)
	}
	c.ok(granary.LinkScope, fmt.Sprintf("%s has the scope %s.", app.Name, access.ScopeGrants))
	return nil, ""
}

// issuers are those whose sign-ins the application accepts, and the audiences it accepts them for. closed is about one
// that is named and vouches for nobody any more.
func (x *Explainer) issuers(app *index.Application) (list []*granary.Issuer, audiences []string,
	closed *granary.Error) {
	add := func(arn granary.ARN, accepted ...string) {
		i, err := x.Issuers.Issuer(arn)
		switch {
		case err == nil:
			list, audiences = append(list, i), append(audiences, accepted...)
		case !granary.Is(err, granary.NotFound):
			closed = granary.AsError(err)
		}
	}
	for _, e := range app.Grants.JWTBearer {
		add(e.Issuer, e.Audiences...)
	}
	if len(list) == 0 && app.Grants.RedirectURIs != nil { // with a browser, through the instance's own provider
		if p, ok := x.Index.Center.SignInProvider(app.Instance); ok {
			add(p.Issuer, p.ClientID)
		}
	}
	return list, audiences, closed
}

// maps reports whether a claim could mean the user: whether the attribute is the user's alone.
func (x *Explainer) maps(s granary.StoreID, i *granary.Issuer, u *granary.User) bool {
	var values []string
	switch strings.ToLower(i.Attribute) {
	case "username":
		values = []string{u.UserName}
	case "emails.value":
		values = []string{u.PrimaryEmail()}
	default:
		for _, e := range u.ExternalIDs {
			values = append(values, e.ID)
		}
	}
	for _, v := range values {
		if v == "" {
			continue
		}
		if found, err := access.Person(x.Index, s, i, v); err == nil && found.ID == u.ID {
			return true
		}
	}
	return false
}
