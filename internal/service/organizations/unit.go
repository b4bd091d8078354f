package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// The limits of the tree. AWS has at most 2,000 units.
const (
	maxUnits = 10_000
	maxDepth = 5 // levels of units
)

func unitNotFound(err error, id string) error {
	if granary.Is(err, granary.NotFound) {
		return granary.Errorf(granary.NotFound, "There is no organizational unit %s.",
			id).WithCode("OrganizationalUnitNotFoundException")
	}
	return err
}

func unitNameTaken(err error, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "The parent has an organizational unit named %q already.",
			name).WithCode("DuplicateOrganizationalUnitException")
	}
	return err
}

func (s *service) unitShape(u *granary.OrgUnit) *api.OrganizationalUnit {
	return &api.OrganizationalUnit{Id: u.ID, Arn: string(s.Index.Org.Organization().UnitARN(u.ID)), Name: u.Name,
		Path: s.unitPath(u.Parent) + u.ID + "/"}
}

func (s units) checkCreateUnit(_ *awsapi.Call, in *api.CreateOrganizationalUnitInput) ([]authz.Request, error) {
	return s.creationRequests(about(in.ParentId), nil, in.Tags), nil
}

func (s units) createUnit(c *awsapi.Call, in *api.CreateOrganizationalUnitInput) (
	*api.CreateOrganizationalUnitOutput, error) {
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	o := s.Index.Org.Organization()
	u := &granary.OrgUnit{ID: granary.NewUnitID(o.RootID), Parent: in.ParentId, Name: in.Name, Tags: tags,
		Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := s.findParent(tx, u.Parent, "ParentNotFoundException"); err != nil {
			return err
		}
		depth := 1
		for at := u.Parent; at != o.RootID; depth++ {
			p, err := tx.OrgUnits.Get(at)
			if err != nil {
				return err
			}
			at = p.Parent
		}
		if depth > maxDepth {
			return violation("OU_DEPTH_LIMIT_EXCEEDED", "Organizational units stand at most five deep.")
		}
		if n, err := tx.OrgUnits.Count(); err != nil {
			return err
		} else if n >= maxUnits {
			return violation("OU_NUMBER_LIMIT_EXCEEDED", "The organization has as many organizational units as it can.")
		}
		return unitNameTaken(tx.OrgUnits.Create(u), u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s units) describeUnit(_ *awsapi.Call, in *api.DescribeOrganizationalUnitInput) (
	*api.DescribeOrganizationalUnitOutput, error) {
	u, ok := s.Index.Org.Unit(in.OrganizationalUnitId)
	if !ok {
		return nil, unitNotFound(granary.Errorf(granary.NotFound, ""), in.OrganizationalUnitId)
	}
	return &api.DescribeOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s units) updateUnit(c *awsapi.Call, in *api.UpdateOrganizationalUnitInput) (
	*api.UpdateOrganizationalUnitOutput, error) {
	var u *granary.OrgUnit
	err := s.DB.Update(c, func(tx *store.Tx) (err error) {
		if u, err = tx.OrgUnits.Get(in.OrganizationalUnitId); err != nil {
			return unitNotFound(err, in.OrganizationalUnitId)
		}
		if in.Name != "" {
			u.Name = in.Name
		}
		return unitNameTaken(tx.OrgUnits.Update(u), u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s units) deleteUnit(c *awsapi.Call, in *api.DeleteOrganizationalUnitInput) (
	*api.DeleteOrganizationalUnitOutput, error) {
	id := in.OrganizationalUnitId
	return &api.DeleteOrganizationalUnitOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := tx.OrgUnits.Get(id); err != nil {
			return unitNotFound(err, id)
		}
		empty, err := tx.OrgUnits.Empty(id)
		if err != nil {
			return err
		}
		if !empty {
			return granary.Errorf(granary.Conflict, "The organizational unit %s has accounts or units in it: move them "+
				"out first.", id).WithCode("OrganizationalUnitNotEmptyException")
		}
		return tx.OrgUnits.Delete(id)
	})
}

func (s units) listUnits(c *awsapi.Call, in *api.ListOrganizationalUnitsForParentInput) (
	*api.ListOrganizationalUnitsForParentOutput, error) {
	list, next, err := s.unitsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
	out := &api.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: []api.OrganizationalUnit{}, NextToken: next}
	for _, u := range list {
		out.OrganizationalUnits = append(out.OrganizationalUnits, *s.unitShape(u))
	}
	return out, err
}

func (s units) unitsUnder(c *awsapi.Call, parent string, maxResults *int64,
	nextToken string) (list []*granary.OrgUnit, next string, err error) {
	l := awsapi.ListOf("organizations units", parent)
	after, limit, err := pageStart(l, maxResults, nextToken)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if _, err := s.findParent(tx, parent, "ParentNotFoundException"); err != nil {
			return err
		}
		list, next, err = tx.OrgUnits.ListUnder(parent, after, limit)
		return err
	})
	return list, l.NextToken(next), err
}
