package scim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// Each file of testdata/providers is what one identity provider sends, from the connection test to the deletion, in a
// language of a few words:
//
//	# source: https://…                    where it is documented, or was seen, that the provider does so
//	# assumed: what                        of what no public document or capture was found
//	setting lenient                        the server's settings scim.lenient, scim.multi_valued: keep
//	header Name: value                     of every request from here on
//	flag text                              in the query of every request
//	POST /Users                            a request; its body follows, "$name" stands for what was kept
//	last {…}                               as a body: the last answer, changed so
//	201                                    the status that must come
//	  name := id                           keeps a member of the answer
//	  emails.0.value = "x"                 what a member must be
//	state                                  what the directory must hold, whole, by the identity store's API and by SCIM:
//	  user LOGIN enabled "Display name" EMAIL EXTERNAL-ID [attribute=value…]     "-" is none
//	  group "Name" EXTERNAL-ID: LOGIN…
func TestWhatProvidersSendEndsInWhatTheyBelieve(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/providers/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("the recorded providers: %v, %v", files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if !sourceLine.Match(text) {
				t.Error("the file does not say where it is documented what it holds")
			}
			(&recording{T: t, lines: strings.Split(string(text), "\n"), header: http.Header{}, vars: map[string]string{}}).play()
		})
	}
}

// recording is a file being played.
type recording struct {
	*testing.T
	lines  []string
	at     int
	header http.Header
	flag   string
	vars   map[string]string
	last   map[string]any
	c      *world.Company
	sent   int // requests
	states int
}

func (r *recording) fail(format string, args ...any) {
	r.Helper()
	r.Fatalf("line %d: %s", r.at, fmt.Sprintf(format, args...))
}

// next takes the next line that says something.
func (r *recording) next() (string, bool) {
	for r.at < len(r.lines) {
		line := strings.TrimRight(r.lines[r.at], " ")
		r.at++
		if line != "" && !strings.HasPrefix(line, "#") {
			return line, true
		}
	}
	return "", false
}

var (
	sourceLine  = regexp.MustCompile(`(?m)^# source: https://\S+`)
	requestLine = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) (/\S*)$`)
	statusLine  = regexp.MustCompile(`^\d\d\d$`)
	variable    = regexp.MustCompile(`\$[a-z]\w*`)
)

func (r *recording) fill(s string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		if value, ok := r.vars[v[1:]]; ok {
			return value
		}
		return v // "$ref"
	})
}

func (r *recording) play() {
	config := server.Defaults()
	config.Data, config.API, config.Web = r.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case word == "setting" && rest == "lenient" && r.c == nil:
			config.Scim.Lenient = true
		case word == "setting" && rest == "keep" && r.c == nil:
			config.Scim.MultiValued = "keep"
		case word == "header":
			k, v, _ := strings.Cut(rest, ":")
			r.header.Set(k, strings.TrimSpace(v)) // an empty User-Agent is none
		case word == "flag":
			r.flag = rest
		case line == "state":
			r.start(config)
			r.states++
			r.state()
		case requestLine.MatchString(line):
			r.start(config)
			m := requestLine.FindStringSubmatch(line)
			r.exchange(m[1], r.fill(m[2]))
		default:
			r.fail("nobody knows what this means: %s", line)
		}
	}
	if r.sent < 10 || r.states < 3 {
		r.Errorf("only %d requests and %d states: this is no life of a directory", r.sent, r.states)
	}
}

func (r *recording) start(config server.Config) {
	if r.c != nil {
		return
	}
	w, err := world.Start(r.Context(), config, "127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = w.Stop() })
	if r.c, err = w.Directory(r.Context()); err != nil {
		r.Fatal(err)
	}
}

// exchange sends a request, and holds the answer to what is expected of it.
func (r *recording) exchange(method, path string) {
	r.Helper()
	r.sent++
	var body []string
	want := ""
	for {
		line, ok := r.next()
		if !ok {
			r.fail("the request has no status")
		}
		if statusLine.MatchString(line) {
			want = line
			break
		}
		body = append(body, line)
	}
	got, text := r.send(method, path, r.body(strings.Join(body, "\n")))
	if strconv.Itoa(got) != want {
		r.fail("%s %s: %d, want %s: %s", method, path, got, want, text)
	}
	var answer map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			r.fail("%v in %s", err, text)
		}
		r.last = answer
	}
	for r.at < len(r.lines) && strings.HasPrefix(r.lines[r.at], "  ") {
		line := strings.TrimSpace(r.lines[r.at])
		r.at++
		if v, path, ok := strings.Cut(line, " := "); ok {
			s, ok := memberAt(answer, path).(string)
			if !ok || s == "" {
				r.fail("the answer has no %s: %s", path, text)
			}
			r.vars[v] = s
			continue
		}
		path, value, ok := strings.Cut(line, " = ")
		b, err := json.Marshal(memberAt(answer, path))
		if !ok || err != nil || string(b) != r.fill(value) {
			r.fail("%s is %s, want %s", path, b, r.fill(value))
		}
	}
}

func (r *recording) body(text string) string {
	change, ok := strings.CutPrefix(text, "last ")
	if !ok {
		return r.fill(text)
	}
	all := maps.Clone(r.last)
	if err := json.Unmarshal([]byte(r.fill(change)), &all); err != nil {
		r.fail("%v", err)
	}
	b, err := json.Marshal(all)
	if err != nil {
		r.fail("%v", err)
	}
	return string(b)
}

func (r *recording) send(method, path, body string) (int, []byte) {
	if r.flag != "" {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + r.flag
	}
	req, err := http.NewRequestWithContext(r.Context(), method, r.c.SCIM.Endpoint+path, strings.NewReader(body))
	if err != nil {
		r.fail("%v", err)
	}
	req.Header = r.header.Clone()
	req.Header.Set("Authorization", "Bearer "+r.c.SCIM.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.fail("%v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.fail("%v", err)
	}
	return resp.StatusCode, bytes.TrimSpace(text)
}

// memberAt finds "emails.0.value" in an answer. A name with dots in it, such as a schema's, is written with "|" between
// the parts.
func memberAt(v any, path string) any {
	sep := "."
	if strings.Contains(path, "|") {
		sep = "|"
	}
	for part := range strings.SplitSeq(path, sep) {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// state holds the directory to the lines that follow: nobody is missing and nobody is there beside.
func (r *recording) state() {
	r.Helper()
	var want []string
	for r.at < len(r.lines) && strings.HasPrefix(r.lines[r.at], "  ") {
		want = append(want, r.fill(strings.TrimSpace(r.lines[r.at])))
		r.at++
	}
	slices.Sort(want)
	for by, have := range map[string][]string{"the identity store's API": r.byAPI(want), "SCIM": r.bySCIM(want)} {
		if slices.Sort(have); !slices.Equal(have, want) {
			r.fail("by %s the directory is\n  %s\nwant\n  %s", by, strings.Join(have, "\n  "), strings.Join(want, "\n  "))
		}
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

var wantedAttribute = regexp.MustCompile(`([\w.]+)="?[^"=]*"?( |$)`)

// attributes writes those attributes of a person that the wanted line names.
func attributes(want []string, login string, of func(attribute string) string) (out string) {
	for _, line := range want {
		if !strings.HasPrefix(line, "user "+login+" ") {
			continue
		}
		for _, m := range wantedAttribute.FindAllStringSubmatch(line, -1) {
			out += " " + m[1] + "="
			if v := of(m[1]); strings.ContainsAny(v, " ") {
				out += strconv.Quote(v)
			} else {
				out += v
			}
		}
	}
	return out
}

func (r *recording) byAPI(want []string) (have []string) {
	r.Helper()
	ids := identitystore.NewFromConfig(r.c.AWS(r.c.Root()))
	logins := map[string]string{}
	users := identitystore.NewListUsersPaginator(ids, &identitystore.ListUsersInput{IdentityStoreId: &r.c.Store,
		MaxResults: aws.Int32(2)})
	for users.HasMorePages() {
		page := worldtest.Must[*identitystore.ListUsersOutput](r)(users.NextPage(r.Context()))
		for _, u := range page.Users {
			d := worldtest.Must[*identitystore.DescribeUserOutput](r)(ids.DescribeUser(r.Context(),
				&identitystore.DescribeUserInput{IdentityStoreId: &r.c.Store, UserId: u.UserId,
					Extensions: []string{"aws:identitystore:enterprise"}}))
			logins[*u.UserId] = *d.UserName
			mail, ext := "", r.external(ids, d.ExternalIds, *u.UserId, "")
			for _, e := range d.Emails {
				if mail == "" || e.Primary {
					mail = *e.Value
				}
			}
			have = append(have, fmt.Sprintf("user %s %s %q %s %s", *d.UserName, strings.ToLower(string(d.UserStatus)),
				aws.ToString(d.DisplayName), dash(mail), dash(ext))+
				attributes(want, *d.UserName, func(a string) string { return attributeOf(r.T, d, a) }))
		}
	}
	groups := identitystore.NewListGroupsPaginator(ids, &identitystore.ListGroupsInput{IdentityStoreId: &r.c.Store,
		MaxResults: aws.Int32(2)})
	for groups.HasMorePages() {
		page := worldtest.Must[*identitystore.ListGroupsOutput](r)(groups.NextPage(r.Context()))
		for _, g := range page.Groups {
			var in []string
			members := identitystore.NewListGroupMembershipsPaginator(ids,
				&identitystore.ListGroupMembershipsInput{IdentityStoreId: &r.c.Store, GroupId: g.GroupId})
			for members.HasMorePages() {
				for _, m := range worldtest.Must[*identitystore.ListGroupMembershipsOutput](r)(members.NextPage(r.Context())).
					GroupMemberships {
					in = append(in, logins[m.MemberId.(*idtypes.MemberIdMemberUserId).Value])
				}
			}
			have = append(have, groupLine(*g.DisplayName, r.external(ids, g.ExternalIds, "", *g.GroupId), in))
		}
	}
	return have
}

func groupLine(name, external string, logins []string) string {
	slices.Sort(logins)
	return strings.TrimSpace(fmt.Sprintf("group %q %s: %s", name, dash(external), strings.Join(logins, " ")))
}

// external is the provider's id for somebody, by which the identity store must find the same.
func (r *recording) external(ids *identitystore.Client, list []idtypes.ExternalId, user, group string) string {
	r.Helper()
	if len(list) == 0 {
		return ""
	}
	by := &idtypes.AlternateIdentifierMemberExternalId{Value: list[0]}
	if user != "" {
		if out, err := ids.GetUserId(r.Context(), &identitystore.GetUserIdInput{IdentityStoreId: &r.c.Store,
			AlternateIdentifier: by}); err != nil || *out.UserId != user {
			r.fail("by the external id %s: %v", *list[0].Id, err)
		}
	} else if out, err := ids.GetGroupId(r.Context(), &identitystore.GetGroupIdInput{IdentityStoreId: &r.c.Store,
		AlternateIdentifier: by}); err != nil || *out.GroupId != group {
		r.fail("by the external id %s: %v", *list[0].Id, err)
	}
	return *list[0].Id
}

// attributeOf is one of a described person's further attributes.
func attributeOf(t *testing.T, d *identitystore.DescribeUserOutput, name string) string {
	var x struct {
		EmployeeNumber, CostCenter, Organization, Division, Department string
		Manager                                                        struct{ Value string }
	}
	if doc := d.Extensions["aws:identitystore:enterprise"]; doc != nil {
		if err := doc.UnmarshalSmithyDocument(&x); err != nil {
			t.Fatal(err)
		}
	}
	n := d.Name
	if n == nil {
		n = &idtypes.Name{}
	}
	values := map[string]string{"title": aws.ToString(d.Title), "locale": aws.ToString(d.Locale),
		"givenName": aws.ToString(n.GivenName), "familyName": aws.ToString(n.FamilyName),
		"department": x.Department, "employeeNumber": x.EmployeeNumber, "costCenter": x.CostCenter, "division": x.Division,
		"manager": x.Manager.Value}
	for _, p := range d.PhoneNumbers {
		values["phone"] = strings.TrimSpace(values["phone"] + " " + aws.ToString(p.Value))
	}
	for _, e := range d.Emails {
		values["emails"] = strings.TrimSpace(values["emails"] + " " + aws.ToString(e.Value))
	}
	return values[name]
}

func (r *recording) bySCIM(want []string) (have []string) {
	r.Helper()
	logins := map[string]string{}
	for _, kind := range []string{"Users", "Groups"} {
		for start := 1; ; {
			code, text := r.send("GET", fmt.Sprintf("/%s?startIndex=%d&count=2", kind, start), "")
			var page struct {
				TotalResults int
				Resources    []map[string]any
			}
			if err := json.Unmarshal(text, &page); err != nil || code != 200 {
				r.fail("%d %v: %s", code, err, text)
			}
			for _, o := range page.Resources {
				if kind == "Users" {
					logins[memberAt(o, "id").(string)] = memberAt(o, "userName").(string)
					have = append(have, scimUser(o, want))
					continue
				}
				var in []string
				members, _ := o["members"].([]any)
				for _, m := range members {
					in = append(in, logins[memberAt(m, "value").(string)])
				}
				external, _ := o["externalId"].(string)
				have = append(have, groupLine(memberAt(o, "displayName").(string), external, in))
			}
			if start += len(page.Resources); start > page.TotalResults || len(page.Resources) == 0 {
				break
			}
		}
	}
	return have
}

func scimUser(o map[string]any, want []string) string {
	text := func(path string) string { s, _ := memberAt(o, path).(string); return s }
	mail := ""
	lists := map[string][]string{}
	for _, name := range []string{"emails", "phoneNumbers"} {
		list, _ := o[name].([]any)
		for _, e := range list {
			value, _ := memberAt(e, "value").(string)
			lists[name] = append(lists[name], value)
			if name == "emails" && (mail == "" || memberAt(e, "primary") == true) {
				mail = value
			}
		}
	}
	state := map[any]string{true: "enabled", false: "disabled"}[o["active"]]
	return fmt.Sprintf("user %s %s %q %s %s", text("userName"), state, text("displayName"), dash(mail),
		dash(text("externalId"))) +
		attributes(want, text("userName"), func(a string) string {
			const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User|"
			switch a {
			case "givenName", "familyName":
				return text("name." + a)
			case "title", "locale":
				return text(a)
			case "phone":
				return strings.Join(lists["phoneNumbers"], " ")
			case "emails":
				return strings.Join(lists["emails"], " ")
			case "manager":
				return text(enterprise + "manager|value")
			}
			return text(enterprise + a)
		})
}
