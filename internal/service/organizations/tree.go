package organizations

import (
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// isRoot reports whether an id is that of the root.
func (s *service) isRoot(id string) bool { return id == s.Index.Org.Organization().RootID }

// findParent returns the unit of that id, or "" for the root, as accounts store their parent. Any other id is an error
// with the code missing.
func (s *service) findParent(tx *store.Tx, id, missing string) (unit string, err error) {
	if s.isRoot(id) {
		return "", nil
	}
	if _, err := tx.OrgUnits.Get(id); granary.Is(err, granary.NotFound) {
		return "", granary.Errorf(granary.NotFound, "There is no root or organizational unit %s: list-roots shows the root.",
			id).WithCode(missing)
	} else if err != nil {
		return "", err
	}
	return id, nil
}

// unitPath is the path of a unit: organization, root, and the units down to it, with a slash after each.
func (s *service) unitPath(unit string) string {
	o := s.Index.Org.Organization()
	path := ""
	for at := unit; at != "" && at != o.RootID; {
		path = at + "/" + path
		u, ok := s.Index.Org.Unit(at)
		if !ok {
			break
		}
		at = u.Parent
	}
	return o.ID + "/" + o.RootID + "/" + path
}

func (s units) listParents(_ *awsapi.Call, in *api.ListParentsInput) (*api.ListParentsOutput, error) {
	o := s.Index.Org.Organization()
	parent := ""
	if strings.HasPrefix(in.ChildId, "ou-") {
		u, ok := s.Index.Org.Unit(in.ChildId)
		if !ok {
			return nil, granary.Errorf(granary.NotFound, "The organization has no organizational unit %s.", in.ChildId).
				WithCode("ChildNotFoundException")
		}
		parent = u.Parent
	} else {
		a, ok := s.Index.Org.Account(granary.AccountID(in.ChildId))
		if !ok {
			return nil, granary.Errorf(granary.NotFound, "The organization has no account %s.", in.ChildId).
				WithCode("ChildNotFoundException")
		}
		parent = a.Parent
	}
	out := api.Parent{Id: parent, Type: "ORGANIZATIONAL_UNIT"}
	if parent == "" || parent == o.RootID {
		out = api.Parent{Id: o.RootID, Type: "ROOT"}
	}
	list, next, err := paginate(awsapi.ListOf("organizations parents", in.ChildId), []api.Parent{out},
		func(p api.Parent) string { return p.Id }, in.MaxResults, in.NextToken)
	return &api.ListParentsOutput{Parents: list, NextToken: next}, err
}

func (s units) listChildren(c *awsapi.Call, in *api.ListChildrenInput) (*api.ListChildrenOutput, error) {
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
