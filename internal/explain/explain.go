// Package explain says why somebody is refused, and who is not: the chain from a sign-in to the data, link by link, in
// words.
//
//	decision.go now.go             the chain of a refusal, from its record, and what is true now
//	person.go data.go              the chain of a person and a target, by the matcher and the evaluator that enforce
//	fix.go grantfix.go layers.go   what would mend a link; which statements decided
//	who.go principals.go can.go list.go   who can reach a target, by grants and by policies; what somebody can reach
//
// It decides nothing: grants are matched by package grants, policies evaluated by package authz, and what lies between
// by package access. It writes nothing.
package explain

import (
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/index"
	"granary/internal/store"
)

// Explainer explains decisions from the index, the store and the audit log.
type Explainer struct {
	DB      *store.DB
	Index   *index.Index
	Authn   *authn.Authenticator
	Authz   *authz.Authorizer
	Audit   *audit.Log
	Issuers access.IssuerRule // who vouches for people
	Region  string
	Now     func() time.Time
}

// The results of a link.
const (
	OK         = "OK"
	Failed     = "FAILED"
	NotReached = "NOT_REACHED"
	Assumed    = "ASSUMED" // not asked, and taken for granted
)

// Link is one link of the chain.
type Link struct {
	Name, Result, Detail string
	Fix                  string // of the first that failed: what would mend it
}

// Links that only explanations have: what the key opens, and the data at the end.
const (
	linkCeiling granary.Link = "ceiling"
	linkData    granary.Link = "data"
)

// Chain is an explanation: the links in the order they are asked in, and the statements of policies that applied.
type Chain struct {
	Links      []Link
	Statements []audit.Statement
}

// Allowed reports whether no link failed.
func (c *Chain) Allowed() bool {
	_, failed := c.Broken()
	return !failed
}

// Broken is the first link that failed.
func (c *Chain) Broken() (Link, bool) {
	for _, l := range c.Links {
		if l.Result == Failed {
			return l, true
		}
	}
	return Link{}, false
}

func (c *Chain) add(name granary.Link, result, detail string) {
	c.Links = append(c.Links, Link{Name: string(name), Result: result, Detail: detail})
}

func (c *Chain) ok(name granary.Link, detail string) { c.add(name, OK, detail) }

func (c *Chain) fail(name granary.Link, detail, fix string) {
	c.Links = append(c.Links, Link{string(name), Failed, detail, fix})
}

// rest adds the links that were not reached.
func (c *Chain) rest(names ...granary.Link) {
	for _, n := range names {
		c.add(n, NotReached, "")
	}
}
