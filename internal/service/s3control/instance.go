package s3control

import (
	"granary"
	"granary/internal/access"
	api "granary/internal/api/s3control"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/grants"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s instances) checkCreateInstance(c *awsapi.Call, in *api.CreateAccessGrantsInstanceInput) ([]authz.Request,
	error) {
	r := s.on(c, granary.GrantsInstanceARN(c.Region, c.Account), nil)
	addRequestTags(r.Keys, in.Tags)
	list := []authz.Request{r}
	if in.IdentityCenterArn != "" {
		list = append(list, associationRequests(in.IdentityCenterArn)...)
	}
	return append(list, tagging(granary.GrantsInstanceARN(c.Region, c.Account), c.Account, in.Tags)...), ours(c)
}

func (s instances) createInstance(c *awsapi.Call, in *api.CreateAccessGrantsInstanceInput) (
	*api.CreateAccessGrantsInstanceOutput, error) {
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	i := &granary.GrantsInstance{Account: c.Account, Region: c.Region, Created: c.Now.UTC(), Tags: tags}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := tx.GrantsInstances.Get(c.Account, c.Region); err == nil {
			return errInstanceExists
		}
		if in.IdentityCenterArn != "" {
			if err := associate(tx, c, i, in.IdentityCenterArn); err != nil {
				return err
			}
		}
		return tx.GrantsInstances.Create(i)
	})
	if err != nil {
		return nil, err
	}
	out := api.CreateAccessGrantsInstanceOutput(instanceShape(i))
	return &out, nil
}

var errInstanceExists = granary.Errorf(granary.Exists, "Access Grants Instance already exists").
	WithCode("AccessGrantsInstanceAlreadyExists")

func (s instances) getInstance(c *awsapi.Call, _ *api.GetAccessGrantsInstanceInput) (*api.GetAccessGrantsInstanceOutput,
	error) {
	i, err := s.instance(c)
	if err != nil {
		return nil, err
	}
	out := instanceShape(i.GrantsInstance)
	return &out, nil
}

// listInstances tells the instance of the request's Region: there is at most one.
func (s instances) listInstances(c *awsapi.Call, in *api.ListAccessGrantsInstancesInput) (
	*api.ListAccessGrantsInstancesOutput, error) {
	out := &api.ListAccessGrantsInstancesOutput{AccessGrantsInstancesList: []api.ListAccessGrantsInstanceEntry{}}
	if i, ok := s.Index.Grants.Instance(c.Account, c.Region); ok {
		out.AccessGrantsInstancesList = append(out.AccessGrantsInstancesList,
			api.ListAccessGrantsInstanceEntry(instanceShape(i.GrantsInstance)))
	}
	return out, nil
}

func (s instances) deleteInstance(c *awsapi.Call, _ *api.DeleteAccessGrantsInstanceInput) (
	*api.DeleteAccessGrantsInstanceOutput, error) {
	return &api.DeleteAccessGrantsInstanceOutput{},
		s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
			n, err := tx.Locations.Count(c.Account, c.Region)
			switch {
			case err != nil:
				return err
			case n > 0:
				return granary.Errorf(granary.Invalid, "Please clean up locations before deleting the access grants instance").
					WithCode("AccessGrantsInstanceNotEmptyError")
			case i.IdentityCenter != "":
				return granary.Errorf(granary.Invalid, "Please dissociate the Identity Center instance before deleting the access "+
					"grants instance").WithCode("InvalidRequest")
			}
			return tx.GrantsInstances.Delete(c.Account, c.Region)
		})
}

// changeInstance reads the instance in a transaction that change goes on with.
func (s *service) changeInstance(c *awsapi.Call, change func(*store.Tx, *granary.GrantsInstance) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		i, err := tx.GrantsInstances.Get(c.Account, c.Region)
		if granary.Is(err, granary.NotFound) {
			return errNoInstance
		}
		if err != nil {
			return err
		}
		return change(tx, i)
	})
}

// getInstanceForPrefix is the discovery call: the addressed account is the caller's own, the answer the instance of the
// account that owns the bucket. Who may not know another account's bucket gets the same refusal whether it exists or
// not.
func (s instances) getInstanceForPrefix(c *awsapi.Call, in *api.GetAccessGrantsInstanceForPrefixInput) (
	*api.GetAccessGrantsInstanceForPrefixOutput, error) {
	target, err := grants.ParseTarget(in.S3Prefix, true)
	if err != nil {
		return nil, err
	}
	owner := c.Caller.Account
	b, known := s.Index.Buckets.Get(target.Bucket())
	if known {
		owner = b.Owner
	}
	i, exists := s.Index.Grants.Instance(owner, c.Region)
	r := authz.Request{Action: "s3:GetAccessGrantsInstanceForPrefix",
		Resource: string(granary.GrantsInstanceARN(c.Region, owner)), Owner: owner, Keys: policy.Values{}}
	if exists {
		r.Policy = access.Shared(s.Index, c.Caller.Account, i)
		r.Keys.AddResourceTags(i.Tags)
	}
	switch err := c.Authorize(r); {
	case !known || err != nil && owner != c.Caller.Account:
		c.Undisclose()
		return nil,
			granary.Errorf(granary.Denied, "User: %s is not authorized to perform: s3:GetAccessGrantsInstanceForPrefix on the "+
				"Access Grants instance of the account that owns %s, or there is no such bucket",
				c.Caller.ARN, target.Bucket())
	case err != nil:
		return nil, err
	case !exists:
		return nil, errNoInstance
	}
	about(c, owner)
	return &api.GetAccessGrantsInstanceForPrefixOutput{AccessGrantsInstanceArn: string(i.ARN),
		AccessGrantsInstanceId: "default"}, nil
}
