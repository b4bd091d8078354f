package granary

// Why says where the chain from a sign-in to the data broke. The facts are as they were at that time; none is secret.
type Why struct {
	Cause Cause             // which link broke, and what was wrong with it
	Facts map[string]string // what the sentences of the explanation need; may be nil
}

// Link is one step from a sign-in to the data.
type Link string

// The links that can break.
const (
	LinkKey         Link = "key"
	LinkSession     Link = "session"
	LinkRequest     Link = "request"
	LinkBrowser     Link = "browser"
	LinkApplication Link = "application"
	LinkToken       Link = "token"
	LinkIssuer      Link = "issuer"
	LinkAudience    Link = "audience"
	LinkUser        Link = "user"
	LinkAssignment  Link = "assignment"
	LinkScope       Link = "scope"
	LinkReplay      Link = "replay"
	LinkRole        Link = "role"
	LinkInstance    Link = "instance"
	LinkGrant       Link = "grant"
	LinkPrefix      Link = "prefix"
	LinkTrust       Link = "trust"
	LinkDuration    Link = "duration"
	LinkBucket      Link = "bucket"
	LinkPolicy      Link = "policy"
)

// Cause is what was wrong with a link of the chain. Package cause declares them all. The zero value is no cause.
type Cause struct {
	link       Link
	name, mend string
}

// NewCause returns a cause: its link, its name in one word, and the sentence that says what would mend it. The sentence
// may hold facts of Why by name, as in "Activate the user {user}." NewCause panics when one of the three is empty.
func NewCause(link Link, name, mend string) Cause {
	if link == "" || name == "" || mend == "" {
		panic("the cause " + string(link) + "/" + name + " lacks its link, its name or its sentence")
	}
	return Cause{link, name, mend}
}

// Link returns the link that broke.
func (c Cause) Link() Link { return c.link }

// Name returns what was wrong with the link, in one word.
func (c Cause) Name() string { return c.name }

// Mend returns the sentence that says what would mend it, with facts by name in braces.
func (c Cause) Mend() string { return c.mend }

// String returns link and name, "user/disabled".
func (c Cause) String() string { return string(c.link) + "/" + c.name }
