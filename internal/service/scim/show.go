package scim

import (
	"strings"

	"granary"
)

// toSCIM is a user as SCIM shows it.
func (c *call) toSCIM(u *granary.User) object {
	o := object{"schemas": []any{userSchema}, "id": string(u.ID), "userName": u.UserName, "active": !u.Disabled,
		"meta": object{"resourceType": "User", "created": stamp(u.Created), "lastModified": stamp(u.Updated),
			"location": c.base + "/Users/" + string(u.ID)}}
	if c.ETags {
		o.sub("meta")["version"] = userTag(u)
	}
	for name, v := range map[string]string{"externalId": c.externalID(u.ExternalIDs), "displayName": u.DisplayName,
		"nickName": u.NickName, "profileUrl": u.ProfileURL,
		"title": u.Title, "userType": u.UserType, "preferredLanguage": u.Language, "locale": u.Locale,
		"timezone": u.Timezone} {
		o.set(name, v)
	}
	name := object{}
	for n, v := range map[string]string{"formatted": u.Name.Formatted, "familyName": u.Name.Family,
		"givenName": u.Name.Given, "middleName": u.Name.Middle,
		"honorificPrefix": u.Name.Prefix, "honorificSuffix": u.Name.Suffix} {
		name.set(n, v)
	}
	if len(name) > 0 {
		o["name"] = name
	}
	c.showLists(o, u)
	ext := object{}
	e := u.Enterprise
	for n, v := range map[string]string{"employeeNumber": e.EmployeeNumber, "costCenter": e.CostCenter,
		"organization": e.Organization, "division": e.Division, "department": e.Department} {
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

func (c *call) showLists(o object, u *granary.User) {
	for _, e := range u.Emails {
		o.append("emails", object{"value": e.Value, "type": e.Type, "primary": e.Primary})
	}
	for _, p := range u.Phones {
		o.append("phoneNumbers", object{"value": p.Value, "type": p.Type, "primary": p.Primary})
	}
	for _, a := range u.Addresses {
		o.append("addresses", object{"formatted": a.Formatted, "streetAddress": a.Street, "locality": a.Locality,
			"region":     a.Region,
			"postalCode": a.PostalCode, "country": a.Country, "type": a.Type, "primary": a.Primary})
	}
	for _, r := range u.Roles {
		o.append("roles", object{"value": r.Value, "type": r.Type, "primary": r.Primary})
	}
	if !c.KeepAll {
		return
	}
	for _, p := range u.Photos {
		o.append("photos", object{"value": p.Value, "type": p.Type, "display": p.Display, "primary": p.Primary})
	}
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

// member is one of a group's members.
type member struct {
	Value string `json:"value"`
	Ref   string `json:"$ref,omitempty"`
	Type  string `json:"type,omitempty"`
}

// groupSCIM is a group as SCIM shows it, its members aside.
func (c *call) groupSCIM(g *granary.Group) object {
	o := object{"schemas": []any{groupSchema}, "id": string(g.ID), "displayName": g.DisplayName,
		"meta": object{"resourceType": "Group", "created": stamp(g.Created), "lastModified": stamp(g.Updated),
			"location": c.base + "/Groups/" + string(g.ID)}}
	o.set("externalId", c.externalID(g.ExternalIDs))
	return o
}

// chosen are attributes that a client asked for or does not want: by names in lower case, each whole (nil) or some
// parts of it.
type chosen map[string]map[string]bool

// maxChosen is how long a list of attributes may be, in bytes.
const maxChosen = 4096

// choose reads which attributes the query asks for.
func (c *call) choose() error {
	for name, into := range map[string]*chosen{"attributes": &c.asked, "excludedattributes": &c.excluded} {
		list := c.query.Get(name)
		if len(list) > maxChosen {
			return invalid("tooMany", "A list of attributes is longer than 4096 bytes.")
		}
		*into = choose(list)
	}
	return nil
}

// choose reads a list of attribute paths (RFC 7644 §3.10). What is unknown does no harm.
func choose(list string) chosen {
	out := chosen{}
	if list == "" {
		return out
	}
	for s := range strings.SplitSeq(list, ",") {
		p, err := parsePath(strings.TrimSpace(s))
		if err != nil {
			continue
		}
		attr, sub := strings.ToLower(p.attr), strings.ToLower(p.sub)
		if p.extension {
			attr, sub = strings.ToLower(enterpriseSchema), attr
		}
		parts, known := out[attr]
		switch {
		case sub == "" || known && parts == nil:
			out[attr] = nil
		case !known:
			out[attr] = map[string]bool{sub: true}
		default:
			parts[sub] = true
		}
	}
	return out
}

// wants reports whether a costly attribute is to be shown: asked for, or, if it is shown by default, not excluded.
func (c *call) wants(name string, byDefault bool) bool {
	asked, excluded := c.asked, c.excluded
	if parts, ok := excluded[name]; ok && parts == nil {
		return false
	}
	if _, ok := asked[name]; ok || len(asked) > 0 {
		return ok
	}
	return byDefault
}

// project honours attributes and excludedAttributes; id, schemas and the name always stay.
func (c *call) project(o object, name string) object {
	asked, excluded := c.asked, c.excluded
	for k, v := range o {
		f := strings.ToLower(k)
		if f == "id" || f == "schemas" || k == name {
			continue
		}
		if parts, ok := asked[f]; len(asked) > 0 && !ok {
			delete(o, k)
			continue
		} else if parts != nil {
			o[k] = filterParts(v, func(part string) bool { return parts[part] })
		}
		if parts, ok := excluded[f]; ok && parts == nil {
			delete(o, k)
		} else if ok {
			o[k] = filterParts(o[k], func(part string) bool { return !parts[part] })
		}
	}
	return o
}

// filterParts keeps some parts of a complex attribute, or of each element of a list.
func filterParts(v any, keep func(string) bool) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for k, part := range v {
			if keep(strings.ToLower(k)) {
				out[k] = part
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = filterParts(e, keep)
		}
		return out
	case []member:
		out := make([]any, len(v))
		for i, m := range v {
			out[i] = filterParts(object{"value": m.Value, "$ref": m.Ref, "type": m.Type}, keep)
		}
		return out
	}
	return v
}
