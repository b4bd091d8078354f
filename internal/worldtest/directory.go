package worldtest

import (
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
)

// CustomProvider is the ARN of the application provider of applications that customers manage.
const CustomProvider = "arn:aws:sso::aws:applicationProvider/custom"

// AttributeUpdate returns an update of one attribute of a user or group. A nil value removes the attribute.
func AttributeUpdate(path string, value any) []idtypes.AttributeOperation {
	op := idtypes.AttributeOperation{AttributePath: &path}
	if value != nil {
		op.AttributeValue = document.NewLazyDocument(value)
	}
	return []idtypes.AttributeOperation{op}
}

// InstanceID returns the id in the ARN of an Identity Center instance.
func InstanceID(arn string) string { return arn[len("arn:aws:sso:::instance/"):] }
