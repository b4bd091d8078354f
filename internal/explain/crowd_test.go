package explain_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary"
	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// question is one that who is asked.
type question struct {
	target string
	object bool
	asked  granary.Permission
}

func (q question) in() map[string]any {
	in := map[string]any{"Target": q.target, "Permission": q.asked.String(), "WholeTarget": true}
	if q.object {
		in["TargetType"] = "Object"
	}
	return in
}

// question makes one up: near a grant, or at the places where crowds are.
func (c *crowded) question() question {
	q := question{asked: []granary.Permission{granary.Read, granary.Read, granary.Write, granary.ReadWrite}[c.r.IntN(4)]}
	near := c.grants[c.r.IntN(len(c.grants))].Scope
	switch c.r.IntN(5) {
	case 0:
		q.target = near
	case 1:
		q.target = strings.TrimSuffix(near, "*") + c.pick(segments)
	case 2:
		q.target = strings.TrimSuffix(near, "*") + c.pick([]string{"x", "a", "finance"}) + "/" + c.pick(segments) + "x*"
	case 3:
		q.target, q.object = near, true
	default:
		q.target = strings.TrimRight(near, "*/")
	}
	if key := strings.TrimSuffix(strings.TrimPrefix(q.target, "s3://"), "*"); strings.Contains(key, "*") ||
		strings.HasSuffix(q.target, "*") && strings.Contains("/"+q.target+"/", "/.") {
		q.object = true // else it is no target
	}
	if r := []rune(q.target); len(r) > 2000 {
		q.target, q.object = string(r[:2000]), true
	}
	return q
}

// crowdSize is how many grants there are, and of which generated world.
func crowdSize(t *testing.T) (n int, seed uint64) {
	n, seed = 20_000, 1 // the same each time, until night
	var err error
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
		seed = rand.Uint64()
	}
	if text := os.Getenv("GRANARY_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("GRANARY_SEED=%d", seed)
	return n, seed
}

// compare holds a list against the one that is believed, row by row.
func (c *crowded) compare(t *testing.T, what string, got, want []holding) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%s: ends after %d of %d, before\n  %+v", what, i, len(want), want[i])
		case i >= len(want):
			t.Fatalf("%s: goes on after %d, with\n  %+v", what, i, got[i])
		case got[i] != want[i]:
			t.Fatalf("%s: row %d of %d is\n  %+v, not\n  %+v", what, i, len(want), got[i], want[i])
		}
	}
}

// Of very many grants, who and can tell exactly what a plain walk through all of them tells: every row, in order, once,
// on pages of any size; and GetDataAccess vends by what they say.
func TestWhoAndCanTellWhatTheListOfAllGrantsTells(t *testing.T) {
	n, seed := crowdSize(t)
	began := time.Now()
	c := makeCrowd(t, n, seed)
	took := func() string { d := time.Since(began).Round(time.Millisecond); began = time.Now(); return d.String() }
	t.Logf("%d grants, %d people, %d groups written and started in %s", len(c.grants), len(c.people), len(c.groups),
		took())

	counts := map[string]int{}
	sizes := []int{1000, 1000, 997, 300, 100}
	var asked []question
	questions := []question{{target: "s3://" + corp.Bucket + "/" + hot, asked: granary.Read},
		{target: "s3://" + corp.Bucket + "/hot/x", asked: granary.Write},
		{target: "s3://" + corp.Bucket + "/" + drop, asked: granary.Read},
		{target: "s3://" + corp.Bucket + "/" + drop, asked: granary.Write},
		{target: "s3://" + corp.Bucket, asked: granary.ReadWrite}, {target: "s3://crowd.b/" + drop, asked: granary.Read}}
	for range 100 {
		questions = append(questions, c.question())
	}
	for i, q := range questions {
		want := c.who(q.target, q.object, q.asked)
		size := sizes[i%len(sizes)]
		if len(want) < 60 {
			size = 1 + c.r.IntN(7)
		}
		c.compare(t, fmt.Sprintf("who %q %v, on pages of %d", q.target, q.asked, size),
			list(t, c.World, "ListWhoCanAccess", q.in(), size), want)
		counts["who"]++
		counts["rows of who"] += len(want)
		for _, h := range want {
			counts[strings.TrimSpace("by "+h.GranteeType+" "+h.Note)]++
			if h.NarrowerAccessGrantId != "" {
				counts["narrower"]++
			}
		}
		if len(want) > 1 {
			asked = append(asked, q)
		}
	}
	t.Logf("who: %d targets, %d rows in %s", counts["who"], counts["rows of who"], took())

	people := append([]granary.UserID{c.long, c.users[1]}, c.users[len(c.users)/2:][:10]...)
	for range 100 {
		people = append(people, c.users[c.r.IntN(len(c.users))])
	}
	for i, u := range people {
		about := c.people[u]
		if about == nil { // who left
			if err := client.Ask(t.Context(), c.Env, "ListUserAccess", map[string]any{"User": string(u)}, nil); err == nil ||
				!strings.Contains(err.Error(), "has no user") {
				t.Errorf("can of a deleted user: %v", err)
			}
			counts["who left"]++
			continue
		}
		want := c.can(u)
		name := []string{string(u), about.UserName, strings.ToUpper(about.UserName)}[i%3]
		size := []int{1 + c.r.IntN(7), 1000}[min(len(want)/200, 1)]
		c.compare(t, fmt.Sprintf("can %s, on pages of %d", name, size),
			list(t, c.World, "ListUserAccess", map[string]any{"User": name}, size), want)
		counts["can"]++
		counts["rows of can"] += len(want)
		if about.Disabled {
			counts["deactivated"]++
		}
	}
	t.Logf("can: %d people, %d rows in %s", counts["can"], counts["rows of can"], took())

	c.vended(t, asked, counts)
	t.Logf("GetDataAccess: %d asked, %d vended in %s", counts["asked"], counts["vended"], took())
	c.meanwhile(t, counts)
	t.Logf("lists while grants come and go: %d changes, %d rows in %s", counts["changes"], counts["rows meanwhile"],
		took())
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%8d %s", counts[what], what)
	}
	for what, least := range map[string]int{"by IAM": 20, "by IAM there is no such role or IAM user": 1,
		"by DIRECTORY_USER": 50, "by DIRECTORY_USER deactivated": 3, "by DIRECTORY_USER the user is not in the directory": 2,
		"by DIRECTORY_GROUP": 200, "by DIRECTORY_GROUP deactivated": 10, "by DIRECTORY_USER the location's role " +
			c.Location + "-deaf does not trust Access Grants": 1, "narrower": 50, "who left": 1, "deactivated": 2,
		"vended": 30, "refused": 30} {
		if counts[what] < least {
			t.Errorf("%d %s: a world like that proves little", counts[what], what)
		}
	}
}

// vended asks GetDataAccess in the name of people of the crowd, and holds its answers against who.
func (c *crowded) vended(t *testing.T, asked []question, counts map[string]int) {
	ctx := t.Context()
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	for range 30 {
		q := asked[c.r.IntN(len(asked))]
		rows := c.who(q.target, q.object, q.asked)
		u := granary.UserID(rows[c.r.IntN(len(rows))].UserId)
		if about := c.people[u]; about == nil || about.Disabled {
			continue
		}
		token := worldtest.Must[string](t)(c.Provider.Issue(worldtest.Alice, corp.ClientID,
			func(claims map[string]any) { claims["preferred_username"] = c.people[u].UserName }))
		tokens, err := c.Exchange(ctx, app, token)
		if err != nil {
			t.Fatal(err)
		}
		bearer := worldtest.Must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "crowd",
			*tokens.AwsAdditionalDetails.IdentityContext))
		x := s3control.NewFromConfig(c.AWS(bearer))
		for _, q := range append([]question{q}, asked[c.r.IntN(len(asked)-5):][:5]...) {
			b := best(c.covering(q.target, q.object, q.asked), c.ids(u), granary.ARN(c.Application), q.asked)
			in := &s3control.GetDataAccessInput{AccountId: &c.Account, Target: &q.target,
				Permission: s3ctypes.Permission(q.asked.String())}
			if q.object {
				in.TargetType = s3ctypes.S3PrefixTypeObject
			}
			out, err := x.GetDataAccess(ctx, in)
			counts["asked"]++
			switch {
			case b == nil || c.deaf[b.Location] != "":
				counts["refused"]++
				if err == nil {
					t.Errorf("%s: %v on %q: vended %s, and the list says %+v", u, q.asked, q.target, *out.MatchedGrantTarget, b)
				}
			case err != nil:
				t.Errorf("%s: %v on %q: %v, and the list says %+v", u, q.asked, q.target, err, b)
			default:
				counts["vended"]++
				if *out.MatchedGrantTarget != b.Scope {
					t.Errorf("%s: %v on %q: vended %s, and the list says %s", u, q.asked, q.target, *out.MatchedGrantTarget, b.Scope)
				}
			}
		}
	}
}

// meanwhile changes grants and memberships between the pages of a list: what was there from beginning to end is told
// once, and in its place; of what came or went the list may tell.
func (c *crowded) meanwhile(t *testing.T, counts map[string]int) {
	ctx := t.Context()
	root := c.AWS(c.Root())
	grants, people := s3control.NewFromConfig(root), identitystore.NewFromConfig(root)
	var groups []granary.GroupID
	for _, g := range c.groupIDs[1:30] {
		if c.groups[g] != nil {
			groups = append(groups, g)
		}
	}
	// give makes a grant to somebody; false when there is such a one.
	give := func(to granary.Grantee, sub string) bool {
		made, err := grants.CreateAccessGrant(ctx, &s3control.CreateAccessGrantInput{AccountId: &c.Account,
			AccessGrantsLocationId: aws.String("default"), Permission: s3ctypes.PermissionRead,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
				S3SubPrefix: aws.String(corp.Bucket + "/" + sub)},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeType(to.Type.String()), GranteeIdentifier: &to.ID}})
		if err == nil {
			c.grants = append(c.grants, &granary.Grant{Account: granary.AccountID(c.Account), Region: c.Region,
				ID: granary.GrantID(*made.AccessGrantId), Location: "default", Scope: *made.GrantScope, Grantee: to,
				Permission: granary.Read, Created: *made.CreatedAt})
		}
		return err == nil
	}
	for i := range 40 { // a place that is not too crowded
		give(granary.Grantee{Type: granary.GranteeUser, ID: string(c.users[i*len(c.users)/50])}, "meet/*")
		give(granary.Grantee{Type: granary.GranteeGroup, ID: string(groups[i%len(groups)])},
			[]string{"meet/*", "meet/x"}[i*2/len(groups)%2])
	}
	for round := range 8 {
		q := question{target: "s3://" + corp.Bucket + "/meet/x", asked: granary.Read}
		u := c.users[len(c.users)-1-round]
		for c.people[u] == nil || len(c.in[u]) == 0 {
			u = c.users[c.r.IntN(len(c.users))]
		}
		operation, in := "ListWhoCanAccess", q.in()
		before := func() []holding { return c.who(q.target, q.object, q.asked) }
		if round%2 == 1 {
			operation, in = "ListUserAccess", map[string]any{"User": string(u)}
			before = func() []holding { return c.can(u) }
		}
		seen := map[holding]bool{} // that ever was
		lasting := map[holding]bool{}
		for _, h := range before() {
			seen[h], lasting[h] = true, true
		}
		change := func() {
			counts["changes"]++
			switch c.r.IntN(4) {
			case 0: // a grant to the person comes
				if !give(granary.Grantee{Type: granary.GranteeUser, ID: string(u)},
					c.pick([]string{"m*", "meet/*", "meet/x", "meet/x*", "me*", "z*", "z/z*"})) {
					return
				}
			case 1: // one that is told goes
				rows := before()
				if len(rows) == 0 {
					return
				}
				id := rows[c.r.IntN(len(rows))].AccessGrantId
				if i := slices.IndexFunc(c.grants, func(g *granary.Grant) bool { return string(g.ID) == id }); i >= 0 {
					worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(grants.DeleteAccessGrant(ctx,
						&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: &id}))
					c.grants = slices.Delete(c.grants, i, i+1)
				}
			case 2: // somebody joins a group
				g, m := groups[c.r.IntN(len(groups))], c.users[c.r.IntN(len(c.users))]
				if c.people[m] == nil || slices.Contains(c.in[m], g) {
					return
				}
				made := worldtest.Must[*identitystore.CreateGroupMembershipOutput](t)(people.CreateGroupMembership(ctx,
					&identitystore.CreateGroupMembershipInput{IdentityStoreId: &c.Store, GroupId: aws.String(string(g)),
						MemberId: &idtypes.MemberIdMemberUserId{Value: string(m)}}))
				c.members[g] = append(c.members[g], &granary.Membership{ID: *made.MembershipId, Group: g, User: m})
				slices.SortFunc(c.members[g], func(a, b *granary.Membership) int { return strings.Compare(a.ID, b.ID) })
				c.in[m] = append(c.in[m], g)
			case 3: // the person leaves a group
				if len(c.in[u]) == 0 {
					return
				}
				g := c.in[u][c.r.IntN(len(c.in[u]))]
				i := slices.IndexFunc(c.members[g], func(m *granary.Membership) bool { return m.User == u })
				worldtest.Must[*identitystore.DeleteGroupMembershipOutput](t)(people.DeleteGroupMembership(ctx,
					&identitystore.DeleteGroupMembershipInput{IdentityStoreId: &c.Store, MembershipId: &c.members[g][i].ID}))
				c.members[g] = slices.Delete(c.members[g], i, i+1)
				c.in[u] = slices.DeleteFunc(c.in[u], func(o granary.GroupID) bool { return o == g })
			}
			now := map[holding]bool{}
			for _, h := range before() {
				seen[h], now[h] = true, true
			}
			maps.DeleteFunc(lasting, func(h holding, _ bool) bool { return !now[h] })
		}
		var got []holding
		in["MaxResults"] = min(max(1, len(seen)/40), 1000)
		for {
			var page struct {
				Holdings  []holding
				NextToken string
			}
			if err := client.Ask(ctx, c.Env, operation, in, &page); err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Holdings {
				if h.Policy == "" {
					got = append(got, h)
				}
			}
			if page.NextToken == "" {
				break
			}
			in["NextToken"] = page.NextToken
			change()
		}
		counts["rows meanwhile"] += len(got)
		for _, h := range got {
			if !seen[h] {
				t.Fatalf("%s: %+v never was", operation, h)
			}
		}
		var want []holding
		for _, h := range before() {
			if lasting[h] {
				want = append(want, h)
			}
		}
		c.compare(t, operation+" meanwhile", slices.DeleteFunc(got, func(h holding) bool { return !lasting[h] }), want)
	}
}
