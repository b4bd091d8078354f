package policy

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"granary"
)

// Public reports whether a resource policy is open to strangers: whether one of its Allow statements could match an
// anonymous caller, or the owner of any account (S3 User Guide, "The meaning of public"). A statement for everyone
// counts as public unless its conditions provably tie it to principals or networks that the policy names.
func (p *Policy) Public() bool { return p.public }

// opensToStrangers computes Public. The networks of all statements count together.
func (p *Policy) opensToStrangers() bool {
	var networks []netip.Prefix
	for i := range p.statements {
		s := &p.statements[i]
		if s.deny || !slices.ContainsFunc(s.principals, principal.isWildcard) || s.tiedToPrincipals() {
			continue
		}
		n, ok := s.sourceNetworks()
		if !ok {
			return true
		}
		networks = append(networks, n...)
	}
	return tooWide(networks)
}

// requiresValue reports whether the condition holds only if its key is present and has one of the wanted values.
func (c *condition) requiresValue() bool { return !c.op.negated && !c.ifExists && c.set != forAll }

// tiedToPrincipals reports whether a condition of the statement restricts it to principals by values that no stranger
// has.
func (s *statement) tiedToPrincipals() bool {
	for i := range s.conditions {
		c := &s.conditions[i]
		if !c.requiresValue() {
			continue
		}
		for j := range c.keys {
			k := &c.keys[j]
			if names := namingKeys[k.name]; names != nil && !slices.ContainsFunc(k.wanted,
				func(w wanted) bool { return !names(c.op.family, &w) }) {
				return true
			}
		}
	}
	return false
}

// namingKeys lists the condition keys that can tie a statement to principals, each with a function that reports whether
// a value stands for one of them alone. Anonymous callers have none of these keys, and no caller can choose its values.
var namingKeys = map[string]func(family string, w *wanted) bool{
	"aws:principalarn":           isOneARN,
	"aws:sourcearn":              isOneARN,
	"s3:accessgrantsinstancearn": isOneARN,
	"s3:dataaccesspointarn":      isOneARN,
	"aws:principalaccount":       isOneAccount,
	"aws:sourceaccount":          isOneAccount,
	"aws:principalorgid":         isOneText,
	"aws:principalorgpaths":      inOneOrganization,
	"aws:principalservicename":   isOneText,
	"aws:sourcevpc":              isOneText,
	"aws:sourcevpce":             isOneText,
	"aws:userid":                 isOneUserID,
}

// isOneText reports whether the value is a text without wildcards.
func isOneText(family string, w *wanted) bool {
	text, whole := w.literalPrefix(family)
	return whole && text != ""
}

// isOneARN reports whether the value is an ARN within one account, or of one resource that has no account.
func isOneARN(family string, w *wanted) bool {
	switch {
	case family != "arn":
		return isOneText(family, w)
	case w.arn == nil || len(w.arn.head) < 5:
		return false
	}
	account, whole := w.arn.head[4].literalPrefix()
	_, resource := w.arn.tail.literalPrefix()
	return whole && (granary.AccountID(account).Valid() || account == "" && resource)
}

// isOneAccount reports whether the value is an account number.
func isOneAccount(family string, w *wanted) bool {
	text, whole := w.literalPrefix(family)
	return whole && granary.AccountID(text).Valid()
}

var organizationPath = regexp.MustCompile(`^o-[a-z0-9]{10,32}/`)

// inOneOrganization reports whether the value is a path within one organization.
func inOneOrganization(family string, w *wanted) bool {
	text, _ := w.literalPrefix(family)
	return organizationPath.MatchString(text) || isOneText(family, w)
}

var userIDForm = regexp.MustCompile(`^(A(ROA|IDA)[A-Za-z0-9]+|\d{12})(:|$)`)

// isOneUserID reports whether the value is the id of a user, of a role with any session, of an account's root user or
// of a federated user of one account.
func isOneUserID(family string, w *wanted) bool {
	text, whole := w.literalPrefix(family)
	m := userIDForm.FindString(text)
	return m != "" && (whole || strings.HasSuffix(m, ":"))
}

// literalPrefix returns the beginning of a text value before its first wildcard or variable, and whether it is the
// whole value. It returns "" and false for values that are not texts.
func (w *wanted) literalPrefix(family string) (text string, whole bool) {
	if family != "string" && family != "fold" && family != "like" {
		return "", false
	}
	return w.text.literalPrefix()
}

// sourceNetworks returns the networks that the statement's conditions on the source address allow. ok is false when
// there is no such condition, or only ones that are too wide.
func (s *statement) sourceNetworks() (list []netip.Prefix, ok bool) {
	for i := range s.conditions {
		c := &s.conditions[i]
		if !c.requiresValue() {
			continue
		}
		for j := range c.keys {
			if k := &c.keys[j]; k.name == "aws:sourceip" {
				if n, fixed := k.wantedNetworks(c.op.family); fixed && !tooWide(n) && (!ok || len(n) < len(list)) {
					list, ok = n, true
				}
			}
		}
	}
	return list, ok
}

// wantedNetworks returns the wanted values as networks. ok is false when one of them is not a network.
func (k *conditionKey) wantedNetworks(family string) (list []netip.Prefix, ok bool) {
	for i := range k.wanted {
		w := &k.wanted[i]
		n := w.network
		if family != "ip" {
			text, whole := w.literalPrefix(family)
			a, err := netip.ParseAddr(text)
			if !whole || err != nil {
				return nil, false
			}
			n = netip.PrefixFrom(a, a.BitLen())
		}
		if n.IsValid() { // an unreadable value matches nothing
			list = append(list, n)
		}
	}
	return list, true
}

// privateNetworks are those of RFC 1918, which cannot be reached from the Internet.
var privateNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16")}

// tooWide reports whether the networks together hold more addresses than one /8 of IPv4, or one /32 of IPv6.
func tooWide(networks []netip.Prefix) bool {
	const unit = 40 // IPv6 networks are counted in units of a /72; smaller ones count as one unit
	slices.SortFunc(networks, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits()
	})
	var v4, v6 uint64
	var last netip.Prefix
	for _, n := range networks {
		if last.IsValid() && last.Overlaps(n) {
			continue // contained in the previous one
		}
		last = n
		switch {
		case n.Addr().Is6():
			if n.Bits() < 32 {
				return true
			}
			v6 += 1 << max(0, unit-(n.Bits()-32))
		case !slices.ContainsFunc(privateNetworks, func(p netip.Prefix) bool {
			return n.Bits() >= p.Bits() &&
				p.Contains(n.Addr())
		}):
			v4 += 1 << (32 - n.Bits())
		}
	}
	return v4 > 1<<24 || v6 > 1<<unit
}
