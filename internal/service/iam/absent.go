package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
)

// What users have on AWS besides keys and policies does not exist here. Tools that take a user away ask for all of it, and are
// told that there is none.

// known refuses a user that does not exist; no name is the caller.
func (s *service) known(c *awsapi.Call, name string) error {
	name, err := ownName(c, name)
	if err != nil || name == "" {
		return err
	}
	_, err = s.readUser(c, name)
	return err
}

// none is IsTruncated of a list that has nothing in it.
func none() *bool { return new(bool) }

func (s *service) listMFADevices(c *awsapi.Call, in *api.ListMFADevicesInput) (*api.ListMFADevicesOutput, error) {
	return &api.ListMFADevicesOutput{IsTruncated: none()}, s.known(c, in.UserName)
}

func (s *service) listVirtualMFADevices(*awsapi.Call, *api.ListVirtualMFADevicesInput) (*api.ListVirtualMFADevicesOutput, error) {
	return &api.ListVirtualMFADevicesOutput{IsTruncated: none()}, nil
}

func (s *service) listSigningCertificates(c *awsapi.Call, in *api.ListSigningCertificatesInput) (*api.ListSigningCertificatesOutput, error) {
	return &api.ListSigningCertificatesOutput{IsTruncated: none()}, s.known(c, in.UserName)
}

func (s *service) listSSHPublicKeys(c *awsapi.Call, in *api.ListSSHPublicKeysInput) (*api.ListSSHPublicKeysOutput, error) {
	return &api.ListSSHPublicKeysOutput{IsTruncated: none()}, s.known(c, in.UserName)
}

func (s *service) listServiceSpecificCredentials(c *awsapi.Call, in *api.ListServiceSpecificCredentialsInput) (*api.ListServiceSpecificCredentialsOutput, error) {
	out := &api.ListServiceSpecificCredentialsOutput{IsTruncated: none()}
	if in.AllUsers != nil && *in.AllUsers {
		return out, nil
	}
	return out, s.known(c, in.UserName)
}

func (s *service) getLoginProfile(c *awsapi.Call, in *api.GetLoginProfileInput) (*api.GetLoginProfileOutput, error) {
	return nil, s.noLogin(c, in.UserName)
}

func (s *service) deleteLoginProfile(c *awsapi.Call, in *api.DeleteLoginProfileInput) (*api.DeleteLoginProfileOutput, error) {
	return nil, s.noLogin(c, in.UserName)
}

// noLogin says that a user has no password: IAM users sign in with keys here.
func (s *service) noLogin(c *awsapi.Call, name string) error {
	if err := s.known(c, name); err != nil {
		return err
	}
	if name == "" && c.Caller.User != nil {
		name = c.Caller.User.Name
	}
	return granary.Errorf(granary.NotFound, "Login Profile for User %s cannot be found.", name)
}
