package identitystore

import (
	"encoding/json"

	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

const enterprise = "aws:identitystore:enterprise"

// maxPage is the longest page, and the usual one.
const maxPage = 100

func (s *service) createUser(c *awsapi.Call, in *api.CreateUserInput) (*api.CreateUserOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	u := &granary.User{Store: d, ID: granary.UserID(granary.UUID()), UserName: in.UserName, DisplayName: in.DisplayName,
		NickName:   in.NickName,
		ProfileURL: in.ProfileUrl, Title: in.Title, UserType: in.UserType, Language: in.PreferredLanguage, Locale: in.Locale,
		Timezone: in.Timezone,
		Website:  in.Website, Birthdate: in.Birthdate, Created: c.Now.UTC(), Updated: c.Now.UTC(),
		CreatedBy: string(c.Caller.ARN), UpdatedBy: string(c.Caller.ARN)}
	fill(u, in)
	if err := readExtensions(u, in.Extensions); err != nil {
		return nil, err
	}
	if err := u.Check(false); err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if err := tx.IdentityCenters.ConfirmStore(d); err != nil {
			return orMissing(err, "IDENTITY_STORE")
		}
		return conflict(tx.Users.Create(u))
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateUserOutput{IdentityStoreId: in.IdentityStoreId, UserId: string(u.ID)}, nil
}

func yes(b *bool) bool { return b != nil && *b }

func fill(u *granary.User, in *api.CreateUserInput) {
	if in.Name != nil {
		u.Name = name(*in.Name)
	}
	for _, e := range in.Emails {
		u.Emails = append(u.Emails, email(e))
	}
	for _, p := range in.PhoneNumbers {
		u.Phones = append(u.Phones, phone(p))
	}
	for _, a := range in.Addresses {
		u.Addresses = append(u.Addresses, address(a))
	}
	for _, r := range in.Roles {
		u.Roles = append(u.Roles, roleAttr(r))
	}
	for _, p := range in.Photos {
		u.Photos = append(u.Photos, photo(p))
	}
}

func name(n api.Name) granary.PersonName {
	return granary.PersonName{Formatted: n.Formatted, Family: n.FamilyName, Given: n.GivenName, Middle: n.MiddleName,
		Prefix: n.HonorificPrefix, Suffix: n.HonorificSuffix}
}

func email(e api.Email) granary.Email {
	return granary.Email{Value: e.Value, Type: e.Type, Primary: yes(e.Primary)}
}

func phone(p api.PhoneNumber) granary.Phone {
	return granary.Phone{Value: p.Value, Type: p.Type, Primary: yes(p.Primary)}
}

func address(a api.Address) granary.Address {
	return granary.Address{Formatted: a.Formatted, Street: a.StreetAddress, Locality: a.Locality, Region: a.Region,
		PostalCode: a.PostalCode, Country: a.Country, Type: a.Type, Primary: yes(a.Primary)}
}

func roleAttr(r api.Role) granary.RoleAttr {
	return granary.RoleAttr{Value: r.Value, Type: r.Type, Primary: yes(r.Primary)}
}

func photo(p api.Photo) granary.Photo {
	return granary.Photo{Value: p.Value, Type: p.Type, Display: p.Display, Primary: yes(p.Primary)}
}

// extension is the one extension a user may have, as the API writes it.
type extension struct {
	EmployeeNumber string   `json:"employeeNumber,omitempty"`
	CostCenter     string   `json:"costCenter,omitempty"`
	Organization   string   `json:"organization,omitempty"`
	Division       string   `json:"division,omitempty"`
	Department     string   `json:"department,omitempty"`
	Manager        *manager `json:"manager,omitempty"`
}

type manager struct {
	Value string `json:"value"`
}

func readExtensions(u *granary.User, given map[string]json.RawMessage) error {
	for name, raw := range given {
		if name != enterprise {
			return granary.Errorf(granary.Invalid, "The only extension is %s, and %s was given.", enterprise, name)
		}
		var e extension
		if err := legal(raw); err != nil {
			return granary.Errorf(granary.Invalid, "The extension %s has a text that is not allowed: %s.", enterprise, err)
		}
		if err := strictly(raw, &e); err != nil {
			return granary.Errorf(granary.Invalid, "The extension %s is not an object of its own texts.", enterprise)
		}
		u.Enterprise = e.noun()
	}
	return nil
}

func (e *extension) noun() granary.Enterprise {
	out := granary.Enterprise{EmployeeNumber: e.EmployeeNumber, CostCenter: e.CostCenter, Organization: e.Organization,
		Division: e.Division, Department: e.Department}
	if e.Manager != nil {
		out.Manager = e.Manager.Value
	}
	return out
}

func primary(b bool) *bool {
	if !b {
		return nil
	}
	return &b
}

func userShape(u *granary.User, extensions []string) api.User {
	out := api.User{IdentityStoreId: string(u.Store), UserId: string(u.ID), UserName: u.UserName,
		DisplayName: u.DisplayName, NickName: u.NickName,
		ProfileUrl: u.ProfileURL, Title: u.Title, UserType: u.UserType, PreferredLanguage: u.Language, Locale: u.Locale,
		Timezone: u.Timezone,
		Website:  u.Website, Birthdate: u.Birthdate, CreatedAt: u.Created, UpdatedAt: u.Updated, CreatedBy: u.CreatedBy,
		UpdatedBy: u.UpdatedBy, UserStatus: "ENABLED",
		ExternalIds: externalShapes(u.ExternalIDs)}
	if u.Disabled {
		out.UserStatus = "DISABLED"
	}
	if n := u.Name; n != (granary.PersonName{}) {
		out.Name = &api.Name{Formatted: n.Formatted, FamilyName: n.Family, GivenName: n.Given, MiddleName: n.Middle,
			HonorificPrefix: n.Prefix, HonorificSuffix: n.Suffix}
	}
	for _, e := range u.Emails {
		out.Emails = append(out.Emails, api.Email{Value: e.Value, Type: e.Type, Primary: primary(e.Primary)})
	}
	for _, p := range u.Phones {
		out.PhoneNumbers = append(out.PhoneNumbers,
			api.PhoneNumber{Value: p.Value, Type: p.Type, Primary: primary(p.Primary)})
	}
	for _, a := range u.Addresses {
		out.Addresses = append(out.Addresses, api.Address{Formatted: a.Formatted, StreetAddress: a.Street,
			Locality: a.Locality, Region: a.Region,
			PostalCode: a.PostalCode, Country: a.Country, Type: a.Type, Primary: primary(a.Primary)})
	}
	for _, r := range u.Roles {
		out.Roles = append(out.Roles, api.Role{Value: r.Value, Type: r.Type, Primary: primary(r.Primary)})
	}
	for _, p := range u.Photos {
		out.Photos = append(out.Photos, api.Photo{Value: p.Value, Type: p.Type, Display: p.Display,
			Primary: primary(p.Primary)})
	}
	if e := u.Enterprise; len(extensions) > 0 && e != (granary.Enterprise{}) {
		x := extension{EmployeeNumber: e.EmployeeNumber, CostCenter: e.CostCenter, Organization: e.Organization,
			Division: e.Division, Department: e.Department}
		if e.Manager != "" {
			x.Manager = &manager{e.Manager}
		}
		b, _ := json.Marshal(x) // texts only
		out.Extensions = map[string]json.RawMessage{enterprise: b}
	}
	return out
}

func externalShapes(ids []granary.ExternalID) (out []api.ExternalId) {
	for _, e := range ids {
		out = append(out, api.ExternalId{Issuer: e.Issuer, Id: e.ID})
	}
	return out
}

func (s *service) describeUser(c *awsapi.Call, in *api.DescribeUserInput) (*api.DescribeUserOutput, error) {
	u, err := describe(s, c, in.IdentityStoreId, "USER", func(tx *store.Tx, d granary.StoreID) (*granary.User, error) {
		return tx.Users.Get(d, granary.UserID(in.UserId))
	})
	if err != nil {
		return nil, err
	}
	out := api.DescribeUserOutput(userShape(u, in.Extensions))
	return &out, nil
}

func (s *service) deleteUser(c *awsapi.Call, in *api.DeleteUserInput) (*api.DeleteUserOutput, error) {
	err := s.deleteIdempotently(c, in.IdentityStoreId, func(tx *store.Tx, d granary.StoreID) error {
		return tx.Users.Delete(d, granary.UserID(in.UserId))
	})
	return &api.DeleteUserOutput{}, err
}

func (s *service) listUsers(c *awsapi.Call, in *api.ListUsersInput) (*api.ListUsersOutput, error) {
	list, next, err := listing[granary.User]{name: "users", store: in.IdentityStoreId, attribute: "UserName",
		filters: in.Filters, maxResults: in.MaxResults, nextToken: in.NextToken,
		byName: func(tx *store.Tx, d granary.StoreID, name string) (*granary.User, error) {
			return tx.Users.ByName(d, name)
		},
		list: func(tx *store.Tx, d granary.StoreID, after string, limit int) ([]*granary.User, string, error) {
			return tx.Users.List(d, granary.UserID(after), limit)
		}}.page(s, c)
	if err != nil {
		return nil, err
	}
	out := &api.ListUsersOutput{Users: []api.User{}, NextToken: next}
	for _, u := range list {
		out.Users = append(out.Users, userShape(u, in.Extensions))
	}
	return out, nil
}

// getUserID finds one user by a unique attribute or by the id of a provisioning system.
func (s *service) getUserID(c *awsapi.Call, in *api.GetUserIdInput) (*api.GetUserIdOutput, error) {
	u, err := alternates[granary.User]{
		unique: map[string]func(*store.Tx, granary.StoreID, string) (*granary.User, error){
			"username": func(tx *store.Tx, d granary.StoreID, name string) (*granary.User, error) {
				return tx.Users.ByName(d, name)
			},
			"emails.value": func(tx *store.Tx, d granary.StoreID, address string) (*granary.User, error) {
				return tx.Users.ByEmail(d, address)
			}},
		byExternal: func(tx *store.Tx, d granary.StoreID, issuer, id string) ([]*granary.User, error) {
			return tx.Users.ByExternalID(d, issuer, id)
		}}.find(s, c, in.IdentityStoreId, "USER", in.AlternateIdentifier)
	if err != nil {
		return nil, err
	}
	return &api.GetUserIdOutput{IdentityStoreId: in.IdentityStoreId, UserId: string(u.ID)}, nil
}
