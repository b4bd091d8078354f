// Package client is the other side of the API: how programs of ours reach a running Granary. It signs and words
// requests by itself, so that no program needs AWS's SDK or the server to speak with a server.
package client

// Key is an access key, temporary when it has a token. Without an id requests are not signed.
type Key struct{ ID, Secret, Token string }
