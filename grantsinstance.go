package granary

import "time"

// GrantsInstance is an account's S3 Access Grants instance in a Region; its id is always "default".
type GrantsInstance struct {
	Account AccountID
	Region  string
	Created time.Time
	Tags    []Tag `json:",omitempty"`

	IdentityCenter ARN `json:",omitempty"` // the associated Identity Center instance; "" when none
	Application    ARN `json:",omitempty"` // the application the association made

	Policy string `json:",omitempty"` // resource policy as given
	// Bound maps the users and roles that Policy names to their unique ids at the time when it was written.
	Bound              map[ARN]string `json:",omitempty"`
	PolicyOrganization string         `json:",omitempty"`
	PolicyCreated      time.Time      `json:",omitzero"`
}

// ARN returns the instance's ARN.
func (i *GrantsInstance) ARN() ARN { return GrantsInstanceARN(i.Region, i.Account) }
