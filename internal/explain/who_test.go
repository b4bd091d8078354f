package explain_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

type holding struct {
	GranteeType, PrincipalArn, UserId, UserName, GroupId, GroupName, AccessGrantId, GrantScope, Permission, ApplicationArn,
	Note, NarrowerAccessGrantId, Part, Policy string
	Effective bool
}

// list asks for page after page, and leaves the grants for all that was asked for.
func list(t *testing.T, w *world.World, operation string, in map[string]any, size int) []holding {
	t.Helper()
	return slices.DeleteFunc(listAll(t, w, operation, in, size),
		func(h holding) bool { return h.Part != "" || h.Policy != "" })
}

// listAll asks for page after page.
func listAll(t *testing.T, w *world.World, operation string, in map[string]any, size int) (all []holding) {
	t.Helper()
	in["MaxResults"] = size
	delete(in, "NextToken")
	for range 100_000 {
		var page struct {
			Holdings  []holding
			NextToken string
		}
		if err := client.Ask(t.Context(), w.Env, operation, in, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Holdings) > size {
			t.Fatalf("%d of %d on a page", len(page.Holdings), size)
		}
		all = append(all, page.Holdings...)
		if page.NextToken == "" {
			return all
		}
		in["NextToken"] = page.NextToken
	}
	t.Fatal("pages without end")
	return nil
}

// For worlds of generated grants, who lists exactly the people for whom GetDataAccess vends, by grants of which one is
// the one that it vends by; and can lists the same from the other side.
func TestWhoIsExactlyWhoIsVendedTo(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	x := s3control.NewFromConfig(c.AWS(c.Root()))
	for _, id := range c.Grants {
		worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: &id}))
	}
	bearers := map[string]client.Key{}
	for _, p := range corp.People {
		if !p.Deactivated {
			bearers[p.Login] = worldtest.Must[client.Key](t)(c.As(ctx, p.Login))
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	scopes := []string{"*", "a/*", "a/b/*", "a/b*", "a/b/c", "d/*", "a/*d"}
	permissions := []string{"READ", "WRITE", "READWRITE"}
	targets := []string{"*", "a/*", "a/b/*", "a/b/c", "a/b/c/d", "a/bx", "d/x*", "", "e"}
	granted := 0
	for range 60 {
		kind, id := s3ctypes.GranteeTypeDirectoryUser, c.Users[corp.People[r.IntN(len(corp.People))].Login]
		switch r.IntN(5) {
		case 0, 1:
			kind, id = s3ctypes.GranteeTypeDirectoryGroup, c.Groups[pick(corp.Groups)]
		case 2:
			kind, id = s3ctypes.GranteeTypeIam, pick([]string{c.WebApp, c.Location})
		}
		scope := pick(scopes)
		if scope == "*" && r.IntN(5) > 0 {
			scope = pick(scopes[1:]) // where many have everything, little is refused
		}
		in := &s3control.CreateAccessGrantInput{AccountId: &c.Account, AccessGrantsLocationId: aws.String("default"),
			Permission: s3ctypes.Permission(pick(permissions)),
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
				S3SubPrefix: aws.String(corp.Bucket + "/" + scope)},
			Grantee: &s3ctypes.Grantee{GranteeType: kind, GranteeIdentifier: &id}}
		if r.IntN(4) == 0 && kind != s3ctypes.GranteeTypeIam {
			in.ApplicationArn = &c.Application
		}
		if made, err := x.CreateAccessGrant(ctx, in); err == nil {
			granted++
			if r.IntN(6) == 0 {
				worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx,
					&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: made.AccessGrantId}))
			}
		}
	}
	compared, people, inside := 0, 0, 0
	byPerson := map[string][]string{}
	for _, at := range targets {
		for _, permission := range permissions {
			target := "s3://" + corp.Bucket + "/" + at
			var all []holding
			for i, size := range []int{1, 3, 1000} {
				got := listAll(t, c.World, "ListWhoCanAccess", map[string]any{"Target": target, "Permission": permission}, size)
				if i > 0 && !slices.Equal(got, all) {
					t.Fatalf("%s %s: pages of %d tell other than pages of 1", target, permission, size)
				}
				all = got
			}
			for login, key := range bearers {
				var by, parts []holding
				for _, h := range all {
					if h.UserName == login && h.Part != "" {
						parts = append(parts, h)
					} else if h.UserName == login {
						if !h.Effective || h.UserId != c.Users[login] {
							t.Errorf("%+v", h)
						}
						by = append(by, h)
						byPerson[login] = append(byPerson[login], h.AccessGrantId)
					}
				}
				_, answer, err := c.Vend(ctx, key, target, permission)
				compared++
				for _, h := range parts { // each part is vended by itself, and lies inside of the target
					if _, _, err := c.Vend(ctx, key, h.Part, permission); err != nil ||
						!strings.HasPrefix(h.Part, strings.TrimSuffix(target, "*")) || h.Part == target {
						t.Errorf("%s: %s on %s: who says %+v, GetDataAccess says %v", login, permission, target, h, err)
					}
					inside++
				}
				if (err == nil) != (len(by) > 0) {
					t.Errorf("%s: %s on %s: who has %+v, GetDataAccess says %v", login, permission, target, by, err)
					continue
				}
				var as worldtest.Explained
				if aerr := client.Ask(ctx, c.Env, "ExplainAccess",
					map[string]any{"User": login, "Target": target, "Permission": permission, "Role": c.Bearer}, &as); aerr != nil ||
					as.Allowed != (err == nil) {
					t.Errorf("%s: %s on %s: explained as %+v (%v), GetDataAccess says %v", login, permission, target, as, aerr, err)
				}
				if err != nil {
					continue
				}
				people++
				best := slices.IndexFunc(by, func(h holding) bool {
					return h.NarrowerAccessGrantId == "" && h.GrantScope == *answer.MatchedGrantTarget
				})
				if best < 0 {
					t.Errorf("%s: vended %s, and none of %+v is that", login, *answer.MatchedGrantTarget, by)
				}
			}
			for _, h := range all {
				switch {
				case h.UserName == worldtest.Erin && (h.Effective || h.Note != "deactivated"):
					t.Errorf("deactivated, and %+v", h)
				case h.GranteeType == "IAM" && (h.PrincipalArn == "" || !h.Effective || h.UserId != ""):
					t.Errorf("%+v", h)
				}
			}
		}
	}
	if people < 20 || compared-people < 20 || inside < 20 {
		t.Errorf("of %d comparisons %d vended, and %d parts: a world like that proves little", compared, people, inside)
	}
	t.Logf("%d grants; of %d comparisons %d vended", granted, compared, people)
	for login := range bearers {
		want := byPerson[login]
		slices.Sort(want)
		var got []string
		for i, size := range []int{1, 1000} {
			var page []string
			for _, h := range list(t, c.World, "ListUserAccess", map[string]any{"User": strings.ToUpper(login)}, size) {
				page = append(page, h.AccessGrantId)
			}
			if i > 0 && !slices.Equal(page, got) {
				t.Fatalf("%s: pages of %d tell other than pages of 1", login, size)
			}
			got = page
		}
		slices.Sort(got)
		for _, id := range slices.Compact(want) {
			if !slices.Contains(got, id) {
				t.Errorf("%s reaches something by %s, and can does not say so", login, id)
			}
		}
		if len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("%s: a grant is told twice", login)
		}
	}
}

// Who may ask is who owns the grants and the people, with leave; the management account may ask about every account.
func TestOthersLearnNothingFromExplanations(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := iam.NewFromConfig(c.AWS(c.Root()))
	admin := worldtest.MakeAdministrator(t, c.World)
	m := worldtest.JoinAccount(t, c.World, admin, "other")
	_, _, err := c.Vend(ctx, worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Hugo)), "s3://"+corp.Bucket+"/finance/*",
		"READ")
	id := worldtest.DecisionID(t, err)
	asks := map[string]map[string]any{
		"ExplainDecision":  {"DecisionId": id},
		"ExplainAccess":    {"User": worldtest.Alice, "Target": "s3://" + corp.Bucket + "/finance/*"},
		"ListWhoCanAccess": {"Target": "s3://" + corp.Bucket + "/finance/*"},
		"ListUserAccess":   {"User": worldtest.Alice},
	}
	for operation, in := range asks {
		err := client.Ask(ctx, worldtest.EnvOf(c.World, c.Machine), operation, in, nil)
		if err == nil || !strings.Contains(err.Error(), "not authorized to perform: granary:"+operation) {
			t.Errorf("%s without a policy: %v", operation, err)
		}
		in := map[string]any{"AccountId": c.Account}
		for k, v := range asks[operation] {
			in[k] = v
		}
		if operation == "ExplainDecision" {
			delete(in, "AccountId")
		}
		err = client.Ask(ctx, worldtest.EnvOf(c.World, m.Key), operation, in, nil)
		if err == nil || strings.Contains(err.Error(), c.Users[worldtest.Hugo]) {
			t.Errorf("%s from another account: %v", operation, err)
		}
		if operation == "ExplainDecision" && !strings.Contains(fmt.Sprint(err), "There is no decision") {
			t.Errorf("another account's decision: %v", err)
		}
	}
	// With leave: each operation on its own resource, and on no other.
	put := func(statements string) {
		worldtest.Must[*iam.PutUserPolicyOutput](t)(root.PutUserPolicy(ctx,
			&iam.PutUserPolicyInput{UserName: aws.String("machine"),
				PolicyName: aws.String("explain"), PolicyDocument: aws.String(worldtest.Policy(statements))}))
	}
	instance := "arn:aws:s3:" + c.Region + ":" + c.Account + ":access-grants/default"
	store := "arn:aws:identitystore::" + c.Account + ":identitystore/" + c.Store
	put(`{"Effect":"Allow","Action":"granary:*","Resource":"` + instance + `"}`)
	if err := client.Ask(ctx, worldtest.EnvOf(c.World, c.Machine), "ListWhoCanAccess", asks["ListWhoCanAccess"],
		nil); err == nil ||
		!strings.Contains(err.Error(), store) {
		t.Errorf("without the identity store: %v", err)
	}
	put(`{"Effect":"Allow","Action":"granary:List*","Resource":["` + instance + `","` + store + `"]}`)
	var page struct{ Holdings []holding }
	if err := client.Ask(ctx, worldtest.EnvOf(c.World, c.Machine), "ListWhoCanAccess", asks["ListWhoCanAccess"],
		&page); err != nil ||
		len(page.Holdings) == 0 {
		t.Errorf("with leave: %v", err)
	}
	if err := client.Ask(ctx, worldtest.EnvOf(c.World, c.Machine), "ExplainAccess", asks["ExplainAccess"], nil); err ==
		nil {
		t.Error("explained without leave")
	}
	// Bad questions are answered in words.
	for operation, in := range map[string]map[string]any{
		"ListWhoCanAccess": {"Target": "s3://" + corp.Bucket + "/a*b"},
		"ExplainAccess":    {"User": worldtest.Alice, "Target": "nonsense"},
		"ListUserAccess":   {"User": "nobody"},
		"ExplainDecision":  {"DecisionId": "0190f5c0-0000-7000-8000-000000000000"},
	} {
		if err := client.Ask(ctx, c.Env, operation, in, nil); err == nil || len(err.Error()) < 20 {
			t.Errorf("%s %v: %v", operation, in, err)
		}
	}
	// A token is good for the list that gave it.
	next := func(operation string, in map[string]any) string {
		t.Helper()
		var page struct{ NextToken string }
		in["MaxResults"] = 1
		if err := client.Ask(ctx, c.Env, operation, in, &page); err != nil || page.NextToken == "" {
			t.Fatalf("%s: a token is %q, %v", operation, page.NextToken, err)
		}
		return page.NextToken
	}
	who := next("ListWhoCanAccess", map[string]any{"Target": "s3://" + corp.Bucket + "/finance/drafts/*"})
	can := next("ListUserAccess", map[string]any{"User": worldtest.Grace})
	for _, x := range []struct {
		operation, target, user, permission, token string
		good                                       bool
	}{
		{"ListWhoCanAccess", "finance/drafts/*", "", "READ", who, true},
		{"ListUserAccess", "", c.Users[worldtest.Grace], "", can, true},
		{"ListWhoCanAccess", "finance/drafts/*", "", "WRITE", who, false}, {"ListWhoCanAccess", "finance/*", "", "READ", who,
			false}, {"ListWhoCanAccess", "finance/drafts/*", "", "READ", can, false},
		{"ListUserAccess", "", worldtest.Alice, "", can, false}, {"ListUserAccess", "", worldtest.Grace, "", who, false},
		{"ListUserAccess", "", worldtest.Grace, "", "e30=", false},
		{"ListWhoCanAccess", "finance/*", "", "READ", "x", false},
		{"ListWhoCanAccess", "finance/*", "", "READ", "bm9uc2Vuc2U=", false},
		{"ListWhoCanAccess", "finance/*", "", "READ", "e30=", false},
	} {
		in := map[string]any{"NextToken": x.token}
		if x.user != "" {
			in["User"] = x.user
		} else {
			in["Target"], in["Permission"] = "s3://"+corp.Bucket+"/"+x.target, x.permission
		}
		if err := client.Ask(ctx, c.Env, x.operation, in, nil); (err == nil) != x.good || err != nil &&
			!strings.Contains(err.Error(), "NextToken") {
			t.Errorf("%+v: %v", x, err)
		}
	}
	// The member's own refusals are its own, and the management account's to see.
	_, err = iam.NewFromConfig(c.AWS(client.Key{ID: m.Key.ID, Secret: m.Key.Secret + "x", Token: m.Key.Token})).
		ListUsers(ctx, &iam.ListUsersInput{})
	worldtest.BrokenAt(t, c.World, worldtest.DecisionID(t, err), "key", "", "UNKNOWN")
}
