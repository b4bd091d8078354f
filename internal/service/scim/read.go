package scim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"granary"
)

// reader takes values out of a document, and keeps the first thing that is wrong with one.
type reader struct{ err error }

// text is a text, "" when there is none.
func (r *reader) text(o object, name string) string {
	s, ok := asText(o.get(name))
	if !ok && r.err == nil {
		r.err = invalid("invalidValue", name+" must be a text")
	}
	return s
}

// primary is whether an element is the main one of its list.
func (r *reader) primary(o object) bool {
	v := o.get("primary")
	b, ok := boolean(v)
	if !ok && v != nil && r.err == nil {
		r.err = invalid("invalidValue", "primary must be true or false")
	}
	return b
}

// fromSCIM reads a document over a user: what SCIM knows is replaced, what it does not know stays. have is the document
// as it was.
func (c *call) fromSCIM(o, have object, u *granary.User) error {
	r, old := &reader{}, *u
	u.UserName, u.DisplayName, u.NickName, u.ProfileURL = r.text(o, "userName"), r.text(o, "displayName"),
		r.text(o, "nickName"), r.text(o, "profileUrl")
	u.Title, u.UserType, u.Language = r.text(o, "title"), r.text(o, "userType"), r.text(o, "preferredLanguage")
	u.Locale, u.Timezone = r.text(o, "locale"), r.text(o, "timezone")
	u.ExternalIDs = c.withExternalID(u.ExternalIDs, r.text(o, "externalId"))
	if v := o.get("active"); v != nil && v != "" {
		active, ok := boolean(v)
		if !ok {
			return invalid("invalidValue", "active must be true or false")
		}
		u.Disabled = !active
	}
	n := o.sub("name")
	u.Name = granary.PersonName{Formatted: r.text(n, "formatted"), Family: r.text(n, "familyName"),
		Given: r.text(n, "givenName"), Middle: r.text(n, "middleName"),
		Prefix: r.text(n, "honorificPrefix"), Suffix: r.text(n, "honorificSuffix")}
	if err := c.enterprise(r, o.sub(enterpriseSchema), u); err != nil {
		return err
	}
	if err := c.lists(r, o, have, u); err != nil {
		return err
	}
	if r.err != nil {
		return r.err
	}
	if c.Lenient && u.DisplayName == "" {
		u.DisplayName = u.Name.Formatted
		if u.DisplayName == "" {
			u.DisplayName = u.UserName
		}
	}
	return u.Check(c.Lenient || have != nil && old.Check(false) != nil) // who came without a name may stay so
}

func (c *call) enterprise(r *reader, x object, u *granary.User) error {
	if x.get("active") != nil {
		// no deactivation is passed over
		return invalid("invalidPath", "active is no attribute of the enterprise extension but of the user.")
	}
	u.Enterprise = granary.Enterprise{EmployeeNumber: r.text(x, "employeeNumber"), CostCenter: r.text(x, "costCenter"),
		Organization: r.text(x, "organization"),
		Division:     r.text(x, "division"), Department: r.text(x, "department")}
	m := x.sub("manager")
	if m == nil { // providers write the id alone
		u.Enterprise.Manager = r.text(x, "manager")
		return nil
	}
	u.Enterprise.Manager = r.text(m, "value") // the rest is not kept
	return nil
}

// lists reads the attributes that are lists. One that is as it was stays as it is, whatever else changes.
func (c *call) lists(r *reader, o, have object, u *granary.User) error {
	for _, l := range []struct {
		name   string
		matter []string // an element without any of these is none
		read   func(list []object)
	}{
		{"emails", []string{"value"}, func(list []object) {
			u.Emails = nil
			for i, e := range list {
				u.Emails = append(u.Emails, granary.Email{Value: r.text(e, "value"), Type: r.text(e, "type"),
					Primary: i == main(list)})
			}
		}},
		{"phoneNumbers", []string{"value"}, func(list []object) {
			u.Phones = nil
			for _, e := range list {
				u.Phones = append(u.Phones, granary.Phone{Value: r.text(e, "value"), Type: r.text(e, "type"),
					Primary: r.primary(e)})
			}
		}},
		{"roles", []string{"value"}, func(list []object) {
			u.Roles = nil
			for _, e := range list {
				u.Roles = append(u.Roles, granary.RoleAttr{Value: r.text(e, "value"), Type: r.text(e, "type"),
					Primary: r.primary(e)})
			}
		}},
		{"addresses", []string{"formatted", "streetAddress", "locality", "region", "postalCode", "country"},
			func(list []object) {
				u.Addresses = nil
				for _, e := range list {
					u.Addresses = append(u.Addresses, granary.Address{Formatted: r.text(e, "formatted"),
						Street: r.text(e, "streetAddress"), Locality: r.text(e, "locality"),
						Region: r.text(e, "region"), PostalCode: r.text(e, "postalCode"), Country: r.text(e, "country"),
						Type: r.text(e, "type"), Primary: r.primary(e)})
				}
			}},
		{"photos", []string{"value"}, func(list []object) {
			u.Photos = nil
			for _, e := range list {
				u.Photos = append(u.Photos, granary.Photo{Value: r.text(e, "value"), Type: r.text(e, "type"),
					Display: r.text(e, "display"), Primary: r.primary(e)})
			}
		}},
	} {
		if l.name == "photos" && !c.KeepAll || sameJSON(o.get(l.name), have.get(l.name)) {
			continue // photos are the identity store's own where SCIM speaks as on AWS
		}
		list, err := c.pick(o, l.name, l.matter)
		if err != nil {
			return err
		}
		l.read(list)
	}
	return nil
}

// sameJSON reports whether two values are written alike. Nothing is not.
func sameJSON(a, b any) bool {
	if a == nil || b == nil {
		return false
	}
	x, xerr := json.Marshal(a)
	y, yerr := json.Marshal(b)
	return xerr == nil && yerr == nil && string(x) == string(y)
}

func isPrimary(o object) bool {
	p, _ := boolean(o.get("primary"))
	return p
}

// main is which of a list's elements matters most: the primary one, else that for work, else the first.
func main(list []object) int {
	work := 0
	for i := len(list) - 1; i >= 0; i-- {
		if strings.EqualFold(list[i].text("type"), "work") {
			work = i
		}
	}
	for i, e := range list {
		if isPrimary(e) {
			return i
		}
	}
	return work
}

// pick is the elements of a list that the directory keeps. Where it keeps one, as AWS does, several are refused, or in
// the lenient mode the main one is taken.
func (c *call) pick(o object, name string, matter []string) ([]object, error) {
	var list []object
	primaries, twins := 0, map[string]object{} // by value
	for _, v := range elements(o.get(name)) {
		e := asObject(v)
		if !slices.ContainsFunc(matter, func(m string) bool { _, ok := asText(e.get(m)); return !ok || e.text(m) != "" }) {
			continue
		}
		value := strings.ToLower(e.text("value"))
		if t := twins[value]; t != nil {
			if !c.KeepAll || strings.EqualFold(t.text("type"), e.text("type")) {
				continue // Ping writes one address under two types
			}
			if e = maps.Clone(e); isPrimary(t) {
				e.set("primary", nil)
			}
		}
		if list = append(list, e); value != "" && twins[value] == nil {
			twins[value] = e
		}
		if isPrimary(e) {
			primaries++
		}
	}
	switch {
	case len(list) <= 1:
	case c.KeepAll && primaries > 1:
		return nil, invalid("invalidValue", fmt.Sprintf("%d of the %s are primary; one may be", primaries, name))
	case c.KeepAll:
	case c.Lenient:
		list = []object{list[main(list)]}
	default:
		return nil, invalid("invalidValue", "Currently list attributes only allow single item: "+name)
	}
	return list, nil
}

// withExternalID replaces this tenant's external id among those there are.
func (c *call) withExternalID(ids []granary.ExternalID, id string) (out []granary.ExternalID) {
	for _, e := range ids {
		if e.Issuer == c.issuer {
			if e.ID = id; id == "" {
				continue
			}
			id = ""
		}
		out = append(out, e)
	}
	if id != "" {
		out = append(out, granary.ExternalID{Issuer: c.issuer, ID: id})
	}
	return out
}
