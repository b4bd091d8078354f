package wire

import (
	"net/url"
	"strings"
)

// Router finds the operation a request is for.
type Router struct {
	byName map[string]*Meta // JSON 1.1 and query
	rest   []template
}

type template struct {
	meta     *Meta
	segments []string // "{id}", "{arn+}" or literal
	query    string   // a parameter that must be there, "aws_iam"
}

// NewRouter prepares a service's routes.
func NewRouter(metas ...*Meta) *Router {
	r := &Router{byName: map[string]*Meta{}}
	for _, m := range metas {
		switch m.Service.Protocol {
		case JSON11, Query:
			r.byName[m.Name] = m
		default:
			path, query, _ := strings.Cut(m.URI, "?")
			query, _, _ = strings.Cut(query, "=")
			t := template{m, strings.Split(strings.Trim(path, "/"), "/"), query}
			if query != "" {
				r.rest = append([]template{t}, r.rest...) // the sharper ones first
			} else {
				r.rest = append(r.rest, t)
			}
		}
	}
	return r
}

// Match finds the operation and the URI's labels. An operation that is not answered is granary.Invalid, in the
// protocol's words.
func (r *Router) Match(s *Service, req *Request) (*Meta, map[string]string, error) {
	switch s.Protocol {
	case JSON11:
		target := req.Header.Get("X-Amz-Target")
		name := target[strings.LastIndexByte(target, '.')+1:]
		if m := r.byName[name]; m != nil && s.Targeted(strings.TrimSuffix(target, "."+name)) {
			return m, nil, nil
		}
		return nil, nil, malformed("UnknownOperationException", "Granary does not answer the operation %q.", target)
	case Query:
		form, err := formOf(req)
		if err != nil {
			return nil, nil, err
		}
		name := form["Action"]
		if m := r.byName[name]; m != nil {
			return m, nil, nil
		}
		if name == "" {
			return nil, nil, malformed("MissingAction", "The request has no Action parameter.")
		}
		return nil, nil, malformed("InvalidAction", "Granary does not answer the action %q.", name)
	}
	return r.matchPath(s, req)
}

func (r *Router) matchPath(s *Service, req *Request) (*Meta, map[string]string, error) {
	path := strings.TrimPrefix(req.RawPath, "/")
	known := false
	for i := range r.rest {
		t := &r.rest[i]
		labels, ok := t.match(path)
		if !ok || t.query != "" && !hasQuery(req.Query, t.query) {
			continue
		}
		known = true
		if t.meta.Method == req.Method {
			return t.meta, labels, nil
		}
	}
	if known {
		return nil, nil, malformed("MethodNotAllowed", "The method %s is not allowed on this resource.", req.Method)
	}
	if s.Protocol == RestJSON1 {
		return nil, nil, malformed("UnknownOperationException", "Granary answers no operation at %s.", req.RawPath)
	}
	return nil, nil, malformed("InvalidRequest", "Granary answers no operation at %s.", req.RawPath)
}

func hasQuery(query []Pair, name string) bool {
	for _, p := range query {
		if p.Name == name {
			return true
		}
	}
	return false
}

// match compares an escaped path. A greedy label takes the rest; labels are unescaped after splitting.
func (t *template) match(path string) (map[string]string, bool) {
	var labels map[string]string
	for i, seg := range t.segments {
		if !strings.HasPrefix(seg, "{") {
			head, rest, more := strings.Cut(path, "/")
			if head != seg || more != (i < len(t.segments)-1) {
				return nil, false
			}
			path = rest
			continue
		}
		name, greedy := strings.CutSuffix(strings.Trim(seg, "{}"), "+")
		value, rest, more := path, "", false
		if !greedy {
			value, rest, more = strings.Cut(path, "/")
		}
		if value == "" || !greedy && more != (i < len(t.segments)-1) {
			return nil, false
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return nil, false
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[name] = text
		path = rest
	}
	return labels, true
}
