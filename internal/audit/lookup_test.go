package audit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"granary"
	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// looked is every event that a lookup finds, over all its pages.
func looked(t *testing.T, x *cloudtrail.Client, in cloudtrail.LookupEventsInput) (out []types.Event) {
	t.Helper()
	p := cloudtrail.NewLookupEventsPaginator(x, &in)
	for pages := 0; p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if out = append(out, page.Events...); pages > 1000 {
			t.Fatal("the pages have no end")
		}
	}
	return out
}

func attribute(key types.LookupAttributeKey, value string) []types.LookupAttribute {
	return []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}
}

// The trail of a person is found by the name and by the id that the directory has: sign-ins, vended keys, and what was
// read. Data events are for who may look them up.
func TestTheTrailOfAPersonIsFound(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	vended, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	worldtest.Must[string](t)(c.Read(ctx, vended, corp.Bucket, "finance/2026-q3.csv"))
	if _, err := c.Read(ctx, vended, corp.Bucket, "payroll/none"); err == nil {
		t.Fatal("read")
	}
	x := cloudtrail.NewFromConfig(c.AWS(c.Root()))
	for _, who := range []string{worldtest.Alice, c.Users[worldtest.Alice]} {
		found := map[string]int{}
		for _, e := range looked(t, x,
			cloudtrail.LookupEventsInput{LookupAttributes: attribute(types.LookupAttributeKeyUsername, who)}) {
			found[*e.EventName]++
		}
		if found["CreateTokenWithIAM"] == 0 || found["AssumeRole"] == 0 || found["GetDataAccess"] != 1 {
			t.Errorf("%s did %v", who, found)
		}
		data := looked(t, x, cloudtrail.LookupEventsInput{LookupAttributes: attribute(types.LookupAttributeKeyUsername, who),
			EventCategory: "data", MaxResults: aws.Int32(1)})
		if len(data) != 2 || *data[0].EventName != "GetObject" {
			t.Fatalf("%d data events of %s", len(data), who)
		}
		var e struct {
			ErrorCode    string
			UserIdentity struct {
				OnBehalfOf struct{ UserID, UserName string }
			}
		}
		if err := json.Unmarshal([]byte(*data[0].CloudTrailEvent), &e); err != nil || e.ErrorCode != "AccessDenied" ||
			e.UserIdentity.OnBehalfOf.UserName != worldtest.Alice ||
			e.UserIdentity.OnBehalfOf.UserID != c.Users[worldtest.Alice] {
			t.Errorf("%+v %v", e, err)
		}
	}
	if n := len(looked(t, x,
		cloudtrail.LookupEventsInput{LookupAttributes: attribute(types.LookupAttributeKeyUsername, worldtest.Bob)})); n != 0 {
		t.Errorf("%d events of somebody who did nothing", n)
	}

	// Who may look management events up may not for that read the names of objects.
	key := worldtest.MakeUser(t, c.World, "auditor",
		`{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}`)
	a := cloudtrail.NewFromConfig(c.AWS(key))
	if len(looked(t, a,
		cloudtrail.LookupEventsInput{LookupAttributes: attribute(types.LookupAttributeKeyUsername, worldtest.Alice)})) == 0 {
		t.Error("the auditor finds no management events")
	}
	_, err = a.LookupEvents(ctx, &cloudtrail.LookupEventsInput{EventCategory: "data"})
	worldtest.Refused(t, err, "AccessDeniedException", "granary:LookupDataEvents")
	worldtest.Must[*iam.PutUserPolicyOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: aws.String("auditor"), PolicyName: aws.String("data"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
				`"Action":"granary:LookupDataEvents","Resource":"*"}}`)}))
	about := cloudtrail.LookupEventsInput{EventCategory: "data",
		LookupAttributes: attribute(types.LookupAttributeKeyResourceName, "arn:aws:s3:::"+corp.Bucket+"/finance/2026-q3.csv")}
	if events := looked(t, a, about); len(events) != 2 || *events[0].EventName != "GetObject" ||
		*events[1].EventName != "PutObject" {
		t.Errorf("%d events of the report", len(events))
	}

	for name, in := range map[string]cloudtrail.LookupEventsInput{
		"InvalidEventCategoryException": {EventCategory: types.EventCategoryInsight},
		"InvalidNextTokenException":     {NextToken: aws.String("x")},
		"InvalidTimeRangeException":     {StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(-time.Hour))},
	} {
		_, err := x.LookupEvents(ctx, &in)
		worldtest.Refused(t, err, name, "")
	}
}

// The request id that an SDK shows with an error leads to its explanation, as the decision id does.
func TestARequestIDIsExplained(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	vended, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	explained := func(id string) (out struct{ DecisionId, RequestId, ErrorCode, Now string }, err error) {
		err = client.Ask(ctx, c.Env, "ExplainDecision", map[string]string{"DecisionId": id}, &out)
		return out, err
	}
	_, readErr := c.Read(ctx, vended, corp.Bucket, "payroll/none")
	_, _, vendErr := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/payroll/*", "READ")
	for name, err := range map[string]error{"a read": readErr, "a vending": vendErr} {
		id := requestID(t, err)
		byRequest, err1 := explained(id)
		byDecision, err2 := explained(worldtest.DecisionID(t, err))
		if err1 != nil || err2 != nil || byRequest != byDecision || byRequest.RequestId != id ||
			byRequest.ErrorCode != "AccessDenied" {
			t.Errorf("%s: %+v %v, by the decision id %+v %v", name, byRequest, err1, byDecision, err2)
		}
	}
	out := worldtest.Must[*iam.ListUsersOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).ListUsers(ctx, nil))
	good, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	for _, id := range []string{good, "aa27f148-0000-4000-8000-000000000000", strings.Repeat("a", 5000)} {
		if out, err := explained(id); err == nil {
			t.Errorf("%.60q was explained: %+v", id, out)
		}
	}
	// Another account learns nothing by it.
	other := worldtest.JoinAccount(t, c.World, worldtest.MakeAdministrator(t, c.World), "nosy")
	ask := worldtest.Request{Method: "POST", Path: "/", Service: "granary", Key: &other.Key,
		Body:   `{"DecisionId":"` + requestID(t, readErr) + `"}`,
		Header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "GranaryV1.ExplainDecision"}}
	if a := worldtest.Send(t, c.World, ask); a.Status == 200 || strings.Contains(a.Body, "payroll") {
		t.Errorf("another account has it explained: %d %s", a.Status, a.Body)
	}
}

// requestID is the request id that an SDK's error shows.
func requestID(t *testing.T, err error) string {
	t.Helper()
	var e interface{ ServiceRequestID() string }
	if !errors.As(err, &e) || e.ServiceRequestID() == "" {
		t.Fatalf("no request id: %v", err)
	}
	return e.ServiceRequestID()
}

// What happened is found behind a hundred thousand newer events of others, after a restart, without any index, by pages
// that lead on as long as there is more.
func TestAnEventIsFoundBehindThoseOfOthers(t *testing.T) {
	config := worldtest.Defaults(t)
	begin := func() *world.World {
		w, err := world.Start(t.Context(), config, "127.0.0.1:0", slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := begin()
	worldtest.Must[*iam.CreateUserOutput](t)(iam.NewFromConfig(w.AWS(w.Root())).CreateUser(t.Context(),
		&iam.CreateUserInput{UserName: aws.String("first")}))
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	for file, class := range []string{"refusals", "calls", "data", "refusals", "mixed"} {
		var text strings.Builder
		for range 20_000 {
			at = at.Add(time.Millisecond)
			fmt.Fprintf(&text, `{"eventTime":"%s","eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestID":"%s",`+
				`"eventID":"%s","readOnly":false,"managementEvent":%t,"recipientAccountId":"999999999999",`+
				`"errorCode":"AccessDenied"}`+"\n",
				at.UTC().Format(time.RFC3339), granary.UUID(), granary.TimedUUID(at), class != "data")
		}
		name := fmt.Sprintf("%s.%s.jsonl", at.UTC().Format("20060102T150405.000000000Z"), class)
		if err := os.WriteFile(filepath.Join(config.Data, "audit", name), []byte(text.String()), 0o600); err != nil {
			t.Fatal(file, err)
		}
	}
	w = begin()
	defer w.Stop()
	x := cloudtrail.NewFromConfig(w.AWS(w.Root()))
	for _, in := range []cloudtrail.LookupEventsInput{{},
		{LookupAttributes: attribute(types.LookupAttributeKeyEventName, "CreateUser")},
		{LookupAttributes: attribute(types.LookupAttributeKeyReadOnly, "false"), MaxResults: aws.Int32(1)}} {
		found := 0
		for _, e := range looked(t, x, in) {
			if *e.EventName == "CreateUser" {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%+v: found %d times", in, found)
		}
	}
}
