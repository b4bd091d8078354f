package granary

import "time"

// UserID is a directory user's id in its identity store: 36 characters in UUID shape, or 47 with a store prefix. Ids
// are never reused.
type UserID string

// User is a person in the directory. IAMUser is something else, a user of IAM.
type User struct {
	Store       StoreID
	ID          UserID
	UserName    string // unique in the store whatever its letter case
	Name        PersonName
	DisplayName string `json:",omitempty"`
	NickName    string `json:",omitempty"`
	ProfileURL  string `json:",omitempty"`
	Title       string `json:",omitempty"`
	UserType    string `json:",omitempty"`
	Language    string `json:",omitempty"` // preferredLanguage
	Locale      string `json:",omitempty"`
	Timezone    string `json:",omitempty"`
	Website     string `json:",omitempty"`
	Birthdate   string `json:",omitempty"`

	Emails      []Email      `json:",omitempty"` // the primary one's value is unique in the store whatever its letter case
	Phones      []Phone      `json:",omitempty"`
	Addresses   []Address    `json:",omitempty"`
	Roles       []RoleAttr   `json:",omitempty"`
	Photos      []Photo      `json:",omitempty"`
	ExternalIDs []ExternalID `json:",omitempty"` // written by SCIM only; (Issuer, ID) is unique among the store's users
	Enterprise  Enterprise

	Disabled  bool `json:",omitempty"` // SCIM active:false
	Created   time.Time
	CreatedBy string `json:",omitempty"`
	Updated   time.Time
	UpdatedBy string `json:",omitempty"`
	Version   int64  `json:",omitempty"` // how often the user was changed; the store counts
}

// PersonName is SCIM's complex attribute "name" (RFC 7643 §4.1.1).
type PersonName struct {
	Formatted, Family, Given, Middle, Prefix, Suffix string `json:",omitempty"`
}

// Email is one e-mail address of a user.
type Email struct {
	Value   string
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Phone is one telephone number of a user.
type Phone struct {
	Value   string
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Address is one postal address of a user.
type Address struct {
	Formatted, Street, Locality, Region, PostalCode, Country, Type string `json:",omitempty"`
	Primary                                                        bool   `json:",omitempty"`
}

// RoleAttr is an element of SCIM's attribute "roles" of a user. It is no IAM role.
type RoleAttr struct {
	Value   string
	Type    string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// Photo is one picture of a user. Value is its URL.
type Photo struct {
	Value   string
	Type    string `json:",omitempty"`
	Display string `json:",omitempty"`
	Primary bool   `json:",omitempty"`
}

// ExternalID is the id by which a provisioning system knows a user or group.
type ExternalID struct{ Issuer, ID string }

// Enterprise is SCIM's enterprise extension (RFC 7643 §4.3).
type Enterprise struct {
	EmployeeNumber, CostCenter, Organization, Division, Department, Manager string `json:",omitempty"`
}

// PrimaryEmail returns the value of the primary address, else of the first, else "".
func (u *User) PrimaryEmail() string {
	for _, e := range u.Emails {
		if e.Primary {
			return e.Value
		}
	}
	if len(u.Emails) > 0 {
		return u.Emails[0].Value
	}
	return ""
}
