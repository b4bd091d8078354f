package ssoadmin_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	iddoc "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

const (
	noStore    = "d-0000000000"
	enterprise = "aws:identitystore:enterprise"
)

func (o *office) testPeople(t *testing.T) {
	ctx, ids, store := t.Context(), o.ids(o.Root()), o.Store
	create := func(login string, change func(*identitystore.CreateUserInput)) (string, error) {
		in := &identitystore.CreateUserInput{IdentityStoreId: &store, UserName: &login, DisplayName: aws.String("D"),
			Name: &idtypes.Name{GivenName: aws.String("G"), FamilyName: aws.String("F")}}
		if change != nil {
			change(in)
		}
		out, err := ids.CreateUser(ctx, in)
		if err != nil {
			return "", err
		}
		return *out.UserId, nil
	}
	full := func(in *identitystore.CreateUserInput) {
		in.Name = &idtypes.Name{Formatted: aws.String("Dr G M F Jr"), FamilyName: aws.String("F"), GivenName: aws.String("G"),
			MiddleName: aws.String("M"), HonorificPrefix: aws.String("Dr"), HonorificSuffix: aws.String("Jr")}
		in.Emails = []idtypes.Email{{Value: aws.String("Full@People.example"), Type: aws.String("work"), Primary: true}}
		in.PhoneNumbers = []idtypes.PhoneNumber{{Value: aws.String("+1"), Type: aws.String("work"), Primary: true}}
		in.Addresses = []idtypes.Address{{StreetAddress: aws.String("1 Lane"), Locality: aws.String("L"),
			Region: aws.String("R"), PostalCode: aws.String("1"), Country: aws.String("UK"), Formatted: aws.String("1 Lane, L"),
			Type: aws.String("work"), Primary: true}}
		in.Roles = []idtypes.Role{{Value: aws.String("lead"), Type: aws.String("t"), Primary: true}}
		in.Photos = []idtypes.Photo{{Value: aws.String("https://p.example/1"), Display: aws.String("d"),
			Type: aws.String("t"), Primary: true}, {Value: aws.String("https://p.example/2")}}
		in.NickName, in.ProfileUrl, in.Title, in.UserType = aws.String("N"), aws.String("https://u.example"), aws.String("T"),
			aws.String("staff")
		in.PreferredLanguage, in.Locale, in.Timezone, in.Website, in.Birthdate = aws.String("en"), aws.String("en-GB"),
			aws.String("UTC"), aws.String("https://w.example"), aws.String("2000-01-01")
		in.Extensions = map[string]iddoc.Interface{enterprise: iddoc.NewLazyDocument(map[string]any{"employeeNumber": "7",
			"costCenter": "c", "organization": "o", "division": "v", "department": "d",
			"manager": map[string]any{"value": "m"}})}
	}
	id := worldtest.Must[string](t)(create("Full.Person", full))
	describe := func(in *identitystore.DescribeUserInput) (*identitystore.DescribeUserOutput, error) {
		if in.IdentityStoreId == nil {
			in.IdentityStoreId = &store
		}
		return ids.DescribeUser(ctx, in)
	}
	u := worldtest.Must[*identitystore.DescribeUserOutput](t)(
		describe(&identitystore.DescribeUserInput{UserId: &id, Extensions: []string{enterprise}}))
	got := []string{*u.UserName, *u.DisplayName, *u.Name.Formatted, *u.Name.MiddleName, *u.Name.HonorificPrefix,
		*u.Name.HonorificSuffix, *u.Emails[0].Value, *u.PhoneNumbers[0].Type, *u.Addresses[0].PostalCode, *u.Roles[0].Value,
		*u.Photos[1].Value, *u.NickName, *u.ProfileUrl, *u.Title, *u.UserType, *u.PreferredLanguage, *u.Locale, *u.Timezone,
		*u.Website, *u.Birthdate, string(u.UserStatus)}
	if err := same(nil, strings.Join(got, "|"),
		"Full.Person|D|Dr G M F "+
			"Jr|M|Dr|Jr|Full@People.example|work|1|lead|"+
			"https://p.example/2|N|https://u.example|T|staff|en|en-GB|UTC|https://w.example|2000-01-01|ENABLED"); err != nil {
		t.Error(err)
	}
	if !u.Emails[0].Primary || u.CreatedAt == nil || u.UpdatedAt == nil || !strings.HasSuffix(*u.CreatedBy, ":root") ||
		u.ExternalIds != nil {
		t.Errorf("the person: %+v", u)
	}
	var x map[string]any
	if err := u.Extensions[enterprise].UnmarshalSmithyDocument(&x); same(err, x,
		"map[costCenter:c department:d division:v employeeNumber:7 manager:map[value:m] organization:o]") != nil {
		t.Errorf("the extension: %v, %v", x, err)
	}
	if u := worldtest.Must[*identitystore.DescribeUserOutput](t)(
		describe(&identitystore.DescribeUserInput{UserId: &id})); u.Extensions != nil {
		t.Error("the extension came without being asked for")
	}
	// deactivated, by SCIM
	scim := worldtest.Must[*identitystore.DescribeUserOutput](t)(
		describe(&identitystore.DescribeUserInput{UserId: aws.String(o.Users[worldtest.Erin])}))
	if len(scim.ExternalIds) != 1 || *scim.ExternalIds[0].Id != "idp|"+worldtest.Erin ||
		!strings.HasPrefix(*scim.ExternalIds[0].Issuer, "https://scim.aws.com/") {
		t.Errorf("a person that SCIM made: %+v", scim.ExternalIds)
	}
	lookup := func(a idtypes.AlternateIdentifier) (string, error) {
		out, err := ids.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &store, AlternateIdentifier: a})
		if err != nil {
			return "", err
		}
		return *out.UserId, nil
	}
	external := func(issuer, id string) idtypes.AlternateIdentifier {
		return &idtypes.AlternateIdentifierMemberExternalId{Value: idtypes.ExternalId{Issuer: &issuer, Id: &id}}
	}
	for _, a := range []idtypes.AlternateIdentifier{by("userName", "Full.Person"), by("UserName", "full.person"),
		by("emails.value", "FULL@people.example")} {
		if found, err := lookup(a); err != nil || found != id {
			t.Errorf("looked up: %s, %v", found, err)
		}
	}
	if found, err := lookup(external(*scim.ExternalIds[0].Issuer, *scim.ExternalIds[0].Id)); err != nil ||
		found != o.Users[worldtest.Erin] {
		t.Errorf("looked up by the provider's id: %s, %v", found, err)
	}
	with := func(change func(*identitystore.CreateUserInput)) error {
		return worldtest.ErrorOf(create("somebody", change))
	}
	list := func(change func(*identitystore.ListUsersInput)) error {
		in := &identitystore.ListUsersInput{IdentityStoreId: &store}
		change(in)
		return worldtest.ErrorOf(ids.ListUsers(ctx, in))
	}
	filtered := func(path, value string) (int, error) {
		out, err := ids.ListUsers(ctx, &identitystore.ListUsersInput{IdentityStoreId: &store,
			Filters: []idtypes.Filter{{AttributePath: &path,
				AttributeValue: &value}}}) //nolint:staticcheck // deprecated, and clients send it
		if err != nil {
			return 0, err
		}
		return len(out.Users), nil
	}
	update := func(store, id string, ops ...idtypes.AttributeOperation) error {
		return worldtest.ErrorOf(ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &store, UserId: &id,
			Operations: ops}))
	}
	drop := func(store, id string) error {
		return worldtest.ErrorOf(ids.DeleteUser(ctx, &identitystore.DeleteUserInput{IdentityStoreId: &store, UserId: &id}))
	}
	one, oneErr := filtered("UserName", "full.person")
	zero, zeroErr := filtered("UserName", "nobody.here")
	worldtest.CheckOutcomes(t, []outcome{
		{"the same name in other letters", worldtest.ErrorOf(create("FULL.PERSON", nil)), conflict, "Duplicate UserName"},
		{"the same name in another Unicode form", worldtest.ErrorOf(create("caf\u00e9", nil)), "", ""},
		{"which is the same", worldtest.ErrorOf(create("CAFE\u0301", nil)), conflict, "Duplicate UserName"},
		{"the same address", with(func(in *identitystore.CreateUserInput) {
			in.Emails = []idtypes.Email{{Value: aws.String("full@PEOPLE.example")}}
		}), conflict, "Duplicate UserEmail"},
		{"no name", worldtest.ErrorOf(create("", nil)), invalid, "userName"},
		{"without the rest", with(func(in *identitystore.CreateUserInput) { in.DisplayName, in.Name = nil, nil }), invalid,
			"displayname: The attribute displayname is required, name: The attribute name is required, givenname: The " +
				"attribute givenname is required, familyname: The attribute familyname is required"},
		{"a space in the name", worldtest.ErrorOf(create("a b", nil)), invalid, "userName"},
		{"an invisible character in the name", worldtest.ErrorOf(create("a\u200bb", nil)), invalid, "userName"},
		{"a long name", worldtest.ErrorOf(create(strings.Repeat("n", 129), nil)), invalid, "128"},
		{"a reserved name", worldtest.ErrorOf(create("administrator", nil)), invalid, "reserved"},
		{"the other reserved name", worldtest.ErrorOf(create("AWSAdministrators", nil)), invalid, "reserved"},
		{"an empty title", with(func(in *identitystore.CreateUserInput) { in.Title = aws.String("") }), invalid, "title"},
		{"a long title", with(func(in *identitystore.CreateUserInput) { in.Title = aws.String(strings.Repeat("t", 1025)) }),
			invalid, "1024"},
		{"a control character", with(func(in *identitystore.CreateUserInput) { in.Title = aws.String("a\x07b") }), invalid,
			"title"},
		{"two addresses", with(func(in *identitystore.CreateUserInput) {
			in.Emails = []idtypes.Email{{Value: aws.String("a@x.example")}, {Value: aws.String("b@x.example")}}
		}), invalid, "emails"},
		{"no address in a list", with(func(in *identitystore.CreateUserInput) { in.Emails = []idtypes.Email{} }), invalid,
			"emails"},
		{"four photos", with(func(in *identitystore.CreateUserInput) {
			p := idtypes.Photo{Value: aws.String("https://p.example")}
			in.Photos = []idtypes.Photo{p, p, p, p}
		}), invalid, "photos"},
		{"another extension", with(func(in *identitystore.CreateUserInput) {
			in.Extensions = map[string]iddoc.Interface{"aws:identitystore:other": iddoc.NewLazyDocument(map[string]any{})}
		}), invalid, ""},
		{"an extension of other members", with(func(in *identitystore.CreateUserInput) {
			in.Extensions = map[string]iddoc.Interface{enterprise: iddoc.NewLazyDocument(map[string]any{"salary": "1"})}
		}), invalid, "extension"},
		{"an extension with an empty text", with(func(in *identitystore.CreateUserInput) {
			in.Extensions = map[string]iddoc.Interface{enterprise: iddoc.NewLazyDocument(map[string]any{"division": ""})}
		}), invalid, "extension"},
		{"in no store", with(func(in *identitystore.CreateUserInput) { in.IdentityStoreId = aws.String(noStore) }), missing,
			"IDENTITY_STORE not found"},
		{"in a store that is none",
			with(func(in *identitystore.CreateUserInput) { in.IdentityStoreId = aws.String("store") }), invalid,
			"identityStoreId"},

		{"describe nobody", worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: aws.String(noID)})), missing,
			"USER not found"},
		{"describe in no store",
			worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: &id, IdentityStoreId: aws.String(noStore)})),
			missing,
			"IDENTITY_STORE not found"},
		{"describe no id", worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: aws.String("alice")})),
			invalid, "userId"},
		{"an id with the store before it",
			worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: aws.String("0000000000-" + noID)})), missing,
			"USER not found"},
		{"describe another extension",
			worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: &id, Extensions: []string{"other"}})), invalid,
			"extensions"},

		{"look up nobody", worldtest.ErrorOf(lookup(by("userName", "nobody.here"))), missing, "USER not found"},
		{"look up what is not unique", worldtest.ErrorOf(lookup(by("displayName", "D"))), invalid,
			"The attribute displayName is not a unique attribute"},
		{"look up a number", worldtest.ErrorOf(lookup(by("userName", 7))), invalid, "must be a text"},
		{"look up null", worldtest.ErrorOf(lookup(by("userName", nil))), invalid, "must not be null"},
		{"look up an object", worldtest.ErrorOf(lookup(by("userName", map[string]any{"a": "b"}))), invalid, "must be a text"},
		{"look up an unknown id of the provider", worldtest.ErrorOf(lookup(external("https://scim.aws.com/x", "y"))), missing,
			"USER not found"},
		{"look up without an issuer", worldtest.ErrorOf(lookup(external("", "y"))), invalid, "issuer"},

		{"one by name", same(oneErr, one, 1), "", ""},
		{"none by name", same(zeroErr, zero, 0), "", ""},
		{"by another attribute", worldtest.ErrorOf(filtered("Title", "T")), invalid, "UserName only"},
		{"by two", list(func(in *identitystore.ListUsersInput) {
			f := idtypes.Filter{AttributePath: aws.String("UserName"), AttributeValue: aws.String("a")}
			in.Filters = []idtypes.Filter{f, f} //nolint:staticcheck // the same
		}), invalid, "ilter"},
		{"list in no store", list(func(in *identitystore.ListUsersInput) { in.IdentityStoreId = aws.String(noStore) }),
			missing, "IDENTITY_STORE not found"},
		{"list none", list(func(in *identitystore.ListUsersInput) { in.MaxResults = aws.Int32(0) }), invalid, "maxResults"},
		{"list too many", list(func(in *identitystore.ListUsersInput) { in.MaxResults = aws.Int32(101) }), invalid,
			"maxResults"},
		{"list with a bad token", list(func(in *identitystore.ListUsersInput) { in.NextToken = aws.String("a b") }), invalid,
			"nextToken"},

		{"update in no store", update(noStore, id, worldtest.AttributeUpdate("title", "x")...), missing,
			"IDENTITY_STORE not found"},
		{"update nobody", update(store, noID, worldtest.AttributeUpdate("title", "x")...), missing, "USER not found"},
		{"update by an empty list", update(store, id, []idtypes.AttributeOperation{}...), invalid, "operations"},
		{"update to a taken name", update(store, id, worldtest.AttributeUpdate("userName", worldtest.Alice)...), conflict,
			"Duplicate UserName"},
		{"update to an invisible character", update(store, id, worldtest.AttributeUpdate("nickName", "a\u200bb")...), invalid,
			"not allowed"},
		{"update an address to an empty type",
			update(store, id, worldtest.AttributeUpdate("emails", []any{map[string]any{"value": "a@b.example", "type": ""}})...),
			invalid,
			"must not be empty"},
		{"update", update(store, id, worldtest.AttributeUpdate("nickName", "Nick")...), "", ""},
		{"delete in no store", drop(noStore, id), missing, "IDENTITY_STORE not found"},
		{"delete no id", drop(store, "alice"), invalid, "userId"},
		{"delete", drop(store, id), "", ""},
		{"delete again", drop(store, id), "", ""},
		{"delete who never was", drop(store, noID), "", ""},
		{"the name is free", worldtest.ErrorOf(create("full.person", full)), "", ""},
		{"and is somebody else's", worldtest.ErrorOf(describe(&identitystore.DescribeUserInput{UserId: &id})), missing,
			"USER not found"},
	})
	if many := func() error {
		var ops []idtypes.AttributeOperation
		for range 101 {
			ops = append(ops, worldtest.AttributeUpdate("title", "x")...)
		}
		return update(store, o.Users[worldtest.Bob], ops...)
	}(); many == nil {
		t.Error("101 operations in one update")
	}
}

// The directory's actions have older names, sso-directory:…, that policies may still use; and keys that say whom a
// request is about.
func (o *office) testDirectoryPolicies(t *testing.T) {
	ctx := t.Context()
	read := func(k client.Key, id string) error {
		return worldtest.ErrorOf(o.ids(k).DescribeUser(ctx,
			&identitystore.DescribeUserInput{IdentityStoreId: &o.Store, UserId: &id}))
	}
	group := func(k client.Key) error {
		return worldtest.ErrorOf(o.ids(k).DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &o.Store,
			GroupId: aws.String(o.Groups["Legal"])}))
	}
	var desk *string
	join := func(k client.Key, login string) error {
		return worldtest.ErrorOf(o.ids(k).CreateGroupMembership(ctx,
			&identitystore.CreateGroupMembershipInput{IdentityStoreId: &o.Store,
				GroupId: desk, MemberId: person(o.Users[login])}))
	}
	old := o.employ(t, "old-names", `{"Effect":"Allow","Action":"sso-directory:Describe*","Resource":"*"}`)
	both := o.employ(t, "old-deny", `{"Effect":"Allow","Action":"identitystore:*","Resource":"*"},{"Effect":"Deny",`+
		`"Action":"sso-directory:DescribeUser","Resource":"*"}`)
	anew := o.employ(t, "new-deny", `{"Effect":"Allow","Action":"sso-directory:*","Resource":"*"},{"Effect":"Deny",`+
		`"Action":"identitystore:DescribeUser","Resource":"*"}`)
	self := o.employ(t, "keeper", `{"Effect":"Allow","Action":"identitystore:*","Resource":"*",`+
		`"Condition":{"StringEquals":{"identitystore:UserId":"`+o.Users[worldtest.Hugo]+`"}}}`)
	outside := o.employ(t, "not-scim", `{"Effect":"Allow","Action":"identitystore:DescribeUser","Resource":"*",`+
		`"Condition":{"Null":{"identitystore:UserExternalIdIssuers":"true"},"StringEquals":{"identitystore:PrimaryRegion":"`+
		o.Region+`"}}}`)
	narrow := o.employ(t, "narrow", `{"Effect":"Allow","Action":"identitystore:DescribeUser",`+
		`"Resource":["arn:aws:identitystore::`+o.Account+`:identitystore/`+o.Store+`","arn:aws:identitystore:::user/`+
		o.Users[worldtest.Hugo]+`"]}`)
	desk = worldtest.Must[*identitystore.CreateGroupOutput](t)(o.ids(o.Root()).CreateGroup(ctx,
		&identitystore.CreateGroupInput{IdentityStoreId: &o.Store, DisplayName: aws.String("Desk")})).GroupId
	made := o.hire(t, o.Root(), o.Store, "made-here")
	worldtest.CheckOutcomes(t, []outcome{
		{"the older name allows", read(old, o.Users[worldtest.Hugo]), "", ""},
		{"and only what it names", join(old, worldtest.Hugo), denied, "identitystore:CreateGroupMembership"},
		{"the older name denies", read(both, o.Users[worldtest.Hugo]), denied, "explicit deny"},
		{"one action alone", group(both), "", ""},
		{"the newer name denies", read(anew, o.Users[worldtest.Hugo]), denied, "explicit deny"},
		{"while the older allows the rest", group(anew), "", ""},
		{"one person by key", read(self, o.Users[worldtest.Hugo]), "", ""},
		{"and no other", read(self, o.Users[worldtest.Alice]), denied, "identitystore:DescribeUser"},
		{"a membership of that person", join(self, worldtest.Hugo), "", ""},
		{"and of no other", join(self, worldtest.Bob), denied, "identitystore:CreateGroupMembership"},
		{"nor a group", group(self), denied, "identitystore:DescribeGroup"},
		{"a person from no provider", read(outside, made), "", ""},
		{"a person from the provider", read(outside, o.Users[worldtest.Hugo]), denied, "identitystore:DescribeUser"},
		{"one person by ARN", read(narrow, o.Users[worldtest.Hugo]), "", ""},
		{"and no other", read(narrow, o.Users[worldtest.Alice]), denied, "user/" + o.Users[worldtest.Alice]},
	})
}
