package policy

import "strings"

// quantifier is the set operator of a condition: how it treats a key with several values.
type quantifier uint8

const (
	single quantifier = iota
	forAll
	forAny
)

// condition is one operator of a Condition block with the keys under it. All keys must hold.
type condition struct {
	op       operator
	set      quantifier
	ifExists bool
	keys     []conditionKey
}

// conditionKey is one key of a condition with the values it is compared with.
type conditionKey struct {
	name   string // lower case
	wanted []wanted

	absent, present bool // for operator Null: the key must be absent, must be present
}

// parseOperator splits an operator's name, such as "ForAnyValue:StringLikeIfExists", into its set operator, operator
// and suffix. ok is false when IAM has no operator of that name.
func parseOperator(name string) (c condition, ok bool) {
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

// holds reports whether all keys of the condition hold. deny tells whether the condition stands in a Deny statement.
// IAM leaves undefined how a key with several values compares without a set operator; here it fails towards refusal: an
// Allow needs every value to match, a Deny needs one.
func (c *condition) holds(x *context, deny bool) bool {
	for i := range c.keys {
		if !c.keyHolds(&c.keys[i], x, deny) {
			return false
		}
	}
	return true
}

// keyHolds reports whether one key of the condition holds. An absent key satisfies a negated operator, ForAllValues and
// IfExists, as IAM documents.
func (c *condition) keyHolds(k *conditionKey, x *context, deny bool) bool {
	values, present := x.lookup(k.name)
	present = present && len(values) > 0
	if c.op.family == "null" {
		return present && k.present || !present && k.absent
	}
	switch c.set {
	case forAll:
		if !present || len(values) == 1 && values[0] == "" {
			return true
		}
		return c.allMatch(k, values, x)
	case forAny:
		return present && c.anyMatches(k, values, x)
	}
	if !present {
		return c.ifExists || c.op.negated
	}
	if deny {
		return c.anyMatches(k, values, x)
	}
	return c.allMatch(k, values, x)
}

func (c *condition) allMatch(k *conditionKey, values []string, x *context) bool {
	for _, v := range values {
		if !c.valueMatches(k, v, x) {
			return false
		}
	}
	return true
}

func (c *condition) anyMatches(k *conditionKey, values []string, x *context) bool {
	for _, v := range values {
		if c.valueMatches(k, v, x) {
			return true
		}
	}
	return false
}

// valueMatches compares one value of the request with the wanted values. The wanted values are alternatives; under a
// negated operator none of them may match. A value that cannot be compared satisfies neither form.
func (c *condition) valueMatches(k *conditionKey, v string, x *context) bool {
	for i := range k.wanted {
		match, ok := k.wanted[i].compare(&c.op, v, x)
		if !ok && c.op.negated {
			return false
		}
		if match {
			return !c.op.negated
		}
	}
	return c.op.negated
}

// referencedKeys returns the names of the keys that the conditions compare or use as variables.
func referencedKeys(conditions []condition) (names []string) {
	for i := range conditions {
		for j := range conditions[i].keys {
			k := &conditions[i].keys[j]
			names = append(names, k.name)
			for w := range k.wanted {
				for _, p := range k.wanted[w].templateParts() {
					if p.variable {
						names = append(names, p.key)
					}
				}
			}
		}
	}
	return names
}

// templateParts returns the literal and variable parts of a wanted value, nil when it has no variables.
func (w *wanted) templateParts() []part {
	if w.arn != nil {
		return w.arn.tail.parts
	}
	return w.text.parts
}
