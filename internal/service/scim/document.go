package scim

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// document reads JSON as it arrives. It keeps what the request is about, and reads the rest without keeping it, so that
// memory grows with what a request means and not with what it sends. It refuses what two readers could take
// differently: names that are there twice, texts that are not Unicode, anything after the end.
type document struct {
	in     io.Reader // what follows buf; nil: nothing
	room   []byte    // where it is read into
	buf    []byte    // what was read and not yet used
	bytes  int       // that may still be read
	memory int       // that may still be kept
	held   int       // memory that more was asked for already
	want   *want
	depth  int
	values int      // read so far, kept or not
	text   []byte   // the text that is being read
	names  []uint64 // of the objects that are being read, as hashes
	seed   maphash.Seed
}

// want is what a request reads of its body.
type want struct {
	bytes   int                    // how long the body may be
	memory  int                    // what it may take when it is read
	keep    func(name string) bool // names of the outermost object that matter; nil: all
	members bool                   // long lists are of members
	bulk    bool                   // Operations are those of a bulk request
	more    func(n int) error      // asked before so much more memory is taken; may be nil
}

// Limits of a document.
const (
	maxNesting  = 32      // lists and objects in each other
	maxNames    = 250     // of one object
	maxValues   = 1 << 20 // in all
	maxElements = 100     // of a list that is not of members or operations
	maxText     = 1 << 20 // bytes of a text that is kept
	maxMember   = 256     // bytes of a member's id in a long list
	maxNumber   = 64      // bytes of a number
	maxName     = 1024    // bytes of a name

	roomSize = 16 << 10
	moreSize = 64 << 10
)

// What things take in memory, about.
const (
	textSize   = 48
	listSize   = 64
	objectSize = 352
	nameSize   = 64
)

func newDocument(in io.Reader, w *want) *document {
	return &document{in: in, bytes: w.bytes, memory: w.memory, want: w, seed: maphash.MakeSeed()}
}

// readDocument reads a body, which must be one object. A byte order mark before it does no harm.
func readDocument(in io.Reader, w *want) (object, error) {
	d := newDocument(in, w)
	d.room = make([]byte, roomSize)
	v, err := d.whole()
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, unparsable("the body is not a JSON object")
	}
	return o, nil
}

// readText reads a text that is JSON itself.
func readText(s string) (any, error) {
	w := want{bytes: len(s), memory: 4 << 20, members: true}
	d := newDocument(nil, &w)
	d.buf = []byte(s)
	return d.whole()
}

func unparsable(why string) error {
	return invalid("invalidSyntax", "Request is unparsable, syntactically incorrect, or violates schema: "+why+".")
}

var (
	errEnds  = unparsable("it ends before the JSON does")
	errNoUTF = unparsable("a text is not UTF-8")
	errHalf  = invalid("invalidValue", "A text has half a surrogate pair in it.")
	errNUL   = invalid("invalidValue", "A text has a NUL in it.")
)

// whole reads one value, and nothing may follow it.
func (d *document) whole() (any, error) {
	if err := d.ensure(3); err != nil {
		return nil, err
	}
	d.buf = bytes.TrimPrefix(d.buf, []byte("\xef\xbb\xbf"))
	v, err := d.value(true)
	if err != nil {
		return nil, err
	}
	if _, err := d.next(); err != errEnds {
		if err == nil {
			err = unparsable("something follows the JSON object")
		}
		return nil, err
	}
	return v, nil
}

// ensure reads until n bytes are there, or no more come.
func (d *document) ensure(n int) error {
	for len(d.buf) < n && d.in != nil {
		d.buf = d.room[:copy(d.room, d.buf)]
		end := min(cap(d.room), len(d.buf)+d.bytes+1)
		k, err := d.in.Read(d.room[len(d.buf):end])
		d.buf = d.room[:len(d.buf)+k]
		if d.bytes -= k; d.bytes < 0 {
			return tooLarge(d.want.bytes)
		}
		if err == io.EOF {
			d.in = nil
		} else if err != nil {
			return unread(err)
		}
	}
	return nil
}

// byte takes the next byte.
func (d *document) byte() (byte, error) {
	if len(d.buf) == 0 {
		if err := d.ensure(1); err != nil {
			return 0, err
		}
		if len(d.buf) == 0 {
			return 0, errEnds
		}
	}
	c := d.buf[0]
	d.buf = d.buf[1:]
	return c, nil
}

// next takes the next byte that is no white space.
func (d *document) next() (byte, error) {
	for {
		for i, c := range d.buf {
			if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
				d.buf = d.buf[i+1:]
				return c, nil
			}
		}
		d.buf = nil
		if err := d.ensure(1); err != nil {
			return 0, err
		}
		if len(d.buf) == 0 {
			return 0, errEnds
		}
	}
}

// take counts memory.
func (d *document) take(n int) error {
	if d.memory -= n; d.memory < 0 {
		return tooMuch()
	}
	for d.want.more != nil && d.want.memory-d.memory > d.held {
		d.held += moreSize
		if err := d.want.more(moreSize); err != nil {
			return err
		}
	}
	return nil
}

// value reads a value; one that is not kept is nil.
func (d *document) value(keep bool) (any, error) {
	c, err := d.next()
	if err != nil {
		return nil, err
	}
	return d.valueFrom(c, keep)
}

// valueFrom reads a value whose first byte is c.
func (d *document) valueFrom(c byte, keep bool) (v any, err error) {
	if d.values++; d.values > maxValues {
		return nil, tooMuch()
	}
	switch c {
	case '{', '[':
		if d.depth++; d.depth > maxNesting {
			return nil, unparsable("lists and objects are nested too deep")
		}
		if c == '[' {
			v, err = d.list(keep, maxElements, false)
		} else {
			v, err = d.object(keep)
		}
		d.depth--
		return v, err
	case '"':
		s, err := d.string(keep, maxText)
		if err != nil || !keep {
			return nil, err
		}
		return s, d.take(textSize + len(s))
	case 't':
		return true, d.word("rue")
	case 'f':
		return false, d.word("alse") //nolint:misspell // the rest of "false"
	case 'n':
		return nil, d.word("ull")
	}
	if c == '-' || c >= '0' && c <= '9' {
		return d.number(c, keep)
	}
	return nil, unparsable("a value is expected where none is")
}

func (d *document) word(rest string) error {
	for i := range len(rest) {
		if c, err := d.byte(); err != nil {
			return err
		} else if c != rest[i] {
			return unparsable("a value is expected where none is")
		}
	}
	return nil
}

// number reads a number, which stays as it is written.
func (d *document) number(c byte, keep bool) (any, error) {
	text := append(d.text[:0], c)
	for {
		if err := d.ensure(1); err != nil {
			return nil, err
		}
		if len(d.buf) == 0 || strings.IndexByte("0123456789+-.eE", d.buf[0]) < 0 {
			break
		}
		if text = append(text, d.buf[0]); len(text) > maxNumber {
			return nil, unparsable("a number is too long")
		}
		d.buf = d.buf[1:]
	}
	if !json.Valid(text) {
		return nil, unparsable("a number is malformed")
	}
	if d.text = text; !keep {
		return nil, nil
	}
	return json.Number(text), d.take(textSize)
}

// list reads a list. One of members may be long: from a length on, it is of their ids alone.
func (d *document) list(keep bool, most int, operations bool) (any, error) {
	var out []any
	result := func() (any, error) {
		if !keep {
			return nil, nil
		}
		return out, nil
	}
	if keep {
		out = []any{}
		if err := d.take(listSize); err != nil {
			return nil, err
		}
	}
	for n := 0; ; n++ {
		c, err := d.next()
		switch {
		case err != nil:
			return nil, err
		case c == ']' && n == 0:
			return result()
		}
		var v any
		switch {
		case !keep || n < most:
			v, err = d.valueFrom(c, keep)
		case operations || !d.want.members:
			err = tooMany(most, operations && d.want.bulk && d.depth == 2)
		default:
			v, err = d.member(c)
		}
		if err != nil {
			return nil, err
		}
		if keep {
			if err := d.take(32); err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		if c, err = d.next(); err != nil {
			return nil, err
		}
		if c == ']' {
			return result()
		}
		if c != ',' {
			return nil, unparsable("a comma is missing in a list")
		}
	}
}

// member reads the id of a member: a text, or an object's value.
func (d *document) member(c byte) (any, error) {
	switch c {
	case '"':
		s, err := d.string(true, maxMember)
		if err != nil {
			return nil, err
		}
		return s, d.take(textSize + len(s))
	case '{':
		id := ""
		err := d.each(func(name string) error {
			keep := strings.EqualFold(name, "value")
			c, err := d.next()
			if err != nil {
				return err
			}
			if keep && c == '"' {
				id, err = d.string(true, maxMember)
				return err
			}
			_, err = d.valueFrom(c, false)
			return err
		})
		if err != nil {
			return nil, err
		}
		if id == "" {
			return nil, invalid("invalidValue", "A member has no value.")
		}
		return id, d.take(textSize + len(id))
	}
	return nil, invalid("invalidValue", "A list of more than 100 elements has one that names no member.")
}

// object reads an object.
func (d *document) object(keep bool) (any, error) {
	outermost := d.depth == 1
	var out map[string]any
	if keep {
		out = map[string]any{}
		if err := d.take(listSize); err != nil {
			return nil, err
		}
	}
	err := d.each(func(name string) error {
		kept := keep && (!outermost || d.want.keep == nil || d.want.keep(name))
		c, err := d.next()
		if err != nil {
			return err
		}
		var v any
		if c == '[' && strings.EqualFold(name, "Operations") {
			d.depth++
			v, err = d.list(kept, maxOperations, true)
			d.depth--
		} else {
			v, err = d.valueFrom(c, kept)
		}
		if err != nil || !kept {
			return err
		}
		cost := nameSize + len(name)
		if len(out) == 0 {
			cost += objectSize
		}
		out[name] = v
		return d.take(cost)
	})
	if err != nil || !keep {
		return nil, err
	}
	return out, nil
}

// each calls the function with each name of an object; it reads the value.
func (d *document) each(value func(name string) error) error {
	first := len(d.names)
	defer func() { d.names = d.names[:first] }()
	for n := 0; ; n++ {
		c, err := d.next()
		switch {
		case err != nil:
			return err
		case c == '}' && n == 0:
			return nil
		case c != '"':
			return unparsable("a name is expected where none is")
		case n == maxNames:
			return unparsable("an object has too many names")
		}
		name, err := d.name(first)
		if err != nil {
			return err
		}
		if c, err = d.next(); err != nil {
			return err
		}
		if c != ':' {
			return unparsable("a colon is missing after a name")
		}
		if err := value(name); err != nil {
			return err
		}
		if c, err = d.next(); err != nil {
			return err
		}
		if c == '}' {
			return nil
		}
		if c != ',' {
			return unparsable("a comma is missing in an object")
		}
	}
}

// name reads a name. One that is there twice, whatever its letter case, is refused: which of them is meant, nobody
// knows.
func (d *document) name(first int) (string, error) {
	s, err := d.string(true, maxName)
	if err != nil {
		return "", err
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "", unparsable("a name has a control character in it")
	}
	h := maphash.String(d.seed, foldName(s))
	for _, other := range d.names[first:] {
		if other == h {
			return "", invalid("invalidSyntax", "The attribute "+short(s)+" is there twice.")
		}
	}
	d.names = append(d.names, h)
	return s, nil
}

// foldName is the same for all names that differ in letter case only, as strings.EqualFold sees it; of ASCII it is the
// lower case.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return unicode.ToLower(r)
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, s)
}
