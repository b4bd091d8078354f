package ssoadmin

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// createInstance makes an account's instance; in the management account it is the organization's (docs/divergences.md).
func (s instances) createInstance(c *awsapi.Call, in *api.CreateInstanceInput) (out *api.CreateInstanceOutput,
	err error) {
	account, ok := s.Index.Org.Account(c.Caller.Account)
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		out, err = once(tx, c, "CreateInstance", in.ClientToken, in, func() (*api.CreateInstanceOutput, error) {
			i := &granary.IdentityCenter{ID: "ssoins-" + granary.Hex(16), Account: c.Caller.Account,
				Organization: ok && account.Management,
				Region:       c.Region, Name: in.Name, Store: granary.StoreID("d-" + granary.Hex(10)), ScimTenant: granary.UUID(),
				Tags: tags, Created: c.Now.UTC()}
			err := tx.IdentityCenters.Create(i)
			if granary.Is(err, granary.Exists) {
				err = granary.Errorf(granary.Conflict, "The account %s has an Identity Center instance already: list-instances "+
					"shows it.", c.Caller.Account)
			}
			return &api.CreateInstanceOutput{InstanceArn: string(i.ARN())}, err
		})
		return err
	})
	return out, err
}

func (s instances) listInstances(c *awsapi.Call, in *api.ListInstancesInput) (*api.ListInstancesOutput, error) {
	list := s.Index.Center.Instances(c.Caller.Account)
	slices.SortFunc(list, func(a, b *granary.IdentityCenter) int { return strings.Compare(a.ID, b.ID) })
	list, next, err := awsapi.CutOf(awsapi.ListOf("instances", string(c.Caller.Account)), list,
		func(i *granary.IdentityCenter) string { return i.ID }, in.MaxResults, in.NextToken, 10)
	if err != nil {
		return nil, err
	}
	out := &api.ListInstancesOutput{Instances: []api.InstanceMetadata{}, NextToken: next}
	for _, i := range list {
		out.Instances = append(out.Instances, api.InstanceMetadata{CreatedDate: i.Created, IdentityStoreId: string(i.Store),
			InstanceArn: string(i.ARN()),
			Name:        i.Name, OwnerAccountId: string(i.Account), Status: "ACTIVE"})
	}
	return out, nil
}

// noInstance is the answer about an instance that is not there (identity-center §3): deleted ones must be seen to be
// gone.
func noInstance(arn string) error {
	return granary.Errorf(granary.NotFound, "There is no Identity Center instance %s.", arn)
}

func (s instances) describeInstance(_ *awsapi.Call, in *api.DescribeInstanceInput) (*api.DescribeInstanceOutput,
	error) {
	i, ok := s.Index.Center.Instance(granary.ARN(in.InstanceArn))
	if !ok {
		return nil, noInstance(in.InstanceArn)
	}
	return &api.DescribeInstanceOutput{CreatedDate: i.Created, IdentityStoreId: string(i.Store),
		InstanceArn: string(i.ARN()), Name: i.Name,
		OwnerAccountId: string(i.Account), Status: "ACTIVE",
		EncryptionConfigurationDetails: &api.EncryptionConfigurationDetails{KeyType: "AWS_OWNED_KMS_KEY",
			EncryptionStatus: "ENABLED"}}, nil
}

func (s instances) changeInstance(c *awsapi.Call, arn string,
	change func(*store.Tx, *granary.IdentityCenter) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		i, err := tx.IdentityCenters.Get(strings.TrimPrefix(arn, "arn:aws:sso:::instance/"))
		if granary.Is(err, granary.NotFound) {
			return noInstance(arn)
		}
		if err != nil {
			return err
		}
		return change(tx, i)
	})
}

func (s instances) updateInstance(c *awsapi.Call, in *api.UpdateInstanceInput) (*api.UpdateInstanceOutput, error) {
	if e := in.EncryptionConfiguration; e != nil && e.KeyType != "AWS_OWNED_KMS_KEY" {
		return nil, granary.Errorf(granary.Invalid, "Customer managed keys are not supported: Granary encrypts with its "+
			"own key.")
	}
	return &api.UpdateInstanceOutput{},
		s.changeInstance(c, in.InstanceArn, func(tx *store.Tx, i *granary.IdentityCenter) error {
			if in.Name != "" {
				i.Name = in.Name
			}
			return tx.IdentityCenters.Update(i)
		})
}

// deleteInstance removes the instance with its directory, applications, issuers and provisioning tokens.
func (s instances) deleteInstance(c *awsapi.Call, in *api.DeleteInstanceInput) (*api.DeleteInstanceOutput, error) {
	return &api.DeleteInstanceOutput{},
		s.changeInstance(c, in.InstanceArn, func(tx *store.Tx, i *granary.IdentityCenter) error {
			apps, _, err := tx.Applications.List(i.ID, "", 0)
			if err != nil {
				return err
			}
			for _, a := range apps {
				if a.Managed {
					return granary.Errorf(granary.Conflict, "An S3 Access Grants instance of account %s is associated with this "+
						"instance: dissociate it first.", a.Account)
				}
				if err := tx.Applications.Delete(a.ARN()); err != nil {
					return err
				}
			}
			if err := deleteDirectory(tx, i); err != nil {
				return err
			}
			return tx.IdentityCenters.Delete(i.ID)
		})
}

func deleteDirectory(tx *store.Tx, i *granary.IdentityCenter) error {
	if err := tx.SignInProviders.Delete(i.ID); err != nil && !granary.Is(err, granary.NotFound) {
		return err
	}
	issuers, _, err := tx.Issuers.List(i.ID, "", 0)
	if err != nil {
		return err
	}
	for _, t := range issuers {
		if err := tx.Issuers.Delete(t.ARN()); err != nil {
			return err
		}
	}
	tokens, err := tx.ScimTokens.ListOfStore(i.Store)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := tx.ScimTokens.Delete(t.ID); err != nil {
			return err
		}
	}
	return tx.EmptyDirectory(i.Store)
}

func (s instances) listRegions(c *awsapi.Call, in *api.ListRegionsInput) (*api.ListRegionsOutput, error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	if _, _, err := awsapi.ListOf("regions", i.ID).Page(in.MaxResults, in.NextToken, 1); err != nil { // there is one page
		return nil, err
	}
	yes := true
	return &api.ListRegionsOutput{
			Regions: []api.RegionMetadata{{RegionName: i.Region, Status: "ACTIVE", AddedDate: i.Created,
				IsPrimaryRegion: &yes}}},
		nil
}

func (s instances) describeRegion(c *awsapi.Call, in *api.DescribeRegionInput) (*api.DescribeRegionOutput, error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	if in.RegionName != i.Region {
		return nil, granary.Errorf(granary.NotFound, "The instance is in %s alone.", i.Region)
	}
	yes := true
	return &api.DescribeRegionOutput{RegionName: i.Region, Status: "ACTIVE", AddedDate: i.Created, IsPrimaryRegion: &yes},
		nil
}
