package scim

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostile is a large body that means little, and what is wanted of it: a beginning, a part that comes again and again,
// an end.
type hostile struct {
	want                *want
	before, part, after string
	size                int // 0: as large as may be
}

// stream is the body, made as it is read.
func (h hostile) stream() *stream {
	if h.size == 0 {
		h.size = h.want.bytes
	}
	n := (h.size - len(h.before) - len(h.after)) / (len(h.part) + 1)
	if h.part == " " || h.part == "x" || h.part == "0" {
		return &stream{hostile: h, left: n * 2}
	}
	return &stream{hostile: h, comma: ",", left: n}
}

type stream struct {
	hostile
	comma string
	rest  string
	left  int // parts
	begun bool
	read  int
}

func (s *stream) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if s.rest == "" {
			switch {
			case !s.begun:
				s.begun, s.rest = true, s.before
			case s.left > 1:
				k := min(s.left-1, 1000)
				s.rest, s.left = strings.Repeat(s.part+s.comma, k), s.left-k
			case s.left == 1:
				s.rest, s.left = s.part+s.after, 0
			default:
				return n, io.EOF
			}
		}
		k := copy(p[n:], s.rest)
		s.rest, n, s.read = s.rest[k:], n+k, s.read+k
	}
	return n, nil
}

var many100 = `[` + strings.Repeat(`{"a":{}},`, 99) + `{}]`

var hostileBodies = map[string]hostile{
	"empty members":            {want: ofGroup, before: `{"members":[`, part: `{}`, after: `]}`},
	"members without a value":  {want: ofGroup, before: `{"members":[`, part: `{"display":"x"}`, after: `]}`},
	"members that are lists":   {want: ofGroup, before: `{"members":[`, part: `[]`, after: `]}`},
	"members that are numbers": {want: ofGroup, before: `{"members":[`, part: `1`, after: `]}`},
	"short ids":                {want: ofGroup, before: `{"members":[`, part: `"a"`, after: `]}`},
	"unknown lists":            {want: ofGroup, before: `{"displayName":"x","nonsense":[`, part: `{}`, after: `]}`},
	"unknown lists in lists":   {want: ofGroup, before: `{"displayName":"x","nonsense":[`, part: `[[]]`, after: `]}`},
	"unknown numbers":          {want: ofGroup, before: `{"displayName":"x","nonsense":[`, part: `1.5e3`, after: `]}`},
	"unknown texts": {want: ofGroup, before: `{"displayName":"x","nonsense":[`, part: `"é\u00e9"`,
		after: `]}`},
	"one unknown text": {want: ofGroup, before: `{"displayName":"x","nonsense":"`, part: `x`, after: `"}`},
	"one text":         {want: ofGroup, before: `{"displayName":"`, part: `x`, after: `"}`},
	"many names":       {want: ofGroup, before: `{`, part: `"a":1`, after: `}`},
	"many objects of names": {want: ofGroup, before: `{"nonsense":[`,
		part: `{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}`, after: `]}`},
	"empty operations": {want: ofGroupPatch, before: `{"Operations":[`, part: `{}`, after: `]}`},
	"an operation's members": {want: ofGroupPatch, before: `{"Operations":[{"op":"add","path":"members","value":[`,
		part: `{}`, after: `]}]}`},
	"an operation's attributes": {want: ofGroupPatch, before: `{"Operations":[{"op":"add","value":{"members":[`,
		part: `{"a":{}}`, after: `]}}]}`},
	"a thousand operations": {want: ofGroupPatch, before: `{"Operations":[`, part: `{"op":"add","value":` + many100 +
		`}`, after: `]}`, size: 900 << 10},
	"bulk": {want: ofBulk, before: `{"Operations":[`, part: `{}`, after: `]}`},
	"bulk members": {want: ofBulk, before: `{"Operations":[{"method":"POST","data":{"members":[`, part: `{}`,
		after: `]}}]}`},
	"bulk texts": {want: ofBulk, before: `{"Operations":[{"method":"POST","data":{"x":[`, part: `"a"`,
		after: `]}}]}`},
	"bulk objects": {want: ofBulk, before: `{"Operations":[`, part: `{"data":` + many100 + `}`, after: `]}`,
		size: 900 << 10},
	"a user's list":    {want: ofUser, before: `{"emails":[`, part: `{}`, after: `]}`},
	"a user's objects": {want: ofUser, before: `{"name":{"x":[`, part: `{"a":{}}`, after: `]}}`},
	"depth":            {want: ofUser, before: `{"name":[`, part: strings.Repeat("[", 1000), after: `]}`},
	"white space":      {want: ofGroup, before: `{"displayName":`, part: ` `, after: `"x"}`},
	"digits":           {want: ofGroup, before: `{"displayName":1`, part: `0`, after: `}`},
}

// A body costs what it means: what is hostile is refused, or passed over, in little time and memory.
func TestHostileBodiesCostLittle(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(hostileBodies)) {
		x := hostileBodies[name]
		in := x.stream()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
		o, err := readDocument(in, x.want)
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		made := int(after.TotalAlloc-before.TotalAlloc) >> 10
		runtime.GC()
		runtime.ReadMemStats(&after)
		held := int(int64(after.HeapAlloc)-int64(before.HeapAlloc)) >> 10
		t.Logf("%-26s read %5d KiB: %8s, %6d KiB made, %6d KiB held, %v", name, in.read>>10, took.Round(10*time.Microsecond),
			made, held, err)
		if held > x.want.memory>>10 {
			t.Errorf("%s holds %d KiB", name, held)
		}
		if made > 2*x.want.memory>>10 {
			t.Errorf("%s made %d KiB", name, made)
		}
		runtime.KeepAlive(o)
	}
}

// A refusal does not wait for the rest.
func TestWhatIsRefusedIsNotReadToItsEnd(t *testing.T) {
	for name, most := range map[string]int{"empty members": 64 << 10, "members that are lists": 64 << 10,
		"empty operations": 64 << 10, "bulk": 64 << 10, "bulk members": 64 << 10,
		"a user's list": 64 << 10, "many names": 64 << 10, "depth": 64 << 10, "digits": 64 << 10, "one text": 2 << 20,
		"unknown lists": 4 << 20, "short ids": 4 << 20} {
		in := hostileBodies[name].stream()
		if _, err := readDocument(in, hostileBodies[name].want); err == nil || in.read > most {
			t.Errorf("%s: %d bytes were read, %v", name, in.read, err)
		}
	}
	d := open(t, nil)
	text := func(name string) string {
		b, err := io.ReadAll(hostileBodies[name].stream())
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if o := d.do(400, "POST", "/Groups", text("empty members")); o.text("scimType") != "invalidValue" {
		t.Errorf("%v", o)
	}
	d.do(413, "POST", "/Bulk", text("bulk"))
}

// One byte wrong, anywhere, and the request is refused in words.
func TestBadBytesAreRefused(t *testing.T) {
	d := open(t, nil)
	before := person("ann")
	b, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	good := strings.TrimSuffix(string(b), "}")
	for name, x := range map[string]string{
		"a byte of no UTF-8":              `,"title":"` + "\xff" + `"}`,
		"half a character":                `,"title":"` + "\xc3" + `"}`,
		"an overlong character":           `,"title":"` + "\xc0\xaf" + `"}`,
		"a surrogate as UTF-8":            `,"title":"` + "\xed\xa0\x80" + `"}`,
		"beyond Unicode":                  `,"title":"` + "\xf4\x90\x80\x80" + `"}`,
		"a lone surrogate":                `,"title":"\ud800"}`,
		"a low surrogate first":           `,"title":"\udc00\ud800"}`,
		"a surrogate before a letter":     `,"title":"\ud800x"}`,
		"a surrogate before another":      `,"title":"\ud800\u0041"}`,
		"NUL":                             `,"title":"a\u0000"}`,
		"a NUL as it is":                  `,"title":"a` + "\x00" + `"}`,
		"a line feed as it is":            `,"title":"a` + "\n" + `"}`,
		"a control character":             `,"title":"a\u0001"}`,
		"a C1 control character":          `,"title":"a\u0085"}`,
		"a bad escape":                    `,"title":"\x41"}`,
		"a short escape":                  `,"title":"\u41"}`,
		"in what is not kept":             `,"nonsense":"` + "\xff" + `"}`,
		"a surrogate in what is not kept": `,"nonsense":["\ud800"]}`,
		"a NUL in what is not kept":       `,"nonsense":{"a":"\u0000"}}`,
		"in a name":                       `,"tit` + "\xff" + `le":"x"}`,
		"a NUL in a name":                 `,"tit\u0000le":"x"}`,
		"a tab in a name":                 `,"tit\tle":"x"}`,
		"twice":                           `,"title":"x","title":"x"}`,
		"twice in two letter cases":       `,"title":"x","TITLE":"x"}`,
		"twice by a long s":               `,"userName":"x"}`,
		"twice by the Kelvin sign":        `,"nickName":"x","nicKName":"y"}`,
		"twice by an escape":              `,"title":"x","\u0074itle":"x"}`,
		"twice in a part":                 `,"` + enterpriseSchema + `":{"division":"x","DIVISION":"y"}}`,
		"twice in what is not kept":       `,"nonsense":{"a":{"b":1,"b":2}}}`,
		"something after it":              `}{}`,
		"a letter after it":               `}x`,
		"a NUL after it":                  "}\x00",
		"a comma after the last":          `,}`,
		"no comma":                        ` "title":"x"}`,
		"no colon":                        `,"title" "x"}`,
		"a single quote":                  `,'title':'x'}`,
		"a comment":                       `,/* x */"title":"x"}`,
		"a plus before a number":          `,"nonsense":+1}`,
		"a zero before a number":          `,"nonsense":01}`,
		"no digit after the point":        `,"nonsense":1.}`,
		"not a number":                    `,"nonsense":NaN}`,
		"a word in another letter case":   `,"active":True}`,
		"half a word":                     `,"active":tru}`,
		"no end":                          ``,
		"no end of a text":                `,"title":"x`,
		"no end in an escape":             `,"title":"\u00`,
		"deep":                            `,"nonsense":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
		"deep objects": `,"nonsense":` + strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40) +
			`}`,
		"a form feed between":              ",\f\"title\":\"x\"}",
		"a no-break space between":         ",\u00a0\"title\":\"x\"}",
		"a second byte order mark":         `}` + "\xef\xbb\xbf",
		"a name of many bytes":             `,"` + strings.Repeat("x", 2000) + `":1}`,
		"a number of many digits":          `,"nonsense":1` + strings.Repeat("0", 100) + `}`,
		"a surrogate in an e-mail address": `,"emails":[{"value":"a\udfff@x"}]}`,
	} {
		body := good + x
		if name == "twice by a long s" {
			body = strings.Replace(body, `"userName":"x"}`, `"uſerName":"x"}`, 1)
		}
		for _, r := range [][2]string{{"POST", "/Users"}, {"POST", "/Groups"}} {
			w := d.send(r[0], r[1], body)
			var e object
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 400 || e.text("detail") == "" || len(e) != 4 {
				if r[1] == "/Groups" && strings.HasPrefix(name, "a control") || r[1] == "/Groups" &&
					strings.HasPrefix(name, "a C1") {
					continue // a group has no title
				}
				t.Errorf("%s, %s %s: %d %s", name, r[0], r[1], w.Code, w.Body)
			}
		}
	}
	for _, path := range []string{"/Users/%ff", "/Users/%00", "/Users/a%0ab", "/Users/%c3", "/%ff",
		"/Users/" + strings.Repeat("x", 5000), "/Schemas/%ff", "/Groups/%ed%a0%80"} {
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			if w := d.send(method, path, good+"}"); w.Code != 404 {
				t.Errorf("%s %.20s: %d %s", method, path, w.Code, w.Body)
			}
		}
	}
	for _, query := range []string{"filter=userName+eq+%22%ff%22", "filter=userName+eq+%22a%00%22",
		"filter=userName+eq+%22a%0a%22", "filter=%00", "filter=userName+eq+%22%5cud800%22",
		"filter=userName+eq+%22%5cu0000%22",
		"filter=userName%0beq+%22a%22", "filter=userName+eq+%22a%22&filter=userName+pr", "count=1&count=2", "count=1%00",
		"cursor=%ff", "attributes=userName%00", "sortBy=userName%07",
		"excludedAttributes=%c3", "filter=userName+eq+%22a%5cu0007%22", "filter=userName+eq+%22%c2%85%22", "startIndex=1%ff",
		"filter=userName+eq+%22a%22%00"} {
		for _, path := range []string{"/Users?", "/Groups?"} {
			if w := d.send("GET", path+query, nil); w.Code != 400 {
				t.Errorf("%s%s: %d %s", path, query, w.Code, w.Body)
			}
		}
	}
	id := d.person("carl")
	for _, path := range []string{"title\x00", "ti\x01tle", "title\u0085", "\ttitle", "title\n",
		"emails[type eq \"w\x00\"].value", `emails[type eq "\ud800"].value`, `emails[value eq "\u0000"].type`, "ti\u2028tle",
		strings.Repeat("x", 5000)} {
		d.do(400, "PATCH", "/Users/"+id, patchOp(object{"op": "replace", "path": path, "value": "x"},
			object{"op": "replace", "path": "title", "value": "y"}))
	}
}

// The reader takes what encoding/json takes, and means the same by it, unless it refuses it.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9\ud83d\ude00",true,false,null,{}],"b":{"c":""}}`,
		"\xef\xbb\xbf" + ` {} `, `{"a":"\/\b\f\n\r\t\"\\"}`, `{"A":1,"a":2}`, `{"a":-0}`, `{"Operations":[[[]]]}`} {
		f.Add(s)
	}
	all := &want{bytes: 1 << 20, memory: 1 << 20}
	f.Fuzz(func(t *testing.T, s string) {
		var want any
		d := json.NewDecoder(strings.NewReader(strings.TrimPrefix(s, "\xef\xbb\xbf")))
		d.UseNumber()
		jerr := d.Decode(&want)
		if _, more := d.Token(); jerr == nil && !errors.Is(more, io.EOF) {
			jerr = errors.New("more")
		}
		for _, size := range []int{1, 7, 1 << 20} {
			got, err := readDocument(&slow{s, size}, all)
			if err != nil {
				if e := asSCIM(err); e.status != 400 && e.status != 413 || e.detail == "" {
					t.Fatalf("%d %v", e.status, err)
				}
				continue
			}
			if jerr != nil || !reflect.DeepEqual(map[string]any(got), want) {
				t.Fatalf("%q is read as %v, want %v, %v", s, got, want, jerr)
			}
		}
	})
}

// slow gives a few bytes at a time.
type slow struct {
	rest string
	size int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.size)], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
