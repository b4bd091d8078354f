package policy

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operator is a condition operator without its negation: StringNotEquals is StringEquals, negated.
type operator struct {
	family  string // string, fold, like, numeric, date, bool, binary, ip, arn, null
	compare func(sign int) bool
	negated bool
}

func eq(s int) bool { return s == 0 }
func lt(s int) bool { return s < 0 }
func le(s int) bool { return s <= 0 }
func gt(s int) bool { return s > 0 }
func ge(s int) bool { return s >= 0 }

// operators are IAM's condition operators (IAM User Guide, "IAM JSON policy elements: Condition operators"). Their names are
// case-sensitive.
var operators = map[string]operator{
	"StringEquals": {family: "string"}, "StringNotEquals": {family: "string", negated: true},
	"StringEqualsIgnoreCase": {family: "fold"}, "StringNotEqualsIgnoreCase": {family: "fold", negated: true},
	"StringLike": {family: "like"}, "StringNotLike": {family: "like", negated: true},
	"NumericEquals": {family: "numeric", compare: eq}, "NumericNotEquals": {family: "numeric", compare: eq, negated: true},
	"NumericLessThan": {family: "numeric", compare: lt}, "NumericLessThanEquals": {family: "numeric", compare: le},
	"NumericGreaterThan": {family: "numeric", compare: gt}, "NumericGreaterThanEquals": {family: "numeric", compare: ge},
	"DateEquals": {family: "date", compare: eq}, "DateNotEquals": {family: "date", compare: eq, negated: true},
	"DateLessThan": {family: "date", compare: lt}, "DateLessThanEquals": {family: "date", compare: le},
	"DateGreaterThan": {family: "date", compare: gt}, "DateGreaterThanEquals": {family: "date", compare: ge},
	"Bool": {family: "bool"}, "BinaryEquals": {family: "binary"},
	"IpAddress": {family: "ip"}, "NotIpAddress": {family: "ip", negated: true},
	"ArnEquals": {family: "arn"}, "ArnLike": {family: "arn"},
	"ArnNotEquals": {family: "arn", negated: true}, "ArnNotLike": {family: "arn", negated: true},
	"Null": {family: "null"},
}

// wanted is one value of a condition, compiled for its operator. readable is false when the text is none of the family's.
type wanted struct {
	text     template
	arn      *resource
	number   *big.Rat
	date     time.Time
	network  netip.Prefix
	bytes    string
	readable bool
}

func newWanted(family, s string, variables bool) wanted {
	w := wanted{readable: true}
	switch family {
	case "like":
		w.text = newTemplate(s, true, variables)
	case "string", "bool", "fold":
		w.text = newTemplate(s, false, variables)
	case "arn":
		if w.text = newTemplate(s, true, variables); !variables || !strings.Contains(s, "${") {
			w.readable = strings.Count(s, ":") >= 5
			r := newResource(s, variables)
			w.arn = &r
		}
	case "numeric":
		w.number, w.readable = number(s)
	case "date":
		w.date, w.readable = date(s)
	case "ip":
		w.network, w.readable = network(s)
	case "binary":
		b, err := base64.StdEncoding.DecodeString(s)
		w.bytes, w.readable = string(b), err == nil
	}
	return w
}

// matchARN compares the six parts of two ARNs each for itself. A variable may stand for several parts.
func (w *wanted) matchARN(v string, keys Keys) bool {
	if strings.Count(v, ":") < 5 {
		return false
	}
	if w.arn != nil {
		return w.arn.match(v, keys)
	}
	g, ok := w.text.resolve(keys)
	for range 5 {
		if !ok {
			return false
		}
		i := slices.Index(g, ':')
		segment, rest, _ := strings.Cut(v, ":")
		if i < 0 || !g[:i].match(segment, false) {
			return false
		}
		g, v = g[i+1:], rest
	}
	return ok && g.match(v, false)
}

// test compares a context value under the positive operator. ok is false when either side cannot be read, which is no
// match for the negated operator too.
func (w *wanted) test(op *operator, v string, keys Keys) (match, ok bool) {
	if !w.readable {
		return false, op.family == "arn"
	}
	switch op.family {
	case "string", "like":
		g, resolved := w.text.resolve(keys)
		return resolved && g.match(v, false), true
	case "fold", "bool":
		g, resolved := w.text.resolve(keys)
		return resolved && strings.EqualFold(g.text(), v), true
	case "arn":
		return w.matchARN(v, keys), true
	case "numeric":
		n, ok := number(v)
		return ok && op.compare(n.Cmp(w.number)), ok
	case "date":
		d, ok := date(v)
		return ok && op.compare(d.Compare(w.date)), ok
	case "ip":
		a, err := netip.ParseAddr(v)
		return err == nil && w.network.Contains(a.Unmap()), err == nil
	case "binary":
		b, err := base64.StdEncoding.DecodeString(v)
		return err == nil && string(b) == w.bytes, err == nil
	}
	return false, false
}

// text is the pattern as text; only patterns without wildcards are asked.
func (g glob) text() string {
	b := make([]byte, len(g))
	for i, s := range g {
		b[i] = byte(s)
	}
	return string(b)
}

var decimal = regexp.MustCompile(`^[+-]?\d{1,40}(\.\d{1,40})?$`)

func number(s string) (*big.Rat, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return new(big.Rat).SetInt64(n), true
	}
	if !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var dateForms = []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00"}

// date reads ISO 8601 in its W3C forms, or seconds since 1970.
func date(s string) (time.Time, bool) {
	if len(s) >= len("2006-01-02T15:04:05Z") { // the usual form
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t, true
		}
	}
	if len(s) != len("2006") || s[0] < '0' {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return time.Unix(n, 0), true
		}
	}
	for _, f := range dateForms {
		if t, err := time.Parse(f, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// network reads an address or a range. IPv4 addresses in IPv6's clothes are IPv4.
func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
}
