// Package signin signs people in to applications with a browser (RFC 6749 §4.1, with PKCE S256 required). It sends the
// browser to the company's identity provider, and back to the application with a code for CreateTokenWithIAM.
//
//	application ─▶ /authorize ─▶ company's provider ─▶ /authorize/callback ─▶ application (code) ─▶ CreateTokenWithIAM
//
// Nothing is stored for a sign-in under way: its state travels in an encrypted cookie.
package signin

import (
	"time"

	"granary/internal/access"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/limit"
)

// Config is what the sign-in works with.
type Config struct {
	Index         *index.Index
	Issuers       *idtoken.Verifier
	Rule          access.IssuerRule // who vouches for people
	Limit         *limit.BySource   // of requests, by the browser's address
	VerifiedEmail bool              // tokens mapped by address must say email_verified
	WebURL        func() string     // of the web door, without a slash at its end
	Now           func() time.Time
}

// Handler answers the paths /authorize and /authorize/callback.
type Handler struct{ Config }

// New makes the handler.
func New(c Config) *Handler { return &Handler{c} }
