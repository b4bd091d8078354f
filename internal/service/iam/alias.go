package iam

import (
	"regexp"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

var aliasForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

// createAlias gives the account a name, in place of the one it has.
func (s *service) createAlias(c *awsapi.Call, in *api.CreateAccountAliasInput) (*api.CreateAccountAliasOutput, error) {
	switch {
	case !aliasForm.MatchString(in.AccountAlias) || strings.Contains(in.AccountAlias, "--"):
		return nil, granary.Errorf(granary.Invalid, "1 validation error detected: Value '%s' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", in.AccountAlias)
	case granary.AccountID(in.AccountAlias).Valid():
		return nil, granary.Errorf(granary.Invalid, "The account alias %s is in the form of an account number.", in.AccountAlias).WithCode("InvalidInput")
	}
	a := &granary.AccountAlias{Account: c.Caller.Account, Alias: in.AccountAlias}
	return &api.CreateAccountAliasOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		_, err := tx.AccountAliases.Get(a.Account)
		switch {
		case granary.Is(err, granary.NotFound):
			err = tx.AccountAliases.Create(a)
		case err == nil:
			err = tx.AccountAliases.Update(a)
		}
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "The account alias %s already exists.", a.Alias)
		}
		return err
	})
}

func (s *service) deleteAlias(c *awsapi.Call, in *api.DeleteAccountAliasInput) (*api.DeleteAccountAliasOutput, error) {
	return &api.DeleteAccountAliasOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.AccountAliases.Get(c.Caller.Account)
		if granary.Is(err, granary.NotFound) || err == nil && a.Alias != in.AccountAlias {
			return granary.Errorf(granary.NotFound, "The account alias %s cannot be found.", in.AccountAlias)
		}
		if err != nil {
			return err
		}
		return tx.AccountAliases.Delete(c.Caller.Account)
	})
}

func (s *service) listAliases(c *awsapi.Call, in *api.ListAccountAliasesInput) (*api.ListAccountAliasesOutput, error) {
	out := &api.ListAccountAliasesOutput{}
	var all []string
	err := s.DB.View(c, func(tx *store.Tx) error {
		a, err := tx.AccountAliases.Get(c.Caller.Account)
		if err == nil {
			all = []string{a.Alias}
		}
		if granary.Is(err, granary.NotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.AccountAliases, out.IsTruncated, out.Marker, err = cut(all, itself, in.Marker, in.MaxItems)
	return out, err
}
