// Package cause declares the causes of refusals: for each the link of the chain that broke, a word for the audit log,
// and the sentence that says what would mend it.
//
//	cause.go    the list, and finding a cause again by its words
//	causes.go   the causes
//
// It knows nothing of requests: the code that refuses picks a cause (granary.Error.At), and package explain fills the
// facts into its sentence.
package cause

import "granary"

var (
	all     []granary.Cause
	byWords = map[words]granary.Cause{}
)

// words are what audit logs and decision ids keep of a cause.
type words struct {
	link granary.Link
	name string
}

// define adds a cause to the list. It panics at the start of the program when the words are taken.
func define(link granary.Link, name, mend string) granary.Cause {
	c, w := granary.NewCause(link, name, mend), words{link, name}
	if _, taken := byWords[w]; taken {
		panic("two causes are called " + c.String())
	}
	byWords[w], all = c, append(all, c)
	return c
}

// All returns every cause that is declared.
func All() []granary.Cause { return append([]granary.Cause(nil), all...) }

// Find returns the cause with the words that an audit log or a decision id has kept. ok is false when there is none: a
// cause of an older or newer version.
func Find(link granary.Link, name string) (c granary.Cause, ok bool) {
	c, ok = byWords[words{link, name}]
	return c, ok
}
