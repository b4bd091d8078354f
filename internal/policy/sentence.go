package policy

import (
	"fmt"
	"strings"
)

var layerNames = [...]string{"", "identity-based", "permissions boundary", "session", "service control",
	"resource control", "resource-based"}

// String returns the layer's name in AWS's messages: "identity-based", "session" and so on.
func (l Layer) String() string { return layerNames[l] }

// Sentence returns AWS's text for a refusal (IAM User Guide, "Troubleshoot access denied error messages"). For S3
// actions the resource is in double quotes, as S3 writes it.
func (d Decision) Sentence(r Request) string {
	var b strings.Builder
	resource := r.Resource
	if strings.HasPrefix(r.Action, "s3:") {
		resource = `"` + resource + `"`
	}
	fmt.Fprintf(&b, "User: %s is not authorized to perform: %s on resource: %s ", r.Caller.ARN, r.Action, resource)
	switch {
	case d.Over:
		fmt.Fprintf(&b, "because its policies take more work to compare with this request than one request may cost")
	case d.Explicit && d.Layer == LayerBoundary:
		b.WriteString("with an explicit deny in a permissions boundary")
	case d.Explicit && d.Layer == LayerIdentity:
		b.WriteString("with an explicit deny in an identity-based policy")
	case d.Explicit:
		fmt.Fprintf(&b, "with an explicit deny in a %s policy", d.Layer)
	case d.Layer == LayerBoundary:
		fmt.Fprintf(&b, "because no permissions boundary allows the %s action", r.Action)
	default:
		fmt.Fprintf(&b, "because no %s policy allows the %s action", d.Layer, r.Action)
	}
	return b.String()
}
