package policy

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Position is a place in a document, with line and column counted from 1. Columns count characters. A position is that
// after a bracket, as AWS's policy simulator reports it.
type Position struct{ Line, Column int }

// Span is the beginning and end of a statement.
type Span struct{ Start, End Position }

// Spans returns the place of each statement of a document that parses; nil for one that is not JSON.
func Spans(document string) (out []Span) {
	d := json.NewDecoder(strings.NewReader(document))
	if _, err := d.Token(); err != nil { // the opening bracket
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		if name != "Statement" {
			if skipValue(d) != nil {
				return nil
			}
			continue
		}
		t, err := d.Token()
		if err != nil {
			return nil
		}
		if t == json.Delim('{') {
			start := d.InputOffset()
			if skipContainer(d) != nil {
				return nil
			}
			return []Span{{positionAt(document, start), positionAt(document, d.InputOffset())}}
		}
		for d.More() {
			if _, err := d.Token(); err != nil {
				return nil
			}
			start := d.InputOffset()
			if skipContainer(d) != nil {
				return nil
			}
			out = append(out, Span{positionAt(document, start), positionAt(document, d.InputOffset())})
		}
		return out
	}
	return nil
}

// skipValue reads past one value.
func skipValue(d *json.Decoder) error {
	var raw json.RawMessage
	return d.Decode(&raw)
}

// skipContainer reads past the end of the object whose opening bracket has been read.
func skipContainer(d *json.Decoder) error {
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

// positionAt converts a byte offset to a position.
func positionAt(document string, offset int64) Position {
	before := document[:offset]
	line := strings.LastIndexByte(before, '\n') + 1
	return Position{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[line:])}
}
