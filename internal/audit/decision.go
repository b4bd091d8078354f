package audit

import "granary"

// Decision records why a request was refused, as it was known at the time. Explanations are made from it. It contains
// no secret.
type Decision struct {
	Link  granary.Link      `json:"link"`            // where the chain broke
	Cause string            `json:"cause,omitempty"` // what was wrong with it, in a word: the cause's name
	Facts map[string]string `json:"facts,omitempty"`

	Owner   string           `json:"owner,omitempty"`   // account that the refused thing belongs to
	Policy  *PolicyDecision  `json:"policy,omitempty"`  // when policies decided
	Session *granary.Session `json:"session,omitempty"` // of a temporary key: everything but what signs
}

// PolicyDecision is a decision of the policy engine, with the request that it answers.
type PolicyDecision struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Owner    string              `json:"owner"`
	Layer    string              `json:"layer,omitempty"` // where the refusal fell
	Explicit bool                `json:"explicit,omitempty"`
	Reasons  []Statement         `json:"reasons,omitempty"`
	Keys     map[string][]string `json:"keys,omitempty"` // that the operation added to the context
	Bucket   string              `json:"bucket,omitempty"`
	Key      string              `json:"key,omitempty"`
	Prefix   *string             `json:"prefix,omitempty"`
	Trust    bool                `json:"trust,omitempty"` // the resource's policy is a trust policy
}

// Statement is a statement of a policy that applied.
type Statement struct {
	Layer     string `json:"layer"`
	Policy    string `json:"policy"`
	Sid       string `json:"sid,omitempty"`
	Statement int    `json:"statement"` // counted from 1
	Effect    string `json:"effect"`
}

// For is what an account may know of a decision about a caller of one account and something of another's: each sees its
// own side's policies, and the caller's account what was wrong with the caller. nil is nothing.
func (d *Decision) For(viewer, caller string) *Decision {
	owner := d.Owner
	if owner == "" {
		owner = caller
	}
	if viewer == owner && viewer == caller {
		return d
	}
	if viewer != owner && viewer != caller {
		return nil
	}
	own := *d
	if viewer == caller {
		switch {
		case d.Link == granary.LinkKey || d.Link == granary.LinkSession || d.Link == granary.LinkRequest:
		case d.Link == granary.LinkPolicy && d.Policy != nil && !ofResource(d.Policy.Layer):
		default:
			return nil
		}
	} else {
		own.Session = nil
	}
	if d.Policy != nil {
		p := *d.Policy
		p.Reasons = nil
		for _, r := range d.Policy.Reasons {
			if ofResource(r.Layer) == (viewer == owner) {
				p.Reasons = append(p.Reasons, r)
			}
		}
		own.Policy = &p
	}
	return &own
}

// ofResource reports whether the policies of a layer belong to the resource's account.
func ofResource(layer string) bool { return layer == "resource-based" || layer == "resource control" }
