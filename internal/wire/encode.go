package wire

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

func encode(m *Meta, out any, requestID string) Response {
	r := Response{Status: m.Status, Header: http.Header{}}
	v := reflect.ValueOf(out).Elem()
	switch m.Service.Protocol {
	case RestXML:
		r.Header.Set("X-Amz-Request-Id", requestID)
		r.Header.Set("X-Amz-Id-2", requestID)
		if !m.Void {
			r.Header.Set("Content-Type", "application/xml")
			b := append([]byte(xml.Header), "<"+m.Name+"Result>"...)
			b = appendElements(b, v, true)
			r.Body = append(b, "</"+m.Name+"Result>"...)
		}
	case Query:
		r.Header.Set("Content-Type", "text/xml")
		r.Header.Set("X-Amzn-Requestid", requestID)
		b := append([]byte(nil), "<"+m.Name+"Response xmlns=\""+m.Service.XMLNamespace+"\">"...)
		if !m.Void {
			b = append(b, "<"+m.Name+"Result>"...)
			fillLists(v)
			b = appendElements(b, v, false)
			b = append(b, "</"+m.Name+"Result>"...)
		}
		r.Body = append(b, "<ResponseMetadata><RequestId>"+requestID+"</RequestId></ResponseMetadata></"+m.Name+
			"Response>"...)
	default:
		r.Header.Set("Content-Type", contentTypes[m.Service.Protocol])
		r.Header.Set("X-Amzn-Requestid", requestID)
		r.Header.Set("Cache-Control", "no-store")
		r.Body = appendObject(nil, v)
	}
	return r
}

var contentTypes = map[Protocol]string{JSON11: "application/x-amz-json-1.1", RestJSON1: "application/json",
	RestXML: "application/xml", Query: "text/xml"}

// fillLists makes the absent lists of an answer empty ones: AWS's query services write their element too.
func fillLists(v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.Type() != byteType && f.Type() != rawType && f.IsNil() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
}

// appendElements writes a structure's members. restXml writes empty lists too: without the element boto3's callers find
// no key (access-grants §1.3).
func appendElements(b []byte, v reflect.Value, millis bool) []byte {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if f.loc == "" {
			b = appendMember(b, f, v.Field(f.index), millis)
		}
	}
	return b
}

// leftOut reports whether a member is not written. A text that must be there is, even when it is empty: a tag's value
// may be.
func leftOut(f *field, v reflect.Value) bool {
	return absent(v) && !(f.required && v.Kind() == reflect.String)
}

func appendMember(b []byte, f *field, v reflect.Value, millis bool) []byte {
	t := v.Type()
	if isList(t) {
		return appendList(b, f, v, millis)
	}
	if t.Kind() == reflect.Map {
		return appendMap(b, f, v, millis)
	}
	if leftOut(f, v) {
		return b
	}
	return appendTagged(b, f.name, v, millis)
}

func appendTagged(b []byte, name string, v reflect.Value, millis bool) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = appendContent(b, v, millis)
	return append(append(append(b, "</"...), name...), '>')
}

func appendContent(b []byte, v reflect.Value, millis bool) []byte {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Type() == timeType:
		return append(b, formatTime(v.Interface().(time.Time), millis)...)
	case v.Kind() == reflect.Struct:
		return appendElements(b, v, millis)
	case v.Type() == byteType:
		return append(b, base64.StdEncoding.EncodeToString(v.Bytes())...)
	}
	return appendEscaped(b, scalar(v))
}

func scalar(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	}
	return v.String()
}

func formatTime(t time.Time, millis bool) string {
	if millis {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func appendList(b []byte, f *field, v reflect.Value, millis bool) []byte {
	if v.IsNil() && !millis && !f.required {
		return b
	}
	item := f.item
	if item == "" {
		item = f.name
	} else {
		b = append(append(append(b, '<'), f.name...), '>')
	}
	for i := range v.Len() {
		b = appendTagged(b, item, v.Index(i), millis)
	}
	if f.item != "" {
		b = append(append(append(b, "</"...), f.name...), '>')
	}
	return b
}

func appendMap(b []byte, f *field, v reflect.Value, millis bool) []byte {
	if v.IsNil() {
		return b
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, c reflect.Value) int { return strings.Compare(a.String(), c.String()) })
	b = append(append(append(b, '<'), f.name...), '>')
	for _, k := range keys {
		b = append(b, "<entry>"...)
		b = appendTagged(b, "key", k, millis)
		b = appendTagged(b, "value", v.MapIndex(k), millis)
		b = append(b, "</entry>"...)
	}
	return append(append(append(b, "</"...), f.name...), '>')
}

// appendEscaped escapes XML text; characters XML cannot hold become U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	w := sliceWriter(b)
	_ = xml.EscapeText(&w, []byte(s)) // cannot fail: the writer does not
	return w
}

type sliceWriter []byte

func (w *sliceWriter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

// appendObject writes a structure as a JSON object; absent members are left out.
func appendObject(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	p := planOf(v.Type())
	first := true
	for i := range p.fields {
		f := &p.fields[i]
		m := v.Field(f.index)
		if f.loc != "" || leftOut(f, m) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendJSON(append(appendString(b, f.name), ':'), m)
	}
	return append(b, '}')
}

func appendJSON(b []byte, v reflect.Value) []byte {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Type() == timeType:
		return strconv.AppendFloat(b, float64(v.Interface().(time.Time).UnixMilli())/1000, 'f', -1, 64)
	case v.Type() == rawType:
		return append(b, v.Bytes()...)
	case v.Type() == byteType:
		return appendString(b, base64.StdEncoding.EncodeToString(v.Bytes()))
	}
	switch v.Kind() {
	case reflect.Struct:
		return appendObject(b, v)
	case reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, v.Index(i))
		}
		return append(b, ']')
	case reflect.Map:
		b = append(b, '{')
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, c reflect.Value) int { return strings.Compare(a.String(), c.String()) })
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(append(appendString(b, k.String()), ':'), v.MapIndex(k))
		}
		return append(b, '}')
	case reflect.String:
		return appendString(b, v.String())
	}
	return append(b, scalar(v)...)
}

func appendString(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string always marshals
	return append(b, text...)
}

// EncodeError writes an error in the protocol's envelope.
func EncodeError(s *Service, e Error, requestID, hostID string) Response {
	r := Response{Status: e.Status, Header: http.Header{"Content-Type": {contentTypes[s.Protocol]}}}
	switch s.Protocol {
	case RestXML:
		r.Header.Set("X-Amz-Request-Id", requestID)
		r.Header.Set("X-Amz-Id-2", hostID)
		b := append([]byte(xml.Header), "<ErrorResponse><Error>"...)
		b = appendPairs(b, e)
		b = append(b, "</Error>"...)
		b = element(element(b, "RequestId", requestID), "HostId", hostID)
		r.Body = append(b, "</ErrorResponse>"...)
	case Query:
		r.Header.Set("X-Amzn-Requestid", requestID)
		kind := "Sender"
		if e.Status >= 500 {
			kind = "Receiver"
		}
		b := append([]byte(nil), "<ErrorResponse xmlns=\""+s.XMLNamespace+"\"><Error>"...)
		b = appendPairs(element(b, "Type", kind), e)
		b = element(append(b, "</Error>"...), "RequestId", requestID)
		r.Body = append(b, "</ErrorResponse>"...)
	default:
		r.Header.Set("X-Amzn-Requestid", requestID)
		r.Header.Set("X-Amzn-Errortype", e.Code)
		m := map[string]string{}
		for k, v := range e.Detail {
			m[k] = v
		}
		if s.Protocol == RestJSON1 {
			m["message"], m["error_description"] = e.Message, e.Message
			if m["error"] == "" {
				m["error"] = oauthWord(strings.TrimSuffix(e.Code, "Exception"))
			}
		} else {
			m["__type"], m["Message"], m["message"] = e.Code, e.Message, e.Message
		}
		r.Body = appendJSON(nil, reflect.ValueOf(m))
	}
	return r
}

func element(b []byte, name, text string) []byte {
	return append(append(append(appendEscaped(append(append(append(b, '<'), name...), '>'), text), "</"...), name...), '>')
}

func appendPairs(b []byte, e Error) []byte {
	b = element(element(b, "Code", e.Code), "Message", e.Message)
	for _, k := range sortedKeys(e.Detail) {
		b = element(b, k, e.Detail[k])
	}
	return b
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// oauthWord is OAuth's word for an error: AWS's in OAuth's spelling, but for two.
func oauthWord(code string) string {
	switch code {
	case "InternalServer":
		return "server_error"
	case "InvalidRequestRegion":
		return "invalid_request"
	}
	return snake(code)
}

// snake turns InvalidGrant into invalid_grant, OAuth's spelling (RFC 6749 §5.2).
func snake(s string) string {
	var b strings.Builder
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Redacted is an input as the audit log keeps it: under AWS's names with a lower-case first letter, query parameters
// under their own; what is sensitive or stands in a header is left out.
func Redacted(in any) json.RawMessage {
	return appendRedacted(nil, reflect.ValueOf(in).Elem())
}

func appendRedacted(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	p := planOf(v.Type())
	first := true
	for i := range p.fields {
		f := &p.fields[i]
		m := v.Field(f.index)
		if f.sensitive || f.loc == "header" || absent(m) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		name := f.label
		if f.loc == "querystring" {
			name = f.name
		}
		b = append(appendString(b, name), ':')
		switch {
		case m.Kind() == reflect.Pointer && m.Elem().Kind() == reflect.Struct:
			b = appendRedacted(b, m.Elem())
		case m.Kind() == reflect.Slice && m.Type().Elem().Kind() == reflect.Struct:
			b = append(b, '[')
			for i := range m.Len() {
				if i > 0 {
					b = append(b, ',')
				}
				b = appendRedacted(b, m.Index(i))
			}
			b = append(b, ']')
		default:
			b = appendJSON(b, m)
		}
	}
	return append(b, '}')
}
