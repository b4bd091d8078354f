package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"granary"
)

// The bounds of an event, in bytes unless said otherwise. CloudTrail's own are 256 KB an event, 100 KB for parameters
// and 1 KB for texts; these are smaller, because here whoever can send a request makes the log grow.
const (
	MaxLine = 16 << 10 // one event in the log, with the end of its line

	maxText       = 512
	maxMessage    = 1 << 10
	maxName       = 128
	maxARN        = 1200     // an object's key may have 1024
	maxParameters = 4 << 10  // each of the event's parts that are JSON
	maxParsed     = 64 << 10 // beyond it such a part is left out whole, and not even read
	maxMember     = 256      // a text within a part that is too long
	maxElements   = 10       // a list's elements, likewise
	maxMembers    = 40       // an object's
	maxDepth      = 6
	maxFacts      = 16 // facts of a decision
	maxReasons    = 16 // statements
	maxKeys       = 2 << 10
	maxSession    = 6 << 10
	maxResources  = 8 << 10
)

// cut returns at most limit bytes of a text, whole characters only, without what is not UTF-8.
func cut(s string, limit int) string {
	if len(s) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "")
}

// shorten cuts a text that is longer than limit bytes and adds a mark that says so.
func shorten[T ~string](s *T, limit int) {
	if len(*s) > limit {
		mark := fmt.Sprintf("… (cut from %d bytes)", len(*s))
		*s = T(cut(string(*s), limit-len(mark)) + mark)
	}
}

// lines are an event as the log keeps it: mostly one line, and more where an event that succeeded names more resources
// than one holds. None is longer than MaxLine, whatever the event has in it.
func (l *Log) lines(e *Event) ([]*Event, [][]byte, error) {
	events := l.split(e)
	out := make([][]byte, len(events))
	for i, e := range events {
		b, err := e.line()
		if err != nil {
			return nil, nil, granary.Wrap(granary.Internal, "The audit event cannot be written.", err)
		}
		out[i] = b
	}
	return events, out, nil
}

// split gives the resources of an event that are too many to more events, which share its id (sharedEventID). Of a
// refusal only the first are kept, since nothing was done to them.
func (l *Log) split(e *Event) []*Event {
	events := []*Event{e}
	if len(e.Resources) <= 4 {
		return events
	}
	var chunks [][]Resource
	size, from := 0, 0
	for i := range e.Resources {
		shorten(&e.Resources[i].ARN, maxARN)
		n := escapedLen(e.Resources[i].ARN) + 128
		if size+n > maxResources && i > from {
			chunks, size, from = append(chunks, e.Resources[from:i]), 0, i
		}
		size += n
	}
	chunks = append(chunks, e.Resources[from:])
	e.Resources = chunks[0]
	if e.ErrorCode != "" || len(chunks) == 1 {
		return events
	}
	e.SharedEventID = e.EventID
	for _, c := range chunks[1:] {
		more := *e
		more.EventID, more.Resources = granary.TimedUUID(l.config.Now()), c
		more.RequestParameters, more.ResponseElements, more.AdditionalEventData, more.Decision = nil, nil, nil, nil
		events = append(events, &more)
	}
	return events
}

// escapedLen returns the most bytes that a text takes in JSON.
func escapedLen(s string) int {
	n := len(s)
	for _, c := range s {
		if c < ' ' || c == utf8.RuneError || c == '\u2028' || c == '\u2029' {
			n += 5
		} else if c == '"' || c == '\\' {
			n++
		}
	}
	return n
}

// line returns the event in JSON, cut until it fits.
func (e *Event) line() ([]byte, error) {
	e.cutTexts()
	e.RequestParameters = cutPart(e.RequestParameters, "requestParameters")
	e.ResponseElements = cutPart(e.ResponseElements, "responseElements")
	e.AdditionalEventData = cutPart(e.AdditionalEventData, "additionalEventData")
	if e.Decision != nil {
		e.Decision = e.Decision.cut()
	}
	b, err := e.encode()
	for _, less := range []func(*Event){leaveOutParts, leaveOutSession, leaveOutMost} {
		if err != nil || len(b) <= MaxLine {
			break
		}
		less(e)
		b, err = e.encode()
	}
	return b, err
}

func (e *Event) encode() ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, 2048)) // most events are shorter
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

// texts calls each with every text of the event and its limit in bytes.
func (e *Event) texts(each func(s *string, limit int)) {
	for _, s := range []*string{&e.EventVersion, &e.EventTime, &e.EventSource, &e.EventName, &e.AWSRegion,
		&e.SourceIPAddress, &e.ErrorCode, &e.RequestID, &e.EventID,
		&e.SharedEventID, &e.EventType, &e.RecipientAccountID, &e.EventCategory} {
		each(s, maxName)
	}
	each(&e.UserAgent, maxText)
	each(&e.ErrorMessage, maxMessage)
	if u := e.UserIdentity; u != nil {
		for _, s := range []*string{&u.Type, &u.AccountID, &u.AccessKeyID, &u.InvokedBy, &u.CredentialID} {
			each(s, maxName)
		}
		for _, s := range []*string{&u.PrincipalID, &u.ARN, &u.UserName, &u.IdentityProvider} {
			each(s, maxText)
		}
		if c := u.SessionContext; c != nil {
			each(&c.SourceIdentity, maxName)
			if i := c.SessionIssuer; i != nil {
				for _, s := range []*string{&i.Type, &i.PrincipalID, &i.AccountID, &i.UserName, &i.ARN} {
					each(s, maxText)
				}
			}
		}
	}
	people := []*OnBehalfOf{e.Person}
	if e.UserIdentity != nil {
		people = append(people, e.UserIdentity.OnBehalfOf)
	}
	for _, p := range people {
		if p != nil {
			each(&p.UserID, maxName)
			each(&p.UserName, maxText)
			each(&p.IdentityStoreARN, maxText)
		}
	}
	for i := range e.Resources {
		r := &e.Resources[i]
		each(&r.AccountID, maxName)
		each(&r.Type, maxName)
		each(&r.ARN, maxARN)
	}
}

func (e *Event) cutTexts() { e.texts(shorten) }

// cutPart shortens a part of an event that is JSON. What is left says that something was omitted, as CloudTrail does.
func cutPart(part json.RawMessage, name string) json.RawMessage {
	if len(part) <= maxParameters {
		return part
	}
	if len(part) <= maxParsed {
		d := json.NewDecoder(bytes.NewReader(part))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			v = cutValue(v, maxDepth)
			if m, ok := v.(map[string]any); ok {
				m["omitted"], m["originalSize"] = true, len(part)
			}
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if enc.Encode(v) == nil && b.Len() <= maxParameters {
				return bytes.TrimSpace(b.Bytes())
			}
		}
	}
	return omitted(len(part), name)
}

func omitted(size int, name string) json.RawMessage {
	return fmt.Appendf(nil, `{"omitted":true,"originalSize":%d,"reason":"%s too large"}`, size, name)
}

func cutValue(v any, depth int) any {
	switch v := v.(type) {
	case string:
		shorten(&v, maxMember)
		return v
	case json.Number:
		if len(v) > 32 {
			return json.Number("0")
		}
	case []any:
		if depth == 0 {
			return fmt.Sprintf("… (%d elements omitted)", len(v))
		}
		n := min(len(v), maxElements)
		out := make([]any, 0, n+1)
		for _, e := range v[:n] {
			out = append(out, cutValue(e, depth-1))
		}
		if n < len(v) {
			out = append(out, fmt.Sprintf("… (%d more omitted)", len(v)-n))
		}
		return out
	case map[string]any:
		if depth == 0 {
			return fmt.Sprintf("… (%d members omitted)", len(v))
		}
		out := make(map[string]any, min(len(v), maxMembers))
		for _, k := range firstKeys(v, maxMembers) {
			name := k
			shorten(&name, maxName)
			out[name] = cutValue(v[k], depth-1)
		}
		if len(v) > maxMembers {
			out["…"] = fmt.Sprintf("%d more omitted", len(v)-maxMembers)
		}
		return out
	}
	return v
}

func firstKeys[V any](m map[string]V, n int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys[:min(len(keys), n)]
}

// cut returns a copy of the decision without the texts that are too long. The refusal itself keeps them.
func (d *Decision) cut() *Decision {
	c := *d
	shorten(&c.Link, maxName)
	shorten(&c.Cause, maxName)
	shorten(&c.Owner, maxName)
	if c.Facts != nil {
		facts := make(map[string]string, min(len(c.Facts), maxFacts))
		for _, k := range firstKeys(c.Facts, maxFacts) {
			name, v := k, c.Facts[k]
			shorten(&name, maxName)
			shorten(&v, maxText)
			facts[name] = v
		}
		c.Facts = facts
	}
	if c.Policy != nil {
		p := *c.Policy
		for _, s := range []*string{&p.Action, &p.Owner, &p.Layer, &p.Bucket} {
			shorten(s, maxName)
		}
		shorten(&p.Resource, maxARN)
		shorten(&p.Key, maxARN)
		if p.Prefix != nil && len(*p.Prefix) > maxARN {
			prefix := *p.Prefix
			shorten(&prefix, maxARN)
			p.Prefix = &prefix
		}
		p.Reasons = slices.Clone(p.Reasons[:min(len(p.Reasons), maxReasons)])
		for i := range p.Reasons {
			r := &p.Reasons[i]
			for _, s := range []*string{&r.Layer, &r.Policy, &r.Sid, &r.Effect} {
				shorten(s, maxName)
			}
		}
		if encodedLen(p.Keys) > maxKeys {
			p.Keys = nil
		}
		c.Policy = &p
	}
	if c.Session != nil && encodedLen(c.Session) > maxSession {
		c.Session = nil
	}
	return &c
}

func encodedLen(v any) int {
	b, err := json.Marshal(v)
	if err != nil {
		return MaxLine
	}
	return len(b)
}

// What an event that is still too long goes without, in order.

func leaveOutParts(e *Event) {
	for part, name := range map[*json.RawMessage]string{&e.RequestParameters: "requestParameters",
		&e.ResponseElements:    "responseElements",
		&e.AdditionalEventData: "additionalEventData"} {
		if len(*part) > maxMember {
			*part = omitted(len(*part), name)
		}
	}
}

func leaveOutSession(e *Event) {
	if e.Decision != nil {
		e.Decision.Session = nil
	}
}

func leaveOutMost(e *Event) {
	if d := e.Decision; d != nil {
		e.Decision = &Decision{Link: granary.Link(cut(string(d.Link), 32)), Cause: cut(d.Cause, 32), Owner: cut(d.Owner, 32)}
	}
	if u := e.UserIdentity; u != nil && u.SessionContext != nil {
		u.SessionContext.Attributes = nil
	}
	e.Resources = e.Resources[:min(len(e.Resources), 1)]
	e.texts(func(s *string, _ int) { shorten(s, 64) })
}
