package main

import (
	"strings"
	"unicode/utf8"
)

// lineWidth is how long lines of prose are that the tools print.
const lineWidth = 110

// wrap breaks a text at spaces into lines of a width, those after the first indented. A word that is longer, such as an
// ARN, has a line to itself; nothing is broken inside of quotes, so that a command can still be copied.
func wrap(text string, width, indent int) string {
	var b strings.Builder
	column := len(text) - len(strings.TrimLeft(text, " "))
	b.WriteString(text[:column])
	for i, word := range words(text[column:]) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width && column > indent:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// words are the pieces of a text between spaces; what stands in single quotes is one.
func words(text string) (out []string) {
	quoted, from := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '\'' && (quoted || i == 0 || text[i-1] == ' ' || text[i-1] == '='):
			quoted = !quoted
		case text[i] == ' ' && !quoted:
			if i > from {
				out = append(out, text[from:i])
			}
			from = i + 1
		}
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}
