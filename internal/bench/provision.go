package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
	"granary/internal/server"
)

// Import says what an identity provider brings: people one by one, groups, and their members in lists, by SCIM over
// HTTP, while applications go on exchanging sign-ins and fetching keys.
type Import struct {
	Users, Groups int
	Each          int // groups of each person
	Connections   int
	Dir           string // an empty directory
	State         string // the URL of an empty database; "": in the directory
	Progress      func(string)
}

// Imported is how long it took, and how the server answered others meanwhile.
type Imported struct {
	Users, Groups, Memberships int
	ForUsers, ForGroups        time.Duration // groups with their members
	Vending, Exchanging        Result        // while the import went on
}

// membersAtOnce is how many members a request brings: as many as AWS takes.
const membersAtOnce = 100

// Run imports into a server of its own, and counts the people, groups and memberships at the end.
func (p Import) Run(ctx context.Context) (out Imported, err error) {
	c := server.Defaults()
	c.Data, c.API, c.Web = p.Dir, "127.0.0.1:0", "127.0.0.1:0"
	if p.State != "" {
		c.State = p.State
	}
	w, err := demo.Start(ctx, c, "127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	company, err := w.Settle(ctx)
	if err != nil {
		return out, err
	}
	before := [2]int{len(corp.People), len(corp.Groups)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, err := p.others(ctx, company, &out)
	if err != nil {
		return out, err
	}
	x := &importing{p, company.SCIM, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: p.Connections}},
		make([]string, p.Users), make([]string, p.Groups)}
	began := time.Now()
	if err := x.each(ctx, p.Users, x.person); err != nil {
		return out, err
	}
	out.Users, out.ForUsers = p.Users, time.Since(began)
	p.Progress(fmt.Sprintf("%d people in %s", p.Users, out.ForUsers.Round(time.Millisecond)))
	began = time.Now()
	if err := x.each(ctx, p.Groups, x.group); err != nil {
		return out, err
	}
	out.Groups, out.ForGroups, out.Memberships = p.Groups, time.Since(began), p.Users*min(p.Each, p.Groups)
	p.Progress(fmt.Sprintf("%d groups with %d memberships in %s", p.Groups, out.Memberships,
		out.ForGroups.Round(time.Millisecond)))
	if err := stop(); err != nil {
		return out, err
	}
	return out, x.count(ctx, before)
}

// importing is an import under way.
type importing struct {
	Import
	scim          client.SCIM
	http          *http.Client
	users, groups []string // ids
}

// each calls fn with every number below n, on all connections.
func (x *importing) each(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range x.Connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := fn(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (x *importing) send(ctx context.Context, want int, method, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, x.scim.Endpoint+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+x.scim.Token)
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := x.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

type made struct {
	ID           string
	TotalResults int
	Members      []json.RawMessage
}

func (x *importing) person(ctx context.Context, i int) error {
	login := fmt.Sprintf("person-%06d@import.example", i)
	var m made
	err := x.send(ctx, http.StatusCreated, "POST", "/Users",
		map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": login,
			"externalId":  fmt.Sprintf("ext-%06d", i),
			"displayName": fmt.Sprintf("Person %06d", i),
			"name":        map[string]string{"givenName": "Person", "familyName": fmt.Sprint(i)}, "title": "Analyst",
			"active": true,
			"emails": []any{map[string]any{"value": login, "type": "work", "primary": true}}}, &m)
	x.users[i] = m.ID
	return err
}

// group makes a group and adds its members: person n is in the groups from n on, as many as each has.
func (x *importing) group(ctx context.Context, g int) error {
	var m made
	err := x.send(ctx, http.StatusCreated, "POST", "/Groups",
		map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"},
			"displayName": fmt.Sprintf("Group %04d", g),
			"externalId":  fmt.Sprintf("group-%04d", g), "members": []any{}}, &m)
	if err != nil {
		return err
	}
	x.groups[g] = m.ID
	var members []any
	for k := range min(x.Each, x.Groups) {
		for n := (g - k + x.Groups) % x.Groups; n < x.Users; n += x.Groups {
			members = append(members, map[string]any{"value": x.users[n]})
		}
	}
	for part := range slices.Chunk(members, membersAtOnce) {
		op := map[string]any{"op": "add", "path": "members", "value": part}
		if err := x.send(ctx, http.StatusNoContent, "PATCH", "/Groups/"+m.ID,
			map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{op}},
			nil); err != nil {
			return err
		}
	}
	return nil
}

// count asks the server what there is now.
func (x *importing) count(ctx context.Context, before [2]int) error {
	for i, want := range []int{x.Users, x.Groups} {
		path := []string{"/Users", "/Groups"}[i]
		var m made
		if err := x.send(ctx, http.StatusOK, "GET", path+"?count=0", nil, &m); err != nil {
			return err
		}
		if m.TotalResults != before[i]+want {
			return fmt.Errorf("%s has %d after the import of %d to %d", path, m.TotalResults, want, before[i])
		}
	}
	total := 0
	for _, id := range x.groups {
		var m made
		if err := x.send(ctx, http.StatusOK, "GET", "/Groups/"+id, nil, &m); err != nil {
			return err
		}
		total += len(m.Members)
	}
	if want := x.Users * min(x.Each, x.Groups); total != want {
		return fmt.Errorf("the groups have %d members together, want %d", total, want)
	}
	return nil
}

// others are applications that vend keys and exchange sign-ins, a hundred and twenty times a second, until stop, which
// puts what they met into out.
func (p Import) others(ctx context.Context, c *demo.Company, out *Imported) (stop func() error, err error) {
	at := strings.TrimPrefix(c.Env.Get("HTTP_PROXY"), "http://")
	app, err := c.Assume(ctx, c.Machine, c.WebApp, "app", "")
	if err != nil {
		return nil, err
	}
	bearer, err := c.As(ctx, login)
	if err != nil {
		return nil, err
	}
	vend := func() ([]byte, error) {
		return bytesOf(signed(c.World, bearer, "s3", "GET",
			"/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2F"+corp.Bucket+"%2Ffinance%2F%2A", "",
			map[string]string{"X-Amz-Account-Id": c.Account})), nil
	}
	exchange := func() ([]byte, error) {
		token, err := c.Provider.Issue(login, corp.ClientID, nil)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(map[string]string{"clientId": c.Application, "grantType": demo.JWTBearer,
			"assertion": token})
		return bytesOf(signed(c.World, app, "sso-oauth", "POST", "/token?aws_iam=t", string(body),
			map[string]string{"Content-Type": "application/json"})), err
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var errs [2]error
	for i, o := range []struct {
		into  *Result
		every time.Duration
		next  func() ([]byte, error)
	}{{&out.Vending, 10 * time.Millisecond, vend}, {&out.Exchanging, 50 * time.Millisecond, exchange}} {
		wg.Go(func() { *o.into, errs[i] = paced(ctx, at, o.every, o.next) })
	}
	return func() error {
		cancel()
		wg.Wait()
		return errors.Join(errs[:]...)
	}, nil
}

// paced sends a request every so often on one connection, until ctx ends.
func paced(ctx context.Context, address string, every time.Duration, next func() ([]byte, error)) (r Result,
	err error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return r, err
	}
	defer func() { _ = c.Close() }()
	in := bufio.NewReaderSize(c, 64<<10)
	var took []time.Duration
	began := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if len(took) == 0 {
				return r, errors.New("no request was answered")
			}
			slices.Sort(took)
			r.PerSecond, r.P50, r.P99, r.Max = float64(len(took))/time.Since(began).Seconds(), took[len(took)/2],
				took[len(took)*99/100], took[len(took)-1]
			return r, nil
		}
		b, err := next()
		if err != nil {
			return r, err
		}
		sent := time.Now()
		ok, err := roundTrip(c, in, b)
		if err != nil {
			return r, err
		}
		took = append(took, time.Since(sent))
		if !ok {
			r.Failed++
		}
	}
}
