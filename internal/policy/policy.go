// Package policy reads IAM policies and decides with them. It is pure: the request, its context and every policy come
// in as values, and the decision goes out with its reasons.
//
//	json.go parse.go validate.go                               text → Policy, or IAM's sentence about an error
//	glob.go pattern.go principal.go condition.go operator.go   does a statement apply?
//	evaluate.go work.go sentence.go                            many policies → one decision, within a bound
//	public.go federation.go within.go                          is a policy open to strangers, or to another bucket?
//	reach.go                                                   one question about many requests
//	bind.go rewrite.go span.go contextkeys.go                  principals as ids, places and keys in a document
//	managed.go                                                 the policies that AWS ships
//
// It does not know who the caller is, where policies are kept, or what a request looks like on the wire.
package policy

// Kind is the kind of a policy, which decides what the policy may contain.
type Kind uint8

// The kinds.
const (
	Identity       Kind = iota + 1 // of a user, group or role, inline or managed
	Boundary                       // permissions boundary
	Session                        // passed when a session is made
	Trust                          // of a role: its principals may assume the role
	Bucket                         // of a bucket
	GrantsInstance                 // of an S3 Access Grants instance
	Actor                          // of an Identity Center application's IAM authentication method
	SCP                            // service control policy
	RCP                            // resource control policy
	Delegation                     // of an organization: lets member accounts manage its policies
)

// Policy is a compiled policy document. It is immutable and safe for concurrent use.
type Policy struct {
	kind       Kind
	source     string
	variables  bool // the document's version has variables
	public     bool // see Public
	statements []statement
}

// Named returns the policy with a name, which reasons carry.
func (p *Policy) Named(source string) *Policy {
	q := *p
	q.source = source
	return &q
}

// Source returns the name that Named gave the policy.
func (p *Policy) Source() string { return p.source }

// statement is a compiled statement.
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
	names        []string // context keys that the conditions use, lower case
}

// Keys gives the condition keys of a request. Lookup takes a name in lower case; ok is false when the request does not
// have the key.
type Keys interface {
	Lookup(name string) (values []string, ok bool)
}

// context gives the condition keys while one request is decided, and counts the work.
type context struct {
	keys Keys
	work *Work
}

// lookup returns a key's values. A value that is longer than MaxValue uses all work up, so that the request is refused.
func (x *context) lookup(name string) ([]string, bool) {
	values, ok := x.keys.Lookup(name)
	for _, v := range values {
		if !x.work.admits(v) {
			return nil, false
		}
	}
	return values, ok
}

// Values is Keys as a map from lower-case names.
type Values map[string][]string

// Lookup implements Keys.
func (v Values) Lookup(name string) ([]string, bool) {
	values, ok := v[name]
	return values, ok
}
