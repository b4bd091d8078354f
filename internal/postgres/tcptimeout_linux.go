package postgres

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT, see tcp(7).
const tcpUserTimeout = 0x12

// limitUnacknowledged makes the kernel end a connection whose packets are not acknowledged within patience. By default
// Linux retries for about a quarter of an hour.
func limitUnacknowledged(network, _ string, c syscall.RawConn) error {
	if len(network) < 3 || network[:3] != "tcp" {
		return nil
	}
	var err error
	if cerr := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(patience.Milliseconds()))
	}); cerr != nil {
		return cerr
	}
	return err
}
