package scim

import "strings"

// attribute describes an attribute (RFC 7643 §7). Documents, paths, filters and /Schemas go by the same descriptions.
type attribute struct {
	name  string
	kind  string // "": string
	about string

	many, required, exact, unique bool

	mutability string   // "": readWrite
	returned   string   // "": default
	values     []string // canonical ones
	refers     []string // the kinds of resource to which a reference leads
	subs       []attribute

	identifies bool // only a text is its value
	number     bool // whole numbers are taken for texts
	unkept     bool // it is RFC 7643's, and the directory does not keep it
}

const (
	isBoolean   = "boolean"
	isComplex   = "complex"
	isReference = "reference"
	isTimestamp = "dateTime"

	readOnly  = "readOnly"
	immutable = "immutable"
)

func texts(names ...string) (out []attribute) {
	for _, n := range names {
		out = append(out, attribute{name: n, about: labels[n]})
	}
	return out
}

// element describes the elements of a list of values: e-mail addresses, telephone numbers.
func element(value attribute, types ...string) []attribute {
	return []attribute{value,
		{name: "display", about: "A name for people to read; it is not kept", unkept: true},
		{name: "type", about: "What the value is for", values: types},
		{name: "primary", kind: isBoolean, about: "Whether this is the main value of the list"}}
}

// common are the attributes of every resource (RFC 7643 §3.1).
var common = []attribute{
	{name: "schemas", mutability: readOnly, many: true},
	{name: "id", mutability: readOnly, exact: true, returned: "always", identifies: true},
	{name: "externalId", about: "The id that the provisioning system knows the resource by", exact: true,
		identifies: true},
	{name: "meta", kind: isComplex, mutability: readOnly,
		subs: []attribute{{name: "resourceType"}, {name: "created", kind: isTimestamp},
			{name: "lastModified", kind: isTimestamp}, {name: "location", kind: isReference}, {name: "version"}}},
}

// ofUsers are the attributes of users (RFC 7643 §4.1).
var ofUsers = []attribute{
	{name: "userName", about: "The name to sign in with, unique in the directory whatever its letter case", required: true,
		unique: true, returned: "always", identifies: true},
	{name: "displayName", about: "The name that others see", identifies: true},
	{name: "name", kind: isComplex, about: "The parts of the name", subs: texts("formatted", "familyName", "givenName",
		"middleName", "honorificPrefix", "honorificSuffix")},
	{name: "nickName", about: "The casual name"},
	{name: "profileUrl", kind: isReference, refers: []string{"external"}, about: "A page about the person"},
	{name: "title", about: "The person's title"},
	{name: "userType", about: "How the person stands to the company"},
	{name: "preferredLanguage", about: "The language that the person wants to read"},
	{name: "locale", about: "Where the person is, for formats of numbers and dates"},
	{name: "timezone", about: "The person's time zone"},
	{name: "active", kind: isBoolean, about: "Whether the person may sign in"},
	{name: "emails", kind: isComplex, many: true, about: "E-mail addresses",
		subs: element(attribute{name: "value", about: "The address", identifies: true}, "work", "home", "other")},
	{name: "phoneNumbers", kind: isComplex, many: true, about: "Telephone numbers",
		subs: element(attribute{name: "value", about: "The number"}, "work", "home", "mobile", "fax", "pager", "other")},
	{name: "addresses", kind: isComplex, many: true, about: "Postal addresses",
		subs: append(texts("formatted", "streetAddress", "locality", "region", "postalCode", "country"),
			attribute{name: "type", about: "What the address is for", values: []string{"work", "home", "other"}},
			attribute{name: "primary", kind: isBoolean, about: "Whether this is the main address"})},
	{name: "groups", kind: isComplex, many: true, mutability: readOnly, returned: "request",
		about: "The groups that the person is in; a change is made to the group", subs: []attribute{
			{name: "value", mutability: readOnly, about: "The id of the group", exact: true},
			{name: "$ref", kind: isReference, refers: []string{"Group"}, mutability: readOnly, about: "The URI of the group"},
			{name: "type", mutability: readOnly, about: "How the person is in the group", values: []string{"direct"}},
			{name: "display", mutability: readOnly, unkept: true}}},
	{name: "roles", kind: isComplex, many: true, about: "What the person is in the company; nothing is granted by it",
		subs: element(attribute{name: "value", about: "The role", identifies: true})},
	{name: "photos", kind: isComplex, many: true, about: "Pictures of the person", subs: []attribute{
		{name: "value", kind: isReference, refers: []string{"external"}, about: "Where the picture is", identifies: true},
		{name: "display", about: "A name for people to read"},
		{name: "type", about: "What the picture is for", values: []string{"photo", "thumbnail"}},
		{name: "primary", kind: isBoolean, about: "Whether this is the main picture"}}},
	{name: "password", unkept: true}, {name: "ims", many: true, unkept: true},
	{name: "entitlements", many: true, unkept: true}, {name: "x509Certificates", many: true, unkept: true},
}

// ofGroups are the attributes of groups (RFC 7643 §4.2).
var ofGroups = []attribute{
	{name: "displayName", about: "The name of the group, unique in the directory whatever its letter case", required: true,
		unique: true, returned: "always", identifies: true},
	{name: "members", kind: isComplex, many: true, about: "The people in the group", subs: []attribute{
		{name: "value", mutability: immutable, exact: true, about: "The id of the person", identifies: true},
		{name: "$ref", kind: isReference, refers: []string{"User"}, mutability: immutable, about: "The URI of the person"},
		{name: "type", mutability: immutable, about: "What the member is", values: []string{"User"}},
		{name: "display", mutability: immutable, unkept: true}}},
}

// ofEnterprise are the attributes of the enterprise extension (RFC 7643 §4.3).
var ofEnterprise = []attribute{
	{name: "employeeNumber", about: "The number that the company knows the person by", number: true},
	{name: "costCenter", about: "The cost center", number: true},
	{name: "organization", about: "The organization"},
	{name: "division", about: "The division"},
	{name: "department", about: "The department"},
	{name: "manager", kind: isComplex, about: "The person's manager", subs: []attribute{
		{name: "value", about: "The id of the manager", identifies: true},
		{name: "$ref", kind: isReference, refers: []string{"User"}, about: "The URI of the manager; it is not kept",
			unkept: true},
		{name: "displayName", mutability: readOnly, about: "The name of the manager; it is not kept", unkept: true}}},
}

// labels are descriptions of parts that say little.
var labels = map[string]string{"formatted": "The whole, as it is written", "familyName": "The family name",
	"givenName": "The given name", "middleName": "The middle name",
	"honorificPrefix": "What stands before the name", "honorificSuffix": "What stands after the name",
	"streetAddress": "Street and number", "locality": "The city",
	"region": "The state or region", "postalCode": "The postal code", "country": "The country"}

// wholeExtension is the extension itself, as an attribute of users.
var wholeExtension = attribute{name: enterpriseSchema, kind: isComplex, subs: ofEnterprise}

// resource is what a kind of resources consists of.
type resource map[string]*attribute // by folded names

var (
	userResource  = newResource(append(ofUsers, wholeExtension))
	groupResource = newResource(ofGroups)
)

func newResource(own []attribute) resource {
	r := resource{}
	for _, list := range [][]attribute{common, own} {
		for i := range list {
			r[foldName(list[i].name)] = &list[i]
		}
	}
	return r
}

// isAttribute reports whether a name of a document is that of an attribute that a request can set, or a schema's.
func isAttribute(name string) bool {
	name, core := coreName(name)
	if core && name == "" {
		return true
	}
	for _, r := range []resource{userResource, groupResource} {
		if a := r[foldName(name)]; a != nil && a.mutability != readOnly && !a.unkept {
			return true
		}
	}
	return false
}

// find is what a path leads to: an attribute and a part of it; nil where there is none.
func (r resource) find(p path) (a, sub *attribute) {
	if p.extension {
		if x := r[foldName(enterpriseSchema)]; x != nil {
			a = x.sub(p.attr)
		}
	} else {
		a = r[foldName(p.attr)]
	}
	if a == nil || p.sub == "" {
		return a, nil
	}
	return a, a.sub(p.sub)
}

// sub is a part of an attribute. The value of one without parts is itself.
func (a *attribute) sub(name string) *attribute {
	for i := range a.subs {
		if strings.EqualFold(a.subs[i].name, name) {
			return &a.subs[i]
		}
	}
	if len(a.subs) == 0 && strings.EqualFold(name, "value") {
		return a
	}
	return nil
}

// fixed reports whether clients do not set the attribute.
func (a *attribute) fixed() bool { return a.mutability == readOnly }
