package explain

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/store"
)

// crowded is a directory of many people who all have a grant on one prefix by name, and all are in one group with
// another.
func crowded(b testing.TB, people int) *Explainer {
	b.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(b.TempDir(), "state.db"), make([]byte, 32))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	const account, region = granary.AccountID("111122223333"), "us-east-1"
	center := &granary.IdentityCenter{ID: "ssoins-1", Account: account, Region: region, Store: "d-1"}
	group := granary.Grantee{Type: granary.GranteeGroup, ID: "g-all"}
	grant := func(g granary.Grantee, scope string) *granary.Grant {
		return &granary.Grant{Account: account, Region: region, ID: granary.GrantID(granary.UUID()), Location: "default",
			Scope: scope, Grantee: g, Permission: granary.Read}
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		for _, err := range []error{tx.IdentityCenters.Create(center),
			tx.Groups.Create(&granary.Group{Store: "d-1", ID: "g-all", DisplayName: "All"}),
			tx.GrantsInstances.Create(&granary.GrantsInstance{Account: account, Region: region, IdentityCenter: center.ARN()}),
			tx.Locations.Create(&granary.Location{Account: account, Region: region, ID: "default", Scope: "s3://"}),
			tx.Grants.Create(grant(group, "s3://reports/all/*"))} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	for from := 0; err == nil && from < people; from += 2000 {
		err = db.Update(ctx, func(tx *store.Tx) error {
			for i := from; i < min(from+2000, people); i++ {
				id := granary.UserID(fmt.Sprintf("u-%08d", i))
				if err := tx.Users.Create(&granary.User{Store: "d-1", ID: id, UserName: string(id)}); err != nil {
					return err
				}
				if err := tx.Memberships.Create(&granary.Membership{Store: "d-1", ID: granary.UUID(), Group: "g-all",
					User: id}); err != nil {
					return err
				}
				if err := tx.Grants.Create(grant(granary.Grantee{Type: granary.GranteeUser, ID: string(id)},
					"s3://reports/all/finance/*")); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	x, err := index.Open(ctx, db)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(x.Close)
	return &Explainer{DB: db, Index: x, Authn: &authn.Authenticator{Index: x, Now: time.Now},
		Authz: &authz.Authorizer{Index: x}, Region: region, Now: time.Now}
}

// BenchmarkWho walks all pages of who, of 100 each: a page costs the same at the beginning and at the end.
func BenchmarkWho(b *testing.B) {
	for _, people := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			x := crowded(b, people)
			target, err := grants.ParseTarget("s3://reports/all/finance/q3.csv", false)
			if err != nil {
				b.Fatal(err)
			}
			next, told := "", 0
			b.ResetTimer()
			for range b.N {
				page, err := x.Who(context.Background(), Who{Account: "111122223333", Target: target, Permission: granary.Read,
					Whole: true, After: next, Limit: 100})
				if err != nil {
					b.Fatal(err)
				}
				told += len(page.Holdings)
				if next = page.Next; next == "" {
					if told != 2*people && told != 0 && b.N > 2*people/100 {
						b.Logf("%d told of %d people with two grants each", told, people)
					}
					told = 0
				}
			}
		})
	}
}
