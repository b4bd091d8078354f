package seal

import (
	"encoding/base64"
	"strings"

	"granary"
)

// What Identity Center's opaque tokens begin with, as AWS's do.
const (
	accessPrefix  = "aoa"
	refreshPrefix = "aor"
	maxOpaque     = 4096 // characters; longer ones are none of ours
)

// SealAccessToken makes an access token.
func SealAccessToken(r *Ring, t *granary.AccessToken) string {
	var w writer
	for _, s := range []string{t.Session, string(t.Application), string(t.Store), string(t.User)} {
		w.text(s)
	}
	list(&w, t.Scopes, w.text)
	w.time(t.Started)
	w.time(t.Ends)
	w.time(t.Expires)
	return sealOpaque(r, accessPrefix, &w)
}

// OpenAccessToken opens one. Expiry is the caller's to check.
func OpenAccessToken(r *Ring, token string) (*granary.AccessToken, error) {
	rd, err := openOpaque(r, accessPrefix, token)
	if err != nil {
		return nil, err
	}
	t := &granary.AccessToken{Session: rd.text(), Application: granary.ARN(rd.text()), Store: granary.StoreID(rd.text()), User: granary.UserID(rd.text()),
		Scopes: readList(rd, rd.text), Started: rd.time(), Ends: rd.time(), Expires: rd.time()}
	return t, rd.end()
}

// SealRefreshToken makes a refresh token.
func SealRefreshToken(r *Ring, t *granary.RefreshToken) string {
	var w writer
	for _, s := range []string{t.Session, string(t.Application), string(t.Store), string(t.User)} {
		w.text(s)
	}
	w.number(t.Generation)
	w.time(t.Expires)
	return sealOpaque(r, refreshPrefix, &w)
}

// OpenRefreshToken opens one. Expiry is the caller's to check.
func OpenRefreshToken(r *Ring, token string) (*granary.RefreshToken, error) {
	rd, err := openOpaque(r, refreshPrefix, token)
	if err != nil {
		return nil, err
	}
	t := &granary.RefreshToken{Session: rd.text(), Application: granary.ARN(rd.text()), Store: granary.StoreID(rd.text()), User: granary.UserID(rd.text()),
		Generation: rd.number(), Expires: rd.time()}
	return t, rd.end()
}

// The prefix is the purpose too: one kind of token never opens as another.
func sealOpaque(r *Ring, prefix string, w *writer) string {
	return prefix + base64.RawURLEncoding.EncodeToString(r.Seal(prefix, w.b))
}

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
	return &reader{b: plain}, nil
}

// The prefixes of what a sign-in in the browser goes through.
const (
	codePrefix   = "aoc"
	signInPrefix = "aos"
)

// SealCode makes an authorization code.
func SealCode(r *Ring, c *granary.AuthorizationCode) string {
	var w writer
	for _, s := range []string{c.ID, string(c.Application), c.RedirectURI, c.Challenge, string(c.Store), string(c.User), c.Session} {
		w.text(s)
	}
	list(&w, c.Scopes, w.text)
	w.time(c.Expires)
	return sealOpaque(r, codePrefix, &w)
}

// OpenCode opens one. Expiry is the caller's to check.
func OpenCode(r *Ring, code string) (*granary.AuthorizationCode, error) {
	rd, err := openOpaque(r, codePrefix, code)
	if err != nil {
		return nil, err
	}
	c := &granary.AuthorizationCode{ID: rd.text(), Application: granary.ARN(rd.text()), RedirectURI: rd.text(), Challenge: rd.text(), Store: granary.StoreID(rd.text()),
		User: granary.UserID(rd.text()), Session: rd.text(), Scopes: readList(rd, rd.text), Expires: rd.time()}
	return c, rd.end()
}

// SealSignIn makes the cookie of a sign-in under way.
func SealSignIn(r *Ring, s *granary.SignIn) string {
	var w writer
	for _, t := range []string{string(s.Application), s.RedirectURI, s.State, s.Challenge, s.ID, s.Nonce, s.Verifier} {
		w.text(t)
	}
	list(&w, s.Scopes, w.text)
	w.time(s.Expires)
	return sealOpaque(r, signInPrefix, &w)
}

// OpenSignIn opens one. Expiry is the caller's to check.
func OpenSignIn(r *Ring, cookie string) (*granary.SignIn, error) {
	rd, err := openOpaque(r, signInPrefix, cookie)
	if err != nil {
		return nil, err
	}
	s := &granary.SignIn{Application: granary.ARN(rd.text()), RedirectURI: rd.text(), State: rd.text(), Challenge: rd.text(), ID: rd.text(), Nonce: rd.text(),
		Verifier: rd.text(), Scopes: readList(rd, rd.text), Expires: rd.time()}
	return s, rd.end()
}
