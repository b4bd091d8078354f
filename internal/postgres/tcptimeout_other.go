//go:build !linux

package postgres

import "syscall"

// limitUnacknowledged does nothing where the operating system has no such option.
func limitUnacknowledged(string, string, syscall.RawConn) error { return nil }
