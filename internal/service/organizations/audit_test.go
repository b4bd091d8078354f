package organizations_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"granary/internal/worldtest"
)

// The audit log says which account, unit or policy was made, and neither the address nor the name of an account.
func (x *tree) testAudit(t *testing.T) {
	m := worldtest.JoinAccount(t, x.World, x.admin, "audited")
	unit := x.unit(t, x.root, "u")
	policy := x.policy(t, scp, "p", `{"Effect":"Deny","Action":"ec2:*","Resource":"*"}`)
	for name, id := range map[string]string{"CreateAccount": m.ID, "CreateOrganizationalUnit": unit,
		"CreatePolicy": policy} {
		events := worldtest.Must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(x.AWS(x.admin)).
			LookupEvents(t.Context(),
				&cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1),
					LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName,
						AttributeValue: &name}}})).Events
		var e struct {
			UserIdentity     struct{ Arn string }
			ResponseElements json.RawMessage
		}
		if err := json.Unmarshal([]byte(*events[0].CloudTrailEvent), &e); err != nil {
			t.Fatal(err)
		}
		if text := string(e.ResponseElements); !strings.HasSuffix(e.UserIdentity.Arn, ":user/admin") ||
			!strings.Contains(text, `"`+id+`"`) || strings.Contains(*events[0].CloudTrailEvent, "larkspur.example") ||
			strings.Contains(*events[0].CloudTrailEvent, `"audited"`) {
			t.Errorf("%s in the log: %s", name, *events[0].CloudTrailEvent)
		}
	}
}
