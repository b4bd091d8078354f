package identitystore

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"

	"granary"
	api "granary/internal/api/identitystore"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// updateUser applies all operations in order, or none (Identity Store API, UpdateUser).
func (s *service) updateUser(c *awsapi.Call, in *api.UpdateUserInput) (*api.UpdateUserOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	return &api.UpdateUserOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		old, err := tx.Users.Get(d, granary.UserID(in.UserId))
		if err != nil {
			return orMissing(err, "USER")
		}
		u := *old
		for _, op := range in.Operations {
			if err := set(userAttributes(&u), op); err != nil {
				return err
			}
		}
		if err := u.Check(old.Check(false) != nil); err != nil { // who came without a name by SCIM may stay so
			return err
		}
		u.Updated, u.UpdatedBy = c.Now.UTC(), string(c.Caller.ARN)
		return conflict(tx.Users.Update(&u))
	})
}

// updateGroup is updateUser for groups.
func (s *service) updateGroup(c *awsapi.Call, in *api.UpdateGroupInput) (*api.UpdateGroupOutput, error) {
	d, err := s.store(in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	return &api.UpdateGroupOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		old, err := tx.Groups.Get(d, granary.GroupID(in.GroupId))
		if err != nil {
			return orMissing(err, "GROUP")
		}
		g := *old
		for _, op := range in.Operations {
			if err := set(attributes{"displayname": text(&g.DisplayName), "description": text(&g.Description)}, op); err != nil {
				return err
			}
		}
		if err := g.Check(); err != nil {
			return err
		}
		g.Updated, g.UpdatedBy = c.Now.UTC(), string(c.Caller.ARN)
		return conflict(tx.Groups.Update(&g))
	})
}

// setter puts a value into an attribute; nil removes it.
type setter func(json.RawMessage) error

// attributes are the paths that can be set, in lower case.
type attributes map[string]setter

// set applies one operation. An attribute without a value, or with null, is removed.
func set(known attributes, op api.AttributeOperation) error {
	put, ok := known[strings.ToLower(op.AttributePath)]
	if !ok {
		return granary.Errorf(granary.Invalid, "The attribute %s does not exist, or cannot be set.", op.AttributePath)
	}
	value := bytes.TrimSpace(op.AttributeValue)
	if len(value) == 0 || string(value) == "null" {
		return put(nil)
	}
	err := legal(value)
	if err == nil {
		err = put(value)
	}
	if err != nil {
		return granary.Errorf(granary.Invalid, "The value of the attribute %s is not of its type: %s.", op.AttributePath, err)
	}
	return nil
}

// text is an attribute that is one text, which cannot be empty: no value removes it.
func text(into *string) setter {
	return func(raw json.RawMessage) error {
		*into = ""
		if raw == nil {
			return nil
		}
		if err := strictly(raw, into); err != nil {
			return errNotText
		}
		return nil
	}
}

var (
	errNotText   = granary.Errorf(granary.Invalid, "it must be a text")
	errEmptyText = granary.Errorf(granary.Invalid, "a text must not be empty; leave the value out to remove the attribute")
	errNotList   = granary.Errorf(granary.Invalid, "it must be a list of one to %d objects with the attribute's own "+
		"members", granary.MaxPhotos)
	errNotOne = granary.Errorf(granary.Invalid, "it must be a list of one object with the attribute's own members. "+
		"Currently list attributes only allow single item")
	errBadText   = granary.Errorf(granary.Invalid, "a text has characters that are not allowed")
	errNotObject = granary.Errorf(granary.Invalid, "it must be an object with the attribute's own members")
)

// one is an attribute that is a list of one object, replaced whole: SCIM may have brought more, this API does not.
func one[Shape, T any](into *[]T, of func(Shape) T) setter { return many(into, of, 1, errNotOne) }

// legal checks every text in a document as the shapes of the API check theirs: not empty, and of letters, marks,
// symbols, numbers, punctuation and plain white space only.
func legal(raw json.RawMessage) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return errNotObject
	}
	return legalTexts(v)
}

func legalTexts(v any) error {
	switch v := v.(type) {
	case string:
		if v == "" {
			return errEmptyText
		}
		if strings.ContainsFunc(v, func(r rune) bool {
			return r == unicode.ReplacementChar || !unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N, unicode.P) &&
				!strings.ContainsRune("\t\n\r \u00a0\u3000", r)
		}) {
			return errBadText
		}
	case []any:
		for _, e := range v {
			if err := legalTexts(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, e := range v {
			if err := legalTexts(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// many is an attribute that is a list of objects, replaced whole.
func many[Shape, T any](into *[]T, of func(Shape) T, most int, wrong error) setter {
	return func(raw json.RawMessage) error {
		*into = nil
		if raw == nil {
			return nil
		}
		var list []Shape
		if strictly(raw, &list) != nil || len(list) == 0 || len(list) > most {
			return wrong
		}
		for _, e := range list {
			*into = append(*into, of(e))
		}
		return nil
	}
}

// strictly decodes JSON without members the shape lacks. Members match whatever their case: AWS writes them in both
// ways.
func strictly(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func userAttributes(u *granary.User) attributes {
	e := &u.Enterprise
	a := attributes{
		"username": text(&u.UserName), "displayname": text(&u.DisplayName), "nickname": text(&u.NickName),
		"profileurl": text(&u.ProfileURL),
		"title":      text(&u.Title), "usertype": text(&u.UserType), "preferredlanguage": text(&u.Language),
		"locale":   text(&u.Locale),
		"timezone": text(&u.Timezone), "website": text(&u.Website), "birthdate": text(&u.Birthdate),
		"name.formatted": text(&u.Name.Formatted), "name.familyname": text(&u.Name.Family),
		"name.givenname":  text(&u.Name.Given),
		"name.middlename": text(&u.Name.Middle), "name.honorificprefix": text(&u.Name.Prefix),
		"name.honorificsuffix": text(&u.Name.Suffix),
		"name":                 func(raw json.RawMessage) error { return setName(&u.Name, raw) },
		"emails":               one(&u.Emails, email),
		"phonenumbers":         one(&u.Phones, phone),
		"addresses":            one(&u.Addresses, address),
		"roles":                one(&u.Roles, roleAttr),
		"photos":               many(&u.Photos, photo, granary.MaxPhotos, errNotList),
	}
	for name, into := range map[string]*string{"employeenumber": &e.EmployeeNumber, "costcenter": &e.CostCenter,
		"organization": &e.Organization,
		"division":     &e.Division, "department": &e.Department, "manager.value": &e.Manager} {
		a[enterprise+"."+name] = text(into)
	}
	a[enterprise+".manager"] = func(raw json.RawMessage) error {
		var m manager
		if raw != nil && strictly(raw, &m) != nil {
			return errNotObject
		}
		e.Manager = m.Value
		return nil
	}
	a[enterprise] = func(raw json.RawMessage) error {
		var x extension
		if raw != nil && strictly(raw, &x) != nil {
			return errNotObject
		}
		*e = x.noun()
		return nil
	}
	return a
}

func setName(into *granary.PersonName, raw json.RawMessage) error {
	var n api.Name
	if raw != nil && strictly(raw, &n) != nil {
		return errNotObject
	}
	*into = name(n)
	return nil
}
