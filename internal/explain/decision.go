package explain

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/seal"
)

// Decision explains one refusal.
type Decision struct {
	ID, Operation, Caller, Code, Message, RequestID string
	At                                              time.Time
	Recorded                                        bool // in the audit log; else all there is was in the id
	Chain

	Now       string // Allowed, Refused or Unknown: how the same request would end now
	NowDetail string
}

// How a refused request would end now.
const (
	Allowed = "ALLOWED"
	Refused = "REFUSED"
	Unknown = "UNKNOWN"
)

// maxID is the longest decision id, in bytes.
const maxID = 4096

// Decision explains the refusal that was answered with an id, its decision id or its request id, to an account that may
// see it: the one that what was refused belongs to, the caller's own where its own policies refused, and the management
// account. To others there is none.
func (x *Explainer) Decision(ctx context.Context, viewer granary.AccountID, id string) (*Decision, error) {
	missing := granary.Errorf(granary.NotFound, "There is no decision %.60q that this account may see: it is the value "+
		"of the header x-granary-decision-id of a refused request, or its request id, and is kept as long as the audit "+
		"log. Of a request that proved nothing of its sender the request id is not kept, and the header tells all.", id)
	if len(id) > maxID {
		return nil, missing
	}
	if f, err := seal.OpenRefusal(x.Index.Keys.Ring(), id); err == nil {
		owner, _ := granary.AccountOfAccessKey(f.KeyID)
		if b, ok := x.Index.Buckets.Get(f.Bucket); ok && f.KeyID == "" {
			owner = b.Owner
		}
		if app, ok := x.Index.Center.Application(f.Application); ok {
			owner = app.Account
		}
		if !x.mayRead(viewer, owner) {
			return nil, missing
		}
		return x.stranger(id, f), nil
	}
	events, err := x.events(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Decision != nil && x.own(e, viewer) {
			return x.recorded(e, viewer), nil
		}
	}
	return nil, missing
}

// events returns the events that an id means: the event with this id, or those of the request with this id.
func (x *Explainer) events(ctx context.Context, id string) ([]*audit.Event, error) {
	e, err := x.Audit.Find(ctx, id)
	if err == nil {
		return []*audit.Event{e}, nil
	}
	if !granary.Is(err, granary.NotFound) {
		return nil, err
	}
	return x.Audit.FindRequest(ctx, id)
}

// own leaves of an event's decision what the account may know; false when that is nothing.
func (x *Explainer) own(e *audit.Event, viewer granary.AccountID) bool {
	if x.mayRead(viewer, "") || x.signedInTo(e) == viewer {
		// the management account; and whose application people could not sign in to
		return true
	}
	caller := e.RecipientAccountID
	if u := e.UserIdentity; u != nil && u.AccountID != "" {
		caller = u.AccountID
	}
	e.Decision = e.Decision.For(string(viewer), caller)
	return e.Decision != nil
}

// signedInTo is the account of the application that somebody was to sign in to with a browser, "" for other events.
func (x *Explainer) signedInTo(e *audit.Event) granary.AccountID {
	var about struct{ ApplicationArn granary.ARN }
	if e.EventName != "UserAuthentication" || json.Unmarshal(e.AdditionalEventData, &about) != nil {
		return ""
	}
	if app, ok := x.Index.Center.Application(about.ApplicationArn); ok {
		return app.Account
	}
	return ""
}

// stranger explains a refusal that left no event.
func (x *Explainer) stranger(id string, f *granary.Refusal) *Decision {
	out := &Decision{ID: id, Operation: f.Service + ":" + f.Operation, Code: f.Code, Message: f.Message,
		RequestID: f.RequestID, At: f.At, Caller: "anonymous", Now: Unknown,
		NowDetail: "Nothing of the request was kept but what is shown: send it again."}
	if f.Service == "signin" {
		return x.browser(out, f)
	}
	if f.KeyID != "" {
		out.Caller = "whoever claims the access key " + f.KeyID
	}
	facts := map[string]string{"bucket": f.Bucket, "key": f.Key}
	d := &audit.Decision{Link: f.Link, Cause: f.Cause, Facts: facts}
	if f.KeyID == "" && f.Service == "s3" && f.Link == granary.LinkPolicy {
		out.Chain.ok(granary.LinkKey,
			"The request is not signed: it is everybody's, and only a bucket policy could allow it.")
		out.Chain.fail("resource-based policy", f.Message+".", "Sign the request: access by everyone is blocked for all "+
			"buckets here.")
		return out
	}
	links := []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkPolicy}
	if f.Link == granary.LinkRequest { // who sent it was not asked
		links = []granary.Link{granary.LinkRequest, granary.LinkKey, granary.LinkSession, granary.LinkPolicy}
	}
	out.Chain = x.chain(links, d, f.Message, principal{}, nil)
	if k, ok := x.Index.IAM.AccessKey(f.KeyID); ok && f.Link == granary.LinkKey {
		out.NowDetail = "The access key is known and active now; its secret must fit. " + out.NowDetail
		if !k.Active {
			out.Now, out.NowDetail = Refused, "The access key is inactive."
		}
	}
	return out
}

// signInOrder are the links of a sign-in with a browser.
var signInOrder = []granary.Link{granary.LinkBrowser, granary.LinkApplication, granary.LinkRequest, granary.LinkScope,
	granary.LinkIssuer, granary.LinkToken, granary.LinkAudience, granary.LinkUser, granary.LinkAssignment}

// browser explains a refusal at /authorize, before anybody was known.
func (x *Explainer) browser(out *Decision, f *granary.Refusal) *Decision {
	out.Caller, out.NowDetail = "a browser", "Nothing of the sign-in was kept but what is shown: have the person begin "+
		"it again."
	facts := map[string]string{"application": string(f.Application), "scope": "SCOPE"}
	if app, ok := x.Index.Center.Application(f.Application); ok {
		if center, ok := x.Index.Center.InstanceByID(app.Instance); ok {
			facts["instance"] = string(center.ARN())
		}
		if p, ok := x.Index.Center.SignInProvider(app.Instance); ok {
			if i, ok := x.Index.Center.Issuer(p.Issuer); ok {
				facts["issuer"] = i.URL
			}
		}
	}
	d := &audit.Decision{Link: f.Link, Cause: f.Cause, Facts: facts}
	out.Chain = x.chain(signInOrder, d, f.Message, principal{}, nil)
	if f.Link != granary.LinkScope { // which one was not kept
		out.Now, out.NowDetail = x.exchangeNow(d, true)
	}
	return out
}

// recorded explains the refusal of an event.
func (x *Explainer) recorded(e *audit.Event, viewer granary.AccountID) *Decision {
	at, _ := time.Parse(time.RFC3339, e.EventTime) // ours
	service, _, _ := strings.Cut(e.EventSource, ".")
	out := &Decision{ID: e.EventID, Operation: service + ":" + e.EventName, Code: e.ErrorCode, Message: e.ErrorMessage,
		RequestID: e.RequestID, At: at, Recorded: true}
	p := principal{}
	if u := e.UserIdentity; u != nil {
		out.Caller, p = u.ARN, principal{account: granary.AccountID(u.AccountID), arn: u.ARN}
		if out.Caller == "" {
			out.Caller = u.PrincipalID
		}
		if u.Type == "IAMUser" {
			p.user = u.UserName
		}
		if u.SessionContext != nil && u.SessionContext.SessionIssuer != nil {
			p.role, p.arn = u.SessionContext.SessionIssuer.UserName, u.SessionContext.SessionIssuer.ARN
		}
	}
	p.viewer = viewer
	d := *e.Decision
	if e.EventName == "GetDataAccess" && d.Link != granary.LinkPolicy && d.Owner != "" {
		p.account = granary.AccountID(d.Owner)
	}
	if e.ErrorCode == "" { // the request succeeded but for some of its parts
		out.Code, out.Message = "AccessDenied", "Some of what was asked for was refused, and the rest done"
		if p := e.Decision.Policy; p != nil {
			out.Message += ": the first was " + p.Action + " on " + p.Resource
		}
	}
	detail := out.Message
	if s := sentence(&granary.Why{Cause: causeOf(&d), Facts: d.Facts}); s != noSentence {
		detail = s
	}
	out.Chain = x.chain(linksOf(e), &d, detail, p, e)
	out.Now, out.NowDetail = x.now(e, viewer)
	return out
}

// linksOf are the links a request goes through, in order.
func linksOf(e *audit.Event) []granary.Link {
	switch {
	case e.EventName == "CreateTokenWithIAM":
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkApplication,
			granary.LinkPolicy, granary.LinkToken, granary.LinkIssuer, granary.LinkAudience, granary.LinkUser,
			granary.LinkAssignment, granary.LinkScope, granary.LinkReplay, granary.LinkRole, granary.LinkGrant,
			granary.LinkPrefix}
	case e.EventName == "UserAuthentication":
		return signInOrder
	case e.EventName == "AssumeRole":
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkPolicy,
			granary.LinkRole, granary.LinkToken, granary.LinkUser, granary.LinkDuration}
	case e.EventName == "AssumeRoleWithWebIdentity":
		return []granary.Link{granary.LinkRequest, granary.LinkIssuer, granary.LinkToken, granary.LinkAudience,
			granary.LinkPolicy, granary.LinkRole, granary.LinkDuration}
	case e.EventName == "GetDataAccess" && earlier(e):
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkToken,
			granary.LinkIssuer, granary.LinkAudience, granary.LinkAssignment, granary.LinkRole, granary.LinkPolicy,
			granary.LinkInstance, granary.LinkScope, granary.LinkUser, granary.LinkGrant, granary.LinkPrefix,
			granary.LinkTrust, granary.LinkDuration}
	case e.EventName == "GetDataAccess":
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkPolicy,
			granary.LinkInstance, granary.LinkGrant, granary.LinkPrefix, granary.LinkTrust, granary.LinkDuration}
	case e.EventCategory == "Data" && earlier(e):
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkToken,
			granary.LinkIssuer, granary.LinkAudience, granary.LinkUser, granary.LinkAssignment, granary.LinkScope,
			granary.LinkRole, granary.LinkBucket, granary.LinkPrefix, granary.LinkPolicy}
	case e.EventCategory == "Data":
		return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkBucket,
			granary.LinkPrefix, granary.LinkPolicy}
	}
	return []granary.Link{granary.LinkKey, granary.LinkSession, granary.LinkRequest, granary.LinkPolicy}
}

// earlier reports whether an event's session came from a person's sign-in: the first links were asked then.
func earlier(e *audit.Event) bool {
	return e != nil && e.Decision != nil && e.Decision.Session != nil && e.Decision.Session.Context != nil
}

// chain lays a decision over the links of its request.
func (x *Explainer) chain(links []granary.Link, d *audit.Decision, detail string, p principal,
	e *audit.Event) (c Chain) {
	at := -1
	for i, l := range links {
		if l == d.Link {
			at = i
		}
	}
	if at < 0 {
		links, at = append(links, d.Link), len(links)
	}
	told := ""
	for _, l := range links[:at] {
		detail := good(l, e)
		if strings.HasPrefix(detail, heldThen) && detail == told {
			detail = heldThen + " too."
		} else if strings.HasPrefix(detail, heldThen) {
			told = detail
		}
		c.ok(l, detail)
	}
	if d.Link == granary.LinkPolicy && d.Policy != nil && d.Policy.Layer != "" {
		c.policies(d.Policy, "", x.fix(d, p))
	} else { // not a policy's own word, or that of a role's trust
		c.fail(d.Link, sentenceOf(detail), x.fix(d, p))
	}
	if d.Policy != nil && c.Statements == nil {
		c.Statements = d.Policy.Reasons
	}
	c.rest(links[at+1:]...)
	return c
}

func sentenceOf(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// heldThen begins the sentence about a link that was checked when a session began.
const heldThen = "It held when the session began"

// good says what it means that a link held.
func good(link granary.Link, e *audit.Event) string {
	if asked := []granary.Link{granary.LinkToken, granary.LinkIssuer, granary.LinkAudience, granary.LinkAssignment,
		granary.LinkRole}; earlier(e) && e.EventName != "AssumeRole" &&
		slices.Contains(asked, link) {
		return heldThen + ", with an identity context of the application " + string(e.Decision.Session.Context.Application) +
			"."
	}
	switch link {
	case granary.LinkKey:
		if e != nil && e.UserIdentity != nil && e.UserIdentity.AccessKeyID != "" {
			return "The signature was made with the access key " + e.UserIdentity.AccessKeyID + "."
		}
		return "The request proved who sent it."
	case granary.LinkSession:
		if e != nil && e.Decision != nil && e.Decision.Session != nil {
			s := e.Decision.Session
			text := "The session was alive"
			if s.Context != nil {
				text += ", in the name of the user " + string(s.Context.User)
			}
			if s.Scope != nil {
				text += ", vended by the grant " + string(s.Scope.Grant)
			}
			return text + "."
		}
		return "The key is a long-term one."
	case granary.LinkRequest:
		return "The request could be read."
	case granary.LinkApplication:
		if id := parameter(e, "clientId"); id != "" {
			return "The application " + id + " is known and enabled, and has the grant type."
		}
		return "The application is known and enabled, and has the redirect URI."
	case granary.LinkBrowser:
		return "The browser may sign in."
	case granary.LinkPolicy:
		return "Policies allow it."
	case granary.LinkToken:
		return "The token is signed by its issuer, and valid at this time."
	case granary.LinkIssuer:
		return "Its issuer is accepted."
	case granary.LinkAudience:
		return "Its audience is accepted."
	case granary.LinkUser:
		return "The person is in the directory, and enabled."
	case granary.LinkAssignment:
		return "The person is assigned, or need not be."
	case granary.LinkScope:
		return "The scopes are the application's."
	case granary.LinkRole:
		return "The role's trust policy lets the caller in."
	case granary.LinkInstance:
		return "There is an Access Grants instance, and it knows the caller's directory."
	case granary.LinkGrant:
		return "The caller has grants."
	case granary.LinkPrefix:
		return "The target lies in what is granted."
	case granary.LinkTrust:
		return "The location's role trusts Access Grants."
	case granary.LinkBucket:
		return "The bucket " + parameter(e, "bucketName") + " is the one that was meant."
	}
	return ""
}

// parameter reads one of an event's request parameters, "" when it is not there.
func parameter(e *audit.Event, name string) string {
	if e == nil {
		return ""
	}
	var m map[string]json.RawMessage
	var s string
	if json.Unmarshal(e.RequestParameters, &m) != nil || json.Unmarshal(m[name], &s) != nil {
		return ""
	}
	return s
}
