package granary

import (
	"crypto/rand"
	"strings"
	"time"
)

// The types of organization policies that decide about access.
const (
	ServiceControl  = "SERVICE_CONTROL_POLICY"  // bounds what principals of accounts may do
	ResourceControl = "RESOURCE_CONTROL_POLICY" // bounds what may be done to resources of accounts
)

// AWS's own organization policies, which allow everything. Each is attached to every target when the target is made.
const (
	FullAccess         = "p-FullAWSAccess"
	FullResourceAccess = "p-RCPFullAWSAccess"
)

// OrgUnit is an organizational unit: a folder of accounts and further units, which policies can be attached to.
type OrgUnit struct {
	ID      string // ou-…, with the root's id in it
	Parent  string // the root or a unit
	Name    string // unique in its parent
	Tags    []Tag  `json:",omitempty"`
	Created time.Time
}

// OrgPolicy is a service control or resource control policy. Those of AWS are built in, not stored.
type OrgPolicy struct {
	ID          string // p-…
	Type        string
	Name        string // unique among those of its type
	Description string `json:",omitempty"`
	Content     string // the document as given
	Tags        []Tag  `json:",omitempty"`
	Created     time.Time
}

// Attachment puts an organization policy on a root, a unit or an account; it reaches every account below.
type Attachment struct {
	Target string // id of a root, a unit or an account
	Policy string // id of the policy
	Type   string
}

// DefaultAttachments returns the attachments that every target has when it is made.
func DefaultAttachments(target string) []*Attachment {
	return []*Attachment{{target, FullAccess, ServiceControl}, {target, FullResourceAccess, ResourceControl}}
}

// NewUnitID returns an id for a new unit under a root, whose id begins with "r-".
func NewUnitID(root string) string { return "ou-" + root[len("r-"):] + "-" + letters(8) }

// NewOrgPolicyID returns an id for a new organization policy.
func NewOrgPolicyID() string { return "p-" + letters(8) }

// letters returns n random lower-case letters and digits.
func letters(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[b[i]%32]
	}
	return string(b)
}

// UnitARN returns a unit's ARN.
func (o *Organization) UnitARN(id string) ARN {
	return ARN("arn:aws:organizations::" + string(o.Management) + ":ou/" + o.ID + "/" + id)
}

// PolicyARN returns the ARN of an organization policy.
func (o *Organization) PolicyARN(p *OrgPolicy) ARN {
	kind := strings.ToLower(p.Type)
	if p.ID == FullAccess || p.ID == FullResourceAccess {
		return ARN("arn:aws:organizations::aws:policy/" + kind + "/" + p.ID)
	}
	return ARN("arn:aws:organizations::" + string(o.Management) + ":policy/" + o.ID + "/" + kind + "/" + p.ID)
}

// Enabled reports whether policies of a type have effect. A type that was never switched is enabled.
func (o *Organization) Enabled(policyType string) bool {
	on, said := o.PolicyTypes[policyType]
	return on || !said
}
