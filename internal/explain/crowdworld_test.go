package explain_test

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	"granary"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/store"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// crowded is a company with very many grants, and the list of them that is believed.
type crowded struct {
	*world.Company
	*crowd
	r         *rand.Rand
	locations map[string]granary.LocationID // scope, without its star → id
	others    []granary.ARN                 // applications that grants are bound to, the company's among them
	long      granary.UserID                // who holds grants on the longest scopes
	users     []granary.UserID              // in the order they were made
	groupIDs  []granary.GroupID
}

// segments are what keys are made of: few, so that scopes nest and neighbour, and with everything that means something
// somewhere.
var segments = []string{"a", "b", "ab", "fin", "finance", "..", ".", "", "é", "\U0001F4C4", " ", "%2F", `\`, `"`, "<&>",
	"a+b", "?", "${aws:username}", "B", "\u2028"}

const (
	hot  = "hot/*"  // where a crowd has grants by name, and everybody through a group
	drop = "drop/*" // where a crowd may write, and few may read
)

// makeCrowd makes a company and writes about n grants into the state of the stopped server, with the people and groups
// they are for: by the APIs it would take an hour.
func makeCrowd(t *testing.T, n int, seed uint64) *crowded {
	t.Helper()
	ctx := t.Context()
	config := server.Defaults()
	config.Data, config.API, config.Web = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	quiet := slog.New(slog.DiscardHandler)
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0", quiet))
	t.Cleanup(func() { w.Stop() })
	c := &crowded{Company: worldtest.Must[*world.Company](t)(w.Settle(ctx)), r: rand.New(rand.NewPCG(seed, 1)),
		locations: map[string]granary.LocationID{"s3://": "default"},
		crowd: &crowd{people: map[granary.UserID]*granary.User{}, groups: map[granary.GroupID]*granary.Group{},
			members: map[granary.GroupID][]*granary.Membership{},
			in:      map[granary.UserID][]granary.GroupID{}, deaf: map[granary.LocationID]string{}, nobody: map[string]bool{}}}
	c.others = []granary.ARN{granary.ARN(c.Application),
		granary.ARN(strings.Replace(c.Application, "/apl-", "/apl-f", 1)[:len(c.Application)])}
	c.places(t)
	api, web := worldtest.Must[*url.URL](t)(url.Parse(w.Env.Get("HTTP_PROXY"))),
		worldtest.Must[*url.URL](t)(url.Parse(w.Server.WebURL()))
	config.API, config.Web, config.Identity.AllowPrivateIssuers = api.Host, web.Host, true
	if err := w.Server.Stop(); err != nil {
		t.Fatal(err)
	}
	db := worldtest.Must[*store.DB](t)(server.OpenState(ctx, config))
	if err := errors.Join(c.fill(ctx, db, n), db.Close()); err != nil {
		t.Fatal(err)
	}
	w.Server = worldtest.Must[*server.Server](t)(server.Start(context.Background(), config, quiet))
	return c
}

// places registers locations, some of whose roles do not do.
func (c *crowded) places(t *testing.T) {
	root := c.AWS(c.Root())
	x, grants := iam.NewFromConfig(root), s3control.NewFromConfig(root)
	for _, name := range []string{"crowd-a", "crowd-ab", "crowd.b"} {
		worldtest.Must[*s3.CreateBucketOutput](t)(c.S3(c.Root()).CreateBucket(t.Context(),
			&s3.CreateBucketInput{Bucket: &name}))
	}
	deaf := c.Location + "-deaf"
	worldtest.Must[*iam.CreateRoleOutput](t)(x.CreateRole(t.Context(),
		&iam.CreateRoleInput{RoleName: aws.String("s3ag-location-deaf"),
			AssumeRolePolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + c.Account +
				`"},"Action":"sts:AssumeRole"}`))}))
	for scope, role := range map[string]string{"s3://crowd-a/": deaf, "s3://crowd-ab/fin*": c.Location,
		"s3://crowd.b/a/b/": c.Location, "s3://crowd.b/finance/*": deaf} {
		made := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(grants.CreateAccessGrantsLocation(t.Context(),
			&s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account, LocationScope: &scope, IAMRoleArn: &role}))
		id := granary.LocationID(*made.AccessGrantsLocationId)
		c.locations[strings.TrimSuffix(scope, "*")] = id
		if role == deaf {
			c.deaf[id] = role
		}
	}
	all := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(grants.ListAccessGrants(t.Context(),
		&s3control.ListAccessGrantsInput{AccountId: &c.Account}))
	for _, g := range all.AccessGrantsList { // the company's own are in the way
		worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(grants.DeleteAccessGrant(t.Context(),
			&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: g.AccessGrantId}))
	}
}

func (c *crowded) uuid() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(c.r.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (c *crowded) pick(list []string) string { return list[c.r.IntN(len(list))] }

// fill writes the directory and the grants.
func (c *crowded) fill(ctx context.Context, db *store.DB, n int) error {
	now := time.Now().UTC().Truncate(time.Second)
	var work []func(*store.Tx) error
	do := func(fn func(*store.Tx) error) { work = append(work, fn) }
	account, storeID := granary.AccountID(c.Account), granary.StoreID(c.Store)
	for i := range max(n/50, 20) {
		g := &granary.Group{Store: storeID, ID: granary.GroupID(c.uuid()),
			DisplayName: fmt.Sprintf("Group %d %s", i, c.pick(segments)), Created: now, Updated: now}
		c.groups[g.ID], c.groupIDs = g, append(c.groupIDs, g.ID)
		do(func(tx *store.Tx) error { return tx.Groups.Create(g) })
	}
	join := func(u granary.UserID, g granary.GroupID) {
		if slices.Contains(c.in[u], g) {
			return
		}
		m := &granary.Membership{Store: storeID, ID: c.uuid(), Group: g, User: u, Created: now}
		c.members[g], c.in[u] = append(c.members[g], m), append(c.in[u], g)
		do(func(tx *store.Tx) error { return tx.Memberships.Create(m) })
	}
	for i := range max(n/10, 100) {
		u := &granary.User{Store: storeID, ID: granary.UserID(c.uuid()),
			UserName:    fmt.Sprintf("%s-%d@crowd.example", c.pick(segments), i),
			Name:        granary.PersonName{Given: "P", Family: fmt.Sprint(i)},
			DisplayName: fmt.Sprint("P ", i), Created: now, Updated: now, Disabled: c.r.IntN(17) == 0}
		c.people[u.ID], c.users = u, append(c.users, u.ID)
		do(func(tx *store.Tx) error { return tx.Users.Create(u) })
		if c.r.IntN(2) == 0 {
			join(u.ID, c.groupIDs[0])
		}
		for range c.r.IntN(8) {
			join(u.ID, c.groupIDs[c.r.IntN(len(c.groupIDs))])
		}
	}
	c.long = c.users[0]
	type unique struct {
		granary.Grantee
		string
		bool
		granary.Permission
		granary.ARN
	}
	taken := map[unique]bool{}
	for i := 0; len(c.grants) < n; i++ {
		g := c.grant(i, n)
		key := unique{g.Grantee, g.Scope, g.Object, g.Permission, g.Application}
		if taken[key] {
			continue
		}
		taken[key] = true
		g.Account, g.Region, g.ID, g.Created = account, c.Region, granary.GrantID(c.uuid()),
			now.Add(time.Duration(c.r.IntN(3))*time.Second)
		c.grants = append(c.grants, g)
		do(func(tx *store.Tx) error { return tx.Grants.Create(g) })
	}
	for i := range len(c.users) / 30 { // who left, and what was dissolved: their grants stay
		u := c.users[1+i*29]
		do(func(tx *store.Tx) error { return tx.Users.Delete(storeID, u) })
		for _, g := range c.in[u] {
			c.members[g] = slices.DeleteFunc(c.members[g], func(m *granary.Membership) bool { return m.User == u })
		}
		delete(c.people, u)
		delete(c.in, u)
	}
	for i := range len(c.groupIDs) / 20 {
		g := c.groupIDs[2+i*19]
		do(func(tx *store.Tx) error { return tx.Groups.Delete(storeID, g) })
		for _, m := range c.members[g] {
			c.in[m.User] = slices.DeleteFunc(c.in[m.User], func(o granary.GroupID) bool { return o == g })
		}
		delete(c.members, g)
		delete(c.groups, g)
	}
	for _, list := range c.members {
		slices.SortFunc(list, func(a, b *granary.Membership) int { return cmp.Compare(a.ID, b.ID) })
	}
	for part := range slices.Chunk(work, 5000) {
		err := db.Update(ctx, func(tx *store.Tx) error {
			for _, fn := range part {
				if err := fn(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// grant makes up the ith of n grants.
func (c *crowded) grant(i, n int) *granary.Grant {
	g := &granary.Grant{Permission: []granary.Permission{granary.Read, granary.Read, granary.Write,
		granary.ReadWrite}[c.r.IntN(4)]}
	bucket, key := c.pick([]string{corp.Bucket, "crowd-a", "crowd-ab", "crowd.b"}), ""
	switch c.r.IntN(11) {
	case 0:
		g.Grantee = granary.Grantee{Type: granary.GranteeIAM,
			ID: c.pick([]string{c.WebApp, c.Location, "arn:aws:iam::" + c.Account + ":user/machine",
				"arn:aws:iam::" + c.Account + ":role/gone",
				"arn:aws:iam::" + c.Account + ":user/gone", "arn:aws:iam::210987654321:role/elsewhere"})}
		c.nobody[g.Grantee.ID] = strings.HasSuffix(g.Grantee.ID, "/gone")
	case 1, 2, 3, 4:
		g.Grantee = granary.Grantee{Type: granary.GranteeGroup, ID: string(c.groupIDs[1+c.r.IntN(len(c.groupIDs)-1)])}
	default:
		g.Grantee = granary.Grantee{Type: granary.GranteeUser, ID: string(c.users[c.r.IntN(len(c.users))])}
	}
	if c.r.IntN(6) == 0 && g.Grantee.Type != granary.GranteeIAM {
		g.Application = c.others[c.r.IntN(len(c.others))]
	}
	switch {
	case i%50 == 0:
		bucket, key = corp.Bucket, hot
		if i < 100 {
			g.Grantee = granary.Grantee{Type: granary.GranteeGroup, ID: string(c.groupIDs[0])}
		}
	case i%10 < 3:
		bucket, key, g.Permission, g.Application = corp.Bucket, drop, granary.Write, ""
		g.Grantee = granary.Grantee{Type: granary.GranteeIAM, ID: fmt.Sprint("arn:aws:iam::210987654321:role/", i)}
	case i%500 == 4: // 2000 characters in all
		g.Grantee = granary.Grantee{Type: granary.GranteeUser, ID: string(c.long)}
		bucket, key = "crowd.b", strings.Repeat(c.pick([]string{"\U0001F4C4", `"`, "<", "é", "x"}), 1980+c.r.IntN(6))+
			c.pick([]string{"", "*", "/*"})
	default:
		depth := min(c.r.IntN(8), c.r.IntN(8)+2, 1+c.r.IntN(9))
		if c.r.IntN(1+n/20_000) > 0 { // the more there are, the deeper they lie: else every answer would be a million rows
			depth += 2
		}
		for range depth {
			key += c.pick(segments) + "/"
		}
		key += c.pick([]string{"*", "*", "*", "*", "fin*", "a*", "a", "finance", "q*.csv*", "*x", "x y*"})
		if c.r.IntN(8) == 0 && key != "" {
			g.Object = true
		}
		if strings.Contains(strings.TrimSuffix(key, "*"), "*") {
			g.Object = true // else it is no scope
		}
	}
	g.Scope = "s3://" + bucket + "/" + key
	g.Location, g.SubPrefix = "default", bucket+"/"+key
	for _, scope := range slices.Sorted(maps.Keys(c.locations)) {
		if sub, ok := strings.CutPrefix(g.Scope, scope); ok && c.r.IntN(3) > 0 && sub != "" {
			g.Location, g.SubPrefix = c.locations[scope], sub
		}
	}
	return g
}
