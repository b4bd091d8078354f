package scim

import (
	"granary"
)

// toSCIM is a user as SCIM shows it.
func (c *call) toSCIM(u *granary.User) object {
	o := object{"schemas": []any{userSchema}, "id": string(u.ID), "userName": u.UserName, "active": !u.Disabled,
		"meta": object{"resourceType": "User", "created": stamp(u.Created), "lastModified": stamp(u.Updated), "location": c.base + "/Users/" + string(u.ID)}}
	for name, v := range map[string]string{"externalId": c.externalID(u.ExternalIDs), "displayName": u.DisplayName, "nickName": u.NickName, "profileUrl": u.ProfileURL,
		"title": u.Title, "userType": u.UserType, "preferredLanguage": u.Language, "locale": u.Locale, "timezone": u.Timezone} {
		o.set(name, v)
	}
	name := object{}
	for n, v := range map[string]string{"formatted": u.Name.Formatted, "familyName": u.Name.Family, "givenName": u.Name.Given, "middleName": u.Name.Middle,
		"honorificPrefix": u.Name.Prefix, "honorificSuffix": u.Name.Suffix} {
		name.set(n, v)
	}
	if len(name) > 0 {
		o["name"] = name
	}
	for _, e := range u.Emails {
		o.append("emails", object{"value": e.Value, "type": e.Type, "primary": e.Primary})
	}
	for _, p := range u.Phones {
		o.append("phoneNumbers", object{"value": p.Value, "type": p.Type, "primary": p.Primary})
	}
	for _, a := range u.Addresses {
		o.append("addresses", object{"formatted": a.Formatted, "streetAddress": a.Street, "locality": a.Locality, "region": a.Region,
			"postalCode": a.PostalCode, "country": a.Country, "type": a.Type, "primary": a.Primary})
	}
	for _, r := range u.Roles {
		o.append("roles", object{"value": r.Value, "type": r.Type, "primary": r.Primary})
	}
	ext := object{}
	e := u.Enterprise
	for n, v := range map[string]string{"employeeNumber": e.EmployeeNumber, "costCenter": e.CostCenter, "organization": e.Organization, "division": e.Division, "department": e.Department} {
		ext.set(n, v)
	}
	if e.Manager != "" {
		ext["manager"] = object{"value": e.Manager}
	}
	if len(ext) > 0 {
		o[enterpriseSchema] = ext
		o["schemas"] = []any{userSchema, enterpriseSchema}
	}
	return o
}

// append adds an element to a list, without its empty parts.
func (o object) append(name string, e object) {
	for k, v := range e {
		if v == "" || k == "primary" && v == false {
			delete(e, k)
		}
	}
	list, _ := o[name].([]any)
	o[name] = append(list, e)
}

func (c *call) externalID(ids []granary.ExternalID) string {
	for _, e := range ids {
		if e.Issuer == c.issuer {
			return e.ID
		}
	}
	return ""
}

// withExternalID replaces this tenant's external id among those there are.
func (c *call) withExternalID(ids []granary.ExternalID, id string) (out []granary.ExternalID) {
	for _, e := range ids {
		if e.Issuer != c.issuer {
			out = append(out, e)
		}
	}
	if id != "" {
		out = append(out, granary.ExternalID{Issuer: c.issuer, ID: id})
	}
	return out
}

// fromSCIM reads a document over a user: what SCIM knows is replaced, what it does not know stays.
func (c *call) fromSCIM(o object, u *granary.User) error {
	u.UserName, u.DisplayName, u.NickName, u.ProfileURL = o.text("userName"), o.text("displayName"), o.text("nickName"), o.text("profileUrl")
	u.Title, u.UserType, u.Language, u.Locale, u.Timezone = o.text("title"), o.text("userType"), o.text("preferredLanguage"), o.text("locale"), o.text("timezone")
	u.ExternalIDs = c.withExternalID(u.ExternalIDs, o.text("externalId"))
	if v := o.get("active"); v != nil {
		active, ok := boolean(v)
		if !ok {
			return invalid("invalidValue", "active must be true or false")
		}
		u.Disabled = !active
	}
	n := o.sub("name")
	u.Name = granary.PersonName{Formatted: n.text("formatted"), Family: n.text("familyName"), Given: n.text("givenName"), Middle: n.text("middleName"),
		Prefix: n.text("honorificPrefix"), Suffix: n.text("honorificSuffix")}
	x := o.sub(enterpriseSchema)
	u.Enterprise = granary.Enterprise{EmployeeNumber: x.text("employeeNumber"), CostCenter: x.text("costCenter"), Organization: x.text("organization"),
		Division: x.text("division"), Department: x.text("department"), Manager: x.text("manager")}
	if m := x.sub("manager"); m != nil {
		u.Enterprise.Manager = m.text("value")
	}
	if err := c.lists(o, u); err != nil {
		return err
	}
	if c.Lenient && u.DisplayName == "" {
		u.DisplayName = u.Name.Formatted
		if u.DisplayName == "" {
			u.DisplayName = u.UserName
		}
	}
	return u.Check(c.Lenient)
}

func (c *call) lists(o object, u *granary.User) error {
	u.Emails, u.Phones, u.Addresses, u.Roles = nil, nil, nil, nil
	emails, err := c.single(o, "emails", "value")
	if err != nil {
		return err
	}
	if emails != nil {
		u.Emails = []granary.Email{{Value: emails.text("value"), Type: emails.text("type"), Primary: true}}
	}
	phones, err := c.single(o, "phoneNumbers", "value")
	if err != nil {
		return err
	}
	if phones != nil {
		u.Phones = []granary.Phone{{Value: phones.text("value"), Type: phones.text("type"), Primary: isPrimary(phones)}}
	}
	roles, err := c.single(o, "roles", "value")
	if err != nil {
		return err
	}
	if roles != nil {
		u.Roles = []granary.RoleAttr{{Value: roles.text("value"), Type: roles.text("type"), Primary: isPrimary(roles)}}
	}
	a, err := c.single(o, "addresses", "formatted", "streetAddress", "locality", "region", "postalCode", "country")
	if err != nil || a == nil {
		return err
	}
	u.Addresses = []granary.Address{{Formatted: a.text("formatted"), Street: a.text("streetAddress"), Locality: a.text("locality"), Region: a.text("region"),
		PostalCode: a.text("postalCode"), Country: a.text("country"), Type: a.text("type"), Primary: isPrimary(a)}}
	return nil
}

func isPrimary(o object) bool {
	p, _ := boolean(o.get("primary"))
	return p
}

// single is the one element of a list that the directory keeps. Elements without any of the attributes that matter are
// none. Of several the lenient mode takes the primary one, else that for work, else the first.
func (c *call) single(o object, name string, matter ...string) (object, error) {
	var list []object
	for _, v := range o.list(name) {
		e := asObject(v)
		if s, ok := v.(string); ok {
			e = object{"value": s}
		}
		for _, m := range matter {
			if e.text(m) != "" {
				list = append(list, e)
				break
			}
		}
	}
	switch {
	case len(list) == 0:
		return nil, nil
	case len(list) == 1:
		return list[0], nil
	case !c.Lenient:
		return nil, invalid("invalidValue", "Currently list attributes only allow single item: "+name)
	}
	for _, e := range list {
		if isPrimary(e) {
			return e, nil
		}
	}
	for _, e := range list {
		if e.text("type") == "work" {
			return e, nil
		}
	}
	return list[0], nil
}
