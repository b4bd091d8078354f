package seal

import (
	"encoding/base64"
	"errors"

	"granary"
)

// The heads make tokens begin as AWS's do: "IQoJb3JpZ2luX2Vj…" and "AQoJb3JpZ2luX2Vj…".
const (
	sessionHead = "\x21\x0a\x09origin_ec"
	contextHead = "\x01\x0a\x09origin_ec"
)

// MaxAssertion is the longest context assertion sts:AssumeRole takes, in characters (STS API, ProvidedContext).
const MaxAssertion = 2048

// SealSession makes the session token and the secret access key of a session. The secret is derived from the access key
// id under the key that sealed the token, so that neither is stored.
func SealSession(r *Ring, s *granary.Session) (token, secret string) {
	sealed := r.Seal("session", encodeSession(s))
	token = base64.StdEncoding.EncodeToString(append([]byte(sessionHead), sealed...))
	return token, secretOf(r.newest, s.AccessKeyID)
}

// OpenSession opens a token that was made for the access key id.
func OpenSession(r *Ring, token, accessKeyID string) (*granary.Session, string, error) {
	raw, err := body(token, sessionHead)
	if err != nil {
		return nil, "", err
	}
	plain, err := r.Open("session", raw)
	if err != nil {
		return nil, "", err
	}
	s, err := decodeSession(plain)
	if err != nil || s.AccessKeyID != accessKeyID {
		return nil, "", errBroken
	}
	return s, secretOf(r.keyOf(raw), accessKeyID), nil
}

// secretOf is 40 characters, as AWS's secret access keys are.
func secretOf(k *opener, accessKeyID string) string {
	return base64.StdEncoding.EncodeToString(k.deriveFor("secret access key", accessKeyID)[:30])
}

func body(token, head string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < len(head) || string(b[:len(head)]) != head {
		return nil, errBroken
	}
	return b[len(head):], nil
}

// SealContext makes a context assertion: sts:identity_context, or sts:audit_context when AuditOnly is set.
// It fails when the assertion would be longer than STS takes.
func SealContext(r *Ring, c *granary.IdentityContext) (string, error) {
	var w writer
	writeContext(&w, c)
	a := base64.StdEncoding.EncodeToString(append([]byte(contextHead), r.Seal(contextPurpose(c.AuditOnly), w.b)...))
	if len(a) > MaxAssertion {
		return "", errors.New("the identity context is longer than 2048 characters")
	}
	return a, nil
}

// OpenContext opens an assertion of either kind; AuditOnly tells which. Expiry is the caller's to check.
func OpenContext(r *Ring, assertion string) (*granary.IdentityContext, error) {
	raw, err := body(assertion, contextHead)
	if err != nil {
		return nil, err
	}
	for _, audit := range []bool{false, true} {
		plain, err := r.Open(contextPurpose(audit), raw)
		if err != nil {
			continue
		}
		rd := &reader{b: plain}
		c := readContext(rd)
		c.AuditOnly = audit
		return c, rd.end()
	}
	return nil, errBroken
}

func contextPurpose(audit bool) string {
	if audit {
		return "audit"
	}
	return "identity"
}

func encodeSession(s *granary.Session) []byte {
	w := &writer{}
	w.text(s.AccessKeyID)
	w.time(s.Issued)
	w.time(s.Expires)
	for _, t := range []string{string(s.Account), s.RoleID, string(s.RoleARN), s.Name, s.SourceIdentity, s.User, s.UserID, string(s.Provider)} {
		w.text(t)
	}
	list(w, s.Tags, func(t granary.Tag) { w.text(t.Key); w.text(t.Value) })
	list(w, s.TransitiveTags, w.text)
	list(w, s.Policies, w.text)
	list(w, s.PolicyARNs, func(a granary.ARN) { w.text(string(a)) })
	w.flag(s.Chained)
	w.flag(s.Federated)
	w.flag(s.Context != nil)
	if s.Context != nil {
		writeContext(w, s.Context)
		w.flag(s.Context.AuditOnly)
	}
	w.flag(s.Scope != nil)
	if s.Scope != nil {
		writeScope(w, s.Scope)
	}
	return w.b
}

func decodeSession(b []byte) (*granary.Session, error) {
	r := &reader{b: b}
	s := &granary.Session{AccessKeyID: r.text(), Issued: r.time(), Expires: r.time(), Account: granary.AccountID(r.text()),
		RoleID: r.text(), RoleARN: granary.ARN(r.text()), Name: r.text(), SourceIdentity: r.text(),
		User: r.text(), UserID: r.text(), Provider: granary.ARN(r.text())}
	s.Tags = readList(r, func() granary.Tag { return granary.Tag{Key: r.text(), Value: r.text()} })
	s.TransitiveTags = readList(r, r.text)
	s.Policies = readList(r, r.text)
	s.PolicyARNs = readList(r, func() granary.ARN { return granary.ARN(r.text()) })
	s.Chained = r.flag()
	s.Federated = r.flag()
	if r.flag() {
		s.Context = readContext(r)
		s.Context.AuditOnly = r.flag()
	}
	if r.flag() {
		s.Scope = readScope(r)
	}
	return s, r.end()
}

func writeContext(w *writer, c *granary.IdentityContext) {
	for _, t := range []string{string(c.User), string(c.Store), string(c.StoreARN), string(c.Instance), string(c.Application), c.CredentialID} {
		w.text(t)
	}
	list(w, c.Scopes, w.text)
	w.time(c.Expires)
}

func readContext(r *reader) *granary.IdentityContext {
	return &granary.IdentityContext{User: granary.UserID(r.text()), Store: granary.StoreID(r.text()), StoreARN: granary.ARN(r.text()),
		Instance: granary.ARN(r.text()), Application: granary.ARN(r.text()), CredentialID: r.text(),
		Scopes: readList(r, r.text), Expires: r.time()}
}

func writeScope(w *writer, s *granary.Scope) {
	w.text(s.Bucket)
	w.text(s.Prefix)
	w.flag(s.Exact)
	w.number(uint64(s.Permission))
	w.text(string(s.GrantAccount))
	w.text(s.Region)
	w.text(string(s.Grant))
	w.text(s.GrantScope)
	w.flag(s.GrantObject)
	w.number(uint64(s.Grantee.Type))
	w.text(s.Grantee.ID)
}

func readScope(r *reader) *granary.Scope {
	return &granary.Scope{Bucket: r.text(), Prefix: r.text(), Exact: r.flag(), Permission: granary.Permission(r.number() & 3),
		GrantAccount: granary.AccountID(r.text()), Region: r.text(), Grant: granary.GrantID(r.text()), GrantScope: r.text(),
		GrantObject: r.flag(), Grantee: granary.Grantee{Type: granary.GranteeType(r.number() & 3), ID: r.text()}}
}
