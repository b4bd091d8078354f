package s3control

import (
	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/grants"
	"granary/internal/store"
)

var errNoLocation = granary.Errorf(granary.NotFound, "The specified access grants location does not exist").
	WithCode("NoSuchAccessGrantsLocationError")

func passRole(role string) authz.Request {
	return authz.Request{Action: "iam:PassRole", Resource: role,
		Keys: map[string][]string{"iam:passedtoservice": {access.VendingService}}}
}

func (s *service) onLocation(c *awsapi.Call, id string) (authz.Request, error) {
	arn := granary.LocationARN(c.Region, c.Account, granary.LocationID(id))
	var r authz.Request
	if i, ok := s.Index.Grants.Instance(c.Account, c.Region); ok {
		if l, ok := i.Location(granary.LocationID(id)); ok {
			r = s.on(c, arn, l.Tags)
			r.Keys["s3:accessgrantslocationscope"] = []string{l.Scope}
			return r, ours(c)
		}
	}
	return s.on(c, arn, nil), ours(c)
}

func (s locations) checkGetLocation(c *awsapi.Call, in *api.GetAccessGrantsLocationInput) ([]authz.Request, error) {
	r, err := s.onLocation(c, in.AccessGrantsLocationId)
	return []authz.Request{r}, err
}

func (s locations) checkDeleteLocation(c *awsapi.Call, in *api.DeleteAccessGrantsLocationInput) ([]authz.Request,
	error) {
	r, err := s.onLocation(c, in.AccessGrantsLocationId)
	return []authz.Request{r}, err
}

func (s locations) checkUpdateLocation(c *awsapi.Call, in *api.UpdateAccessGrantsLocationInput) ([]authz.Request,
	error) {
	r, err := s.onLocation(c, in.AccessGrantsLocationId)
	return []authz.Request{r, passRole(in.IAMRoleArn)}, err
}

func (s locations) createLocation(c *awsapi.Call, in *api.CreateAccessGrantsLocationInput) (
	*api.CreateAccessGrantsLocationOutput, error) {
	if err := ours(c); err != nil {
		return nil, err
	}
	l := &granary.Location{Account: c.Account, Region: c.Region, ID: granary.LocationID(granary.UUID()),
		Scope: in.LocationScope,
		Role:  granary.ARN(in.IAMRoleArn), Created: c.Now.UTC()}
	if l.Scope == "s3://" {
		l.ID = "default"
	}
	if err := c.Check(func(c *awsapi.Call) error { return s.authorizeNewLocation(c, l, in.Tags) }); err != nil {
		return nil, err
	}
	var err error
	if l.Tags, err = mergeTags(nil, in.Tags); err != nil {
		return nil, err
	}
	if err := c.Check(func(c *awsapi.Call) error { return s.checkLocation(c, l.Scope, l.Role) }); err != nil {
		return nil, err
	}
	if err := s.DB.Update(c, func(tx *store.Tx) error { return s.insertLocation(tx, c, l) }); err != nil {
		return nil, err
	}
	out := api.CreateAccessGrantsLocationOutput(locationShape(l))
	return &out, nil
}

func (s locations) authorizeNewLocation(c *awsapi.Call, l *granary.Location, tags []api.Tag) error {
	location, instance := s.on(c, l.ARN(), nil), s.onInstance(c)
	for _, r := range []*authz.Request{&location, &instance} {
		r.Action = "s3:CreateAccessGrantsLocation"
		r.Keys["s3:accessgrantslocationscope"] = []string{l.Scope}
		addRequestTags(r.Keys, tags)
	}
	if err := either(c, location, instance); err != nil {
		return err
	}
	return c.Authorize(append(tagging(l.ARN(), c.Account, tags), passRole(string(l.Role)))...)
}

func (s locations) checkLocation(c *awsapi.Call, scope string, role granary.ARN) error {
	if _, err := s.instance(c); err != nil {
		return err
	}
	bucket, err := grants.ValidateLocation(scope)
	if err != nil {
		return err
	}
	if bucket != "" {
		if b, ok := s.Index.Buckets.Get(bucket); !ok || b.Owner != c.Account || b.Region != c.Region {
			return granary.Errorf(granary.Invalid, "The specified Access Grants Location is invalid: the account has no "+
				"bucket %s in %s.", bucket, c.Region).
				WithCode("InvalidAccessGrantsLocation")
		}
	}
	return s.checkRole(c, role)
}

// checkRole asks only whether the role exists in the account; whether it trusts Access Grants shows when it vends.
func (s locations) checkRole(c *awsapi.Call, role granary.ARN) error {
	if r, ok := s.Index.IAM.Role(role); !ok || r.Account != c.Account {
		return granary.Errorf(granary.Invalid, "The specified IAM Role is invalid: the account has no role %s.",
			role).WithCode("InvalidIamRole")
	}
	return nil
}

func (s locations) insertLocation(tx *store.Tx, c *awsapi.Call, l *granary.Location) error {
	if _, err := tx.GrantsInstances.Get(c.Account, c.Region); granary.Is(err, granary.NotFound) {
		return errNoInstance
	}
	n, err := tx.Locations.Count(c.Account, c.Region)
	if err != nil {
		return err
	}
	if n >= s.MaxLocations {
		return granary.Errorf(granary.Quota, "You have reached the Access Grants Locations Quota: %d.", s.MaxLocations).
			WithCode("AccessGrantsLocationsQuotaExceededError")
	}
	err = tx.Locations.Create(l)
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "The specified access grants location already exists").
			WithCode("AccessGrantsLocationAlreadyExistsError")
	}
	return err
}

func (s locations) getLocation(c *awsapi.Call, in *api.GetAccessGrantsLocationInput) (
	*api.GetAccessGrantsLocationOutput, error) {
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	l, ok := i.Location(granary.LocationID(in.AccessGrantsLocationId))
	if !ok {
		return nil, errNoLocation
	}
	out := locationShape(l)
	return &out, nil
}

func (s locations) updateLocation(c *awsapi.Call, in *api.UpdateAccessGrantsLocationInput) (
	*api.UpdateAccessGrantsLocationOutput, error) {
	var out api.UpdateAccessGrantsLocationOutput
	err := s.changeLocation(c, in.AccessGrantsLocationId, func(tx *store.Tx, l *granary.Location) error {
		if err := s.checkRole(c, granary.ARN(in.IAMRoleArn)); err != nil {
			return err
		}
		l.Role = granary.ARN(in.IAMRoleArn)
		out = api.UpdateAccessGrantsLocationOutput(locationShape(l))
		return tx.Locations.Update(l)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func (s locations) changeLocation(c *awsapi.Call, id string, change func(*store.Tx, *granary.Location) error) error {
	return s.changeInstance(c, func(tx *store.Tx, _ *granary.GrantsInstance) error {
		l, err := tx.Locations.Get(c.Account, c.Region, granary.LocationID(id))
		if granary.Is(err, granary.NotFound) {
			return errNoLocation
		}
		if err != nil {
			return err
		}
		return change(tx, l)
	})
}

func (s locations) deleteLocation(c *awsapi.Call, in *api.DeleteAccessGrantsLocationInput) (
	*api.DeleteAccessGrantsLocationOutput, error) {
	return &api.DeleteAccessGrantsLocationOutput{},
		s.changeLocation(c, in.AccessGrantsLocationId, func(tx *store.Tx, l *granary.Location) error {
			used, err := tx.Grants.AnyOfLocation(c.Account, c.Region, l.ID)
			if err != nil {
				return err
			}
			if used {
				return granary.Errorf(granary.Invalid, "Please clean up access grants before deleting access grants location").
					WithCode("AccessGrantsLocationNotEmptyError")
			}
			return tx.Locations.Delete(c.Account, c.Region, l.ID)
		})
}

func locationPage(c *awsapi.Call, in *api.ListAccessGrantsLocationsInput) (pages, error) {
	return page(c, in.MaxResults, in.NextToken, "locations", in.LocationScope)
}

func (s locations) checkListLocations(c *awsapi.Call, in *api.ListAccessGrantsLocationsInput) ([]authz.Request, error) {
	_, err := locationPage(c, in)
	return []authz.Request{s.onInstance(c)}, err
}

func (s locations) listLocations(c *awsapi.Call, in *api.ListAccessGrantsLocationsInput) (
	*api.ListAccessGrantsLocationsOutput, error) {
	p, err := locationPage(c, in)
	if err != nil {
		return nil, err
	}
	if _, err := s.instance(c); err != nil {
		return nil, err
	}
	out := &api.ListAccessGrantsLocationsOutput{AccessGrantsLocationsList: []api.ListAccessGrantsLocationsEntry{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		var list []*granary.Location
		var next string
		if in.LocationScope != "" {
			l, err := tx.Locations.ByScope(c.Account, c.Region, in.LocationScope)
			if err == nil {
				list = []*granary.Location{l}
			} else if !granary.Is(err, granary.NotFound) {
				return err
			}
		} else if list, next, err = tx.Locations.List(c.Account, c.Region, granary.LocationID(p.after), p.limit); err != nil {
			return err
		}
		for _, l := range list {
			out.AccessGrantsLocationsList = append(out.AccessGrantsLocationsList,
				api.ListAccessGrantsLocationsEntry(locationShape(l)))
		}
		out.NextToken = p.token(next)
		return nil
	})
	return out, err
}
