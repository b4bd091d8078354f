package policy_test

import (
	"encoding/base64"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// holds reports whether one key of a condition block holds.
func holds(operator, key string, wanted []string, context map[string][]string, deny, variables bool) bool {
	set, base, found := strings.Cut(operator, ":")
	if !found {
		set, base = "", operator
	}
	base, ifExists := strings.CutSuffix(base, "IfExists")
	values := context[strings.ToLower(key)]
	absent := len(values) == 0

	if base == "Null" {
		for _, w := range wanted {
			if absent == strings.EqualFold(w, "true") {
				return true
			}
		}
		return false
	}
	test := func(value string) bool { return compare(base, wanted, value, context, variables) }
	every, any := true, false
	for _, v := range values {
		every = test(v) && every
		any = test(v) || any
	}
	negated := strings.Contains(base, "Not")
	switch set {
	case "ForAllValues":
		return absent || len(values) == 1 && values[0] == "" || every
	case "ForAnyValue":
		return any
	}
	switch {
	case absent:
		return ifExists || negated
	case deny: // several values without a set operator: tend to refusal
		return any
	}
	return every
}

// compare compares one value of the context with the wanted values. These are alternatives; under a negated operator
// none may match. Values that cannot be read match neither form.
func compare(base string, wanted []string, value string, context map[string][]string, variables bool) bool {
	positive := strings.Replace(base, "Not", "", 1)
	matched, unreadable := false, false
	for _, w := range wanted {
		switch compareTexts(positive, w, value, context, variables) {
		case yes:
			matched = true
		case unclear:
			unreadable = true
		}
	}
	if base == positive {
		return matched
	}
	return !matched && !unreadable
}

type outcome int

const (
	no outcome = iota
	yes
	unclear
)

func outcomeOf(b bool) outcome {
	if b {
		return yes
	}
	return no
}

// compareTexts applies an operator without its negation to two texts.
func compareTexts(operator, wanted, value string, context map[string][]string, variables bool) outcome {
	symbols := func(wild bool) ([]symbol, bool) {
		if !variables {
			return characters(wanted, wild), true
		}
		return fillVariables(wanted, wild, context)
	}
	switch operator {
	case "StringEquals":
		s, ok := symbols(false)
		return outcomeOf(ok && textOf(s) == value)
	case "StringEqualsIgnoreCase", "Bool":
		s, ok := symbols(false)
		return outcomeOf(ok && strings.EqualFold(textOf(s), value))
	case "StringLike":
		s, ok := symbols(true)
		return outcomeOf(ok && matchesPattern(s, value))
	case "ArnEquals", "ArnLike":
		s, ok := symbols(true)
		return outcomeOf(ok && arnFits(s, value))
	case "IpAddress":
		return address(wanted, value)
	case "BinaryEquals":
		a, err1 := base64.StdEncoding.DecodeString(wanted)
		b, err2 := base64.StdEncoding.DecodeString(value)
		if err1 != nil || err2 != nil {
			return unclear
		}
		return outcomeOf(string(a) == string(b))
	}
	var sign int
	if order, ok := strings.CutPrefix(operator, "Numeric"); ok {
		a, ok1 := decimal(value)
		b, ok2 := decimal(wanted)
		if !ok1 || !ok2 {
			return unclear
		}
		operator, sign = order, a.Cmp(b)
	} else if order, ok := strings.CutPrefix(operator, "Date"); ok {
		a, ok1 := moment(value)
		b, ok2 := moment(wanted)
		if !ok1 || !ok2 {
			return unclear
		}
		operator, sign = order, a.Compare(b)
	}
	switch operator {
	case "Equals":
		return outcomeOf(sign == 0)
	case "LessThan":
		return outcomeOf(sign < 0)
	case "LessThanEquals":
		return outcomeOf(sign <= 0)
	case "GreaterThan":
		return outcomeOf(sign > 0)
	case "GreaterThanEquals":
		return outcomeOf(sign >= 0)
	}
	panic("no operator " + operator)
}

func decimal(s string) (*big.Rat, bool) {
	if !regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`).MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var iso = regexp.MustCompile(
	`^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[-+]\d\d:\d\d)?)?)?)?$`)

func moment(s string) (time.Time, bool) {
	m := iso.FindStringSubmatch(s)
	if m == nil {
		n, err := strconv.ParseInt(s, 10, 64)
		return time.Unix(n, 0), err == nil
	}
	part := func(i, otherwise int) int {
		if m[i] == "" {
			return otherwise
		}
		n, _ := strconv.Atoi(m[i])
		return n
	}
	zone := time.UTC
	if strings.ContainsAny(m[8], "+-") {
		h, _ := strconv.Atoi(m[8][1:3])
		min, _ := strconv.Atoi(m[8][4:])
		seconds := h*3600 + min*60
		if m[8][0] == '-' {
			seconds = -seconds
		}
		zone = time.FixedZone("", seconds)
	}
	fraction, _ := strconv.ParseFloat("0"+m[7], 64)
	return time.Date(part(1, 0), time.Month(part(2, 1)), part(3, 1), part(4, 0), part(5, 0), part(6, 0), int(fraction*1e9),
		zone), true
}

func address(wanted, value string) outcome {
	a := net.ParseIP(value)
	if a == nil {
		return unclear
	}
	if one := net.ParseIP(wanted); one != nil {
		return outcomeOf(one.Equal(a))
	}
	_, network, err := net.ParseCIDR(wanted)
	if err != nil {
		return unclear
	}
	return outcomeOf(network.Contains(a))
}

// symbol is a character of a pattern, or a wildcard. A character that comes from a variable is never a wildcard.
type symbol struct {
	char string // one character; may be "*" or "?" if wild is false
	wild bool
}

func characters(s string, wild bool) (out []symbol) {
	for _, c := range splitCharacters(s) {
		out = append(out, symbol{char: c, wild: wild && (c == "*" || c == "?")})
	}
	return out
}

// splitCharacters splits a text into characters. An invalid byte is a character of its own.
func splitCharacters(s string) (out []string) {
	for s != "" {
		_, n := utf8.DecodeRuneInString(s)
		out, s = append(out, s[:n]), s[n:]
	}
	return out
}

func textOf(symbols []symbol) string {
	var b strings.Builder
	for _, s := range symbols {
		b.WriteString(s.char)
	}
	return b.String()
}

var variable = regexp.MustCompile(`\$\{([*?$]|[^{}',*?$]*)(, '([^']*)')?\}`)

// fillVariables replaces variables by the context's values. ok is false when a variable has no single value and no
// default.
func fillVariables(s string, wild bool, context map[string][]string) (out []symbol, ok bool) {
	for {
		at := variable.FindStringSubmatchIndex(s)
		if at == nil {
			return append(out, characters(s, wild)...), true
		}
		out = append(out, characters(s[:at[0]], wild)...)
		name := s[at[2]:at[3]]
		var value string
		switch values := context[strings.ToLower(name)]; {
		case name == "*" || name == "?" || name == "$":
			value = name
		case len(values) == 1:
			value = values[0]
		case at[4] >= 0:
			value = s[at[6]:at[7]]
		default:
			return nil, false
		}
		for _, c := range splitCharacters(value) {
			out = append(out, symbol{char: c})
		}
		s = s[at[1]:]
	}
}

// matchesPattern reports whether a pattern matches a text, by a table of all prefixes of the one against all prefixes
// of the other.
func matchesPattern(pattern []symbol, s string) bool {
	chars := splitCharacters(s)
	reach := make([]bool, len(chars)+1) // reach[i]: the pattern so far matches the first i characters
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(reach))
		for i := range next {
			switch {
			case p.wild && p.char == "*":
				next[i] = reach[i] || i > 0 && next[i-1]
			case i > 0 && (p.wild || p.char == chars[i-1]):
				next[i] = reach[i-1]
			}
		}
		reach = next
	}
	return reach[len(chars)]
}

// arnFits compares the six parts of an ARN separately. A variable may stand for several parts.
func arnFits(pattern []symbol, value string) bool {
	parts := make([][]symbol, 1, 6)
	for _, s := range pattern {
		if s.char == ":" && len(parts) < 6 {
			parts = append(parts, nil)
			continue
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], s)
	}
	values := strings.SplitN(value, ":", 6)
	if len(parts) != 6 || len(values) != 6 {
		return false
	}
	for i := range parts {
		if !matchesPattern(parts[i], values[i]) {
			return false
		}
	}
	return true
}
