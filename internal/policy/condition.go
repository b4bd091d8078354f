package policy

import "strings"

// quantifier says how a condition treats a key of several values.
type quantifier uint8

const (
	single quantifier = iota
	forAll
	forAny
)

type condition struct {
	op       operator
	set      quantifier
	ifExists bool
	keys     []conditionKey
}

type conditionKey struct {
	name   string // lower case
	wanted []wanted

	absent, present bool // operator Null: which of the two is wanted
}

// operatorNamed takes an operator's name apart; ok is false when there is none of that name.
func operatorNamed(name string) (c condition, ok bool) {
	if rest, found := strings.CutPrefix(name, "ForAllValues:"); found {
		c.set, name = forAll, rest
	} else if rest, found := strings.CutPrefix(name, "ForAnyValue:"); found {
		c.set, name = forAny, rest
	}
	if rest, found := strings.CutSuffix(name, "IfExists"); found {
		c.ifExists, name = true, rest
	}
	c.op, ok = operators[name]
	if c.op.family == "null" && c.ifExists {
		return c, false
	}
	return c, ok
}

// holds reports whether all keys of the condition do. deny says which statement it stands in: a key with several values
// and no quantifier is undefined, and must fail towards refusal.
func (c *condition) holds(keys Keys, deny bool) bool {
	for i := range c.keys {
		if !c.key(&c.keys[i], keys, deny) {
			return false
		}
	}
	return true
}

func (c *condition) key(k *conditionKey, keys Keys, deny bool) bool {
	values, present := keys.Lookup(k.name)
	present = present && len(values) > 0
	if c.op.family == "null" {
		return present && k.present || !present && k.absent
	}
	switch c.set {
	case forAll:
		if !present || len(values) == 1 && values[0] == "" {
			return true
		}
		return c.every(k, values, keys)
	case forAny:
		return present && c.some(k, values, keys)
	}
	if !present {
		return c.ifExists || c.op.negated
	}
	if deny {
		return c.some(k, values, keys)
	}
	return c.every(k, values, keys)
}

func (c *condition) every(k *conditionKey, values []string, keys Keys) bool {
	for _, v := range values {
		if !c.value(k, v, keys) {
			return false
		}
	}
	return true
}

func (c *condition) some(k *conditionKey, values []string, keys Keys) bool {
	for _, v := range values {
		if c.value(k, v, keys) {
			return true
		}
	}
	return false
}

// value compares one context value: the wanted ones are alternatives, and under a negated operator none may match.
func (c *condition) value(k *conditionKey, v string, keys Keys) bool {
	for i := range k.wanted {
		match, ok := k.wanted[i].test(&c.op, v, keys)
		if !ok && c.op.negated {
			return false
		}
		if match {
			return !c.op.negated
		}
	}
	return c.op.negated
}
