package idtoken

import (
	"fmt"
	"testing"
	"time"
)

func TestForgetsIssuers(t *testing.T) {
	c := NewKeyCache(true, nil, time.Now)
	for i := range maxIssuers + 10 {
		c.issuerKeysOf(fmt.Sprint("https://", i))
	}
	if n := len(c.byURL); n > maxIssuers {
		t.Errorf("%d issuers are remembered", n)
	}
}
