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

// operator is a condition operator. StringNotEquals is StringEquals with negated set.
type operator struct {
	family  string // string, fold, like, numeric, date, bool, binary, ip, arn, null
	compare func(sign int) bool
	negated bool
}

// isZero to isNotNegative are the comparisons of the numeric and date operators. sign is that of the request's value
// minus the wanted value.
func isZero(s int) bool        { return s == 0 }
func isNegative(s int) bool    { return s < 0 }
func isNotPositive(s int) bool { return s <= 0 }
func isPositive(s int) bool    { return s > 0 }
func isNotNegative(s int) bool { return s >= 0 }

// operators lists IAM's condition operators (IAM User Guide, "IAM JSON policy elements: Condition operators"). Their
// names are case-sensitive.
var operators = map[string]operator{
	"StringEquals":              {family: "string"},
	"StringNotEquals":           {family: "string", negated: true},
	"StringEqualsIgnoreCase":    {family: "fold"},
	"StringNotEqualsIgnoreCase": {family: "fold", negated: true},
	"StringLike":                {family: "like"},
	"StringNotLike":             {family: "like", negated: true},
	"NumericEquals":             {family: "numeric", compare: isZero},
	"NumericNotEquals":          {family: "numeric", compare: isZero, negated: true},
	"NumericLessThan":           {family: "numeric", compare: isNegative},
	"NumericLessThanEquals":     {family: "numeric", compare: isNotPositive},
	"NumericGreaterThan":        {family: "numeric", compare: isPositive},
	"NumericGreaterThanEquals":  {family: "numeric", compare: isNotNegative},
	"DateEquals":                {family: "date", compare: isZero},
	"DateNotEquals":             {family: "date", compare: isZero, negated: true},
	"DateLessThan":              {family: "date", compare: isNegative},
	"DateLessThanEquals":        {family: "date", compare: isNotPositive},
	"DateGreaterThan":           {family: "date", compare: isPositive},
	"DateGreaterThanEquals":     {family: "date", compare: isNotNegative},
	"Bool":                      {family: "bool"},
	"BinaryEquals":              {family: "binary"},
	"IpAddress":                 {family: "ip"},
	"NotIpAddress":              {family: "ip", negated: true},
	"ArnEquals":                 {family: "arn"},
	"ArnLike":                   {family: "arn"},
	"ArnNotEquals":              {family: "arn", negated: true},
	"ArnNotLike":                {family: "arn", negated: true},
	"Null":                      {family: "null"},
}

// wanted is one value of a condition, compiled for its operator. readable is false when the text is not a value of the
// operator's family; it then matches nothing.
type wanted struct {
	text     template
	arn      *resource
	number   *big.Rat
	date     time.Time
	network  netip.Prefix
	bytes    string
	readable bool
}

// newWanted compiles a value for an operator family. variables tells whether the document's version has variables.
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
		w.number, w.readable = parseNumber(s)
	case "date":
		w.date, w.readable = parseDate(s)
	case "ip":
		w.network, w.readable = parseNetwork(s)
	case "binary":
		b, err := base64.StdEncoding.DecodeString(s)
		w.bytes, w.readable = string(b), err == nil
	}
	return w
}

// matchARN compares the six parts of two ARNs separately, so that no wildcard crosses a colon. A variable may stand for
// several parts.
func (w *wanted) matchARN(v string, x *context) bool {
	if strings.Count(v, ":") < 5 {
		return false
	}
	if w.arn != nil {
		return w.arn.match(v, x)
	}
	g, ok := w.text.resolve(nil, x)
	if !ok {
		return false
	}
	for range 5 {
		i := slices.Index(g, ':')
		if i < 0 {
			return false
		}
		segment, rest, _ := strings.Cut(v, ":")
		pattern := compileGlob(g[:i])
		if !pattern.match(segment, x.work) {
			return false
		}
		g, v = g[i+1:], rest
	}
	pattern := compileGlob(g)
	return pattern.match(v, x.work)
}

// compare compares a value of the request with the wanted value under the operator without its negation. ok is false
// when either value cannot be read; then the negated operator does not match either.
func (w *wanted) compare(op *operator, v string, x *context) (match, ok bool) {
	if !x.work.spend(1 + len(v)/perStep) {
		return false, false
	}
	if !w.readable {
		return false, op.family == "arn"
	}
	switch op.family {
	case "like":
		return w.text.match(v, x), true
	case "string":
		text, resolved := w.text.resolvedText(x)
		return resolved && text == v, true
	case "fold", "bool":
		text, resolved := w.text.resolvedText(x)
		return resolved && strings.EqualFold(text, v), true
	case "arn":
		return w.matchARN(v, x), true
	case "numeric":
		n, ok := parseNumber(v)
		return ok && op.compare(n.Cmp(w.number)), ok
	case "date":
		d, ok := parseDate(v)
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

var decimal = regexp.MustCompile(`^[+-]?\d{1,40}(\.\d{1,40})?$`)

// parseNumber reads a decimal number, exactly, of at most 40 digits on each side of the point.
func parseNumber(s string) (*big.Rat, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return new(big.Rat).SetInt64(n), true
	}
	if len(s) > 82 || !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var dateForms = []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z07:00"}

// parseDate reads a date in a W3C form of ISO 8601, or seconds since 1970.
func parseDate(s string) (time.Time, bool) {
	if len(s) >= len("2006-01-02T15:04:05Z") { // the common form first, for speed
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t, true
		}
	}
	if len(s) != len("2006") || s[0] < '0' {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return time.Unix(n, 0), true
		}
	}
	if len(s) > 64 {
		return time.Time{}, false
	}
	for _, f := range dateForms {
		if t, err := time.Parse(f, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseNetwork reads an address or a CIDR range. An IPv4 address in IPv4-mapped IPv6 form becomes IPv4.
func parseNetwork(s string) (netip.Prefix, bool) {
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
