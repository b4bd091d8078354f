package seal

import (
	"encoding/base64"
	"errors"

	"granary"
)

// The heads make tokens begin as AWS's do, with "IQoJb3JpZ2luX2Vj" and "AQoJb3JpZ2luX2Vj".
const (
	sessionHead = "\x21\x0a\x09origin_ec"
	contextHead = "\x01\x0a\x09origin_ec"
)

// MaxAssertion is the length in characters of the longest context assertion that sts:AssumeRole takes (STS API,
// ProvidedContext).
const MaxAssertion = 2048

// SealSession returns the session token and the secret access key of a session. The secret is derived from the access
// key id under the key that sealed the token, so that neither has to be stored.
func SealSession(r *Ring, s *granary.Session) (token, secret string) {
	sealed := r.Seal("session", encodeSession(s))
	token = base64.StdEncoding.EncodeToString(append([]byte(sessionHead), sealed...))
	return token, secretOf(r.newest, s.AccessKeyID)
}

// OpenSession returns the session of a token and its secret access key. It fails if the token was not made for the
// access key id. The caller must check the session's expiry.
func OpenSession(r *Ring, token, accessKeyID string) (*granary.Session, string, error) {
	raw, err := cutHead(token, sessionHead)
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

// secretOf returns a secret access key of 40 characters, as AWS's have.
func secretOf(k *opener, accessKeyID string) string {
	return base64.StdEncoding.EncodeToString(k.deriveFor("secret access key", accessKeyID)[:30])
}

// cutHead decodes a token and removes its head.
func cutHead(token, head string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < len(head) || string(b[:len(head)]) != head {
		return nil, errBroken
	}
	return b[len(head):], nil
}

// SealContext returns a context assertion: sts:identity_context, or sts:audit_context if AuditOnly is set. It fails
// when the assertion is longer than MaxAssertion.
func SealContext(r *Ring, c *granary.IdentityContext) (string, error) {
	var w writer
	writeContext(&w, c)
	a := base64.StdEncoding.EncodeToString(append([]byte(contextHead), r.Seal(contextPurpose(c.AuditOnly), w.bytes)...))
	if len(a) > MaxAssertion {
		return "", errors.New("the identity context is longer than 2048 characters")
	}
	return a, nil
}

// OpenContext opens an assertion of either kind and sets AuditOnly accordingly. The caller must check the expiry.
func OpenContext(r *Ring, assertion string) (*granary.IdentityContext, error) {
	raw, err := cutHead(assertion, contextHead)
	if err != nil {
		return nil, err
	}
	for _, audit := range []bool{false, true} {
		plain, err := r.Open(contextPurpose(audit), raw)
		if err != nil {
			continue
		}
		rd := &reader{bytes: plain}
		c := readContext(rd)
		c.AuditOnly = audit
		return c, rd.finish()
	}
	return nil, errBroken
}

func contextPurpose(audit bool) string {
	if audit {
		return "audit"
	}
	return "identity"
}

// encodeSession writes the fields of a session in the order in which decodeSession reads them.
func encodeSession(s *granary.Session) []byte {
	w := &writer{}
	w.putText(s.AccessKeyID)
	w.putTime(s.Issued)
	w.putTime(s.Expires)
	for _, t := range []string{string(s.Account), s.RoleID, string(s.RoleARN), s.Name, s.SourceIdentity, s.User, s.UserID,
		string(s.Provider)} {
		w.putText(t)
	}
	writeList(w, s.Tags, func(t granary.Tag) { w.putText(t.Key); w.putText(t.Value) })
	writeList(w, s.TransitiveTags, w.putText)
	writeList(w, s.Policies, w.putText)
	writeList(w, s.PolicyARNs, func(a granary.ARN) { w.putText(string(a)) })
	w.putFlag(s.Chained)
	w.putFlag(s.Federated)
	w.putFlag(s.Context != nil)
	if s.Context != nil {
		writeContext(w, s.Context)
		w.putFlag(s.Context.AuditOnly)
	}
	w.putFlag(s.Scope != nil)
	if s.Scope != nil {
		writeScope(w, s.Scope)
	}
	return w.bytes
}

// decodeSession reads what encodeSession wrote.
func decodeSession(b []byte) (*granary.Session, error) {
	r := &reader{bytes: b}
	s := &granary.Session{AccessKeyID: r.readText(), Issued: r.readTime(), Expires: r.readTime(),
		Account: granary.AccountID(r.readText()),
		RoleID:  r.readText(), RoleARN: granary.ARN(r.readText()), Name: r.readText(), SourceIdentity: r.readText(),
		User: r.readText(), UserID: r.readText(), Provider: granary.ARN(r.readText())}
	s.Tags = readList(r, func() granary.Tag { return granary.Tag{Key: r.readText(), Value: r.readText()} })
	s.TransitiveTags = readList(r, r.readText)
	s.Policies = readList(r, r.readText)
	s.PolicyARNs = readList(r, func() granary.ARN { return granary.ARN(r.readText()) })
	s.Chained = r.readFlag()
	s.Federated = r.readFlag()
	if r.readFlag() {
		s.Context = readContext(r)
		s.Context.AuditOnly = r.readFlag()
	}
	if r.readFlag() {
		s.Scope = readScope(r)
	}
	return s, r.finish()
}

func writeContext(w *writer, c *granary.IdentityContext) {
	for _, t := range []string{string(c.User), string(c.Store), string(c.StoreARN), string(c.Instance),
		string(c.Application), c.CredentialID} {
		w.putText(t)
	}
	writeList(w, c.Scopes, w.putText)
	w.putTime(c.Expires)
}

func readContext(r *reader) *granary.IdentityContext {
	return &granary.IdentityContext{User: granary.UserID(r.readText()), Store: granary.StoreID(r.readText()),
		StoreARN: granary.ARN(r.readText()),
		Instance: granary.ARN(r.readText()), Application: granary.ARN(r.readText()), CredentialID: r.readText(),
		Scopes: readList(r, r.readText), Expires: r.readTime()}
}

func writeScope(w *writer, s *granary.Scope) {
	w.putText(s.Bucket)
	w.putText(s.Prefix)
	w.putFlag(s.Exact)
	w.putNumber(uint64(s.Permission))
	w.putText(string(s.GrantAccount))
	w.putText(s.Region)
	w.putText(string(s.Grant))
	w.putText(s.GrantScope)
	w.putFlag(s.GrantObject)
	w.putNumber(uint64(s.Grantee.Type))
	w.putText(s.Grantee.ID)
}

func readScope(r *reader) *granary.Scope {
	return &granary.Scope{Bucket: r.readText(), Prefix: r.readText(), Exact: r.readFlag(),
		Permission:   granary.Permission(r.readNumber() & 3),
		GrantAccount: granary.AccountID(r.readText()), Region: r.readText(), Grant: granary.GrantID(r.readText()),
		GrantScope:  r.readText(),
		GrantObject: r.readFlag(), Grantee: granary.Grantee{Type: granary.GranteeType(r.readNumber() & 3), ID: r.readText()}}
}
