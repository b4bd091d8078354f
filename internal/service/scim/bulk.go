package scim

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"granary"
)

const (
	bulkSchema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
	maxBulk    = 1000 // operations
)

// bulk runs many operations (RFC 7644 §3.7), each as if it had come alone: with its own transaction, limits and audit
// record. What an operation refers to by bulkId is made before it. Ids are given out beforehand, so that operations may
// refer to each other in a circle.
type bulk struct {
	*call
	list    []bulkOperation
	byID    map[string]int // bulkId → operation
	results []object
	left    int // errors that may still come, or less than 0 for any number
	stopped bool
}

type bulkOperation struct {
	method, path, bulkID, version string
	data                          object
	newID                         string
	state                         int // of bulkNew …
}

const (
	bulkNew = iota
	bulkBegun
	bulkDone
	bulkFailed
)

func (c *call) bulk() (answer, error) {
	if c.method != http.MethodPost {
		return answer{}, c.notAllowed("POST")
	}
	body, err := c.payload(ofBulk)
	if err != nil {
		return answer{}, err
	}
	b := &bulk{call: c, byID: map[string]int{}, left: -1}
	if err := b.read(body); err != nil {
		return answer{}, err
	}
	b.results = make([]object, len(b.list))
	for i := range b.list {
		b.run(i)
	}
	done := []any{}
	for _, r := range b.results {
		if r != nil {
			done = append(done, r)
		}
	}
	return answer{status: http.StatusOK, body: object{"schemas": []any{bulkSchema}, "Operations": done}}, nil
}

func (b *bulk) read(body object) error {
	if v := body.get("failOnErrors"); v != nil {
		s, _ := asText(v)
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return invalid("invalidValue", "failOnErrors must be a whole number, 0 or more.")
		}
		if n > 0 {
			b.left = n
		}
	}
	list := body.list("Operations")
	if len(list) == 0 {
		return invalid("invalidSyntax", "The request has no Operations.")
	}
	if len(list) > maxBulk {
		return &scimError{status: http.StatusRequestEntityTooLarge, scimType: "tooMany",
			detail: fmt.Sprintf("A bulk request has at most %d operations.", maxBulk)}
	}
	for i, v := range list {
		o := asObject(v)
		op := bulkOperation{method: strings.ToUpper(o.text("method")), path: o.text("path"), bulkID: o.text("bulkId"),
			version: o.text("version"), data: o.sub("data")}
		if len(op.bulkID) > maxMember {
			return invalid("invalidValue", "A bulkId is longer than 256 bytes.")
		}
		if op.bulkID != "" {
			if _, twice := b.byID[op.bulkID]; twice {
				return invalid("invalidValue", "The bulkId "+op.bulkID+" stands twice in the request.")
			}
			b.byID[op.bulkID] = i
		}
		if op.method == http.MethodPost {
			op.newID = granary.UUID()
		}
		b.list = append(b.list, op)
	}
	return nil
}

// run runs an operation, once, after those it refers to.
func (b *bulk) run(i int) {
	op := &b.list[i]
	if op.state != bulkNew || b.stopped {
		return
	}
	op.state = bulkBegun
	err := b.resolve(op)
	if b.stopped {
		return
	}
	if op.state = bulkDone; err == nil {
		err = b.one(i)
	}
	if err == nil {
		return
	}
	op.state = bulkFailed
	a := b.failure(err)
	if op.method != http.MethodPost {
		a.location = b.base + op.path
	}
	b.results[i] = b.result(op, a)
	b.results[i]["response"] = a.body
	if b.left--; b.left == 0 {
		b.stopped = true
	}
}

// resolve runs what the operation refers to, and puts ids in the place of references.
func (b *bulk) resolve(op *bulkOperation) error {
	refs := map[string]bool{}
	if rest, ok := strings.CutPrefix(lastSegment(op.path), bulkPrefix); ok {
		refs[rest] = true
	}
	walkTexts(op.data, func(s string) string {
		eachReference(s, func(id string) string { refs[id] = true; return "" })
		return s
	})
	ids := map[string]string{}
	for _, ref := range slices.Sorted(maps.Keys(refs)) {
		j, ok := b.byID[ref]
		if !ok || b.list[j].newID == "" {
			return invalid("invalidValue", "No operation that makes something has the bulkId "+short(ref)+".")
		}
		b.run(j)
		if b.list[j].state == bulkFailed {
			return invalid("invalidValue", "The operation with the bulkId "+short(ref)+", which this one refers to, failed.")
		}
		ids[ref] = b.list[j].newID
	}
	if len(ids) == 0 {
		return nil
	}
	put := func(s string) string { return eachReference(s, func(id string) string { return ids[id] }) }
	op.path = put(op.path)
	op.data, _ = walkTexts(op.data, put).(object)
	return nil
}

const bulkPrefix = "bulkId:"

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// eachReference replaces the references in a text: one that is it whole or its last segment, or one in quotes, as
// filters have it.
func eachReference(s string, of func(id string) string) string {
	if at := strings.Index(s, `"`+bulkPrefix); at >= 0 {
		if id, rest, ok := strings.Cut(s[at+1+len(bulkPrefix):], `"`); ok {
			return s[:at+1] + of(id) + `"` + rest
		}
	}
	if id, ok := strings.CutPrefix(lastSegment(s), bulkPrefix); ok {
		return s[:len(s)-len(lastSegment(s))] + of(id)
	}
	return s
}

// walkTexts copies a value with every text in it changed.
func walkTexts(v any, fn func(string) string) any {
	switch v := v.(type) {
	case string:
		return fn(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = walkTexts(e, fn)
		}
		return out
	case object:
		if v == nil {
			return v
		}
		out := make(object, len(v))
		for k, e := range v {
			out[k] = walkTexts(e, fn)
		}
		return out
	case map[string]any:
		return walkTexts(object(v), fn)
	}
	return v
}

// one runs an operation as a call of its own.
func (b *bulk) one(i int) error {
	op := &b.list[i]
	sub := *b.call
	sub.method, sub.kind, sub.id, sub.newID, sub.query = op.method, "", "", op.newID, url.Values{}
	sub.asked, sub.excluded = nil, nil
	sub.match, sub.noneMatch, sub.named, sub.now = op.version, "", map[string]bool{}, b.Now().UTC()
	sub.payload = func(*want) (object, error) {
		if op.data == nil {
			return nil, invalid("invalidSyntax", "The operation has no data.")
		}
		return op.data, nil
	}
	switch op.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return invalid("invalidSyntax", "An operation's method must be POST, PUT, PATCH or DELETE.")
	}
	if op.method == http.MethodPost && op.bulkID == "" {
		return invalid("invalidSyntax", "An operation with the method POST needs a bulkId.")
	}
	if err := sub.route(segments(op.path)); err != nil {
		return err
	}
	if sub.kind != "Users" && sub.kind != "Groups" || sub.reads() {
		return invalid("invalidPath", "An operation's path must be /Users or /Groups, or one of them.")
	}
	a, err := sub.dispatch()
	if rerr := sub.request.Record(sub.event(err)); rerr != nil {
		err = rerr
	}
	if err == nil {
		if a.location == "" {
			a.location = sub.base + "/" + sub.kind + "/" + sub.id
		}
		b.results[i] = b.result(op, a)
	}
	return err
}

// result is an operation's part of the answer.
func (b *bulk) result(op *bulkOperation, a answer) object {
	o := object{"method": op.method, "status": strconv.Itoa(a.status)}
	o.set("bulkId", op.bulkID)
	o.set("location", a.location)
	o.set("version", a.etag)
	return o
}
