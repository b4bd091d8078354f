package organizations

import (
	"encoding/json"
	"slices"

	"granary"
	"granary/internal/policy"
)

// checkDocument refuses a document that is not a policy of the type. In resource control policies it also refuses
// Allow, the action "*" and NotAction, which AWS reserves for its own policy.
func checkDocument(policyType, content string) error {
	if len(content) > maxPolicy {
		return violation("POLICY_CONTENT_LIMIT_EXCEEDED", "The policy is longer than 10240 bytes.")
	}
	kind := policy.SCP
	if policyType == granary.ResourceControl {
		kind = policy.RCP
	}
	if _, err := policy.Parse(kind, content); err != nil {
		return malformedDocument(granary.AsError(err).Message)
	}
	if kind == policy.SCP {
		return nil
	}
	for _, st := range statements(content) {
		actions := []string{""}
		if json.Unmarshal(st.Action, &actions) != nil {
			_ = json.Unmarshal(st.Action, &actions[0])
		}
		switch {
		case st.Effect != "Deny":
			return malformedDocument("A resource control policy can only deny: RCPFullAWSAccess, which is attached " +
				"everywhere, is what allows.")
		case st.NotAction != nil:
			return malformedDocument("A resource control policy cannot have NotAction.")
		case slices.Contains(actions, "*"):
			return malformedDocument(`The action of a resource control policy cannot be "*": name the service, such as s3:*.`)
		}
	}
	return nil
}

func malformedDocument(message string) error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode("MalformedPolicyDocumentException")
}

type policyStatement struct {
	Effect            string
	Action, NotAction json.RawMessage
}

// statements returns the statements of a document that parses.
func statements(content string) (list []policyStatement) {
	var p struct{ Statement json.RawMessage }
	_ = json.Unmarshal([]byte(content), &p)
	if json.Unmarshal(p.Statement, &list) != nil {
		list = make([]policyStatement, 1)
		_ = json.Unmarshal(p.Statement, &list[0])
	}
	return list
}
