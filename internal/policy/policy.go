// Package policy reads IAM policies and decides with them. It is pure: the request, its context and every policy come in
// as values, and the decision goes out with its reasons.
//
//	json.go parse.go validate.go     text → Policy, or AWS's sentence about what is wrong
//	pattern.go principal.go condition.go operator.go   does a statement apply?
//	evaluate.go sentence.go          many policies → one decision, in words
//	managed.go                       the policies AWS ships
//
// It does not know who the caller is, where policies are kept, or what a request looks like on the wire.
package policy

// Kind says where a policy stands, which decides what may be written in it.
type Kind uint8

// The kinds.
const (
	Identity       Kind = iota + 1 // of a user or role, inline or managed
	Boundary                       // permissions boundary
	Session                        // passed when a session is made
	Trust                          // of a role: who may assume it
	Bucket                         // of a bucket
	GrantsInstance                 // of an S3 Access Grants instance
	Actor                          // of an Identity Center application's IAM authentication method
	SCP                            // service control policy
	RCP                            // resource control policy
	Delegation                     // of an organization: which members manage its policies
)

// Policy is a policy document, compiled. It is never changed; it is safe for concurrent use.
type Policy struct {
	kind       Kind
	source     string
	variables  bool // version 2012-10-17; before it "${" is plain text
	public     bool // a resource policy that opens itself to everyone
	statements []statement
}

// Named returns the policy under the name that reasons give it.
func (p *Policy) Named(source string) *Policy {
	q := *p
	q.source = source
	return &q
}

// Source is the name reasons give the policy.
func (p *Policy) Source() string { return p.source }

type statement struct {
	sid          string
	deny         bool
	principals   []principal // nil in identity policies
	notPrincipal bool
	actions      []action
	notAction    bool
	resources    []resource // nil in trust policies
	notResource  bool
	conditions   []condition
}

// Keys answers for the request's condition context. Names are lower case; ok is false when the key is absent.
type Keys interface {
	Lookup(name string) (values []string, ok bool)
}

// Values is a condition context written out, keyed by lower-case names.
type Values map[string][]string

// Lookup returns a key's values.
func (v Values) Lookup(name string) ([]string, bool) {
	values, ok := v[name]
	return values, ok
}
