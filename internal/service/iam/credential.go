package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
)

// On AWS users have credentials that do not exist here: passwords, certificates, MFA devices and others. Tools ask for
// them before they delete a user; the lists are empty.

// requireUser returns an error when the user does not exist. An empty name is that of the caller.
func (s credentials) requireUser(c *awsapi.Call, name string) error {
	name, err := ownName(c, name)
	if err != nil || name == "" {
		return err
	}
	_, err = s.readUser(c, name)
	return err
}

// notTruncated is IsTruncated of an empty list.
func notTruncated() *bool { return new(bool) }

func (s credentials) listMFADevices(c *awsapi.Call, in *api.ListMFADevicesInput) (*api.ListMFADevicesOutput, error) {
	return &api.ListMFADevicesOutput{IsTruncated: notTruncated()}, s.requireUser(c, in.UserName)
}

func (s credentials) listVirtualMFADevices(*awsapi.Call,
	*api.ListVirtualMFADevicesInput) (*api.ListVirtualMFADevicesOutput, error) {
	return &api.ListVirtualMFADevicesOutput{IsTruncated: notTruncated()}, nil
}

func (s credentials) listSigningCertificates(c *awsapi.Call,
	in *api.ListSigningCertificatesInput) (*api.ListSigningCertificatesOutput, error) {
	return &api.ListSigningCertificatesOutput{IsTruncated: notTruncated()}, s.requireUser(c, in.UserName)
}

func (s credentials) listSSHPublicKeys(c *awsapi.Call, in *api.ListSSHPublicKeysInput) (*api.ListSSHPublicKeysOutput,
	error) {
	return &api.ListSSHPublicKeysOutput{IsTruncated: notTruncated()}, s.requireUser(c, in.UserName)
}

func (s credentials) listServiceCredentials(c *awsapi.Call, in *api.ListServiceSpecificCredentialsInput) (
	*api.ListServiceSpecificCredentialsOutput, error) {
	out := &api.ListServiceSpecificCredentialsOutput{IsTruncated: notTruncated()}
	if in.AllUsers != nil && *in.AllUsers {
		return out, nil
	}
	return out, s.requireUser(c, in.UserName)
}

func (s credentials) getLoginProfile(c *awsapi.Call, in *api.GetLoginProfileInput) (*api.GetLoginProfileOutput, error) {
	return nil, s.noLoginProfile(c, in.UserName)
}

func (s credentials) deleteLoginProfile(c *awsapi.Call, in *api.DeleteLoginProfileInput) (*api.DeleteLoginProfileOutput,
	error) {
	return nil, s.noLoginProfile(c, in.UserName)
}

// noLoginProfile is the error that a user has no password: IAM users sign in with keys here.
func (s credentials) noLoginProfile(c *awsapi.Call, name string) error {
	if err := s.requireUser(c, name); err != nil {
		return err
	}
	if name == "" && c.Caller.User != nil {
		name = c.Caller.User.Name
	}
	return granary.Errorf(granary.NotFound, "Login Profile for User %s cannot be found.", name)
}
