package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// selected lists, by service, the members of inputs that operation tables name resources by.
var selected = map[string][]string{
	"granary": {"AccountId", "IdentityStoreId", "InstanceArn"},
	"iam": {"GroupName", "InstanceProfileName", "OpenIDConnectProviderArn", "PolicyArn", "PolicySourceArn", "RoleName",
		"UserName"},
	"identitystore": {"GroupId", "IdentityStoreId", "MemberId", "MembershipId", "UserId"},
	"organizations": {"AccountId", "HandshakeId", "OrganizationalUnitId", "ParentId", "PolicyId", "PolicyType", "RootId",
		"ServicePrincipal", "TargetId"},
	"ssoadmin": {"ApplicationArn", "InstanceArn", "TrustedTokenIssuerArn"},
}

// selectors prints, for each selected member, a method of every input that has it, such as (*GetUserInput).GetUserName.
// A member that is a string gets a function too, such as UserName, which a row passes instead of a closure; the
// compiler refuses it for an operation whose input has no such member. The type parameter of the function is a pointer,
// so that its code is made once for all inputs.
func (g *generator) selectors() string {
	var b bytes.Buffer
	b.WriteString(g.header(""))
	for _, member := range selected[g.pkg] {
		kind, inputs := g.inputsWith(member)
		if kind == "string" {
			fmt.Fprintf(&b, "// %s selects the member of that name.\nfunc %s[In interface{ Get%s() string }](in In) string {\n"+
				"return in.Get%s()\n}\n\n", member, member, member, member)
		}
		for _, in := range inputs {
			fmt.Fprintf(&b, "// Get%s is the member of that name.\nfunc (in *%s) Get%s() %s { return in.%s }\n\n",
				member, in, member, kind, member)
		}
	}
	return b.String()
}

// inputsWith returns the inputs that have a member, sorted, and its Go type. Where inputs disagree about the type, it
// returns those for which the member is a string.
func (g *generator) inputsWith(member string) (kind string, inputs []string) {
	byType := map[string][]string{}
	for _, operation := range slices.Sorted(maps.Keys(g.Operations)) {
		op := g.Operations[operation]
		if op.Input == nil {
			continue
		}
		s := g.Shapes[op.Input.Shape]
		for name, r := range s.Members {
			if goName(name) == member {
				t := g.goType(r, slices.Contains(s.Required, name))
				byType[t] = append(byType[t], operation+"Input")
			}
		}
	}
	if list := byType["string"]; list != nil {
		return "string", list
	}
	for kind, inputs = range byType {
		break // the only one
	}
	if len(byType) != 1 {
		panic(fmt.Sprintf("%s: inputs have the member %s with %d types", g.pkg, member, len(byType)))
	}
	return kind, inputs
}

// goName is the exported name of a member.
func goName(member string) string { return strings.ToUpper(member[:1]) + member[1:] }
