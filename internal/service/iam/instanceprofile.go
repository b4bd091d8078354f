package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s profiles) checkCreateProfile(c *awsapi.Call, in *api.CreateInstanceProfileInput) ([]authz.Request, error) {
	arn := granary.InstanceProfileARN(c.Caller.Account, pathOrRoot(in.Path), in.InstanceProfileName)
	return creation(arn, in.Tags, "")
}

func (s profiles) createInstanceProfile(c *awsapi.Call,
	in *api.CreateInstanceProfileInput) (*api.CreateInstanceProfileOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerInstanceProfile")
	if err != nil {
		return nil, err
	}
	p := &granary.InstanceProfile{Account: c.Caller.Account, Name: in.InstanceProfileName, Path: pathOrRoot(in.Path),
		ID: granary.UniqueID("AIPA"), Tags: tags, Created: c.Now}
	out := &api.CreateInstanceProfileOutput{}
	return out, s.DB.Update(c, func(tx *store.Tx) error {
		if err := tx.InstanceProfiles.Create(p); err != nil {
			if granary.Is(err, granary.Exists) {
				return granary.Errorf(granary.Exists, "Instance Profile %s already exists.", p.Name)
			}
			return err
		}
		out.InstanceProfile, err = s.profileShape(tx, p)
		return err
	})
}

func (s profiles) getInstanceProfile(c *awsapi.Call, in *api.GetInstanceProfileInput) (*api.GetInstanceProfileOutput,
	error) {
	out := &api.GetInstanceProfileOutput{}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, in.InstanceProfileName)
		if err != nil {
			return err
		}
		out.InstanceProfile, err = s.profileShape(tx, p)
		return err
	})
}

func (s profiles) deleteInstanceProfile(c *awsapi.Call,
	in *api.DeleteInstanceProfileInput) (*api.DeleteInstanceProfileOutput, error) {
	return &api.DeleteInstanceProfileOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, in.InstanceProfileName)
		if err != nil {
			return err
		}
		if p.Role != "" {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must remove roles from instance profile first.")
		}
		return tx.InstanceProfiles.Delete(p.Account, p.Name)
	})
}

// checkAddRole asks for iam:PassRole too: a role in an instance profile is handed to machines.
func (s profiles) checkAddRole(c *awsapi.Call, in *api.AddRoleToInstanceProfileInput) ([]authz.Request, error) {
	pass := s.roleRequest(c, in.RoleName)
	pass.Action = "iam:PassRole"
	setKey(pass.Keys, "iam:passedtoservice", "ec2.amazonaws.com")
	return []authz.Request{s.profileRequest(c, in.InstanceProfileName), pass}, nil
}

func (s profiles) addRole(c *awsapi.Call, in *api.AddRoleToInstanceProfileInput) (
	*api.AddRoleToInstanceProfileOutput, error) {
	return &api.AddRoleToInstanceProfileOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, in.InstanceProfileName)
		if err != nil {
			return err
		}
		r, err := findRole(tx, c, in.RoleName)
		if err != nil {
			return err
		}
		if p.Role != "" {
			return quotaExceeded("InstanceSessionsPerInstanceProfile", 1)
		}
		p.Role = r.Name
		return tx.InstanceProfiles.Update(p)
	})
}

func (s profiles) removeRole(c *awsapi.Call, in *api.RemoveRoleFromInstanceProfileInput) (
	*api.RemoveRoleFromInstanceProfileOutput, error) {
	return &api.RemoveRoleFromInstanceProfileOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, in.InstanceProfileName)
		if err != nil {
			return err
		}
		if store.Fold(p.Role) != store.Fold(in.RoleName) {
			return granary.Errorf(granary.NotFound, "The role with name %s cannot be found.", in.RoleName)
		}
		p.Role = ""
		return tx.InstanceProfiles.Update(p)
	})
}

func (s profiles) listInstanceProfiles(c *awsapi.Call,
	in *api.ListInstanceProfilesInput) (*api.ListInstanceProfilesOutput, error) {
	out := &api.ListInstanceProfilesOutput{}
	err := s.pageProfiles(c, in.Marker, in.MaxItems, &out.InstanceProfiles, &out.IsTruncated, &out.Marker,
		func(tx *store.Tx, after string, limit int) ([]*granary.InstanceProfile, string, error) {
			return tx.InstanceProfiles.List(c.Caller.Account, in.PathPrefix, after, limit)
		})
	return out, err
}

func (s profiles) listInstanceProfilesForRole(c *awsapi.Call, in *api.ListInstanceProfilesForRoleInput) (
	*api.ListInstanceProfilesForRoleOutput, error) {
	out := &api.ListInstanceProfilesForRoleOutput{}
	err := s.pageProfiles(c, in.Marker, in.MaxItems, &out.InstanceProfiles, &out.IsTruncated, &out.Marker,
		func(tx *store.Tx, after string, limit int) ([]*granary.InstanceProfile, string, error) {
			r, err := findRole(tx, c, in.RoleName)
			if err != nil {
				return nil, "", err
			}
			return tx.InstanceProfiles.ListForRole(r.Account, r.Name, after, limit)
		})
	return out, err
}

func (s profiles) pageProfiles(c *awsapi.Call, markerText string, maxItems *int64, shapes *[]api.InstanceProfile,
	truncated **bool, nextMarker *string,
	list func(tx *store.Tx, after string, limit int) ([]*granary.InstanceProfile, string, error)) error {
	after, limit, err := pageStart(markerText, maxItems)
	if err != nil {
		return err
	}
	return s.DB.View(c, func(tx *store.Tx) error {
		profiles, next, err := list(tx, after, limit)
		if err != nil {
			return err
		}
		for _, p := range profiles {
			shape, err := s.profileShape(tx, p)
			if err != nil {
				return err
			}
			shape.Tags = nil // AWS lists leave them out
			*shapes = append(*shapes, *shape)
		}
		*truncated, *nextMarker = pageEnd(next)
		return nil
	})
}

func (s profiles) checkTagProfile(c *awsapi.Call, in *api.TagInstanceProfileInput) ([]authz.Request, error) {
	return withTags(s.profileRequest(c, in.InstanceProfileName), in.Tags)
}

func (s profiles) tagInstanceProfile(c *awsapi.Call, in *api.TagInstanceProfileInput) (*api.TagInstanceProfileOutput,
	error) {
	return &api.TagInstanceProfileOutput{},
		s.changeProfile(c, in.InstanceProfileName, func(p *granary.InstanceProfile) (err error) {
			p.Tags, err = addTags(p.Tags, in.Tags, "TagsPerInstanceProfile")
			return err
		})
}

func (s profiles) checkUntagProfile(c *awsapi.Call, in *api.UntagInstanceProfileInput) ([]authz.Request, error) {
	return withTagKeys(s.profileRequest(c, in.InstanceProfileName), in.TagKeys)
}

func (s profiles) untagInstanceProfile(c *awsapi.Call,
	in *api.UntagInstanceProfileInput) (*api.UntagInstanceProfileOutput, error) {
	return &api.UntagInstanceProfileOutput{},
		s.changeProfile(c, in.InstanceProfileName, func(p *granary.InstanceProfile) error {
			p.Tags = removeTags(p.Tags, in.TagKeys)
			return nil
		})
}

func (s profiles) listInstanceProfileTags(c *awsapi.Call,
	in *api.ListInstanceProfileTagsInput) (*api.ListInstanceProfileTagsOutput, error) {
	out := &api.ListInstanceProfileTagsOutput{}
	var tags []granary.Tag
	err := s.DB.View(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, in.InstanceProfileName)
		if err == nil {
			tags = p.Tags
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Tags, out.IsTruncated, out.Marker, err = paginate(sortedTags(tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}

func (s profiles) changeProfile(c *awsapi.Call, name string, change func(*granary.InstanceProfile) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findProfile(tx, c, name)
		if err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		return tx.InstanceProfiles.Update(p)
	})
}

// findProfile reads an instance profile of the caller's account.
func findProfile(tx *store.Tx, c *awsapi.Call, name string) (*granary.InstanceProfile, error) {
	p, err := tx.InstanceProfiles.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "Instance Profile %s cannot be found.", name)
	}
	return p, err
}

// profileShape is the shape of a profile, with that of its role in it.
func (s *service) profileShape(tx *store.Tx, p *granary.InstanceProfile) (*api.InstanceProfile, error) {
	out := &api.InstanceProfile{Arn: string(p.ARN()), CreateDate: p.Created, InstanceProfileId: p.ID,
		InstanceProfileName: p.Name, Path: p.Path,
		Tags: tagShapes(p.Tags)}
	if p.Role == "" {
		return out, nil
	}
	r, err := tx.Roles.Get(p.Account, p.Role)
	if err != nil {
		return nil, err
	}
	shape := s.roleShape(r)
	shape.Tags, shape.PermissionsBoundary = nil, nil // AWS lists leave them out
	out.Roles = []api.Role{*shape}
	return out, nil
}
