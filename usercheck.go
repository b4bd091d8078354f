package granary

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most elements that a user's lists have. The identity store's own API takes one of each, as AWS does; SCIM may
// bring more.
const (
	MaxListed = 20
	MaxPhotos = 3
)

// Check returns nil when the directory user is valid, and else an Invalid error that names the attributes at fault.
// With lenient the parts of the name and the display name may be missing (Identity Store API, CreateUser).
func (u *User) Check(lenient bool) error {
	if u.UserName == "" {
		return Errorf(Invalid, "userName is a required attribute")
	}
	if !lenient {
		var missing []string
		for _, a := range [][2]string{{"displayname", u.DisplayName}, {"name", u.Name.Given + u.Name.Family},
			{"givenname", u.Name.Given}, {"familyname", u.Name.Family}} {
			if a[1] == "" {
				missing = append(missing, a[0]+": The attribute "+a[0]+" is required")
			}
		}
		if len(missing) > 0 {
			return Errorf(Invalid, "%s", strings.Join(missing, ", "))
		}
	}
	if utf8.RuneCountInString(u.UserName) > 128 ||
		strings.ContainsFunc(u.UserName, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return Errorf(Invalid, "userName must be at most 128 characters without spaces or control characters")
	}
	if strings.EqualFold(u.UserName, "Administrator") || strings.EqualFold(u.UserName, "AWSAdministrators") {
		return Errorf(Invalid, "The userName %s is reserved", u.UserName)
	}
	if max(len(u.Emails), len(u.Phones), len(u.Addresses), len(u.Roles)) > MaxListed {
		return Errorf(Invalid, "A user has at most %d emails, phoneNumbers, addresses and roles each", MaxListed)
	}
	if len(u.Photos) > MaxPhotos {
		return Errorf(Invalid, "A user has at most %d photos", MaxPhotos)
	}
	return u.checkTexts()
}

func (u *User) checkTexts() error {
	texts := [][2]string{{"displayName", u.DisplayName}, {"nickName", u.NickName}, {"profileUrl", u.ProfileURL},
		{"title", u.Title}, {"userType", u.UserType},
		{"preferredLanguage", u.Language}, {"locale", u.Locale}, {"timezone", u.Timezone}, {"website", u.Website},
		{"birthdate", u.Birthdate},
		{"name.formatted", u.Name.Formatted}, {"name.familyName", u.Name.Family}, {"name.givenName", u.Name.Given},
		{"name.middleName", u.Name.Middle},
		{"name.honorificPrefix", u.Name.Prefix}, {"name.honorificSuffix", u.Name.Suffix},
		{"employeeNumber", u.Enterprise.EmployeeNumber}, {"costCenter", u.Enterprise.CostCenter},
		{"organization", u.Enterprise.Organization},
		{"division", u.Enterprise.Division}, {"department", u.Enterprise.Department}, {"manager", u.Enterprise.Manager}}
	for _, e := range u.Emails {
		texts = append(texts, [2]string{"emails.value", e.Value}, [2]string{"emails.type", e.Type})
	}
	for _, p := range u.Phones {
		texts = append(texts, [2]string{"phoneNumbers.value", p.Value}, [2]string{"phoneNumbers.type", p.Type})
	}
	for _, a := range u.Addresses {
		texts = append(texts, [2]string{"addresses", a.Formatted}, [2]string{"addresses", a.Street},
			[2]string{"addresses", a.Locality},
			[2]string{"addresses", a.Region}, [2]string{"addresses", a.PostalCode}, [2]string{"addresses", a.Country},
			[2]string{"addresses.type", a.Type})
	}
	for _, r := range u.Roles {
		texts = append(texts, [2]string{"roles.value", r.Value}, [2]string{"roles.type", r.Type})
	}
	for _, p := range u.Photos {
		if p.Value == "" {
			return Errorf(Invalid, "photos.value is a required attribute of a photo")
		}
		texts = append(texts, [2]string{"photos.value", p.Value}, [2]string{"photos.type", p.Type},
			[2]string{"photos.display", p.Display})
	}
	for _, t := range texts {
		if err := checkText(t[0], t[1]); err != nil {
			return err
		}
	}
	return checkExternalIDs(u.ExternalIDs)
}

func checkExternalIDs(ids []ExternalID) error {
	for _, e := range ids {
		if utf8.RuneCountInString(e.ID) > 256 {
			return Errorf(Invalid, "externalId must be at most 256 characters")
		}
		if err := checkText("externalId", e.ID); err != nil {
			return err
		}
	}
	return nil
}

// Check returns nil when the directory group is valid, and else an Invalid error.
func (g *Group) Check() error {
	if g.DisplayName == "" {
		return Errorf(Invalid, "displayName is a required attribute")
	}
	if err := checkText("displayName", g.DisplayName); err != nil {
		return err
	}
	if err := checkText("description", g.Description); err != nil {
		return err
	}
	return checkExternalIDs(g.ExternalIDs)
}

// checkText checks a text as the identity store does: at most 1024 characters, and of control characters only white
// space.
func checkText(name, s string) error {
	if utf8.RuneCountInString(s) > 1024 {
		return Errorf(Invalid, "%s must be at most 1024 characters", name)
	}
	if !utf8.ValidString(s) ||
		strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }) {
		return Errorf(Invalid, "%s has characters that are not allowed", name)
	}
	return nil
}
