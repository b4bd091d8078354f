package world_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/client"
)

// to makes an update of one attribute; nil removes it.
func to(path string, value any) []idtypes.AttributeOperation {
	op := idtypes.AttributeOperation{AttributePath: &path}
	if value != nil {
		op.AttributeValue = document.NewLazyDocument(value)
	}
	return []idtypes.AttributeOperation{op}
}

func TestDirectoryUpdates(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ids := identitystore.NewFromConfig(w.AWS(w.Root()))
	create := func(name string) string {
		t.Helper()
		out, err := ids.CreateUser(ctx, &identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: &name, DisplayName: &name,
			Name:   &idtypes.Name{GivenName: aws.String("G"), FamilyName: aws.String("F")},
			Emails: []idtypes.Email{{Value: aws.String(name + "@x.example"), Primary: true}}})
		if err != nil {
			t.Fatal(err)
		}
		return *out.UserId
	}
	ann, _ := create("ann"), create("bob")
	update := func(ops ...[]idtypes.AttributeOperation) error {
		in := &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &ann}
		for _, op := range ops {
			in.Operations = append(in.Operations, op...)
		}
		_, err := ids.UpdateUser(ctx, in)
		return err
	}
	describe := func() *identitystore.DescribeUserOutput {
		t.Helper()
		return must[*identitystore.DescribeUserOutput](t)(ids.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: &ann,
			Extensions: []string{"aws:identitystore:enterprise"}}))
	}

	t.Run("each attribute", func(t *testing.T) {
		err := update(to("NAME.familyName", "Zed"), to("displayName", "Ann Z"), to("nickName", "Annie"), to("title", "Lead"), to("userType", "staff"),
			to("preferredLanguage", "en"), to("locale", "en-GB"), to("timezone", "Europe/London"), to("website", "https://ann.example"), to("birthdate", "1990-01-01"),
			to("emails", []any{map[string]any{"value": "a@new.example", "type": "work", "primary": true}}),
			to("phoneNumbers", []any{map[string]any{"Value": "+44", "Type": "work"}}), to("addresses", []any{map[string]any{"locality": "Leeds"}}),
			to("roles", []any{map[string]any{"value": "boss"}}), to("photos", []any{map[string]any{"value": "https://p.example"}}),
			to("aws:identitystore:enterprise.department", "Mill"), to("aws:identitystore:enterprise.manager", map[string]any{"value": "m1"}))
		if err != nil {
			t.Fatal(err)
		}
		u := describe()
		got := strings.Join([]string{*u.Name.FamilyName, *u.Name.GivenName, *u.DisplayName, *u.NickName, *u.Title, *u.UserType, *u.PreferredLanguage, *u.Locale, *u.Timezone,
			*u.Website, *u.Birthdate, *u.Emails[0].Value, *u.PhoneNumbers[0].Value, *u.Addresses[0].Locality, *u.Roles[0].Value, *u.Photos[0].Value}, "|")
		if want := "Zed|G|Ann Z|Annie|Lead|staff|en|en-GB|Europe/London|https://ann.example|1990-01-01|a@new.example|+44|Leeds|boss|https://p.example"; got != want {
			t.Errorf("after the update: %s, want %s", got, want)
		}
		var x struct {
			Department string
			Manager    struct{ Value string }
		}
		if err := u.Extensions["aws:identitystore:enterprise"].UnmarshalSmithyDocument(&x); err != nil || x.Department != "Mill" || x.Manager.Value != "m1" {
			t.Errorf("the extension: %+v, %v", x, err)
		}
	})
	t.Run("no value removes", func(t *testing.T) {
		if err := update(to("nickName", nil), to("phoneNumbers", nil), to("aws:identitystore:enterprise", nil)); err != nil {
			t.Fatal(err)
		}
		if u := describe(); u.NickName != nil || u.PhoneNumbers != nil || u.Extensions != nil {
			t.Errorf("after removal: %+v", u)
		}
	})
	t.Run("refusals change nothing", func(t *testing.T) {
		before := describe()
		for _, r := range []struct {
			ops         []idtypes.AttributeOperation
			code, words string
		}{
			{to("userName", nil), "ValidationException", "userName is a required attribute"},
			{to("userName", "Administrator"), "ValidationException", "reserved"},
			{to("userName", "with space"), "ValidationException", "without spaces"},
			{to("userName", "BOB"), "ConflictException", "Duplicate UserName"},
			{to("emails", []any{map[string]any{"value": "BOB@x.example"}}), "ConflictException", "Duplicate UserEmail"},
			{to("emails", []any{map[string]any{"value": "1"}, map[string]any{"value": "2"}}), "ValidationException", "single item"},
			{to("emails", []any{}), "ValidationException", "list of one"},
			{to("emails", "a@b.example"), "ValidationException", "list of one"},
			{to("emails", []any{map[string]any{"colour": "red"}}), "ValidationException", "own members"},
			{to("name.familyName", nil), "ValidationException", "familyname is required"},
			{to("name", map[string]any{"GivenName": "x"}), "ValidationException", "familyname is required"},
			{to("displayName", ""), "ValidationException", "must not be empty"},
			{to("displayName", 7), "ValidationException", "must be a text"},
			{to("displayName", strings.Repeat("x", 1025)), "ValidationException", "at most 1024"},
			{to("title", "a\x00b"), "ValidationException", "not allowed"},
			{to("userStatus", "DISABLED"), "ValidationException", "cannot be set"},
			{to("userId", "x"), "ValidationException", "cannot be set"},
			{to("externalIds", []any{}), "ValidationException", "cannot be set"},
			{to("no.such", "x"), "ValidationException", "cannot be set"},
			{to("aws:identitystore:enterprise.salary", "x"), "ValidationException", "cannot be set"},
			{to("photos", []any{map[string]any{"type": "x"}}), "ValidationException", "photos.value"},
			{to("bad path!", "x"), "ValidationException", "attributePath"},
		} {
			refused(t, update(to("title", "changed"), r.ops), r.code, r.words)
		}
		if after := describe(); *after.Title != *before.Title || *after.UpdatedAt != *before.UpdatedAt {
			t.Errorf("a refused update left its marks: %+v", after)
		}
	})
	t.Run("groups", func(t *testing.T) {
		group := func(name string) string {
			return *must[*identitystore.CreateGroupOutput](t)(ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &c.Store, DisplayName: &name})).GroupId
		}
		g, _ := group("one"), group("two")
		rename := func(id string, ops ...idtypes.AttributeOperation) error {
			_, err := ids.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: &c.Store, GroupId: &id, Operations: ops})
			return err
		}
		if err := rename(g, append(to("displayName", "uno"), to("Description", "the first")...)...); err != nil {
			t.Fatal(err)
		}
		d := must[*identitystore.DescribeGroupOutput](t)(ids.DescribeGroup(ctx, &identitystore.DescribeGroupInput{IdentityStoreId: &c.Store, GroupId: &g}))
		if *d.DisplayName != "uno" || *d.Description != "the first" {
			t.Errorf("the group: %s, %s", *d.DisplayName, *d.Description)
		}
		refused(t, rename(g, to("displayName", "TWO")...), "ConflictException", "Duplicate GroupDisplayName")
		refused(t, rename(g, to("displayName", nil)...), "ValidationException", "required")
		refused(t, rename(g, to("members", nil)...), "ValidationException", "cannot be set")
		refused(t, rename("00000000-0000-0000-0000-000000000000", to("displayName", "x")...), "ResourceNotFoundException", "GROUP not found")
	})
	t.Run("nobody else", func(t *testing.T) {
		ids := identitystore.NewFromConfig(w.AWS(client.Key{ID: "AKIAAAAAAAAAAAAAAAAA", Secret: "x"}))
		_, err := ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &ann, Operations: to("title", "x")})
		refused(t, err, "UnrecognizedClientException", "")
		other := "00000000-0000-0000-0000-000000000000"
		ids = identitystore.NewFromConfig(w.AWS(w.Root()))
		_, err = ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &other, Operations: to("title", "x")})
		refused(t, err, "ResourceNotFoundException", "USER not found")
	})
}
