package front

import (
	"net/netip"

	"granary/internal/limit"
)

// Limits of the memory for documents that are arriving, in bytes. The first 64 KiB of each document do not count.
const (
	MaxBodies         = 256 << 20 // of all sources
	MaxBodiesOfSource = 64 << 20  // of one source
)

// newBodies counts the memory of arriving documents, by source.
func newBodies() *limit.Memory[netip.Prefix] {
	return &limit.Memory[netip.Prefix]{Total: MaxBodies, Each: MaxBodiesOfSource}
}

// holdMemory takes n bytes of memory until the request ends. Less than 64 KiB costs nothing. It fails with ErrBusy.
func (r *Request) holdMemory(n int64) error {
	if n < freeBytes {
		return nil
	}
	if r.held.Memory == nil {
		r.held = limit.Share[netip.Prefix]{Memory: r.reception.bodies, Key: sourceKey(r.Source)}
	}
	if !r.held.Take(n) {
		return ErrBusy
	}
	return nil
}

// sourceKey returns the network by which a host is counted: its IPv4 address, or the /64 of its IPv6 address, since one
// host has all of a /64. Sources without an address share a key.
func sourceKey(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // sources without an address share one
	}
	return p
}
