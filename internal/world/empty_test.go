package world_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"granary/internal/wire"
	"granary/internal/worldtest"
)

// textMember is a text of an operation's input, found by reading the shape's tags without package wire's own reader.
type textMember struct {
	path     []pathStep // from the input down
	label    string     // as violations name it: "tags.1.member.key"
	location string     // of the first pathStep
	empty    bool       // whether the shape takes an empty text
}

type pathStep struct {
	name, item string
	list       bool
}

var documentType = reflect.TypeFor[json.RawMessage]()

// textMembers lists the texts of a structure, those of its structures and of the elements of its lists.
func textMembers(s *wire.Service, t reflect.Type, path []pathStep, label string,
	seen []reflect.Type) (out []textMember) {
	if slices.Contains(seen, t) {
		return nil
	}
	seen = append(slices.Clone(seen), t)
	for i := range t.NumField() {
		f := t.Field(i)
		at := pathStep{name: f.Tag.Get("wire"), item: f.Tag.Get("item")}
		name := label + strings.ToLower(f.Name[:1]) + f.Name[1:]
		own, elements, _ := strings.Cut(f.Tag.Get("c"), "|")
		kind := f.Type
		if kind.Kind() == reflect.Slice && kind != documentType && kind.Elem().Kind() != reflect.Uint8 {
			kind, own, at.list = kind.Elem(), elements, true
			name += ".1.member"
		}
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		below := append(slices.Clone(path), at)
		var found []textMember
		switch {
		case kind.Kind() == reflect.String:
			found = []textMember{{path: below, label: name, empty: takesEmpty(s, own)}}
		case kind.Kind() == reflect.Struct && kind != reflect.TypeFor[time.Time]():
			found = textMembers(s, kind, below, name+".", seen)
		}
		for _, m := range found {
			if len(path) == 0 {
				m.location = f.Tag.Get("loc")
			}
			out = append(out, m)
		}
	}
	return out
}

var lowest = regexp.MustCompile(`^n(\d*)`)

// takesEmpty reads a constraint in the generator's language.
func takesEmpty(s *wire.Service, constraint string) bool {
	constraint, _, _ = strings.Cut(constraint, "|")
	for part := range strings.SplitSeq(constraint, ";") {
		n := 0
		switch {
		case part == "":
		case part[0] == 'n':
			if m := lowest.FindStringSubmatch(part); m[1] != "" && m[1] != "0" {
				return false
			}
		case part[0] == 'p':
			fmt.Sscan(part[1:], &n)
			if !regexp.MustCompile("^(?:" + s.Patterns[n] + ")$").MatchString("") {
				return false
			}
		case part[0] == 'e':
			return false
		}
	}
	return true
}

// withEmpty is the request with one text of its input sent empty; ok is false where the text cannot be empty on the
// wire.
func withEmpty(s *wire.Service, q worldtest.Request, m textMember) (_ worldtest.Request, ok bool) {
	first := m.path[0]
	switch m.location {
	case "uri":
		return q, false
	case "header":
		return q, false // the only one is the account's
	case "querystring":
		path, query, _ := strings.Cut(q.Path, "?")
		var kept []string
		for pair := range strings.SplitSeq(query, "&") {
			if name, _, _ := strings.Cut(pair, "="); name != first.name && pair != "" {
				kept = append(kept, pair)
			}
		}
		q.Path = path + "?" + strings.Join(append(kept, first.name+"="), "&")
		return q, true
	}
	switch s.Protocol {
	case wire.Query:
		v, _ := url.ParseQuery(q.Body)
		var name []string
		for _, p := range m.path {
			name = append(name, p.name)
			if p.list {
				name = append(name, slices.DeleteFunc([]string{p.item, "1"}, func(s string) bool { return s == "" })...)
			}
		}
		v.Set(strings.Join(name, "."), "")
		q.Body = v.Encode()
	case wire.RestXML:
		q.Body = regexp.MustCompile("<"+first.name+">.*</"+first.name+">").ReplaceAllString(q.Body, "")
		open, shut := "", ""
		for _, p := range m.path {
			open, shut = open+"<"+p.name+">", "</"+p.name+">"+shut
			if p.list && p.item != "" {
				open, shut = open+"<"+p.item+">", "</"+p.item+">"+shut
			}
		}
		if !strings.Contains(q.Body, "</x>") {
			q.Body = "<x></x>"
		}
		q.Body = strings.Replace(q.Body, "</x>", open+shut+"</x>", 1)
	default:
		var in map[string]any
		_ = json.Unmarshal([]byte(q.Body), &in)
		at := in
		for i, p := range m.path {
			last := i == len(m.path)-1
			switch {
			case last && p.list:
				at[p.name] = []string{""}
			case last:
				at[p.name] = ""
			default:
				next := map[string]any{}
				if p.list {
					at[p.name] = []any{next}
				} else {
					at[p.name] = next
				}
				at = next
			}
		}
		b, _ := json.Marshal(in)
		q.Body = string(b)
	}
	return q, true
}

// Every text of every operation is sent empty. Where its shape allows no empty text it is refused in AWS's words: to
// take it for a text that was not sent could lift what it restricts. Elsewhere it is a text like others.
func TestAnEmptyTextIsNotOneThatWasNotSent(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	nobody := worldtest.MakeUser(t, c.World, "nobody", `{"Effect":"Deny","Action":"*","Resource":"*"}`)
	refused, taken := 0, 0
	for _, s := range c.Server.Rows() {
		for _, r := range s.Rows {
			for _, m := range textMembers(s.Wire, r.Input, nil, "", nil) {
				q, ok := withEmpty(s.Wire, worldtest.SampleRequest(c, s, &r), m)
				if !ok {
					continue
				}
				q.Key = &nobody
				a := worldtest.Send(t, c.World, q)
				named := strings.Contains(a.Text, "at '"+m.label+"' failed to satisfy constraint: Member must ")
				null := strings.Contains(a.Text, "at '"+m.label+"' failed to satisfy constraint: Member must not be null")
				what := s.Wire.Name + " " + r.Meta.Name + " " + m.label
				switch {
				case !m.empty && (a.Status != 400 || !named || null):
					t.Errorf("%s is empty, which its shape does not allow: %d %s", what, a.Status, a.Body)
				case m.empty && named:
					t.Errorf("%s is empty, which its shape allows: %d %s", what, a.Status, a.Body)
				}
				if m.empty {
					taken++
				} else {
					refused++
				}
			}
		}
	}
	if refused < 500 || taken < 50 {
		t.Errorf("only %d and %d texts were found", refused, taken)
	}
	t.Logf("%d texts may not be empty, %d may", refused, taken)
}

// What the texts would have restricted, through the operations that they matter most to.
func TestEmptyAndAbsentInputs(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	root := c.Root()
	query := func(service, action, version string, more ...string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/", Service: service, Key: &root,
			Header: map[string]string{"Content-Type": formType},
			Body:   "Action=" + action + "&Version=" + version + "&" + strings.Join(more, "&")}
	}
	sts := func(action string, more ...string) worldtest.Request {
		return query("sts", action, "2011-06-15", more...)
	}
	iam := func(action string, more ...string) worldtest.Request {
		return query("iam", action, "2010-05-08", more...)
	}
	assume := []string{"RoleArn=" + url.QueryEscape(c.WebApp), "RoleSessionName=s1"}
	target := func(operation, body string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/", Service: "sso", Key: &root, Body: body,
			Header: map[string]string{"Content-Type": jsonType, "X-Amz-Target": "SWBExternalService." + operation}}
	}
	control := func(body string) worldtest.Request {
		return worldtest.Request{Method: "POST", Path: "/v20180820/accessgrantsinstance/location", Service: "s3",
			Key: &root, Body: body,
			Header: map[string]string{"X-Amz-Account-Id": c.Account}}
	}
	const atLeast = "Member must have length greater than or equal to 1"
	asMachine := func(q worldtest.Request) worldtest.Request { q.Key = &c.Machine; return q }
	for name, x := range map[string]struct {
		q           worldtest.Request
		status      int
		code, words string
	}{
		"AssumeRole with an empty policy": {
			asMachine(sts("AssumeRole", append(assume, "Policy=")...)),
			400, "ValidationError", atLeast},
		"AssumeRole with a policy without value": {
			asMachine(sts("AssumeRole", append(assume, "Policy")...)),
			400, "ValidationError", atLeast},
		"AssumeRole with an empty policy ARN": {
			asMachine(sts("AssumeRole", append(assume, "PolicyArns.member.1.arn=")...)), 400,
			"ValidationError", "at 'policyArns.1.member.arn'"},
		"AssumeRole with no policy ARNs": {
			asMachine(sts("AssumeRole", append(assume, "PolicyArns=")...)),
			200, "", "<SessionToken>"},
		"AssumeRole with an empty external id": {
			asMachine(sts("AssumeRole", append(assume, "ExternalId=")...)),
			400, "ValidationError", "externalId"},
		"AssumeRole with an empty duration": {
			asMachine(sts("AssumeRole", append(assume, "DurationSeconds=")...)),
			400, "", "whole number"},
		"web identity with an empty policy": {
			sts("AssumeRoleWithWebIdentity", append(assume, "WebIdentityToken=a.b.c", "Policy=")...),
			400, "ValidationError", atLeast},
		"GetFederationToken with an empty policy": {asMachine(sts("GetFederationToken", "Name=fed", "Policy=")), 400,
			"ValidationError", atLeast},
		"a tag without a value": {
			iam("TagUser", "UserName=machine", "Tags.member.1.Key=k"),
			400, "ValidationError", "at 'tags.1.member.value' failed to satisfy constraint: Member must not be null"},
		"a tag with an empty value": {
			iam("TagUser", "UserName=machine", "Tags.member.1.Key=k", "Tags.member.1.Value="),
			200, "", ""},
		"an empty path prefix":  {iam("ListUsers", "PathPrefix="), 400, "ValidationError", "pathPrefix"},
		"an empty list of tags": {iam("TagUser", "UserName=machine", "Tags="), 200, "", ""},
		"a list with nothing of itself": {
			iam("TagUser", "UserName=machine"),
			400, "ValidationError", "at 'tags' failed to satisfy constraint: Member must not be null"},
		"elements numbered oddly": {
			iam("UntagUser", "UserName=machine", "TagKeys.member.01=k"),
			400, "", "numbered"},
		"a byte that is no UTF-8": {
			iam("TagUser", "UserName=machine", "Tags.member.1.Key=k", "Tags.member.1.Value=%ff"),
			400, "", "UTF-8"},
		"an instance without a name": {
			target("UpdateInstance", `{"InstanceArn":"`+c.Instance+`","Name":""}`),
			400, "ValidationException", "at 'name'"},
		"JSON with a byte that is none": {
			target("UpdateInstance", `{"InstanceArn":"`+c.Instance+`","Name":"`+"\xff"+`"}`),
			400, "SerializationException", "not valid JSON"},
		"JSON with half a character": {
			target("UpdateInstance", `{"InstanceArn":"`+c.Instance+`","Name":"\ud83dx"}`),
			400, "SerializationException", "surrogate"},
		"JSON with a null in a list": {
			target("UntagResource", `{"ResourceArn":"`+c.Application+`","InstanceArn":"`+c.Instance+`","TagKeys":[null]}`),
			400, "ValidationException", "at 'tagKeys.1.member' failed"},
		"XML with an empty role": {
			control("<x><LocationScope>s3://</LocationScope><IAMRoleArn/></x>"),
			400, "InvalidRequest", "at 'iAMRoleArn'"},
		"XML with text between elements": {
			control("<x>more<LocationScope>s3://</LocationScope><IAMRoleArn>" + c.Location + "</IAMRoleArn></x>"),
			400, "MalformedXML", ""},
		"XML with elements within a text": {
			control("<x><LocationScope>s3://<b/></LocationScope><IAMRoleArn>" + c.Location + "</IAMRoleArn></x>"),
			400, "MalformedXML", ""},
		"XML with another kind of element": {
			control("<x><LocationScope>s3://</LocationScope><IAMRoleArn>" + c.Location + "</IAMRoleArn>" +
				"<Tags><Label><Key>k</Key><Value>v</Value></Label></Tags></x>"),
			400, "", "Label"},
		"a filter that is empty": {
			worldtest.Request{Method: "GET", Path: "/v20180820/accessgrantsinstance/grants?granteeidentifier=", Service: "s3",
				Key:    &root,
				Header: map[string]string{"X-Amz-Account-Id": c.Account}}, 400, "InvalidRequest", "granteeidentifier"},
	} {
		t.Run(name, func(t *testing.T) {
			a := worldtest.Send(t, c.World, x.q)
			said := a.Text
			if x.status < 300 {
				said = a.Body
			}
			if a.Status != x.status || x.code != "" && a.Code != x.code || !strings.Contains(said, x.words) {
				t.Errorf("got %d %s\nwant %d %s with %q", a.Status, a.Body, x.status, x.code, x.words)
			}
		})
	}
}
