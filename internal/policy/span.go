package policy

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Position is a place in a document, line and column counted from 1: the column is that after a bracket, as AWS's simulator tells it.
type Position struct{ Line, Column int }

// Span is where a statement begins and ends.
type Span struct{ Start, End Position }

// Spans finds the statements of a document that parses.
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
			if skip(d) != nil {
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
			if skipRest(d) != nil {
				return nil
			}
			return []Span{{at(document, start), at(document, d.InputOffset())}}
		}
		for d.More() {
			if _, err := d.Token(); err != nil {
				return nil
			}
			start := d.InputOffset()
			if skipRest(d) != nil {
				return nil
			}
			out = append(out, Span{at(document, start), at(document, d.InputOffset())})
		}
		return out
	}
	return nil
}

// skip reads past one value.
func skip(d *json.Decoder) error {
	var raw json.RawMessage
	return d.Decode(&raw)
}

// skipRest reads past the end of the object that was begun.
func skipRest(d *json.Decoder) error {
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

func at(document string, offset int64) Position {
	before := document[:offset]
	line := strings.LastIndexByte(before, '\n') + 1
	return Position{1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[line:])}
}
