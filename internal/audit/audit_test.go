package audit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// Who looks the events up finds the vending under the person's name, and beside it the role assumption it led to.
func TestEventsCanBeLookedUp(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	if _, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/payroll/*", "READ"); err == nil {
		t.Fatal("vended")
	}
	x := cloudtrail.NewFromConfig(c.AWS(c.Root()))
	look := func(key types.LookupAttributeKey, value string) []types.Event {
		t.Helper()
		var all []types.Event
		p := cloudtrail.NewLookupEventsPaginator(x, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1),
			LookupAttributes: []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}})
		for p.HasMorePages() && len(all) < 20 {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page.Events...)
		}
		return all
	}
	vends := look(types.LookupAttributeKeyEventName, "GetDataAccess")
	if len(vends) != 2 {
		t.Fatalf("%d events", len(vends))
	}
	var refusedEvent, vended struct {
		ErrorCode    string
		RequestID    string
		UserIdentity struct {
			Type       string
			OnBehalfOf struct{ UserID, IdentityStoreArn string }
		}
		RequestParameters map[string]any
	}
	for i, into := range []any{&refusedEvent, &vended} {
		if err := json.Unmarshal([]byte(*vends[i].CloudTrailEvent), into); err != nil {
			t.Fatal(err)
		}
	}
	if refusedEvent.ErrorCode != "AccessDenied" || vended.ErrorCode != "" || vended.UserIdentity.Type != "AssumedRole" ||
		vended.UserIdentity.OnBehalfOf.UserID != c.Users[worldtest.Alice] ||
		!strings.HasSuffix(vended.UserIdentity.OnBehalfOf.IdentityStoreArn, c.Store) ||
		vended.RequestParameters["permission"] != "READ" || vended.RequestParameters["Host"] == nil {
		t.Errorf("%+v\n%+v", refusedEvent, vended)
	}
	assumed := look(types.LookupAttributeKeyResourceName, c.Location)
	if len(assumed) != 1 || *assumed[0].EventName != "AssumeRole" || !strings.Contains(*assumed[0].CloudTrailEvent,
		vended.RequestID) {
		t.Errorf("the service's assumption of the role: %+v", assumed)
	}
	if len(look(types.LookupAttributeKeyEventName, "GetObject")) != 0 {
		t.Error("data events are not told here")
	}
	_, err := cloudtrail.NewFromConfig(c.AWS(c.Machine)).LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	worldtest.Refused(t, err, "AccessDeniedException", "cloudtrail:LookupEvents")
}

// What a change made stands in its event, and no secret does.
func TestChangesTellWhatTheyMade(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	grant := worldtest.Must[*s3control.CreateAccessGrantOutput](t)(s3control.NewFromConfig(c.AWS(c.Root())).
		CreateAccessGrant(ctx,
			&s3control.CreateAccessGrantInput{AccountId: &c.Account, AccessGrantsLocationId: aws.String("default"),
				AccessGrantsLocationConfiguration: &s3types.AccessGrantsLocationConfiguration{
					S3SubPrefix: aws.String(corp.Bucket + "/told/*")},
				Grantee:    &s3types.Grantee{GranteeType: "IAM", GranteeIdentifier: &c.WebApp},
				Permission: "READ"}))
	x := iam.NewFromConfig(c.AWS(c.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("told")}))
	key := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: aws.String("told")})).AccessKey
	for name, id := range map[string]string{"CreateAccessGrant": *grant.AccessGrantId,
		"CreateAccessKey": *key.AccessKeyId} {
		events := worldtest.Must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(c.AWS(c.Root())).
			LookupEvents(ctx,
				&cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1),
					LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName,
						AttributeValue: &name}}})).Events
		var e struct{ ResponseElements json.RawMessage }
		text := *events[0].CloudTrailEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(e.ResponseElements), id) || strings.Contains(text, *key.SecretAccessKey) {
			t.Errorf("%s in the log: %s", name, text)
		}
	}
}
