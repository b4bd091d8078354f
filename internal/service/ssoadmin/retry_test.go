package ssoadmin_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
	"granary/internal/worldtest"
)

// testRetries sends one request many times at once, as clients do that lost the answer: there is one application. The
// same token in another account is another request.
func (o *office) testRetries(t *testing.T) {
	create := func(k client.Key) (*ssoadmin.CreateApplicationOutput, error) {
		return o.sso(k).CreateApplication(t.Context(), &ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance,
			Name:                   aws.String("retried"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider), ClientToken: aws.String("at-once")})
	}
	var all sync.WaitGroup
	var made sync.Map
	for range 16 {
		all.Go(func() {
			out, err := create(o.Root())
			if err != nil {
				t.Error(err)
				return
			}
			made.Store(*out.ApplicationArn, true)
		})
	}
	all.Wait()
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("16 times the same request made %d applications", n)
	}
	theirs := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(create(o.other.Key)).ApplicationArn
	if _, ok := made.Load(*theirs); ok || !strings.Contains(*theirs, o.other.ID) {
		t.Errorf("another account got %s", *theirs)
	}
	// People are unique when they come at once, too.
	var hired, refusals sync.Map
	for i := range 16 {
		all.Go(func() {
			out, err := o.ids(o.Root()).CreateUser(t.Context(), &identitystore.CreateUserInput{IdentityStoreId: &o.Store,
				UserName: aws.String("at-once"), DisplayName: aws.String("A"),
				Name: &idtypes.Name{GivenName: aws.String("A"), FamilyName: aws.String("B")}})
			var taken *idtypes.ConflictException
			switch {
			case err == nil:
				hired.Store(*out.UserId, true)
			case errors.As(err, &taken) && taken.Reason == idtypes.ConflictExceptionReasonUniquenessConstraintViolation:
				refusals.Store(i, true)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	count := func(m *sync.Map) (n int) {
		m.Range(func(any, any) bool { n++; return true })
		return n
	}
	if count(&hired) != 1 || count(&refusals) != 15 {
		t.Errorf("of 16 at once %d were hired and %d refused", count(&hired), count(&refusals))
	}
	// What is missing is told by its kind.
	for kind, err := range map[idtypes.ResourceType]error{
		idtypes.ResourceTypeUser: worldtest.ErrorOf(o.ids(o.Root()).DescribeUser(t.Context(),
			&identitystore.DescribeUserInput{IdentityStoreId: &o.Store, UserId: aws.String(noID)})),
		idtypes.ResourceTypeGroup: worldtest.ErrorOf(o.ids(o.Root()).DescribeGroup(t.Context(),
			&identitystore.DescribeGroupInput{IdentityStoreId: &o.Store, GroupId: aws.String(noID)})),
		idtypes.ResourceTypeGroupMembership: worldtest.ErrorOf(o.ids(o.Root()).DescribeGroupMembership(t.Context(),
			&identitystore.DescribeGroupMembershipInput{IdentityStoreId: &o.Store, MembershipId: aws.String(noID)})),
		idtypes.ResourceTypeIdentityStore: worldtest.ErrorOf(o.ids(o.Root()).ListUsers(t.Context(),
			&identitystore.ListUsersInput{IdentityStoreId: aws.String(noStore)})),
	} {
		var gone *idtypes.ResourceNotFoundException
		if !errors.As(err, &gone) || gone.ResourceType != kind {
			t.Errorf("got %v, want one about %s", err, kind)
		}
	}
}

// testAudit finds a change in the audit log: who made it, on what, and what came of it (identity-center §16).
func (o *office) testAudit(t *testing.T) {
	app := o.open(t, "audited")
	user := o.hire(t, o.Root(), o.Store, "audited")
	for name, words := range map[string]string{"CreateApplication": *app, "CreateUser": user} {
		out := worldtest.Must[*cloudtrail.LookupEventsOutput](t)(cloudtrail.NewFromConfig(o.AWS(o.Root())).
			LookupEvents(t.Context(),
				&cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1),
					LookupAttributes: []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyEventName,
						AttributeValue: &name}}}))
		var e struct {
			UserIdentity                        struct{ Arn string }
			RequestParameters, ResponseElements json.RawMessage
		}
		if err := json.Unmarshal([]byte(*out.Events[0].CloudTrailEvent), &e); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(e.UserIdentity.Arn, ":root") || !strings.Contains(string(e.ResponseElements), words) ||
			!strings.Contains(string(e.RequestParameters), o.Store) && !strings.Contains(string(e.RequestParameters),
				o.Instance) {
			t.Errorf("%s in the log: %s", name, *out.Events[0].CloudTrailEvent)
		}
	}
}
