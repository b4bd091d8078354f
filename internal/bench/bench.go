package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"granary"
	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
	"granary/internal/server"
	"granary/internal/store"
)

// Plan says what to measure.
type Plan struct {
	Grants      []int // how many there are, beside the company's own
	People      int   // how many there are in the directory, beside the company's own
	Connections int
	Duration    time.Duration // of each measurement
	Dir         string        // an empty directory
	State       string        // the URL of an empty database, for one number of grants; "": in the directory
	Progress    func(string)
	Started     func(Start)
}

// Start is a measured start of the server with a number of grants and people.
type Start struct {
	Grants, People int
	Took           time.Duration
	BytesPer       float64 // of memory a grant that the index took, all else that it holds included
}

const (
	login  = "alice@larkspur.example"
	object = "finance/4k"
)

// Run measures, for each number of grants: a bare handler, GetDataAccess, AssumeRole with a context,
// CreateTokenWithIAM, and a GET of 4 KiB with a vended key. Audit is strict, as by default.
func Run(ctx context.Context, p Plan, tell func(Result)) error {
	for _, n := range p.Grants {
		if err := p.one(ctx, n, tell); err != nil {
			return err
		}
	}
	return nil
}

func (p Plan) one(ctx context.Context, grants int, tell func(Result)) error {
	c := server.Defaults()
	c.Data, c.API, c.Web = fmt.Sprintf("%s/%d", p.Dir, grants), "127.0.0.1:0", "127.0.0.1:0"
	if p.State != "" {
		c.State = p.State
	}
	quiet := slog.New(slog.DiscardHandler)
	w, err := demo.Start(ctx, c, "127.0.0.1:0", quiet)
	if err != nil {
		return err
	}
	company, err := w.Settle(ctx)
	if err != nil {
		return err
	}
	if err := w.Write(ctx, w.Root(), corp.Bucket, object, strings.Repeat("x", 4096)); err != nil {
		return err
	}
	if err := w.Server.Stop(); err != nil {
		return err
	}
	p.Progress(fmt.Sprintf("writing %d grants and %d people", grants, p.People))
	if err := fill(ctx, c, company, grants, p.People); err != nil {
		return err
	}
	before := heap()
	began := time.Now()
	if w.Server, err = server.Start(ctx, withPrivate(c), quiet); err != nil {
		return err
	}
	took := time.Since(began)
	p.Started(Start{grants, p.People, took, (heap() - before) / float64(max(grants, 1))})
	if w.Env, err = w.Server.Env(); err != nil {
		return err
	}
	err = p.measure(ctx, company, grants, tell)
	if serr := w.Stop(); err == nil {
		err = serr
	}
	return err
}

func withPrivate(c server.Config) server.Config {
	c.Identity.AllowPrivateIssuers = true
	return c
}

// fill writes grants to others, people, and the groups of the one who will ask, into the state of the stopped server:
// by the APIs it would take an hour.
func fill(ctx context.Context, c server.Config, w *demo.Company, n, people int) error {
	db, err := server.OpenState(ctx, c)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	grant := func(scope string, group string) *granary.Grant {
		return &granary.Grant{Account: granary.AccountID(w.Account), Region: w.Region, ID: granary.GrantID(granary.UUID()),
			Location:  "default",
			SubPrefix: strings.TrimPrefix(scope, "s3://"), Scope: scope, Grantee: granary.Grantee{Type: granary.GranteeGroup,
				ID: group}, Permission: granary.Read, Created: now}
	}
	err = db.Update(ctx, func(tx *store.Tx) error {
		for i := range callerGroups - 1 {
			g := &granary.Group{Store: granary.StoreID(w.Store), ID: granary.GroupID(identityID(1<<22 + i)),
				DisplayName: fmt.Sprint("bench group ", i), Created: now, Updated: now}
			m := &granary.Membership{Store: g.Store, ID: granary.UUID(), Group: g.ID, User: granary.UserID(w.Users[login]),
				Created: now}
			if err := errors.Join(tx.Groups.Create(g), tx.Memberships.Create(m),
				tx.Grants.Create(grant(fmt.Sprintf("s3://%s/bench/%d/*", corp.Bucket, i), string(g.ID)))); err != nil {
				return err
			}
		}
		return nil
	})
	const batch = 5000
	for from := 0; from < max(n, people) && err == nil; from += batch {
		err = db.Update(ctx, func(tx *store.Tx) error {
			for i := from; i < min(from+batch, n); i++ {
				if err := tx.Grants.Create(grant(fmt.Sprintf("s3://%s/team-%d/project-%d/*", corp.Bucket, i%5000, i/5000),
					identityID(i/10))); err != nil {
					return err
				}
			}
			for i := from; i < min(from+batch, people); i++ {
				if err := tx.Users.Create(&granary.User{Store: granary.StoreID(w.Store), ID: granary.UserID(identityID(1<<23 + i)),
					UserName: fmt.Sprintf("person-%d@bench.example", i),
					Name:     granary.PersonName{Given: "P", Family: fmt.Sprint(i)}, DisplayName: fmt.Sprint("P ", i), Created: now,
					Updated: now}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return errors.Join(err, db.Close())
}

func (p Plan) measure(ctx context.Context, c *demo.Company, grants int, tell func(Result)) error {
	at := strings.TrimPrefix(c.Env.Get("HTTP_PROXY"), "http://")
	app, err := c.Assume(ctx, c.Machine, c.WebApp, "app", "")
	if err != nil {
		return err
	}
	token, err := c.Provider.SignIn(ctx, login)
	if err != nil {
		return err
	}
	tokens, err := c.Exchange(ctx, app, token)
	if err != nil {
		return err
	}
	context := tokens.Context
	bearer, err := c.Assume(ctx, app, c.Bearer, "bench", context)
	if err != nil {
		return err
	}
	vended, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		return err
	}
	vend := signed(c.World, bearer, "s3", "GET",
		"/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2F"+corp.Bucket+"%2Ffinance%2F%2A", "",
		map[string]string{"X-Amz-Account-Id": c.Account})
	refused := signed(c.World, bearer, "s3", "GET",
		"/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2F"+corp.Bucket+"%2Fpayroll%2F%2A", "",
		map[string]string{"X-Amz-Account-Id": c.Account})
	own := func(operation, body string) *http.Request {
		return signed(c.World, c.Root(), "granary", "POST", "/", body,
			map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "GranaryV1." + operation})
	}
	who := own("ListWhoCanAccess", `{"Target":"s3://`+corp.Bucket+`/finance/*"}`)
	can := own("ListUserAccess", `{"User":"`+login+`"}`)
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {c.Bearer},
		"RoleSessionName":                            {"bench"},
		"ProvidedContexts.member.1.ProviderArn":      {string(granary.ContextProviderARN)},
		"ProvidedContexts.member.1.ContextAssertion": {context}}
	assume := signed(c.World, app, "sts", "POST", "/", form.Encode(),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	get := signed(c.World, vended.Key, "s3", "GET", "/"+corp.Bucket+"/"+object, "", nil)
	exchanges, err := p.exchanges(c, app)
	if err != nil {
		return err
	}
	answer, err := answerOf(ctx, vend)
	if err != nil {
		return err
	}
	plain, stop, err := bare(answer)
	if err != nil {
		return err
	}
	defer stop()
	for _, m := range []struct {
		name, at string
		next     func() []byte
	}{
		{"bare net/http handler", plain, always(vend)}, {"GetDataAccess", at, always(vend)},
		{"AssumeRole with context", at, always(assume)},
		{"S3 GET 4 KiB, vended key", at, always(get)}, {"CreateTokenWithIAM", at, exchanges},
		{"GetDataAccess, refused", at, always(refused)}, {"who, one page", at, always(who)},
		{"can, one page", at, always(can)},
	} {
		r, err := load(m.at, p.Connections, p.Duration, m.next)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		r.Name, r.Grants = m.name, grants
		tell(r)
	}
	return nil
}

func always(r *http.Request) func() []byte {
	b := bytesOf(r)
	return func() []byte { return b }
}

// exchanges are requests with a sign-in token each, made beforehand: a token serves once.
func (p Plan) exchanges(c *demo.Company, app client.Key) (func() []byte, error) {
	const n = 4000
	p.Progress(fmt.Sprintf("signing %d sign-in tokens", n))
	list := make([][]byte, n)
	for i := range list {
		token, err := c.Provider.Issue(login, corp.ClientID, nil)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(map[string]string{"clientId": c.Application, "grantType": demo.JWTBearer,
			"assertion": token})
		if err != nil {
			return nil, err
		}
		list[i] = bytesOf(signed(c.World, app, "sso-oauth", "POST", "/token?aws_iam=t", string(body),
			map[string]string{"Content-Type": "application/json"}))
	}
	var used atomic.Int64
	return func() []byte {
		if i := used.Add(1) - 1; i < n {
			return list[i]
		}
		return nil
	}, nil
}

// signed is a request signed once: the server takes it again for a quarter of an hour.
func signed(w *demo.World, k client.Key, service, method, path, body string, header map[string]string) *http.Request {
	r, err := http.NewRequest(method, w.Env.Get("HTTP_PROXY")+path, strings.NewReader(body))
	if err != nil {
		panic(err) // constants of this program
	}
	for name, v := range header {
		r.Header.Set(name, v)
	}
	client.Sign(r, k, service, w.Region, client.PayloadHash([]byte(body)), time.Now())
	return r
}

// answerOf is what the server answers, for the bare handler to say the same.
func answerOf(ctx context.Context, r *http.Request) ([]byte, error) {
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r.Clone(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answered %s: %s", resp.Status, b)
	}
	return b, err
}
