package scim

import "unicode/utf8"

// string reads a text up to its closing quote.
func (d *document) string(keep bool, most int) (string, error) {
	d.text = d.text[:0]
	for {
		if err := d.ensure(1); err != nil {
			return "", err
		}
		if len(d.buf) == 0 {
			return "", errEnds
		}
		n := plain(d.buf)
		if keep {
			if d.text = append(d.text, d.buf[:n]...); len(d.text) > most {
				return "", unparsable("a text is too long")
			}
		}
		if d.buf = d.buf[n:]; n > 0 {
			continue
		}
		switch c := d.buf[0]; {
		case c == '"':
			d.buf = d.buf[1:]
			return string(d.text), nil
		case c < ' ':
			return "", unparsable("a text has a control character that is not escaped")
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			if keep {
				d.text = utf8.AppendRune(d.text, r)
			}
		default:
			if err := d.ensure(utf8.UTFMax); err != nil {
				return "", err
			}
			r, n := utf8.DecodeRune(d.buf)
			if r == utf8.RuneError && n <= 1 {
				return "", errNoUTF
			}
			if keep {
				d.text = append(d.text, d.buf[:n]...)
			}
			d.buf = d.buf[n:]
		}
	}
}

// plain is how many bytes at the beginning stand for themselves.
func plain(b []byte) int {
	for i, c := range b {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(b)
}

var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads an escaped character. Half a surrogate pair is none, nor is NUL.
func (d *document) escape() (rune, error) {
	if err := d.ensure(12); err != nil { // as long as a pair of them is
		return 0, err
	}
	if len(d.buf) < 2 {
		return 0, errEnds
	}
	if c := d.buf[1]; c != 'u' {
		r, ok := escapes[c]
		if !ok {
			return 0, unparsable("a text has a backslash before what cannot be escaped")
		}
		d.buf = d.buf[2:]
		return r, nil
	}
	r, ok := hex4(d.buf)
	if !ok {
		return 0, unparsable(`a text has \u without four digits`)
	}
	d.buf = d.buf[6:]
	if r >= 0xd800 && r < 0xdc00 {
		low, ok := hex4(d.buf)
		if !ok || low < 0xdc00 || low >= 0xe000 {
			return 0, errHalf
		}
		d.buf = d.buf[6:]
		return (r-0xd800)<<10 + low - 0xdc00 + 0x10000, nil
	}
	switch {
	case r == 0:
		return 0, errNUL
	case r >= 0xdc00 && r < 0xe000:
		return 0, errHalf
	}
	return r, nil
}

// hex4 reads \u and four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
