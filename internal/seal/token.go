package seal

import (
	"encoding/base64"
	"strings"

	"granary"
)

// The prefixes of Identity Center's opaque tokens are AWS's.
const (
	accessPrefix  = "aoa"
	refreshPrefix = "aor"
	maxOpaque     = 4096 // characters; longer tokens are refused
)

// SealAccessToken returns an access token.
func SealAccessToken(r *Ring, t *granary.AccessToken) string {
	var w writer
	for _, s := range []string{t.Session, string(t.Application), string(t.Store), string(t.User)} {
		w.putText(s)
	}
	writeList(&w, t.Scopes, w.putText)
	w.putTime(t.Started)
	w.putTime(t.Ends)
	w.putTime(t.Expires)
	return sealOpaque(r, accessPrefix, &w)
}

// OpenAccessToken opens an access token. The caller must check the expiry.
func OpenAccessToken(r *Ring, token string) (*granary.AccessToken, error) {
	rd, err := openOpaque(r, accessPrefix, token)
	if err != nil {
		return nil, err
	}
	t := &granary.AccessToken{Session: rd.readText(), Application: granary.ARN(rd.readText()),
		Store:  granary.StoreID(rd.readText()),
		User:   granary.UserID(rd.readText()),
		Scopes: readList(rd, rd.readText), Started: rd.readTime(), Ends: rd.readTime(), Expires: rd.readTime()}
	return t, rd.finish()
}

// SealRefreshToken returns a refresh token.
func SealRefreshToken(r *Ring, t *granary.RefreshToken) string {
	var w writer
	for _, s := range []string{t.Session, string(t.Application), string(t.Store), string(t.User)} {
		w.putText(s)
	}
	w.putNumber(t.Generation)
	w.putTime(t.Expires)
	return sealOpaque(r, refreshPrefix, &w)
}

// OpenRefreshToken opens a refresh token. The caller must check the expiry.
func OpenRefreshToken(r *Ring, token string) (*granary.RefreshToken, error) {
	rd, err := openOpaque(r, refreshPrefix, token)
	if err != nil {
		return nil, err
	}
	t := &granary.RefreshToken{Session: rd.readText(), Application: granary.ARN(rd.readText()),
		Store:      granary.StoreID(rd.readText()),
		User:       granary.UserID(rd.readText()),
		Generation: rd.readNumber(), Expires: rd.readTime()}
	return t, rd.finish()
}

// sealOpaque seals an encoded token. The prefix is also the purpose, so that one kind of token never opens as another.
func sealOpaque(r *Ring, prefix string, w *writer) string {
	return prefix + base64.RawURLEncoding.EncodeToString(r.Seal(prefix, w.bytes))
}

// openOpaque opens a token with the prefix.
func openOpaque(r *Ring, prefix, token string) (*reader, error) {
	text, ok := strings.CutPrefix(token, prefix)
	if !ok || len(token) > maxOpaque {
		return nil, errBroken
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, errBroken
	}
	plain, err := r.Open(prefix, raw)
	if err != nil {
		return nil, err
	}
	return &reader{bytes: plain}, nil
}

// The prefixes of the values that a browser sign-in uses.
const (
	codePrefix   = "aoc"
	signInPrefix = "aos"
)

// SealCode returns an authorization code.
func SealCode(r *Ring, c *granary.AuthorizationCode) string {
	var w writer
	for _, s := range []string{c.ID, string(c.Application), c.RedirectURI, c.Challenge, string(c.Store), string(c.User),
		c.Session} {
		w.putText(s)
	}
	writeList(&w, c.Scopes, w.putText)
	w.putTime(c.Expires)
	return sealOpaque(r, codePrefix, &w)
}

// OpenCode opens an authorization code. The caller must check the expiry.
func OpenCode(r *Ring, code string) (*granary.AuthorizationCode, error) {
	rd, err := openOpaque(r, codePrefix, code)
	if err != nil {
		return nil, err
	}
	c := &granary.AuthorizationCode{ID: rd.readText(), Application: granary.ARN(rd.readText()), RedirectURI: rd.readText(),
		Challenge: rd.readText(), Store: granary.StoreID(rd.readText()),
		User: granary.UserID(rd.readText()), Session: rd.readText(), Scopes: readList(rd, rd.readText),
		Expires: rd.readTime()}
	return c, rd.finish()
}

// SealSignIn returns the cookie that holds the state of a sign-in in progress.
func SealSignIn(r *Ring, s *granary.SignIn) string {
	var w writer
	for _, t := range []string{string(s.Application), s.RedirectURI, s.State, s.Challenge, s.ID, s.Nonce, s.Verifier} {
		w.putText(t)
	}
	writeList(&w, s.Scopes, w.putText)
	w.putTime(s.Expires)
	return sealOpaque(r, signInPrefix, &w)
}

// OpenSignIn opens such a cookie. The caller must check the expiry.
func OpenSignIn(r *Ring, cookie string) (*granary.SignIn, error) {
	rd, err := openOpaque(r, signInPrefix, cookie)
	if err != nil {
		return nil, err
	}
	s := &granary.SignIn{Application: granary.ARN(rd.readText()), RedirectURI: rd.readText(), State: rd.readText(),
		Challenge: rd.readText(), ID: rd.readText(), Nonce: rd.readText(),
		Verifier: rd.readText(), Scopes: readList(rd, rd.readText), Expires: rd.readTime()}
	return s, rd.finish()
}
