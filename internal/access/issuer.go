package access

import (
	"granary"
	"granary/internal/cause"
	"granary/internal/index"
)

// Administers reports whether an account administers an Identity Center instance: its owner does, and for the
// organization's instance the delegated administrator (identity-center §2).
func Administers(x *index.Index, i *granary.IdentityCenter, a granary.AccountID) bool {
	return i.Account == a || i.Organization && x.Org.Organization().Delegate(a, granary.IdentityCenterService)
}

// IssuerRule says who decides which identity providers vouch for the people of a directory. Whoever makes a trusted
// token issuer can sign a token for anybody in the directory, so this is for those who administer the directory's
// instance.
type IssuerRule struct {
	Index   *index.Index
	Members bool // every account that sees the instance decides too, as on AWS (identity.member_issuers)
}

// MayMake reports whether an account makes, changes and deletes trusted token issuers of an instance.
func (r IssuerRule) MayMake(i *granary.IdentityCenter, a granary.AccountID) bool {
	return Administers(r.Index, i, a) || r.Members && i.Organization
}

// Issuer is a trusted token issuer that vouches for people now. It fails with NotFound when it was deleted, and with
// Invalid when the account that it belongs to was closed, or does not decide who vouches for people.
func (r IssuerRule) Issuer(arn granary.ARN) (*granary.Issuer, error) {
	t, ok := r.Index.Center.Issuer(arn)
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "The trusted token issuer %s was deleted.", arn)
	}
	return t, r.Vouches(t)
}

// Vouches says why an issuer does not vouch for people, nil when it does.
func (r IssuerRule) Vouches(t *granary.Issuer) error {
	refuse := func(c granary.Cause, format string, args ...any) error {
		return granary.Errorf(granary.Invalid, format, args...).At(c, "issuer", t.URL, "issuerArn",
			string(t.ARN()))
	}
	if r.Index.Org.Closed(t.Account) {
		return refuse(cause.IssuerClosed,
			"The trusted token issuer of %s belongs to the account %s, which was closed.", t.URL,
			t.Account)
	}
	if i, ok := r.Index.Center.InstanceByID(t.Instance); !ok || !r.MayMake(i, t.Account) {
		return refuse(cause.IssuerMember,
			"The trusted token issuer of %s belongs to the account %s, which does not administer the "+
				"directory: "+
				"only the management account and the delegated administrator say who vouches for its people.", t.URL, t.Account)
	}
	return nil
}
