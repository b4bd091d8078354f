package organizations

import (
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// The limits of the tree. AWS's for units is 2,000.
const (
	maxUnits = 10_000
	maxDepth = 5 // units one in another
)

// isRoot reports whether an id is the root's.
func (s *service) isRoot(id string) bool { return id == s.Index.Organization().RootID }

// parent refuses ids that are neither the root's nor a unit's. Accounts keep "" for the root.
func (s *service) parent(tx *store.Tx, id, missing string) (unit string, err error) {
	if s.isRoot(id) {
		return "", nil
	}
	if _, err := tx.OrgUnits.Get(id); granary.Is(err, granary.NotFound) {
		return "", granary.Errorf(granary.NotFound, "There is no root or organizational unit %s: list-roots shows the root.", id).WithCode(missing)
	} else if err != nil {
		return "", err
	}
	return id, nil
}

func noUnit(err error, id string) error {
	if granary.Is(err, granary.NotFound) {
		return granary.Errorf(granary.NotFound, "There is no organizational unit %s.", id).WithCode("OrganizationalUnitNotFoundException")
	}
	return err
}

func sameName(err error, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "The parent has an organizational unit named %q already.", name).WithCode("DuplicateOrganizationalUnitException")
	}
	return err
}

// path is where a unit stands: organization, root, the units down to it.
func (s *service) path(unit string) string {
	o := s.Index.Organization()
	path := ""
	for at := unit; at != "" && at != o.RootID; {
		path = at + "/" + path
		u, ok := s.Index.OrgUnit(at)
		if !ok {
			break
		}
		at = u.Parent
	}
	return o.ID + "/" + o.RootID + "/" + path
}

func (s *service) unitShape(u *granary.OrgUnit) *api.OrganizationalUnit {
	return &api.OrganizationalUnit{Id: u.ID, Arn: string(s.Index.Organization().UnitARN(u.ID)), Name: u.Name, Path: s.path(u.Parent) + u.ID + "/"}
}

func (s *service) createUnit(c *awsapi.Call, in *api.CreateOrganizationalUnitInput) (*api.CreateOrganizationalUnitOutput, error) {
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	o := s.Index.Organization()
	u := &granary.OrgUnit{ID: granary.NewUnitID(o.RootID), Parent: in.ParentId, Name: in.Name, Tags: tags, Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := s.parent(tx, u.Parent, "ParentNotFoundException"); err != nil {
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
		return sameName(tx.OrgUnits.Create(u), u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s *service) describeUnit(_ *awsapi.Call, in *api.DescribeOrganizationalUnitInput) (*api.DescribeOrganizationalUnitOutput, error) {
	u, ok := s.Index.OrgUnit(in.OrganizationalUnitId)
	if !ok {
		return nil, noUnit(granary.Errorf(granary.NotFound, ""), in.OrganizationalUnitId)
	}
	return &api.DescribeOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s *service) updateUnit(c *awsapi.Call, in *api.UpdateOrganizationalUnitInput) (*api.UpdateOrganizationalUnitOutput, error) {
	var u *granary.OrgUnit
	err := s.DB.Update(c, func(tx *store.Tx) (err error) {
		if u, err = tx.OrgUnits.Get(in.OrganizationalUnitId); err != nil {
			return noUnit(err, in.OrganizationalUnitId)
		}
		if in.Name != "" {
			u.Name = in.Name
		}
		return sameName(tx.OrgUnits.Update(u), u.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateOrganizationalUnitOutput{OrganizationalUnit: s.unitShape(u)}, nil
}

func (s *service) deleteUnit(c *awsapi.Call, in *api.DeleteOrganizationalUnitInput) (*api.DeleteOrganizationalUnitOutput, error) {
	id := in.OrganizationalUnitId
	return &api.DeleteOrganizationalUnitOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := tx.OrgUnits.Get(id); err != nil {
			return noUnit(err, id)
		}
		empty, err := tx.OrgUnits.Empty(id)
		if err != nil {
			return err
		}
		if !empty {
			return granary.Errorf(granary.Conflict, "The organizational unit %s has accounts or units in it: move them out first.", id).WithCode("OrganizationalUnitNotEmptyException")
		}
		return tx.OrgUnits.Delete(id)
	})
}

func (s *service) listUnits(c *awsapi.Call, in *api.ListOrganizationalUnitsForParentInput) (*api.ListOrganizationalUnitsForParentOutput, error) {
	list, next, err := s.unitsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
	out := &api.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: []api.OrganizationalUnit{}, NextToken: next}
	for _, u := range list {
		out.OrganizationalUnits = append(out.OrganizationalUnits, *s.unitShape(u))
	}
	return out, err
}

func (s *service) unitsUnder(c *awsapi.Call, parent string, maxResults *int64, nextToken string) (list []*granary.OrgUnit, next string, err error) {
	l := awsapi.ListOf("organizations units", parent)
	after, limit, err := page(l, maxResults, nextToken)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		if _, err := s.parent(tx, parent, "ParentNotFoundException"); err != nil {
			return err
		}
		list, next, err = tx.OrgUnits.ListUnder(parent, after, limit)
		return err
	})
	return list, l.NextToken(next), err
}

// moveAccount puts an account under another parent; the policies there bind it from the next request.
func (s *service) moveAccount(c *awsapi.Call, in *api.MoveAccountInput) (*api.MoveAccountOutput, error) {
	return &api.MoveAccountOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Accounts.Get(granary.AccountID(in.AccountId))
		if granary.Is(err, granary.NotFound) {
			return noAccount(in.AccountId)
		} else if err != nil {
			return err
		}
		from, err := s.parent(tx, in.SourceParentId, "SourceParentNotFoundException")
		if err != nil {
			return err
		}
		to, err := s.parent(tx, in.DestinationParentId, "DestinationParentNotFoundException")
		switch {
		case err != nil:
			return err
		case a.Parent == to:
			return granary.Errorf(granary.Exists, "The account %s is in %s already.", a.ID, in.DestinationParentId).WithCode("DuplicateAccountException")
		case a.Parent != from:
			return granary.Errorf(granary.NotFound, "The account %s is not in %s: list-parents shows where it is.", a.ID, in.SourceParentId).WithCode("SourceParentNotFoundException")
		}
		a.Parent = to
		return tx.Accounts.Update(a)
	})
}

func (s *service) listParents(_ *awsapi.Call, in *api.ListParentsInput) (*api.ListParentsOutput, error) {
	o := s.Index.Organization()
	parent := ""
	if strings.HasPrefix(in.ChildId, "ou-") {
		u, ok := s.Index.OrgUnit(in.ChildId)
		if !ok {
			return nil, granary.Errorf(granary.NotFound, "The organization has no organizational unit %s.", in.ChildId).WithCode("ChildNotFoundException")
		}
		parent = u.Parent
	} else {
		a, ok := s.Index.Account(granary.AccountID(in.ChildId))
		if !ok {
			return nil, granary.Errorf(granary.NotFound, "The organization has no account %s.", in.ChildId).WithCode("ChildNotFoundException")
		}
		parent = a.Parent
	}
	out := api.Parent{Id: parent, Type: "ORGANIZATIONAL_UNIT"}
	if parent == "" || parent == o.RootID {
		out = api.Parent{Id: o.RootID, Type: "ROOT"}
	}
	list, next, err := cut(awsapi.ListOf("organizations parents", in.ChildId), []api.Parent{out}, func(p api.Parent) string { return p.Id }, in.MaxResults, in.NextToken)
	return &api.ListParentsOutput{Parents: list, NextToken: next}, err
}

func (s *service) listChildren(c *awsapi.Call, in *api.ListChildrenInput) (*api.ListChildrenOutput, error) {
	out := &api.ListChildrenOutput{Children: []api.Child{}}
	if in.ChildType == "ORGANIZATIONAL_UNIT" {
		list, next, err := s.unitsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
		for _, u := range list {
			out.Children = append(out.Children, api.Child{Id: u.ID, Type: in.ChildType})
		}
		out.NextToken = next
		return out, err
	}
	list, next, err := s.accountsUnder(c, in.ParentId, in.MaxResults, in.NextToken)
	for _, a := range list {
		out.Children = append(out.Children, api.Child{Id: string(a.ID), Type: "ACCOUNT"})
	}
	out.NextToken = next
	return out, err
}
