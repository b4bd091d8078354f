package worldtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// FreeAddress returns an address of this machine that nobody listens on, for a server that is to be found again where
// it was. The port is below those that systems give to connections and to listeners on port 0, so that no test that
// runs beside this one gets it while the server is down.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var last error
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000)))
		if err != nil {
			last = err
			continue
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal(last)
	return ""
}
