package policy_test

import (
	"math/big"
	"net"
	"regexp"
	"slices"
	"strings"
)

// isPublic reports whether an Allow statement of the document is open to strangers: its principal is "*", and no
// condition ties it to principals that the policy names, or to networks that are small over the whole policy.
func isPublic(doc string) bool {
	version, list := readStatements(doc)
	var networks []*net.IPNet
	for _, s := range list {
		p := s["Principal"]
		if m, ok := p.(map[string]any); ok && slices.Contains(texts(m["AWS"]), "*") {
			p = "*"
		}
		if s["Effect"] != "Allow" || p != "*" {
			continue
		}
		tied := false
		var few []*net.IPNet
		blocks, _ := s["Condition"].(map[string]any)
		for operator, keys := range blocks {
			for key, wanted := range keys.(map[string]any) {
				tied = tied || tiesDown(operator, strings.ToLower(key), texts(wanted), version == "2012-10-17")
				if n, ok := sourceNetworks(operator, strings.ToLower(key), texts(wanted)); ok && !tooWide(n) &&
					(few == nil || len(n) < len(few)) {
					few = n
				}
			}
		}
		if !tied && few == nil {
			return true
		}
		if !tied {
			networks = append(networks, few...)
		}
	}
	return tooWide(networks)
}

var plain = []string{"StringEquals", "StringEqualsIgnoreCase", "StringLike"}

func tiesDown(operator, key string, wanted []string, variables bool) bool {
	base := strings.TrimPrefix(operator, "ForAnyValue:")
	for _, w := range wanted {
		arn := base == "ArnEquals" || base == "ArnLike"
		if !arn && !slices.Contains(plain, base) {
			return false
		}
		if variables { // an escape stands for one character
			for _, m := range variable.FindAllStringSubmatch(w, -1) {
				if !slices.Contains([]string{"*", "?", "$"}, m[1]) {
					return false
				}
			}
			w = variable.ReplaceAllString(w, "x")
		}
		wild := strings.ContainsAny(w, "*?") && base != "StringEquals" && base != "StringEqualsIgnoreCase"
		switch key {
		case "aws:principalarn", "aws:sourcearn":
			parts := strings.SplitN(w, ":", 6)
			if arn && (len(parts) < 6 || !regexp.MustCompile(`^(\d{12})?$`).MatchString(parts[4]) || parts[4] == "" &&
				strings.ContainsAny(parts[5], "*?")) {
				return false
			}
			if !arn && (wild || w == "") {
				return false
			}
		case "aws:principalaccount":
			if arn || !regexp.MustCompile(`^\d{12}$`).MatchString(w) {
				return false
			}
		case "aws:userid":
			before, _, _ := strings.Cut(strings.ReplaceAll(w, "?", "*"), "*")
			if arn || !wild && !regexp.MustCompile(`^(AROA\w+|AIDA\w+|\d{12})(:|$)`).MatchString(w) ||
				wild && !regexp.MustCompile(`^(AROA\w+|AIDA\w+|\d{12}):`).MatchString(before) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// sourceNetworks returns the networks that a condition on the source address allows. ok is false when it allows others
// too.
func sourceNetworks(operator, key string, wanted []string) (list []*net.IPNet, ok bool) {
	base := strings.TrimPrefix(operator, "ForAnyValue:")
	if key != "aws:sourceip" || base != "IpAddress" && !slices.Contains(plain, base) {
		return nil, false
	}
	list = []*net.IPNet{}
	for _, w := range wanted {
		if _, n, err := net.ParseCIDR(w); err == nil && base == "IpAddress" {
			list = append(list, n)
			continue
		}
		a := net.ParseIP(w)
		if a == nil && base != "IpAddress" {
			return nil, false
		}
		if a4 := a.To4(); a4 != nil {
			a = a4
		}
		if a != nil {
			list = append(list, &net.IPNet{IP: a, Mask: net.CIDRMask(8*len(a), 8*len(a))})
		}
	}
	return list, true
}

// tooWide reports whether the networks together are larger than one /8, or one /32 of IPv6.
func tooWide(list []*net.IPNet) bool {
	v4, v6 := new(big.Int), new(big.Int)
	for i, n := range list {
		ones, bits := n.Mask.Size()
		covered := false
		for j, o := range list {
			outer, _ := o.Mask.Size()
			covered = covered || len(o.IP) == len(n.IP) && o.Contains(n.IP) && (outer < ones || outer == ones && j < i)
		}
		for _, home := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} {
			_, h, _ := net.ParseCIDR(home)
			outer, _ := h.Mask.Size()
			covered = covered || bits == 32 && h.Contains(n.IP) && outer <= ones
		}
		size := new(big.Int).Lsh(big.NewInt(1), uint(bits-ones))
		switch {
		case covered:
		case bits == 32:
			v4.Add(v4, size)
		default:
			v6.Add(v6, size)
		}
	}
	return v4.Cmp(big.NewInt(1<<24)) > 0 || v6.Cmp(new(big.Int).Lsh(big.NewInt(1), 96)) > 0
}
