package s3control

import (
	"regexp"
	"strings"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/store"
)

var errNoGrant = granary.Errorf(granary.NotFound, "The specified access grant does not exist").
	WithCode("NoSuchAccessGrantError")

func (s accessGrants) createGrant(c *awsapi.Call, in *api.CreateAccessGrantInput) (*api.CreateAccessGrantOutput,
	error) {
	if err := ours(c); err != nil {
		return nil, err
	}
	g := &granary.Grant{Account: c.Account, Region: c.Region, ID: granary.GrantID(granary.UUID()),
		Location: granary.LocationID(in.AccessGrantsLocationId),
		Object:   in.S3PrefixType == "Object", Application: granary.ARN(granary.CollapseSSO(in.ApplicationArn)),
		Created: c.Now.UTC()}
	if in.AccessGrantsLocationConfiguration != nil {
		g.SubPrefix = in.AccessGrantsLocationConfiguration.S3SubPrefix
	}
	if err := readGrantee(g, in); err != nil {
		return nil, err
	}
	if err := c.Check(func(c *awsapi.Call) error { return s.checkNewGrant(c, g, in.Tags) }); err != nil {
		return nil, err
	}
	var err error
	if g.Tags, err = mergeTags(nil, in.Tags); err != nil {
		return nil, err
	}
	if err := s.insertGrant(c, g); err != nil {
		return nil, err
	}
	if !g.Object && !strings.HasSuffix(g.Scope, "*") {
		c.Note("the scope %s of the grant is one object's key: it ends without * and S3PrefixType is not Object", g.Scope)
	}
	out := api.CreateAccessGrantOutput(grantShape(g))
	return &out, nil
}

// checkNewGrant finds the grant's scope, authorises the grant, and sees that it is possible.
func (s accessGrants) checkNewGrant(c *awsapi.Call, g *granary.Grant, tags []api.Tag) error {
	i, location := s.lookForGrant(c, g)
	scope, scopeErr := "", error(nil)
	if location != nil {
		scope, scopeErr = grants.Join(location.Scope, g.SubPrefix, g.Object)
	}
	if err := s.authorizeNewGrant(c, g, scope, tags); err != nil {
		return err
	}
	switch {
	case i == nil:
		return errNoInstance
	case location == nil || g.Scope != "" && g.Scope != scope: // the location was deleted, or made anew with another scope
		return errNoLocation
	case scopeErr != nil:
		return scopeErr
	}
	g.Scope = scope
	return s.checkGrant(c, i, g)
}

func readGrantee(g *granary.Grant, in *api.CreateAccessGrantInput) error {
	g.Permission, _ = granary.ParsePermission(in.Permission)
	if in.Grantee == nil || in.Grantee.GranteeIdentifier == "" || in.Grantee.GranteeType == "" {
		return badGrantee("a grantee needs a GranteeType and a GranteeIdentifier")
	}
	g.Grantee.Type, _ = granary.ParseGranteeType(in.Grantee.GranteeType)
	g.Grantee.ID = in.Grantee.GranteeIdentifier
	return nil
}

func badGrantee(why string) error {
	return granary.Errorf(granary.Invalid, "Invalid Grantee in the request: %s", why)
}

func (s accessGrants) lookForGrant(c *awsapi.Call, g *granary.Grant) (*index.GrantsInstance, *granary.Location) {
	i, ok := s.Index.Grants.Instance(c.Account, c.Region)
	if !ok {
		return nil, nil
	}
	l, _ := i.Location(g.Location)
	return i, l
}

// authorizeNewGrant asks on the location or the grant to be, as AWS documents either, and for what naming a directory
// identity needs beside.
func (s accessGrants) authorizeNewGrant(c *awsapi.Call, g *granary.Grant, scope string, tags []api.Tag) error {
	onLocation, err := s.onLocation(c, string(g.Location))
	if err != nil {
		return err
	}
	delete(onLocation.Keys, "s3:accessgrantslocationscope") // not a key of this action
	onGrant := s.on(c, g.ARN(), nil)
	for _, r := range []*authz.Request{&onLocation, &onGrant} {
		r.Action = "s3:CreateAccessGrant"
		if scope != "" {
			r.Keys["s3:accessgrantscope"] = []string{scope}
		}
		addRequestTags(r.Keys, tags)
	}
	if err := either(c, onLocation, onGrant); err != nil {
		return err
	}
	if err := c.Authorize(tagging(g.ARN(), c.Account, tags)...); err != nil {
		return err
	}
	if g.Grantee.Type == granary.GranteeIAM {
		return nil
	}
	i, ok := s.Index.Grants.Instance(c.Account, c.Region)
	if !ok || i.IdentityCenter == "" {
		return nil // refused for that reason in a moment
	}
	describe := authz.Request{Action: "identitystore:DescribeUser", Resource: "arn:aws:identitystore:::user/" +
		g.Grantee.ID}
	if g.Grantee.Type == granary.GranteeGroup {
		describe = authz.Request{Action: "identitystore:DescribeGroup", Resource: "arn:aws:identitystore:::group/" +
			g.Grantee.ID}
	}
	return c.Authorize(authz.Request{Action: "sso:DescribeInstance", Resource: string(i.IdentityCenter)},
		authz.Request{Action: "sso:DescribeApplication", Resource: string(i.Application)}, describe)
}

// checkGrant sees that bucket, grantee and application exist and belong here.
func (s accessGrants) checkGrant(c *awsapi.Call, i *index.GrantsInstance, g *granary.Grant) error {
	bucket := grants.Bucket(g.Scope)
	if b, ok := s.Index.Buckets.Get(bucket); !ok || b.Owner != c.Account || b.Region != c.Region {
		return granary.Errorf(granary.Invalid, "The specified Access Grant is invalid: the account has no bucket %s in %s.",
			bucket, c.Region).WithCode("InvalidAccessGrant")
	}
	if g.Grantee.Type == granary.GranteeIAM {
		if g.Application != "" {
			return granary.Errorf(granary.Invalid, "An ApplicationArn is possible for directory grantees only.")
		}
		return s.checkPrincipal(g.Grantee.ID)
	}
	center, ok := s.Index.Center.Instance(i.IdentityCenter)
	if !ok {
		return granary.Errorf(granary.Invalid, "The specified identity center instance is invalid: the Access Grants "+
			"instance is associated with none, which a directory grantee needs.").
			WithCode("InvalidIdentityCenterInstance")
	}
	if g.Application != "" {
		if a, ok := s.Index.Center.Application(g.Application); !ok || a.Instance != center.ID {
			return granary.Errorf(granary.Invalid, "The associated Identity Center instance has no application %s.",
				g.Application)
		}
	}
	if g.Grantee.Type == granary.GranteeGroup {
		if !s.Index.Directory.GroupExists(center.Store, granary.GroupID(g.Grantee.ID)) {
			return badGrantee("the directory has no group " + g.Grantee.ID)
		}
	} else if _, ok := s.Index.Directory.User(center.Store, granary.UserID(g.Grantee.ID)); !ok {
		return badGrantee("the directory has no user " + g.Grantee.ID)
	}
	return nil
}

// iamName is a user or role as its ARN names it: a path, which may be empty, and a name.
var iamName = regexp.MustCompile(`^(user|role)/([\x21-\x29\x2b-\x3e\x40-\x7e]+/)*[\w+=,.@-]+$`)

// checkPrincipal takes users and roles only, and looks for them where their account is one of ours.
func (s accessGrants) checkPrincipal(arn string) error {
	p, ok := granary.ARN(arn).Parts()
	if !ok || p.Partition != "aws" || p.Service != "iam" || p.Region != "" || !p.Account.Valid() {
		return badGrantee(arn + " is not the ARN of an IAM user or role")
	}
	if !iamName.MatchString(p.Resource) {
		return badGrantee(arn + " is not the ARN of an IAM user or role")
	}
	switch name := p.Resource[strings.LastIndexByte(p.Resource, '/')+1:]; {
	case strings.HasPrefix(p.Resource, "role/"):
		_, ok = s.Index.IAM.Role(granary.ARN(arn))
	case strings.HasPrefix(p.Resource, "user/"):
		var u *index.IAMUser
		u, ok = s.Index.IAM.User(p.Account, name)
		ok = ok && string(u.ARN()) == arn
	default:
		return badGrantee(arn + " is not the ARN of an IAM user or role")
	}
	if _, hosted := s.Index.Org.Account(p.Account); hosted && !ok {
		return badGrantee("there is no " + arn)
	}
	return nil
}

func (s accessGrants) insertGrant(c *awsapi.Call, g *granary.Grant) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		i, err := s.instance(c)
		if err != nil {
			return err
		}
		if _, err := tx.Locations.Get(c.Account, c.Region, g.Location); granary.Is(err, granary.NotFound) {
			return errNoLocation // deleted meanwhile
		}
		if err := s.quota(tx, c, i); err != nil {
			return err
		}
		err = tx.Grants.Create(g)
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "The specified access grant already exists").
				WithCode("AccessGrantAlreadyExists")
		}
		return err
	})
}

// quota counts exactly only where it matters: the index is at most a shared commit behind the transaction.
func (s accessGrants) quota(tx *store.Tx, c *awsapi.Call, i *index.GrantsInstance) error {
	const behind = 1024
	if i.Grants.Len()+behind < s.MaxGrants {
		return nil
	}
	n, err := tx.Grants.Count(c.Account, c.Region)
	if err == nil && n >= s.MaxGrants {
		err = granary.Errorf(granary.Quota, "You have reached the Access Grants Quota: %d.", s.MaxGrants).
			WithCode("AccessGrantsQuotaExceededError")
	}
	return err
}

// onGrant reads the grant for its scope and tags, which policies may test.
func (s accessGrants) onGrant(c *awsapi.Call, id string) ([]authz.Request, error) {
	if err := ours(c); err != nil {
		return nil, err
	}
	r := s.on(c, granary.GrantARN(c.Region, c.Account, granary.GrantID(id)), nil)
	err := s.DB.View(c, func(tx *store.Tx) error {
		g, err := tx.Grants.Get(c.Account, c.Region, granary.GrantID(id))
		if err == nil {
			r = s.on(c, g.ARN(), g.Tags)
			r.Keys["s3:accessgrantscope"] = []string{g.Scope}
		}
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		return err
	})
	return []authz.Request{r}, err
}

func (s accessGrants) checkGetGrant(c *awsapi.Call, in *api.GetAccessGrantInput) ([]authz.Request, error) {
	return s.onGrant(c, in.AccessGrantId)
}

func (s accessGrants) checkDeleteGrant(c *awsapi.Call, in *api.DeleteAccessGrantInput) ([]authz.Request, error) {
	return s.onGrant(c, in.AccessGrantId)
}

func (s accessGrants) getGrant(c *awsapi.Call, in *api.GetAccessGrantInput) (out *api.GetAccessGrantOutput, err error) {
	if _, err := s.instance(c); err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		g, err := tx.Grants.Get(c.Account, c.Region, granary.GrantID(in.AccessGrantId))
		if granary.Is(err, granary.NotFound) {
			return errNoGrant
		}
		if err == nil {
			shape := grantShape(g)
			out = &shape
		}
		return err
	})
	return out, err
}

func (s accessGrants) deleteGrant(c *awsapi.Call, in *api.DeleteAccessGrantInput) (*api.DeleteAccessGrantOutput,
	error) {
	if _, err := s.instance(c); err != nil {
		return nil, err
	}
	return &api.DeleteAccessGrantOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		err := tx.Grants.Delete(c.Account, c.Region, granary.GrantID(in.AccessGrantId))
		if granary.Is(err, granary.NotFound) {
			return errNoGrant
		}
		return err
	})
}

func grantPage(c *awsapi.Call, in *api.ListAccessGrantsInput) (pages, error) {
	grantee := ""
	if in.GranteeIdentifier != nil {
		if grantee = *in.GranteeIdentifier; grantee == "" {
			return pages{}, granary.Errorf(granary.Invalid, "The granteeidentifier must not be empty: no grant is for nobody.")
		}
	}
	return page(c, in.MaxResults, in.NextToken, "grants", in.ApplicationArn, in.GrantScope, grantee,
		in.GranteeType, in.Permission)
}

func (s accessGrants) checkListGrants(c *awsapi.Call, in *api.ListAccessGrantsInput) ([]authz.Request, error) {
	_, err := grantPage(c, in)
	return []authz.Request{s.onInstance(c)}, err
}

func (s accessGrants) listGrants(c *awsapi.Call, in *api.ListAccessGrantsInput) (*api.ListAccessGrantsOutput, error) {
	p, err := grantPage(c, in)
	if err != nil {
		return nil, err
	}
	if _, err := s.instance(c); err != nil {
		return nil, err
	}
	f := store.GrantFilter{Application: granary.ARN(in.ApplicationArn)}
	if in.GranteeIdentifier != nil {
		f.GranteeID = *in.GranteeIdentifier
	}
	f.GranteeType, _ = granary.ParseGranteeType(in.GranteeType)
	f.Permission, _ = granary.ParsePermission(in.Permission)
	f.Scope, f.ScopePrefix = in.GrantScope, false
	if prefix, ok := strings.CutSuffix(in.GrantScope, "*"); ok {
		f.Scope, f.ScopePrefix = prefix, true
	}
	out := &api.ListAccessGrantsOutput{AccessGrantsList: []api.ListAccessGrantEntry{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Grants.List(c.Account, c.Region, f, p.after, p.limit)
		for _, g := range list {
			out.AccessGrantsList = append(out.AccessGrantsList, api.ListAccessGrantEntry(grantShape(g)))
		}
		out.NextToken = p.token(next)
		return err
	})
	return out, err
}
