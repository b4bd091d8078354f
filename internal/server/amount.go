package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// size is a number of bytes, as settings have it: 500MiB, 10GiB.
type size int64

var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

// UnmarshalText reads a size.
func (s *size) UnmarshalText(text []byte) error {
	for _, u := range units {
		if number, ok := strings.CutSuffix(string(text), u.name); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			if err == nil && n > 0 && n <= math.MaxInt64/u.bytes {
				*s = size(n * u.bytes)
				return nil
			}
		}
	}
	return fmt.Errorf("%q is not a size such as 500MiB, 10GiB or 1TiB", text)
}

// period is a time in whole days or as Go writes it: 90d, 36h.
type period time.Duration

// UnmarshalText reads a period.
func (p *period) UnmarshalText(text []byte) error {
	if number, ok := strings.CutSuffix(string(text), "d"); ok {
		if n, err := strconv.ParseInt(number, 10, 32); err == nil && n > 0 && n <= 36_500 {
			*p = period(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	} else if d, err := time.ParseDuration(string(text)); err == nil && d > 0 {
		*p = period(d)
		return nil
	}
	return fmt.Errorf("%q is not a time such as 90d or 36h", text)
}
